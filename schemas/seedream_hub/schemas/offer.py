"""What the agent is offered: one provider, and those of its models the user wants."""

from dataclasses import dataclass
from datetime import datetime

from .errors import SettingsError
from .language import listed, say
from .limits import Limits, ModelLimits, ProviderLimits


@dataclass(frozen=True, slots=True)
class Offer:
    """A provider and the models a call may name; the first one is the default."""

    provider: str
    limits: Limits
    models: tuple[ModelLimits, ...]

    @property
    def label(self) -> str:
        """The provider's name as people write it."""
        return self.limits.providers[self.provider].label

    @property
    def default(self) -> ModelLimits:
        """The model of a call that names none."""
        return self.models[0]

    def model(self, name: str) -> ModelLimits:
        """Return the offered model of that name."""
        return next(model for model in self.models if model.name == name)


def make_offer(provider: str, wanted: tuple[str, ...], limits: Limits, now: datetime) -> Offer:
    """Return what to offer of `provider` at `now`.

    `wanted` are names, ids or endpoint ids, the default first; one that stands in no table gets the permissive
    profile. Without any, all that the provider still serves, its default model first.

    Raises:
        SettingsError: If a wanted model cannot be there or is no longer served, or the user's own limits leave none.
    """
    if provider not in limits.providers:
        raise _nothing_left(provider)
    if strange := [name for name in wanted if not limits.providers[provider].may_have(name)]:
        raise SettingsError(
            say(
                "SEEDREAM_MODELS names {model}, which the {provider} does not have; "
                "for example SEEDREAM_MODELS={example}",
                model=strange[0],
                provider=provider,
                example=limits.providers[provider].default_model,
            )
        )
    if wanted:
        models = tuple({model.name: model for name in wanted if (model := limits.model(provider, name))}.values())
        for model in models:
            if not model.lifecycle.is_served(now):
                instead = model.lifecycle.use_instead or _served_default(limits.providers[provider], now)
                raise SettingsError(_absence(model, provider, instead))
        return Offer(provider, limits, models)
    rules = limits.providers[provider]
    served = [model for model in rules.models.values() if model.lifecycle.is_served(now)]
    if not served:
        raise _nothing_left(provider)
    served.sort(key=lambda model: model.name != rules.default_model)
    return Offer(provider, limits, tuple(served))


def _absence(model: ModelLimits, provider: str, instead: str) -> str:
    if model.lifecycle.state == "elsewhere":
        return say(
            "SEEDREAM_MODELS names {model}, which {provider} serves only in {regions}; "
            "for example SEEDREAM_MODELS={example}",
            model=model.name,
            provider=provider,
            regions=listed(model.regions),
            example=instead,
        )
    return say(
        "SEEDREAM_MODELS names {model}, which {provider} no longer serves; for example SEEDREAM_MODELS={example}",
        model=model.name,
        provider=provider,
        example=instead,
    )


def _served_default(rules: ProviderLimits, now: datetime) -> str:
    """Return the default model, or one that is served where that one is not."""
    served = [name for name, model in rules.models.items() if model.lifecycle.is_served(now)]
    return rules.default_model if rules.default_model in served or not served else served[0]


def _nothing_left(provider: str) -> SettingsError:
    told = say("SEEDREAM_LIMITS_FILE leaves {provider} no model; drop the null that removes them", provider=provider)
    return SettingsError(told)
