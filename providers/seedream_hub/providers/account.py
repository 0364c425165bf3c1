"""Whom to call: a provider's base URL and the user's key for it."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import SecretStr

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class Account:
    """A provider as this user reaches it. `base_url` may carry a path; `files_url` takes uploads of references."""

    provider: str
    base_url: str
    api_key: SecretStr
    files_url: str = ""

    @property
    def host(self) -> str:
        """The host of the base URL."""
        return urlsplit(self.base_url).hostname or ""

    @property
    def is_loopback(self) -> bool:
        """Whether the provider runs on this machine: no proxy stands between, and plain http is fine."""
        return self.host in LOOPBACK
