"""What a caller may pass for a reference, on real files."""

import base64
import hashlib
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from seedream_hub.jobs.reference_files import read_regular
from seedream_hub.jobs.references import FileReference, LinkReference, Reference, ReferenceReader
from seedream_hub.schemas.errors import ArgumentError
from tests.pictures import picture

MAX_BYTES = 100_000
IMAGE_ID = "abcdefgh234567ab-0"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    allowed = tmp_path / "allowed"
    allowed.mkdir()
    return allowed


async def read(value: str, *folders: Path, library: dict[str, Path] | None = None) -> Reference:
    @asynccontextmanager
    async def find(image_id: str) -> AsyncGenerator[Path | None]:
        yield (library or {}).get(image_id)

    return await ReferenceReader(folders, find, MAX_BYTES).read(value, "images[0]")


async def file(value: str, *folders: Path, library: dict[str, Path] | None = None) -> FileReference:
    reference = await read(value, *folders, library=library)
    assert isinstance(reference, FileReference)
    return reference


async def refusal(value: str, *folders: Path, library: dict[str, Path] | None = None) -> str:
    with pytest.raises(ArgumentError) as caught:
        await read(value, *folders, library=library)
    assert caught.value.argument == "images[0]"
    return caught.value.message


@pytest.mark.parametrize("name", ["fox.png", "ein Füchs 狐.png", "no extension", "-rf", "a" * 200, "e\u0301.PNG"])
async def test_a_file_in_an_allowed_folder_is_read_whatever_its_name(folder: Path, name: str) -> None:
    path = folder / "deep er" / name
    path.parent.mkdir()
    path.write_bytes(picture("png"))
    reference = await file(str(path), folder)
    assert reference.content == picture("png")
    assert reference.sha256 == hashlib.sha256(reference.content).hexdigest()
    assert reference.origin == str(path)


async def test_a_relative_path_is_relative_to_the_working_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "fox.png").write_bytes(b"fox")
    monkeypatch.chdir(folder.parent)
    assert (await file("allowed/../allowed/fox.png", folder)).content == b"fox"


async def test_a_tilde_is_the_home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "fox.png").write_bytes(b"fox")
    monkeypatch.setenv("HOME", str(folder))
    assert (await file("~/fox.png", folder)).content == b"fox"
    assert "is no path" in await refusal("~nobody-of-that-name/fox.png", folder)


async def test_an_allowed_folder_may_itself_be_a_link(folder: Path) -> None:
    (folder / "fox.png").write_bytes(b"fox")
    link = folder.parent / "link"
    link.symlink_to(folder)
    assert (await file(str(link / "fox.png"), link)).content == b"fox"


async def test_a_link_inside_the_folders_is_followed(folder: Path) -> None:
    (folder / "fox.png").write_bytes(b"fox")
    (folder / "link.png").symlink_to("fox.png")
    assert (await file(str(folder / "link.png"), folder)).origin == str(folder / "fox.png")


