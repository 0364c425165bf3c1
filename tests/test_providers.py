"""Every tool at every provider, through the real client, against the sandbox that speaks the provider's dialect."""

import hashlib
import sqlite3
from itertools import pairwise
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from PIL import Image

from seedream_hub.schemas.errors import SettingsError
from seedream_hub.server.settings import variable_of
from tests.pictures import picture
from tests.sandboxed import configured, running
from tests.support import Connect, facts_of, text_of

PROVIDERS = ("ark", "byteplus", "relay", "aigc", "novita", "evolink")
SQUARE = {"size": "1024x1024"}
EVOLINK = {"size": "1K", "aspect_ratio": "1:1"}
PRICES = {"ark": (0.2, "CNY"), "byteplus": (0.03, "USD")}
DIALECT = {"byteplus": "ark"}

REQUESTS: dict[str, dict[str, int]] = {
    "generate_image": {**dict.fromkeys(PROVIDERS, 2)} | {"aigc": 1},
    "edit_image": dict.fromkeys(PROVIDERS, 1),
    "fuse_images": dict.fromkeys(PROVIDERS, 1),
    "batch_images": dict.fromkeys(PROVIDERS, 1),
}
"""How many requests a call becomes: variants in one where the upstream takes `n`."""
COUNTS = {"generate_image": 2, "edit_image": 1, "fuse_images": 1, "batch_images": 3}


def arguments_for(tool: str, provider: str, folder: Path) -> dict[str, Any]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"reference-{index}.png" for index in range(2)]
    for path in paths:
        path.write_bytes(picture("png", 80 + len(path.name), 60))
    arguments: dict[str, Any] = {
        "prompt": "a red fox in snow",
        "model": "seedream-4.0",
        **(EVOLINK if provider == "evolink" else SQUARE),
    }
    more: dict[str, dict[str, Any]] = {
        "generate_image": {"count": 2},
        "edit_image": {"image": str(paths[0])},
        "fuse_images": {"images": [str(path) for path in paths]},
        "batch_images": {"count": 3, "images": [str(paths[0])]},
    }
    return arguments | more[tool]


def journal(state: Path) -> list[dict[str, Any]]:
    with sqlite3.connect(state / "journal.sqlite3") as db:
        db.row_factory = sqlite3.Row
        found = [dict(row) for row in db.execute("SELECT * FROM images NATURAL JOIN requests ORDER BY idx")]
    db.close()
    return found


