"""One configured provider as jobs use it: its connections, its turnstile, and its account's budgets."""

import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Final, TypeVar

from seedream_hub.providers.account import Account
from seedream_hub.providers.client import Upstream
from seedream_hub.schemas.errors import HubError
from seedream_hub.schemas.limits import ModelLimits

from .job import Job
from .journal import Journal
from .order import Part
from .turnstile import Budget, Turnstile

T = TypeVar("T")

TOO_MUCH: Final = frozenset({429, 503})
ACCOUNT_CHARS: Final = 16


class Branch:
    """A provider that can be asked."""

    def __init__(
        self, upstream: Upstream, journal: Journal, *, concurrency: int, per_minute: int | None, is_free: bool = False
    ) -> None:
        self.upstream = upstream
        self.is_free = is_free
        """Whether asking costs nothing, so that what was lost may be asked for again."""
        self.turnstile = Turnstile(concurrency)
        self._journal = journal
        self._per_minute = per_minute
        self._budgets: dict[str, Budget | None] = {}

    @asynccontextmanager
    async def turn(
        self, job: Job, part: Part, model: ModelLimits, ready: Callable[[], Awaitable[T]]
    ) -> AsyncGenerator[T]:
        """Wait for the job's turn and hold it; `ready` is what is to be done before the account's budget is taken.

        The provider's refusals slow down what comes after.

        Raises:
            HubError: If nothing more of the job is to be sent, or `ready` says so.
        """
        tell = partial(job.say, part.indices)
        enter = partial(self.turnstile.enter, job.id, part.count, self._budget(model), ready, tell)
        made = await job.unless_cancelled(enter)
        cuts = self.turnstile.cuts
        try:
            yield made
            self.turnstile.went_well()
        except HubError as exc:
            await self._heed(exc, model, cuts)
            raise
        finally:
            self.turnstile.leave()

    async def _heed(self, error: HubError, model: ModelLimits, cuts: int) -> None:
        """Slow down where the provider says so."""
        if error.status not in TOO_MUCH:
            return
        self.turnstile.was_too_much(cuts)
        budget = self._budget(model)
        if budget and error.retry_after_s:
            await budget.push_back(error.retry_after_s)

    def _budget(self, model: ModelLimits) -> Budget | None:
        if model.name not in self._budgets:
            per_minute = self._per_minute or model.images_per_minute
            account = f"{account_id(self.upstream.account)}/{model.name}"
            self._budgets[model.name] = (
                Budget(self._journal, account, per_minute) if per_minute and not self.is_free else None
            )
        return self._budgets[model.name]


def account_id(account: Account) -> str:
    """Name an account without telling its key."""
    secret = f"{account.provider}\n{account.base_url}\n{account.api_key.get_secret_value()}"
    return f"{account.provider}:{hashlib.sha256(secret.encode()).hexdigest()[:ACCOUNT_CHARS]}"
