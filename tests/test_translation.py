"""The Chinese pages keep up with the English ones: the same sections in the same order, with the same code."""

from pathlib import Path

import pytest

from tests.markdown import blocks_of, headings_of
from tests.support import ROOT


@pytest.mark.parametrize(("english", "chinese"), [("README.md", "README.zh.md")])
def test_the_chinese_page_has_the_sections_of_the_english_one(english: str, chinese: str) -> None:
    assert headings_of(ROOT / english) == headings_of(ROOT / chinese)


def code(page: Path) -> list[tuple[str, str, str | None]]:
    return [(block.language, block.text, block.excuse) for block in blocks_of(page)]


@pytest.mark.parametrize(
    ("english", "chinese"), [("README.md", "README.zh.md"), ("docs/quick-start.md", "docs/zh/quick-start.md")]
)
def test_the_chinese_page_shows_all_the_code_of_the_english_one(english: str, chinese: str) -> None:
    shown = code(ROOT / chinese)
    assert [block for block in shown if block in code(ROOT / english)] == code(ROOT / english)
