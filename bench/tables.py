"""Write the generated tables of the README and of docs/. `--check` only says whether they are current."""

import re
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from bench.parameters import REACH, conflicts_table, parameters_table
from bench.providers import (
    UPSTREAMS,
    access_table,
    lifecycle_of,
    models_table,
    overview_table,
    price_of,
    references_table,
    sources_list,
)
from seedream_hub.schemas.limits import packaged_limits
from seedream_hub.server.settings import CONFIG_VARIABLE, Settings, variable_of

ROOT: Final = Path(__file__).resolve().parent.parent


def settings_table() -> str:
    """Return a row for every variable."""
    lines = ["| variable | default | meaning | example |", "|---|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = "" if field.default_factory or field.default in (None, ()) else f"`{_plain(field.default)}`"
        example = (field.examples or [""])[0]
        lines.append(f"| `{variable_of(name)}` | {default} | {field.description} | `{example}` |")
    lines.append(
        f"| `{CONFIG_VARIABLE}` | | TOML file with any of these; by default `config.toml` in the platform's "
        "configuration folder for `seedream-hub`, if it is there | `~/hub.toml` |"
    )
    return "\n".join(lines)


def limits_table() -> str:
    """Return a row for every model of the providers a user can choose."""
    limits = packaged_limits()
    head = "| provider | model | tiers | pixels | references | set | price an image | lifecycle | source |"
    lines = [head, "|---|---|---|---|---|---|---|---|---|"]
    for provider in [name for name in limits.providers if name != "sandbox"]:
        for model in limits.providers[provider].models.values():
            unbounded = "any" if model.size.takes_pixels else "by ratio"
            pixels = "{:,} to {:,}".format(*model.size.pixels) if model.size.pixels else unbounded
            cells = [
                limits.providers[provider].label,
                f"`{model.name}`",
                " ".join(model.size.tiers),
                pixels,
                str(model.references.max or 0),
                str(model.group.max_images),
                price_of(model),
                lifecycle_of(model),
                limits.source(model, "size"),
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def provider_tables() -> dict[Path, dict[str, Callable[[], str]]]:
    """Return the blocks of each page in docs/providers/."""
    limits = packaged_limits()
    parts = {"access": access_table, "models": models_table, "references": references_table, "sources": sources_list}
    pages = {f"{name}.md": {part: partial(make, name, limits) for part, make in parts.items()} for name in UPSTREAMS}
    pages["index.md"] = {"overview": partial(overview_table, limits)}
    return {ROOT / "docs" / "providers" / name: blocks for name, blocks in pages.items()}


TABLES: Final[dict[Path, dict[str, Callable[[], str]]]] = {
    ROOT / "README.md": {"settings": settings_table, "limits": limits_table},
    **provider_tables(),
    ROOT / "docs" / "parameters.md": {
        **{name: partial(parameters_table, name) for name in REACH},
        "conflicts": partial(conflicts_table, packaged_limits()),
    },
}


def current(page: Path) -> str:
    """Return a page with its tables made anew."""
    text = page.read_text(encoding="utf-8")
    for name, make in TABLES[page].items():
        block = re.compile(rf"(<!-- {name}:begin -->\n).*?(<!-- {name}:end -->)", re.DOTALL)
        table = make()
        text, found = block.subn(lambda match, table=table: f"{match[1]}{table}\n{match[2]}", text)
        if found != 1:
            raise SystemExit(f"{page.name} has {found} blocks named {name}")
    return text


def main() -> int:
    """Write the tables, or check them."""
    pages = {page: current(page) for page in TABLES}
    stale = [page for page, text in pages.items() if page.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv:
        names = ", ".join(page.name for page in stale)
        print(f"Out of date: {names}. Run make docs." if stale else "The tables are current.")
        return len(stale)
    for page in stale:
        page.write_text(pages[page], encoding="utf-8")
    return 0


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    raise SystemExit(main())
