"""What a call will cost is known before it is sent, and a budget is held, whatever happens on the way."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from seedream_hub.schemas.errors import SettingsError
from seedream_hub.schemas.limits import Limits, packaged_table
from seedream_hub.schemas.money import Budget, Money, parse_budget, parse_money
from seedream_hub.server.app import make_server
from seedream_hub.server.settings import Settings, load_settings
from tests.pictures import picture
from tests.sandboxed import Bench, configured, running
from tests.support import Connect, facts_of, text_of

FOX: dict[str, Any] = {"prompt": "a red fox in snow", "model": "seedream-4.0", "size": "1K"}
PRO: dict[str, Any] = {"prompt": "a red fox in snow", "model": "seedream-5.0-pro"}


def asked(bench: Bench) -> list[str]:
    return [row["dialect"] for row in bench.ledger()["requests"]]


@asynccontextmanager
async def priced(own: dict[str, Any], **settings: Any) -> AsyncGenerator[Client]:
    """Connect to a server with a limits table of its own."""
    limits = Limits.from_json(packaged_table(), own)
    async with Client(make_server(Settings(**settings), limits)) as client:
        yield client


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        ("5 USD/day, 1 USD/job", Budget(Money(5, "USD"), Money(1, "USD"))),
        ("30 cny / day", Budget(day=Money(30, "CNY"))),
        ("0.5USD/job", Budget(job=Money(0.5, "USD"))),
        ("0 USD/day", Budget(day=Money(0, "USD"))),
    ],
)
def test_a_budget_is_a_sum_for_a_day_or_for_a_job_or_both(text: str, budget: Budget) -> None:
    assert parse_budget(text) == budget


@pytest.mark.parametrize(
    "text", ["5", "5 USD", "5 EUR/day", "-5 USD/day", "5 USD/week", "5 USD/day,", "5/day", "1,5 USD/day"]
)
def test_a_budget_that_is_none_is_refused_with_an_example_that_works(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("SEEDREAM_BUDGET", text)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    told = str(refused.value)
    assert told.startswith(f"SEEDREAM_BUDGET: {text!r} is no sum in USD or CNY")
    example = told.rpartition("SEEDREAM_BUDGET=")[2]
    assert parse_budget(example) == Budget(Money(5, "USD"), Money(1, "USD"))


def test_a_budget_that_names_the_day_twice_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEEDREAM_BUDGET", "1 USD/day, 1 USD/day")
    with pytest.raises(SettingsError, match="names a day twice"):
        load_settings()


def test_a_sum_to_be_asked_above_is_read_and_a_wrong_one_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEEDREAM_CONFIRM_ABOVE", "1.5 usd")
    assert load_settings().confirm_above == Money(1.5, "USD")
    monkeypatch.setenv("SEEDREAM_CONFIRM_ABOVE", "much")
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert parse_money(str(refused.value).rpartition("SEEDREAM_CONFIRM_ABOVE=")[2]) == Money(1, "USD")


@pytest.mark.parametrize(
    ("provider", "arguments", "told", "references"),
    [
        ("ark", {**FOX, "count": 3}, "about 0.6 CNY at ark (seedream-4.0)", 0),
        ("ark", {**PRO, "size": "1.5K"}, "about 0.3 CNY at ark (seedream-5.0-pro)", 0),
        ("ark", {**PRO, "size": "2K"}, "about 0.6 CNY at ark (seedream-5.0-pro)", 0),
        ("ark", PRO, "about 0.6 CNY at ark (seedream-5.0-pro)", 0),
        ("ark", {**PRO, "size": "1024x1024"}, "about 0.3 CNY at ark (seedream-5.0-pro)", 0),
        ("byteplus", {**PRO, "size": "1K"}, "about 0.051 USD at byteplus (seedream-5.0-pro)", 3),
        ("novita", FOX, "no price is known at novita (seedream-4.0)", 0),
    ],
)
async def test_the_price_is_told_before_anything_is_sent_and_is_what_is_billed(
    memory: Connect, tmp_path: Path, provider: str, arguments: dict[str, Any], told: str, references: int
) -> None:
    notes: list[str] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        notes.append(message or "")

    path = tmp_path / "pictures" / "fox.png"
    path.parent.mkdir()
    path.write_bytes(picture("png"))
    named = {"images": [str(path)] * references} if references else {}
    tool = "fuse_images" if references else "generate_image"
    with running() as bench:
        async with memory(**configured(bench.sandbox, provider)) as client:
            facts = facts_of(await client.call_tool(tool, {**arguments, **named}, progress_callback=note))
    assert notes.index(told) < next(place for place, message in enumerate(notes) if "sent to" in message)
    cost = facts["cost"]
    billed = f"about {cost['amount']:g} {cost['currency']}" if cost["amount"] is not None else "no price is known"
    assert told.startswith(f"{billed} at")
    assert cost["expected"] == cost["amount"]


async def test_the_sandbox_tells_no_price_and_no_budget_holds_it_up(memory: Connect) -> None:
    notes: list[str] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        notes.append(message or "")

    async with memory(budget="0 USD/day, 0 USD/job", confirm_above="0 USD") as client:
        facts = facts_of(await client.call_tool("generate_image", FOX, progress_callback=note))
    assert (facts["status"], facts["cost"]["expected"], facts["warnings"]) == ("completed", 0, [])
    assert not [message for message in notes if "about" in message]


async def test_a_running_job_tells_what_is_billed_and_what_all_of_it_will_cost(memory: Connect) -> None:
    seen: list[tuple[int, float, float]] = []
    with running(delay_s=0.2) as bench:
        async with memory(**configured(bench.sandbox, "ark"), concurrency=1) as client:
            result = await client.call_tool("generate_image", {**FOX, "count": 4, "wait_s": 0})
            assert "Pictures billed: 0, 0 CNY (estimated); 0.8 CNY expected in all." in text_of(result)
            while (facts := facts_of(result))["status"] == "running":
                seen.append((facts["billed"], facts["cost"]["amount"], facts["cost"]["expected"]))
                result = await client.call_tool("get_job", {"job_id": facts["job_id"]})
    assert len(seen) > 1
    assert {(round(billed * 0.2, 4), 0.8) for billed, _, _ in seen} == {(amount, told) for _, amount, told in seen}
    assert (facts["cost"]["amount"], facts["cost"]["expected"]) == (0.8, 0.8)
    assert "expected" not in text_of(result)


@pytest.mark.parametrize(
    ("budget", "arguments", "told"),
    [
        (
            "1 CNY/job",
            {**FOX, "count": 6},
            (
                "It would cost about 1.2 CNY; a job may cost 1 CNY (SEEDREAM_BUDGET).\n"
                "Next: What would fit: count 5; model seedream-5.0-flash, provider ark (0.12 CNY each). "
                "Split it into several jobs, or have the user raise SEEDREAM_BUDGET.\n"
                "Nothing was sent or billed."
            ),
        ),
        (
            "0.1 USD/day",
            {**PRO, "size": "2K", "count": 2},
            (
                "It would cost about 0.1714 USD; 0.1 USD of today's 0.1 USD is left (SEEDREAM_BUDGET).\n"
                "Next: What would fit: count 1; size 1.5K (0.3 CNY each); model seedream-5.0-flash, provider ark "
                "(0.12 CNY each). It is more than a whole day's budget: ask for less, or have the user raise "
                "SEEDREAM_BUDGET.\n"
                "Nothing was sent or billed."
            ),
        ),
        (
            "0 CNY/day",
            FOX,
            (
                "It would cost about 0.2 CNY; 0 CNY of today's 0 CNY is left (SEEDREAM_BUDGET).\n"
                "Next: The day's budget is below the price of one such picture, also tomorrow: have the user raise "
                "SEEDREAM_BUDGET.\n"
                "Nothing was sent or billed."
            ),
        ),
    ],
)
async def test_a_call_above_the_budget_is_refused_before_anything_is_sent_with_what_would_fit(
    memory: Connect, budget: str, arguments: dict[str, Any], told: str
) -> None:
    with running() as bench:
        async with memory(**configured(bench.sandbox, "ark", "byteplus"), budget=budget) as client:
            result = await client.call_tool("generate_image", arguments)
        assert asked(bench) == []
    assert (result.is_error, text_of(result)) == (True, told)


async def test_a_job_above_the_budget_is_refused_as_a_whole(memory: Connect) -> None:
    with running() as bench:
        async with memory(**configured(bench.sandbox, "ark"), budget="1 CNY/job") as client:
            result = await client.call_tool("start_job", {"requests": [{**FOX, "count": 3}] * 2})
            assert asked(bench) == []
            fits = facts_of(await client.call_tool("start_job", {"requests": [FOX] * 5}))
    assert result.is_error
    assert "It would cost about 1.2 CNY; a job may cost 1 CNY" in text_of(result)
    assert "The first request would fit." in text_of(result)
    assert fits["cost"]["expected"] == 1


async def test_what_would_fit_does_fit(memory: Connect) -> None:
    with running() as bench:
        async with memory(**configured(bench.sandbox, "ark"), budget="0.61 CNY/job") as client:
            for fitting in ({"count": 1}, {"size": "1.5K"}, {"model": "seedream-5.0-flash"}):
                call = {**PRO, "size": "2K", "count": 2, **fitting}
                assert facts_of(await client.call_tool("generate_image", call))["status"] == "completed"
        assert bench.settled() == 5


async def test_what_has_no_known_price_is_refused_under_a_budget_until_a_limits_file_gives_it_one(
    memory: Connect,
) -> None:
    price = {"currency": "USD", "steps": [{"amount": 0.03}]}
    own = {"providers": {"novita": {"models": {"seedream-4.0": {"price": price}}}}}
    with running() as bench:
        settings = configured(bench.sandbox, "novita")
        async with memory(**settings, budget="1 USD/day") as client:
            result = await client.call_tool("generate_image", FOX)
        assert asked(bench) == []
        async with priced(own, **settings, budget="1 USD/day") as client:
            facts = facts_of(await client.call_tool("generate_image", FOX))
    assert result.is_error
    assert "what this costs stands in no table" in text_of(result)
    assert "SEEDREAM_LIMITS_FILE" in text_of(result)
    assert facts["cost"] == {"amount": 0.03, "currency": "USD", "estimated": True, "expected": 0.03}
