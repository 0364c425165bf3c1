"""Who may send next at one provider: jobs in turn, as many at once as it bears, within the account's budget.

The budget is one row in the journal, shared by all processes of this machine: the moment from which the account is
free again. A request takes as many seconds of it as its pictures are worth (one-row reservation, also called GCRA).
"""

import time
from collections import OrderedDict, deque
from typing import Final

import anyio

from .journal import Journal

HEADROOM: Final = 0.9
"""The part of the documented limit that is used: a burst may ride on top of it."""

BURST_IMAGES: Final = 5
MINUTE_S: Final = 60.0
FARTHEST_S: Final = 900.0
"""No reservation lies farther ahead than this, unless the clock was set back."""

LEAST: Final = 1.0


class Budget:
    """Images per minute of one account and model, shared by all processes of the machine."""

    def __init__(self, journal: Journal, account: str, per_minute: float) -> None:
        self._journal = journal
        self._account = account
        self._per_image_s = MINUTE_S / (per_minute * HEADROOM)

    async def take(self, images: int) -> None:
        """Wait until that many pictures may be asked for."""
        now = time.time()
        cost_s = images * self._per_image_s
        span = (BURST_IMAGES * self._per_image_s, FARTHEST_S)
        begins = await self._journal.reserve(self._account, cost_s, now, span)
        await anyio.sleep(max(0.0, begins - now))

    async def push_back(self, seconds: float) -> None:
        """Let nobody send for so long: the provider said so."""
        await self._journal.push_back(self._account, time.time() + seconds)


class Turnstile:
    """Lets requests to one provider through.

    As many are under way at once as were configured; half as many after a refusal for overload, and one more
    after each round that went well.
    """

    def __init__(self, most: int) -> None:
        self._most = float(most)
        self._limit = float(most)
        self._under_way = 0
        self._at_gate = False
        self._waiting: OrderedDict[str, deque[anyio.Event]] = OrderedDict()

    @property
    def limit(self) -> int:
        """How many requests may be under way."""
        return int(self._limit)

    async def enter(self, job_id: str, images: int, budget: Budget | None) -> None:
        """Wait for this job's turn and for the account's budget, and take a place."""
        mine = anyio.Event()
        self._waiting.setdefault(job_id, deque()).append(mine)
        self._admit()
        try:
            await mine.wait()
            if budget:
                await budget.take(images)
        except BaseException:
            self._give_up(job_id, mine)
            raise
        self._at_gate = False
        self._admit()

    def leave(self) -> None:
        """Give the place back: the request is over."""
        self._under_way -= 1
        self._admit()

    def went_well(self) -> None:
        """Note that a request was accepted."""
        self._limit = min(self._most, self._limit + 1 / self._limit)

    def was_too_much(self) -> None:
        """Note that the provider refused for its load or our rate."""
        self._limit = max(LEAST, self._limit / 2)

    def _admit(self) -> None:
        """Let the next job's next request to the gate, where one at a time waits for the budget."""
        if self._at_gate or not self._waiting or self._under_way >= self.limit:
            return
        job_id, queue = self._waiting.popitem(last=False)
        first = queue.popleft()
        if queue:
            self._waiting[job_id] = queue  # behind the other jobs
        self._under_way += 1
        self._at_gate = True
        first.set()

    def _give_up(self, job_id: str, mine: anyio.Event) -> None:
        if mine.is_set():
            self._under_way -= 1
            self._at_gate = False
        else:
            queue = self._waiting[job_id]
            queue.remove(mine)
            if not queue:
                del self._waiting[job_id]
        self._admit()
