"""The Ark dialect: Volcengine Ark and BytePlus ModelArk (doc 1541523, read 2026-10-09)."""

from typing import Any, Final, cast

from seedream_hub.schemas.errors import UpstreamError
from seedream_hub.schemas.limits import Json
from seedream_hub.schemas.outcome import FailedImage, MadeImage, Outcome
from seedream_hub.schemas.requests import ImageRequest

from .ark_errors import SERVER_ERROR, is_retryable, next_step, plain

PATH: Final = "/images/generations"
UNAVAILABLE: Final = 503


def body(request: ImageRequest) -> Json:
    """Return the JSON to post.

    Fields a model does not take are left out: pro and flash refuse `sequential_image_generation` even when disabled.
    """
    return {
        "model": request.model,
        "prompt": request.prompt,
        "size": request.size,
        "response_format": "url",
        "watermark": request.watermark,
    }


def parse(answer: Json, request_id: str | None, *, sandbox: bool) -> Outcome:
    """Read a 200 answer: an item of `data[]` is a picture or the reason why it is missing.

    Raises:
        UpstreamError: If the answer is an error (documented with status 200 too), or has no `data`.
    """
    if isinstance(answer.get("error"), dict):
        raise refusal(answer, 200, request_id)
    data = answer.get("data")
    if not isinstance(data, list):
        message = "The provider answered 200 without `data`; it may have billed the request."
        raise UpstreamError(message, code="unexpected_answer", billed="unknown", request_id=request_id)
    items = [_item(index, cast("Json", item)) for index, item in enumerate(cast("list[Any]", data))]
    images = tuple(item for item in items if isinstance(item, MadeImage))
    failures = tuple(item for item in items if isinstance(item, FailedImage))
    billed = _generated(answer, len(images))
    return Outcome(images, failures, billed, request_id, sandbox)


def refusal(answer: Json, status: int, request_id: str | None, wait_s: float | None = None) -> UpstreamError:
    """Read an error body: `{"error": {"code", "message", "param", "type"}}`.

    A 503 with an overload code or a Retry-After (`wait_s`) was not accepted; any other 5xx may have been billed.
    """
    raw = answer.get("error")
    error = cast("Json", raw) if isinstance(raw, dict) else {}
    code = str(error.get("code") or f"http_{status}")
    param = f" (parameter {plain(error['param'])})" if error.get("param") else ""
    message = plain(error.get("message")) or f"The provider answered HTTP {status}."
    passes = is_retryable(code) or (status == UNAVAILABLE and wait_s is not None)
    error = UpstreamError(
        f"{code}: {message}{param}",
        code=code,
        billed="no" if status < SERVER_ERROR or passes else "unknown",
        retryable=passes,
        next_step=next_step(code, status, passes=passes),
        request_id=request_id,
    )
    error.retry_after_s = wait_s
    return error


def _item(index: int, item: Json) -> MadeImage | FailedImage:
    url = item.get("url")
    if isinstance(url, str) and url:
        return MadeImage(index, url, item.get("size"))
    error = cast("Json", item.get("error") or {})
    code = str(error.get("code") or "no_image")
    message = plain(error.get("message")) or "The provider returned neither a link nor an error."
    return FailedImage(index, code, message, "no" if error else "unknown", is_retryable(code))


def _generated(answer: Json, pictures: int) -> int:
    """Return how many images were billed: `usage.generated_images`, else the number of links."""
    usage = answer.get("usage")
    count = cast("Json", usage).get("generated_images") if isinstance(usage, dict) else None
    return count if isinstance(count, int) else pictures
