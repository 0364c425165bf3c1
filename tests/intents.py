"""What the sandbox says to a call: to the body that would go out for it if nobody checked it before."""

import base64
import binascii
from io import BytesIO
from typing import Any, Final, cast

from PIL import Image

from seedream_hub.jobs.references import DATA_URI
from seedream_hub.providers.dialects import DIALECTS
from seedream_hub.providers.sandbox.order import Order
from seedream_hub.providers.sandbox.refusal import RefusalError
from seedream_hub.schemas.errors import ArgumentError
from seedream_hub.schemas.limits import Json, ModelLimits
from seedream_hub.schemas.plan import OPTIONS, can_group
from seedream_hub.schemas.requests import ImageRequest
from seedream_hub.schemas.set_prompt import set_prompt
from seedream_hub.schemas.size import PIXELS, resolve_size
from tests.draws import LIMITS, Draw
from tests.ours import CONTENTS, menu_of, uploaded, wire_of
from tests.rulings import check_of

SHAPE, REFERENCES, COUNT = "shape", "references", "count"
GROUPS: Final = {"size": SHAPE, "aspect_ratio": SHAPE, "image": REFERENCES, "images": REFERENCES}
"""Arguments that share a field of the body. A refusal names the field, so it names them all."""

MODE: Final = "optimize_prompt_options.mode"
MOST: Final = "sequential_image_generation_options.max_images"
FIELDS: Final = {
    "quality": SHAPE,
    "image_urls": REFERENCES,
    "n": COUNT,
    "max_images": COUNT,
    "sequential_image_generation": COUNT,
    "sequential_image_generation_options": COUNT,
    MOST: COUNT,
    "optimize_prompt_options": "optimize_prompt",
    MODE: "optimize_prompt",
    "prompt_priority": "optimize_prompt",
    "tools": "web_search",
    "tools.type": "web_search",
}
"""What the arguments are called in bodies, where the name is not the same."""
FILES_API: Final = {"JPEG", "PNG", "GIF", "WEBP"}
"""What EvoLink's Files API takes (its pages, read 2026-11-20)."""


def group_of(argument: str) -> str:
    """Return what to call an argument, so that those which share a field are called the same."""
    plain = argument.partition("[")[0]
    return GROUPS.get(plain, plain)


def members_of(group: str) -> tuple[str, ...]:
    """Return the arguments of a group."""
    return tuple(name for name, found in GROUPS.items() if found == group) or (group,)


def sandbox_refusal(draw: Draw) -> str | None:
    """Return the argument the sandbox refuses of a call, None if it takes it all."""
    body = intent(draw)
    if upload_refused(body):
        return REFERENCES
    try:
        judged(draw.provider, model_of(draw)[1], body)
    except RefusalError as refusal:
        if refusal.why == "model":
            return "model"
        named = FIELDS.get(refusal.parameter) or group_of(refusal.parameter)
        # The document counts references where layers are asked for; a tool without layers has other arguments.
        is_layers = draw.arguments.get("layer_decomposition") is not None and "image" not in draw.arguments
        return "layer_decomposition" if named == REFERENCES and is_layers else named
    return None


def judged(provider: str, model_id: Any, body: Json) -> Order:
    """Return what the sandbox would draw for a body.

    Raises:
        RefusalError: If it refuses it.
    """
    return check_of(provider, model_id)(body, CONTENTS.get)


def upload_refused(body: Json) -> str | None:
    """Return what a reference is to which EvoLink's Files API would not have given a link."""
    links: Any = body.get("image_urls")
    listed = cast("list[Any]", links) if isinstance(links, list) else []
    kinds = [_format(CONTENTS[link]) for link in listed if isinstance(link, str) and link in CONTENTS]
    return next((kind for kind in kinds if kind not in FILES_API), None)


def _format(content: bytes) -> str:
    try:
        with Image.open(BytesIO(content)) as picture:
            return str(picture.format)
    except OSError:
        return "no picture"


