"""The arguments of the tools that make images: typed, and bounded by what is offered."""

from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, TypeAlias, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model

from . import wording
from .language import say
from .limits import FieldRules, Json
from .menu import Menu

Definition: TypeAlias = tuple[Any, Any]
"""A field as `create_model` takes it: its annotation and its default."""

Purpose: TypeAlias = Literal["plain", "layers", "transparent", "transparent layers"]

MAX_WAIT_S: Final = 600
MAX_KEY_CHARS: Final = 100

PIXELS: Final = "[1-9][0-9]{1,4}x[1-9][0-9]{1,4}"


@dataclass(frozen=True, slots=True)
class Kind:
    """What sets one tool apart: how many references it takes, how many pictures it gives, and of which sort."""

    tool: str
    references: tuple[int, int] = (0, 0)
    """Least and most; the most is also bounded by the models offered."""
    count: tuple[int, int] = (1, 1)
    is_set: bool = False


GENERATE: Final = Kind("generate_image", count=(1, 15))
EDIT: Final = Kind("edit_image", references=(1, 1))
FUSE: Final = Kind("fuse_images", references=(2, 14))
BATCH: Final = Kind("batch_images", references=(0, 14), count=(2, 15), is_set=True)


class ImageArguments(BaseModel):
    """The checked arguments of any of the tools; None where not given."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt: str = ""
    image: str | None = None
    images: tuple[str, ...] = ()
    size: str | None = None
    aspect_ratio: str | None = None
    count: int = 1
    model: str
    provider: str | None = None
    watermark: bool | None = None
    output_format: str | None = None
    optimize_prompt: str | None = None
    background: str | None = None
    layer_decomposition: bool | None = None
    web_search: bool | None = None
    seed: int | None = None
    guidance_scale: float | None = None
    stream: bool | None = None
    response_format: str | None = None
    callback_url: str | None = None
    filename: str | None = None
    wait_s: int | None = None
    request_key: str | None = None

    @property
    def references(self) -> dict[str, str]:
        """The references in their order, each by the name of its argument."""
        if self.image is not None:
            return {"image": self.image}
        return {f"images[{index}]": value for index, value in enumerate(self.images)}

    @property
    def purpose(self) -> Purpose:
        """What the references are for: some uses take fewer formats, or need transparency."""
        if self.background == "transparent":
            return "transparent layers" if self.layer_decomposition else "transparent"
        return "layers" if self.layer_decomposition else "plain"


def arguments_of(kind: Kind, menu: Menu) -> type[BaseModel]:
    """Build the argument model of one tool from the limits of all that is offered."""
    ratios = [
        r for _, m in menu.entries for r in (*m.size.ratios, *(k for t in m.size.recommended.values() for k in t))
    ]
    fields: dict[str, Definition | None] = {
        "prompt": _prompt(kind, menu),
        **_references(kind, menu),
        "size": _optional(
            str,
            pattern=_size_pattern(menu),
            description=wording.sizes(menu) if kind is GENERATE else say(wording.AS_GENERATE),
        ),
        "aspect_ratio": _choice([*dict.fromkeys(ratios)], say(wording.RATIO) if kind is GENERATE else ""),
        "count": _count(kind, menu),
        "model": _choice(menu.names, wording.models(menu) if kind is GENERATE else "", menu.default.name),
        "provider": _choice(menu.providers, wording.provider(menu) if kind is GENERATE else "")
        if len(menu.offers) > 1
        else None,
        **{name: _option(name, menu, kind) for name in _OPTIONS if name not in _EDIT_ONLY or kind is EDIT},
        "stream": _stream(kind, menu),
        "filename": _optional(
            str,
            min_length=1,
            max_length=menu.limits.call.max_filename_chars,
            description=say(wording.FILENAME) if kind is GENERATE else "",
        ),
        **_call_options(kind),
    }
    known = {name: definition for name, definition in fields.items() if definition}
    config = ConfigDict(frozen=True, extra="forbid", strict=True)
    return create_model(kind.tool, __config__=config, **cast("dict[str, Any]", known))


def _call_options(kind: Kind) -> dict[str, Definition | None]:
    """Return what a call says of itself rather than of its pictures."""
    first = kind is GENERATE
    wait = Field(ge=0, le=MAX_WAIT_S, description=say(wording.WAIT) if first else "")
    key = say(wording.KEY) if first else ""
    return {
        "wait_s": (Annotated[int, wait, _integral], None),
        "request_key": _optional(str, min_length=1, max_length=MAX_KEY_CHARS, description=key),
    }


def input_schema(arguments: type[BaseModel]) -> Json:
    """Return the model's JSON Schema in few tokens: no titles, no null defaults."""
    schema = arguments.model_json_schema()
    for told_elsewhere in ("title", "description"):
        schema.pop(told_elsewhere, None)
    for prop in cast("dict[str, Json]", schema["properties"]).values():
        prop.pop("title", None)
        if prop.get("default", ...) is None:
            del prop["default"]
        if prop.get("description") == "":
            del prop["description"]
    return schema


