"""Say what would fit into what is left of a budget: fewer or smaller pictures, another model or provider. Pure."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from seedream_hub.schemas.cost import estimate
from seedream_hub.schemas.language import say
from seedream_hub.schemas.limits import ModelLimits
from seedream_hub.schemas.menu import Menu
from seedream_hub.schemas.money import ROUNDING, Money, Rates, as_money
from seedream_hub.schemas.requests import ImageRequest
from seedream_hub.schemas.size import Size, is_legal

if TYPE_CHECKING:
    from seedream_hub.jobs.order import Order


def ways(orders: Sequence["Order"], left: Money | None, menu: Menu) -> str:
    """Name what would fit, as far as it is one request; of several, any may be left out."""
    if left is None or left.amount <= ROUNDING:
        return ""
    if len(orders) > 1:
        return say("Fewer requests may fit.")
    purse, order = _Purse(left, Rates(menu.limits.per_usd)), orders[0]
    found = [_fewer(order, purse), _smaller(order, purse), _cheaper(order, purse, menu)]
    return say("What would fit: {ways}.", ways=say("; ").join(filter(None, found))) if any(found) else ""


class _Purse:
    """What is left."""

    def __init__(self, left: Money, rates: Rates) -> None:
        self._left = left
        self._rates = rates

    def holds(self, each: Money, count: int) -> bool:
        return self.worth(each) * count <= self._left.amount + ROUNDING

    def most(self, each: Money) -> int:
        return int((self._left.amount + ROUNDING) / self.worth(each))

    def worth(self, money: Money) -> float:
        return self._rates.convert(money, self._left.currency).amount


def _fewer(order: "Order", purse: _Purse) -> str:
    each = as_money(order.cost)
    fitting = purse.most(each) if each and each.amount else 0
    return say("count {count}", count=fitting) if 0 < fitting < order.count else ""


def _smaller(order: "Order", purse: _Purse) -> str:
    """Name the largest tier that fits."""
    route = order.routes[0]
    for tier in reversed(route.model.size.tiers):
        cost = as_money(estimate(_sized(route.request, tier), route.model, route.provider))
        if cost and cost.amount < (order.cost.amount or 0) and purse.holds(cost, order.count):
            return say("size {tier} ({cost} each)", tier=tier, cost=cost)
    return ""


def _cheaper(order: "Order", purse: _Purse, menu: Menu) -> str:
    """Name the cheapest model and provider that fit."""
    route, fitting = order.routes[0], list[tuple[float, str]]()
    for offer, model in menu.entries:
        if (offer.provider, model.name) == (route.provider, route.model.name) or not _takes(model, route.request):
            continue
        cost = as_money(estimate(route.request, model, offer.provider))
        if cost and purse.holds(cost, order.count):
            facts = {"model": model.name, "provider": offer.provider, "cost": cost}
            told = say("model {model}, provider {provider} ({cost} each)", **facts)
            fitting.append((purse.worth(cost), told))
    return min(fitting)[1] if fitting else ""


def _takes(model: ModelLimits, request: ImageRequest) -> bool:
    """Say whether a model takes the size and the references; its other arguments are checked when it is asked."""
    given, size = len(request.references), Size.of(request.size or "")
    fits = request.size in {None, *model.size.tiers}
    if size.width and size.height:
        fits = model.size.takes_pixels and is_legal(size.width, size.height, model)
    return fits and model.references.min <= given <= (given if model.references.max is None else model.references.max)


def _sized(request: ImageRequest, tier: str) -> ImageRequest:
    return request.model_copy(update={"size": tier})
