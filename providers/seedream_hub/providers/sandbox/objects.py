"""Hand out links to pictures and files, and check the links that come back."""

from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from .catalog import CATALOG
from .links import LinkError, signed_query, verify
from .store import Store

OBJECTS_PATH: Final = "/objects/"


class Objects:
    """Know which file a link leads to; hosts are taken from the request at hand, as clients reached it."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock

    def url(self, base: str, key: str, expires_s: int = CATALOG.limits.link_expires_s, age_s: float = 0) -> str:
        """Return a link that makes an object downloadable for `expires_s` seconds, signed `age_s` ago.

        `base` is scheme and host, such as `http://127.0.0.1:8080`.
        """
        host = urlsplit(base).netloc
        signed_at = self._clock() - age_s
        query = signed_query(self._store.secret, host, OBJECTS_PATH + key, signed_at, expires_s)
        return f"{base}{OBJECTS_PATH}{key}?{query}"

    def open(self, host: str, key: str, query: str) -> Path:
        """Return the file behind a link; raise `LinkError` if unknown, tampered with or expired.

        Unlike TOS, which checks the signature first, an unknown key is said to be unknown: nobody but the
        sandbox could sign one.
        """
        path = self._store.path(key)
        if path is None:
            raise LinkError(404, "NoSuchKey", "The specified key does not exist.")
        fields = parse_qsl(query, keep_blank_values=True)
        verify(self._store.secret, host, OBJECTS_PATH + key, fields, self._clock())
        return path

    def own(self, host: str, link: str) -> bytes | None:
        """Return the file behind a link to this sandbox, None for a link to anywhere else; raise `LinkError`."""
        parts = urlsplit(link)
        if parts.netloc != host or not parts.path.startswith(OBJECTS_PATH):
            return None
        return self.open(host, parts.path.removeprefix(OBJECTS_PATH), parts.query).read_bytes()
