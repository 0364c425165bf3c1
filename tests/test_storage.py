"""Pictures in a bucket, through the real client, in stores nobody here wrote."""

import hashlib
import os
import sys
from collections.abc import AsyncIterator, Generator
from io import BytesIO
from pathlib import Path

import pytest
from mcp.types import BlobResourceContents, ImageContent
from PIL import Image

from seedream_hub.jobs.library import Library
from seedream_hub.jobs.object_store import CHUNK_BYTES, ObjectStore
from seedream_hub.jobs.shelf import Folder
from seedream_hub.schemas.errors import SettingsError
from seedream_hub.server.settings import load_settings
from tests.buckets import KEY, NAME, SECRET, Bucket, moto, rclone
from tests.pictures import picture, saved
from tests.support import Connect, facts_of, text_of
from tests.upstream import Script, serve

ADDRESS = f"s3://{NAME}/hub"
FOX = {"prompt": "a red fox in snow", "size": "1K", "model": "seedream-4.0"}
SMALL = picture("jpeg", 1024, 1024)


def noise(side: int) -> bytes:
    """Return a picture that cannot be compressed."""
    return saved(Image.frombytes("RGB", (side, side), os.urandom(side * side * 3)), "PNG", compress_level=0)


LARGE = noise(1700)


@pytest.fixture(scope="module")
def store() -> Generator[Bucket]:
    with moto() as bucket:
        yield bucket


@pytest.fixture
def bucket(store: Bucket, monkeypatch: pytest.MonkeyPatch) -> Generator[Bucket]:
    for name, value in store.environment().items():
        monkeypatch.setenv(name, value)
    yield store
    for key in store.listed():
        store.drop(key)


async def chunks(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 200_000):
        yield content[start : start + 200_000]


def library(tmp_path: Path) -> Library:
    rescued = Folder(tmp_path / "rescued", "SEEDREAM_STATE_DIR")
    return Library(ObjectStore(ADDRESS, rescued), 50_000_000, rescued)


def left_here(tmp_path: Path) -> list[str]:
    return [path.name for folder in ("pictures", "state/rescued") for path in (tmp_path / folder).glob("*")]


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["in one part", "in several parts"])
async def test_a_picture_is_an_object_that_says_what_it_is(
    memory: Connect, bucket: Bucket, tmp_path: Path, content: bytes
) -> None:
    with serve(Script(picture=content)) as script:
        async with memory(storage=ADDRESS, ark_api_key="sk-x", ark_base_url=script.base_url) as client:
            (image,) = facts_of(await client.call_tool("generate_image", {**FOX, "filename": "fox"}))["images"]
    extension = image["mime_type"].partition("/")[2].replace("jpeg", "jpg")
    assert image["path"] == f"{ADDRESS}/fox.{extension}"
    held, told = bucket.get(f"hub/fox.{extension}")
    assert held == content
    sha256 = hashlib.sha256(content).hexdigest()
    assert told == {"content-type": image["mime_type"], "x-amz-meta-image": image["id"], "x-amz-meta-sha256": sha256}
    assert bucket.listed() == [f"hub/fox.{extension}", f"hub/fox.{extension}.json"]
    assert left_here(tmp_path) == []
    assert (len(SMALL) < CHUNK_BYTES, len(LARGE) > CHUNK_BYTES) == (True, True)


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["in one part", "in several parts"])
async def test_an_object_that_is_there_is_never_overwritten(memory: Connect, bucket: Bucket, content: bytes) -> None:
    for extension in ("jpg", "png"):
        bucket.put(f"hub/fox.{extension}", b"somebody's own")
    with serve(Script(picture=content)) as script:
        async with memory(storage=ADDRESS, ark_api_key="sk-x", ark_base_url=script.base_url) as client:
            (image,) = facts_of(await client.call_tool("generate_image", {**FOX, "filename": "fox"}))["images"]
    assert Path(image["path"]).name.startswith(f"fox-{image['id'].removesuffix('-0')}-1.")
    assert bucket.get("hub/fox.jpg")[0] == bucket.get("hub/fox.png")[0] == b"somebody's own"
    assert bucket.get(image["path"].removeprefix(f"s3://{NAME}/"))[0] == content


