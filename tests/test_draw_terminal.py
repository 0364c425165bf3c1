"""The commands that make pictures in a real terminal: bars, pictures, questions, Ctrl-C."""

import re
import signal
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from seedream_hub.tools.progress import HEARTBEAT_S
from tests.commands import run
from tests.sandboxed import Bench, configured, running, within_ten_seconds
from tests.terminal import KITTY, PLAIN, SIXEL, terminal

BAR = "━"
UP = "\x1b[1A"
KITTY_PICTURE = re.compile(r"\x1b_Gi=\d+,m=[01],f=100,q=2;")
SIXEL_PICTURE = re.compile(r"\x1bP[\d;]*q")
BLOCK = "▀"

COSTLY: dict[str, Any] = {"SEEDREAM_CONFIRM_ABOVE": "0.1 CNY"}
FOX = ("generate", "a red fox", "--size", "1K", "--model", "seedream-4.0")


def ark(bench: Bench) -> dict[str, Any]:
    """Return the variables of a user of Ark whose requests go to the sandbox."""
    given = configured(bench.sandbox, "ark")
    return {"ARK_API_KEY": given["ark_api_key"], "SEEDREAM_ARK_BASE_URL": given["ark_base_url"]}


@pytest.fixture
def slow() -> Generator[Bench]:
    """A provider that takes a second for a picture."""
    with running(delay_s=1.0) as bench:
        yield bench


def saved(text: str) -> list[str]:
    return re.findall(r"^/\S+\.jpg$", text.replace("\r", ""), re.MULTILINE)


def test_a_terminal_gets_a_bar_that_leaves_and_the_paths_as_they_land() -> None:
    with terminal(*FOX, "--count", "2", SEEDREAM_SANDBOX_DELAY_S="0.5") as screen:
        assert screen.end() == 0
    assert BAR in screen.seen
    assert screen.seen.count("saved /") >= 2
    assert screen.seen.rindex(BAR) < screen.seen.index("completed: 2 of 2 pictures by sandbox")
    assert [Path(path).is_file() for path in saved(screen.seen)] == [True, True]


@pytest.mark.parametrize("columns", [80, 40])
def test_no_line_of_the_bar_is_wider_than_the_terminal(columns: int) -> None:
    prompt = "一只红狐狸在雪地里，低垂的冬日阳光，远处有群山和一座小木屋"
    with terminal("generate", prompt, columns=columns, SEEDREAM_LANG="zh") as screen:
        assert screen.end() == 0
    assert "共 1 张" in screen.seen
    drawn = [line for line in screen.seen.split("\r\n") if BAR in line]
    assert drawn
    for line in drawn:
        assert len(re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line.split("\r")[-1])) < columns - 2


def test_a_terminal_that_speaks_kittys_protocol_shows_the_picture_under_its_path() -> None:
    with terminal(*FOX, answers=KITTY) as screen:
        assert screen.end() == 0
    (path,) = saved(screen.seen)
    assert KITTY_PICTURE.search(screen.seen, screen.seen.index(path))


def test_a_terminal_that_speaks_sixel_shows_the_picture() -> None:
    with terminal(*FOX, answers=SIXEL) as screen:
        assert screen.end() == 0
    assert SIXEL_PICTURE.search(screen.seen)


@pytest.mark.parametrize(
    ("answers", "variables"),
    [
        (PLAIN, {}),
        (KITTY, {"TERM": "dumb"}),
        (KITTY, {"TMUX": "/tmp/tmux-0/default,1,0"}),
        ({}, {}),
    ],
)
def test_a_terminal_that_shows_no_pictures_gets_the_path_alone(
    answers: dict[str, str], variables: dict[str, Any]
) -> None:
    with terminal(*FOX, answers=answers, **variables) as screen:
        assert screen.end() == 0
    assert len(saved(screen.seen)) == 1
    assert not KITTY_PICTURE.search(screen.seen)
    assert not SIXEL_PICTURE.search(screen.seen)
    assert BLOCK not in screen.seen
    if variables:
        assert "\x1b_G" not in screen.seen


def test_blocks_are_drawn_only_where_they_are_asked_for_and_nobody_is_asked_for_kitty() -> None:
    with terminal(*FOX, "--show", answers={}, TERM="dumb") as screen:
        assert screen.end() == 0
    assert BLOCK in screen.seen
    assert "\x1b_G" not in screen.seen


def test_ctrl_c_sends_nothing_more_keeps_what_is_paid_and_names_the_job(slow: Bench) -> None:
    with terminal(*FOX, "--count", "3", SEEDREAM_CONCURRENCY="1", **ark(slow)) as screen:
        screen.until("sent to ark")
        screen.type("\x03")
        assert screen.end() == 130
    (job_id,) = re.findall(r"Stopping job (\w{16})", screen.seen.replace("\r\n", " "))
    assert "partial: 1 of 3 pictures by ark" in screen.seen
    assert "Cancelled before it was sent" in screen.seen
    assert slow.settled() == 1
    assert job_id in run("jobs", "show", job_id).stdout


