"""Estimate what images cost, from the price table."""

from .limits import Limits, ModelLimits, Price
from .result import Cost, ImageRecord


def price_of(pixels: int, price: Price) -> float:
    """Return the price of one image of that many pixels."""
    fitting = (s.amount for s in price.steps if s.up_to_pixels is None or pixels <= s.up_to_pixels)
    return next(fitting, price.steps[-1].amount)


def estimate(images: tuple[ImageRecord, ...], billed: int, model: ModelLimits, references: int = 0) -> Cost:
    """Estimate the cost of `billed` images; those that are not on disk are taken at the dearest step."""
    if model.price is None:
        return Cost(amount=None, currency=None, estimated=True)
    priced = [price_of(image.width * image.height, model.price) for image in images][:billed]
    dearest = max(step.amount for step in model.price.steps)
    surcharge = model.price.per_reference * max(0, references - model.price.free_references)
    amount = sum(priced) + dearest * (billed - len(priced)) + surcharge * billed
    return Cost(amount=round(amount, 4), currency=model.price.currency, estimated=True)


def total(costs: list[Cost], limits: Limits) -> Cost:
    """Add costs up, in the currency of the first; null where one is unknown."""
    first = costs[0].currency
    rates = limits.per_usd
    amounts = [
        cost.amount * rates[first] / rates[cost.currency]
        if cost.amount is not None and cost.currency and first
        else None
        for cost in costs
    ]
    known = [amount for amount in amounts if amount is not None]
    if len(known) < len(costs):
        return Cost(amount=None, currency=None, estimated=True)
    return Cost(amount=round(sum(known), 4), currency=first, estimated=True)
