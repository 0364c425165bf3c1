"""Answer EvoLink's image requests with tasks, draw them in the background, and tell how far they are."""

import secrets
from functools import partial
from typing import Final

import anyio
import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response

from .answers import Failed
from .background import Background
from .connection import ResetResponse
from .dialects import evolink
from .faults import ExpiredLink, Fault, StuckTask
from .gate import authorize, base_of, client_request_id, host_of, parsed, read_body
from .ignored import ignored_fields, note_ignored
from .mishaps import at_once, broken, refuse_error_200, task_spoil_of, without_usage
from .order import Order
from .refusal import RefusalError
from .replies import json_response
from .stamp import request_id
from .store import LedgerRow
from .task import Task
from .works import Works

_TASKS_KEPT: Final = 1000
_LEAST_WAIT_S: Final = 0.05


class Tasks:
    """Keep the last 1000 tasks; what is drawn is billed when a task is completed, a failed one costs nothing."""

    def __init__(self, works: Works, background: Background) -> None:
        self._works = works
        self._background = background
        self._tasks: dict[str, Task] = {}
        self._wait = {"Retry-After": f"{max(_LEAST_WAIT_S, works.options.delay_s / 2):g}"}

    async def create(self, request: Request) -> Response:
        """Take an order; the answer is a task that has not begun."""
        row = self._works.store.open_row(request_id(request), client_request_id(request), "evolink")
        try:
            with self._works.store.at_work():
                order = await self._order(request, row)
                fault = self._works.faults.take("evolink")
                refuse_error_200(fault)
                answer = await at_once(fault) or self._begun(order, row, fault, base_of(request))
        except RefusalError as refusal:
            row.status = refusal.status
            raise
        row.status = 0 if isinstance(answer, ResetResponse) else answer.status_code
        return answer

    async def query(self, request: Request) -> Response:
        """Say how far a task is."""
        authorize(request, self._works.options.api_key)
        task = self._tasks.get(request.path_params["task"])
        if task is None:
            raise RefusalError(404, "NotFound", "The task does not exist.", why="path")
        if early := await at_once(self._works.faults.take("evolink", at="poll")):
            return early
        is_stuck = task.stuck_polls > 0 and task.status != "pending"
        task.stuck_polls -= is_stuck
        is_told = task.is_over and not is_stuck
        results = self._results(task, base_of(request)) if is_told else []
        task.told += is_told
        body = without_usage(task.fault, task.body(anyio.current_time(), results, is_stuck=is_stuck))
        return json_response(body, headers={} if is_told else self._wait)

    async def _order(self, request: Request, row: LedgerRow) -> Order:
        authorize(request, self._works.options.api_key)
        body = parsed(await read_body(request, evolink.TABLE.numbers.body_bytes))
        row.model = evolink.TABLE.model_asked(body)
        own = partial(self._works.objects.own, host_of(request))
        loopback = self._works.options.allow_loopback_callbacks
        order = await anyio.to_thread.run_sync(partial(evolink.check, body, own, loopback_callbacks=loopback))
        note_ignored(request, ignored_fields(body, evolink.TABLE.documented_for(body)))
        return order

    def _begun(self, order: Order, row: LedgerRow, fault: Fault | None, base: str) -> Response:
        created = int(self._works.options.clock())
        task = Task(
            key=f"task-unified-{created}-{secrets.token_hex(4)}",
            created=created,
            order=order,
            row=row,
            base=base,
            credits=round(evolink.TABLE.credits_per_picture * order.count, 4),
            takes_s=self._works.options.delay_s * order.count,
            fault=fault,
            stuck_polls=fault.polls if isinstance(fault, StuckTask) else 0,
        )
        self._tasks[task.key] = task
        for old in list(self._tasks)[:-_TASKS_KEPT]:
            del self._tasks[old]
        self._background.start(self._work(task))
        return broken(fault, json_response(without_usage(fault, task.created_body()), headers=self._wait))

    async def _work(self, task: Task) -> None:
        task.status, task.began_at = "processing", anyio.current_time()
        spoil = task_spoil_of(task.fault)
        try:
            async for one in self._works.studio.pictures(task.order, task.row, spoil, billed=False):
                task.done += 1
                if isinstance(one, Failed):
                    task.error = (one.code, one.message)
                else:
                    task.drawn.append(one)
        except RefusalError as refusal:
            task.error = ("image_processing_error", refusal.message)
        self._settle(task)

    def _settle(self, task: Task) -> None:
        task.status = "failed" if task.error else "completed"
        for _ in () if task.error else task.drawn:
            self._works.store.bill(task.row)
        body = task.body(anyio.current_time(), self._results(task, task.base))
        self._works.callbacks.send(task.order.callback_url, without_usage(task.fault, body))

    def _results(self, task: Task, base: str) -> list[str]:
        if task.status != "completed":
            return []
        fault = None if isinstance(task.fault, ExpiredLink) and task.told else task.fault
        return [self._works.downloads.url(base, one, fault) for one in task.drawn]
