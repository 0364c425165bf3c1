"""What jobs tell in Chinese: progress, refusals, failures; their codes are the same."""

from pathlib import Path

import httpx2 as httpx

from seedream_hub.providers.sandbox.server import SandboxOptions, start_sandbox
from tests.support import Connect, facts_of, text_of

FOX = {"prompt": "a red fox in snow", "size": "1K", "model": "seedream-4.0"}


async def test_a_picture_is_announced_in_chinese(stdio: Connect) -> None:
    notes: list[str] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        notes.append(message or "")

    async with stdio(SEEDREAM_LANG="zh") as client:
        facts = facts_of(await client.call_tool("generate_image", {**FOX, "count": 2}, progress_callback=note))
    assert facts["status"] == "completed"
    told = "\n".join(notes)
    assert "张（共 2 张）：已发送给 sandbox（seedream-4.0）" in told
    assert all(f"已保存 {image['path']}" in told for image in facts["images"])


async def test_a_reference_is_refused_in_chinese(stdio: Connect, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "notes.png").write_text("Buy milk.")
    asked = [str(folder / "gone.png"), str(folder / "notes.png"), "https://localhost/fox.png"]
    async with stdio(SEEDREAM_LANG="zh") as client:
        told = [text_of(await client.call_tool("edit_image", {**FOX, "image": image})) for image in asked]
    assert "不存在" in told[0]
    assert "(notes.png) 是文本" in told[1]
    assert "不指向公共互联网上的主机" in told[2]


async def test_a_picture_that_did_not_come_is_told_in_chinese_with_its_code(stdio: Connect) -> None:
    sandbox = start_sandbox(SandboxOptions())
    httpx.post(f"{sandbox.url}/admin/faults", json={"fault": "html_picture", "times": 9}).raise_for_status()
    env = {"ARK_API_KEY": sandbox.api_key, "SEEDREAM_ARK_BASE_URL": sandbox.base_urls["ark"], "SEEDREAM_LANG": "zh"}
    async with stdio(**env) as client:
        (failure,) = facts_of(await client.call_tool("generate_image", FOX))["failures"]
    sandbox.stop()
    assert (failure["code"], failure["billed"]) == ("not_an_image", "yes")
    assert failure["message"] == "收到的不是图片，而是 HTML 页面。"
