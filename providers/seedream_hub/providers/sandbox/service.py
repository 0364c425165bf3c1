"""Answer image requests in the dialects that answer at once: Ark's, the relay's, aigc.it's and Novita's.

A client that hangs up stops nothing: the pictures are still drawn and billed, as none of them has a cancel.
"""

import base64
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial

import anyio
import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response

from . import answers
from .connection import ResetResponse, connection_of
from .dialects.dialect import Dialect
from .faults import Cut, Error200, Fault, Reset
from .gate import authorize, base_of, client_request_id, host_of, parsed, read_body
from .ignored import ignored_fields, note_ignored
from .mishaps import (
    at_once,
    broken,
    error_200,
    refuse_error_200,
    refuse_failed_task,
    refuse_internal_error,
    said,
    spoil_of,
    without_usage,
)
from .order import Order
from .refusal import RefusalError
from .replies import ToTheEnd, json_response
from .stamp import request_id
from .store import LedgerRow
from .works import Works

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class _Exchange:
    """Hold one request that passed every check, and the fault scripted for it."""

    dialect: Dialect
    request: Request
    row: LedgerRow
    order: Order
    fault: Fault | None


class Service:
    """Take orders, have them drawn, and answer them."""

    def __init__(self, works: Works) -> None:
        self._works = works

    def endpoint(self, dialect: Dialect) -> Endpoint:
        """Return what answers the requests to a dialect's path."""
        return partial(self._generate, dialect)

    async def _generate(self, dialect: Dialect, request: Request) -> Response:
        row = self._works.store.open_row(request_id(request), client_request_id(request), dialect.name)
        try:
            with self._works.store.at_work():
                order = await self._order(dialect, request, row)
                fault = self._works.faults.take(dialect.name, streamed=order.streamed)
                exchange = _Exchange(dialect, request, row, order, fault)
                answer = await self._before(exchange) or await self._answer(exchange)
        except RefusalError as refusal:
            row.status = refusal.status
            raise
        row.status = 0 if isinstance(answer, ResetResponse) else answer.status_code
        return answer

    async def _order(self, dialect: Dialect, request: Request, row: LedgerRow) -> Order:
        authorize(request, self._works.options.api_key)
        body = parsed(await read_body(request, dialect.body_bytes))
        row.model = dialect.model_asked(body)
        own = partial(self._works.objects.own, host_of(request))
        order = await anyio.to_thread.run_sync(dialect.check, body, own)
        note_ignored(request, ignored_fields(body, dialect.documented(body)))
        return order

    async def _before(self, exchange: _Exchange) -> Response | None:
        if not exchange.dialect.is_ark_family:
            refuse_error_200(exchange.fault)
            refuse_internal_error(exchange.fault)
        refuse_failed_task(exchange.fault)
        if isinstance(exchange.fault, Error200):
            return error_200(streamed=exchange.order.streamed)
        return await at_once(exchange.fault)

    async def _answer(self, exchange: _Exchange) -> Response:
        if exchange.order.streamed and not isinstance(exchange.fault, Reset):
            return ToTheEnd(self._events(exchange), media_type="text/event-stream")
        made = [one async for one in self._drawn(exchange)]
        pictures = [await self._picture(exchange, one) for one in made]
        body = exchange.dialect.success_body(exchange.order, made, pictures, self._now())
        self._call_back(exchange.order, body)
        return broken(exchange.fault, json_response(without_usage(exchange.fault, body)))

    async def _events(self, exchange: _Exchange) -> AsyncGenerator[bytes]:
        order, fault = exchange.order, exchange.fault
        made: list[answers.Outcome] = []
        pictures: list[answers.Wire] = []
        _close_if_cut(exchange, len(made))
        try:
            async for one in self._drawn(exchange):
                made.append(one)
                pictures.append(await self._picture(exchange, one))
                if not isinstance(fault, Cut) or len(made) <= fault.after_images:
                    yield said(fault, answers.picture_event(order, one, pictures[-1], self._now()))
                _close_if_cut(exchange, len(made))
        except RefusalError as refusal:
            yield said(fault, answers.error_event(refusal, exchange.row.request_id)) + answers.DONE
            return
        self._call_back(order, exchange.dialect.success_body(order, made, pictures, self._now()))
        if isinstance(fault, Cut):
            connection_of(exchange.request).close()
        else:
            yield said(fault, answers.completed_event(order, made, self._now())) + answers.DONE

    def _drawn(self, exchange: _Exchange) -> AsyncGenerator[answers.Outcome]:
        return self._works.studio.pictures(exchange.order, exchange.row, spoil_of(exchange.fault))

    async def _picture(self, exchange: _Exchange, one: answers.Outcome) -> answers.Wire:
        if isinstance(one, answers.Failed):
            return {}
        if exchange.order.in_base64:
            content = await anyio.Path(self._works.store.folder / one.key).read_bytes()
            return {"b64_json": base64.b64encode(content).decode()}
        return {"url": self._works.downloads.url(base_of(exchange.request), one, exchange.fault)}

    def _call_back(self, order: Order, body: answers.Wire) -> None:
        if self._works.options.allow_loopback_callbacks:
            self._works.callbacks.send(order.callback_url, body)

    def _now(self) -> int:
        return int(self._works.options.clock())


def _close_if_cut(exchange: _Exchange, told: int) -> None:
    if isinstance(exchange.fault, Cut) and exchange.fault.after_images == told:
        connection_of(exchange.request).close()
