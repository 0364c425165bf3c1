"""Turn a call's arguments into the request for one provider's model, or say why that one cannot take it.

Pure. What is planned here, the provider's document allows; what it would refuse is refused here, before anything
is sent, naming the argument and a value that works.
"""

from typing import Final
from urllib.parse import urlsplit

from .addresses import is_internal
from .arguments import ImageArguments, Kind
from .errors import ArgumentError
from .limits import Json, Limits, ModelLimits, utc_now
from .offer import Offer
from .prompt import estimated_tokens
from .requests import ImageRequest
from .set_prompt import set_prompt
from .size import Size, resolve_size

OPTIONS: Final = (
    "watermark",
    "response_format",
    "output_format",
    "optimize_prompt",
    "background",
    "layer_decomposition",
    "web_search",
    "seed",
    "guidance_scale",
    "callback_url",
)


def plan(kind: Kind, arguments: ImageArguments, offer: Offer, model: ModelLimits) -> ImageRequest:
    """Return the request; its references stand as the caller named them.

    Raises:
        ArgumentError: If this model at this provider does not take one of the arguments.
    """
    limits = offer.limits
    is_set = kind.is_set and arguments.count > 1
    _check_served(model, offer)
    _check_prompt(arguments, model, limits, stated=is_set and can_group(model))
    options: Json = _options(arguments, offer, model)
    _check_references(arguments, offer, model)
    _check_total(arguments, model, limits)
    _check_format(arguments)
    size = (
        _layer_size(arguments, model, limits)
        if arguments.layer_decomposition
        else resolve_size(arguments.size, arguments.aspect_ratio, model, limits)
    )
    return ImageRequest(
        model=model.id,
        prompt=arguments.prompt,
        size=size.wire,
        aspect_ratio=size.ratio,
        count=arguments.count,
        is_set=is_set,
        references=tuple(arguments.references.values()),
        stream=_streams(arguments, model, offer, is_set=is_set),
        **options,
    )


def can_group(model: ModelLimits) -> bool:
    """Say whether one request may ask the model for a set."""
    return model.group.max_images > 1


def pieces(request: ImageRequest, model: ModelLimits) -> list[int]:
    """Return how many pictures each upstream request asks for: all in one where the upstream can.

    `n` stands among a model's fields where it counts independent pictures. At EvoLink it only bounds a set.
    """
    if request.count == 1:
        return [1]
    if request.is_set:
        return [request.count] if request.count <= model.group.max_images else [1] * request.count
    return [request.count] if "n" in model.fields else [1] * request.count


def _check_served(model: ModelLimits, offer: Offer) -> None:
    """Refuse a model whose last day passed while this server was running."""
    if model.lifecycle.is_served(utc_now()):
        return
    instead = model.lifecycle.use_instead or offer.default.name
    problem = f"{model.name} is no longer served by {offer.label}"
    raise ArgumentError("model", problem, f"use {instead}", offer.limits.source(model, "lifecycle"))


def _check_prompt(arguments: ImageArguments, model: ModelLimits, limits: Limits, *, stated: bool) -> None:
    """Hold the prompt to its bounds as it is sent: with the number of pictures `stated` in it."""
    rules = model.prompt
    prompt = set_prompt(arguments.prompt, arguments.count) if stated else arguments.prompt
    if not arguments.prompt.strip():  # the schema's pattern lets four separators of ASCII pass
        raise ArgumentError("prompt", "is blank", 'pass text such as "a red fox in snow"')
    what = " with the number of pictures put before it" if prompt != arguments.prompt else ""
    if rules.max_chars and len(prompt) > rules.max_chars:
        problem = f"has {len(prompt):,} characters{what}, more than {rules.max_chars:,}"
        raise ArgumentError("prompt", problem, "shorten it", limits.source(model, "prompt.max_chars"))
    tokens = estimated_tokens(prompt)
    if rules.max_tokens and tokens > rules.max_tokens:
        problem = f"has about {tokens:,} tokens{what}, more than {rules.max_tokens:,}"
        raise ArgumentError("prompt", problem, "shorten it", limits.source(model, "prompt.max_tokens"))


def _options(arguments: ImageArguments, offer: Offer, model: ModelLimits) -> Json:
    """Return the options to send: those given, but for a false where nothing else is the default."""
    given = {name: value for name in OPTIONS if (value := getattr(arguments, name)) is not None}
    for name, value in given.items():
        _check_option(name, value, offer, model)
    return {name: value for name, value in given.items() if not _is_off(name, value, model)}


