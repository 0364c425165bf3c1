"""The repository's Markdown, read as GitHub reads it: code blocks and links."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.support import ROOT

TRANSLATED: Final = {"README.zh.md": "README.md", "docs/zh/quick-start.md": "docs/quick-start.md"}
"""Pages, and those they say again in another language, with the same code."""

EXCUSE: Final = re.compile(r"<!-- not run: (.+) -->\s*")


@dataclass(frozen=True)
class Block:
    """A fenced block, and the line of the heading it stands under; `excuse` says why it cannot be run here."""

    language: str
    text: str
    line: int
    heading: int
    excuse: str | None


def written(*patterns: str) -> list[str]:
    """Return the Markdown files under version control that match, by their paths."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listed = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    return sorted({path for path in listed.split() if (ROOT / path).exists()})


def blocks_of(page: Path) -> list[Block]:
    """Return a page's fenced blocks, each with the comment right above it."""
    blocks: list[Block] = []
    heading, comment = 0, ""
    for token in _tokens(page):
        line = (token.map or [0])[0] + 1
        if token.type == "heading_open":
            heading = line
        if token.type == "fence":
            said = EXCUSE.fullmatch(comment)
            blocks.append(Block(token.info.strip(), token.content, line, heading, said[1] if said else None))
        comment = token.content if token.type == "html_block" else ""
    return blocks


def headings_of(page: Path) -> list[str]:
    """Return the levels of a page's headings, in order."""
    return [token.tag for token in _tokens(page) if token.type == "heading_open"]


def links_of(page: Path) -> Iterator[str]:
    """Return where a page's links and pictures lead."""
    for token in _tokens(page):
        for part in token.children or ():
            if target := part.attrs.get("href") or part.attrs.get("src"):
                yield str(target)


def _tokens(page: Path) -> list[Token]:
    return MarkdownIt("gfm-like", {"linkify": False}).parse(page.read_text(encoding="utf-8"))
