"""`seedream-hub usage` and `limits`: what the resources of these names tell, as tables and as JSON."""

import json
import re
from typing import Any

import anyio
from mcp.types import TextResourceContents

from tests.commands import fine, run
from tests.sandboxed import running
from tests.support import Connect
from tests.terminal import terminal
from tests.test_draw_terminal import FOX, ark


async def told_by(stdio: Connect, uri: str) -> object:
    async with stdio() as client:
        (content,) = (await client.read_resource(uri)).contents
    assert isinstance(content, TextResourceContents)
    return json.loads(content.text)


def test_json_is_what_the_resources_tell(stdio: Connect) -> None:
    assert json.loads(fine("limits", "--json")) == anyio.run(told_by, stdio, "seedream://limits")
    run(*FOX)
    ours, theirs = json.loads(fine("usage", "--json")), anyio.run(told_by, stdio, "seedream://usage")
    assert isinstance(theirs, dict)
    assert ours["total"]["images"] == 1
    assert ours | {"now": ""} == theirs | {"now": "", "budget": None}


def test_usage_tells_of_today_this_month_and_ever_and_what_is_left() -> None:
    with running() as bench:
        variables: dict[str, Any] = {**ark(bench), "SEEDREAM_BUDGET": "5 CNY/day"}
        run(*FOX, "--count", "2", **variables)
        done = run("usage", **variables)
        as_json = json.loads(run("usage", "--json", **variables).stdout)
    assert [line for line in done.stdout.splitlines() if line in {"Today", "This month", "Ever"}] == [
        "Today",
        "This month",
        "Ever",
    ]
    assert len(re.findall(r"ark seedream-4\.0 +2 +0 +0 +2 +0\.4 CNY", done.stdout)) == 3
    assert "4.6 CNY of today's 5 CNY is left (SEEDREAM_BUDGET)." in done.stdout
    assert as_json["budget"] == {"day": "5 CNY", "left": "4.6 CNY"}


def test_usage_of_nothing_is_nought() -> None:
    assert "together" in fine("usage")
    assert json.loads(fine("usage", "--json"))["total"]["images"] == 0


def test_limits_show_each_model_and_its_price() -> None:
    shown = run("limits", ARK_API_KEY="k").stdout
    assert re.search(r"seedream-4\.5 +2K 4K +3\.69-16\.78 +14 +15 +\S.*CNY", shown)
    assert "seedream-4.5 is the default." in shown


def test_a_narrow_terminal_gets_lines_instead_of_a_table_and_no_word_is_cut() -> None:
    with terminal("limits", columns=40) as screen:
        assert screen.end() == 0
    assert "  megapixels: 3.69-16.78\r\n" in screen.seen
    assert "…" not in screen.seen


def test_a_wrong_setting_ends_with_2() -> None:
    for command in ("usage", "limits"):
        done = run(command, "--json", SEEDREAM_BUDGET="much")
        assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (2, "invalid_settings")