@pytest.mark.parametrize("tool", COUNTS)
@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_tool_makes_its_pictures_at_a_provider_and_accounts_for_them(
    memory: Connect, tmp_path: Path, provider: str, tool: str
) -> None:
    count = COUNTS[tool]
    with running(is_ready=False) as bench:
        async with memory(**configured(bench.sandbox, provider)) as client:
            result = await client.call_tool(tool, arguments_for(tool, provider, tmp_path / "pictures"))
        rows, billed = bench.ledger()["requests"], bench.billed()
    facts = facts_of(result)
    assert (facts["status"], facts["delivered"], facts["billed"]) == ("completed", count, count), text_of(result)
    assert (facts["provider"], facts["model"], facts["sandbox"]) == (provider, "seedream-4.0", True)
    assert (billed, len(rows)) == (count, REQUESTS[tool][provider])
    assert {row["dialect"] for row in rows} == {DIALECT.get(provider, provider)}
    amount, currency = PRICES.get(provider, (None, None))
    expected = None if amount is None else pytest.approx(amount * count)
    assert facts["cost"] == {"amount": expected, "currency": currency, "estimated": True, "expected": expected}
    for image in facts["images"]:
        content = Path(image["path"]).read_bytes()
        with Image.open(image["path"]) as saved:
            assert (saved.format, saved.size) == ("JPEG", (1024, 1024))
        assert (image["width"], image["height"], image["mime_type"]) == (1024, 1024, "image/jpeg")
        assert (image["bytes"], image["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert len({image["sha256"] for image in facts["images"]}) == count


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_the_journal_knows_who_made_a_picture_and_where_it_was(
    memory: Connect, tmp_path: Path, provider: str
) -> None:
    with running() as bench:
        async with memory(**configured(bench.sandbox, provider)) as client:
            arguments = arguments_for("batch_images", provider, tmp_path / "pictures")
            facts = facts_of(await client.call_tool("batch_images", arguments))
        ids = {row["request_id"] for row in bench.ledger()["requests"]}
    rows = journal(tmp_path / "state")
    assert [row["id"] for row in rows] == [image["id"] for image in facts["images"]]
    for row in rows:
        assert (row["state"], row["billed"], row["provider"]) == ("stored", "yes", provider)
        assert row["url"].startswith(bench.sandbox.url)
        assert bool(row["task_id"]) is (provider == "evolink")
        assert "base64" not in row["asked"]
        assert "sha256:" in row["asked"]
    if provider != "evolink":  # there the last answer is a query's
        assert {row["request_id"] for row in rows} == ids


async def test_progress_rises_and_is_never_silent_at_any_provider(memory: Connect, tmp_path: Path) -> None:
    async def watch(client: Client, provider: str) -> None:
        seen: list[tuple[float, float]] = []

        async def note(progress: float, total: float | None, message: str | None) -> None:
            seen.append((progress, anyio.current_time()))

        started = anyio.current_time()
        arguments = arguments_for("batch_images", provider, tmp_path / "pictures" / provider) | {"provider": provider}
        result = await client.call_tool("batch_images", arguments, progress_callback=note)
        assert facts_of(result)["status"] == "completed"
        times = [started, *(moment for _, moment in seen), anyio.current_time()]
        assert times[-1] - started > 7.5
        assert max(later - earlier for earlier, later in pairwise(times)) < 5
        assert all(later > earlier for (earlier, _), (later, _) in pairwise(seen))
        assert seen[-1][0] >= 3

    with running(delay_s=2.5) as bench:
        async with memory(**configured(bench.sandbox, *PROVIDERS)) as client, anyio.create_task_group() as tasks:
            for provider in PROVIDERS:
                tasks.start_soon(watch, client, provider)


@pytest.mark.parametrize("provider", ["ark", "novita", "evolink"])
async def test_a_server_over_stdio_reaches_its_provider_by_its_variables(
    stdio: Connect, tmp_path: Path, provider: str
) -> None:
    with running() as bench:
        settings = configured(bench.sandbox, provider)
        variables = {variable_of(name): value for name, value in settings.items()}
        async with stdio(**variables) as client:
            arguments = arguments_for("edit_image", provider, tmp_path / "pictures")
            facts = facts_of(await client.call_tool("edit_image", arguments))
    assert (facts["status"], facts["provider"]) == ("completed", provider)
    assert Path(facts["images"][0]["path"]).stat().st_size == facts["images"][0]["bytes"]


@pytest.mark.parametrize("provider", ["ark", "byteplus", "relay"])
@pytest.mark.parametrize("tool", ["generate_image", "batch_images"])
async def test_pictures_that_travel_as_base64_are_saved_as_those_behind_links(
    memory: Connect, tmp_path: Path, provider: str, tool: str
) -> None:
    with running() as bench:
        async with memory(**configured(bench.sandbox, provider)) as client:
            arguments = arguments_for(tool, provider, tmp_path / "pictures")
            linked = facts_of(await client.call_tool(tool, arguments))
            carried = facts_of(await client.call_tool(tool, {**arguments, "response_format": "b64_json"}))
    assert (linked["status"], carried["status"]) == ("completed", "completed")
    assert [i["sha256"] for i in carried["images"]] == [i["sha256"] for i in linked["images"]]
    assert [row["url"] is None for row in journal(tmp_path / "state")].count(True) == COUNTS[tool]


async def test_one_server_serves_all_providers_and_a_call_may_name_its_own(memory: Connect, tmp_path: Path) -> None:
    with running() as bench:
        async with memory(**configured(bench.sandbox, *PROVIDERS)) as client:
            for provider in PROVIDERS:
                arguments = arguments_for("generate_image", provider, tmp_path / "pictures") | {"count": 1}
                facts = facts_of(await client.call_tool("generate_image", {**arguments, "provider": provider}))
                assert (facts["status"], facts["provider"]) == ("completed", provider)
        asked = [row["dialect"] for row in bench.ledger()["requests"]]
    assert asked == ["ark", "ark", "relay", "aigc", "novita", "evolink"]


async def test_a_provider_that_lacks_the_model_is_refused_with_those_that_have_it(memory: Connect) -> None:
    with running() as bench:
        async with memory(**configured(bench.sandbox, "ark", "novita")) as client:
            arguments = {"prompt": "x", "model": "seedream-5.0-pro", "provider": "novita"}
            result = await client.call_tool("generate_image", arguments)
        assert bench.ledger()["requests"] == []
    assert result.is_error
    assert "provider novita does not have seedream-5.0-pro; use ark" in text_of(result)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            {"output_format": "png", "model": "seedream-4.0"},
            "leave it out, or use model seedream-5.0-pro, seedream-5.0-flash, seedream-5.0-lite at ark (",
        ),
        (
            {"stream": True, "model": "seedream-4.0", "provider": "novita"},
            "leave it out, or use model seedream-4.5, seedream-5.0-lite, seedream-4.0 at ark (",
        ),
        (
            {"optimize_prompt": "standard", "model": "seedream-4.0", "provider": "novita"},
            "leave it out, or use model seedream-4.5, seedream-5.0-lite (",
        ),
        (
            {"seed": 1, "model": "seedream-4.0", "provider": "ark"},
            "leave it out, or use model seedream-3.0-t2i at byteplus (",
        ),
        (
            {"optimize_prompt": "fast", "model": "seedream-4.5", "provider": "ark"},
            "use standard, or model seedream-5.0-pro, seedream-4.0 (",
        ),
        (
            {"optimize_prompt": "fast", "model": "seedream-4.5", "provider": "novita"},
            "use standard, or model seedream-5.0-pro, seedream-4.0 at ark (",
        ),
    ],
)
async def test_a_refused_option_names_who_takes_it_at_other_providers(
    memory: Connect, arguments: dict[str, Any], told: str
) -> None:
    settings = {f"{name}_api_key": "sk-x" for name in ("novita", "ark", "byteplus")}
    async with memory(provider=("novita", "ark", "byteplus"), **settings) as client:
        result = await client.call_tool("generate_image", {"prompt": "x", **arguments})
    assert result.is_error
    assert told in text_of(result)


