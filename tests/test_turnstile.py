"""Who goes through a turnstile: never more than may, nobody is forgotten, and jobs take turns."""

from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
import anyio.lowlevel
from anyio.abc import TaskGroup
from hypothesis import given, settings
from hypothesis import strategies as st

from seedream_hub.jobs.journal import Journal
from seedream_hub.jobs.turnstile import Budget, Turnstile

MOST = 4
STEPS = st.sampled_from(["come", "come", "come", "leave", "leave", "give up", "went well", "too much"])


@dataclass
class Crowd:
    """Requests at a turnstile, each in a task of its own."""

    turnstile: Turnstile
    tasks: TaskGroup
    budgets: list[Budget | None]
    waiting: list[anyio.CancelScope] = field(default_factory=list[anyio.CancelScope])
    inside: list[anyio.Event] = field(default_factory=list[anyio.Event])
    order: list[int] = field(default_factory=list[int])
    most: int = 0

    def come(self, job: int) -> None:
        """Let a request of a job line up."""
        scope = anyio.CancelScope()
        self.waiting.append(scope)
        self.tasks.start_soon(self._pass, job, scope)

    async def settle(self) -> None:
        """Let whoever may go in go in."""
        with anyio.fail_after(10):
            while len(self.inside) < min(self.turnstile.limit, len(self.inside) + len(self.waiting)):
                await anyio.lowlevel.checkpoint()

    async def empty(self) -> None:
        """Let everybody through and out."""
        while self.waiting or self.inside:
            await self.settle()
            for done in self.inside:
                done.set()
            self.inside.clear()

    async def _pass(self, job: int, scope: anyio.CancelScope) -> None:
        with scope:
            try:
                await self.turnstile.enter(str(job), 1, self.budgets[job % len(self.budgets)], self._ready)
            finally:
                self.waiting.remove(scope)
            await self._stay(job)

    async def _stay(self, job: int) -> None:
        done = anyio.Event()
        self.order.append(job)
        self.inside.append(done)
        self.most = max(self.most, len(self.inside))
        with anyio.CancelScope(shield=True):
            await done.wait()
        self.turnstile.leave()

    async def _ready(self) -> None:
        await anyio.lowlevel.checkpoint()


@asynccontextmanager
async def crowded(folder: Path, *, most: int = MOST, has_budgets: bool = False) -> AsyncGenerator[Crowd]:
    journal = await Journal.open(folder)
    names = ["ark/4.0", "ark/4.5"] if has_budgets else []
    async with anyio.create_task_group() as tasks:
        yield Crowd(Turnstile(most), tasks, [None, *(Budget(journal, name, 1e9) for name in names)])
    await journal.aclose()


def play(crowd: Crowd, step: str, number: int) -> None:
    match step:
        case "come":
            crowd.come(number)
        case "leave" if crowd.inside:
            crowd.inside.pop(number % len(crowd.inside)).set()
        case "give up" if crowd.waiting:
            crowd.waiting[number % len(crowd.waiting)].cancel()
        case "went well":
            crowd.turnstile.went_well()
        case "too much":
            crowd.turnstile.was_too_much(crowd.turnstile.cuts)
        case _:
            pass


@settings(deadline=None, max_examples=60)
@given(
    steps=st.lists(st.tuples(STEPS, st.integers(0, 99), st.integers(0, 3)), max_size=60), has_budgets=st.booleans()
)
async def test_whatever_comes_goes_and_gives_up_no_place_is_lost_and_none_too_many_given(
    steps: list[tuple[str, int, int]], *, has_budgets: bool
) -> None:
    with TemporaryDirectory() as folder:
        async with crowded(Path(folder), has_budgets=has_budgets) as crowd:
            for step, number, pauses in steps:
                play(crowd, step, number)
                for _ in range(pauses):
                    await anyio.lowlevel.checkpoint()
            await crowd.empty()
            for _ in range(4 * MOST):
                crowd.turnstile.went_well()
            for job in range(3 * MOST):
                crowd.come(job)
            await crowd.settle()
            assert len(crowd.inside) == MOST
            await crowd.empty()
        assert crowd.most == MOST


@settings(deadline=None)
@given(st.lists(st.integers(1, 12), min_size=2, max_size=5))
async def test_jobs_take_turns_however_many_requests_each_has(sizes: list[int]) -> None:
    with TemporaryDirectory() as folder:
        async with crowded(Path(folder), most=1) as crowd:
            for job, size in enumerate(sizes):
                for _ in range(size):
                    crowd.come(job)
            await anyio.wait_all_tasks_blocked()
            await crowd.empty()
    left = Counter(dict(enumerate(sizes)))
    order = crowd.order[1:]  # the first came when nobody else was there
    left[crowd.order[0]] -= 1
    while order:
        turn = {job for job in left if left[job]}
        served, order = order[: len(turn)], order[len(turn) :]
        assert set(served) == turn
        left.subtract(served)


async def test_the_limit_is_halved_once_for_what_was_refused_together_and_grows_by_one_a_round() -> None:
    turnstile = Turnstile(8)
    for _ in range(8):
        turnstile.was_too_much(0)
    assert turnstile.limit == 4
    turnstile.was_too_much(turnstile.cuts)
    assert turnstile.limit == 2
    for _ in range(5):
        turnstile.was_too_much(turnstile.cuts)
    assert turnstile.limit == 1
    grown = [turnstile.limit for _ in range(100) if not turnstile.went_well()]
    assert grown == sorted(grown)
    assert grown[5] in {2, 3}
    assert grown[-1] == 8


async def test_a_model_whose_budget_is_used_up_delays_no_other_model(tmp_path: Path) -> None:
    journal = await Journal.open(tmp_path)
    slow, quick = Budget(journal, "ark/slow", 1), Budget(journal, "ark/quick", 500)
    turnstile = Turnstile(4)

    async def ready() -> None:
        pass

    await turnstile.enter("job", 1, slow, ready)
    async with anyio.create_task_group() as tasks:
        for _ in range(8):
            tasks.start_soon(turnstile.enter, "job", 1, slow, ready)
        await anyio.wait_all_tasks_blocked()
        with anyio.fail_after(5):
            await turnstile.enter("job", 1, quick, ready)
            await turnstile.enter("other", 1, None, ready)
        tasks.cancel_scope.cancel()
    await journal.aclose()
