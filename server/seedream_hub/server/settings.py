"""Settings: the environment, then an optional TOML file, read once into one frozen object.

In the file a setting has its variable's name in lower case without `SEEDREAM_` (`output_dir`, `ark_api_key`).
"""

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias, cast, get_args
from urllib.parse import urlsplit

from platformdirs import user_config_path, user_pictures_path, user_state_path
from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from seedream_hub.schemas.errors import SettingsError
from seedream_hub.schemas.language import Language, language_of, later, listed, say, speak
from seedream_hub.schemas.money import Budget, Money, parse_budget, parse_money

from .problems import problem_of

PREFIX: Final = "SEEDREAM_"
CONFIG_VARIABLE: Final = "SEEDREAM_CONFIG"
APP: Final = "seedream-hub"

UNFILLED: Final = re.compile(r"\$\{[^{}]*\}")
"""What Claude Desktop passes on for a field that was left empty (`${user_config.key}`), and others for a variable."""

BUCKET: Final = re.compile(r"(s3|gs|az)://[^/?#@:\s]+(/[^?#\s]*)?")

ProviderName: TypeAlias = Literal["sandbox", "ark", "byteplus", "relay", "aigc", "novita", "evolink"]
PROVIDERS: Final[tuple[ProviderName, ...]] = get_args(ProviderName)


def _absolute(path: Path) -> Path:
    """Return the path from the root. A relative one is refused: clients start servers wherever they like."""
    whole = _at_home(path)
    if not whole.is_absolute():
        raise ValueError(say("is relative: where it leads depends on the client; start it with / or ~"))
    return Path(os.path.abspath(whole))  # noqa: PTH100 - resolve() would follow a user's symlinks


def _no_file(path: Path) -> Path:
    """Refuse a folder that could never be made, because a file lies in its place or above it."""
    try:
        lowest = next((part for part in (path, *path.parents) if part.exists()), path)
    except OSError as exc:
        raise ValueError(say("is no folder that can be used ({reason})", reason=exc.strerror)) from exc
    if lowest.is_file():
        below = say("lies below {path}, which is a file", path=lowest)
        raise ValueError(say("is a file, not a folder") if lowest == path else below)
    return path


def _at_home(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError as exc:
        raise ValueError(say("is in the home of a user who is not on this machine")) from exc


def _safe_url(url: str) -> str:
    parts = urlsplit(url)
    loopback = parts.hostname in {"127.0.0.1", "::1", "localhost"}
    if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
        raise ValueError(say("is neither https nor on this machine, so the key could be read on the way"))
    if parts.username is not None or parts.password is not None:
        raise ValueError(say("has a user or password in it, which would be sent in place of the key"))
    if not parts.hostname or parts.port == 0 or parts.query or parts.fragment:
        raise ValueError(say("is no base URL: a host, perhaps a port and a path, nothing after"))
    return url.rstrip("/")


def _trimmed(value: object) -> object:
    """Cut white space off a key, as a file's last line break; one of nothing else counts as not set."""
    key = value.get_secret_value() if isinstance(value, SecretStr) else value
    return key.strip() or None if isinstance(key, str) else key


def _sendable(key: SecretStr) -> SecretStr:
    """Refuse a key that no HTTP header can carry: it would fail at the first call."""
    if not re.fullmatch("[!-~]+", key.get_secret_value()):
        raise ValueError(say("has a blank, a control character or one beyond ASCII in it, as no key does"))
    return key


def _listed(value: object) -> object:
    return _parts(value, ",")


def _paths(value: object) -> object:
    return _parts(value, os.pathsep)


def _parts(value: object, separator: str) -> object:
    if not isinstance(value, str):
        return value
    parts = tuple(part.strip() for part in value.split(separator) if part.strip())
    if not parts:
        raise ValueError(say("is a list of nothing"))
    return parts


def _read(parse: Callable[[str], object]) -> Callable[[object], object]:
    return lambda value: parse(value) if isinstance(value, str) else value


AbsolutePath = Annotated[Path, AfterValidator(_absolute)]


def _bucket(address: str) -> str:
    if not BUCKET.fullmatch(address):
        raise ValueError(say("is no s3://bucket/prefix, gs://bucket/prefix or az://container/prefix"))
    if find_spec("obstore") is None:
        raise ValueError(say("needs obstore, which comes with the extra `storage`: install seedream-hub[storage]"))
    return address.rstrip("/")


Folder = Annotated[AbsolutePath, AfterValidator(_no_file)]
Bucket = Annotated[str, AfterValidator(_bucket)]
BaseUrl = Annotated[str, AfterValidator(_safe_url)]
ApiKey = Annotated[Annotated[SecretStr, AfterValidator(_sendable)] | None, BeforeValidator(_trimmed)]
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]
Providers = Annotated[tuple[ProviderName, ...], NoDecode, BeforeValidator(_listed)]
Folders = Annotated[tuple[Folder, ...], NoDecode, BeforeValidator(_paths)]

