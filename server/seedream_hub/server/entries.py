"""What an entry of a client's file says: whose it is, what it starts, whether it is switched off."""

import re
from collections.abc import Iterator
from typing import Any, Final, cast
from urllib.parse import urlsplit

from seedream_hub.schemas.language import say

OURS: Final = re.compile("seedream[-_]hub")


def is_ours(entry: Any) -> bool:  # noqa: ANN401 - JSON
    """Say whether an entry starts this server, if perhaps another installation of it."""
    return any(OURS.search(word) for word in _words(entry))


def is_off(entry: Any) -> bool:  # noqa: ANN401 - JSON
    """Say whether the client does not start it."""
    said = _object(entry)
    return said.get("disabled") is True or said.get("enabled") is False


def started_by(entry: Any) -> str:  # noqa: ANN401 - JSON
    """Return what an entry is for, without arguments, which may hold keys."""
    url: Any = _object(entry).get("url")
    try:
        host = urlsplit(url).hostname if isinstance(url, str) else None
    except ValueError:
        host = None
    return host or next(_words(entry), say("something else"))


def _words(entry: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    said = _object(entry)
    arguments: Any = said.get("args")
    listed = cast("list[Any]", arguments) if isinstance(arguments, list) else []
    yield from (word for word in (said.get("command"), *listed) if isinstance(word, str))


def _object(value: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
