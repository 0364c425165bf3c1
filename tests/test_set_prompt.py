"""A set says how many pictures it has, in the prompt's own language, once: the model goes by that number."""

from typing import Any, Final

import pytest

from seedream_hub.providers.sandbox.wording import pictures_asked
from seedream_hub.schemas.set_prompt import set_prompt, stated_numbers
from tests.sandboxed import Bench, running
from tests.support import Connect, facts_of, text_of

STATED: Final = [
    ("Generate 3 images of a girl riding a roller coaster", 3),
    ("generate four images with characters wearing sunglasses", 4),
    ("Draw Fifteen different botanical illustrations", 15),
    ("a series of 4 posters for a jazz festival", 4),
    ("A set of three: dawn, noon, dusk", 3),
    ("a group of 5, one for each season and one for all", 5),
    ("a four-panel comic about a fox", 4),
    ("a three-image story", 3),
    ("Please make 2 photos of a cat.", 2),
    ("6 pictures", 6),
    ("One of my 4 photographs", 4),
    ("生成3张女孩和奶牛玩偶在游乐园的图片", 3),
    ("四张海报，春夏秋冬", 4),
    ("一组共4张连贯插画", 4),
    ("画两张猫", 2),
    ("十二张生肖贴纸", 12),
    ("15 张照片", 15),
    ("五幅水墨画", 5),
    ("为 Jazz Festival 设计 3 张海报", 3),
    ("生成 a cat, 3 images", 3),
]
UNSTATED: Final = [
    "a red fox in snow",
    "four cats on a sofa",
    "A cat in front of 2 houses and three trees",
    "one image of a fox",
    "a fox, all in a single picture",
    "combine image 1 and image 2",
    "the fox of image 3 in the style of image 4",
    "a 16:9 poster, 2K, 1024x1024",
    "Seedream 4.0 images of a fox",
    "version 3.2 images",
    "Anno 1800 pictures",
    "a story in 20 images",
    "一只狐狸在雪地里",
    "四只猫和三条狗",
    "一张狐狸的图片",
    "图1和图2融合",
    "第3张的风格",
    "第 3 张的风格",
    "第三张的风格",
    "四张椅子围着一棵树",
    "房间里有两张床和三张桌子",
    "每张都不同",
    "五张脸",
    "",
]


@pytest.mark.parametrize(("prompt", "number"), STATED)
def test_a_number_that_is_stated_is_not_stated_again(prompt: str, number: int) -> None:
    assert stated_numbers(prompt) == {number}
    assert set_prompt(prompt, number) == prompt
    assert pictures_asked(prompt, 1) == number


@pytest.mark.parametrize("count", [2, 3, 4, 15])
@pytest.mark.parametrize("prompt", UNSTATED)
def test_a_number_that_is_not_stated_is_added_and_the_model_goes_by_it(prompt: str, count: int) -> None:
    assert stated_numbers(prompt) == set()
    sent = set_prompt(prompt, count)
    assert sent.endswith(prompt)
    assert sent.count(str(count)) == prompt.count(str(count)) + 1
    assert set_prompt(sent, count) == sent
    assert pictures_asked(sent, 1) == count


@pytest.mark.parametrize(("prompt", "number"), STATED)
def test_another_number_than_the_calls_gives_way_to_the_calls(prompt: str, number: int) -> None:
    count = number + 1 if number < 15 else 14
    assert pictures_asked(set_prompt(prompt, count), 1) == count


@pytest.mark.parametrize(
    ("prompt", "sent"),
    [
        ("a red fox", "Generate a series of 4 images: a red fox"),
        ("一只狐狸", "生成一组共4张图片：一只狐狸"),
        ("一只狐狸在雪地里，电影感，masterpiece", "生成一组共4张图片：一只狐狸在雪地里，电影感，masterpiece"),
        ("a shop sign that reads 你好", "Generate a series of 4 images: a shop sign that reads 你好"),
        ("狐狸 fox", "生成一组共4张图片：狐狸 fox"),
        ("한 마리 여우", "연작 이미지 4장을 생성해 주세요: 한 마리 여우"),
        ("12:30", "Generate a series of 4 images: 12:30"),
    ],
)
def test_the_number_is_added_in_the_prompts_own_language(prompt: str, sent: str) -> None:
    assert set_prompt(prompt, 4) == sent