UserBudget = Annotated[Budget | None, NoDecode, BeforeValidator(_read(parse_budget))]
UserMoney = Annotated[Money | None, NoDecode, BeforeValidator(_read(parse_money))]


def _key(variable: str, whose: str) -> Any:  # noqa: ANN401 - pydantic's Field() is typed so
    choices = AliasChoices(variable, variable.lower())
    return Field(default=None, validation_alias=choices, description=f"API key of {whose}", examples=["sk-0123abcd"])


def _url(description: str, path: str = "") -> Any:  # noqa: ANN401
    return Field(default=None, description=description, examples=[f"http://127.0.0.1:8080{path}"])


class Settings(BaseSettings):
    """Every setting there is. Field order is the order of the table in the README."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", env_ignore_empty=True)

    provider: Providers = Field(
        default=(),
        description="Who makes the pictures, the preferred first; by default all whose key is set, else the sandbox",
        examples=["ark,novita"],
    )
    ark_api_key: ApiKey = _key("ARK_API_KEY", "Volcengine Ark")
    byteplus_api_key: ApiKey = _key("BYTEPLUS_API_KEY", "BytePlus ModelArk")
    relay_api_key: ApiKey = Field(
        default=None, description="API key of an OpenAI-style relay of Ark", examples=["sk-0123abcd"]
    )
    aigc_api_key: ApiKey = _key("AIGC_API_KEY", "aigc.it")
    novita_api_key: ApiKey = _key("NOVITA_API_KEY", "Novita")
    evolink_api_key: ApiKey = _key("EVOLINK_API_KEY", "EvoLink")
    byteplus_region: Literal["ap-southeast", "eu-west"] = Field(
        default="ap-southeast", description="BytePlus region; a key works only in its own", examples=["eu-west"]
    )
    ark_base_url: BaseUrl | None = _url("Another address that speaks Ark's API; https, or on this machine", "/api/v3")
    byteplus_base_url: BaseUrl | None = _url("The same for BytePlus", "/api/v3")
    relay_base_url: BaseUrl | None = _url("Address of the relay; needed with its key", "/v1")
    aigc_base_url: BaseUrl | None = _url("Another address that speaks aigc.it's API", "/v1")
    novita_base_url: BaseUrl | None = _url("The same for Novita")
    evolink_base_url: BaseUrl | None = _url("The same for EvoLink")
    evolink_files_base_url: BaseUrl | None = _url("The same for EvoLink's Files API")
    routing: Literal["order", "cheapest"] = Field(
        default="order",
        description="Which of several providers is asked first: the preferred, or the cheapest by the price table "
        "(at 7 CNY a dollar; those without a known price last)",
        examples=["cheapest"],
    )
    budget: UserBudget = Field(
        default=None,
        description="What may be spent a day (local) and on one job, counted by the price table in all processes on "
        "the state folder; what would cost more, or has no known price, is refused",
        examples=["5 USD/day, 1 USD/job"],
    )
    confirm_above: UserMoney = Field(
        default=None,
        description="The price above which a job is begun only after the user agreed, where the client can ask",
        examples=["1 USD"],
    )
    retry_ambiguous: bool = Field(
        default=False,
        description="Ask again for what a broken stream left out of a set, though it may have been billed",
        examples=["1"],
    )
    models: Names = Field(
        default=(),
        description="Models to offer, by name, id or endpoint id, the default first; by default all still served",
        examples=["seedream-4.5,ep-20261121-abcde"],
    )
    output_dir: Folder = Field(
        default_factory=lambda: user_pictures_path() / APP,
        description="Folder the pictures are saved in; by default `seedream-hub` in your pictures folder",
        examples=["~/Pictures/seedream"],
    )
    storage: Bucket | None = Field(
        default=None,
        description="Save the pictures in a bucket instead, with the credentials of its usual variables (`AWS_…`, "
        "`GOOGLE_…`, `AZURE_…`); needs the extra `storage`",
        examples=["s3://pictures/seedream"],
    )
    metadata: Literal["sidecar", "embed", "off"] = Field(
        default="sidecar",
        description="Where a picture's record stays (prompt, model, request id, …): in a `.json` file beside it, in "
        "the picture as XMP, or nowhere",
        examples=["embed"],
    )
    state_dir: Folder = Field(
        default_factory=lambda: user_state_path(APP, appauthor=False),
        description="Folder of the journal; by default the platform's state folder",
        examples=["~/.local/state/seedream-hub"],
    )
    limits_file: AbsolutePath | None = Field(
        default=None,
        description="JSON merged over the packaged limits table: new models, other limits, other prices",
        examples=["~/seedream-limits.json"],
    )
    read_dirs: Folders = Field(
        default=(),
        description="More folders references may be read from, besides the output folder and the working folder",
        examples=["~/Photos"],
    )
    convert: Literal["auto", "never"] = Field(
        default="auto",
        description="Convert or scale references the model does not take, or refuse them",
        examples=["never"],
    )
    allow_private_hosts: bool = Field(
        default=False,
        description="Fetch pictures from private addresses too; the base URL's own host is always allowed",
        examples=["1"],
    )
    preview: Literal["inline", "none"] = Field(
        default="inline", description="Small previews in results, at most 100 kB together, or none", examples=["none"]
    )
    resource_links: bool = Field(
        default=False, description="Add a `resource_link` for each picture; some clients break on it", examples=["1"]
    )
    max_wait_s: float = Field(
        default=45,
        ge=0,
        le=600,
        description="Seconds a call waits for its pictures; then it returns a job id and the work goes on",
        examples=["45"],
    )
    images_per_minute: int | None = Field(
        default=None,
        ge=1,
        le=100_000,
        description="Your account's limit for each model, shared by all processes; by default the documented one",
        examples=["500"],
    )
    concurrency: int = Field(default=8, ge=1, le=64, description="Requests under way at once", examples=["8"])
    sandbox_delay_s: float = Field(
        default=0,
        ge=0,
        le=600,
        allow_inf_nan=False,
        description="Seconds the sandbox takes for a picture",
        examples=["1.5"],
    )
    lang: Language = Field(
        default_factory=lambda: language_of(os.environ),
        description="Language of messages and of the tools' descriptions: `en` or `zh`; by default the locale's",
        examples=["zh"],
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="WARNING", description="How much is logged to stderr", examples=["INFO"]
    )

    @model_validator(mode="before")
    @classmethod
    def _without_unfilled(cls, given: object) -> object:
        """Take a placeholder that a client left as it is for not set."""
        if not isinstance(given, dict):
            return given
        values = cast("dict[str, object]", given)
        return {name: value for name, value in values.items() if not is_unfilled(value)}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - fixed by the library; no .env is read
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the environment first, then the file."""
        toml = TomlConfigSettingsSource(settings_cls, toml_file=config_path(os.environ))
        return init_settings, env_settings, toml


