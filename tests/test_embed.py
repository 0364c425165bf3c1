"""The record in the picture: readable to others, no pixel and no segment touched, no signature broken."""

import hashlib
import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageSequence

from seedream_hub.schemas.provenance import Provenance
from seedream_hub.schemas.result import Cost
from seedream_hub.schemas.xmp import NAMESPACE, packet_of
from tests.pictures import chunk, drawn, location, saved
from tests.support import Connect, facts_of
from tests.upstream import Script, serve

FOX: dict[str, Any] = {"prompt": "a red fox in snow", "size": "1K", "model": "seedream-4.0", "filename": "fox"}
IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
TRAILER = b"a trailer"
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>theirs</x:xmpmeta>"


def noisy(mode: str = "RGB") -> Image.Image:
    return Image.effect_noise((129, 65), 80).convert("RGB").convert(mode)


def moving(kind: str) -> bytes:
    return saved(drawn(), kind, save_all=True, append_images=[drawn(mode="L").convert("RGB")], duration=100)


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body


def after_start(jpeg: bytes, extra: bytes) -> bytes:
    return jpeg[:2] + extra + jpeg[2:]


def before_end(png: bytes, extra: bytes) -> bytes:
    return png[:-12] + extra + png[-12:]


def riff(webp: bytes, kind: bytes, body: bytes) -> bytes:
    whole = webp[8:] + kind + len(body).to_bytes(4, "little") + body + b"\0" * (len(body) % 2)
    return b"RIFF" + len(whole).to_bytes(4, "little") + whole


def translucent() -> Image.Image:
    image = drawn(mode="RGBA")
    image.putalpha(Image.linear_gradient("L").crop((0, 100, 64, 148)))
    return image


PICTURES: dict[str, Callable[[], bytes]] = {
    "a JPEG": lambda: saved(noisy(), "JPEG", quality=90),
    "a progressive JPEG with EXIF and a comment": lambda: saved(
        noisy(), "JPEG", progressive=True, exif=location(), comment=b"hello"
    ),
    "a JPEG in grey": lambda: saved(noisy("L"), "JPEG"),
    "a JPEG in CMYK": lambda: saved(noisy("CMYK"), "JPEG"),
    "a JPEG with something behind it": lambda: saved(noisy(), "JPEG") + TRAILER,
    "a PNG": lambda: saved(noisy(), "PNG"),
    "a PNG with transparency": lambda: saved(translucent(), "PNG"),
    "a PNG with a palette": lambda: saved(drawn().convert("P"), "PNG", transparency=0),
    "a PNG with EXIF": lambda: saved(noisy(), "PNG", exif=location()),
    "a PNG that moves": lambda: moving("PNG"),
    "a WebP": lambda: saved(noisy(), "WEBP"),
    "a lossless WebP": lambda: saved(noisy(), "WEBP", lossless=True),
    "a lossless WebP with transparency": lambda: saved(translucent(), "WEBP", lossless=True),
    "a WebP with transparency": lambda: saved(translucent(), "WEBP"),
    "a WebP with EXIF": lambda: saved(noisy(), "WEBP", exif=location()),
    "a WebP that moves": lambda: moving("WEBP"),
    "a PNG with something behind it": lambda: saved(noisy(), "PNG") + TRAILER,
    "a WebP with something behind it": lambda: saved(noisy(), "WEBP") + TRAILER,
}

LEFT_ALONE: dict[str, tuple[Callable[[], bytes], str]] = {
    "a JPEG with C2PA": (
        lambda: after_start(saved(noisy(), "JPEG"), segment(0xEB, b"JP\0\x01\0\0\0\x01" + b"jumb")),
        "signature",
    ),
    "a PNG with C2PA": (lambda: before_end(saved(noisy(), "PNG"), chunk(b"caBX", b"jumb")), "signature"),
    "a PNG with a digital signature": (
        lambda: before_end(saved(noisy(), "PNG"), chunk(b"dSIG", b"sig")),
        "signature",
    ),
    "a WebP with C2PA": (lambda: riff(saved(noisy(), "WEBP", exif=location()), b"C2PA", b"jumb"), "signature"),
    "a JPEG with XMP": (lambda: saved(noisy(), "JPEG", xmp=XMP), "XMP data of its own"),
    "a PNG with XMP": (
        lambda: before_end(saved(noisy(), "PNG"), chunk(b"iTXt", b"XML:com.adobe.xmp" + b"\0" * 5 + XMP)),
        "XMP data of its own",
    ),
    "a WebP with XMP": (lambda: saved(noisy(), "WEBP", xmp=XMP), "XMP data of its own"),
}


def frames(content: bytes) -> list[tuple[str, bytes]]:
    image = Image.open(BytesIO(content))
    return [(frame.mode, frame.convert("RGBA").tobytes()) for frame in ImageSequence.Iterator(image)]


def properties(content: bytes) -> dict[str, str]:
    """Return what an XMP reader finds in a picture."""
    with Image.open(BytesIO(content)) as image:
        image.load()
        packet = image.info["xmp"]
    (described,) = ElementTree.fromstring(packet).iterfind(".//{*}Description")
    return {element.tag: element.text or "" for element in described}


async def stored(memory: Connect, content: bytes, **settings: Any) -> tuple[dict[str, Any], bytes]:
    """Return the result of a call whose picture is this one, and the file it left."""
    arguments = {**FOX, **settings.pop("arguments", {})}
    with serve(Script(picture=content)) as script:
        connected = {"ark_api_key": "sk-x", "ark_base_url": script.base_url, "metadata": "embed"}
        async with memory(**connected, **settings) as client:
            facts = facts_of(await client.call_tool("generate_image", arguments))
    return facts, Path(facts["images"][0]["path"]).read_bytes()


