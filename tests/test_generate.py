"""`generate_image` through the real client, against the sandbox over a real socket."""

import base64
import hashlib
import json
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import anyio
import jsonschema
import pytest
from mcp import Client, MCPError
from mcp.types import ImageContent, ResourceLink
from PIL import Image

from seedream_hub.schemas.errors import ArgumentError
from seedream_hub.schemas.limits import packaged_limits
from seedream_hub.schemas.menu import Menu
from seedream_hub.schemas.offer import Offer
from seedream_hub.server.settings import Settings
from seedream_hub.server.studio import LazyStudio
from seedream_hub.tools.generate import generate_image
from seedream_hub.tools.make import Shown
from tests.sandboxed import running
from tests.support import Connect, facts_of, text_of

FOX = {"prompt": "a red fox in snow"}


async def output_schema(client: Client) -> dict[str, Any]:
    tool = (await client.list_tools()).tools[0]
    assert tool.output_schema is not None
    return tool.output_schema


async def test_a_call_leaves_a_jpeg_of_the_documented_pixels_on_disk(memory: Connect, tmp_path: Path) -> None:
    async with memory() as client:
        facts = facts_of(await client.call_tool("generate_image", {**FOX, "aspect_ratio": "16:9"}))
    (image,) = facts["images"]
    path = Path(image["path"])
    content = path.read_bytes()
    with Image.open(path) as picture:
        assert (picture.format, picture.size) == ("JPEG", (2848, 1600))
    assert path.is_absolute()
    assert path.parent == tmp_path / "pictures"
    assert image["bytes"] == len(content)
    assert image["sha256"] == hashlib.sha256(content).hexdigest()
    assert (image["width"], image["height"], image["mime_type"]) == (2848, 1600, "image/jpeg")


async def test_the_result_is_complete_and_fits_its_schema(memory: Connect) -> None:
    async with memory() as client:
        result = await client.call_tool("generate_image", {**FOX, "count": 2})
        schema = await output_schema(client)
    facts = facts_of(result)
    jsonschema.validate(facts, schema)
    assert set(facts) == {
        "status", "job_id", "images", "failures", "counts", "requested", "delivered", "billed", "billed_unknown",
        "cost", "provider", "model", "prompt_sent", "warnings", "sandbox", "next", "more",
    }  # fmt: skip
    assert facts["status"] == "completed"
    assert [image["index"] for image in facts["images"]] == [0, 1]
    assert (facts["requested"], facts["delivered"], facts["billed"]) == (2, 2, 2)
    assert facts["cost"] == {"amount": 0.0, "currency": "CNY", "estimated": True, "expected": 0.0}
    assert (facts["provider"], facts["model"]) == ("sandbox", "seedream-4.5")
    assert facts["prompt_sent"] == FOX["prompt"]
    assert facts["sandbox"] is True
    text = text_of(result)
    assert "no model was called" in text
    for image in facts["images"]:
        assert image["uri"] == f"seedream://images/{image['id']}"
        assert image["path"] in text
        assert image["uri"] in text


async def test_variants_of_one_call_differ_and_the_same_call_repeats_them(memory: Connect) -> None:
    async with memory() as client:
        first = facts_of(await client.call_tool("generate_image", {**FOX, "count": 3}))
        again = facts_of(await client.call_tool("generate_image", {**FOX, "count": 3}))
    hashes = [image["sha256"] for image in first["images"]]
    assert len(set(hashes)) == 3
    assert hashes == [image["sha256"] for image in again["images"]]
    assert {image["path"] for image in first["images"]}.isdisjoint(image["path"] for image in again["images"])


async def test_fifteen_previews_stay_within_a_hundred_kilobytes_of_base64(memory: Connect) -> None:
    async with memory() as client:
        result = await client.call_tool("generate_image", {**FOX, "count": 15, "model": "seedream-4.0", "size": "1K"})
    previews = [block for block in result.content if isinstance(block, ImageContent)]
    assert len(previews) == 15
    assert sum(len(block.data) for block in previews) <= 100_000
    for block in previews:
        with Image.open(BytesIO(base64.b64decode(block.data))) as picture:
            assert picture.format == "JPEG"
            assert max(picture.size) <= 1024
    assert len(json.dumps(result.structured_content)) < 12_000


