"""Turn a call's arguments into the request for one provider's model, or say why that one cannot take it.

Pure. What is planned here, the provider's document allows; what it would refuse is refused here, before anything
is sent, naming the argument and a value that works.
"""

from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import urlsplit

from .addresses import is_internal
from .arguments import ImageArguments, Kind
from .errors import ArgumentError
from .language import later, listed, say, say_many
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


def plan(
    kind: Kind, arguments: ImageArguments, offer: Offer, model: ModelLimits, offers: Sequence[Offer] = ()
) -> ImageRequest:
    """Return the request; its references stand as the caller named them.

    `offers` are all there are: where this model does not take an argument, they may have one that does.

    Raises:
        ArgumentError: If this model at this provider does not take one of the arguments.
    """
    limits = offer.limits
    is_set = kind.is_set and arguments.count > 1
    _check_served(model, offer)
    _check_prompt(arguments, model, limits, stated=is_set and can_group(model))
    options: Json = _options(arguments, offer, model, offers)
    _check_references(arguments, offer, model, offers)
    _check_total(arguments, model, limits)
    _check_format(arguments)
    stream = _streams(arguments, offer, model, offers, is_set=is_set)
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
        stream=stream,
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
    problem = say("{model} is no longer served by {provider}", model=model.name, provider=offer.label)
    works = say("use {values}", values=instead)
    raise ArgumentError("model", problem, works, offer.limits.source(model, "lifecycle"))


def _check_prompt(arguments: ImageArguments, model: ModelLimits, limits: Limits, *, stated: bool) -> None:
    """Hold the prompt to its bounds as it is sent: with the number of pictures `stated` in it."""
    rules = model.prompt
    prompt = set_prompt(arguments.prompt, arguments.count) if stated else arguments.prompt
    if not arguments.prompt.strip():  # the schema's pattern lets four separators of ASCII pass
        raise ArgumentError("prompt", say("is blank"), say('pass text such as "a red fox in snow"'))
    is_longer = prompt != arguments.prompt
    if rules.max_chars and len(prompt) > rules.max_chars:
        problem = (
            later("has {length:,} characters with the number of pictures put before it, more than {most:,}")
            if is_longer
            else later("has {length:,} characters, more than {most:,}")
        )
        told = say(problem, length=len(prompt), most=rules.max_chars)
        raise ArgumentError("prompt", told, say("shorten it"), limits.source(model, "prompt.max_chars"))
    tokens = estimated_tokens(prompt)
    if rules.max_tokens and tokens > rules.max_tokens:
        problem = (
            later("has about {tokens:,} tokens with the number of pictures put before it, more than {most:,}")
            if is_longer
            else later("has about {tokens:,} tokens, more than {most:,}")
        )
        told = say(problem, tokens=tokens, most=rules.max_tokens)
        raise ArgumentError("prompt", told, say("shorten it"), limits.source(model, "prompt.max_tokens"))


def _options(arguments: ImageArguments, offer: Offer, model: ModelLimits, offers: Sequence[Offer]) -> Json:
    """Return the options to send: those given, but for a false where nothing else is the default."""
    given = {name: value for name in OPTIONS if (value := getattr(arguments, name)) is not None}
    for name, value in given.items():
        _check_option(name, value, offer, model, offers)
    return {name: value for name, value in given.items() if not _is_off(name, value, model)}


def _check_option(name: str, value: object, offer: Offer, model: ModelLimits, offers: Sequence[Offer]) -> None:
    rule = model.fields.get(name)
    source = offer.limits.source(model, f"fields.{name}")
    if rule is None:
        if value is False and name != "watermark":
            return  # asks for nothing
        works = _without_or_by(_able(lambda other: name in other.fields, offer, offers))
        raise ArgumentError(name, _not_taken(model, offer), works, source)
    if rule.values and value not in rule.values:
        problem = say(
            "{value} is not taken by {model} at {provider}", value=value, model=model.name, provider=offer.label
        )
        works, able = listed(rule.values), _able(lambda other: _takes(name, value, other), offer, offers)
        told = say("use {values}, or model {models}", values=works, models=able) if able else ""
        raise ArgumentError(name, problem, told or say("use {values}", values=works), source)
    if rule.range and isinstance(value, int | float) and not rule.range[0] <= value <= rule.range[1]:
        least, most = rule.range
        problem = say("{value:g} is outside what {model} takes", value=value, model=model.name)
        raise ArgumentError(name, problem, say("use {least:g} to {most:g}", least=least, most=most), source)
    if name == "callback_url":
        _check_callback(str(value), rule.max_length, source)


def _takes(name: str, value: object, model: ModelLimits) -> bool:
    rule = model.fields.get(name)
    return rule is not None and (not rule.values or value in rule.values)


def _not_taken(model: ModelLimits, offer: Offer) -> str:
    return say("is not taken by {model} at {provider}", model=model.name, provider=offer.label)


def _without_or_by(models: str) -> str:
    return say("leave it out, or use model {models}", models=models) if models else say("leave it out")


