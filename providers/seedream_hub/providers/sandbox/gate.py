"""Let a request in: its key, its size, its JSON."""

import json
from hmac import compare_digest
from typing import cast

from starlette.requests import Request

from .fields import Body
from .refusal import bad_body, body_too_large, unauthorized


def authorize(request: Request, api_key: str) -> None:
    """Refuse a request without the Bearer key."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not compare_digest(key.strip().encode(), api_key.encode()):
        raise unauthorized()


async def read_body(request: Request, limit_bytes: int) -> bytes:
    """Return the body of a request, or refuse it for its size."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > limit_bytes:
            raise body_too_large(limit_bytes)
    return bytes(content)


def parsed(content: bytes) -> Body:
    """Return the JSON object a body holds."""
    try:
        body: object = json.loads(content)
    except (ValueError, RecursionError):
        raise bad_body("expected JSON.") from None
    if not isinstance(body, dict):
        raise bad_body("expected a JSON object.")
    return cast("Body", body)


def host_of(request: Request) -> str:
    """Return the host as the client reached it, with its port."""
    return request.headers.get("host", "")


def base_of(request: Request) -> str:
    """Return scheme and host, such as `http://127.0.0.1:8080`."""
    return f"{request.url.scheme}://{host_of(request)}"


def client_request_id(request: Request) -> str:
    """Return the id the client gave the request, empty for none."""
    return request.headers.get("x-client-request-id", "")
