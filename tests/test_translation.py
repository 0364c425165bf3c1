"""The pages in Chinese keep up with the English ones: the same sections in the same order, with the same code."""

from pathlib import Path

import pytest

from tests.markdown import TRANSLATED, blocks_of, headings_of
from tests.support import ROOT


def code(page: Path) -> list[tuple[str, str, str | None]]:
    return [(block.language, block.text, block.excuse) for block in blocks_of(page)]


@pytest.mark.parametrize(("chinese", "english"), TRANSLATED.items())
def test_a_translated_page_has_the_sections_of_the_original(chinese: str, english: str) -> None:
    assert headings_of(ROOT / chinese) == headings_of(ROOT / english)


@pytest.mark.parametrize(("chinese", "english"), TRANSLATED.items())
def test_a_translated_page_has_the_code_of_the_original(chinese: str, english: str) -> None:
    assert code(ROOT / chinese) == code(ROOT / english)
