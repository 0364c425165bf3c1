"""Novita: one path a model, no `model` field, an answer of links only (API pages, read 2026-11-20).

4.0 takes `images` and a flat `max_images`; 4.5 and 5.0-lite take `image` and the options object.
"""

from typing import Any, Final, cast

from seedream_hub.schemas.errors import UpstreamError
from seedream_hub.schemas.language import later, say
from seedream_hub.schemas.limits import Json
from seedream_hub.schemas.outcome import MadeImage, Outcome
from seedream_hub.schemas.requests import ImageRequest

from . import ark
from .ark_errors import refusal as ark_refusal
from .ark_errors import step_of, upstream_error
from .dialect import Dialect, Refused

FLAT: Final = "seedream-4.0"

NEXT_STEPS: Final = {
    "ILLEGAL_PROMPT": later("Rephrase the prompt."),
    "INVALID_IMAGE_FORMAT": later("Use another reference image."),
    "IMAGE_FILE_EXCEEDS_MAX_SIZE": later("Use a smaller reference image."),
    "IMAGE_EXCEEDS_MAX_RESOLUTION": later("Use a smaller reference image."),
    "API_NOT_FOUND": later("Check the model id and that the account may use it."),
}


def path(request: ImageRequest) -> str:
    """Return the model's own path."""
    return f"/v3/{request.model}"


def body(request: ImageRequest) -> Json:
    """Return the JSON to post."""
    is_flat = request.model == FLAT
    return {
        "prompt": request.prompt,
        **({"images" if is_flat else "image": list(request.references)} if request.references else {}),
        **({"size": request.size} if request.size else {}),
        **(_flat(request) if is_flat else ark.sequence(request)),
        **({"watermark": request.watermark} if request.watermark is not None else {}),
        **({"optimize_prompt_options": {"mode": request.optimize_prompt}} if request.optimize_prompt else {}),
    }


def parse(answer: Json, request_id: str | None) -> Outcome:
    """Read a 200 answer: links, one for each picture made; a picture that failed is simply not there.

    Raises:
        UpstreamError: If there are no `images`.
    """
    links = answer.get("images")
    if not isinstance(links, list):
        if "error" in answer or "reason" in answer:
            raise refusal(Refused(200, answer, request_id))
        message = say("The provider answered 200 without {what}; it may have billed the request.", what="`images`")
        raise UpstreamError(message, code="unexpected_answer", billed="unknown", request_id=request_id)
    urls = [link for link in cast("list[Any]", links) if isinstance(link, str) and link]
    made = tuple(MadeImage(index, url) for index, url in enumerate(urls))
    return Outcome(made, (), len(made), request_id)


def refusal(refused: Refused) -> UpstreamError:
    """Read an error body: `{"code", "reason", "message"}`; Ark's own was seen too."""
    if isinstance(refused.body.get("error"), dict):
        return ark_refusal(refused)
    code = str(refused.body.get("reason") or f"http_{refused.status}")
    return upstream_error(refused, code, refused.body.get("message"), None, step_of(NEXT_STEPS, code))


def _flat(request: ImageRequest) -> Json:
    if not request.is_set or request.count == 1:
        return {}
    return {"sequential_image_generation": "auto", "max_images": request.count}


DIALECT: Final = Dialect(path=path, body=body, refusal=refusal, parse=parse)
