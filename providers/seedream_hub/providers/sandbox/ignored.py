"""Find what a request has beyond its document, and say so in a header: it is ignored, not refused."""

import re
from collections.abc import Collection
from typing import Final, cast

from starlette.requests import Request
from starlette.types import Scope

from .fields import Body

HEADER: Final = "X-Seedream-Hub-Ignored"
_NAMES: Final = 20
_NAME_CHARS: Final = 64
_STRANGE: Final = re.compile(r"[^A-Za-z0-9_.\[\]-]")


def ignored_fields(body: Body, documented: Collection[str]) -> list[str]:
    """Return the fields the document does not list, those inside others dotted; null and "off" ask for nothing."""
    listed = {name for path in documented for name in (path, path.partition(".")[0])}
    found: list[str] = []
    for name, value in body.items():
        if name not in listed:
            found += [] if value is None or value is False else [name]
        elif any(path.startswith(f"{name}.") for path in listed):
            found += [path for inner in _inside(value) if (path := f"{name}.{inner}") not in listed]
    return sorted(set(found))


def note_ignored(request: Request, names: list[str]) -> None:
    """Have the answer to a request name what was ignored of it."""
    request.state.ignored = names


def ignored_header(scope: Scope) -> dict[str, str]:
    """Return the header that names what was ignored; none where nothing was."""
    names: list[str] = scope.get("state", {}).get("ignored", [])
    if not names:
        return {}
    shown = [_STRANGE.sub(lambda found: f"\\u{ord(found[0]):04x}", name[:_NAME_CHARS]) for name in names[:_NAMES]]
    rest = [f"and {len(names) - _NAMES} more"] if len(names) > _NAMES else []
    return {HEADER: ", ".join(shown + rest)}


def _inside(value: object) -> list[str]:
    """Return the names inside an object, or inside those of an array."""
    parts = cast("list[object]", value) if isinstance(value, list) else [value]
    return [name for part in parts if isinstance(part, dict) for name in cast("Body", part)]
