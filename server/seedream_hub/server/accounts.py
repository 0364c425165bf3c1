"""Choose the provider the settings speak of."""

from seedream_hub.providers.account import Account
from seedream_hub.schemas.errors import SettingsError
from seedream_hub.schemas.limits import Limits

from .settings import ProviderName, Settings, variable_of

SANDBOX: ProviderName = "sandbox"


def choose_provider(settings: Settings) -> ProviderName:
    """Return the provider named, else the first whose key is set, else the sandbox.

    Raises:
        SettingsError: If the one named has no key.
    """
    if settings.provider is None:
        return "ark" if settings.ark_api_key else "byteplus" if settings.byteplus_api_key else SANDBOX
    if settings.provider != SANDBOX and getattr(settings, f"{settings.provider}_api_key") is None:
        variable = variable_of(f"{settings.provider}_api_key")
        raise SettingsError(
            f"SEEDREAM_PROVIDER={settings.provider} needs {variable}; for example {variable}=sk-…, "
            f"or SEEDREAM_PROVIDER=sandbox"
        )
    return settings.provider


def account_of(provider: ProviderName, settings: Settings, limits: Limits) -> Account:
    """Return the account for a provider with a key."""
    urls = limits.providers[provider].base_urls
    if provider == "byteplus" and settings.byteplus_api_key:
        url = settings.byteplus_base_url or urls[settings.byteplus_region]
        return Account(provider, url, settings.byteplus_api_key)
    if provider == "ark" and settings.ark_api_key:
        return Account(provider, settings.ark_base_url or urls["cn-beijing"], settings.ark_api_key)
    raise SettingsError(f"{provider} has no key")
