"""Estimate what images cost, from the price table."""

from typing import Final

from .limits import Limits, ModelLimits, PriceStep
from .requests import ImageRequest
from .result import Cost, ImageRecord
from .size import Size

SANDBOX: Final = "sandbox"


def price_of(pixels: int, steps: tuple[PriceStep, ...]) -> float:
    """Return the price of one image of that many pixels."""
    fitting = (s.amount for s in steps if s.up_to_pixels is None or pixels <= s.up_to_pixels)
    return next(fitting, steps[-1].amount)


def estimate(request: ImageRequest, model: ModelLimits, provider: str) -> Cost:
    """Estimate one picture before it is asked for, at the most it may cost; of layers, all that may come.

    What the model decides (a tier's shape, how many layers) is taken at its dearest.
    """
    if provider == SANDBOX:
        return Cost(amount=0, currency="CNY", estimated=True)
    if model.price is None:
        return nothing(None)
    price, layers = model.price, model.fields.get("layer_decomposition")
    is_layered = bool(request.layer_decomposition)
    steps = (price.layer_steps if is_layered else ()) or price.steps
    pixels = _most_pixels(request.size, model)
    amount = price_of(pixels, steps) if pixels else max(step.amount for step in steps)
    surcharge = price.per_reference * max(0, len(request.references) - price.free_references)
    most = (layers.most_pictures if layers else None) or 1
    whole = (amount + surcharge) * (most if is_layered else 1)
    return Cost(amount=round(whole, 4), currency=price.currency, estimated=True)


def _most_pixels(wire: str | None, model: ModelLimits) -> int | None:
    """Return the most pixels a size can give; None where no document says."""
    tables = model.size.recommended.get(wire or "", {}).values()
    sizes = [Size.of(wire), *map(Size.of, tables)] if wire else []
    return max((size.width * size.height for size in sizes if size.width and size.height), default=None)


def cost_of(image: ImageRecord | None, model: ModelLimits | None, references: int, *, is_layer: bool = False) -> Cost:
    """Estimate the cost of one billed image; one that is not on disk is taken at the dearest step."""
    return cost_of_pixels(image.width * image.height if image else None, model, references, is_layer=is_layer)


def cost_of_pixels(pixels: int | None, model: ModelLimits | None, references: int, *, is_layer: bool = False) -> Cost:
    """Estimate the cost of one billed image of that many pixels; of an unknown number, the dearest."""
    if model is None or model.price is None:
        return nothing(None)
    price = model.price
    steps = (price.layer_steps if is_layer else ()) or price.steps
    amount = price_of(pixels, steps) if pixels else max(step.amount for step in steps)
    surcharge = price.per_reference * max(0, references - price.free_references)
    return Cost(amount=round(amount + surcharge, 4), currency=price.currency, estimated=True)


def nothing(model: ModelLimits | None) -> Cost:
    """Return the cost of no image at all; unknown where no price is known."""
    if model is None or model.price is None:
        return Cost(amount=None, currency=None, estimated=True)
    return Cost(amount=0, currency=model.price.currency, estimated=True)


def total(costs: list[Cost], limits: Limits) -> Cost:
    """Add up the costs that are known, in the currency of the first of them; null where none is."""
    known = [(cost.amount, cost.currency) for cost in costs if cost.amount is not None and cost.currency]
    if not known:
        return nothing(None)
    rates, first = limits.per_usd, known[0][1]
    amount = sum(amount * rates[first] / rates[currency] for amount, currency in known)
    return Cost(amount=round(amount, 4), currency=first, estimated=True)
