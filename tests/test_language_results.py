"""Whole results, and all that the commands print, in Chinese: no English sentence is left in any of it."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from mcp import Client
from mcp.types import CallToolResult

from seedream_hub.server.settings import variable_of
from tests.sandboxed import configured, running
from tests.support import COMMAND, Connect, facts_of, text_of

FOX = {"prompt": "a red fox in deep snow", "size": "1K", "model": "seedream-4.0"}
QUOTED = re.compile("\"[^\"]*\"|“[^”]*”|'[^']*'|`[^`]*`|(?:seedream:/|file:/|https?:/)?/\\S+")
SENTENCE = re.compile("(?:[A-Za-z]+[,.;:]? +){3}[A-Za-z]+")
OF_OTHERS = (
    FOX["prompt"],
    "Generate a series of 3 images:",  # is put before a prompt, in the prompt's own language
    "A scripted fault",  # the provider's words
    "show this help message and exit",  # argparse's
    "show program's version number and exit",
)


def english_in(*texts: str) -> list[str]:
    """Return what reads as English: four words in a row, of ours, that are no prompt, quotation or path."""
    runs: list[str] = []
    for text in texts:
        own = text
        for words in OF_OTHERS:
            own = own.replace(words, "“”")
        runs.extend(SENTENCE.findall(QUOTED.sub("“”", own)))
    return runs


def told(result: CallToolResult) -> list[str]:
    """Return every text of a result."""
    return [text_of(result), *texts(result.structured_content)]


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in cast("dict[str, Any]", value).values():
            yield from texts(one)
    elif isinstance(value, list):
        for one in cast("list[Any]", value):
            yield from texts(one)


def command(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "SEEDREAM_LANG": "zh", **variables}
    return subprocess.run(
        [COMMAND, *arguments], env=environ, capture_output=True, text=True, check=False, encoding="utf-8"
    )


def is_chinese(text: str) -> bool:
    return bool(re.search("[一-龥]", text)) and not english_in(text)


def test_what_counts_as_english_is_a_sentence_and_no_prompt_path_or_quotation() -> None:
    assert english_in("完成：Nothing was sent or billed.") == ["Nothing was sent or"]
    assert english_in('/a/path "four words in quotes" a red fox in deep snow, sandbox seedream-4.0') == []


async def seen(client: Client, tool: str, **arguments: Any) -> list[str]:
    result = await client.call_tool(tool, arguments)
    assert is_chinese(text_of(result)), text_of(result)
    return told(result)


async def test_pictures_a_job_under_way_and_what_was_found_are_told_in_chinese(stdio: Connect) -> None:
    async with stdio(SEEDREAM_LANG="zh", SEEDREAM_SANDBOX_DELAY_S="1") as client:
        results = [await seen(client, "generate_image", **FOX, count=2)]
        started = await client.call_tool("start_job", {"requests": [FOX, {**FOX, "count": 3}]})
        job_id = facts_of(started)["job_id"]
        results.append(told(started))
        results.append(await seen(client, "get_job", job_id=job_id, wait_s=0))
        results.append(await seen(client, "cancel_job", job_id=job_id))
        results.append(await seen(client, "batch_images", **FOX, count=3))
        results.append(await seen(client, "find_images", limit=1))
        results.append(await seen(client, "find_images", text="walrus"))
        instructions = client.instructions
    assert is_chinese(instructions or "")
    assert [english_in(*result) for result in results] == [[]] * len(results)


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "status", "status": 400, "code": "InputTextSensitiveContentDetected"},
        {"fault": "status", "status": 401},
        {"fault": "html_picture"},
        {"fault": "reset"},
    ],
    ids=lambda fault: "-".join(map(str, fault.values())),
)
async def test_failures_are_told_in_chinese_but_for_the_providers_words(
    stdio: Connect, fault: dict[str, Any]
) -> None:
    with running() as bench:
        bench.script(**fault, times=9)
        variables = {variable_of(name): value for name, value in configured(bench.sandbox, "ark").items()}
        async with stdio(SEEDREAM_LANG="zh", **variables) as client:
            result = await client.call_tool("generate_image", FOX)
    facts = facts_of(result)
    assert facts["status"] == "failed"
    assert english_in(*told(result)) == []
    assert is_chinese(facts["next"])


async def test_a_refusal_says_in_chinese_that_nothing_was_sent(stdio: Connect) -> None:
    async with stdio(SEEDREAM_LANG="zh") as client:
        refused = text_of(await client.call_tool("generate_image", {**FOX, "count": 99}))
    assert refused.split("\n")[-1] == "没有发送任何请求，也没有计费。"
    assert is_chinese(refused)


async def test_the_commands_tell_of_jobs_and_pictures_in_chinese(stdio: Connect) -> None:
    assert is_chinese(command("jobs").stdout)
    async with stdio(SEEDREAM_LANG="zh") as client:
        facts = facts_of(await client.call_tool("generate_image", FOX))
    image_id = facts["images"][0]["id"]
    jobs = command("jobs")
    head, row = jobs.stdout.splitlines()
    assert row.startswith(facts["job_id"])
    assert head.split() == ["ID", "开始时间", "状态", "已生成", "计费", "不明"]
    for arguments in (
        ("jobs", "show", facts["job_id"]),
        ("jobs", "links", facts["job_id"]),
        ("jobs", "show", "nosuchjob"),
        ("images", "untag", image_id, "keeper"),
        ("images", "prune", "--older", "1h", "--yes"),
        ("--help",),
        ("jobs", "--help"),
        ("images", "prune", "--help"),
    ):
        done = command(*arguments)
        assert is_chinese(re.sub("^seedream-hub [a-z ]+: ", "", done.stdout + done.stderr)), done
    listed = command("images", "list").stdout
    assert image_id in listed
    assert english_in(listed) == []


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SEEDREAM_CONCURRENCY", "many"),
        ("SEEDREAM_CONCURRENCY", "65"),
        ("SEEDREAM_PREVIEW", "yes"),
        ("SEEDREAM_OUTPUT_DIR", "pictures"),
        ("SEEDREAM_ARK_BASE_URL", "http://gateway.example.com/api/v3"),
        ("SEEDREAM_ARK_BASE_URL", "http://a:secret@127.0.0.1:8474/api/v3"),
        ("SEEDREAM_BUDGET", "much"),
        ("SEEDREAM_CONFIG", "/nowhere/hub.toml"),
        ("SEEDREAM_PROVIDER", "ark"),
        ("ARK_API_KEY", "sk 1"),
    ],
)
def test_a_refused_setting_is_told_in_chinese_with_an_example(variable: str, value: str) -> None:
    done = command(**{variable: value})
    assert done.returncode == 2
    assert variable in done.stderr
    assert "例如" in done.stderr
    assert is_chinese(done.stderr), done.stderr


def test_a_limits_file_that_cannot_be_used_is_told_in_chinese(tmp_path: Path) -> None:
    path = tmp_path / "limits.json"
    for content in ("[", "[]", json.dumps({"providers": {"ark": {"models": {"x": {"size": 3}}}}})):
        path.write_text(content)
        done = command(SEEDREAM_LIMITS_FILE=str(path))
        assert done.returncode == 2
        assert is_chinese(done.stderr.partition("；例如 ")[0]), done.stderr
