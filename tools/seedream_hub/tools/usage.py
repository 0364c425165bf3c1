"""What was made, what failed and what it cost: by day, provider and model."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from seedream_hub.jobs.tally import Counted
from seedream_hub.schemas.cost import cost_of_pixels
from seedream_hub.schemas.limits import Limits
from seedream_hub.schemas.result import Cost, Part

DAYS: Final = 31
"""How many are told one by one: the newest on which anything was made."""


class Sums(Part):
    """What came of the requests of a time."""

    images: int
    """Saved."""
    failures: int
    """Not made, or made and never fetched."""
    unknown: int
    """Sent without an answer, and perhaps billed."""
    billed: int
    """Known to be charged, fetched or not."""
    cost: dict[str, float]
    """Estimate for those with a known price, by currency."""
    unpriced: int
    """Billed pictures whose price is not known; the cost leaves them out."""


class ModelUsage(Sums):
    """The sums of one provider's model."""

    provider: str
    model: str


class DayUsage(Part):
    """The sums of one day, where this machine is."""

    day: str
    models: tuple[ModelUsage, ...]


class Usage(Part):
    """All that was ever asked for through this state folder."""

    now: str
    """Local time, with its distance from UTC."""
    since: str | None
    """The first day with anything on it."""
    total: Sums
    models: tuple[ModelUsage, ...]
    """The same, by provider and model."""
    days: tuple[DayUsage, ...]
    """The newest first."""
    days_left_out: int
    """Older ones, which only the totals have."""


def usage(counted: Iterable[Counted], limits: Limits, now: datetime) -> Usage:
    """Add up what was counted."""
    of_models: dict[tuple[str, str], list[Counted]] = defaultdict(list)
    of_days: dict[str, dict[tuple[str, str], list[Counted]]] = defaultdict(lambda: defaultdict(list))
    for one in counted:
        of_models[one.provider, one.model].append(one)
        of_days[one.day][one.provider, one.model].append(one)
    days = sorted(of_days, reverse=True)
    return Usage(
        now=now.isoformat(timespec="seconds"),
        since=days[-1] if days else None,
        total=_sums([one for ones in of_models.values() for one in ones], limits),
        models=_by_model(of_models, limits),
        days=tuple(DayUsage(day=day, models=_by_model(of_days[day], limits)) for day in days[:DAYS]),
        days_left_out=len(days[DAYS:]),
    )


def _by_model(groups: dict[tuple[str, str], list[Counted]], limits: Limits) -> tuple[ModelUsage, ...]:
    return tuple(
        ModelUsage(**dict(_sums(ones, limits)), provider=provider, model=model)
        for (provider, model), ones in sorted(groups.items())
    )


def _sums(ones: list[Counted], limits: Limits) -> Sums:
    cost: dict[str, float] = defaultdict(float)
    unpriced = 0
    for one in ones:
        if not one.is_billed:
            continue
        each = _cost(one, limits)
        if each.amount is None or each.currency is None:
            unpriced += one.count
        else:
            cost[each.currency] += each.amount * one.count
    return Sums(
        images=_count(ones, "stored"),
        failures=_count(ones, "failed", "lost"),
        unknown=_count(ones, "unknown"),
        billed=sum(one.count for one in ones if one.is_billed),
        cost={currency: round(amount, 4) for currency, amount in sorted(cost.items())},
        unpriced=unpriced,
    )


def _cost(one: Counted, limits: Limits) -> Cost:
    """Return what each cost: as it was written then, else as the table says."""
    if one.price is not None:
        return Cost(amount=one.price, currency=one.currency, estimated=True)
    rules = limits.providers.get(one.provider)
    model = rules.find(one.model) if rules else None
    return cost_of_pixels(one.pixels, model, one.references, is_layer=one.is_layer)


def _count(ones: list[Counted], *states: str) -> int:
    return sum(one.count for one in ones if one.state in states)
