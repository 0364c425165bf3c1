"""Check a request body against everything Ark documents for one image request.

Pure: no clock, no network. Unknown fields are silently ignored, as the live service does (measured on
5.0 lite, 2026-06-11: `n`, `quality`, `negative_prompt` answer 200 and are billed).
"""

from typing import cast

from .catalog import CATALOG, Model
from .fields import Body, checked_unicode, choice, flag, nested, number, sequence, text, whole
from .order import ImageFormat, Order, fingerprint
from .references import OwnObject, Reference, read_reference
from .refusal import closed_model, invalid, missing, unknown_model, unsupported
from .shape import layer_pixels, pixels_for
from .wording import set_size


def check(body: Body, own_object: OwnObject) -> Order:
    """Return the order a body states; raise `RefusalError` for the first rule it breaks."""
    model, model_id = _model(body)
    _refuse_fields_not_taken(model, body)
    layered = flag(body, "layer_decomposition") or False
    transparent = choice(body, "background", CATALOG.choices["background"]) == "transparent"
    prompt = _prompt(body, required=not layered)
    _check_drawing_options(model, body)
    references = _references(model, body, own_object, layered=layered)
    _check_lone_reference(references, layered=layered, transparent=transparent)
    size = text(body, "size")
    source = references[0].size if references else None
    width, height = layer_pixels(model, size, source) if layered else pixels_for(model, size, prompt)
    return Order(
        name=model.name,
        model_id=model_id,
        prompt=prompt,
        references=references,
        width=width,
        height=height,
        count=_count(body, prompt, len(references)),
        output_format=_output_format(body, must_be_png=layered or transparent),
        in_base64=choice(body, "response_format", CATALOG.choices["response_format"]) == "b64_json",
        streamed=flag(body, "stream") or False,
        watermark=flag(body, "watermark") is not False,
        transparent=transparent,
        layered=layered,
        searches_web=_searches_web(body),
        counts_input_images=model.counts_input_images,
        fingerprint=fingerprint(body, model.takes | CATALOG.always_taken, model_id, references),
    )


def model_asked(body: Body) -> str:
    """Return the dated id a body resolves to, empty when it names no model Ark serves."""
    wanted = body.get("model")
    found = CATALOG.find(wanted) if isinstance(wanted, str) else None
    return found[1] if found else ""


def documented_fields(model_id: str) -> frozenset[str]:
    """Return every field the documents list for a model, nested ones dotted; raise for an unknown model."""
    found = CATALOG.find(model_id)
    if found is None:
        raise unknown_model(model_id)
    names = (found[0].takes | CATALOG.always_taken) - found[0].undocumented
    return names | {f"{name}.{inner}" for name in names for inner in CATALOG.nested.get(name, ())}


def _model(body: Body) -> tuple[Model, str]:
    wanted = text(body, "model")
    if wanted is None:
        raise missing("model")
    if wanted in CATALOG.closed:
        raise closed_model(wanted)
    found = CATALOG.find(wanted)
    if found is None:
        raise unknown_model(wanted)
    return found


def _known_fields() -> list[str]:
    taken = frozenset[str]().union(*(model.takes for model in CATALOG.models))
    return sorted(taken | CATALOG.always_taken)


def _refuse_fields_not_taken(model: Model, body: Body) -> None:
    passed_over = model.takes | CATALOG.always_taken | CATALOG.ignored_when_not_taken
    for name in _known_fields():
        value = body.get(name)
        if name not in passed_over and value is not None and value != CATALOG.idle.get(name):
            raise unsupported(name)


def _prompt(body: Body, *, required: bool) -> str:
    prompt = text(body, "prompt")
    if prompt is None and required:
        raise missing("prompt")
    if prompt is not None and not prompt.strip() and required:
        raise invalid("prompt", "the prompt must not be empty.")
    return prompt or ""


def _check_drawing_options(model: Model, body: Body) -> None:
    if "seed" in model.takes:
        whole(body, "seed", CATALOG.limits.seed)
    if "guidance_scale" in model.takes:
        number(body, "guidance_scale", CATALOG.limits.guidance_scale)
    path = "optimize_prompt_options.mode"
    mode = choice(nested(body, "optimize_prompt_options"), "mode", CATALOG.choices[path], path)
    if mode is not None and mode not in model.prompt_modes:
        raise unsupported(path)


def _references(model: Model, body: Body, own_object: OwnObject, *, layered: bool) -> tuple[Reference, ...]:
    listed = [body["image"]] if isinstance(body.get("image"), str) else sequence(body, "image")
    if len(listed) > model.max_references:
        raise invalid("image", f"number of reference images cannot exceed {model.max_references}.")
    rules = CATALOG.references["layers" if layered else "current"]
    return tuple(read_reference(_link(value), rules, own_object) for value in listed)


def _link(value: object) -> str:
    if not isinstance(value, str):
        raise invalid("image", "expected a string or an array of strings.")
    return checked_unicode(value, "image")


def _check_lone_reference(references: tuple[Reference, ...], *, layered: bool, transparent: bool) -> None:
    if layered and len(references) != 1:
        raise invalid("image", "layer decomposition takes exactly one reference image.")
    if transparent and (len(references) != 1 or references[0].has_alpha is False):
        raise invalid("background", "transparent takes exactly one reference image with an alpha channel.")


def _count(body: Body, prompt: str, references: int) -> int:
    mode = choice(body, "sequential_image_generation", CATALOG.choices["sequential_image_generation"])
    limits = CATALOG.limits
    options = nested(body, "sequential_image_generation_options")
    path = "sequential_image_generation_options.max_images"
    most = whole(options, "max_images", limits.max_images, path) or limits.max_images_default
    if mode != "auto":
        return 1
    return set_size(prompt, most, references)


def _output_format(body: Body, *, must_be_png: bool) -> ImageFormat:
    wanted = choice(body, "output_format", CATALOG.choices["output_format"])
    if must_be_png and wanted == "jpeg":
        raise invalid("output_format", "a picture with transparency must be png.")
    return "png" if must_be_png or wanted == "png" else "jpeg"


def _searches_web(body: Body) -> bool:
    tools = sequence(body, "tools")
    for tool in tools:
        if not isinstance(tool, dict):
            raise invalid("tools", "expected an array of objects.")
        if choice(cast("Body", tool), "type", CATALOG.choices["tools"], "tools") is None:
            raise missing("tools.type")
    return bool(tools)
