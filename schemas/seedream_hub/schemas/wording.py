"""What the agent reads of each argument: short, and made from the limits of what is offered."""

from collections.abc import Callable
from typing import Final

from .limits import ModelLimits
from .menu import Menu
from .size import as_share

AS_GENERATE: Final = "As for generate_image"
RATIO: Final = "With a tier: the documented pixels of that shape. Not with WIDTHxHEIGHT"
COUNT: Final = "How many independent variants"
FILENAME: Final = "File name, no extension"
WAIT: Final = "Seconds before a job_id is returned instead of the pictures; the work goes on"
KEY: Final = "Within a day, the same key and arguments return the same job"
IMAGE: Final = "The picture to change: file path, https URL, data URI, or the id or seedream:// URI of an earlier one"
STREAM: Final = "Have the upstream send pictures one by one as they are made"
SET_STREAM: Final = "Each picture as it is made; by default on where the model can"

_OPTIONS: Final = {
    "watermark": 'Mark "AI generated" at the lower right; by default on',
    "output_format": "File format; by default jpeg",
    "optimize_prompt": "How the upstream polishes the prompt: fast is quicker, plainer",
    "background": "transparent: cut out; needs a reference with transparency, gives png",
    "layer_decomposition": "Split the picture into a base and its layers, as png",
    "web_search": "Let the model look things up first",
    "seed": "-1: random",
    "guidance_scale": "How closely to follow the prompt",
    "response_format": "How pictures travel from the upstream; files are saved either way",
    "callback_url": "https address the upstream calls too when it is done",
}


def prompt(references: int, menu: Menu) -> str:
    """Say what a prompt is, how it names references, and how long it should be."""
    rules = menu.default.prompt
    best = (
        f"Best within {rules.advice_chinese_chars} Chinese characters or {rules.advice_english_words} English words"
    )
    if references > 1:
        return f'What to make; name references by place: "image 1", "图1". {best}'
    if references:
        return f"What to change and what to keep. {best}"
    return f"What to show; put text to render in double quotes. {best}"


def set_count(menu: Menu) -> str:
    """Say what a set's number is, and what bounds it together with its references."""
    bounds = {model.group.references_plus_outputs for _, model in menu.entries} - {None}
    together = f"; references + count at most {max(filter(None, bounds))}" if bounds else ""
    return f"How many pictures the set has{together}"


def images(menu: Menu, *, sets: bool) -> str:
    """Say what a reference is, and how many each model takes."""
    most = _by_rule(menu, lambda model: str(model.references.max) if model.references.max else "")
    least = "Optional references" if sets else "References in order"
    return f"{least}: paths, https URLs, data URIs, ids or seedream:// URIs of earlier pictures. At most {most}"


def sizes(menu: Menu) -> str:
    """Say what sizes each model takes."""
    return f"A tier (the model picks the shape from the prompt) or WIDTHxHEIGHT. {_by_rule(menu, _size_rule)}"


def models(menu: Menu) -> str:
    """Say what each model costs and when it ends."""
    notes: dict[str, list[str]] = {}
    for offer, model in menu.entries:
        if note := _model_note(model):
            at = f" at {offer.provider}" if len(menu.offers) > 1 else ""
            notes.setdefault(model.name, []).append(note + at)
    return "; ".join(f"{name} {', '.join(parts)}" for name, parts in notes.items()) or "Model"


def provider(menu: Menu) -> str:
    """Say who is asked when the call names nobody."""
    first = "the cheapest that can" if menu.routing == "cheapest" else "the first that can"
    return f"Who makes it; by default {first}, and the next one if that one does not accept the request"


def option(name: str, menu: Menu) -> str:
    """Say what an option does, and which models take it where not all do."""
    takers = [model for _, model in menu.entries if name in model.fields]
    only = _only(menu, lambda model: name in model.fields)
    return _OPTIONS[name] + only + _fast(name, takers)


def stream(menu: Menu, *, is_set: bool) -> str:
    """Say what a stream is, and who has one where not all do."""
    return (SET_STREAM if is_set else STREAM) + _only(menu, lambda model: model.stream)


def _only(menu: Menu, takes: Callable[[ModelLimits], bool]) -> str:
    """Say which models, or which providers, take something where not all do."""
    if all(takes(model) for _, model in menu.entries):
        return ""
    able = {offer.provider: [model for model in offer.models if takes(model)] for offer in menu.offers}
    names = dict.fromkeys(_short(model) for models in able.values() for model in models)
    without = [model for _, model in menu.entries if not takes(model) and _short(model) in names]
    which = f" {', '.join(names)}" if len(names) < len(menu.names) else ""
    at = [provider for provider, models in able.items() if models]
    where = f" at {', '.join(at)}" if without and len(at) < len(menu.offers) else ""
    return f". Only{which}{where}" if which or where else ""


def _fast(name: str, takers: list[ModelLimits]) -> str:
    """Name the models that take `fast`, where only some do."""
    able = {_short(model): "fast" in (model.fields[name].values or ()) for model in takers}
    if name != "optimize_prompt" or all(able.values()) or not any(able.values()):
        return ""
    return f"; fast: {', '.join(short for short, takes in able.items() if takes)}"


def _by_rule(menu: Menu, rule: Callable[[ModelLimits], str]) -> str:
    """Write each rule once, after the models it holds for."""
    holders: dict[str, list[str]] = {}
    for name in menu.names:
        rules = {offer.provider: rule(model) for offer, model in menu.entries if model.name == name}
        for provider_name, text in rules.items():
            short = name.removeprefix("seedream-")
            holder = short if len(set(rules.values())) == 1 else f"{short} at {provider_name}"
            if text and holder not in holders.setdefault(text, []):
                holders[text].append(holder)
    return "; ".join(f"{', '.join(names)}: {text}" for text, names in holders.items())


def _size_rule(model: ModelLimits) -> str:
    tiers = "/".join(model.size.tiers)
    window = "{} to {} px".format(*model.size.pixels) if model.size.pixels else ""
    shape = "ratio {} to {}".format(*map(as_share, model.size.ratio)) if model.size.ratio else ""
    default = f"default {model.size.default}" if model.size.default else ""
    pixels = "" if model.size.takes_pixels else "no pixels"
    return ", ".join(part for part in (tiers, window, shape, pixels, default) if part)


def _model_note(model: ModelLimits) -> str:
    notes: list[str] = []
    if model.price and any(step.amount for step in model.price.steps):
        amounts = "-".join(f"{step.amount:g}" for step in model.price.steps)
        notes.append(f"{amounts} {model.price.currency} an image")
    if model.lifecycle.ends:
        notes.append(f"ends {model.lifecycle.ends:%Y-%m-%d}")
    return ", ".join(notes)


def _short(model: ModelLimits) -> str:
    return model.name.removeprefix("seedream-")
