"""Build the site from the Markdown as it stands: `make site`. The pages know nothing of it.

The root of the repository is the source, so that links between README, docs and bench stay what they are. The menu is
made of the lists in the index pages, and a page that is in none of them fails the build.
"""

import re
from pathlib import PurePosixPath

from sphinx.application import Sphinx

project = "Seedream Hub"
root_doc = "docs/index"
include_patterns = ["docs/**.md", "README*.md", "CONTRIBUTING.md", "CHANGELOG.md", "bench/*.md"]
exclude_patterns = [".*", "dist", "demo-output", "tests", "schemas", "providers", "jobs", "tools", "server"]
extensions = ["myst_parser"]
myst_heading_anchors = 4
html_theme = "furo"
html_title = project
html_copy_source = False
html_show_copyright = False
html_extra_path = ["site"]
html_css_files = ["tables.css"]
html_static_path = ["static"]
linkcheck_anchors = False

LISTED = re.compile(r"^(?:- |\| |  )\[")
PAGE = re.compile(r"\[([^\]]+)\]\(([\w./-]+)\.md\)")


def add_menu(app: Sphinx, docname: str, source: list[str]) -> None:
    """Give an index page the menu its own lists are, with a caption for each heading."""
    del app
    if PurePosixPath(docname).name != "index":
        return
    for section in re.split(r"(?m)^#+ ", source[0])[1:]:
        heading, *lines = section.splitlines()
        pages = [f"{title} <{page}>" for line in lines if LISTED.match(line) for title, page in PAGE.findall(line)]
        if pages:
            source[0] += "\n".join(["\n```{toctree}", ":hidden:", f":caption: {heading}", "", *pages, "```\n"])


def tell(app: Sphinx, pagename: str, templatename: str, context: dict[str, object], doctree: object) -> None:
    """Name the language of the pages in Chinese, and a README in its tab by its name."""
    del app, templatename, doctree
    if pagename.endswith(".zh") or pagename.startswith("docs/zh/"):
        context["language"] = "zh-CN"
    if context.get("title") == project:
        context["title"] = PurePosixPath(pagename).name


def setup(app: Sphinx) -> None:
    """Register the menu, and what the pages say of themselves."""
    app.connect("source-read", add_menu)
    app.connect("html-page-context", tell)
