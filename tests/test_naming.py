"""What files are called: as the caller wished where a file system takes that, and said where it does not."""

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedream_hub.jobs.naming import Naming
from tests.support import Connect, facts_of

FOX = {"prompt": "a red fox in snow"}
TODAY = datetime(2026, 11, 21).astimezone()
ID = "3kibuxnwqqg2kope-14"
LONGEST = ".jpeg"


def names(stem: str | None, total: int = 1, prompt: str = "x") -> tuple[str, str]:
    return Naming(prompt, stem, total).names(ID, 14, TODAY)


@pytest.mark.parametrize(
    ("wished", "name"),
    [
        ("fox.png", "fox"),
        ("fox.JPEG", "fox"),
        ("fox.jpg.webp", "fox.jpg"),
        ("v1.2", "v1.2"),
        (".png", "png"),
        ("../../etc/fox?", "etcfox"),
        ("a\u0301.heic", "a\u0301"),
    ],
)
def test_a_known_extension_and_what_no_system_takes_are_dropped(wished: str, name: str) -> None:
    assert names(wished)[0] == name


@pytest.mark.parametrize("char", ["x", "狐", "🦊"])
@pytest.mark.parametrize("total", [1, 15])
def test_a_long_name_is_cut_to_what_file_systems_take_between_characters(char: str, total: int) -> None:
    for name in names(char * 80, total):
        size = len((name + LONGEST).encode())
        assert size <= 255
        assert name.startswith(char * 50)
        assert size > 255 - 4 * len(char.encode()) or char * 80 in name


@given(st.text(min_size=1, max_size=80), st.integers(1, 15))
def test_any_name_is_one_file_in_the_folder(wished: str, total: int) -> None:
    for name in names(wished, total, wished):
        assert len((name + LONGEST).encode()) <= 255
        assert name
        assert not set(name) & set('/\\:*?"<>|\0')
        assert not name.startswith(".")


async def test_a_changed_name_is_told(memory: Connect) -> None:
    async with memory() as client:
        plain = facts_of(await client.call_tool("generate_image", {**FOX, "filename": "fox.jpg"}))
        other = facts_of(await client.call_tool("generate_image", {**FOX, "filename": "vixen.png"}))
        cleaned = facts_of(await client.call_tool("generate_image", {**FOX, "filename": "a/b"}))
        none = facts_of(await client.call_tool("generate_image", FOX))
    assert (Path(plain["images"][0]["path"]).name, plain["warnings"]) == ("fox.jpg", [])
    assert other["warnings"] == [
        'Image 1 is called vixen.jpg, not "vixen.png": files carry the extension of what they hold.'
    ]
    assert cleaned["warnings"] == ['Image 1 is called ab.jpg, not "a/b": not every file system takes that name.']
    assert none["warnings"] == []


async def test_a_name_that_is_taken_gets_the_jobs_id_and_a_place_that_counts_from_one(memory: Connect) -> None:
    arguments = {**FOX, "filename": "fox", "count": 2}
    async with memory() as client:
        await client.call_tool("generate_image", arguments)
        again = facts_of(await client.call_tool("generate_image", arguments))
    called = sorted(Path(image["path"]).name for image in again["images"])
    assert called == [f"fox-{again['job_id']}-1.jpg", f"fox-{again['job_id']}-2.jpg"]
    assert sorted(again["warnings"]) == [
        f"Image {number} is called {name}: the name asked for is taken." for number, name in enumerate(called, 1)
    ]
