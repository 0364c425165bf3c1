"""References on their way to each provider: what arrives there, what is told, and what never leaves."""

import os
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from PIL import Image

from tests.pictures import MARKER, drawn, located, opened, picture
from tests.recorded import Recorded, recorded
from tests.sandboxed import configured, data_uri
from tests.support import Connect, facts_of, text_of

PROVIDERS = ("ark", "byteplus", "relay", "aigc", "novita", "evolink")
LINK = "https://pictures.example.com/fox.png?signature=1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "pictures"
    made.mkdir()
    return made


async def edit(client: Client, image: str, provider: str = "novita", **more: Any) -> dict[str, Any]:
    size = "2K" if provider == "aigc" else "1K"
    arguments = {"prompt": "in snow", "model": "seedream-4.0", "size": size, "image": image, **more}
    return facts_of(await client.call_tool("edit_image", arguments))


async def refused(client: Client, image: str, at: Recorded) -> str:
    arguments = {"prompt": "in snow", "model": "seedream-4.0", "size": "1K", "image": image}
    result = await client.call_tool("edit_image", arguments)
    assert result.is_error
    assert at.generations == []
    return text_of(result)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_reference_is_named_in_five_ways_and_arrives_the_same(
    memory: Connect, folder: Path, provider: str
) -> None:
    content = picture("png")
    (folder / "fox.png").write_bytes(content)
    with recorded() as at:
        async with memory(**configured(at, provider)) as client:
            facts = await edit(client, str(folder / "fox.png"), provider)
            assert at.pictures() == [content]
            (made,) = facts["images"]
            for name in (made["id"], made["uri"]):
                await edit(client, name, provider)
                assert opened(at.pictures()[0]).size == (made["width"], made["height"])
            assert (await edit(client, data_uri(content), provider))["warnings"] == []
            assert at.pictures() == [content]
            facts = await edit(client, LINK, provider)
            assert at.references() == [LINK]
    assert facts["status"] == "completed"


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_references_arrive_in_the_order_the_prompt_names_them(
    memory: Connect, folder: Path, provider: str
) -> None:
    contents = [picture("png", 40 + index, 30) for index in range(3)]
    for index, content in enumerate(contents):
        (folder / f"{index}.png").write_bytes(content)
    names = [str(folder / "0.png"), data_uri(contents[1]), str(folder / "2.png")]
    with recorded() as at:
        async with memory(**configured(at, provider)) as client:
            size = "2K" if provider == "aigc" else "1K"
            arguments = {"prompt": "both", "model": "seedream-4.0", "size": size, "images": names}
            await client.call_tool("fuse_images", arguments)
        assert at.pictures() == contents


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "tiff", "heic"])
@pytest.mark.parametrize("provider", ["ark", "novita", "evolink"])
async def test_no_provider_learns_where_a_reference_was_taken(
    memory: Connect, folder: Path, provider: str, kind: str
) -> None:
    path = folder / f"home.{kind}"
    path.write_bytes(located(kind))
    assert MARKER in path.read_bytes() or opened(path.read_bytes()).getexif().get_ifd(0x8825)
    with recorded() as at:
        async with memory(**configured(at, provider)) as client:
            await edit(client, str(path), provider)
        (arrived,) = at.pictures()
        assert not any(MARKER in bytes(one.content) for one in at.heard)
    assert MARKER not in arrived
    assert dict(opened(arrived).getexif().get_ifd(0x8825)) == {}


@pytest.mark.parametrize("kind", ["webp", "bmp", "tiff", "gif", "heic"])
@pytest.mark.parametrize("provider", ["novita", "evolink"])
async def test_a_format_the_provider_does_not_take_is_converted_and_said(
    memory: Connect, folder: Path, provider: str, kind: str
) -> None:
    path = folder / f"fox.{kind}"
    path.write_bytes(picture(kind))
    with recorded() as at:
        async with memory(**configured(at, provider)) as client:
            facts = await edit(client, str(path), provider)
        (arrived,) = at.pictures()
    assert opened(arrived).format in {"JPEG", "PNG"}
    (warning,) = facts["warnings"]
    assert f"image: fox.{kind} was converted from {kind.upper()} to" in warning
    assert "read 2026-11-20" not in warning


@pytest.mark.parametrize("kind", ["webp", "bmp", "tiff", "gif", "heic"])
async def test_a_format_the_provider_does_not_take_is_an_error_where_nothing_may_be_converted(
    memory: Connect, folder: Path, kind: str
) -> None:
    path = folder / f"fox.{kind}"
    path.write_bytes(picture(kind))
    with recorded() as at:
        async with memory(**configured(at, "novita"), convert="never") as client:
            text = await refused(client, str(path), at)
    assert f"image (fox.{kind}) is {kind.upper()}" in text
    assert "SEEDREAM_CONVERT=auto" in text
    assert "(source: Novita Seedream 4.0 API page, read 2026-11-20)" in text