async def test_a_single_preview_is_no_larger_than_1024_pixels(memory: Connect) -> None:
    async with memory() as client:
        result = await client.call_tool("generate_image", {**FOX, "size": "4K"})
    (block,) = (block for block in result.content if isinstance(block, ImageContent))
    assert block.mime_type == "image/jpeg"
    with Image.open(BytesIO(base64.b64decode(block.data))) as picture:
        assert max(picture.size) <= 1024


async def test_previews_can_be_turned_off_and_links_turned_on(memory: Connect) -> None:
    async with memory(preview="none", resource_links=True) as client:
        result = await client.call_tool("generate_image", FOX)
    (link,) = (block for block in result.content if isinstance(block, ResourceLink))
    assert str(link.uri) == facts_of(result)["images"][0]["uri"]
    assert not any(isinstance(block, ImageContent) for block in result.content)


async def test_no_resource_link_is_returned_by_default(memory: Connect) -> None:
    async with memory() as client:
        result = await client.call_tool("generate_image", FOX)
    assert {block.type for block in result.content} == {"text", "image"}


async def test_reading_a_pictures_resource_gives_the_bytes_of_its_file(memory: Connect) -> None:
    async with memory() as client:
        facts = facts_of(await client.call_tool("generate_image", FOX))
        (image,) = facts["images"]
        (content,) = (await client.read_resource(image["uri"])).contents
    assert content.mime_type == "image/jpeg"
    assert base64.b64decode(getattr(content, "blob", "")) == Path(image["path"]).read_bytes()


async def test_reading_an_unknown_picture_says_so(memory: Connect) -> None:
    async with memory() as client:
        with pytest.raises(MCPError, match="no picture seedream://images/nope-0"):
            await client.read_resource("seedream://images/nope-0")


async def test_progress_rises_from_the_first_second_and_names_each_saved_file(memory: Connect) -> None:
    seen: list[tuple[float, float | None, str, float]] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        seen.append((progress, total, message or "", anyio.current_time()))

    async with memory() as client:
        started = anyio.current_time()
        facts = facts_of(await client.call_tool("generate_image", {**FOX, "count": 2}, progress_callback=note))
    values = [progress for progress, _, _, _ in seen]
    assert seen[0][3] - started < 1
    assert all(later > earlier for earlier, later in pairwise(values))
    assert {total for _, total, _, _ in seen} == {2.0}
    assert values[-1] >= 2
    for image in facts["images"]:
        assert any(image["path"] in message for _, _, message, _ in seen)


async def test_a_long_wait_is_never_silent_for_five_seconds(memory: Connect) -> None:
    times: list[float] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        times.append(anyio.current_time())

    async with memory(sandbox_delay_s=9) as client:
        times.append(anyio.current_time())
        await client.call_tool("generate_image", FOX, progress_callback=note)
        times.append(anyio.current_time())
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert times[-1] - times[0] > 9
    assert max(gaps) < 5


async def test_a_cancelled_call_ends_at_once_and_its_paid_picture_is_still_saved(
    memory: Connect, tmp_path: Path
) -> None:
    sent = anyio.Event()

    async def note(progress: float, total: float | None, message: str | None) -> None:
        if message and "sent to sandbox" in message:
            sent.set()

    async with memory(sandbox_delay_s=2) as client, anyio.create_task_group() as tasks:

        async def call() -> None:
            await client.call_tool("generate_image", FOX, progress_callback=note)

        tasks.start_soon(call)
        await sent.wait()
        tasks.cancel_scope.cancel()
    (file,) = (tmp_path / "pictures").glob("*.jpg")
    with Image.open(file) as picture:
        assert picture.size == (2048, 2048)


async def test_a_cancelled_call_sends_nothing_more(memory: Connect, tmp_path: Path) -> None:
    sent = anyio.Event()

    async def note(progress: float, total: float | None, message: str | None) -> None:
        if message and "sent to sandbox" in message:
            sent.set()

    async with memory(sandbox_delay_s=1, concurrency=1) as client, anyio.create_task_group() as tasks:

        async def call() -> None:
            await client.call_tool("generate_image", {**FOX, "count": 5}, progress_callback=note)

        tasks.start_soon(call)
        await sent.wait()
        tasks.cancel_scope.cancel()
    assert len(list((tmp_path / "pictures").glob("*.jpg"))) == 1