@pytest.mark.parametrize(
    "value", ["../secret.png", "{folder}/../secret.png", "{folder}/link.png", "{folder}/up/secret.png"]
)
async def test_a_path_that_leads_outside_is_refused_with_the_folder_to_add(
    folder: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    secret = folder.parent / "secret.png"
    secret.write_bytes(b"secret")
    (folder / "link.png").symlink_to(secret)
    (folder / "up").symlink_to(folder.parent)
    monkeypatch.chdir(folder)
    message = await refusal(value.format(folder=folder), folder)
    assert f"outside the folders that references are read from ({folder})" in message
    assert f"add {folder.parent} to SEEDREAM_READ_DIRS" in message


async def test_a_folder_whose_name_only_begins_alike_is_outside(folder: Path) -> None:
    sibling = folder.with_name("allowed-too")
    sibling.mkdir()
    (sibling / "fox.png").write_bytes(b"fox")
    assert "is outside" in await refusal(str(sibling / "fox.png"), folder)


async def test_without_a_folder_no_file_is_read(folder: Path) -> None:
    (folder / "fox.png").write_bytes(b"fox")
    assert "(none is set)" in await refusal(str(folder / "fox.png"))


async def test_whether_a_file_outside_exists_is_not_told(folder: Path) -> None:
    (folder.parent / "kept.png").write_bytes(b"x")
    kept, gone = [await refusal(str(folder.parent / name), folder) for name in ("kept.png", "gone.png")]
    assert kept.replace("kept", "gone") == gone


async def test_a_folder_is_only_to_be_added_if_the_picture_is_in_it(folder: Path) -> None:
    message = await refusal(str(folder.parent / "gone.png"), folder)
    advice = f"if there is such a picture, move it there, or have the user add {folder.parent} to SEEDREAM_READ_DIRS"
    assert message.endswith(f"; {advice}")


@pytest.mark.parametrize(
    "value", ["/etc/passwd", "/etc/gone.png", "/proc/self/environ", "/fox.png", "/usr/x.png", "{home}/.ssh/id_rsa"]
)
async def test_nobody_is_told_to_open_the_systems_folders_or_hidden_ones(
    folder: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("HOME", str(folder.parent / "home"))
    message = await refusal(value.format(home=folder.parent / "home"), folder)
    assert "outside the folders" in message
    assert message.endswith(f"; pass the path of a picture in {folder}")


async def test_a_missing_file_is_refused_with_its_path_and_the_folders(folder: Path) -> None:
    message = await refusal(str(folder / "gone.png"), folder)
    assert message == f"images[0] {folder}/gone.png does not exist; pass the path of a picture in {folder}"


async def test_a_folder_is_refused(folder: Path) -> None:
    assert "is a folder" in await refusal(str(folder), folder)


@pytest.mark.timeout(10)
async def test_a_pipe_is_refused_without_waiting_for_its_other_end(folder: Path) -> None:
    os.mkfifo(folder / "pipe.png")
    assert "is no regular file" in await refusal(str(folder / "pipe.png"), folder)


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/stdin"])
async def test_a_device_is_refused(device: str) -> None:
    message = await refusal(device, Path("/dev"))
    assert "is no regular file" in message or "is outside" in message


def test_a_link_put_in_place_of_a_file_is_not_followed(folder: Path) -> None:
    (folder / "secret").write_bytes(b"secret")
    (folder / "link").symlink_to("secret")
    with pytest.raises(ArgumentError, match="is no regular file"):
        read_regular(folder / "link", "images[0]", MAX_BYTES, "pass another")


async def test_a_file_that_may_not_be_read_is_refused(folder: Path) -> None:
    loop = folder / "loop.png"
    loop.symlink_to("loop.png")
    assert "loop.png" in await refusal(str(loop), folder)
    assert "File name too long" in await refusal(str(folder / ("a" * 300)), folder)


@pytest.mark.parametrize("value", ["a\0b.png", "\ud800.png"])
async def test_text_that_can_be_no_path_is_refused(folder: Path, value: str) -> None:
    assert "is no path" in await refusal(value, folder)


async def test_a_file_over_the_limit_is_refused_before_it_is_read(folder: Path) -> None:
    with (folder / "huge.png").open("wb") as huge:
        huge.truncate(1 << 40)
    message = await refusal(str(folder / "huge.png"), folder)
    assert "1,099,511,627,776 bytes" in message
    assert "at most 100,000 bytes" in message


@pytest.mark.parametrize("value", ["", "   "])
async def test_nothing_is_refused(value: str) -> None:
    assert "is empty" in await refusal(value)


@pytest.mark.parametrize("value", [IMAGE_ID, f"seedream://images/{IMAGE_ID}"])
async def test_a_picture_made_before_is_read_by_its_id_or_uri_wherever_it_lies(tmp_path: Path, value: str) -> None:
    (tmp_path / "made.jpg").write_bytes(b"made")
    reference = await file(value, library={IMAGE_ID: tmp_path / "made.jpg"})
    assert (reference.content, reference.origin) == (b"made", IMAGE_ID)


@pytest.mark.parametrize(
    "value", [IMAGE_ID, "seedream://images/../../etc/passwd", "seedream://jobs/1", "seedream://"]
)
async def test_an_id_that_was_never_given_is_refused(value: str) -> None:
    assert "is no picture made here" in await refusal(value)


@pytest.mark.parametrize("value", ["nosuchid-0", "abcdefgh234567a-12", "ABC-1"])
async def test_an_id_nobody_has_is_called_one(folder: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.chdir(folder)
    message = await refusal(value, folder)
    assert message == f"images[0] {value} is the id of no known picture; use an id or uri from an earlier result"


async def test_a_file_that_is_called_like_an_id_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    (folder / "fox-1").write_bytes(b"fox")
    assert (await file("fox-1", folder)).content == b"fox"


async def test_a_picture_that_was_moved_away_is_refused_with_its_path(tmp_path: Path) -> None:
    message = await refusal(IMAGE_ID, library={IMAGE_ID: tmp_path / "made.jpg"})
    assert f"{tmp_path}/made.jpg does not exist" in message


@pytest.mark.parametrize("head", ["data:image/png;base64,", "data:image/jpeg;base64,", "DATA:image/SVG+xml;BASE64,"])
async def test_a_data_uri_is_decoded_whatever_format_it_declares(head: str) -> None:
    reference = await file(head + base64.b64encode(b"picture").decode())
    assert (reference.content, reference.origin) == (b"picture", "data URI")


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("data:text/plain;base64,aGVsbG8=", "is no data URI of a picture"),
        ("data:image/png,hello", "is no data URI of a picture"),
        ("data:image/png;charset=utf-8;base64,aGVsbG8=", "is no data URI of a picture"),
        ("data:image/png;base64,aGVs\nbG8=", "cannot be decoded"),
        ("data:image/png;base64,aGVsbG8", "cannot be decoded"),
        ("data:image/png;base64,aGVs*G8=", "cannot be decoded"),
        ("data:image/png;base64,狐", "cannot be decoded"),
        ("data:image/png;base64," + "A" * 133_336, "is a data URI of 100,002 bytes"),
        ("iVBORw0KGgo" * 200, "is base64 without a word on what it is"),
    ],
)
async def test_what_is_no_data_uri_of_a_picture_is_refused_and_not_repeated(value: str, problem: str) -> None:
    message = await refusal(value)
    assert problem in message
    assert len(message) < 400


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/fox.png",
        "HTTPS://Example.com:8443/a%20b.png?X-Signature=abc&b=[1]#top",
        "https://8.8.8.8/fox.png",
        "https://[2606:4700::1]/fox.png",
        "https://bücher.example/狐.png",
    ],
)
async def test_a_public_https_url_is_passed_on_as_it_is(url: str) -> None:
    assert await read(url) == LinkReference(url)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://example.com/fox.png", "is not https"),
        ("https://localhost/fox.png", "no host of the public Internet"),
        ("https://127.0.0.1/", "no host of the public Internet"),
        ("https://127.1/", "no host of the public Internet"),
        ("https://0x7f000001/", "no host of the public Internet"),
        ("https://１２７.0.0.1/", "no host of the public Internet"),
        ("https://192.168.1.10/", "no host of the public Internet"),
        ("https://169.254.169.254/latest/meta-data", "no host of the public Internet"),
        ("https://[::1]:8443/", "no host of the public Internet"),
        ("https://[::ffff:10.0.0.1]/", "no host of the public Internet"),
        ("https://[64:ff9b::7f00:1]/", "no host of the public Internet"),
        ("https://nas/", "no host of the public Internet"),
        ("https://printer.local./", "no host of the public Internet"),
        ("https://metadata.google.internal/", "no host of the public Internet"),
        ("https://me:secret@example.com/", "carries a user name"),
        ("https://example.com@10.0.0.1/", "carries a user name"),
        ("https://example.com\\@10.0.0.1/", "characters no URL has"),
        ("https://exa\nmple.com/", "characters no URL has"),
        ("https://example.com/a b", "characters no URL has"),
        ("https://", "no host of the public Internet"),
        ("https:///fox.png", "no host of the public Internet"),
        ("https://[::1", "cannot be read as a URL"),
        ("https://example.com:99999/", "cannot be read as a URL"),
        ("ftp://example.com/fox.png", "neither a path nor an https URL"),
        ("javascript://example.com/", "neither a path nor an https URL"),
    ],
)
async def test_a_url_nobody_else_could_open_is_refused(url: str, problem: str) -> None:
    assert problem in await refusal(url)


async def test_a_refused_url_is_repeated_without_its_secrets() -> None:
    assert "secret" not in await refusal("https://me:secret@example.com/?X-Signature=secret")


async def test_a_file_url_is_refused_with_the_path_to_pass() -> None:
    assert "pass the path: /home/me/a fox.png" in await refusal("file:///home/me/a%20fox.png")
