"""Begin a job with its price in sight: told before it is sent, agreed to where that is wanted, within the budget."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from seedream_hub.schemas.language import later, listed, say, say_many, sentences
from seedream_hub.schemas.menu import Menu
from seedream_hub.schemas.money import ROUNDING, BudgetError, Money, Rates, as_money

from .ask import Ask, confirm
from .progress import Progress
from .ways import ways

if TYPE_CHECKING:
    from seedream_hub.jobs.engine import Engine
    from seedream_hub.jobs.new_job import Begun
    from seedream_hub.jobs.order import Order

    from .make import Prepared

PRICED: Final = (
    later("about {cost} at {who}"),
    later("Make {what} at {who} for about {cost}? That is above SEEDREAM_CONFIRM_ABOVE ({limit})."),
    later(
        "About {cost} is above SEEDREAM_CONFIRM_ABOVE ({limit}), and this client has no way to ask: "
        "nobody confirmed it."
    ),
)
UNPRICED: Final = (
    later("no price is known at {who}"),
    later("Make {what} at {who}? No price is known; it may be above SEEDREAM_CONFIRM_ABOVE ({limit})."),
    later(
        "No price is known, so it may be above SEEDREAM_CONFIRM_ABOVE ({limit}), and this client has no way to ask: "
        "nobody confirmed it."
    ),
)
"""What is told before anything is sent, what is asked, and the warning where nobody could be."""


@dataclass(frozen=True, slots=True)
class Start:
    """A job that was checked and is about to begin."""

    tool: str
    prepared: Sequence["Prepared"]
    key: tuple[str, str] | None = None
    background: bool = False

    @property
    def orders(self) -> list["Order"]:
        """Its requests."""
        return [one.order for one in self.prepared]

    @property
    def warnings(self) -> list[str]:
        """What is told of it whatever comes."""
        return list(dict.fromkeys(warning for one in self.prepared for warning in one.warnings))


@dataclass(frozen=True, slots=True)
class Till:
    """Where jobs begin: what there is to choose from, and above what the user is asked."""

    menu: Menu
    confirm_above: Money | None

    async def begin(self, engine: "Engine", start: Start, ask: Ask, progress: Progress) -> "Begun":
        """Begin a job.

        Raises:
            AskedBack: If the user is to be asked, and the call made again.
            HubError: If it would cost too much, or the user does not agree. Nothing was sent.
        """
        warnings = start.warnings
        try:
            warnings += await self._agreed(engine, start.orders, ask, progress)
            return await engine.start(
                start.tool, start.orders, background=start.background, key=start.key, warnings=warnings
            )
        except BudgetError as exc:
            exc.next_step = sentences(ways(start.orders, exc.left, self.menu), exc.next_step or "")
            raise

    async def _agreed(self, engine: "Engine", orders: list["Order"], ask: Ask, progress: Progress) -> list[str]:
        """Tell the price, and have it agreed to where it is above what the user wants to be asked for."""
        cost = self._cost(orders)
        if cost and not cost.amount:
            return []
        note, question, warning = PRICED if cost else UNPRICED
        await progress.say(0, say(note, cost=cost, who=(who := _who(orders))))
        limit = self.confirm_above
        if limit is None or (cost and self._rates.convert(cost, limit.currency).amount <= limit.amount + ROUNDING):
            return []
        await engine.journal.afford([order.cost for order in orders for _ in range(order.count)])
        what = say_many("{count} picture", "{count} pictures", sum(order.count for order in orders))
        facts = {"what": what, "who": who, "cost": cost, "limit": limit}
        return [] if await confirm(say(question, **facts), ask, progress) else [say(warning, **facts)]

    def _cost(self, orders: list["Order"]) -> Money | None:
        """Return what it all costs, in the currency of the first; None where a price is not known."""
        costs = [order.cost for order in orders for _ in range(order.count)]
        priced = [money for cost in costs if (money := as_money(cost))]
        return self._rates.sum(costs, priced[0].currency) if len(priced) == len(costs) else None

    @property
    def _rates(self) -> Rates:
        return Rates(self.menu.limits.per_usd)


def _who(orders: list["Order"]) -> str:
    """Name the providers and models that are asked first."""
    names = dict.fromkeys((order.routes[0].provider, order.routes[0].model.name) for order in orders)
    return listed(f"{provider} ({model})" for provider, model in names)
