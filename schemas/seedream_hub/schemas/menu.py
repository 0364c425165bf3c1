"""All a call may choose from: the providers in the user's order, each with its models."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from .errors import SettingsError
from .language import say
from .limits import Limits, ModelLimits
from .offer import Offer, make_offer

Routing: TypeAlias = Literal["order", "cheapest"]


@dataclass(frozen=True, slots=True)
class Menu:
    """What is configured. The first provider's first model is the default."""

    offers: tuple[Offer, ...]
    routing: Routing = "order"

    @property
    def limits(self) -> Limits:
        """The whole table."""
        return self.offers[0].limits

    @property
    def default(self) -> ModelLimits:
        """The model of a call that names none."""
        return self.offers[0].default

    @property
    def providers(self) -> list[str]:
        """Their names, the preferred first."""
        return [offer.provider for offer in self.offers]

    @property
    def names(self) -> list[str]:
        """Every model's name, once."""
        return list(dict.fromkeys(model.name for _, model in self.entries))

    @property
    def entries(self) -> list[tuple[Offer, ModelLimits]]:
        """Every model at every provider."""
        return [(offer, model) for offer in self.offers for model in offer.models]

    def having(self, name: str) -> list[tuple[Offer, ModelLimits]]:
        """Return who has a model, the one to ask first in front."""
        found = [(offer, model) for offer, model in self.entries if model.name == name]
        return sorted(found, key=lambda entry: self._price(entry[1])) if self.routing == "cheapest" else found

    def _price(self, model: ModelLimits) -> float:
        """Return the dearest price of one image in dollars; an unknown one is above all."""
        if model.price is None:
            return float("inf")
        return max(step.amount for step in model.price.steps) / self.limits.per_usd[model.price.currency]


def make_menu(
    providers: Sequence[str], wanted: tuple[str, ...], limits: Limits, now: datetime, routing: Routing = "order"
) -> Menu:
    """Return what to offer. Each provider gets those of the `wanted` models it has; the first gets the unknown ones.

    Raises:
        SettingsError: If a wanted model is no longer served by any of them, or nothing is left.
    """
    offers: list[Offer] = []
    refused: SettingsError | None = None
    for provider in providers:
        names = tuple(name for name in wanted if _is_for(provider, name, providers, limits))
        if wanted and not names:
            continue
        try:
            offers.append(make_offer(provider, names, limits, now))
        except SettingsError as exc:
            refused = refused or exc
    if not offers:
        raise refused or SettingsError(
            say("SEEDREAM_MODELS={models} leaves nothing to offer", models=",".join(wanted))
        )
    return Menu(tuple(offers), routing)


def _is_for(provider: str, name: str, providers: Sequence[str], limits: Limits) -> bool:
    if _has(provider, name, limits):
        return True
    return provider == providers[0] and not any(_has(other, name, limits) for other in providers)


def _has(provider: str, name: str, limits: Limits) -> bool:
    rules = limits.providers.get(provider)
    return rules is not None and rules.find(name) is not None
