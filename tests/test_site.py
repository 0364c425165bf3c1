"""The documentation builds into a site without a warning, fetches nothing from outside, and names no odd address."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bench.site import build
from tests.markdown import links_of, written
from tests.support import ROOT

FETCHED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href", "object": "data"}


class Fetches(HTMLParser):
    """Collects what a browser loads by itself."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        address = dict(attrs).get(FETCHED.get(tag, ""))
        self.addresses += [address] if address else []


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    into = tmp_path_factory.mktemp("site")
    done = build(into)
    assert (done.returncode, done.stderr) == (0, "")
    return into


def test_every_page_is_in_the_site_and_its_front_leads_there(site: Path) -> None:
    pages = written("README*.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/**.md", "bench/*.md")
    assert [page for page in pages if not (site / page).with_suffix(".html").is_file()] == []
    assert 'url=docs/index.html"' in (site / "index.html").read_text(encoding="utf-8")
    assert (site / "docs" / "index.html").is_file()


def test_a_page_names_its_language_and_no_tab_says_the_same_twice(site: Path) -> None:
    chinese = [page for page in site.rglob("*.html") if page.match("docs/zh/*") or page.match("*.zh.html")]
    assert chinese
    assert [page.name for page in chinese if ' lang="zh-CN"' not in page.read_text(encoding="utf-8")[:200]] == []
    assert ' lang="en"' in (site / "README.html").read_text(encoding="utf-8")[:200]
    assert "<title>README - Seedream Hub</title>" in (site / "README.html").read_text(encoding="utf-8")


def test_no_page_fetches_anything_from_outside(site: Path) -> None:
    fetched = [*fetched_by(site)]
    assert fetched
    assert [address for address in fetched if urlsplit(address).netloc] == []


def fetched_by(site: Path) -> Iterator[str]:
    for page in site.rglob("*.html"):
        yield from Fetches(page.read_text(encoding="utf-8")).addresses
    for sheet in site.rglob("*.css"):
        yield from re.findall(r"url\(\s*[\"']?([^)\"']+)", sheet.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", [page for page in written("*.md") if not page.startswith("tests/")])
def test_links_to_the_outside_are_well_formed_and_encrypted(page: str) -> None:
    for target in links_of(ROOT / page):
        parts = urlsplit(target)
        if parts.scheme or parts.netloc:
            assert parts.scheme == "https", target
            assert re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", parts.hostname or ""), target
        else:
            assert not target.startswith("/"), target
