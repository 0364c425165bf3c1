"""The pages in Chinese keep up with the English ones: the same sections in the same order, with the same code.

Only the comments in their shell blocks are in Chinese, and `install` is told the reader's language.
"""

import re
from pathlib import Path

import pytest

from tests.markdown import TRANSLATED, blocks_of, headings_of
from tests.support import ROOT

OWN_WORDS = re.compile(r" +# .*$| --env SEEDREAM_LANG=(?:en|zh)\b", re.MULTILINE)
"""What may differ in a shell block."""


def code(page: Path) -> list[tuple[str, str, str | None]]:
    return [
        (block.language, OWN_WORDS.sub("", block.text) if block.language == "sh" else block.text, block.excuse)
        for block in blocks_of(page)
    ]


@pytest.mark.parametrize(("chinese", "english"), TRANSLATED.items())
def test_a_translated_page_has_the_sections_of_the_original(chinese: str, english: str) -> None:
    assert headings_of(ROOT / chinese) == headings_of(ROOT / english)


@pytest.mark.parametrize("chinese", TRANSLATED)
def test_a_translated_page_installs_its_language_and_comments_in_it(chinese: str) -> None:
    shell = "".join(block.text for block in blocks_of(ROOT / chinese) if block.language == "sh")
    assert " install claude-desktop --env SEEDREAM_LANG=zh" in shell
    assert re.findall(r"# [A-Za-z].*", shell) == []


@pytest.mark.parametrize(("chinese", "english"), TRANSLATED.items())
def test_a_translated_page_has_the_code_of_the_original(chinese: str, english: str) -> None:
    assert code(ROOT / chinese) == code(ROOT / english)