async def test_a_picture_lying_on_its_side_is_turned_before_it_is_sent(memory: Connect, folder: Path) -> None:
    (folder / "lying.jpg").write_bytes(located("jpeg", orientation=6))
    with recorded() as at:
        async with memory(**configured(at, "ark")) as client:
            facts = await edit(client, str(folder / "lying.jpg"), "ark")
        (arrived,) = at.pictures()
        async with memory(**configured(at, "ark"), convert="never") as client:
            arguments = {"prompt": "x", "image": str(folder / "lying.jpg")}
            result = await client.call_tool("edit_image", arguments)
    assert opened(arrived).size == (48, 64)
    assert "turned upright" in facts["warnings"][0]
    assert "image (lying.jpg) is stored turned" in text_of(result)


async def test_a_picture_with_too_many_pixels_is_scaled_and_said(memory: Connect, folder: Path) -> None:
    drawn(6100, 6000).save(folder / "huge.png", compress_level=1)
    with recorded() as at:
        async with memory(**configured(at, "novita")) as client:
            facts = await edit(client, str(folder / "huge.png"))
        width, height = opened(at.pictures()[0]).size
        heard = len(at.generations)
        async with memory(**configured(at, "novita"), convert="never") as client:
            arguments = {"prompt": "x", "image": str(folder / "huge.png")}
            result = await client.call_tool("edit_image", arguments)
        assert len(at.generations) == heard
    assert 35_000_000 < width * height <= 36_000_000
    assert f"was scaled from 6100x6000 to {width}x{height}" in facts["warnings"][0]
    assert "image (huge.png) is 6100x6000" in text_of(result)


async def test_a_picture_of_too_many_bytes_is_compressed_and_said(memory: Connect, folder: Path) -> None:
    noise = Image.frombytes("RGB", (2000, 2000), os.urandom(12_000_000))
    noise.save(folder / "noise.png", compress_level=0)
    with recorded() as at:
        async with memory(**configured(at, "novita")) as client:
            facts = await edit(client, str(folder / "noise.png"))
        assert len(at.pictures()[0]) <= 10_485_760
    assert "was compressed from 12," in facts["warnings"][0]


async def test_a_path_outside_the_allowed_folders_is_refused_unread(memory: Connect, folder: Path) -> None:
    outside = folder.parent / "elsewhere" / "fox.png"
    outside.parent.mkdir()
    outside.write_bytes(picture("png"))
    (folder / "link.png").symlink_to(outside)
    with recorded() as at:
        async with memory(**configured(at, "ark")) as client:
            for name in (outside, folder / "link.png", folder / ".." / "elsewhere" / "fox.png"):
                text = await refused(client, str(name), at)
                assert "outside the folders that references are read from" in text
                assert "SEEDREAM_READ_DIRS" in text
        async with memory(**configured(at, "ark"), read_dirs=(outside.parent,)) as client:
            assert (await edit(client, str(outside), "ark"))["status"] == "completed"


async def test_references_that_make_the_request_too_large_are_refused_before_it_is_sent(
    memory: Connect, folder: Path
) -> None:
    paths = [folder / f"{index}.png" for index in range(3)]
    for path in paths:
        Image.frombytes("RGB", (2700, 2700), os.urandom(2700 * 2700 * 3)).save(path, compress_level=0)
    arguments = {"prompt": "both", "model": "seedream-4.0", "images": [str(path) for path in paths]}
    with recorded() as at:
        async with memory(**configured(at, "ark")) as client:
            result = await client.call_tool("fuse_images", arguments)
        assert at.generations == []
    assert result.is_error
    assert "images together make a request of 8" in text_of(result)
    assert "at most 67,108,864" in text_of(result)


async def test_evolink_is_given_a_local_file_once_however_many_requests_there_are(
    memory: Connect, folder: Path
) -> None:
    (folder / "fox.png").write_bytes(picture("png"))
    with recorded() as at:
        async with memory(**configured(at, "evolink")) as client:
            await edit(client, str(folder / "fox.png"), "evolink")
        uploads = [one for one in at.heard if one.path.endswith("/files/upload/stream")]
        assert len(uploads) == 1
        assert uploads[0].headers["authorization"] == f"Bearer {at.api_key}"
        assert at.references()[0].startswith(at.url)
