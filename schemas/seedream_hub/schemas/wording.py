"""What the agent reads of each argument: short, and made from the limits of what is offered."""

from collections.abc import Callable
from typing import Final

from .language import joined, later, listed, say
from .limits import ModelLimits
from .menu import Menu
from .size import as_share

AS_GENERATE: Final = later("As for generate_image")
RATIO: Final = later("With a tier: the documented pixels of that shape. Not with WIDTHxHEIGHT")
COUNT: Final = later("How many independent variants")
FILENAME: Final = later("File name, no extension")
WAIT: Final = later("Seconds before a job_id is returned instead of the pictures; the work goes on")
KEY: Final = later("Within a day, the same key and arguments return the same job")
IMAGE: Final = later(
    "The picture to change: file path, https URL, data URI, or the id or seedream:// URI of an earlier one"
)
STREAM: Final = later("Have the upstream send pictures one by one as they are made")
SET_STREAM: Final = later("Each picture as it is made; by default on where the model can")

_OPTIONS: Final = {
    "watermark": later('Mark "AI generated" at the lower right; by default on'),
    "output_format": later("File format; by default jpeg"),
    "optimize_prompt": later("How the upstream polishes the prompt: fast is quicker, plainer"),
    "background": later("transparent: cut out; needs a reference with transparency, gives png"),
    "layer_decomposition": later("Split the picture into a base and its layers, as png"),
    "web_search": later("Let the model look things up first"),
    "seed": later("-1: random"),
    "guidance_scale": later("How closely to follow the prompt"),
    "response_format": later("How pictures travel from the upstream; files are saved either way"),
    "callback_url": later("https address the upstream calls too when it is done"),
}


def prompt(references: int, menu: Menu) -> str:
    """Say what a prompt is, how it names references, and how long it should be."""
    rules = menu.default.prompt
    if references > 1:
        return say('What to make; name references by place: "image 1", "图1"')
    if references:
        return say("What to change and what to keep")
    return say(
        "What to show; put text to render in double quotes. "
        "Best within {chinese} Chinese characters or {english} English words",
        chinese=rules.advice_chinese_chars,
        english=rules.advice_english_words,
    )


def set_count(menu: Menu) -> str:
    """Say what a set's number is, and what bounds it together with its references."""
    if bounds := {model.group.references_plus_outputs for _, model in menu.entries} - {None}:
        most = max(filter(None, bounds))
        return say("How many pictures the set has; references + count at most {most}", most=most)
    return say("How many pictures the set has")


def images(menu: Menu, *, sets: bool) -> str:
    """Say what a reference is, and how many each model takes."""
    most = _by_rule(menu, lambda model: str(model.references.max) if model.references.max else "")
    what = (
        later(
            "Optional references: paths, https URLs, data URIs, ids or seedream:// URIs of earlier pictures. "
            "At most {most}"
        )
        if sets
        else later(
            "References in order: paths, https URLs, data URIs, ids or seedream:// URIs of earlier pictures. "
            "At most {most}"
        )
    )
    return say(what, most=most)


def sizes(menu: Menu) -> str:
    """Say what sizes each model takes."""
    return say(
        "A tier (the model picks the shape from the prompt) or WIDTHxHEIGHT. {sizes}",
        sizes=_by_rule(menu, _size_rule),
    )


def models(menu: Menu) -> str:
    """Say what each model costs and when it ends."""
    notes: dict[str, list[str]] = {}
    for offer, model in menu.entries:
        if note := _model_note(model):
            several = len(menu.offers) > 1
            told = say("{note} at {provider}", note=note, provider=offer.provider) if several else note
            notes.setdefault(_short(model), []).append(told)
    told = (say("{model}: {notes}", model=name, notes=joined(parts)) for name, parts in notes.items())
    return say("; ").join(told) or say("Model")


def provider(menu: Menu) -> str:
    """Say who is asked when the call names nobody."""
    if menu.routing == "cheapest":
        return say(
            "Who makes it; by default the cheapest that can, and the next one if that one does not accept the request"
        )
    return say(
        "Who makes it; by default the first that can, and the next one if that one does not accept the request"
    )


def option(name: str, menu: Menu) -> str:
    """Say what an option does, and which models take it where not all do."""
    takers = [model for _, model in menu.entries if name in model.fields]
    only = _only(menu, lambda model: name in model.fields)
    return say(_OPTIONS[name]) + only + _fast(name, takers)


def stream(menu: Menu, *, is_set: bool) -> str:
    """Say what a stream is, and who has one where not all do."""
    return say(SET_STREAM if is_set else STREAM) + _only(menu, lambda model: model.stream)


def _only(menu: Menu, takes: Callable[[ModelLimits], bool]) -> str:
    """Say which models, or which providers, take something where not all do."""
    if all(takes(model) for _, model in menu.entries):
        return ""
    able = {offer.provider: [model for model in offer.models if takes(model)] for offer in menu.offers}
    names = dict.fromkeys(_short(model) for models in able.values() for model in models)
    without = [model for _, model in menu.entries if not takes(model) and _short(model) in names]
    at = [provider for provider, models in able.items() if models]
    is_by_model, is_by_provider = len(names) < len(menu.names), bool(without) and len(at) < len(menu.offers)
    if is_by_model and is_by_provider:
        return say(". Only {models} at {providers}", models=listed(names), providers=listed(at))
    if is_by_provider:
        return say(". Only at {providers}", providers=listed(at))
    return say(". Only {models}", models=listed(names)) if is_by_model else ""


def _fast(name: str, takers: list[ModelLimits]) -> str:
    """Name the models that take `fast`, where only some do."""
    able = {_short(model): "fast" in (model.fields[name].values or ()) for model in takers}
    if name != "optimize_prompt" or all(able.values()) or not any(able.values()):
        return ""
    return say("; fast: {models}", models=listed(short for short, takes in able.items() if takes))


def _by_rule(menu: Menu, rule: Callable[[ModelLimits], str]) -> str:
    """Write each rule once, after the models it holds for."""
    holders: dict[str, list[str]] = {}
    for name in menu.names:
        rules = {offer.provider: rule(model) for offer, model in menu.entries if model.name == name}
        for provider_name, text in rules.items():
            short = name.removeprefix("seedream-")
            is_alike = len(set(rules.values())) == 1
            holder = short if is_alike else say("{model} at {provider}", model=short, provider=provider_name)
            if text and holder not in holders.setdefault(text, []):
                holders[text].append(holder)
    told = (say("{models}: {rule}", models=listed(names), rule=text) for text, names in holders.items())
    return say("; ").join(told)


def _size_rule(model: ModelLimits) -> str:
    window, shape = model.size.pixels, model.size.ratio
    parts = (
        "/".join(model.size.tiers),
        say("{low} to {high} px", low=window[0], high=window[1]) if window else "",
        say("ratio {low} to {high}", low=as_share(shape[0]), high=as_share(shape[1])) if shape else "",
        "" if model.size.takes_pixels else say("no pixels"),
        say("default {size}", size=model.size.default) if model.size.default else "",
    )
    return joined(parts)


def _model_note(model: ModelLimits) -> str:
    notes: list[str] = []
    if model.price and any(step.amount for step in model.price.steps):
        amounts = "-".join(f"{step.amount:g}" for step in model.price.steps)
        notes.append(say("{amount} {currency} each", amount=amounts, currency=model.price.currency))
    if model.lifecycle.ends:
        notes.append(say("ends {day}", day=f"{model.lifecycle.ends:%Y-%m-%d}"))
    return joined(notes)


def _short(model: ModelLimits) -> str:
    return model.name.removeprefix("seedream-")
