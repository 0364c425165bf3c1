"""Hold one task of EvoLink's and say how far it is; pure."""

from dataclasses import dataclass, field
from typing import Final, Literal

from .answers import Drawn, Wire
from .faults import Fault
from .order import Order
from .store import LedgerRow

Status = Literal["pending", "processing", "completed", "failed"]

_MOST_UNFINISHED: Final = 99
_ESTIMATE_S: Final = 45


@dataclass(slots=True)
class Task:
    """Follow one order; `began_at` and `takes_s` in seconds, of a clock that only goes forward.

    `progress` never falls. The pictures are billed, and `drawn` told, when all of them are there. `stuck_polls`
    more queries hear that it is still being done; `told` counts those that heard of the pictures.
    """

    key: str
    created: int
    order: Order
    row: LedgerRow
    base: str
    credits: float
    takes_s: float
    status: Status = "pending"
    began_at: float | None = None
    drawn: list[Drawn] = field(default_factory=list[Drawn])
    done: int = 0
    error: tuple[str, str] | None = None
    fault: Fault | None = None
    stuck_polls: int = 0
    told: int = 0

    @property
    def is_over(self) -> bool:
        """Return whether nothing more will come."""
        return self.status in {"completed", "failed"}

    def progress(self, now: float) -> int:
        """Return how much is done, in percent."""
        if self.status == "completed":
            return 100
        if self.began_at is None:
            return 0
        waited = (now - self.began_at) / self.takes_s if self.takes_s else 0.0
        share = max(self.done / self.order.count, min(waited, 1.0))
        return min(int(100 * share), _MOST_UNFINISHED)

    def created_body(self) -> Wire:
        """Return the answer to the request that made the task."""
        usage = {"billing_rule": "per_call", "credits_reserved": self.credits, "user_group": "default"}
        info: Wire = {"can_cancel": True, "estimated_time": _ESTIMATE_S}
        return {
            "created": self.created,
            "id": self.key,
            "model": self.order.model_id,
            "object": "image.generation.task",
            "progress": 0,
            "status": "pending",
            "task_info": info,
            "type": "image",
            "usage": usage,
        }

    def body(self, now: float, results: list[str], *, is_stuck: bool = False) -> Wire:
        """Return the answer to a query, which is also what is posted to the callback address."""
        is_over = self.is_over and not is_stuck
        progress = self.progress(now)
        body: Wire = {
            "created": self.created,
            "id": self.key,
            "model": self.order.model_id,
            "object": "image.generation.task",
            "progress": min(progress, _MOST_UNFINISHED) if is_stuck else progress,
            "status": "processing" if is_stuck else self.status,
            "task_info": {"can_cancel": not is_over},
            "type": "image",
        }
        if is_over and self.status == "completed":
            body["results"] = results
            body["usage"] = {"billing_rule": "per_call", "credits_reserved": self.credits, "user_group": "default"}
        if is_over and self.error:
            body["error"] = {"code": self.error[0], "message": self.error[1]}
        return body
