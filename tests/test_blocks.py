"""Every code block of the documentation does what it says, page by page, as a reader would try it."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.markdown import TRANSLATED, blocks_of, written
from tests.reader import Reader, is_message
from tests.support import ROOT

WRITTEN: Final = [page for page in written("README*.md", "CONTRIBUTING.md", "docs/") if page.endswith(".md")]
PAGES: Final = [page for page in WRITTEN if page not in TRANSLATED]
"""A translated page has the code of its original: tests/test_translation.py."""

EXCUSES: Final = {
    ".ci/run runs it": 3,  # make demo, make test: the gate itself
    "bench.tools_page made the call": 8,  # and tests/test_surface.py has it made again
    "needs Docker": 3,  # no engine on the machines that run this; tests/test_packaging.py runs the Dockerfile's steps
    "needs a bucket": 1,  # tests/test_storage.py has one of its own
    "needs a key": 1,
    "needs an environment of its own": 8,  # other packages' versions; the judges run these clients
    "needs systemd": 3,
    "needs these pictures": 1,  # tests/test_draw_command.py has some
    "a transcript of another machine": 3,  # bench/fresh.py plays it
}
"""How often each reason not to run a block may be given."""


@pytest.fixture(scope="session")
def said() -> Callable[[str], bool]:
    return is_message()


@pytest.mark.parametrize("page", [page for page in PAGES if blocks_of(ROOT / page)])
def test_every_block_of_a_page_does_what_it_says(page: str, tmp_path: Path, said: Callable[[str], bool]) -> None:
    folder = tmp_path / "clone"
    folder.mkdir()
    reader = Reader(folder, said)
    try:
        for block in blocks_of(ROOT / page):
            if block.excuse is None:
                try:
                    reader.follow(block)
                except Exception as exc:
                    exc.add_note(f"{page}:{block.line}")
                    raise
    finally:
        reader.leave()


def test_what_is_not_run_has_a_known_reason() -> None:
    given = Counter(block.excuse for page in PAGES for block in blocks_of(ROOT / page) if block.excuse)
    assert given == EXCUSES
