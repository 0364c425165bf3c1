"""The arguments of `generate_image`: typed, and bounded by what is offered."""

from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model

from .limits import Json, ModelLimits
from .offer import Offer
from .size import as_share


class GenerateArguments(BaseModel):
    """The shape of a call; `generate_arguments` adds the bounds of what is offered."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    prompt: str
    size: str | None = None
    aspect_ratio: str | None = None
    count: int = 1
    model: str
    watermark: bool = True
    filename: str | None = None


def generate_arguments(offer: Offer) -> type[GenerateArguments]:
    """Build the argument model from the limits of the models offered."""
    tiers = offered_tiers(offer)
    ratios = list(dict.fromkeys(r for m in offer.models for t in m.size.recommended.values() for r in t))
    call = offer.limits.call
    max_chars = max((m.prompt.max_chars or 0 for m in offer.models), default=0) or None
    fields: dict[str, Any] = {
        "prompt": Annotated[str, Field(pattern=r"\S", max_length=max_chars, description=_prompt_text(offer))],
        "size": (
            Annotated[str, Field(pattern=_size_pattern(tiers), description=_size_text(offer))],
            None,
        ),
        "count": (
            Annotated[int, Field(ge=1, le=call.max_count, description="How many independent variants"), _integral],
            1,
        ),
        "model": (_one_of([m.name for m in offer.models], _model_text(offer)), offer.default.name),
        "watermark": (Annotated[bool, Field(description='Mark "AI generated" at the lower right')], True),
        "filename": (
            Annotated[
                str,
                Field(min_length=1, max_length=call.max_filename_chars, description="File name, no extension"),
            ],
            None,
        ),
    }
    text = "With a tier: the documented pixels of that shape. Not with WIDTHxHEIGHT"
    fields["aspect_ratio"] = (_one_of(ratios, text) if ratios else None, None)
    return create_model("generate_image", __base__=GenerateArguments, **fields)


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


_integral = BeforeValidator(_whole)  # JSON Schema counts 2.0 as an integer, and so do we


def input_schema(arguments: type[BaseModel]) -> Json:
    """Return the model's JSON Schema in few tokens: no titles, no null defaults."""
    schema = arguments.model_json_schema()
    schema.pop("title", None)
    schema.pop("description", None)
    properties = cast(dict[str, Json], schema["properties"])
    for prop in properties.values():
        prop.pop("title", None)
        if prop.get("default", ...) is None:
            del prop["default"]
    schema["properties"] = {name: prop for name, prop in properties.items() if prop["type"] != "null"}
    return schema


def offered_tiers(offer: Offer) -> list[str]:
    """Return the size tiers of all models offered, the smallest first."""
    tiers = {tier for model in offer.models for tier in model.size.tiers}
    return sorted(tiers, key=lambda tier: (float(tier[:-1]) if tier[:-1].replace(".", "").isdigit() else 0, tier))


def _one_of(values: list[str], description: str) -> Any:  # noqa: ANN401 - a type made at run time
    return Annotated[Literal[tuple(values)], Field(description=description)]


def _size_pattern(tiers: list[str]) -> str:
    keywords = "|".join(tier.replace(".", r"\.") for tier in tiers)
    pixels = "[1-9][0-9]{1,4}x[1-9][0-9]{1,4}"
    return f"^({keywords}|{pixels})$" if tiers else f"^{pixels}$"


def _prompt_text(offer: Offer) -> str:
    rules = offer.default.prompt
    advice = f"{rules.advice_chinese_chars} Chinese characters or {rules.advice_english_words} English words"
    return f"What to show; put text to render in double quotes. Best within {advice}"


def _size_text(offer: Offer) -> str:
    by_rule: dict[str, list[str]] = {}
    for model in offer.models:
        by_rule.setdefault(_size_rule(model), []).append(model.name.removeprefix("seedream-"))
    rules = "; ".join(f"{', '.join(names)}: {rule}" for rule, names in by_rule.items())
    return f"A tier (the model picks the shape from the prompt) or WIDTHxHEIGHT. {rules}"


def _size_rule(model: ModelLimits) -> str:
    tiers = "/".join(model.size.tiers)
    window = "{} to {} px".format(*model.size.pixels) if model.size.pixels else ""
    shape = "ratio {} to {}".format(*map(as_share, model.size.ratio)) if model.size.ratio else ""
    default = f"default {model.size.default}" if model.size.default else ""
    return ", ".join(part for part in (tiers, window, shape, default) if part)


def _model_text(offer: Offer) -> str:
    notes = [f"{model.name} {note}" for model in offer.models if (note := _model_note(model))]
    return "; ".join(notes) if notes else "Model"


def _model_note(model: ModelLimits) -> str:
    notes: list[str] = []
    if model.price and any(step.amount for step in model.price.steps):
        amounts = "-".join(f"{step.amount:g}" for step in model.price.steps)
        notes.append(f"{amounts} {model.price.currency} an image")
    if model.lifecycle.ends:
        notes.append(f"ends {model.lifecycle.ends:%Y-%m-%d}")
    return ", ".join(notes)
