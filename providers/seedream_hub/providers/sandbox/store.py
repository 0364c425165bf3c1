"""Keep the drawn pictures as files in a temporary folder, and remember what was billed."""

import secrets
import tempfile
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from .catalog import CATALOG

_LEDGER_ROWS: Final = 1000


@dataclass(slots=True)
class LedgerRow:
    """Note one request: `time` in seconds since the epoch, `status` the HTTP answer, no prompt and no key."""

    request_id: str
    client_request_id: str
    time: float
    dialect: str = "ark"
    model: str = ""
    status: int = 0
    images_billed: int = 0


class Store:
    """Own the temporary folder, the secret that signs its links, and the ledger of the last 1000 requests.

    Pictures are dropped two days after they were drawn, a day after their links expire; uploaded files later.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.secret: Final = secrets.token_bytes(32)
        self._clock = clock
        self._folder = tempfile.TemporaryDirectory(prefix="seedream-sandbox-", ignore_cleanup_errors=True)
        self._kept_until: dict[str, float] = {}
        self._rows: deque[LedgerRow] = deque(maxlen=_LEDGER_ROWS)
        self._billed = 0
        self._under_way = 0

    @property
    def folder(self) -> Path:
        """Return the folder the pictures lie in."""
        return Path(self._folder.name)

    def add(self, key: str, kept_s: float = CATALOG.limits.objects_kept_s) -> Path:
        """Note that `key` is about to be written; return where, with the folder made and old files gone."""
        now = self._clock()
        for old in [k for k, until in self._kept_until.items() if now > until]:
            (self.folder / old).unlink(missing_ok=True)
            del self._kept_until[old]
        path = self.folder / key
        path.parent.mkdir(exist_ok=True)
        self._kept_until[key] = now + kept_s
        return path

    def path(self, key: str) -> Path | None:
        """Return the file of a known picture; a key that was never drawn, or any other path, is None."""
        return self.folder / key if key in self._kept_until else None

    def open_row(self, request_id: str, client_request_id: str, dialect: str) -> LedgerRow:
        """Start the ledger row of a request; the caller fills it in as it goes."""
        row = LedgerRow(request_id, client_request_id, self._clock(), dialect)
        self._rows.append(row)
        return row

    def bill(self, row: LedgerRow) -> None:
        """Bill one picture to a request."""
        row.images_billed += 1
        self._billed += 1

    @contextmanager
    def at_work(self) -> Generator[None]:
        """Count something as under way: what it bills may still come."""
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1

    def ledger(self) -> dict[str, object]:
        """Return the rows, oldest first, the pictures billed since the start, and how much is still under way."""
        rows = [asdict(row) for row in self._rows]
        return {"requests": rows, "billed_images": self._billed, "under_way": self._under_way}

    def close(self) -> None:
        """Remove the folder and everything in it."""
        self._folder.cleanup()
