"""No minute sees more than an account's limit: the arithmetic, and the row in the journal that processes share."""

import sqlite3
import time
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seedream_hub.jobs.journal import Journal
from seedream_hub.jobs.pace import FARTHEST_S, MINUTE_S, Pace, Standing
from seedream_hub.jobs.turnstile import Budget

ASKED = st.lists(st.tuples(st.floats(0, 90), st.integers(1, 15)), min_size=2, max_size=80)
START = 1_795_000_000.0


def sent(per_minute: int, asked: list[tuple[float, int]]) -> list[tuple[float, int]]:
    """Return when each request may leave, and its pictures; each is asked for so long after the one before."""
    pace, standing, now, times = Pace(per_minute), Standing(), START, list[tuple[float, int]]()
    for pause_s, images in asked:
        now += pause_s
        standing, begins = pace.reserve(standing, images, now)
        times.append((begins, images))
    return times


@settings(deadline=None)
@given(st.integers(1, 600), ASKED)
def test_no_minute_sees_more_than_the_limit_whatever_is_asked(
    per_minute: int, asked: list[tuple[float, int]]
) -> None:
    times = sent(per_minute, asked)
    for first, _ in times:
        minute = [images for begins, images in times if first <= begins < first + MINUTE_S - 1e-3]
        assert sum(minute) <= per_minute or len(minute) == 1


@settings(deadline=None)
@given(st.integers(1, 600), st.integers(1, 15))
def test_nobody_waits_for_an_account_that_is_idle(per_minute: int, images: int) -> None:
    _, begins = Pace(per_minute).reserve(Standing(), images, START)
    assert begins == START


@pytest.mark.parametrize(("per_minute", "images"), [(500, 1), (500, 15), (100, 4), (60, 1), (9, 1), (1, 1)])
def test_nine_tenths_of_the_limit_are_used(per_minute: int, images: int) -> None:
    times = sent(per_minute, [(0.0, images)] * 600)
    used = MINUTE_S * sum(images for _, images in times[:-1]) / (times[-1][0] - times[0][0])
    assert 0.89 * per_minute < used < 0.92 * per_minute


def test_pictures_come_evenly_so_that_nobody_waits_for_another_ones_minute() -> None:
    times = [begins for begins, _ in sent(500, [(0.0, 1)] * 300)]
    gaps = [later - earlier for earlier, later in pairwise(times[10:])]
    assert max(gaps) < 0.14


@settings(deadline=None)
@given(st.floats(1, 1e8), st.integers(1, 20))
def test_a_clock_that_was_set_back_changes_nobodys_wait(back_s: float, images: int) -> None:
    pace = Pace(60)
    standing, _ = pace.reserve(Standing(), images, START)
    _, begins = pace.reserve(standing, 1, START)
    _, after = pace.reserve(standing, 1, START - back_s)
    assert after - (START - back_s) == pytest.approx(begins - START, abs=1e-3)


def test_a_push_back_holds_for_everybody_and_never_longer_than_the_retries_wait() -> None:
    pace = Pace(500)
    _, begins = pace.reserve(Standing().pushed_back(20, START), 1, START + 1)
    assert begins == START + 20
    _, begins = pace.reserve(Standing().pushed_back(86_400, START), 1, START + 1)
    assert begins == START + FARTHEST_S


async def test_journals_on_one_folder_share_a_budget(tmp_path: Path) -> None:
    one, other = await Journal.open(tmp_path), await Journal.open(tmp_path)
    waits = [await journal.reserve("ark", 60, Pace(600)) for journal in (one, other, one)]
    alone = await other.reserve("novita", 60, Pace(600))
    await one.aclose()
    await other.aclose()
    assert waits == pytest.approx([0, 6.67 + 0.5, 14], abs=1.5)
    assert alone == 0


async def test_a_budget_written_by_a_clock_that_was_ahead_is_free_again_at_once(tmp_path: Path) -> None:
    journal = await Journal.open(tmp_path)
    await journal.reserve("ark", 1, Pace(600))
    with closing(sqlite3.connect(tmp_path / "journal.sqlite3")) as db:
        db.execute("UPDATE budgets SET free_at = free_at + 86400, seen_at = seen_at + 86400")
        db.commit()
    assert await journal.reserve("ark", 1, Pace(600)) < 1
    await journal.aclose()


async def test_a_process_that_took_its_time_before_a_push_back_waits_for_its_end(tmp_path: Path) -> None:
    one, other = await Journal.open(tmp_path), await Journal.open(tmp_path)
    mine, theirs = Budget(one, "ark", 60), Budget(other, "ark", 60)
    began = time.monotonic()
    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            await mine.take(1)
        tasks.start_soon(mine.take, 1)
        await anyio.wait_all_tasks_blocked()
        await theirs.push_back(3)
    assert time.monotonic() - began >= 3
    await one.aclose()
    await other.aclose()
