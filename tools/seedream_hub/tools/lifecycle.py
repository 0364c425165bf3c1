"""What is told of a model beside its pictures: that it ends soon, or that nothing is known of it."""

from seedream_hub.schemas.language import say
from seedream_hub.schemas.limits import ModelLimits, utc_now
from seedream_hub.schemas.offer import Offer


def model_warnings(model: ModelLimits, offer: Offer) -> list[str]:
    """Return what is to be known of a model before it is relied on."""
    if not model.is_known:
        told = say(
            "{model} stands in no limits table of {provider}: nothing was checked; the provider may refuse or change "
            "it.",
            model=model.name,
            provider=offer.label,
        )
        return [told]
    if offer.provider == "sandbox":
        return _real_end(model, offer)
    if model.lifecycle.state != "retiring":
        return []
    told = say(
        "{provider} retires {model}{when}{instead} ({source}).",
        provider=offer.label,
        model=model.name,
        when=_when(model),
        instead=_instead(model),
        source=offer.limits.source(model, "lifecycle"),
    )
    return [told]


def _real_end(model: ModelLimits, offer: Offer) -> list[str]:
    """Say of a model the sandbox draws for ever when it ends at Ark, whose models it has."""
    ark = offer.limits.providers.get("ark")
    real = ark.models.get(model.name) if ark else None
    if ark is None or real is None or real.lifecycle.state == "current":
        return []
    facts = {
        "provider": ark.label,
        "model": model.name,
        "when": _when(real),
        "instead": say("{instead} there", instead=_instead(real)) if real.lifecycle.use_instead else "",
        "source": offer.limits.source(real, "lifecycle"),
    }
    if real.lifecycle.is_served(utc_now()):
        return [say("{provider} retires {model}{when}{instead} ({source}). The sandbox goes on drawing it.", **facts)]
    return [say("{provider} retired {model}{when}{instead} ({source}). The sandbox goes on drawing it.", **facts)]


def _when(model: ModelLimits) -> str:
    return say(" on {when:%Y-%m-%d %H:%M %Z}", when=model.lifecycle.ends) if model.lifecycle.ends else ""


def _instead(model: ModelLimits) -> str:
    return say("; use {model}", model=model.lifecycle.use_instead) if model.lifecycle.use_instead else ""
