"""What is told of the limits: all a call may ask of each configured provider and model, and where that stands."""

from typing import Literal

from seedream_hub.schemas.arguments import BATCH, EDIT, FUSE, GENERATE
from seedream_hub.schemas.limits import (
    FieldRules,
    GroupRules,
    Lifecycle,
    ModelLimits,
    Price,
    PromptRules,
    ReferenceRules,
    SizeRules,
    utc_now,
)
from seedream_hub.schemas.menu import Menu
from seedream_hub.schemas.offer import Offer
from seedream_hub.schemas.result import Part


class ModelReport(Part):
    """One model at one provider. What is left out is not documented."""

    model: str
    ids: tuple[str, ...]
    """What the provider calls it; the first one is sent."""
    is_default: bool
    """Whether it makes the pictures of a call that names no model and no provider."""
    is_served: bool
    """Whether its provider still answers for it now."""
    lifecycle: Lifecycle
    size: SizeRules
    references: ReferenceRules
    set: GroupRules
    """Of one request."""
    stream: bool
    prompt: PromptRules
    options: dict[str, FieldRules]
    """The other arguments it takes."""
    images_per_minute: int | None
    price: Price | Literal["unknown"]
    sources: dict[str, str]
    """Of a figure by its path, `*` of all others."""


class ProviderReport(Part):
    """One configured provider."""

    provider: str
    label: str
    link_lifetime_s: int
    models: tuple[ModelReport, ...]


class Bounds(Part):
    """Least and most of what one tool takes, whatever the model."""

    references: tuple[int, int]
    count: tuple[int, int]


class LimitsReport(Part):
    """What is configured now, the preferred provider first."""

    as_of: str
    """The day the table was put together."""
    routing: Literal["order", "cheapest"]
    tools: dict[str, Bounds]
    max_image_bytes: int
    max_body_bytes: int
    providers: tuple[ProviderReport, ...]


def limits_report(menu: Menu) -> LimitsReport:
    """Return the limits of all that is configured."""
    kinds = (GENERATE, EDIT, FUSE, BATCH)
    return LimitsReport(
        as_of=menu.limits.as_of,
        routing=menu.routing,
        tools={kind.tool: Bounds(references=kind.references, count=kind.count) for kind in kinds},
        max_image_bytes=menu.limits.call.max_image_bytes,
        max_body_bytes=menu.limits.call.max_body_bytes,
        providers=tuple(_provider(offer, menu) for offer in menu.offers),
    )


def _provider(offer: Offer, menu: Menu) -> ProviderReport:
    rules = offer.limits.providers[offer.provider]
    models = tuple(_model(model, offer, menu) for model in offer.models)
    return ProviderReport(
        provider=offer.provider, label=rules.label, link_lifetime_s=rules.link_lifetime_s, models=models
    )


def _model(model: ModelLimits, offer: Offer, menu: Menu) -> ModelReport:
    return ModelReport(
        model=model.name,
        ids=model.ids,
        is_default=menu.having(menu.default.name)[0] == (offer, model),
        is_served=model.lifecycle.is_served(utc_now()),
        lifecycle=model.lifecycle,
        size=model.size,
        references=model.references,
        set=model.group,
        stream=model.stream,
        prompt=model.prompt,
        options=model.fields,
        images_per_minute=model.images_per_minute,
        price=model.price or "unknown",
        sources={figure: str(offer.limits.sources[source]) for figure, source in model.sources.items()},
    )
