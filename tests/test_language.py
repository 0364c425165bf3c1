"""Two languages: one catalogue, complete; codes and names the same in both."""

import subprocess
import sys

import pytest

from seedream_hub.schemas.language import language_of
from tests.support import ROOT, Connect, text_of


def test_every_message_has_its_translation() -> None:
    command = [sys.executable, "-m", "bench.messages", "--check"]
    check = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert check.returncode == 0, check.stdout + check.stderr


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


async def test_a_refusal_is_told_in_chinese(stdio: Connect) -> None:
    async with stdio(SEEDREAM_LANG="zh") as client:
        refused = await client.call_tool("generate_image", {"prompt": "a fox", "count": 99})
    assert refused.is_error
    assert "来源" in text_of(refused)
