"""An edited picture keeps its shape, unless the call names another."""

from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from PIL import Image

from tests.recorded import recorded
from tests.sandboxed import configured, running
from tests.support import Connect, facts_of

LINK = "https://pictures.example.com/fox.png"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "pictures"
    made.mkdir()
    return made


def drawn(folder: Path, width: int, height: int) -> str:
    path = folder / f"{width}-{height}.png"
    Image.new("RGB", (width, height), "teal").save(path)
    return str(path)


async def edited(client: Client, image: str, **more: Any) -> tuple[int, int]:
    """Edit a picture; return what came of its size."""
    facts = facts_of(await client.call_tool("edit_image", {"prompt": "in snow", "image": image, **more}))
    assert facts["status"] == "completed", facts
    (made,) = facts["images"]
    return made["width"], made["height"]


@pytest.mark.parametrize(
    ("shape", "more", "wanted"),
    [
        ((2848, 1600), {}, (2848, 1600)),
        ((712, 400), {}, (2848, 1600)),
        ((300, 300), {}, (2048, 2048)),
        ((712, 400), {"size": "4K"}, (5504, 3040)),
        ((712, 400), {"aspect_ratio": "1:1"}, (2048, 2048)),
        ((712, 400), {"size": "2048x2048"}, (2048, 2048)),
        ((712, 400), {"model": "seedream-5.0-pro"}, (2816, 1584)),
    ],
)
async def test_an_edit_has_the_pictures_shape_unless_told_otherwise(
    memory: Connect, folder: Path, shape: tuple[int, int], more: dict[str, Any], wanted: tuple[int, int]
) -> None:
    async with memory() as client:
        assert await edited(client, drawn(folder, *shape), **more) == wanted


@pytest.mark.parametrize("shape", [(1000, 700), (400, 1000), (3000, 200)])
@pytest.mark.parametrize("provider", ["ark", "novita", "relay"])
async def test_a_shape_no_table_has_is_kept_to_the_pixel(
    memory: Connect, folder: Path, provider: str, shape: tuple[int, int]
) -> None:
    with running() as bench:
        async with memory(**configured(bench.sandbox, provider)) as client:
            more = {"model": "seedream-4.0" if provider == "relay" else "seedream-4.5"}
            width, height = await edited(client, drawn(folder, *shape), **more)
    assert width / height == pytest.approx(shape[0] / shape[1], rel=0.005)


async def test_where_ratios_are_named_the_pictures_own_is_sent(memory: Connect, folder: Path) -> None:
    with recorded() as at:
        async with memory(**configured(at, "evolink")) as client:
            await edited(client, drawn(folder, 900, 1600), model="seedream-4.0")
        assert [one.body["size"] for one in at.generations] == ["9:16"]


async def test_the_shape_of_a_link_is_the_models_to_choose_and_that_is_said(memory: Connect) -> None:
    with recorded() as at:
        async with memory(**configured(at, "ark")) as client:
            asked = {"prompt": "in snow", "image": LINK, "model": "seedream-4.5"}
            told = facts_of(await client.call_tool("edit_image", asked))
            named = facts_of(await client.call_tool("edit_image", {**asked, "aspect_ratio": "16:9"}))
        assert [one.body["size"] for one in at.generations] == ["2K", "2848x1600"]
    assert "aspect_ratio sets it" in " ".join(told["warnings"])
    assert named["warnings"] == []