@pytest.mark.parametrize("name", PICTURES)
async def test_the_record_is_read_out_of_the_picture_and_no_pixel_is_another(
    memory: Connect, tmp_path: Path, name: str
) -> None:
    content = PICTURES[name]()
    facts, file = await stored(memory, content)
    (image,) = facts["images"]
    assert list((tmp_path / "pictures").iterdir()) == [Path(image["path"])]
    assert [warning for warning in facts["warnings"] if "ecord" in warning] == []
    assert frames(file) == frames(content)
    assert (image["sha256"], image["bytes"]) == (hashlib.sha256(file).hexdigest(), len(file))
    found = properties(file)
    record = json.loads(found[f"{{{NAMESPACE}}}Record"])
    assert record["sha256"] == hashlib.sha256(content).hexdigest()
    assert (record["bytes"], record["id"], record["stored"]) == (len(content), image["id"], None)
    assert found[f"{{{IPTC}}}DigitalSourceType"].endswith("/trainedAlgorithmicMedia")
    assert found[f"{{{IPTC}}}AISystemUsed"] == "seedream-4.0 (ark)"
    assert found[f"{{{IPTC}}}AIPromptInformation"] == FOX["prompt"]


@pytest.mark.parametrize("name", PICTURES)
async def test_all_that_was_in_the_file_is_in_it_still(memory: Connect, name: str) -> None:
    content = PICTURES[name]()
    _, file = await stored(memory, content)
    if content[:4] != b"RIFF":
        shared = next(place for place, (was, now) in enumerate(zip(content, file, strict=False)) if was != now)
        assert file.endswith(content[shared:])
        return
    trailer = TRAILER if content.endswith(TRAILER) else b""
    kept = content.removesuffix(trailer)[30 if content[12:16] == b"VP8X" else 12 :]
    assert kept in file
    assert file.endswith(trailer)
    assert int.from_bytes(file[4:8], "little") == len(file) - len(trailer) - 8
    before, after = (Image.open(BytesIO(one)) for one in (content, file))
    assert (before.size, before.mode, before.info.get("exif")) == (after.size, after.mode, after.info.get("exif"))


@pytest.mark.parametrize("name", LEFT_ALONE)
async def test_a_picture_that_a_change_could_break_is_left_as_it_came_with_its_record_beside_it(
    memory: Connect, tmp_path: Path, name: str
) -> None:
    make, reason = LEFT_ALONE[name]
    content = make()
    facts, file = await stored(memory, content)
    (image,) = facts["images"]
    assert file == content
    assert image["sha256"] == hashlib.sha256(content).hexdigest()
    assert [reason in warning for warning in facts["warnings"] if "Records stand in files" in warning] == [True]
    record = json.loads(Path(f"{image['path']}.json").read_text(encoding="utf-8"))
    assert (record["id"], record["sha256"]) == (image["id"], image["sha256"])
    assert len(list((tmp_path / "pictures").iterdir())) == 2


async def test_a_prompt_too_long_for_a_jpeg_stands_beside_it(memory: Connect) -> None:
    content = saved(noisy(), "JPEG")
    facts, file = await stored(memory, content, arguments={"prompt": "fox " * 10_000})
    assert file == content
    assert [warning for warning in facts["warnings"] if "too long for a JPEG" in warning]
    record = json.loads(Path(f"{facts['images'][0]['path']}.json").read_text(encoding="utf-8"))
    assert record["prompt"].count("fox") == 10_000


async def test_no_folder_of_this_machine_leaves_it_in_a_picture(memory: Connect, tmp_path: Path) -> None:
    here = tmp_path / "pictures" / "mine.png"
    here.parent.mkdir()
    here.write_bytes(saved(drawn(600, 600), "PNG"))
    async with memory(metadata="embed") as client:
        (image,) = facts_of(await client.call_tool("edit_image", {**FOX, "image": str(here)}))["images"]
    content = Path(image["path"]).read_bytes()
    found = properties(content)
    assert json.loads(found[f"{{{NAMESPACE}}}Record"])["references"][0]["origin"] == "mine.png"
    assert str(tmp_path).encode() not in content
    assert found[f"{{{IPTC}}}DigitalSourceType"].endswith("/algorithmicMedia")
    assert f"{{{IPTC}}}AISystemUsed" not in found


@given(prompt=st.text(st.characters(exclude_categories=["Cs"])))
def test_any_prompt_comes_out_of_the_packet_as_it_went_in(prompt: str) -> None:
    record = Provenance(
        id="a-0",
        job_id="a",
        index=0,
        tool="generate_image",
        prompt=prompt,
        prompt_sent=prompt,
        arguments={},
        references=(),
        provider="ark",
        model="seedream-4.0",
        request_id=None,
        sandbox=False,
        created="2026-11-21T10:00:00.000+00:00",
        stored=None,
        sha256="0" * 64,
        bytes=1,
        width=1,
        height=1,
        mime_type="image/png",
        cost=Cost(amount=None, currency=None, estimated=True),
    )
    (described,) = ElementTree.fromstring(packet_of(record)).iterfind(".//{*}Description")
    found = {element.tag: element.text for element in described}
    assert json.loads(found[f"{{{NAMESPACE}}}Record"] or "")["prompt"] == prompt
