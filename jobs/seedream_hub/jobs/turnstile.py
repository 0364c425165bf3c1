"""Who may send next at one provider: jobs in turn, as many at once as it bears, within the account's budgets."""

from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, TypeAlias, TypeVar

import anyio

from seedream_hub.schemas.errors import HubError
from seedream_hub.schemas.language import say

from .journal import Journal
from .pace import Outlook, Pace

T = TypeVar("T")

Tell: TypeAlias = Callable[[str], None]
"""Says to whoever follows a request what it waits for."""

LEAST: Final = 1.0

NEWS_S: Final = 3.0
"""How often it is said what a request waits for."""

WORTH_TELLING_S: Final = 1.5


def _nobody(_: str) -> None:
    """Tell nobody."""


class Budget:
    """Images per minute of one account and model, shared by all processes of the machine."""

    def __init__(self, journal: Journal, account: str, per_minute: float) -> None:
        self._journal = journal
        self._account = account
        self._pace = Pace(per_minute)

    async def take(self, images: int, tell: Tell = _nobody) -> None:
        """Wait until that many pictures may be asked for, and say so now and then."""
        while wait_s := await self._journal.reserve(self._account, images, self._pace):
            await self._sleep(wait_s, tell)
            if not (await self._journal.outlook(self._account)).is_closed:
                return

    async def tell(self, tell: Tell, wait_s: float | None = None) -> None:
        """Say that so long is waited, or as long as the account's time is taken."""
        with suppress(HubError):  # what cannot be read is not told
            outlook = await self._journal.outlook(self._account)
            if wait_s is not None:
                outlook = outlook._replace(wait_s=wait_s)
            if outlook.wait_s >= WORTH_TELLING_S:
                tell(self._why(outlook))

    async def _sleep(self, wait_s: float, tell: Tell) -> None:
        while wait_s >= WORTH_TELLING_S:
            await self.tell(tell, wait_s)
            step_s = min(wait_s, NEWS_S)
            await anyio.sleep(step_s)
            wait_s -= step_s
        await anyio.sleep(wait_s)

    def _why(self, outlook: Outlook) -> str:
        if outlook.is_closed:
            return say(
                "waits about {seconds:.0f} s: the provider asked for a pause (Retry-After)", seconds=outlook.wait_s
            )
        return say(
            "waits about {seconds:.0f} s for the account's {limit:g} images a minute",
            seconds=outlook.wait_s,
            limit=self._pace.per_minute,
        )

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

    async def enter(
        self,
        job_id: str,
        images: int,
        budget: Budget | None,
        ready: Callable[[], Awaitable[T]],
        tell: Tell = _nobody,
    ) -> T:
        """Wait for this job's turn, take a place, make ready, and wait for the account's budget last."""
        line, mine = (job_id, budget), anyio.Event()
        self._waiting.setdefault(line, deque()).append(mine)
        self._admit()
        try:
            await self._called(line, mine, tell)
            made = await ready()
            if budget:
                await budget.take(images, tell)
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

    async def _called(self, line: Line, mine: anyio.Event, tell: Tell) -> None:
        """Wait to be let in; the first of a job's line says what for, where somebody is at its budget's gate."""
        while not mine.is_set():
            with anyio.move_on_after(NEWS_S):
                await mine.wait()
            if (budget := line[1]) and budget in self._at_gate and self._is_first(line, mine):
                await budget.tell(tell)

    def _is_first(self, line: Line, mine: anyio.Event) -> bool:
        return not mine.is_set() and self._waiting[line][0] is mine

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
