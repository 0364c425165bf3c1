"""Estimate what images cost, from the price table."""

from .limits import ModelLimits, Price
from .result import Cost, ImageRecord


def price_of(pixels: int, price: Price) -> float:
    """Return the price of one image of that many pixels."""
    fitting = (s.amount for s in price.steps if s.up_to_pixels is None or pixels <= s.up_to_pixels)
    return next(fitting, price.steps[-1].amount)


def estimate(images: tuple[ImageRecord, ...], billed: int, model: ModelLimits) -> Cost:
    """Estimate the cost of `billed` images; those that are not on disk are taken at the dearest step."""
    if model.price is None:
        return Cost(amount=None, currency=None, estimated=True)
    priced = [price_of(image.width * image.height, model.price) for image in images][:billed]
    dearest = max(step.amount for step in model.price.steps)
    amount = sum(priced) + dearest * (billed - len(priced))
    return Cost(amount=round(amount, 4), currency=model.price.currency, estimated=True)