async def test_a_picture_in_a_bucket_is_previewed_read_and_edited_as_any_other(
    memory: Connect, bucket: Bucket, tmp_path: Path
) -> None:
    async with memory(storage=ADDRESS) as client:
        result = await client.call_tool("generate_image", FOX)
        (image,) = facts_of(result)["images"]
        (preview,) = (block for block in result.content if isinstance(block, ImageContent))
        (content,) = (await client.read_resource(image["uri"])).contents
        edited = facts_of(await client.call_tool("edit_image", {**FOX, "image": image["id"]}))
    assert preview.mime_type == "image/jpeg"
    assert isinstance(content, BlobResourceContents)
    assert image["path"].startswith(f"{ADDRESS}/")
    assert edited["status"] == "completed"
    assert len(bucket.listed()) == 4
    assert left_here(tmp_path) == []


async def test_a_picture_in_a_bucket_is_read_after_the_setting_has_changed(memory: Connect, bucket: Bucket) -> None:
    async with memory(storage=ADDRESS) as client:
        (image,) = facts_of(await client.call_tool("generate_image", FOX))["images"]
    async with memory() as client:
        (content,) = (await client.read_resource(image["uri"])).contents
        (local,) = facts_of(await client.call_tool("edit_image", {**FOX, "image": image["uri"]}))["images"]
    assert content.mime_type == "image/jpeg"
    assert Path(local["path"]).is_file()
    key = image["path"].removeprefix(f"s3://{NAME}/")
    assert bucket.listed() == [key, f"{key}.json"]


async def test_an_object_somebody_deleted_is_told_as_gone(memory: Connect, bucket: Bucket) -> None:
    async with memory(storage=ADDRESS) as client:
        (image,) = facts_of(await client.call_tool("generate_image", FOX))["images"]
        bucket.drop(image["path"].removeprefix(f"s3://{NAME}/"))
        with pytest.raises(Exception, match="is gone or cannot be read"):
            await client.read_resource(image["uri"])
        refused = await client.call_tool("edit_image", {**FOX, "image": image["id"]})
    assert refused.is_error
    assert "does not exist" in text_of(refused)


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["in one part", "in several parts"])
async def test_a_picture_whose_upload_fails_is_kept_here_and_downloaded_once(
    memory: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    moments: list[str] = []
    with moto() as bucket:
        for name, value in bucket.environment().items():
            monkeypatch.setenv(name, value)

        def watch(moment: str) -> None:
            moments.append(moment)
            if moment == "picture":
                bucket.remove()

        with serve(Script(picture=content, watch=watch)) as script:
            async with memory(storage=ADDRESS, ark_api_key="sk-x", ark_base_url=script.base_url) as client:
                facts = facts_of(await client.call_tool("generate_image", FOX))
    (image,) = facts["images"]
    assert Path(image["path"]).read_bytes() == content
    assert Path(image["path"]).parent == tmp_path / "state" / "rescued"
    name = Path(image["path"]).name
    assert sorted(left_here(tmp_path)) == [name, f"{name}.json"]
    assert f"Cannot save to {ADDRESS}: there is no such bucket (HTTP 404)." in facts["warnings"][0]
    assert str(tmp_path / "state" / "rescued") in facts["warnings"][0]
    assert moments == ["request", "picture"]


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["in one part", "in several parts"])
async def test_a_picture_put_twice_by_a_crash_is_one_object(bucket: Bucket, tmp_path: Path, content: bytes) -> None:
    names = ("fox", "fox-abc-0")
    first = await library(tmp_path).store(chunks(content), "abc-0", names)
    again = await library(tmp_path).store(chunks(content), "abc-0", names, is_resumed=True)
    other = await library(tmp_path).store(chunks(content), "xyz-0", ("fox", "fox-xyz-0"))
    assert first.path == again.path
    assert other.path != first.path
    assert len(bucket.listed()) == 2


