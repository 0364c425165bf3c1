"""What the agent sees of the tools, committed: a change to it shows in a review."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from PIL import Image, ImageChops, ImageStat

from tests.support import COMMAND, ROOT, Connect

SNAPSHOTS = ROOT / "tests" / "snapshots"
CONFIGURED: dict[str, dict[str, Any]] = {
    "sandbox": {},
    "ark": {"ark_api_key": "sk-x", "models": ("seedream-4.5", "seedream-4.0", "seedream-5.0-pro")},
    "byteplus": {"byteplus_api_key": "sk-x"},
    "one-model": {"ark_api_key": "sk-x", "models": ("seedream-5.0-flash",)},
    "relay": {"relay_api_key": "sk-x", "relay_base_url": "https://relay.example.com/v1"},
    "aigc": {"aigc_api_key": "sk-x"},
    "novita": {"novita_api_key": "sk-x"},
    "evolink": {"evolink_api_key": "sk-x"},
    "several": {"ark_api_key": "sk-x", "novita_api_key": "sk-x", "evolink_api_key": "sk-x"},
    "unknown-model": {"ark_api_key": "sk-x", "models": ("ep-20261121-abcde",)},
}


@pytest.mark.parametrize("name", CONFIGURED)
async def test_the_tools_are_as_committed(memory: Connect, name: str) -> None:
    async with memory(**CONFIGURED[name]) as client:
        tools = (await client.list_tools()).tools
    for tool in tools:
        shown = tool.model_dump(mode="json", by_alias=True, exclude_none=True)
        text = json.dumps(shown, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
        path = SNAPSHOTS / f"{tool.name}.{name}.json"
        if os.environ.get("UPDATE_SNAPSHOTS"):
            path.write_text(text, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_server_announces_only_what_it_has(mode: str) -> None:
    async with Client(StdioServerParameters(command=COMMAND, env=dict(os.environ)), mode=mode) as client:
        announced = client.server_capabilities.model_dump(exclude_none=True)
    assert announced.pop("extensions", None) == ({"io.modelcontextprotocol/tasks": {}} if mode == "auto" else None)
    assert announced == {
        "completions": {},
        "prompts": {"list_changed": False},
        "resources": {"subscribe": False, "list_changed": True},
        "tools": {"list_changed": False},
    }


@pytest.mark.parametrize("name", [name for name in CONFIGURED if name != "several"])
async def test_the_tool_list_is_small_with_the_full_limits_of_any_provider(memory: Connect, name: str) -> None:
    async with memory(**CONFIGURED[name]) as client:
        tools = (await client.list_tools()).tools
    assert len(tools) == 8
    seen = [{"name": tool.name, "description": tool.description, "input_schema": tool.input_schema} for tool in tools]
    assert len(json.dumps(seen, ensure_ascii=False).encode()) <= 12_000


def test_the_generated_tables_are_current() -> None:
    check = subprocess.run(
        [sys.executable, "-m", "bench.tables", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert check.returncode == 0, check.stdout + check.stderr


def test_the_page_of_the_tools_is_current() -> None:
    check = subprocess.run(
        [sys.executable, "-m", "bench.tools_page", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert check.returncode == 0, check.stdout + check.stderr


def test_what_the_agent_reads_is_as_short_as_promised_and_as_the_report_says() -> None:
    check = subprocess.run(
        [sys.executable, "-m", "bench.context", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert check.returncode == 0, check.stdout + check.stderr


def test_the_bench_report_has_a_measurement() -> None:
    assert "| seedream-hub |" in (ROOT / "bench" / "README.md").read_text(encoding="utf-8")


def assert_alike(made: Path, committed: Path) -> None:
    """Hold the README's picture to what the demo leaves, but for JPEG's losses."""
    assert committed.stat().st_size <= 250_000
    with Image.open(made) as one, Image.open(committed) as other:
        assert one.size == other.size
        difference = ImageChops.difference(one.convert("RGB"), other.convert("RGB"))
    assert max(ImageStat.Stat(difference).mean) < 4


def test_the_demo_shows_every_tools_pictures_and_a_sheet_and_never_spends_money(tmp_path: Path) -> None:
    demo = tmp_path / "bench" / "demo.py"
    demo.parent.mkdir()
    demo.write_text((ROOT / "bench" / "demo.py").read_text(encoding="utf-8"), encoding="utf-8")
    server = Path(sys.executable).with_name("seedream-hub")
    paid = {**os.environ, "ARK_API_KEY": "sk-x", "SEEDREAM_PROVIDER": "ark", "SEEDREAM_MODELS": "nothing"}
    command = [sys.executable, demo, "--server", server]
    output = tmp_path / "demo-output"
    output.mkdir()
    (output / "mine.jpg").write_bytes(b"mine")
    (output / "bay-1.jpg").write_bytes(b"of an earlier run")
    shown = subprocess.run(command, capture_output=True, text=True, check=True, env=paid)
    assert (output / "mine.jpg").read_bytes() == b"mine"
    assert len([path for path in output.glob("*.jpg") if not path.name.startswith("lantern-")]) == 1 + 12
    assert len(list(output.glob("lantern-*.jpg"))) < 8
    assert (output / "bay-1.jpg").stat().st_size > 10_000
    assert (output / "contact-sheet.png").stat().st_size > 10_000
    assert str(output / "contact-sheet.png") in shown.stdout
    assert_alike(output / "contact-sheet.png", ROOT / "bench" / "contact-sheet.jpg")
    lines = shown.stderr.splitlines()
    assert "generate_image 100% Image 1 of 1: saved poster.jpg" in lines
    assert "generate_image: completed: 1 of 1 pictures by sandbox, seedream-4.5" in shown.stderr
    called = {match[1] for line in lines if (match := re.match("([a-z_]+):? ", line))}
    assert called == {
        "generate_image", "edit_image", "fuse_images", "batch_images",
        "start_job", "get_job", "cancel_job", "find_images",
    }  # fmt: skip
