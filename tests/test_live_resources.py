"""`seedream://limits` and `seedream://usage`: what is configured now, and what was made and paid."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from mcp import MCPError
from pydantic import BaseModel

from seedream_hub.jobs.tally import Counted
from seedream_hub.schemas.limits import packaged_limits
from seedream_hub.schemas.provenance import ReferenceOrigin
from seedream_hub.tools.image_info import ImageInfo
from seedream_hub.tools.job_page import JobPage
from seedream_hub.tools.limits_report import LimitsReport, ModelReport
from seedream_hub.tools.report import PictureReport, RequestReport
from seedream_hub.tools.usage import DAYS, ModelUsage, Usage, usage
from tests.eras import both_eras, connected, read
from tests.sandboxed import configured, running
from tests.support import ROOT, Connect, facts_of

FOX: dict[str, Any] = {"prompt": "a red fox in snow", "size": "1K", "model": "seedream-4.0"}
NOW = datetime(2026, 11, 21, tzinfo=UTC)


@both_eras
async def test_the_limits_are_those_of_what_is_configured(mode: str) -> None:
    keys = {"ark_api_key": "sk-x", "novita_api_key": "sk-x"}
    async with connected(mode, **keys, models=("seedream-4.5", "seedream-4.0")) as client:
        told = await read(client, "seedream://limits")
        tools = {tool.name: tool.input_schema["properties"] for tool in (await client.list_tools()).tools}
    ark, novita = told["providers"]
    assert (ark["provider"], novita["provider"]) == ("ark", "novita")
    assert [model["model"] for model in ark["models"]] == ["seedream-4.5", "seedream-4.0"]
    assert [model["is_default"] for one in told["providers"] for model in one["models"]] == [
        True,
        False,
        False,
        False,
    ]
    best = ark["models"][0]
    assert best["size"]["pixels"] == [3686400, 16777216]
    assert best["size"]["recommended"]["4K"]["16:9"] == "5504x3040"
    assert (best["references"]["max"], best["set"]) == (14, {"max_images": 15, "references_plus_outputs": 15})
    assert best["price"]["steps"] == [{"amount": 0.25}]
    assert {model["price"] for model in novita["models"]} == {"unknown"}
    assert best["lifecycle"] == {"state": "current"}
    assert best["is_served"] is True
    assert best["options"]["watermark"] == {"default": True}
    assert best["sources"]["*"].endswith("read 2026-10-09")
    assert told["tools"]["batch_images"] == {"references": [0, 14], "count": [2, 15]}
    assert tools["batch_images"]["count"]["maximum"] == told["tools"]["batch_images"]["count"][1]


async def test_the_limits_of_all_providers_together_stay_readable(memory: Connect) -> None:
    keys = {f"{name}_api_key": "sk-x" for name in ("ark", "byteplus", "relay", "aigc", "novita", "evolink")}
    async with memory(**keys, relay_base_url="https://relay.example.com/v1") as client:
        (content,) = (await client.read_resource("seedream://limits")).contents
        assert len((await read(client, "seedream://limits"))["providers"]) == 6
    assert len(getattr(content, "text", "")) < 40_000


@both_eras
async def test_the_usage_tells_what_each_model_made_and_cost(mode: str) -> None:
    with running() as bench:
        settings = configured(bench.sandbox, "ark", "byteplus", "novita")
        async with connected(mode, **settings, provider=("ark", "byteplus", "novita")) as client:

            async def ask(provider: str, count: int) -> dict[str, Any]:
                return facts_of(
                    await client.call_tool("generate_image", {**FOX, "provider": provider, "count": count})
                )

            costs = [(await ask(provider, 2))["cost"]["amount"] for provider in ("ark", "byteplus", "novita")]
            bench.script("status", dialect="ark", status=400)
            await ask("ark", 1)
            bench.script("reset", dialect="ark")
            await ask("ark", 1)
            told = await read(client, "seedream://usage")
    assert costs == [0.4, 0.06, None]
    whole = {"images": 6, "failures": 1, "unknown": 1, "billed": 6, "cost": {"CNY": 0.4, "USD": 0.06}, "unpriced": 2}
    ark = {"images": 2, "failures": 1, "unknown": 1, "billed": 2, "cost": {"CNY": 0.4}, "unpriced": 0}
    none = {"images": 2, "failures": 0, "unknown": 0, "billed": 2}
    models: list[dict[str, object]] = [
        {"provider": "ark", "model": "seedream-4.0", **ark},
        {"provider": "byteplus", "model": "seedream-4.0", **none, "cost": {"USD": 0.06}, "unpriced": 0},
        {"provider": "novita", "model": "seedream-4.0", **none, "cost": {}, "unpriced": 2},
    ]
    assert (told["total"], told["models"]) == (whole, models)
    assert [day["models"] for day in told["days"]] == [models]
    assert (told["since"], told["days_left_out"]) == (told["days"][0]["day"], 0)


async def test_what_was_asked_for_again_though_it_may_have_been_billed_is_unknown_too(memory: Connect) -> None:
    with running() as bench:
        bench.script("cut", dialect="ark", after_images=1)
        async with memory(**configured(bench.sandbox, "ark"), retry_ambiguous=True) as client:
            facts = facts_of(await client.call_tool("batch_images", {**FOX, "count": 3}))
            told = await read(client, "seedream://usage")
    assert facts["billed_unknown"] > 0
    assert told["total"]["images"] == facts["delivered"]
    assert told["total"]["unknown"] == facts["billed_unknown"]


async def test_a_layers_own_price_is_in_the_usage(memory: Connect) -> None:
    with running() as bench:
        async with memory(**configured(bench.sandbox, "byteplus")) as client:
            (fox,) = facts_of(await client.call_tool("generate_image", {**FOX, "size": "1K"}))["images"]
            asked = {"prompt": "apart", "image": fox["id"], "layer_decomposition": True, "model": "seedream-5.0-pro"}
            layers = facts_of(await client.call_tool("edit_image", asked))
            told = await read(client, "seedream://usage")
    (pro,) = (model for model in told["models"] if model["model"] == "seedream-5.0-pro")
    assert pro["images"] == layers["delivered"] > 1
    assert pro["cost"] == {"USD": layers["cost"]["amount"]}


@pytest.mark.parametrize(("zone", "hours"), [("Etc/GMT-14", 14), ("Etc/GMT+12", -12)])
async def test_a_day_is_one_of_where_the_machine_is(stdio: Connect, zone: str, hours: int) -> None:
    there = timezone(timedelta(hours=hours))
    begun = datetime.now(there).date()
    async with stdio(TZ=zone) as client:
        await client.call_tool("generate_image", FOX)
        told = await read(client, "seedream://usage")
    assert told["days"][0]["day"] in {begun.isoformat(), datetime.now(there).date().isoformat()}
    assert datetime.fromisoformat(told["now"]).utcoffset() == timedelta(hours=hours)


def test_only_the_newest_days_are_told_one_by_one() -> None:
    days = [(NOW - timedelta(days=ago)).date().isoformat() for ago in range(DAYS + 9)]
    counted = [
        Counted(day, "ark", "seedream-4.5", "stored", True, 4_000_000, 0, False, None, None, 2) for day in days
    ]
    told = usage(counted, packaged_limits(), NOW)
    assert [day.day for day in told.days] == days[:DAYS]
    assert (told.days_left_out, told.since) == (9, days[-1])
    assert (told.total.images, told.total.cost) == (2 * len(days), {"CNY": 0.25 * 2 * len(days)})
    assert told.days[0].models[0].cost == {"CNY": 0.5}


@both_eras
async def test_a_long_job_is_read_page_by_page(mode: str) -> None:
    request = {**FOX, "prompt": "a fox " * 400, "count": 15}
    async with connected(mode, sandbox_delay_s=1) as client:
        started = facts_of(await client.call_tool("start_job", {"requests": [request] * 7}))
        first = await read(client, f"seedream://jobs/{started['job_id']}")
        second = await read(client, first["next"])
        last = await read(client, second["next"])
        await client.call_tool("cancel_job", {"job_id": started["job_id"]})
        for beyond in ("105", "x", "-1"):
            with pytest.raises(MCPError, match=r"There is no job|has no pictures there"):
                await read(client, f"{first['uri']}?from={beyond}")
    pages = [first, second, last]
    assert [picture["index"] for page in pages for picture in page["pictures"]] == list(range(105))
    assert [page["next"] for page in pages] == [f"{first['uri']}?from=50", f"{first['uri']}?from=100", None]
    assert [one["number"] for one in last["requests"]] == [6]
    assert {len(one["prompt"]) for one in first["requests"]} == {2000}
    assert [page["requested"] for page in pages] == [105] * 3
    assert len(json.dumps(first)) < 50_000


async def test_the_list_of_jobs_tells_of_few_unknown_pictures_and_counts_the_others(memory: Connect) -> None:
    with running() as bench:
        bench.script("reset", dialect="ark", times=2)
        async with memory(**configured(bench.sandbox, "ark")) as client:
            requests = [{**FOX, "tool": "batch_images", "count": 10}] * 2
            started = facts_of(await client.call_tool("start_job", {"requests": requests}))
            while facts_of(await client.call_tool("get_job", {"job_id": started["job_id"]}))["status"] == "running":
                pass
            (job,) = (await read(client, "seedream://jobs"))["jobs"]
    assert (len(job["unknown"]), job["counts"]) == (15, {"unknown": 20})


@pytest.mark.parametrize(
    "model",
    [ImageInfo, ReferenceOrigin, JobPage, PictureReport, RequestReport, LimitsReport, ModelReport, Usage, ModelUsage],
)
def test_every_field_stands_in_the_documents(model: type[BaseModel]) -> None:
    page = (ROOT / "docs" / "resources.md").read_text(encoding="utf-8")
    assert [name for name in model.model_fields if f"`{name}`" not in page and f"`{name}[]`" not in page] == []
