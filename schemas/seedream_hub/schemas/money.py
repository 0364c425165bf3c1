"""Sums of money a user sets, and the one rate at which currencies are compared. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from .errors import HubError
from .language import say
from .result import Cost

AMOUNT: Final = r"([0-9]+(?:\.[0-9]+)?)\s*(USD|CNY)"
SUM: Final = re.compile(AMOUNT, re.IGNORECASE)
SHARE: Final = re.compile(rf"{AMOUNT}\s*/\s*(day|job)", re.IGNORECASE)

ROUNDING: Final = 1e-6
"""Amounts this close count as the same: shares of prices do not add up to the last digit."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a currency."""

    amount: float
    currency: str

    def __str__(self) -> str:
        return f"{round(self.amount, 4):g} {self.currency}"


@dataclass(frozen=True, slots=True)
class Budget:
    """What may be spent on a local day, and on one job; None: as much as is asked for."""

    day: Money | None = None
    job: Money | None = None


NO_BUDGET: Final = Budget()


class BudgetError(HubError):
    """It would cost more than the user lets be spent, or nobody knows what it costs. Raised before the request."""

    code = "over_budget"

    def __init__(self, message: str, next_step: str, *, left: Money | None = None) -> None:
        super().__init__(message, code=None if left else "price_unknown", next_step=next_step)
        self.left = left
        """What may still be spent; None where the price is what is missing."""

    @property
    def is_unaccepted(self) -> bool:
        """Another provider may be cheaper, or have a price."""
        return True


@dataclass(frozen=True, slots=True)
class Rates:
    """What currencies are worth."""

    per_usd: Mapping[str, float]

    def convert(self, money: Money, currency: str) -> Money:
        """Return what an amount is in another currency; one without a rate is taken for dollars."""
        if money.currency == currency:
            return money
        return Money(money.amount * self._of(currency) / self._of(money.currency), currency)

    def sum(self, costs: Iterable[Cost], currency: str) -> Money:
        """Add up the costs that are known."""
        known = (Money(cost.amount, cost.currency) for cost in costs if cost.amount is not None and cost.currency)
        return Money(sum(self.convert(one, currency).amount for one in known), currency)

    def _of(self, currency: str) -> float:
        return self.per_usd.get(currency, 1.0)


def parse_money(text: str) -> Money:
    """Read `1 USD`.

    Raises:
        ValueError: If it is no such sum.
    """
    if match := SUM.fullmatch(text.strip()):
        return Money(float(match[1]), match[2].upper())
    raise ValueError(say("is no sum in USD or CNY"))


def parse_budget(text: str) -> Budget:
    """Read `5 USD/day, 1 USD/job`, or one of the two.

    Raises:
        ValueError: If it is no such budget.
    """
    shares: dict[str, Money] = {}
    for part in text.split(","):
        match = SHARE.fullmatch(part.strip())
        if match is None:
            raise ValueError(say("is no sum in USD or CNY for a /day or a /job"))
        if shares.setdefault(match[3].lower(), money := Money(float(match[1]), match[2].upper())) is not money:
            raise ValueError(say("names a {span} twice", span=match[3].lower()))
    return Budget(**shares)


def as_money(cost: Cost) -> Money | None:
    """Return a cost as a sum; None where no price is known."""
    return Money(cost.amount, cost.currency) if cost.amount is not None and cost.currency else None