def _able(takes: Callable[[ModelLimits], bool], offer: Offer, offers: Sequence[Offer]) -> str:
    """Name the models that take something: the provider's own, else each at the first other provider that has it."""
    if own := [model.name for model in offer.models if takes(model)]:
        return listed(own)
    by_provider: dict[str, list[str]] = {}
    named: set[str] = set()
    for other in offers:
        if names := [model.name for model in other.models if takes(model) and model.name not in named]:
            by_provider[other.provider] = names
            named.update(names)
    return say("; ").join(
        say("{model} at {provider}", model=listed(names), provider=provider)
        for provider, names in by_provider.items()
    )


def _is_off(name: str, value: object, model: ModelLimits) -> bool:
    rule = model.fields.get(name)
    return rule is None or (value is False and not rule.default)


def _check_callback(url: str, most: int | None, source: str) -> None:
    works = say("use an https URL of a public host such as https://example.com/done")
    if most and len(url) > most:
        problem = say("has {length:,} characters, more than {most:,}", length=len(url), most=most)
        raise ArgumentError("callback_url", problem, works, source)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ArgumentError("callback_url", say("is no URL"), works, source) from None
    if parts.scheme != "https" or not host or port == 0 or is_internal(host):
        raise ArgumentError("callback_url", say("{host} cannot be called", host=host or url[:60]), works, source)


def _check_references(arguments: ImageArguments, offer: Offer, model: ModelLimits, offers: Sequence[Offer]) -> None:
    rules, given = model.references, len(arguments.references)
    argument = "image" if arguments.image is not None else "images"
    source = offer.limits.source(model, "references.max")
    if rules.max is not None and given > rules.max:
        able = _able(lambda m: m.references.max is None or m.references.max >= given, offer, offers)
        works = say("pass at most {most}", most=rules.max)
        if able and not rules.max:
            works = say("use model {models}", models=able)
        raise ArgumentError(argument, _too_many(given, model, offer), works, source)
    if given < rules.min:
        problem = say_many(
            "has {count} reference; {model} at {provider} needs {least}",
            "has {count} references; {model} at {provider} needs {least}",
            given,
            model=model.name,
            provider=offer.label,
            least=rules.min,
        )
        works = say("pass at least {least}, or use another model", least=rules.min)
        raise ArgumentError(argument, problem, works, source)


def _too_many(given: int, model: ModelLimits, offer: Offer) -> str:
    if not model.references.max:
        return say_many(
            "has {count} reference; {model} at {provider} takes none",
            "has {count} references; {model} at {provider} takes none",
            given,
            model=model.name,
            provider=offer.label,
        )
    return say_many(
        "has {count} reference; {model} at {provider} takes {most}",
        "has {count} references; {model} at {provider} takes {most}",
        given,
        model=model.name,
        provider=offer.label,
        most=model.references.max,
    )


def _check_total(arguments: ImageArguments, model: ModelLimits, limits: Limits) -> None:
    """Hold references and outputs together to what one request may have."""
    most, given = model.group.references_plus_outputs, len(arguments.references)
    if most is None or arguments.count == 1 or given + arguments.count <= most:
        return
    source = limits.source(model, "group.references_plus_outputs")
    problem = say_many(
        "{pictures} with {count} reference is {together}, above {most} together",
        "{pictures} with {count} references is {together}, above {most} together",
        given,
        pictures=arguments.count,
        together=given + arguments.count,
        most=most,
    )
    raise ArgumentError("count", problem, say("use count at most {most}", most=max(1, most - given)), source)


def _check_format(arguments: ImageArguments) -> None:
    """Refuse jpeg where the answer needs transparency."""
    if arguments.output_format != "jpeg":
        return
    works = say("use png, or leave it out")
    if arguments.layer_decomposition:
        raise ArgumentError("output_format", say("jpeg cannot hold layers"), works)
    if arguments.background == "transparent":
        raise ArgumentError("output_format", say("jpeg cannot hold transparency"), works)


def _layer_size(arguments: ImageArguments, model: ModelLimits, limits: Limits) -> Size:
    """Return the canvas of a layer decomposition: a tier; by default the upstream fits it to the picture."""
    source = limits.source(model, "fields.layer_decomposition")
    if arguments.aspect_ratio:
        works = say("leave it out: the layers keep the picture's shape")
        raise ArgumentError("aspect_ratio", say("does not go with layer_decomposition"), works, source)
    if arguments.size and arguments.size not in model.size.tiers:
        problem = say("{value} does not go with layer_decomposition", value=arguments.size)
        raise ArgumentError("size", problem, say("use {values}", values=listed(model.size.tiers)), source)
    return Size(arguments.size)


def _streams(
    arguments: ImageArguments, offer: Offer, model: ModelLimits, offers: Sequence[Offer], *, is_set: bool
) -> bool:
    if arguments.stream and not model.stream:
        works = _without_or_by(_able(lambda other: other.stream, offer, offers))
        raise ArgumentError("stream", _not_taken(model, offer), works, offer.limits.source(model, "stream"))
    return model.stream and (is_set if arguments.stream is None else arguments.stream)
