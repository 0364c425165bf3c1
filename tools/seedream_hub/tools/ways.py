"""Say what would fit into what is left of a budget: fewer or smaller pictures, another model or provider. Pure."""

from collections.abc import Sequence
from math import inf
from typing import TYPE_CHECKING, Final

from seedream_hub.schemas.arguments import BATCH
from seedream_hub.schemas.cost import estimate
from seedream_hub.schemas.language import say, say_many
from seedream_hub.schemas.limits import ModelLimits
from seedream_hub.schemas.menu import Menu
from seedream_hub.schemas.money import ROUNDING, Money, Rates, as_money
from seedream_hub.schemas.plan import OPTIONS
from seedream_hub.schemas.requests import ImageRequest
from seedream_hub.schemas.size import Size, is_legal

if TYPE_CHECKING:
    from seedream_hub.jobs.order import Order

LEAST: Final = {BATCH.tool: BATCH.count[0]}
"""Pictures a call must ask for, where that is more than one."""


def ways(orders: Sequence["Order"], left: Money | None, menu: Menu) -> str:
    """Name what would fit, as far as it is one request; of several, any may be left out."""
    if left is None or left.amount <= ROUNDING:
        return ""
    if len(orders) > 1:
        return _first_ones(orders, _Purse(left, Rates(menu.limits.per_usd)))
    purse, order = _Purse(left, Rates(menu.limits.per_usd)), orders[0]
    found = [_fewer(order, purse), _smaller(order, purse), _cheaper(order, purse, menu)]
    return say("What would fit: {ways}.", ways=say("; ").join(filter(None, found))) if any(found) else ""


class _Purse:
    """What is left."""

    def __init__(self, left: Money, rates: Rates) -> None:
        self._left = left
        self._rates = rates

    def holds(self, each: Money, count: int) -> bool:
        return self.covers(self.worth(each) * count)

    def covers(self, amount: float) -> bool:
        return amount <= self._left.amount + ROUNDING

    def most(self, each: Money) -> int:
        return int((self._left.amount + ROUNDING) / self.worth(each))

    def worth(self, money: Money) -> float:
        return self._rates.convert(money, self._left.currency).amount


def _first_ones(orders: Sequence["Order"], purse: _Purse) -> str:
    """Say how many of the requests fit, from the first one on."""
    spent, fitting = 0.0, 0
    for order in orders:
        each = as_money(order.cost)
        spent += purse.worth(each) * order.count if each else inf
        if not purse.covers(spent):
            break
        fitting += 1
    if not fitting:
        return ""
    return say_many("The first request would fit.", "The first {count} requests would fit.", fitting)


def _fewer(order: "Order", purse: _Purse) -> str:
    each = as_money(order.cost)
    fitting, least = purse.most(each) if each and each.amount else 0, LEAST.get(order.tool, 1)
    return say("count {count}", count=fitting) if least <= fitting < order.count else ""


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
            told = say("model {model} ({cost} each)", model=model.name, cost=cost)
            if len(menu.offers) > 1:
                facts = {"model": model.name, "provider": offer.provider, "cost": cost}
                told = say("model {model}, provider {provider} ({cost} each)", **facts)
            fitting.append((purse.worth(cost), told))
    return min(fitting)[1] if fitting else ""


def _takes(model: ModelLimits, request: ImageRequest) -> bool:
    """Say whether a model takes the size, the references and the options."""
    if any(name not in model.fields for name in OPTIONS if getattr(request, name) not in {None, False}):
        return False
    given, size = len(request.references), Size.of(request.size or "")
    fits = request.size in {None, *model.size.tiers}
    if size.width and size.height:
        fits = model.size.takes_pixels and is_legal(size.width, size.height, model)
    return fits and model.references.min <= given <= (given if model.references.max is None else model.references.max)


def _sized(request: ImageRequest, tier: str) -> ImageRequest:
    return request.model_copy(update={"size": tier})