def _check_option(name: str, value: object, offer: Offer, model: ModelLimits) -> None:
    rule = model.fields.get(name)
    source = offer.limits.source(model, f"fields.{name}")
    if rule is None:
        if value is False and name != "watermark":
            return  # asks for nothing
        able = [other.name for other in offer.models if name in other.fields]
        works = f"leave it out, or use model {', '.join(able)}" if able else "leave it out"
        raise ArgumentError(name, f"is not taken by {model.name} at {offer.label}", works, source)
    if rule.values and value not in rule.values:
        problem = f"{value} is not taken by {model.name} at {offer.label}"
        raise ArgumentError(name, problem, f"use {', '.join(rule.values)}", source)
    if rule.range and isinstance(value, int | float) and not rule.range[0] <= value <= rule.range[1]:
        least, most = rule.range
        raise ArgumentError(
            name, f"{value:g} is outside what {model.name} takes", f"use {least:g} to {most:g}", source
        )
    if name == "callback_url":
        _check_callback(str(value), rule.max_length, source)


def _is_off(name: str, value: object, model: ModelLimits) -> bool:
    rule = model.fields.get(name)
    return rule is None or (value is False and not rule.default)


def _check_callback(url: str, most: int | None, source: str) -> None:
    works = "use an https URL of a public host such as https://example.com/done"
    if most and len(url) > most:
        raise ArgumentError("callback_url", f"has {len(url):,} characters, more than {most:,}", works, source)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ArgumentError("callback_url", "is no URL", works, source) from None
    if parts.scheme != "https" or not host or port == 0 or is_internal(host):
        raise ArgumentError("callback_url", f"{host or url[:60]} cannot be called", works, source)


def _check_references(arguments: ImageArguments, offer: Offer, model: ModelLimits) -> None:
    rules, given = model.references, len(arguments.references)
    argument = "image" if arguments.image is not None else "images"
    source = offer.limits.source(model, "references.max")
    if rules.max is not None and given > rules.max:
        able = [m.name for m in offer.models if m.references.max is None or m.references.max >= given]
        works = f"use model {', '.join(able)}" if able and not rules.max else f"pass at most {rules.max}"
        problem = f"has {given} references; {model.name} at {offer.label} takes {rules.max or 'none'}"
        raise ArgumentError(argument, problem, works, source)
    if given < rules.min:
        problem = f"has {given} references; {model.name} at {offer.label} needs {rules.min}"
        raise ArgumentError(argument, problem, f"pass at least {rules.min}, or use another model", source)


def _check_total(arguments: ImageArguments, model: ModelLimits, limits: Limits) -> None:
    """Hold references and outputs together to what one request may have."""
    most, given = model.group.references_plus_outputs, len(arguments.references)
    if most is None or arguments.count == 1 or given + arguments.count <= most:
        return
    source = limits.source(model, "group.references_plus_outputs")
    problem = f"{arguments.count} with {given} references is {given + arguments.count}, above {most} together"
    raise ArgumentError("count", problem, f"use count at most {max(1, most - given)}", source)


def _check_format(arguments: ImageArguments) -> None:
    """Refuse jpeg where the answer needs transparency."""
    cutting = "layers" if arguments.layer_decomposition else "transparency"
    if arguments.output_format == "jpeg" and (arguments.layer_decomposition or arguments.background == "transparent"):
        raise ArgumentError("output_format", f"jpeg cannot hold {cutting}", "use png, or leave it out")


def _layer_size(arguments: ImageArguments, model: ModelLimits, limits: Limits) -> Size:
    """Return the canvas of a layer decomposition: a tier; by default the upstream fits it to the picture."""
    source = limits.source(model, "fields.layer_decomposition")
    tiers = ", ".join(model.size.tiers)
    if arguments.aspect_ratio:
        works = "leave it out: the layers keep the picture's shape"
        raise ArgumentError("aspect_ratio", "does not go with layer_decomposition", works, source)
    if arguments.size and arguments.size not in model.size.tiers:
        raise ArgumentError("size", f"{arguments.size} does not go with layer_decomposition", f"use {tiers}", source)
    return Size(arguments.size)


def _streams(arguments: ImageArguments, model: ModelLimits, offer: Offer, *, is_set: bool) -> bool:
    if arguments.stream and not model.stream:
        able = [other.name for other in offer.models if other.stream]
        works = f"leave it out, or use model {', '.join(able)}" if able else "leave it out"
        source = offer.limits.source(model, "stream")
        raise ArgumentError("stream", f"is not taken by {model.name} at {offer.label}", works, source)
    return model.stream and (is_set if arguments.stream is None else arguments.stream)
