"""Pictures on their way to the disk: resumed, retried, refreshed, verified, and only from where they may come."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.recorded import recorded
from tests.sandboxed import configured
from tests.support import Connect, facts_of, text_of
from tests.upstream import Script, serve

FOX: dict[str, Any] = {"prompt": "a red fox in snow", "model": "seedream-4.0", "size": "1K"}
PROVIDERS = ("ark", "relay", "aigc", "novita", "evolink")


def fox(provider: str) -> dict[str, Any]:
    return FOX | ({"size": "2K"} if provider == "aigc" else {})


def jpeg(width: int, height: int) -> bytes:
    out = BytesIO()
    Image.new("RGB", (width, height), (40, 90, 160)).save(out, "JPEG")
    return out.getvalue()


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_download_that_breaks_off_goes_on_where_it_broke(memory: Connect, provider: str) -> None:
    with recorded() as at:
        at.script("cut_picture", after_bytes=9000, times_picture=2)
        async with memory(**configured(at, provider)) as client:
            facts = facts_of(await client.call_tool("generate_image", fox(provider)))
        first, second, third = (one.headers for one in at.fetches)
    assert "range" not in first
    for later in (second, third):
        assert later["if-range"]
    assert int(second["range"].removeprefix("bytes=").removesuffix("-")) < int(
        third["range"].removeprefix("bytes=").removesuffix("-")
    )
    with Image.open(facts["images"][0]["path"]) as saved:
        saved.load()


async def test_a_download_carries_no_key(memory: Connect) -> None:
    with recorded() as at:
        async with memory(**configured(at, "ark")) as client:
            await client.call_tool("generate_image", FOX)
        (fetch,) = at.fetches
    assert "authorization" not in fetch.headers


async def test_a_dead_link_is_renewed_from_its_task(memory: Connect) -> None:
    with recorded() as at:
        at.script("expired_link")
        async with memory(**configured(at, "evolink")) as client:
            facts = facts_of(await client.call_tool("generate_image", FOX))
        assert (len(at.generations), len(at.fetches)) == (1, 2)
        assert at.heard[-2].path.startswith("/evolink/v1/tasks/task-unified-")
    assert (facts["status"], facts["billed"]) == ("completed", 1)


@pytest.mark.parametrize("fault", ["expired_link", "html_picture"])
async def test_a_paid_picture_that_cannot_be_fetched_is_never_asked_for_again(
    memory: Connect, tmp_path: Path, fault: str
) -> None:
    with recorded() as at:
        at.script(fault)
        async with memory(**configured(at, "ark", "relay")) as client:
            facts = facts_of(await client.call_tool("generate_image", FOX))
        assert len(at.generations) == 1
    assert [f["billed"] for f in facts["failures"]] == ["yes"]
    assert facts["billed"] == 1
    assert list((tmp_path / "pictures").iterdir()) == []


async def test_a_picture_of_other_pixels_than_promised_is_kept_and_said(memory: Connect) -> None:
    with serve(Script(picture=jpeg(640, 480))) as script:
        async with memory(ark_api_key="k", ark_base_url=script.base_url) as client:
            facts = facts_of(await client.call_tool("generate_image", FOX | {"size": "1280x720"}))
    assert facts["status"] == "completed"
    assert facts["warnings"] == ["Image 1 has 640x480 pixels instead of 1280x720."]


@pytest.mark.parametrize(
    "link",
    [
        "https://192.168.7.7/fox.jpg",
        "https://10.0.0.1/fox.jpg",
        "https://[::ffff:127.0.0.1]/fox.jpg",
        "https://[64:ff9b::a00:1]/fox.jpg",
        "https://[2002:a00:1::1]/fox.jpg",
        "https://169.254.169.254/latest/meta-data",
        "https://nas.local/fox.jpg",
        "http://192.0.2.1/fox.jpg",
    ],
)
async def test_a_private_host_is_refused_and_the_setting_that_allows_it_named(memory: Connect, link: str) -> None:
    with serve(Script(answer={"data": [{"url": link}]})) as script:
        async with memory(ark_api_key="k", ark_base_url=script.base_url) as client:
            result = await client.call_tool("generate_image", FOX)
    (failure,) = facts_of(result)["failures"]
    assert (failure["code"], failure["billed"]) == ("download_refused", "yes")
    assert "SEEDREAM_ALLOW_PRIVATE_HOSTS=1" in text_of(result)


@pytest.mark.parametrize(("is_allowed", "status"), [(False, "failed"), (True, "completed")])
async def test_another_private_host_than_the_base_urls_own_needs_the_users_word(
    memory: Connect, is_allowed: bool, status: str
) -> None:
    with serve(Script(picture=jpeg(1024, 1024))) as script:
        link = script.base_url.replace("127.0.0.1", "localhost").replace("/api/v3", "/picture")
        script.answer = {"data": [{"url": link}]}
        settings = {"ark_api_key": "k", "ark_base_url": script.base_url, "allow_private_hosts": is_allowed}
        async with memory(**settings) as client:
            facts = facts_of(await client.call_tool("generate_image", FOX))
    assert facts["status"] == status
