"""`seedream-hub usage` and `seedream-hub limits`: the resources of these names, as tables.

Exit codes: 0 done, 1 the journal cannot be read, 2 wrong arguments or settings.
"""

import argparse
import json
import sys
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from seedream_hub.jobs.reading import reading
from seedream_hub.jobs.spending import Spending
from seedream_hub.jobs.tally import Counted, tally
from seedream_hub.schemas.errors import HubError
from seedream_hub.schemas.language import later, listed, say
from seedream_hub.schemas.limits import Limits, Price, utc_now
from seedream_hub.schemas.money import NO_BUDGET, Money
from seedream_hub.tools.limits_report import ModelReport, ProviderReport, limits_report
from seedream_hub.tools.usage import Sums, Usage, usage

from .grid import Grid, print_grids
from .limits_file import load_limits
from .logs import configure_logging
from .refusal import refuse
from .settings import Settings, load_settings

MEGA: Final = 1_000_000

COUNTS: Final = (later("made"), later("failed"), later("unknown"), later("billed"), later("about"))


def run_figures(arguments: argparse.Namespace) -> int:
    """Run one of the commands; return the exit code."""
    try:
        settings = load_settings()
        configure_logging(settings.log_level)
        limits = load_limits(settings.limits_file)
        (_usage if arguments.command == "usage" else _limits)(settings, limits, is_json=arguments.json)
    except HubError as exc:
        return refuse(exc, f"seedream-hub {arguments.command}", is_json=arguments.json)
    return 0


def _usage(settings: Settings, limits: Limits, *, is_json: bool) -> None:
    counted, moment = tally(settings.state_dir), utc_now().astimezone()
    spending = Spending(limits, settings.budget or NO_BUDGET)
    with reading(settings.state_dir) as db:
        left = spending.left_today(db)
    if is_json:
        told = usage(counted, limits, moment).model_dump(mode="json")
        budget = {"day": str(spending.budget.day), "left": str(left)} if left else None
        _print_json({**told, "budget": budget})
        return
    today = moment.date().isoformat()
    spans = {say("Today"): today, say("This month"): today[: len("2026-11")], say("Ever"): ""}
    tables = {name: usage(_of(counted, span), limits, moment) for name, span in spans.items()}
    print_grids(_sums_grid(name, told) for name, told in tables.items())
    if left and (day := spending.budget.day):
        sys.stdout.write(say("{left} of today's {limit} is left (SEEDREAM_BUDGET).", left=left, limit=day) + "\n")


def _of(counted: Iterable[Counted], span: str) -> list[Counted]:
    return [one for one in counted if one.day.startswith(span)]


def _sums_grid(name: str, told: Usage) -> Grid:
    rows = [(f"{one.provider} {one.model}", *_cells(one)) for one in told.models]
    return Grid(name, [say("model"), *map(say, COUNTS)], [*rows, (say("together"), *_cells(told.total))])


def _cells(sums: Sums) -> list[str]:
    cost = [str(Money(amount, currency)) for currency, amount in sums.cost.items()]
    unpriced = [say("{count} without a known price", count=sums.unpriced)] if sums.unpriced else []
    return [*map(str, (sums.images, sums.failures, sums.unknown, sums.billed)), listed([*cost, *unpriced]) or "0"]


def _limits(settings: Settings, limits: Limits, *, is_json: bool) -> None:
    from .app import make_desk  # the SDK is not loaded for what it is not needed for

    _, desk = make_desk(settings, limits)
    told = limits_report(desk.menu)
    if is_json:
        _print_json(told.model_dump(mode="json", exclude_none=True))
        return
    print_grids(map(_models_grid, told.providers))
    told_of = later("{model} is the default. As documented on {day}; --json names the source of each figure.")
    sys.stdout.write(say(told_of, model=desk.menu.default.name, day=told.as_of) + "\n")


def _models_grid(provider: ProviderReport) -> Grid:
    heads = [
        say("model"),
        say("sizes"),
        say("megapixels"),
        say("refs"),
        say("set"),
        say("served"),
        say("price"),
    ]
    return Grid(provider.label, heads, list(map(_model_row, provider.models)))


def _model_row(one: ModelReport) -> tuple[str, ...]:
    pixels = "-".join(f"{side / MEGA:.2f}" for side in one.size.pixels) if one.size.pixels else ""
    references, most = str(one.references.max or 0), str(one.set.max_images)
    return one.model, " ".join(one.size.tiers), pixels, references, most, _until(one), _price(one.price)


def _until(model: ModelReport) -> str:
    if not model.is_served:
        return say("no")
    ends: datetime | None = model.lifecycle.ends
    return say("until {day}", day=f"{ends:%Y-%m-%d}") if ends else say("yes")


def _price(price: Price | str) -> str:
    if isinstance(price, str):
        return say("unknown")
    amounts = [f"{step.amount:g}" for step in price.steps]
    return f"{' / '.join(amounts)} {price.currency}"


def _print_json(told: object) -> None:
    sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=2) + "\n")