def test_a_second_ctrl_c_ends_at_once_and_gives_the_cursor_back(slow: Bench) -> None:
    slow.script("delay", dialect="ark", seconds=30)
    with terminal(*FOX, **ark(slow)) as screen:
        screen.until("sent to ark")
        screen.type("\x03")
        screen.until("Stopping job")
        screen.type("\x03")
        assert screen.end() == 130
    assert "completed" not in screen.seen
    assert screen.seen.rindex("\x1b[?25h") > screen.seen.rindex("\x1b[?25l")


def test_sigterm_ends_it_and_gives_the_cursor_back(slow: Bench) -> None:
    with terminal(*FOX, **ark(slow)) as screen:
        screen.until("sent to ark")
        screen.process.send_signal(signal.SIGTERM)
        assert screen.end() == 143
    assert screen.seen.rindex("\x1b[?25h") > screen.seen.rindex("\x1b[?25l")


@pytest.mark.parametrize(("answer", "code", "billed"), [("y\n", 0, 1), ("\n", 1, 0)])
def test_what_costs_much_is_asked_for_first(answer: str, code: int, billed: int) -> None:
    with running() as bench:
        with terminal(*FOX, SEEDREAM_CONFIRM_ABOVE="0.1 CNY", **ark(bench)) as screen:
            screen.until("[y/N]")
            asked = len(screen.seen)
            screen.type(answer)
            assert screen.end() == code
        assert bench.settled() == billed
    assert UP not in screen.seen[asked:].partition(BAR)[0]  # the question stays
    assert ("did not agree" in screen.seen) is (code == 1)


def test_the_bar_is_not_drawn_over_the_question() -> None:
    with terminal(*FOX, SEEDREAM_ARK_BASE_URL="http://127.0.0.1:9", ARK_API_KEY="k", **COSTLY) as screen:
        screen.until("[y/N]")
        assert screen.hears_nothing_for(HEARTBEAT_S + 1)
        screen.type("n\n")
        assert screen.end() == 1


def begun(bench: Bench, count: int) -> str:
    """Begin a job whose wait is over while its first picture is drawn; return its id."""
    command = (*FOX, "--count", str(count), "--wait", "1")
    return run(*command, SEEDREAM_CONCURRENCY="1", **ark(bench)).stdout.partition("(job ")[2][:16]


def test_ctrl_c_ends_the_wait_for_a_job_tells_what_is_there_and_leaves_the_rest() -> None:
    with running(delay_s=1.5) as slow:
        variables: dict[str, Any] = {**ark(slow), "SEEDREAM_CONCURRENCY": "1"}
        job_id = begun(slow, 4)
        with terminal("jobs", "wait", job_id, **variables) as screen:
            screen.until("2 of 4")
            screen.type("\x03")
            assert screen.end() == 130
        seen = screen.seen.replace("\r\n", "\n")
        made = slow.settled()
        assert 2 <= made < 4
        assert "No longer waiting: this command sends nothing more." in seen
        assert len(saved(seen)) == made
        assert f"{4 - made} of 4 are not made yet. `seedream-hub jobs wait {job_id}` makes them" in seen
        assert run("jobs", "wait", job_id, **variables).returncode == 0
        assert slow.settled() == 4


def test_ctrl_c_during_the_last_picture_of_a_job_tells_that_all_are_there() -> None:
    with running(delay_s=1.5) as slow:
        job_id = begun(slow, 2)
        with terminal("jobs", "wait", job_id, **ark(slow)) as screen:
            within_ten_seconds(lambda: len(slow.ledger()["requests"]) == 2)
            screen.type("\x03")
            assert screen.end() == 130
    assert "completed: 2 of 2 pictures by ark" in screen.seen
    assert len(saved(screen.seen)) == 2
    assert "are not made yet" not in screen.seen


def test_ctrl_c_at_the_question_sends_nothing() -> None:
    with running() as bench:
        with terminal(*FOX, SEEDREAM_CONFIRM_ABOVE="0.1 CNY", **ark(bench)) as screen:
            screen.until("[y/N]")
            screen.type("\x03")
            assert screen.end() == 130
        assert bench.settled() == 0
    assert "Stopped: nothing was sent by this command." in screen.seen


def test_a_person_who_starts_the_server_is_told_what_it_waits_for() -> None:
    with terminal() as screen:
        screen.until("`seedream-hub --help` lists the commands")
        screen.type("\x03")
        assert screen.end() == 130
