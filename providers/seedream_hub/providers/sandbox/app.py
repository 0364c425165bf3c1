"""Serve every dialect over HTTP: image requests, tasks, uploads, the list of models, downloads by signed link."""

from collections.abc import Awaitable, Callable
from typing import cast

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from . import answers, routes
from .admin import admin_routes
from .background import Background
from .callbacks import Callbacks
from .dialects.aigc import aigc
from .dialects.ark import ARK
from .dialects.novita import MODELS, novita
from .dialects.relay import RELAY
from .downloads import Downloads
from .faults import Faults
from .gate import authorize
from .links import LinkError
from .objects import OBJECTS_PATH, Objects
from .options import SandboxOptions
from .refusal import RefusalError, internal_failure
from .replies import json_response
from .service import Service
from .stamp import Stamp, request_id, stamp_headers
from .store import Store
from .studio import Studio
from .tasks import Tasks
from .uploads import Uploads
from .works import Works


def create_app(options: SandboxOptions, store: Store) -> Starlette:
    """Return the application; the caller closes `store` after it has stopped serving."""
    faults = Faults()
    downloads = Downloads(Objects(store, options.clock))
    return Starlette(
        routes=[
            *_dialects(options, store, faults, downloads),
            *admin_routes(store, faults),
            Route(f"{routes.ARK}/models", _models(options)),
            Route(OBJECTS_PATH + "{key:path}", downloads.send),
        ],
        middleware=[Middleware(Stamp, clock=options.clock)],
        exception_handlers={
            RefusalError: _refuse,
            LinkError: _refuse_link,
            HTTPException: _refuse_path,
            Exception: _fail,
        },
    )


def _dialects(options: SandboxOptions, store: Store, faults: Faults, downloads: Downloads) -> list[BaseRoute]:
    background, studio = Background(), Studio(store, options.delay_s, is_ready=options.is_ready)
    works = Works(
        options, store, studio, Callbacks(background, loopback=options.allow_loopback_callbacks), faults, downloads
    )
    service, tasks, uploads = Service(works), Tasks(works, background), Uploads(works)
    at_once = {
        routes.ARK + routes.IMAGES: ARK,
        routes.RELAY + routes.IMAGES: RELAY,
        routes.AIGC + routes.IMAGES: aigc(loopback_callbacks=options.allow_loopback_callbacks),
        **{f"{routes.NOVITA}/v3/{model}": novita(model) for model in MODELS},
    }
    upload = f"{routes.EVOLINK_FILES}/api/v1/files/upload"
    return [
        *(Route(path, service.endpoint(dialect), methods=["POST"]) for path, dialect in at_once.items()),
        Route(f"{routes.EVOLINK}/v1{routes.IMAGES}", tasks.create, methods=["POST"]),
        Route(f"{routes.EVOLINK}/v1/tasks/{{task}}", tasks.query),
        Route(f"{upload}/base64", uploads.from_base64, methods=["POST"]),
        Route(f"{upload}/stream", uploads.from_form, methods=["POST"]),
        Route(f"{upload}/url", uploads.from_link, methods=["POST"]),
    ]


def _models(options: SandboxOptions) -> Callable[[Request], Awaitable[Response]]:
    async def models(request: Request) -> Response:
        authorize(request, options.api_key)
        return json_response(answers.models_body())

    return models


async def _refuse(request: Request, error: Exception) -> Response:
    refusal = cast("RefusalError", error)
    body = routes.error_body_at(request.url.path)(refusal, request_id(request))
    wait = {} if refusal.retry_after_s is None else {"Retry-After": f"{refusal.retry_after_s:g}"}
    return json_response(body, refusal.status, wait)


async def _refuse_link(request: Request, error: Exception) -> Response:
    refusal = cast("LinkError", error)
    facts = {"Code": refusal.code, "RequestId": request_id(request), "HostId": "sandbox"}
    return json_response({**facts, "Message": refusal.message}, refusal.status)


async def _refuse_path(request: Request, error: Exception) -> Response:
    known = cast("HTTPException", error)
    code = known.detail.replace(" ", "")
    refusal = RefusalError(known.status_code, code, f"{known.detail}.", "", known.detail, "path")
    body = routes.error_body_at(request.url.path)(refusal, request_id(request))
    return json_response(body, known.status_code, known.headers)


async def _fail(request: Request, _error: Exception) -> Response:
    stamp, failure = request_id(request), internal_failure()
    body = routes.error_body_at(request.url.path)(failure, stamp)
    # Starlette answers a failure outside all middleware, so the stamp is set by hand.
    return json_response(body, failure.status, stamp_headers(stamp, request.url.path))
