"""The Ark dialect: Volcengine Ark, and what its relays share (doc 1541523, read 2026-10-09)."""

from typing import Any, Final, cast

from seedream_hub.schemas.errors import UpstreamError
from seedream_hub.schemas.language import say
from seedream_hub.schemas.limits import Json
from seedream_hub.schemas.outcome import FailedImage, Layer, MadeImage, Outcome, Usage
from seedream_hub.schemas.requests import ImageRequest

from .ark_errors import failed, refusal
from .dialect import Dialect, Refused, StreamEvent

PATH: Final = "/images/generations"


def body(request: ImageRequest) -> Json:
    """Return the JSON to post.

    What the model does not take is left out: pro and flash refuse `sequential_image_generation` even when disabled.
    """
    return {
        "model": request.model,
        "prompt": request.prompt,
        **images(request),
        **_given(request, "size", "seed", "guidance_scale", "output_format", "background", "layer_decomposition"),
        **sequence(request),
        **({"stream": True} if request.stream else {}),
        **_given(request, "response_format", "watermark"),
        **({"optimize_prompt_options": {"mode": request.optimize_prompt}} if request.optimize_prompt else {}),
        **({"tools": [{"type": "web_search"}]} if request.web_search else {}),
    }


def images(request: ImageRequest) -> Json:
    """Return the references: a string for one, an array for several."""
    if not request.references:
        return {}
    return {"image": request.references[0] if len(request.references) == 1 else list(request.references)}


def sequence(request: ImageRequest) -> Json:
    """Return the fields that ask for a set; `max_images` is always explicit, as its default differs or is 15."""
    if not request.is_set or request.count == 1:
        return {}
    options = {"max_images": request.count}
    return {"sequential_image_generation": "auto", "sequential_image_generation_options": options}


def parse(answer: Json, request_id: str | None) -> Outcome:
    """Read a 200 answer: an item of `data[]` is a picture or the reason why it is missing.

    Raises:
        UpstreamError: If the answer is an error (documented with status 200 too), or has no `data`.
    """
    data = answer.get("data")
    if isinstance(answer.get("error"), dict) and not data:
        raise refusal(Refused(200, answer, request_id))
    if not isinstance(data, list):
        message = say("The provider answered 200 without {what}; it may have billed the request.", what="`data`")
        raise UpstreamError(message, code="unexpected_answer", billed="unknown", request_id=request_id)
    items = [_item(index, item, request_id) for index, item in enumerate(cast("list[Any]", data))]
    made = tuple(item for item in items if isinstance(item, MadeImage))
    lost = tuple(item for item in items if isinstance(item, FailedImage))
    usage = usage_of(answer)
    return Outcome(made, lost, max(len(made), usage.generated_images or 0), request_id, usage)


def event(data: Json, request_id: str | None) -> StreamEvent:
    """Read one event of a stream; kinds nobody documented say nothing."""
    kind, error = str(data.get("type") or ""), data.get("error")
    index = data.get("image_index")
    if kind.endswith("partial_succeeded") and isinstance(index, int):
        return StreamEvent(image=_item(index, data, request_id))
    if kind.endswith("partial_failed"):
        return StreamEvent(image=failed(index, error, request_id) if isinstance(index, int) else None)
    if kind.endswith("completed"):
        return StreamEvent(usage=usage_of(data), is_end=True)
    if isinstance(error, dict):
        return StreamEvent(error=refusal(Refused(200, data, request_id)))
    return StreamEvent()


def usage_of(answer: Json) -> Usage:
    """Return `usage`, whose `generated_images` is the number of pictures billed."""
    raw = answer.get("usage")
    facts = cast("Json", raw) if isinstance(raw, dict) else {}
    return Usage(*(_count(facts.get(name)) for name in ("generated_images", "output_tokens", "total_tokens")))


def _item(index: int, item: object, request_id: str | None) -> MadeImage | FailedImage:
    facts = cast("Json", item) if isinstance(item, dict) else {}
    url, data, size = facts.get("url"), facts.get("b64_json"), facts.get("size")
    wire_size = size if isinstance(size, str) else None
    if isinstance(url, str) and url:
        return MadeImage(index, url, size=wire_size, layer=_layer(facts))
    if isinstance(data, str) and data:
        return MadeImage(index, data=data, size=wire_size, layer=_layer(facts))
    return failed(index, facts.get("error"), request_id)


def _layer(facts: Json) -> Layer | None:
    """Read where a layer lies; `bounding_box.absolute` is left, top, right, bottom in pixels."""
    match facts:
        case {"z_index": int(z_index), "bounding_box": {"absolute": [int(left), int(top), _, _]}}:
            return Layer(z_index, str(facts.get("name") or ""), (left, top))
        case {"z_index": int(z_index)}:
            return Layer(z_index, str(facts.get("name") or ""))
        case _:
            return None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _given(request: ImageRequest, *names: str) -> Json:
    return {name: value for name in names if (value := getattr(request, name)) is not None}


DIALECT: Final = Dialect(path=lambda _: PATH, body=body, refusal=refusal, parse=parse, event=event)