SETS: Final[list[tuple[str, dict[str, Any], str, int]]] = [
    ("ark", {"prompt": "a red fox", "count": 3}, "Generate a series of 3 images: a red fox", 1),
    ("ark", {"prompt": "四张狐狸的海报", "count": 4}, "四张狐狸的海报", 1),
    ("byteplus", {"prompt": "一只狐狸", "count": 2}, "生成一组共2张图片：一只狐狸", 1),
    ("relay", {"prompt": "a four-panel comic", "count": 4, "model": "seedream-4.0"}, "a four-panel comic", 1),
    ("aigc", {"prompt": "a red fox", "count": 3}, "Generate a series of 3 images: a red fox", 1),
    (
        "novita",
        {"prompt": "a red fox", "count": 3, "model": "seedream-4.0"},
        "Generate a series of 3 images: a red fox",
        1,
    ),
    ("novita", {"prompt": "a red fox", "count": 2}, "Generate a series of 2 images: a red fox", 1),
    ("evolink", {"prompt": "a red fox", "count": 3}, "Generate a series of 3 images: a red fox", 1),
    ("evolink", {"prompt": "a fox", "count": 2, "model": "seedream-4.0"}, "Generate a series of 2 images: a fox", 1),
    ("ark", {"prompt": "a red fox", "count": 2, "model": "seedream-5.0-pro"}, "a red fox", 2),
]


def reached(bench: Bench, provider: str) -> dict[str, Any]:
    """Return the settings by which the server reaches the sandbox as that provider."""
    settings = {
        f"{provider}_api_key": bench.sandbox.api_key,
        f"{provider}_base_url": bench.sandbox.base_urls[provider],
    }
    return settings | (
        {"evolink_files_base_url": bench.sandbox.base_urls["evolink_files"]} if provider == "evolink" else {}
    )


@pytest.mark.parametrize(("provider", "arguments", "sent", "requests"), SETS)
async def test_a_set_is_drawn_whole_and_its_result_shows_the_prompt_sent(
    memory: Connect, provider: str, arguments: dict[str, Any], sent: str, requests: int
) -> None:
    with running() as bench:
        async with memory(**reached(bench, provider)) as client:
            result = await client.call_tool("batch_images", {"size": "2K", **arguments})
        rows = bench.ledger()["requests"]
    facts = facts_of(result)
    assert (facts["status"], facts["delivered"], facts["billed"]) == (
        "completed",
        arguments["count"],
        arguments["count"],
    )
    assert facts["prompt_sent"] == sent
    assert f"Prompt sent: {sent}" in text_of(result)
    assert [row["images_billed"] for row in rows] == [arguments["count"] // requests] * requests


@pytest.mark.parametrize(("provider", "requests"), [("evolink", 3), ("aigc", 1), ("ark", 3), ("novita", 3)])
async def test_variants_keep_the_prompt_as_it_is_and_still_come_all(
    memory: Connect, provider: str, requests: int
) -> None:
    with running() as bench:
        async with memory(**reached(bench, provider)) as client:
            arguments = {"prompt": "a red fox", "count": 3, "size": "2K"}
            facts = facts_of(await client.call_tool("generate_image", arguments))
        rows = bench.ledger()["requests"]
    assert (facts["status"], facts["delivered"], facts["billed"]) == ("completed", 3, 3)
    assert facts["prompt_sent"] == "a red fox"
    assert len(rows) == requests


@pytest.mark.parametrize(
    ("prompt", "start"),
    [
        ("猫の四季", "4枚の"),
        ("고양이의 사계절", "연작 이미지 4장을"),
        ("猫的四季", "生成一组共4张"),
        ("les saisons", "Generate a series of 4"),
    ],
)
async def test_a_sets_number_is_stated_in_the_prompts_own_language_and_the_sandbox_reads_it(
    memory: Connect, prompt: str, start: str
) -> None:
    async with memory() as client:
        facts = facts_of(await client.call_tool("batch_images", {"prompt": prompt, "count": 4}))
    assert facts["prompt_sent"].startswith(start)
    assert facts["delivered"] == 4


async def test_a_prompt_that_speaks_of_another_number_than_count_gets_a_warning(memory: Connect) -> None:
    async with memory() as client:
        facts = facts_of(await client.call_tool("batch_images", {"prompt": "5 views of a cat", "count": 3}))
        plain = facts_of(await client.call_tool("batch_images", {"prompt": "3 views of a cat", "count": 3}))
    assert "The prompt speaks of 5 pictures and count is 3: the model may follow either." in facts["warnings"]
    assert plain["warnings"] == []
