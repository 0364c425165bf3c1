"""EvoLink: a task to wait for, a ratio beside a tier, references by link only (API pages, read 2026-11-20)."""

from typing import Any, Final, cast

from seedream_hub.schemas.errors import UpstreamError
from seedream_hub.schemas.language import later, say
from seedream_hub.schemas.limits import Json
from seedream_hub.schemas.outcome import FailedImage, MadeImage, Outcome
from seedream_hub.schemas.requests import ImageRequest

from .ark_errors import LATER, plain, step_of, upstream_error
from .dialect import Dialect, Refused, Task

PATH: Final = "/v1/images/generations"
TASKS: Final = "/v1/tasks/"
FILES: Final = "/api/v1/files/upload/stream"
BY_RATIO: Final = frozenset({"doubao-seedream-4.0", "doubao-seedream-5.0-lite"})
"""Models whose `size` is a ratio and whose tier is `quality`; 4.5 takes a tier or pixels as `size`."""

NEXT_STEPS: Final = {
    "content_policy_violation": later("Rephrase the prompt, or use another reference image."),
    "permission_error": later("Check what the account may do."),
    "not_found_error": later("Check the model id and that the account may use it."),
    "insufficient_quota_error": later("Top up the account's credits."),
    "request_too_large_error": later("Use smaller reference images."),
}
PASSING: Final = frozenset(
    {
        "generation_timeout",
        "quota_exceeded",
        "resource_exhausted",
        "service_error",
        "service_unavailable",
        "generation_failed_no_content",
        "unknown_error",
        "upstream_error",
        "rate_limited",
    }
)
"""Task errors documented as worth another try; a failed task gives its credits back."""


def body(request: ImageRequest) -> Json:
    """Return the JSON to post."""
    return {
        "model": request.model,
        "prompt": request.prompt,
        **_size(request),
        **({"n": request.count} if request.count > 1 else {}),
        **({"image_urls": list(request.references)} if request.references else {}),
        **({"prompt_priority": request.optimize_prompt} if request.optimize_prompt else {}),
        **({"callback_url": request.callback_url} if request.callback_url else {}),
    }


def parse(answer: Json, request_id: str | None) -> Outcome:
    """Read a task that is settled already; one that is not has brought nothing yet.

    Raises:
        UpstreamError: If it is no task.
    """
    return task(answer, request_id).outcome or Outcome((), (), 0, request_id)


def task(answer: Json, request_id: str | None) -> Task:
    """Read a task, as posting and polling it return it.

    Raises:
        UpstreamError: If it is no task.
    """
    task_id = answer.get("id")
    if not isinstance(task_id, str) or not task_id:
        message = say("The provider answered 200 without a task id; it may have billed the request.")
        raise UpstreamError(message, code="unexpected_answer", billed="unknown", request_id=request_id)
    status = str(answer.get("status") or "")
    percent = answer.get("progress")
    done = percent if isinstance(percent, int) else 0
    if status == "completed":
        return Task(task_id, "completed", 100, _completed(answer, task_id, request_id))
    if status in {"failed", "cancelled"}:
        return Task(task_id, "failed", done, _failed(answer, task_id, status, request_id))
    return Task(task_id, "running", done)


def refusal(refused: Refused) -> UpstreamError:
    """Read an error body: `{"error": {"code": <int>, "message", "type", "param", "fallback_suggestion"}}`.

    The Files API answers `{"success", "code", "msg", "data"}`.
    """
    raw = refused.body.get("error")
    error = cast("Json", raw) if isinstance(raw, dict) else {}
    code = str(error.get("type") or f"http_{refused.status}")
    step = step_of(NEXT_STEPS, code) or plain(error.get("fallback_suggestion")) or None
    message = error.get("message") or refused.body.get("msg")
    return upstream_error(refused, code, message, error.get("param"), step)


def _size(request: ImageRequest) -> Json:
    is_tier = request.size is not None and "x" not in request.size
    if request.model not in BY_RATIO or not is_tier:
        return {"size": request.size} if request.size else {}
    return {"quality": request.size, **({"size": request.aspect_ratio} if request.aspect_ratio else {})}


def _completed(answer: Json, task_id: str, request_id: str | None) -> Outcome:
    urls = _links(answer.get("results"), "url") or _links(answer.get("result_data"), "image_url")
    made = tuple(MadeImage(index, url) for index, url in enumerate(urls))
    return Outcome(made, (), len(made), request_id, task_id=task_id)


def _links(listed: object, key: str) -> list[str]:
    items = cast("list[Any]", listed) if isinstance(listed, list) else []
    links = [cast("Json", item).get(key) if isinstance(item, dict) else item for item in items]
    return [link for link in links if isinstance(link, str) and link]


def _failed(answer: Json, task_id: str, status: str, request_id: str | None) -> Outcome:
    raw = answer.get("error")
    error = cast("Json", raw) if isinstance(raw, dict) else {}
    code = str(error.get("code") or ("request_cancelled" if status == "cancelled" else "task_failed"))
    message = plain(error.get("message")) or say("The task ended as {status}.", status=status)
    step = step_of(NEXT_STEPS, code) or (say(LATER) if code in PASSING else None)
    lost = FailedImage(0, code, f"{code}: {message}", "no", code in PASSING, request_id=request_id, next_step=step)
    return Outcome((), (lost,), 0, request_id, task_id=task_id)


DIALECT: Final = Dialect(
    path=lambda _: PATH, body=body, refusal=refusal, parse=parse, task=task, task_path=TASKS, files_path=FILES
)
