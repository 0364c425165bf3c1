"""Answer HTTP the way Ark does: image requests, the list of models, and downloads by signed link.

A client that hangs up stops nothing: the pictures are still drawn and billed, as Ark has no cancel.
"""

import base64
import json
from collections.abc import AsyncGenerator, Mapping
from functools import partial
from hmac import compare_digest
from typing import Final, cast

import anyio
import anyio.to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from . import answers
from .catalog import CATALOG
from .fields import Body
from .links import LinkError
from .objects import OBJECTS_PATH, Objects
from .options import SandboxOptions
from .refusal import ArkError, bad_body, body_too_large, unauthorized
from .rules import Order, check, requested_model
from .stamp import Stamp, request_id, stamp_headers
from .store import LedgerRow, Store
from .studio import Studio

API_PATH: Final = "/api/v3"


def create_app(options: SandboxOptions, store: Store) -> Starlette:
    """Return the application; the caller closes `store` after it has stopped serving."""
    ark = _Ark(options, store)
    return Starlette(
        routes=[
            Route(f"{API_PATH}/images/generations", ark.generate, methods=["POST"]),
            Route(f"{API_PATH}/models", ark.models),
            Route(OBJECTS_PATH + "{key:path}", ark.download),
            Route("/admin/ledger", ark.ledger),
        ],
        middleware=[Middleware(Stamp, clock=options.clock)],
        exception_handlers={
            ArkError: _refuse,
            LinkError: _refuse_link,
            HTTPException: _refuse_path,
            Exception: _fail,
        },
    )


class _ToTheEnd(StreamingResponse):
    """Stream without watching for a client that hangs up, so that what was begun is finished."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 -- ASGI's signature
        await self.stream_response(send)


class _Ark:
    def __init__(self, options: SandboxOptions, store: Store) -> None:
        self._options = options
        self._store = store
        self._objects = Objects(store, options.clock)
        self._studio = Studio(store, options.delay_s)

    async def generate(self, request: Request) -> Response:
        """Answer an image request, with JSON or with a stream of events."""
        row = self._store.open_row(request_id(request), request.headers.get("x-client-request-id", ""))
        try:
            order = await self._order(request, row)
            if order.streamed:
                row.status = 200
                return _ToTheEnd(self._events(request, order, row), media_type="text/event-stream")
            return await self._finished(request, order, row)
        except ArkError as refusal:
            row.status = refusal.status
            raise

    async def models(self, request: Request) -> Response:
        """List the models."""
        self._authorize(request)
        return _json(answers.models_body())

    async def ledger(self, _request: Request) -> Response:
        """Say what was asked and what was billed, for tests; open to anybody on this machine."""
        return _json(self._store.ledger())

    async def download(self, request: Request) -> Response:
        """Send a picture to whoever holds its link."""
        path = self._objects.open(_host(request), request.path_params["key"], request.url.query)
        return FileResponse(path, media_type=f"image/{path.suffix[1:]}")

    def _authorize(self, request: Request) -> None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        expected = self._options.api_key.encode()
        if scheme.lower() != "bearer" or not compare_digest(key.strip().encode(), expected):
            raise unauthorized()

    async def _order(self, request: Request, row: LedgerRow) -> Order:
        self._authorize(request)
        body = _parsed(await _read(request))
        row.model = requested_model(body)
        return await anyio.to_thread.run_sync(check, body, partial(self._objects.own, _host(request)))

    async def _finished(self, request: Request, order: Order, row: LedgerRow) -> Response:
        drawn = [one async for one in self._studio.pictures(order, row)]
        pictures = [await self._picture(request, order, one) for one in drawn]
        row.status = 200
        return _json(answers.success_body(order, drawn, pictures, self._now()))

    async def _events(self, request: Request, order: Order, row: LedgerRow) -> AsyncGenerator[bytes]:
        drawn: list[answers.Drawn] = []
        try:
            async for one in self._studio.pictures(order, row):
                drawn.append(one)
                picture = await self._picture(request, order, one)
                yield answers.picture_event(order, one, picture, self._now())
        except ArkError as refusal:
            yield answers.error_event(refusal, row.request_id)
            return
        yield answers.completed_event(order, drawn, self._now())

    async def _picture(self, request: Request, order: Order, one: answers.Drawn) -> answers.Wire:
        if order.in_base64:
            content = await anyio.Path(self._store.folder / one.key).read_bytes()
            return {"b64_json": base64.b64encode(content).decode()}
        host = _host(request)
        query = self._objects.query_for(host, one.key)
        return {"url": f"{request.url.scheme}://{host}{OBJECTS_PATH}{one.key}?{query}"}

    def _now(self) -> int:
        return int(self._options.clock())


async def _read(request: Request) -> bytes:
    limit = CATALOG.limits.body_bytes
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > limit:
            raise body_too_large(limit)
    return bytes(content)


def _parsed(content: bytes) -> Body:
    try:
        body: object = json.loads(content)
    except (ValueError, RecursionError):
        raise bad_body("expected JSON.") from None
    if not isinstance(body, dict):
        raise bad_body("expected a JSON object.")
    return cast("Body", body)


def _host(request: Request) -> str:
    return request.headers.get("host", "")


def _json(body: answers.Wire, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(answers.json_bytes(body), status, headers, "application/json")


async def _refuse(request: Request, error: Exception) -> Response:
    refusal = cast("ArkError", error)
    return _json(answers.error_body(refusal, request_id(request)), refusal.status)


async def _refuse_link(request: Request, error: Exception) -> Response:
    refusal = cast("LinkError", error)
    facts = {"Code": refusal.code, "RequestId": request_id(request), "HostId": "sandbox"}
    return _json({**facts, "Message": refusal.message}, refusal.status)


async def _refuse_path(request: Request, error: Exception) -> Response:
    known = cast("HTTPException", error)
    code = known.detail.replace(" ", "")
    refusal = ArkError(known.status_code, code, f"{known.detail}.", kind=known.detail)
    return _json(answers.error_body(refusal, request_id(request)), known.status_code, known.headers)


async def _fail(request: Request, _error: Exception) -> Response:
    failure = ArkError(500, "InternalServiceError", "The service hit an internal error.", kind="InternalServerError")
    # Starlette answers a failure outside all middleware, so the stamp is set by hand.
    return _json(answers.error_body(failure, request_id(request)), failure.status, stamp_headers(request_id(request)))