async def test_a_wished_file_name_is_kept_and_never_overwritten(memory: Connect) -> None:
    arguments = {**FOX, "filename": "../../etc/fox?"}
    async with memory() as client:
        first = facts_of(await client.call_tool("generate_image", arguments))["images"][0]
        second = facts_of(await client.call_tool("generate_image", arguments))["images"][0]
        pair = facts_of(await client.call_tool("generate_image", {**FOX, "filename": "pair", "count": 2}))
    assert Path(first["path"]).parent == Path(second["path"]).parent
    assert "fox" in Path(first["path"]).name
    assert "/" not in Path(first["path"]).stem
    assert second["id"].removesuffix("-0") in Path(second["path"]).name
    assert sorted(Path(image["path"]).name for image in pair["images"]) == ["pair-1.jpg", "pair-2.jpg"]


async def test_a_file_is_named_by_date_prompt_and_id(memory: Connect) -> None:
    async with memory() as client:
        facts = facts_of(await client.call_tool("generate_image", {"prompt": "雪中的 Red Fox!"}))
    (image,) = facts["images"]
    assert Path(image["path"]).name.endswith(f"-雪中的-red-fox-{image['id']}.jpg")


@pytest.mark.parametrize(
    ("arguments", "named", "works"),
    [
        ({"prompt": "x", "size": "1500x1500"}, "size 1500x1500 is 2,250,000 px", "1920x1920"),
        ({"prompt": "x", "size": "1K"}, "size 1K", "2K, 4K"),
        ({"prompt": "x", "size": "8192x400"}, "size 8192x400 has ratio 20.48", "nearest legal"),
        ({"prompt": "x", "sise": "4K"}, "sise is not an argument", "did you mean size"),
        ({"prompt": "x", "count": 16}, "count 16 is above 15", "use 1 to 15"),
        ({"prompt": "x", "aspect_ratio": "5:4"}, "aspect_ratio 5:4", "16:9"),
        ({"prompt": "x", "aspect_ratio": "1:1", "size": "2048x2048"}, "aspect_ratio goes with a tier", "size=2K"),
        ({"prompt": "x", "model": "dall-e-3"}, "model dall-e-3 is not offered", "seedream-4.5"),
        ({"prompt": "x", "watermark": "no"}, 'watermark "no"', "true or false"),
        ({}, "prompt is missing", "a red fox"),
    ],
)
async def test_a_bad_argument_is_named_with_what_works_and_nothing_is_sent(
    memory: Connect, tmp_path: Path, arguments: dict[str, Any], named: str, works: str
) -> None:
    async with memory() as client:
        result = await client.call_tool("generate_image", arguments)
    assert result.is_error
    assert named in text_of(result)
    assert works in text_of(result)
    assert "Nothing was sent" in text_of(result)
    assert not (tmp_path / "state").exists()


async def test_an_unwritable_folder_is_refused_before_anything_is_sent(memory: Connect, tmp_path: Path) -> None:
    blocked = tmp_path / "a-file"
    async with memory(output_dir=blocked / "pictures") as client:
        blocked.write_text("")
        result = await client.call_tool("generate_image", FOX)
    assert result.is_error
    assert str(blocked) in text_of(result)
    assert "SEEDREAM_OUTPUT_DIR" in text_of(result)
    assert "Nothing was sent" in text_of(result)


async def test_an_unusable_state_folder_is_refused_before_anything_is_sent(memory: Connect, tmp_path: Path) -> None:
    blocked = tmp_path / "a-file"
    async with memory(state_dir=blocked / "state") as client:
        blocked.write_text("")
        result = await client.call_tool("generate_image", FOX)
    assert result.is_error
    assert "SEEDREAM_STATE_DIR" in text_of(result)


async def test_a_long_prompt_warns_by_the_vendors_advice(memory: Connect) -> None:
    async with memory() as client:
        facts = facts_of(await client.call_tool("generate_image", {"prompt": "狐" * 301}))
    (warning,) = facts["warnings"]
    assert "301 Chinese characters" in warning
    assert "above 300" in warning


