"""Two languages: one catalogue, complete; codes and names the same in both."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, cast

import pytest

from bench.messages import KEYWORDS, ROOMS, collected
from seedream_hub.schemas.language import language_of
from seedream_hub.schemas.limits import packaged_limits
from seedream_hub.server.settings import variable_of
from tests.sandboxed import configured, running
from tests.support import COMMAND, ROOT, Connect, facts_of, text_of


def test_every_message_has_its_translation() -> None:
    command = [sys.executable, "-m", "bench.messages", "--check"]
    check = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert check.returncode == 0, check.stdout + check.stderr


def literals(tree: ast.AST) -> Iterator[str]:
    """Yield every message that is said, wherever it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KEYWORDS:
            yield from (str(one.value) for one in node.args[:1] if isinstance(one, ast.Constant))


def test_no_message_is_written_where_the_catalogue_does_not_find_it() -> None:
    catalogue, files = collected(), [file for room in ROOMS for file in (ROOT / room).rglob("*.py")]
    said = {text for file in files for text in literals(ast.parse(file.read_text(encoding="utf-8")))}
    assert len(said) > 500
    assert [text for text in said if catalogue.get(text) is None] == []


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, "zh"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "SEEDREAM_LANG": "en"}, "en"),
        ({"SEEDREAM_LANG": "zh"}, "zh"),
    ],
)
def test_the_language_is_the_one_asked_for_or_the_locales(environ: dict[str, str], language: str) -> None:
    assert language_of(environ) == language


def spoken(text: str) -> bool:
    """Say whether a text is Chinese: names, quotations, and what sources and providers are called, may be English."""
    limits = packaged_limits()
    named = [source.title for source in limits.sources.values()]
    named += [provider.label for provider in limits.providers.values()]
    for name in sorted(named, key=len, reverse=True):
        text = text.replace(name, "")
    own = re.sub('"[^"]*"|“[^”]*”', "", text)
    return bool(re.search("[一-龥]", own)) and not re.search("(?:[A-Za-z]+[ ,]+){3}[A-Za-z]+", own)


def described(schema: Any) -> Iterator[str]:
    """Yield every description in a JSON Schema."""
    if isinstance(schema, dict):
        for name, value in cast("dict[str, Any]", schema).items():
            if name == "description" and isinstance(value, str):
                yield value
            yield from described(value)


KEYS = {"ARK_API_KEY": "sk-x", "NOVITA_API_KEY": "sk-x", "EVOLINK_API_KEY": "sk-x", "AIGC_API_KEY": "sk-x"}


@pytest.mark.parametrize(
    "variables", [{}, KEYS, {**KEYS, "SEEDREAM_ROUTING": "cheapest"}], ids=["none", "all", "cheap"]
)
async def test_arguments_and_results_are_described_in_chinese(stdio: Connect, variables: dict[str, str]) -> None:
    async with stdio(SEEDREAM_LANG="zh", **variables) as client:
        tools = (await client.list_tools()).tools
    texts = {text for tool in tools for part in (tool.input_schema, tool.output_schema) for text in described(part)}
    assert len(texts) > 30
    assert [text for text in texts if not spoken(text)] == []


FOX = {"prompt": "a fox"}
REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("generate_image", {}),
    ("generate_image", {"prompt": "  "}),
    ("generate_image", {**FOX, "count": 99, "watermark": "no", "seed": 3}),
    ("generate_image", {**FOX, "n": 2}),
    ("generate_image", {**FOX, "size": "9x9"}),
    ("generate_image", {**FOX, "size": "100000x1"}),
    ("generate_image", {**FOX, "size": "3K"}),
    ("generate_image", {**FOX, "size": "huge"}),
    ("generate_image", {**FOX, "size": "2048x2048", "aspect_ratio": "16:9"}),
    ("generate_image", {**FOX, "aspect_ratio": "auto"}),
    ("generate_image", {**FOX, "model": "dall-e-3", "filename": "x" * 81}),
    ("generate_image", {**FOX, "output_format": "png", "model": "seedream-4.5"}),
    ("generate_image", {**FOX, "optimize_prompt": "fast", "model": "seedream-4.5"}),
    ("generate_image", {**FOX, "stream": True, "model": "seedream-5.0-pro"}),
    ("generate_image", {**FOX, "callback_url": "https://localhost/done", "model": "seedream-4.5"}),
    ("edit_image", {**FOX, "image": ""}),
    ("edit_image", {**FOX, "image": "x", "layer_decomposition": True, "size": "9x9", "model": "seedream-5.0-pro"}),
    ("edit_image", {**FOX, "image": "x", "background": "transparent", "output_format": "jpeg"}),
    ("fuse_images", {**FOX, "images": ["x"]}),
    ("fuse_images", {**FOX, "images": ["x"] * 14, "model": "seedream-5.0-pro"}),
    ("batch_images", {**FOX, "images": ["x"], "count": 15}),
    ("start_job", {}),
    ("start_job", {"requests": [], "request_key": "k" * 101}),
    ("start_job", {"requests": ["a fox"]}),
    ("start_job", {"requests": [{**FOX, "coutn": 2}]}),
    ("get_job", {"job_id": "x"}),
    ("get_job", {"job_id": "a" * 16, "wait_s": 301}),
    ("cancel_job", {"id": "a" * 16}),
]


async def test_refusals_are_told_in_chinese(stdio: Connect) -> None:
    async with stdio(SEEDREAM_LANG="zh", **KEYS) as client:
        results = [await client.call_tool(tool, arguments) for tool, arguments in REFUSED]
    assert [result.is_error for result in results] == [True] * len(REFUSED)
    lines = [text_of(result).split("\n") for result in results]
    assert [line for told in lines for line in told if not spoken(line)] == []


async def test_what_to_do_about_an_upstreams_refusal_is_told_in_chinese(stdio: Connect) -> None:
    with running() as bench:
        bench.script("status", status=400, code="InputTextSensitiveContentDetected")
        variables = {variable_of(name): value for name, value in configured(bench.sandbox, "ark").items()}
        async with stdio(SEEDREAM_LANG="zh", **variables) as client:
            facts = facts_of(await client.call_tool("generate_image", FOX))
    assert facts["failures"][0]["code"] == "InputTextSensitiveContentDetected"
    assert facts["next"] == "请改写提示词。"


def test_a_setting_that_names_a_lost_model_is_told_in_chinese() -> None:
    environ = {
        **os.environ,
        **KEYS,
        "SEEDREAM_LANG": "zh",
        "SEEDREAM_MODELS": "seedream-3.0-t2i",
        "SEEDREAM_PROVIDER": "ark",
    }
    ended = subprocess.run([COMMAND], env=environ, capture_output=True, text=True, check=False, encoding="utf-8")
    assert ended.returncode == 2
    assert spoken(ended.stderr)