async def test_layers_are_priced_as_layers_each_at_its_own_step(memory: Connect, tmp_path: Path) -> None:
    path = tmp_path / "pictures" / "reference.png"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(picture("png", 2048, 2048))
    arguments = {"prompt": "split it", "image": str(path), "model": "seedream-5.0-pro", "layer_decomposition": True}
    with running() as bench:
        async with memory(**configured(bench.sandbox, "byteplus")) as client:
            result = await client.call_tool("edit_image", arguments)
    facts = facts_of(result)
    pixels = [image["width"] * image["height"] for image in facts["images"]]
    assert len(pixels) > 1
    assert {side > 2_610_000 for side in pixels} == {True, False}
    assert facts["cost"]["amount"] == pytest.approx(sum(0.045 if one > 2_610_000 else 0.0225 for one in pixels))
    assert f"completed: {len(pixels)} of {len(pixels)} pictures" in text_of(result)


async def test_a_model_is_not_offered_in_a_region_that_does_not_serve_it(memory: Connect) -> None:
    async with memory(byteplus_api_key="sk-x", byteplus_region="eu-west") as client:
        (tool,) = [tool for tool in (await client.list_tools()).tools if tool.name == "generate_image"]
    assert "seedream-5.0-pro" not in tool.input_schema["properties"]["model"]["enum"]
    assert "seedream-4.5" in tool.input_schema["properties"]["model"]["enum"]
    with pytest.raises(
        SettingsError, match=r"seedream-5\.0-pro, which byteplus serves only in ap-southeast; for example"
    ):
        async with memory(byteplus_api_key="sk-x", byteplus_region="eu-west", models=("seedream-5.0-pro",)):
            pass
