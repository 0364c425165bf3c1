"""The documented limits, read from `limits.json`: one profile for each provider and model.

Nothing else in the code holds a limit. Every figure names its source and the day that source was read.
"""

import json
import re
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal, Self, cast

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from .language import listed, say
from .table import Json, assembled


def _ordered(bounds: tuple[float, float]) -> tuple[float, float]:
    if not 0 < bounds[0] <= bounds[1]:
        low, high = bounds
        raise ValueError(
            say("{low:g} to {high:g} is no window: two positive numbers, the smaller one first", low=low, high=high)
        )
    return bounds


Interval = Annotated[tuple[int, int], AfterValidator(_ordered), "inclusive"]
Ratio = Annotated[tuple[float, float], AfterValidator(_ordered), "width / height, inclusive"]
Tier = Annotated[str, Field(pattern=r"^[A-Za-z0-9.]+$")]
Pixels = Annotated[str, Field(pattern="^[1-9][0-9]{1,4}x[1-9][0-9]{1,4}$")]


class Table(BaseModel):
    """Frozen data; an unknown key is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(Table):
    """Where a figure stands, and the day it was read there."""

    title: str
    read: str

    def __str__(self) -> str:
        return say("{source}, read {day}", source=self.title, day=self.read)


class Lifecycle(Table):
    """Whether the provider still serves the model, until when, and what to use instead."""

    state: Literal["current", "retiring", "ended", "elsewhere", "unknown"]
    """`elsewhere`: not in the user's region."""
    ends: AwareDatetime | None = None
    use_instead: str | None = None

    def is_served(self, now: datetime) -> bool:
        """Say whether the provider answers for the model at `now`."""
        return self.state not in {"ended", "elsewhere"} and (self.ends is None or now < self.ends)


class SizeRules(Table):
    """Output sizes: tier keywords, the pixel window, the ratio window, and recommended pixels by tier."""

    tiers: tuple[Tier, ...]
    default: str | None = None
    pixels: Interval | None = None
    ratio: Ratio | None = None
    ratios: tuple[str, ...] = ()
    recommended: dict[str, dict[str, Pixels]] = Field(default_factory=dict[str, dict[str, Pixels]])

    @property
    def takes_pixels(self) -> bool:
        """Whether `WIDTHxHEIGHT` is taken: not where only ratios beside tiers are documented."""
        return self.pixels is not None or not self.ratios


class ReferenceRules(Table):
    """Input images: how many, which formats, and bounds on each one's bytes, sides, pixels and ratio."""

    max: int | None = None
    min: int = 0
    formats: tuple[str, ...] | None = None
    max_bytes: int | None = None
    ratio: Ratio | None = None
    min_side_exclusive: int | None = None
    pixels: Interval | None = None
    url: bool
    data_uri: bool
    upload_formats: tuple[str, ...] | None = None
    """What a file may be that is uploaded for a link, where the upload takes fewer formats."""


class GroupRules(Table):
    """One request's set of images: its largest size, and the bound on references plus outputs."""

    max_images: int
    references_plus_outputs: int | None = None


class PromptRules(Table):
    """Advice on length, and hard bounds where documented."""

    advice_chinese_chars: int
    advice_english_words: int
    max_chars: int | None = None
    max_tokens: int | None = None


class FieldRules(Table):
    """One optional request field the model takes."""

    default: str | float | bool | None = None
    values: tuple[str, ...] | None = None
    range: tuple[float, float] | None = None
    max_length: int | None = None
    reference_formats: tuple[str, ...] | None = None
    """What references the field's use takes, where fewer than the model."""
    reference_pixels: Interval | None = None
    most_pictures: int | None = None
    """How many one request may bring, where its use brings several."""


class PriceStep(Table):
    """Price of one image of up to `up_to_pixels`; the last step has no bound."""

    amount: float
    up_to_pixels: int | None = None


class Price(Table):
    """Price of one image by its pixels, and of references beyond the free ones."""

    currency: str
    steps: Annotated[tuple[PriceStep, ...], Field(min_length=1)]
    layer_steps: tuple[PriceStep, ...] = ()
    """Of a picture that is a layer of another, where it has a price of its own."""
    free_references: int = 0
    per_reference: float = 0.0


