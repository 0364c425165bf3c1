"""The prompts people pick: what they ask, what is proposed, and that the call they lead to works."""

import json
import re
from typing import Any

import pytest
from mcp import Client, MCPError
from mcp.types import PromptReference, TextContent
from pydantic import SecretStr

from seedream_hub.schemas.limits import Limits, packaged_table
from seedream_hub.server.app import make_server
from seedream_hub.server.settings import Settings
from tests.eras import both_eras, connected
from tests.pictures import picture
from tests.sandboxed import data_uri
from tests.support import Connect, facts_of

NAMES = ["product_shots", "storyboard", "outfit_swap", "poster", "style_transfer", "restore_photo"]
PHOTO = data_uri(picture("jpeg"), "jpeg")
COAT = data_uri(picture("jpeg", 400, 500), "jpeg")
FILLED: dict[str, tuple[str, dict[str, str]]] = {
    "product_shots": ("batch_images", {"image": PHOTO, "product": "blue mug", "count": "2"}),
    "storyboard": ("batch_images", {"story": "A fox finds a key", "count": "3", "character": PHOTO}),
    "outfit_swap": ("fuse_images", {"person": PHOTO, "outfit": COAT}),
    "poster": ("generate_image", {"text": "Fox Fair", "subject": "a fox on a hill", "subtitle": "May 3"}),
    "style_transfer": ("edit_image", {"image": PHOTO, "style": "Pixel art"}),
    "restore_photo": ("edit_image", {"image": PHOTO}),
}


async def message(client: Client, name: str, filled: dict[str, str]) -> str:
    (only,) = (await client.get_prompt(name, filled)).messages
    assert only.role == "user"
    assert isinstance(only.content, TextContent)
    return only.content.text


async def call(client: Client, name: str, filled: dict[str, str]) -> tuple[str, dict[str, Any]]:
    """Return the tool and the arguments a model reads in a prompt's message."""
    text = await message(client, name, filled)
    (tool,) = set(re.findall(r"generate_image|batch_images|fuse_images|(?<!with )edit_image", text.split("{")[0]))
    return tool, json.loads(text[text.index("{") : text.rindex("}") + 1])


async def proposed(client: Client, name: str, argument: str, typed: str = "") -> list[str]:
    ref = PromptReference(type="ref/prompt", name=name)
    return (await client.complete(ref, {"name": argument, "value": typed})).completion.values


@both_eras
async def test_every_prompt_says_what_it_does_and_what_it_asks(mode: str) -> None:
    async with connected(mode) as client:
        prompts = (await client.list_prompts()).prompts
    assert [prompt.name for prompt in prompts] == NAMES
    assert all(prompt.title and prompt.description and prompt.arguments for prompt in prompts)
    assert all(argument.description for prompt in prompts for argument in prompt.arguments or ())
    required = {one.name: [each.name for each in one.arguments or () if each.required] for one in prompts}
    assert required["outfit_swap"] == ["person", "outfit"]
    assert required["poster"] == ["text", "subject"]


@pytest.mark.parametrize("name", NAMES)
async def test_the_call_a_prompt_leads_to_works_as_it_stands(memory: Connect, name: str) -> None:
    wanted, filled = FILLED[name]
    async with memory() as client:
        tool, arguments = await call(client, name, filled)
        facts = facts_of(await client.call_tool(tool, arguments))
    assert tool == wanted
    assert (facts["status"], facts["warnings"]) == ("completed", [])
    assert facts["delivered"] == int(filled.get("count", "1"))


async def test_in_chinese_the_prompts_speak_chinese_and_their_calls_work(stdio: Connect) -> None:
    async with stdio(SEEDREAM_LANG="zh") as client:
        prompts = (await client.list_prompts()).prompts
        texts = [prompt.title for prompt in prompts] + [prompt.description for prompt in prompts]
        texts += [argument.description for prompt in prompts for argument in prompt.arguments or ()]
        texts += await proposed(client, "style_transfer", "style")
        for name, (wanted, filled) in FILLED.items():
            tool, arguments = await call(client, name, filled)
            assert re.search("[\u4e00-\u9fff]{8}", arguments["prompt"])
            assert not re.search(
                "[A-Za-z]{3}",
                re.sub("blue mug|A fox.*key|a fox.*hill|Fox Fair|May|Pixel art", "", arguments["prompt"]),
            )
            facts = facts_of(await client.call_tool(tool, arguments))
            assert (tool, facts["status"], facts["warnings"]) == (wanted, "completed", [])
    assert all(text and re.search("[\u4e00-\u9fff]", text) for text in texts)


