"""Tell a test what was billed, and let it script faults; open to anybody on this machine."""

from collections.abc import Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from .faults import Faults
from .gate import read_body
from .replies import json_response
from .store import Store

_MOST_BYTES: Final = 65536


def admin_routes(store: Store, faults: Faults) -> Sequence[BaseRoute]:
    """Return the routes under `/admin`."""

    async def ledger(_request: Request) -> Response:
        return json_response(store.ledger())

    async def scripted(request: Request) -> Response:
        if request.method == "POST":
            faults.add(await read_body(request, _MOST_BYTES))
        if request.method == "DELETE":
            faults.clear()
        return json_response({"faults": faults.listed()})

    return [
        Route("/admin/ledger", ledger),
        Route("/admin/faults", scripted, methods=["GET", "POST", "DELETE"]),
    ]
