"""Hand out links to the drawn pictures, and check the links that come back."""

from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from .catalog import CATALOG
from .links import LinkError, signed_query, verify
from .refusal import invalid
from .store import Store

OBJECTS_PATH: Final = "/objects/"


class Objects:
    """Know which picture a link leads to; hosts are taken from the request at hand, as clients reached it."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock

    def query_for(self, host: str, key: str) -> str:
        """Return the signed query that makes an object downloadable for a day."""
        expires_s = CATALOG.limits.link_expires_s
        return signed_query(self._store.secret, host, OBJECTS_PATH + key, self._clock(), expires_s)

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
        """Return the picture behind a link to this sandbox, None for a link to anywhere else."""
        parts = urlsplit(link)
        if parts.netloc != host or not parts.path.startswith(OBJECTS_PATH):
            return None
        try:
            return self.open(host, parts.path.removeprefix(OBJECTS_PATH), parts.query).read_bytes()
        except LinkError as refusal:
            raise invalid("image", f"failed to download the image: {refusal.message}") from refusal