async def test_an_endpoint_id_in_no_table_is_offered_with_a_warning(memory: Connect) -> None:
    async with memory(models=("ep-20261121-abcde",)) as client:
        facts = facts_of(await client.call_tool("generate_image", {**FOX, "size": "2K"}))
    assert facts["status"] == "completed"
    assert facts["model"] == "ep-20261121-abcde"
    assert any("no limits table" in warning for warning in facts["warnings"])


async def test_a_refusal_by_the_sandbox_says_that_it_was_the_sandbox(memory: Connect) -> None:
    async with memory(models=("ep-20261121-abcde",)) as client:
        result = await client.call_tool("generate_image", {**FOX, "size": "1K"})
    facts = facts_of(result)
    assert (facts["status"], facts["sandbox"], facts["billed"]) == ("failed", True, 0)
    assert "Sandbox: no model was called." in text_of(result)
    assert "drawn" not in text_of(result)
    assert (facts["failures"][0]["code"], facts["failures"][0]["argument"]) == ("InvalidParameter", "size")
    assert text_of(result).count("InvalidParameter") == 1


async def test_the_sandbox_tells_when_a_model_it_draws_ends_at_ark(memory: Connect) -> None:
    async with memory() as client:
        lite = facts_of(await client.call_tool("generate_image", {**FOX, "model": "seedream-5.0-lite"}))
        other = facts_of(await client.call_tool("generate_image", FOX))
    (warning,) = lite["warnings"]
    assert warning.startswith("Volcengine Ark retire")
    assert " seedream-5.0-lite on 2026-11-24 14:00 +08:00; use seedream-5.0-pro there (" in warning
    assert warning.endswith("The sandbox goes on drawing it.")
    assert other["warnings"] == []


async def test_a_price_shown_for_the_sandbox_behind_a_real_provider_is_said_to_be_that_ones(memory: Connect) -> None:
    with running() as bench:
        address = {"ark_api_key": bench.sandbox.api_key, "ark_base_url": bench.sandbox.base_urls["ark"]}
        async with memory(**address) as client:
            result = await client.call_tool("generate_image", FOX)
    assert facts_of(result)["sandbox"] is True
    assert "Sandbox: drawn locally, no model was called." in text_of(result)
    assert "Pictures billed: 1, 0.25 CNY (what ark would charge)." in text_of(result)


async def test_a_file_moved_away_at_once_costs_its_preview_and_not_the_result(memory: Connect) -> None:
    async def move(progress: float, total: float | None, message: str | None) -> None:
        if message and "saved " in message:
            Path(message.partition("saved ")[2]).unlink()

    async with memory() as client:
        result = await client.call_tool("generate_image", {**FOX, "count": 2}, progress_callback=move)
    assert facts_of(result)["status"] == "completed"


async def test_a_preview_is_drawn_when_its_picture_comes_and_not_at_the_end(memory: Connect) -> None:
    saved: list[Path] = []

    async def move(progress: float, total: float | None, message: str | None) -> None:
        if message and "saved " in message:
            saved.append(Path(message.partition("saved ")[2]))
            if len(saved) == 3:
                saved[0].unlink()

    async with memory(sandbox_delay_s=1) as client:
        arguments = {**FOX, "count": 3, "model": "seedream-4.0", "size": "1K"}
        result = await client.call_tool("batch_images", arguments, progress_callback=move)
    assert len([block for block in result.content if isinstance(block, ImageContent)]) == 3


async def test_a_model_that_ended_while_the_server_ran_is_refused() -> None:
    limits = packaged_limits()
    menu = Menu((Offer("ark", limits, (limits.model("ark", "seedream-3.0-t2i"),)),))
    studio = LazyStudio(Settings(), limits, ("sandbox",))
    tool = generate_image(menu, studio, Shown(previews=False, links=False))

    async def ignore(progress: float, total: float | None, message: str | None) -> None: ...

    with pytest.raises(ArgumentError, match=r"no longer served by Volcengine Ark; use seedream-4\.5"):
        await tool.call({"prompt": "x"}, ignore)


async def test_a_picture_cannot_be_read_without_a_journal_and_the_reason_is_told(
    memory: Connect, tmp_path: Path
) -> None:
    blocked = tmp_path / "a-file"
    async with memory(state_dir=blocked / "state") as client:
        blocked.write_text("")
        with pytest.raises(MCPError, match="SEEDREAM_STATE_DIR"):
            await client.read_resource("seedream://images/x-0")