def offered_tiers(menu: Menu) -> list[str]:
    """Return the size tiers of all models offered, the smallest first."""
    tiers = {tier for _, model in menu.entries for tier in model.size.tiers}
    return sorted(tiers, key=lambda tier: (float(tier[:-1]) if tier[:-1].replace(".", "").isdigit() else 0, tier))


_OPTIONS: Final = (
    "watermark",
    "output_format",
    "optimize_prompt",
    "background",
    "layer_decomposition",
    "web_search",
    "seed",
    "guidance_scale",
    "response_format",
    "callback_url",
)
_EDIT_ONLY: Final = frozenset({"background", "layer_decomposition"})


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


_integral: Final = BeforeValidator(_whole)  # JSON Schema counts 2.0 as an integer, and so do we


def _prompt(kind: Kind, menu: Menu) -> Definition:
    bounds = [model.prompt.max_chars for _, model in menu.entries]
    most = max(filter(None, bounds)) if all(bounds) else None
    field = Field(pattern=r"\S", max_length=most, description=wording.prompt(kind.references[1], menu))
    return Annotated[str, field], ...


def _references(kind: Kind, menu: Menu) -> dict[str, Definition | None]:
    least, most = kind.references
    if not most:
        return {}
    if most == 1:
        return {"image": (Annotated[str, Field(pattern=r"\S", description=say(wording.IMAGE))], ...)}
    most = min(most, max(model.references.max or most for _, model in menu.entries))
    item = Annotated[str, Field(pattern=r"\S")]
    field = Field(min_length=least, max_length=most, description=wording.images(menu, sets=kind.is_set))
    return {"images": (Annotated[list[item], field], ... if least else [])} if most >= least else {}


def _count(kind: Kind, menu: Menu) -> Definition | None:
    least, most = kind.count[0], min(kind.count[1], menu.limits.call.max_count)
    if kind.count == (1, 1):
        return None
    field = Field(ge=least, le=most, description=wording.set_count(menu) if kind.is_set else say(wording.COUNT))
    return Annotated[int, field, _integral], ... if kind.is_set else 1


def _option(name: str, menu: Menu, kind: Kind) -> Definition | None:
    rules = [model.fields[name] for _, model in menu.entries if name in model.fields]
    if not rules:
        return None
    text = wording.option(name, menu) if kind is GENERATE or name in _EDIT_ONLY else ""
    if values := [*dict.fromkeys(value for rule in rules for value in rule.values or ())]:
        return _choice(values, text)
    if name == "callback_url":
        most = max(rule.max_length or 0 for rule in rules) or None
        return _optional(str, pattern="^https://", max_length=most, description=text)
    if rules[0].range:
        return _number(rules, text, whole=name == "seed")
    return _optional(bool, description=text)


def _number(rules: list[FieldRules], text: str, *, whole: bool) -> Definition:
    spans = [rule.range for rule in rules if rule.range]
    least, most = min(span[0] for span in spans), max(span[1] for span in spans)
    if whole:
        return Annotated[int, Field(ge=int(least), le=int(most), description=text), _integral], None
    return _optional(float, ge=least, le=most, description=text)


def _stream(kind: Kind, menu: Menu) -> Definition | None:
    if not any(model.stream for _, model in menu.entries):
        return None
    told = wording.stream(menu, is_set=kind.is_set) if kind is GENERATE or kind.is_set else ""
    return _optional(bool, description=told)


def _optional(kind: Any, **bounds: Any) -> Definition:  # noqa: ANN401 - pydantic's own
    return Annotated[kind, Field(**bounds)], None


def _choice(values: list[str], description: str, default: str | None = None) -> Definition | None:
    """Return a field that takes one of the values; none where there are no values."""
    return (Annotated[Literal[tuple(values)], Field(description=description)], default) if values else None


def _size_pattern(menu: Menu) -> str:
    keywords = [tier.replace(".", r"\.") for tier in offered_tiers(menu)]
    takes_pixels = any(model.size.takes_pixels for _, model in menu.entries)
    return f"^({'|'.join([*keywords, *([PIXELS] if takes_pixels else [])])})$"
