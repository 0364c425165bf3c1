"""Choose the providers the settings speak of."""

from typing import Final

from pydantic import SecretStr

from seedream_hub.providers.account import Account
from seedream_hub.schemas.errors import SettingsError
from seedream_hub.schemas.language import later, say
from seedream_hub.schemas.limits import Limits

from .settings import PROVIDERS, ProviderName, Settings, variable_of

SANDBOX: ProviderName = "sandbox"

NO_KEY: Final = later(
    "SEEDREAM_PROVIDER={provider} needs {variable}; for example {variable}=sk-0123abcd, or SEEDREAM_PROVIDER=sandbox"
)
NOT_BESIDE: Final = later(
    "SEEDREAM_PROVIDER={providers} names the sandbox beside real providers: a key that fails would give drawings for "
    "pictures of a model; for example SEEDREAM_PROVIDER=sandbox"
)
NO_ADDRESS: Final = later(
    "SEEDREAM_RELAY_API_KEY needs SEEDREAM_RELAY_BASE_URL; "
    "for example SEEDREAM_RELAY_BASE_URL=https://relay.example.com/v1"
)


def choose_providers(settings: Settings) -> tuple[ProviderName, ...]:
    """Return the providers named, else all whose key is set, else the sandbox; the preferred first.

    Raises:
        SettingsError: If one named has no key, or the relay no address, or the sandbox stands beside others.
    """
    chosen = tuple(dict.fromkeys(settings.provider)) or tuple(name for name in PROVIDERS if _key(name, settings))
    for provider in chosen:
        if provider != SANDBOX and _key(provider, settings) is None:
            variable = variable_of(f"{provider}_api_key")
            raise SettingsError(say(NO_KEY, provider=provider, variable=variable))
    if SANDBOX in chosen and len(chosen) > 1:
        raise SettingsError(say(NOT_BESIDE, providers=",".join(chosen)))
    if "relay" in chosen and settings.relay_base_url is None:
        raise SettingsError(say(NO_ADDRESS))
    return chosen or (SANDBOX,)


def account_of(provider: ProviderName, settings: Settings, limits: Limits) -> Account:
    """Return the account for a provider with a key.

    Raises:
        SettingsError: If it has none.
    """
    key, rules = _key(provider, settings), limits.providers[provider]
    url: str | None = getattr(settings, f"{provider}_base_url", None)
    region = settings.byteplus_region if provider == "byteplus" else next(iter(rules.base_urls), "")
    own, url = url, url or rules.base_urls.get(region)
    if key is None or url is None:
        raise SettingsError(say("{provider} has no key or no address", provider=provider))
    files: str | None = getattr(settings, f"{provider}_files_base_url", None)
    url_variable = variable_of(f"{provider}_base_url") if own else ""
    key_variable = variable_of(f"{provider}_api_key")
    return Account(provider, url, key, files or rules.files_url or "", key_variable, url_variable)


def _key(provider: ProviderName, settings: Settings) -> SecretStr | None:
    return getattr(settings, f"{provider}_api_key", None)
