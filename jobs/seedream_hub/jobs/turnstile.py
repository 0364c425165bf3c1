"""Who may send next at one provider: jobs in turn, as many at once as it bears, within the account's budgets."""

from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias, TypeVar

import anyio

from .journal import Journal
from .pace import Pace

T = TypeVar("T")

LEAST: Final = 1.0


class Budget:
    """Images per minute of one account and model, shared by all processes of the machine."""

    def __init__(self, journal: Journal, account: str, per_minute: float) -> None:
        self._journal = journal
        self._account = account
        self._pace = Pace(per_minute)

    async def take(self, images: int) -> None:
        """Wait until that many pictures may be asked for."""
        while wait_s := await self._journal.reserve(self._account, images, self._pace):
            await anyio.sleep(wait_s)
            if not await self._journal.is_closed(self._account):
                return

    async def push_back(self, seconds: float) -> None:
        """Let nobody send for so long: the provider said so."""
        await self._journal.push_back(self._account, seconds)


Line: TypeAlias = tuple[str, Budget | None]
"""A job's requests that draw on the same budget."""


class Turnstile:
    """Lets requests to one provider through.

    As many are under way at once as were configured; half as many after a refusal for overload, and one more
    after each round that went well. Of those that draw on the same budget one at a time is at its gate, so that the
    next may be another job's.
    """

    def __init__(self, most: int) -> None:
        self._most = float(most)
        self._limit = float(most)
        self._under_way = 0
        self._at_gate: set[Budget] = set()
        self._waiting: OrderedDict[Line, deque[anyio.Event]] = OrderedDict()
        self.cuts = 0
        """How often the limit was halved."""

    @property
    def limit(self) -> int:
        """How many requests may be under way."""
        return int(self._limit)

    async def enter(self, job_id: str, images: int, budget: Budget | None, ready: Callable[[], Awaitable[T]]) -> T:
        """Wait for this job's turn, take a place, make ready, and wait for the account's budget last."""
        line, mine = (job_id, budget), anyio.Event()
        self._waiting.setdefault(line, deque()).append(mine)
        self._admit()
        try:
            await mine.wait()
            made = await ready()
            if budget:
                await budget.take(images)
        except BaseException:
            self._give_up(line, mine)
            raise
        self._pass(budget)
        return made

    def leave(self) -> None:
        """Give the place back: the request is over."""
        self._under_way -= 1
        self._admit()

    def went_well(self) -> None:
        """Note that a request was accepted."""
        self._limit = min(self._most, self._limit + 1 / self._limit)
        self._admit()

    def was_too_much(self, cuts: int) -> None:
        """Note that the provider refused for its load or our rate, unless the limit was halved since `cuts`.

        What was sent together is refused together: that is one refusal.
        """
        if cuts == self.cuts:
            self._limit = max(LEAST, self._limit / 2)
            self.cuts += 1

    def _admit(self) -> None:
        """Let in who is next, as long as there is a place and a free gate."""
        while self._under_way < self.limit and (line := self._next()):
            queue = self._waiting.pop(line)
            first = queue.popleft()
            if queue:
                self._waiting[line] = queue  # behind the other jobs
            self._under_way += 1
            if line[1]:
                self._at_gate.add(line[1])
            first.set()

    def _next(self) -> Line | None:
        return next((line for line in self._waiting if line[1] not in self._at_gate), None)

    def _pass(self, budget: Budget | None) -> None:
        if budget:
            self._at_gate.discard(budget)
            self._admit()

    def _give_up(self, line: Line, mine: anyio.Event) -> None:
        if mine.is_set():
            self._under_way -= 1
            self._pass(line[1])
        else:
            queue = self._waiting[line]
            queue.remove(mine)
            if not queue:
                del self._waiting[line]
        self._admit()
