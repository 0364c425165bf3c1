"""Whom to call: a provider's base URL and the user's key for it."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import SecretStr

from seedream_hub.schemas.language import say, sentences

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class Account:
    """A provider as this user reaches it. `base_url` may carry a path; `files_url` takes uploads of references."""

    provider: str
    base_url: str
    api_key: SecretStr
    files_url: str = ""
    key_variable: str = ""
    """The environment variable the key came from."""
    url_variable: str = ""
    """The environment variable a base URL of the user's own came from; without one it is the documented one."""

    @property
    def key_advice(self) -> str:
        """Say what to do about a refused key."""
        region = say("It works only in its own SEEDREAM_BYTEPLUS_REGION.") if self.provider == "byteplus" else ""
        if self.key_variable:
            check = say(
                "Check {variable}, the key of {provider}.", variable=self.key_variable, provider=self.provider
            )
        else:
            check = say("Check the API key, the key of {provider}.", provider=self.provider)
        return sentences(check, region)

    @property
    def url_advice(self) -> str:
        """Say what to look at where the address may be wrong, nothing where it is the documented one."""
        if not self.url_variable:
            return ""
        return say("Check {variable}, which is {value}.", variable=self.url_variable, value=self.base_url)

    @property
    def host(self) -> str:
        """The host of the base URL."""
        return urlsplit(self.base_url).hostname or ""

    @property
    def is_loopback(self) -> bool:
        """Whether the provider runs on this machine: no proxy stands between, and plain http is fine."""
        return self.host in LOOPBACK