def is_unfilled(value: object) -> bool:
    """Say whether a value is a placeholder that a client did not fill in."""
    return isinstance(value, str) and UNFILLED.fullmatch(value) is not None


def load_settings() -> Settings:
    """Read the settings, and speak their language from here on.

    Raises:
        SettingsError: If one is wrong; the message names the variable and a value that works.
    """
    path = config_path(os.environ)
    try:
        settings = Settings()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        told = say(
            '{path} is no valid TOML: {problem}. For example: output_dir = "~/Pictures"', path=path, problem=exc
        )
        raise SettingsError(told) from exc
    except ValidationError as exc:
        raise SettingsError("\n".join(complaint(error, path) for error in exc.errors(include_url=False))) from exc
    speak(settings.lang)
    return settings


def config_path(environ: Mapping[str, str]) -> Path | None:
    """Return the settings file: the one named, which must exist, or the usual one if it does.

    Raises:
        SettingsError: If the one named is not there.
    """
    named = environ.get(CONFIG_VARIABLE)
    try:
        path = _absolute(Path(named)) if named else user_config_path(APP, appauthor=False) / "config.toml"
    except ValueError as exc:
        raise SettingsError(_complained(CONFIG_VARIABLE, repr(named), str(exc), "~/hub.toml")) from exc
    if path.is_file():
        return path
    if named:
        told = later("{variable} names {path}, which is no file; for example {variable}=~/hub.toml")
        raise SettingsError(say(told, variable=CONFIG_VARIABLE, path=path))
    return None


def variable_of(name: str) -> str:
    """Return the environment variable of a setting."""
    alias = Settings.model_fields[name].validation_alias
    return str(alias.choices[0]) if isinstance(alias, AliasChoices) else f"{PREFIX}{name.upper()}"


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """Name the `SEEDREAM_` variables nobody reads, each with the one that was probably meant."""
    known = {variable_of(name) for name in Settings.model_fields} | {CONFIG_VARIABLE}
    strange = [name for name in environ if name.startswith(PREFIX) and name not in known]
    close = {name: get_close_matches(name, known, n=1) for name in strange}
    meant = {
        name: say("{name} (did you mean {other}?)", name=name, other=one) for name in close for one in close[name]
    }
    return [meant.get(name, name) for name in strange]


def complaint(error: ErrorDetails, path: Path | None) -> str:
    """Say what is wrong with a value, and one that works."""
    name = str(error["loc"][0]).lower().removeprefix(PREFIX.lower())
    if error["type"] == "extra_forbidden":
        known = listed(Settings.model_fields)
        return say("{path}: {name} is no setting; it can be {names}", path=path, name=error["loc"][0], names=known)
    variable, field = variable_of(name), Settings.model_fields[name]
    is_secret = "api_key" in name or (name.endswith("_url") and "@" in str(error["input"]))
    shown = say("its value") if is_secret else repr(error["input"])
    return _complained(variable, shown, problem_of(error), (field.examples or [""])[0])


def _complained(variable: str, value: str, problem: str, example: str) -> str:
    told = later("{variable}: {value} {problem}; for example {variable}={example}")
    return say(told, variable=variable, value=value, problem=problem, example=example)
