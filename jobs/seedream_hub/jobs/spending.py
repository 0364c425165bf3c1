"""What was spent, is under way, and may still be spent: counted in the journal, in the transaction that spends it.

A picture counts what its request was estimated at from the moment its job is written, and what it cost by its pixels
once it is stored; one that provably cost nothing counts nothing, one that may have been billed counts. It counts on
the local day it was sent, and today as long as it is not.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from seedream_hub.schemas.cost import cost_of
from seedream_hub.schemas.language import later, say
from seedream_hub.schemas.limits import Limits
from seedream_hub.schemas.money import NO_BUDGET, ROUNDING, Budget, BudgetError, Money, Rates
from seedream_hub.schemas.result import Cost, ImageRecord

from .job import Job

UNPRICED: Final = later("SEEDREAM_BUDGET is set, and what this costs stands in no table.")
GIVE_A_PRICE: Final = later(
    "Use a model or provider with a known price, or name a SEEDREAM_LIMITS_FILE that gives this one a price."
)
DAY_OVER: Final = later("It would cost about {cost}; {left} of today's {limit} is left (SEEDREAM_BUDGET).")
TOMORROW: Final = later("Ask again tomorrow, or have the user raise SEEDREAM_BUDGET.")
ABOVE_A_DAY: Final = later(
    "It is more than a whole day's budget: ask for less, or have the user raise SEEDREAM_BUDGET."
)
ONE_ABOVE_A_DAY: Final = later(
    "The day's budget is below the price of one such picture, also tomorrow: have the user raise SEEDREAM_BUDGET."
)
JOB_OVER: Final = later("It would cost about {cost}; {left} of the {limit} for a job is left (SEEDREAM_BUDGET).")
ABOVE_A_JOB: Final = later("It would cost about {cost}; a job may cost {limit} (SEEDREAM_BUDGET).")
RAISE_IT: Final = later("Split it into several jobs, or have the user raise SEEDREAM_BUDGET.")

COUNTED: Final = """
SELECT currency, sum(
    extra + CASE WHEN state IN ('queued', 'sent', 'linked') OR billed IN ('yes', 'unknown') THEN coalesce(price, 0)
    ELSE 0 END
) AS amount FROM images WHERE """

WAITING: Final = f"{COUNTED} state = 'queued' GROUP BY currency"
OF_THE_DAY: Final = f"{COUNTED} day = ? AND state != 'queued' GROUP BY currency"
OF_A_JOB: Final = f"{COUNTED} job_id = ? GROUP BY currency"

SENT: Final = """
UPDATE images SET extra = extra + CASE WHEN state = 'sent' THEN coalesce(price, 0) ELSE 0 END,
price = ?, currency = ?, day = ? WHERE id = ?
"""
"""What is sent again without having been refused may be billed twice."""


@dataclass(frozen=True, slots=True)
class Spending:
    """The user's budget, and the table that says what things cost."""

    limits: Limits
    budget: Budget = NO_BUDGET

    def check(self, db: sqlite3.Connection, costs: Sequence[Cost], job_id: str | None = None) -> None:
        """Make sure that so much may be spent; the costs of a job that is named are written already.

        Raises:
            BudgetError: If it is more than what is left, or its price is not known.
        """
        day, job = self.budget.day, self.budget.job
        if all(cost.amount == 0 for cost in costs) or not (day or job):
            return
        if any(cost.amount is None for cost in costs):
            raise BudgetError(say(UNPRICED), say(GIVE_A_PRICE))
        if day:
            asked, left = self._left(day, costs, self._today(db), is_written=job_id is not None)
            _hold(asked, left, say(DAY_OVER, cost=asked, limit=day, left=left), self._when(asked, day, costs))
        if job:
            asked, left = self._left(job, costs, self._of_job(db, job_id), is_written=job_id is not None)
            message = JOB_OVER if job_id else ABOVE_A_JOB
            _hold(asked, left, say(message, cost=asked, limit=job, left=left), RAISE_IT)

    def left_today(self, db: sqlite3.Connection | None) -> Money | None:
        """Return what may still be spent today; None where no budget is set for a day."""
        if self.budget.day is None:
            return None
        return self._left(self.budget.day, [], self._today(db) if db else [], is_written=False)[1]

    def write_sent(self, db: sqlite3.Connection, image_ids: Sequence[str], cost: Cost) -> None:
        """Write what each picture costs where it is about to be asked for; before its state is written."""
        db.executemany(SENT, [(cost.amount, cost.currency, today(), image_id) for image_id in image_ids])

    def cost_of(self, job: Job, index: int, record: ImageRecord | None = None) -> Cost:
        """Return what a picture that was made cost."""
        slot, asked = job.slots[index], job.asked_of(index)
        rules = self.limits.providers.get(slot.provider)
        model = rules.find(slot.model) if rules else None
        return cost_of(record, model, len(asked.references), is_layer=asked.is_layered)

    def _when(self, asked: Money, day: Money, costs: Sequence[Cost]) -> str:
        """Return what to do about a day that is over, if its whole budget would do, or if not even that."""
        if asked.amount <= day.amount + ROUNDING:
            return TOMORROW
        rates = Rates(self.limits.per_usd)
        dearest = max(rates.sum([cost], day.currency).amount for cost in costs)
        return ONE_ABOVE_A_DAY if dearest > day.amount + ROUNDING else ABOVE_A_DAY

    def _left(
        self, limit: Money, costs: Sequence[Cost], counted: list[Cost], *, is_written: bool
    ) -> tuple[Money, Money]:
        """Return what is asked for and what is left without it, in the limit's currency."""
        rates = Rates(self.limits.per_usd)
        asked, spent = rates.sum(costs, limit.currency), rates.sum(counted, limit.currency)
        left = limit.amount - spent.amount + (asked.amount if is_written else 0)
        return asked, Money(max(0.0, left), limit.currency)

    def _today(self, db: sqlite3.Connection) -> list[Cost]:
        return [*_costs(db.execute(WAITING)), *_costs(db.execute(OF_THE_DAY, (today(),)))]

    def _of_job(self, db: sqlite3.Connection, job_id: str | None) -> list[Cost]:
        return _costs(db.execute(OF_A_JOB, (job_id,)))


def _hold(asked: Money, left: Money, message: str, step: str) -> None:
    if asked.amount > left.amount + ROUNDING:
        raise BudgetError(message, say(step), left=left)


def _costs(sums: sqlite3.Cursor) -> list[Cost]:
    return [Cost(amount=row["amount"], currency=row["currency"], estimated=True) for row in sums]


def today() -> str:
    """Return the local day."""
    return datetime.now().astimezone().date().isoformat()
