"""Settings given for a client's entry: held to what the server will say of them, whatever is set here."""

from collections.abc import Mapping

from pydantic import ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from seedream_hub.schemas.errors import SettingsError
from seedream_hub.schemas.language import say

from .limits_file import load_limits
from .settings import CONFIG_VARIABLE, Settings, complaint, config_path, variable_of


class _Given(Settings):
    """Settings that neither the environment nor the file adds to."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - fixed by the library
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def check_given(env: Mapping[str, str]) -> None:
    """Make sure that the server takes each value; one the client fills in (`${…}`) and what is not ours passes.

    Raises:
        SettingsError: If it would refuse one, or count it as not set.
    """
    fields = {variable_of(name): name for name in Settings.model_fields}
    ours = {name: value for name, value in env.items() if name in {*fields, CONFIG_VARIABLE} and "${" not in value}
    for name, value in ours.items():
        if not value.strip():
            raise SettingsError(say("{name} is empty, which counts as not set: leave it out", name=name))
    config_path(ours)
    values = {fields[name] if name.startswith("SEEDREAM_") else name: value for name, value in ours.items()}
    try:
        given = _Given.model_validate(values)
    except ValidationError as exc:
        raise SettingsError("\n".join(complaint(error, None) for error in exc.errors(include_url=False))) from exc
    load_limits(given.limits_file)