def intent(draw: Draw) -> Json:
    """Return the body for a call: what the body builder makes of it, and what our types forbid put in by hand."""
    given = {name: _whole(value) for name, value in draw.arguments.items() if value is not None}
    model, model_id = model_of(draw)
    count = given.get("count", draw.kind.count[0])
    is_number = isinstance(count, int) and not isinstance(count, bool) and count > 1
    is_set = draw.kind.is_set and can_group(model)
    references, shape = _references(draw, given, model), _shape(given, model)
    texts = {name: value for name, value in shape.items() if isinstance(value, str) and value}
    request = ImageRequest.model_construct(
        model=model_id,
        prompt=_prompt(given.get("prompt"), count if is_set and is_number else 1),
        count=count if is_number else 1 + is_set,
        is_set=is_set,
        references=tuple(cast("list[Any]", references)) if isinstance(references, list) else (),
        size=texts.get("size"),
        aspect_ratio=texts.get("aspect_ratio"),
    )
    body = DIALECTS[draw.provider].body(request)
    where = wire_names(draw.provider, model)
    if "count" in given and (path := count_field(draw, model)):
        put(body, path, count)
    if not isinstance(references, list):
        put(body, where[REFERENCES], references)
    for name in shape.keys() - texts.keys():
        if shape[name] is not None:
            put(body, "size", shape[name])
    for name in OPTIONS:
        if name in given:
            put(body, where[name], _option(name, given[name]))
    if "stream" in given:
        put(body, "stream", given["stream"])
    return {name: value for name, value in body.items() if value is not None}


def model_of(draw: Draw) -> tuple[ModelLimits, Any]:
    """Return the limits of the model a call names and the id to send; of the default where it names none."""
    name = draw.arguments.get("model")
    default = menu_of(draw.provider).default
    if name is None:
        return default, default.id
    found = LIMITS.providers[draw.provider].find(name) if isinstance(name, str) else None
    return (found, found.id) if found else (default, name)


def wire_names(provider: str, model: ModelLimits) -> dict[str, str]:
    """Return the field of each option, and of the references."""
    reseller = provider in {"aigc", "evolink"}
    images = {"evolink": "image_urls", "novita": "images" if model.id == "seedream-4.0" else "image"}
    return {
        **{name: name for name in (*OPTIONS, "stream")},
        "optimize_prompt": "prompt_priority" if reseller else MODE,
        "web_search": "tools",
        REFERENCES: images.get(provider, "image"),
    }


def count_field(draw: Draw, model: ModelLimits) -> str | None:
    """Return the field that says how many pictures are wanted; none where that is as many requests."""
    if not draw.kind.is_set:
        return "n" if "n" in model.fields else None
    if draw.provider == "evolink":
        return "n"
    if not can_group(model):
        return None
    return "max_images" if draw.provider == "novita" and model.id == "seedream-4.0" else MOST


def put(body: Json, path: str, value: object) -> None:
    """Set a field, a dotted one inside its object."""
    outer, _, inner = path.partition(".")
    if inner:
        body[outer] = {inner: value}
    else:
        body[outer] = value


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _option(name: str, value: Any) -> Any:
    if name != "web_search" or value is False:
        return None if name == "web_search" else value
    return [{"type": "web_search" if value is True else value}]


def _prompt(prompt: Any, count: int) -> Any:
    return set_prompt(prompt, count) if isinstance(prompt, str) and count > 1 and prompt.strip() else prompt


def _shape(given: Json, model: ModelLimits) -> Json:
    """Return `size` and `aspect_ratio` for the builder; a ratio nobody documents goes into `size`, as shapes do."""
    size, ratio = given.get("size"), given.get("aspect_ratio")
    if ratio is None:
        return {"size": size}
    if not ratio or size == "":
        return {"size": ""}
    if not isinstance(ratio, str) or not isinstance(size, str | None):
        return {"size": ratio if not isinstance(ratio, str) else size}
    try:
        resolved = resolve_size(size, ratio, model, LIMITS)
    except ArgumentError:
        if size and PIXELS.fullmatch(size):
            return {"size": size}
        return {"size": size, "aspect_ratio": ratio} if model.size.ratios and size else {"size": ratio}
    return {"size": resolved.wire, "aspect_ratio": resolved.ratio}


def _references(draw: Draw, given: Json, model: ModelLimits) -> Any:
    listed = [given["image"]] if "image" in given else given.get("images", [])
    if not isinstance(listed, list):
        return listed
    return [_reference(draw, value, model) for value in cast("list[Any]", listed)]


def _reference(draw: Draw, value: Any, model: ModelLimits) -> Any:
    """Return a reference as it is sent; as the caller gave it where we refuse it."""
    if not isinstance(value, str):
        return value
    try:
        return wire_of(draw.provider, model, value, draw.purpose, converts=draw.converts)
    except ArgumentError as exc:
        if exc.argument == "background":
            plain = "layers" if "layers" in draw.purpose else "plain"
            return wire_of(draw.provider, model, value, plain, converts=draw.converts)
    head = DATA_URI.match(value)
    if model.references.data_uri or not head:
        return value
    try:
        return uploaded(base64.b64decode(value[head.end() :], validate=True))
    except binascii.Error:
        return value