class ModelLimits(Table):
    """All that is documented of one model at one provider."""

    name: str
    ids: Annotated[tuple[str, ...], Field(min_length=1)]
    lifecycle: Lifecycle
    size: SizeRules
    references: ReferenceRules
    group: GroupRules
    stream: bool
    prompt: PromptRules
    fields: dict[str, FieldRules]
    images_per_minute: int | None = None
    regions: tuple[str, ...] = ()
    """The only regions that serve it; without any, all do."""
    price: Price | None = None
    sources: dict[str, str]

    @property
    def id(self) -> str:
        """The id to send: the first one documented."""
        return self.ids[0]

    @property
    def names(self) -> tuple[str, ...]:
        """All it goes by."""
        return (self.name, *self.ids)

    @property
    def is_known(self) -> bool:
        """False for the permissive profile of a model that stands in no table."""
        return self.lifecycle.state != "unknown"

    def source_of(self, figure: str) -> str:
        """Name the source of a figure by its dotted path: the longest prefix that is listed, else `*`."""
        parts = figure.split(".")
        prefixes = (".".join(parts[:n]) for n in range(len(parts), 0, -1))
        return next((self.sources[p] for p in prefixes if p in self.sources), self.sources["*"])


class ProviderLimits(Table):
    """A provider: its documented base URLs by region, and its models by name."""

    label: str
    default_model: str
    link_lifetime_s: int
    base_urls: dict[str, str] = Field(default_factory=dict[str, str])
    files_url: str | None = None
    """Where a local file is uploaded to get a link, where the provider takes references by link only."""
    other_ids: str | None = None
    """A pattern of the ids it may serve beside those of `models`; without one, any."""
    models: dict[str, ModelLimits]

    def may_have(self, name_or_id: str) -> bool:
        """Say whether it has the model, or may have it."""
        return self.find(name_or_id) is not None or not self.other_ids or bool(re.match(self.other_ids, name_or_id))

    def find(self, name_or_id: str) -> ModelLimits | None:
        """Return the model of that name or id."""
        by_name = self.models.get(name_or_id)
        return by_name or next((m for m in self.models.values() if name_or_id in m.ids), None)


class CallRules(Table):
    """Bounds on one call that are ours, not an upstream's."""

    max_count: int
    max_filename_chars: int
    max_image_bytes: int
    max_body_bytes: int
    """Ark's documents bound a request of its other APIs so; for pictures none is documented."""
    source: str


class Limits(Table):
    """The whole table."""

    as_of: str
    sources: dict[str, Source]
    call: CallRules
    per_usd: dict[str, float]
    """What a US dollar is worth, roughly: only to tell which provider is cheaper."""
    unknown_model: Json
    providers: dict[str, ProviderLimits]

    @model_validator(mode="after")
    def _names_lead_somewhere(self) -> Self:
        for provider in self.providers.values():
            for model in provider.models.values():
                lost = {"*"} - set(model.sources) or set(model.sources.values()) - set(self.sources)
                if lost:
                    raise ValueError(
                        say("{model}: sources has no {names}", model=model.name, names=listed(sorted(lost)))
                    )
                if model.price and model.price.currency not in self.per_usd:
                    currency = model.price.currency
                    raise ValueError(say("{model}: per_usd has no {currency}", model=model.name, currency=currency))
        return self

    @classmethod
    def from_json(cls, packaged: Json, own: Json | None = None) -> Self:
        """Build the table from its parsed JSON, with a user's own additions merged over it.

        Raises:
            pydantic.ValidationError: If a figure is missing or of the wrong type.
            ValueError: If the user's own file has a part that is in no table or of another shape, or names what is
                not there.
        """
        return cls.model_validate(assembled(packaged, own or {}))

    def in_region(self, provider: str, region: str) -> Self:
        """Return the table with a provider's models as one of its regions has them."""
        rules = self.providers[provider]
        away = Lifecycle(state="elsewhere", use_instead=None)
        strange = {
            name: model.model_copy(update={"lifecycle": away})
            for name, model in rules.models.items()
            if model.regions and region not in model.regions
        }
        here = rules.model_copy(update={"models": rules.models | strange})
        return self.model_copy(update={"providers": self.providers | {provider: here}})

    def model(self, provider: str, name_or_id: str) -> ModelLimits:
        """Return the model's profile; for a model that stands in no table, the permissive one."""
        known = self.providers[provider].find(name_or_id)
        if known:
            return known
        return ModelLimits.model_validate({**self.unknown_model, "name": name_or_id, "ids": [name_or_id]})

    def source(self, model: ModelLimits, figure: str) -> str:
        """Say where a model's figure stands and when it was read there."""
        return str(self.sources[model.source_of(figure)])


def packaged_table() -> Json:
    """Return the table as shipped, parsed."""
    text = files("seedream_hub.schemas").joinpath("limits.json").read_text(encoding="utf-8")
    return cast(Json, json.loads(text))


@cache
def packaged_limits() -> Limits:
    """Return the limits as shipped."""
    return Limits.from_json(packaged_table())


def utc_now() -> datetime:
    """Return the present moment, with its zone."""
    return datetime.now(UTC)