async def test_what_is_filled_in_stands_in_the_call(memory: Connect) -> None:
    async with memory() as client:
        filled = {
            "story": "A fox finds a key.",
            "style": "Ink and wash",
            "details": "At night.",
            "aspect_ratio": "1:1",
        }
        _, storyboard = await call(client, "storyboard", filled)
        _, shots = await call(client, "product_shots", {"image": "mug.png", "setting": "On a beach"})
    assert "order of the story: A fox finds a key. Style: Ink and wash. " in storyboard["prompt"]
    assert storyboard["prompt"].endswith(" At night.")
    assert (storyboard["count"], storyboard["aspect_ratio"]) == (6, "1:1")
    assert "images" not in storyboard
    assert "the product in image 1" in shots["prompt"]
    assert "On a beach." in shots["prompt"]
    assert (shots["images"], shots["count"]) == (["mug.png"], 4)


async def test_text_to_render_stands_in_double_quotes_whatever_it_holds(memory: Connect) -> None:
    async with memory() as client:
        _, poster = await call(client, "poster", {"text": 'The "Fox" Fair {2026}', "subject": "a fox"})
    assert "reads \"The 'Fox' Fair {2026}\"," in poster["prompt"]


async def test_a_style_is_named_or_taken_from_another_picture(memory: Connect) -> None:
    async with memory() as client:
        tool, arguments = await call(
            client, "style_transfer", {"image": "a.png", "style_image": "b.png", "style": "x"}
        )
        with pytest.raises(MCPError, match="style_transfer needs style"):
            await client.get_prompt("style_transfer", {"image": "a.png"})
    assert (tool, arguments["images"]) == ("fuse_images", ["a.png", "b.png"])
    assert "The style: x." in arguments["prompt"]


async def test_what_is_left_empty_counts_as_not_filled_in(memory: Connect) -> None:
    async with memory() as client:
        bare = await message(client, "restore_photo", {"image": "a.png"})
        assert await message(client, "restore_photo", {"image": "a.png", "colours": " ", "details": ""}) == bare
        with pytest.raises(MCPError, match="restore_photo needs image"):
            await client.get_prompt("restore_photo", {"image": ""})


@both_eras
@pytest.mark.parametrize(
    ("name", "filled", "told"),
    [
        ("paint", {}, "There is no prompt paint; there are product_shots, storyboard"),
        ("poster", {"text": "Fox Fair"}, "poster needs subject"),
        ("poster", {"text": "x", "subject": "y", "colour": "z"}, "poster takes text, subject, .*, not colour"),
        ("product_shots", {"image": "x", "count": "9"}, "count must be a number from 2 to 8, not 9"),
        ("product_shots", {"image": "x", "count": "many"}, "count must be a number from 2 to 8, not many"),
    ],
)
async def test_what_does_not_do_is_refused_with_what_does(
    mode: str, name: str, filled: dict[str, str], told: str
) -> None:
    async with connected(mode) as client:
        with pytest.raises(MCPError, match=told) as refused:
            await client.get_prompt(name, filled)
    assert refused.value.error.code == -32602


@both_eras
async def test_arguments_are_completed_from_lists_and_from_earlier_pictures(mode: str) -> None:
    async with connected(mode) as client:
        asked = {"prompt": "a fox", "size": "1K", "model": "seedream-4.0"}
        (image,) = facts_of(await client.call_tool("generate_image", asked))["images"]
        assert await proposed(client, "outfit_swap", "person") == [image["id"]]
        assert await proposed(client, "outfit_swap", "outfit", "x-") == []
        assert await proposed(client, "style_transfer", "style", "pi") == ["Pixel art"]
        assert await proposed(client, "style_transfer", "style", "PAINTING") == [
            "Oil painting with visible brushwork",
            "Chinese ink painting",
        ]
        assert await proposed(client, "product_shots", "count") == [str(number) for number in range(2, 9)]
        assert "16:9" in await proposed(client, "storyboard", "aspect_ratio")
        assert await proposed(client, "poster", "text") == []
        for name, argument in (("paint", "style"), ("poster", "paint")):
            with pytest.raises(MCPError) as refused:
                await proposed(client, name, argument)
            assert refused.value.error.code == -32602


async def test_a_call_has_only_what_the_tool_takes_or_a_person_asked_for() -> None:
    shapeless = {"like": "seedream-4.5", "ids": ["x-1"], "size": {"recommended": None}}
    limits = Limits.from_json(packaged_table(), {"providers": {"ark": {"models": {"seedream-x": shapeless}}}})
    settings = Settings(ark_api_key=SecretStr("sk-x"), models=("seedream-x",))
    filled = {"text": "Fox Fair", "subject": "a fox"}
    async with Client(make_server(settings, limits)) as client:
        _, arguments = await call(client, "poster", filled)
        _, wanted = await call(client, "poster", {**filled, "aspect_ratio": "1:1"})
        assert await proposed(client, "poster", "aspect_ratio") == []
    assert arguments.keys() == {"prompt", "count"}
    assert wanted["aspect_ratio"] == "1:1"


async def test_the_shapes_proposed_are_those_the_tools_take(memory: Connect) -> None:
    async with memory(evolink_api_key="sk-x", models=("seedream-4.0",)) as client:
        assert "5:4" in await proposed(client, "poster", "aspect_ratio")
    async with memory() as client:
        assert "5:4" not in await proposed(client, "poster", "aspect_ratio")