async def test_a_name_taken_before_a_crash_is_filled_after_it(bucket: Bucket, tmp_path: Path) -> None:
    bucket.put("hub/fox.png", b"", image="abc-0")
    stored = await library(tmp_path).store(chunks(LARGE), "abc-0", ("fox", "fox"), is_resumed=True)
    assert stored.path == f"{ADDRESS}/fox.png"
    assert bucket.get("hub/fox.png")[0] == LARGE


async def test_a_wrong_secret_refuses_the_call_before_anything_is_sent_and_is_not_shown(
    memory: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with rclone(tmp_path / "served") as bucket, serve(Script(picture=SMALL)) as script:
        for name, value in bucket.environment(secret="a-wrong-one").items():
            monkeypatch.setenv(name, value)
        async with memory(storage=ADDRESS, ark_api_key="sk-x", ark_base_url=script.base_url) as client:
            refused = await client.call_tool("generate_image", FOX)
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        assert script.requests == []
        async with memory(storage=ADDRESS, ark_api_key="sk-x", ark_base_url=script.base_url) as client:
            facts = facts_of(await client.call_tool("generate_image", FOX))
    said = text_of(refused)
    assert refused.is_error
    assert f"Pictures cannot be saved in {ADDRESS}: the credentials were refused (HTTP 403)." in said
    assert "AWS_" in said
    assert not [word for word in (KEY, "a-wrong-one") if word in said + caplog.text]
    (image,) = facts["images"]
    (file,) = (tmp_path / "served" / NAME / "hub").glob("*.jpg")
    assert (image["path"], file.read_bytes()) == (f"{ADDRESS}/{file.name}", SMALL)


async def test_a_store_nobody_answers_for_refuses_the_call_before_anything_is_sent(
    memory: Connect, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    async with memory(storage=ADDRESS) as client:
        refused = await client.call_tool("generate_image", FOX)
    assert refused.is_error
    assert "it cannot be reached" in text_of(refused)
    assert bucket.listed() == []


@pytest.mark.parametrize(
    "value", ["pictures", "/srv/pictures", "s3://", "ftp://pictures", "s3://key:secret@pictures", "s3://pictures?x=1"]
)
def test_an_address_that_is_no_bucket_stops_the_start(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SEEDREAM_STORAGE", value)
    with pytest.raises(SettingsError, match=r"SEEDREAM_STORAGE: .*s3://bucket/prefix.*for example"):
        load_settings()


def test_a_missing_extra_stops_the_start_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)  # what an import finds where it is not installed
    monkeypatch.setenv("SEEDREAM_STORAGE", ADDRESS)
    with pytest.raises(SettingsError, match=r"SEEDREAM_STORAGE: .* needs obstore, .*seedream-hub\[storage\]"):
        load_settings()


@pytest.mark.parametrize("harm", ["cut", "changed"])
async def test_a_png_that_is_not_whole_is_not_kept(memory: Connect, tmp_path: Path, harm: str) -> None:
    whole = noise(1024)
    broken = whole[:-12] if harm == "cut" else whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:]
    Image.open(BytesIO(whole)).load()
    with serve(Script(picture=broken, picture_type="image/png")) as script:
        async with memory(ark_api_key="sk-x", ark_base_url=script.base_url) as client:
            facts = facts_of(await client.call_tool("generate_image", FOX))
    (failure,) = facts["failures"]
    assert (failure["code"], failure["billed"]) == ("not_an_image", "yes")
    assert "damaged or cut short" in failure["message"]
    assert left_here(tmp_path) == []
