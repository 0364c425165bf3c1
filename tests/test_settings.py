"""Settings from a real environment and real files."""

import logging
import os
import subprocess
from pathlib import Path

import pytest
from pydantic import SecretStr

from seedream_hub.schemas.errors import SettingsError
from seedream_hub.schemas.limits import packaged_limits
from seedream_hub.server.accounts import account_of, choose_providers
from seedream_hub.server.logs import CutQueries
from seedream_hub.server.settings import Settings, load_settings, unknown_variables, variable_of
from tests.support import COMMAND

Environment = pytest.MonkeyPatch


def toml(monkeypatch: Environment, tmp_path: Path, text: str) -> Path:
    path = tmp_path / "hub.toml"
    path.write_text(text, encoding="utf-8")
    monkeypatch.setenv("SEEDREAM_CONFIG", str(path))
    return path


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(
    monkeypatch: Environment, tmp_path: Path
) -> None:
    toml(monkeypatch, tmp_path, 'concurrency = 3\npreview = "none"\nark_api_key = "from-file"\n')
    monkeypatch.setenv("SEEDREAM_CONCURRENCY", "5")
    settings = load_settings()
    assert (settings.concurrency, settings.preview, settings.log_level) == (5, "none", "WARNING")
    assert settings.ark_api_key is not None
    assert settings.ark_api_key.get_secret_value() == "from-file"


def test_an_empty_variable_counts_as_not_set(monkeypatch: Environment) -> None:
    monkeypatch.setenv("ARK_API_KEY", "")
    monkeypatch.setenv("SEEDREAM_PROVIDER", "")
    assert choose_providers(load_settings()) == ("sandbox",)


def test_paths_are_absolute_and_a_tilde_is_the_home(monkeypatch: Environment, tmp_path: Path) -> None:
    monkeypatch.setenv("SEEDREAM_OUTPUT_DIR", f"{tmp_path}/a/../pictures")
    monkeypatch.setenv("SEEDREAM_STATE_DIR", "~/state")
    settings = load_settings()
    assert settings.output_dir == tmp_path / "pictures"
    assert settings.state_dir == tmp_path / "home" / "state"


def test_folders_default_to_the_platforms_own(monkeypatch: Environment, tmp_path: Path) -> None:
    for name in ("SEEDREAM_OUTPUT_DIR", "SEEDREAM_STATE_DIR", "XDG_STATE_HOME", "XDG_PICTURES_DIR"):
        monkeypatch.delenv(name, raising=False)
    settings = load_settings()
    assert settings.output_dir.name == "seedream-hub"
    assert tmp_path / "home" in settings.output_dir.parents
    assert tmp_path / "home" in settings.state_dir.parents


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SEEDREAM_PROVIDER", "openai"),
        ("SEEDREAM_CONCURRENCY", "many"),
        ("SEEDREAM_CONCURRENCY", "0"),
        ("SEEDREAM_PREVIEW", "yes"),
        ("SEEDREAM_RESOURCE_LINKS", "perhaps"),
        ("SEEDREAM_SANDBOX_DELAY_S", "-1"),
        ("SEEDREAM_LOG_LEVEL", "loud"),
        ("SEEDREAM_BYTEPLUS_REGION", "us-east"),
        ("SEEDREAM_ARK_BASE_URL", "http://gateway.example.com/api/v3"),
        ("SEEDREAM_BYTEPLUS_BASE_URL", "ftp://127.0.0.1"),
        ("SEEDREAM_ARK_BASE_URL", "https://"),
        ("SEEDREAM_ARK_BASE_URL", "https://gateway.example.com:0/api/v3"),
        ("SEEDREAM_ARK_BASE_URL", "https://gateway.example.com/api/v3?team=1"),
        ("SEEDREAM_ARK_BASE_URL", "https://gateway.example.com/api/v3#here"),
        ("SEEDREAM_OUTPUT_DIR", "~nobody-of-that-name/Pictures"),
        ("SEEDREAM_OUTPUT_DIR", "pictures"),
        ("SEEDREAM_STATE_DIR", "./state"),
        ("SEEDREAM_LIMITS_FILE", "limits.json"),
        ("SEEDREAM_READ_DIRS", "photos"),
        ("SEEDREAM_OUTPUT_DIR", __file__),
        ("SEEDREAM_OUTPUT_DIR", f"{__file__}/pictures"),
        ("SEEDREAM_OUTPUT_DIR", f"/{'x' * 300}/pictures"),
        ("SEEDREAM_STATE_DIR", __file__),
        ("SEEDREAM_READ_DIRS", __file__),
        ("SEEDREAM_MODELS", ","),
        ("SEEDREAM_MODELS", " "),
        ("SEEDREAM_PROVIDER", ","),
        ("SEEDREAM_READ_DIRS", os.pathsep),
    ],
)
def test_a_bad_value_is_refused_by_its_variable_with_an_example_that_works(
    monkeypatch: Environment, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    message = caught.value.message
    assert message.startswith(f"{variable}: {value!r}")
    example = message.partition(f"for example {variable}=")[2]
    monkeypatch.setenv(variable, example)
    load_settings()


@pytest.mark.parametrize("variable", ["ARK_API_KEY", "SEEDREAM_RELAY_API_KEY"])
@pytest.mark.parametrize("key", ["k\nX: y", "sk-\u2026", "sk 1", "sk-\x7f"])
def test_a_key_no_header_can_carry_is_refused_at_the_start_without_being_shown(
    monkeypatch: Environment, variable: str, key: str
) -> None:
    monkeypatch.setenv(variable, key)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert caught.value.message.startswith(f"{variable}: its value has a blank, a control character or one beyond")
    assert key not in caught.value.message
    monkeypatch.setenv(variable, caught.value.message.partition(f"for example {variable}=")[2])
    load_settings()


@pytest.mark.parametrize("key", ["sandbox-key\n", " sandbox-key ", "\tsandbox-key\r\n"])
def test_white_space_around_a_key_is_cut_off(monkeypatch: Environment, key: str) -> None:
    monkeypatch.setenv("ARK_API_KEY", key)
    assert load_settings().ark_api_key == SecretStr("sandbox-key")


def test_a_key_of_white_space_counts_as_not_set(monkeypatch: Environment) -> None:
    monkeypatch.setenv("ARK_API_KEY", " \n")
    assert choose_providers(load_settings()) == ("sandbox",)


def test_a_base_url_with_a_user_and_password_is_refused_without_showing_them(monkeypatch: Environment) -> None:
    monkeypatch.setenv("SEEDREAM_ARK_BASE_URL", "http://a:secret@127.0.0.1:8474/api/v3")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert caught.value.message.startswith("SEEDREAM_ARK_BASE_URL: its value has a user or password in it")
    assert "secret" not in caught.value.message


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("SEEDREAM_CONCURRENCY", "many", "is no whole number"),
        ("SEEDREAM_CONCURRENCY", "65", "is above 64"),
        ("SEEDREAM_SANDBOX_DELAY_S", "soon", "is no number"),
        ("SEEDREAM_SANDBOX_DELAY_S", "-1", "is below 0"),
        ("SEEDREAM_SANDBOX_DELAY_S", "nan", "is no number"),
        ("SEEDREAM_PREVIEW", "yes", "is not one of 'inline', 'none'"),
        ("SEEDREAM_PROVIDER", "openai", "is not one of 'sandbox', 'ark', 'byteplus', 'relay'"),
        ("SEEDREAM_RESOURCE_LINKS", "perhaps", "is neither true nor false"),
        ("SEEDREAM_OUTPUT_DIR", "pictures", "is relative: where it leads depends on the client"),
        ("SEEDREAM_OUTPUT_DIR", __file__, "is a file, not a folder"),
        ("SEEDREAM_OUTPUT_DIR", f"/{'x' * 300}/a", "is no folder that can be used (File name too long)"),
        ("SEEDREAM_MODELS", ",", "is a list of nothing"),
    ],
)
def test_the_reason_of_a_refused_value_is_in_plain_words(
    monkeypatch: Environment, variable: str, value: str, reason: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert f"{variable}: {value!r} {reason}" in caught.value.message
    assert "Input should" not in caught.value.message


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("output_dir = 3", "SEEDREAM_OUTPUT_DIR: 3 is no path"),
        ("models = 3", "SEEDREAM_MODELS: 3 is no list"),
        ("models = [3]", "SEEDREAM_MODELS: 3 is no text"),
        ("ark_api_key = 3", "ARK_API_KEY: its value is no text"),
        ("preview = 3", "SEEDREAM_PREVIEW: 3 is not one of"),
    ],
)
def test_a_value_of_the_wrong_kind_in_the_file_is_refused_in_plain_words(
    monkeypatch: Environment, tmp_path: Path, line: str, reason: str
) -> None:
    toml(monkeypatch, tmp_path, line)
    monkeypatch.delenv("SEEDREAM_OUTPUT_DIR")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert caught.value.message.startswith(reason)


def test_a_relative_settings_file_is_refused(monkeypatch: Environment, tmp_path: Path) -> None:
    toml(monkeypatch, tmp_path, "concurrency = 3\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEEDREAM_CONFIG", "hub.toml")
    with pytest.raises(SettingsError, match=r"SEEDREAM_CONFIG: 'hub\.toml' is relative"):
        load_settings()


def test_every_setting_has_a_meaning_and_an_example() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.examples, name
        assert variable_of(name).startswith(("SEEDREAM_", "ARK_", "BYTEPLUS_", "AIGC_", "NOVITA_", "EVOLINK_"))


def test_a_named_file_that_is_not_there_is_refused(monkeypatch: Environment, tmp_path: Path) -> None:
    monkeypatch.setenv("SEEDREAM_CONFIG", str(tmp_path / "nowhere.toml"))
    with pytest.raises(SettingsError, match=r"SEEDREAM_CONFIG names .*nowhere"):
        load_settings()


def test_a_file_that_is_no_toml_is_refused_by_its_path(monkeypatch: Environment, tmp_path: Path) -> None:
    path = toml(monkeypatch, tmp_path, "concurrency = \n")
    with pytest.raises(SettingsError, match="is no valid TOML") as caught:
        load_settings()
    assert str(path) in caught.value.message


def test_a_file_in_another_encoding_is_refused_by_its_path(monkeypatch: Environment, tmp_path: Path) -> None:
    path = toml(monkeypatch, tmp_path, "")
    path.write_bytes('output_dir = "Bücher"'.encode("latin-1"))
    with pytest.raises(SettingsError, match="is no valid TOML") as caught:
        load_settings()
    assert str(path) in caught.value.message


def test_a_file_in_the_home_of_nobody_is_refused_by_its_variable(monkeypatch: Environment) -> None:
    monkeypatch.setenv("SEEDREAM_CONFIG", "~nobody-of-that-name/hub.toml")
    with pytest.raises(SettingsError, match=r"SEEDREAM_CONFIG: '~nobody-of-that-name/hub\.toml' is in the home"):
        load_settings()


def test_a_line_nobody_reads_is_refused(monkeypatch: Environment, tmp_path: Path) -> None:
    path = toml(monkeypatch, tmp_path, "concurency = 3\n")
    with pytest.raises(SettingsError, match="concurency is no setting") as caught:
        load_settings()
    assert str(path) in caught.value.message


def test_a_variable_nobody_reads_is_told_with_the_one_meant(monkeypatch: Environment) -> None:
    monkeypatch.setenv("SEEDREAM_OUTPUT_DR", "/tmp")
    assert unknown_variables(os.environ) == ["SEEDREAM_OUTPUT_DR (did you mean SEEDREAM_OUTPUT_DIR?)"]


def test_secrets_are_never_shown(monkeypatch: Environment) -> None:
    monkeypatch.setenv("ARK_API_KEY", "sk-very-secret")
    monkeypatch.setenv("SEEDREAM_CONCURRENCY", "many")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert "sk-very-secret" not in caught.value.message
    monkeypatch.delenv("SEEDREAM_CONCURRENCY")
    settings = load_settings()
    assert "sk-very-secret" not in repr(settings) + str(account_of("ark", settings, packaged_limits()))


def test_the_provider_is_the_one_named_else_the_first_with_a_key(monkeypatch: Environment) -> None:
    assert choose_providers(load_settings()) == ("sandbox",)
    monkeypatch.setenv("BYTEPLUS_API_KEY", "b")
    assert choose_providers(load_settings()) == ("byteplus",)
    monkeypatch.setenv("ARK_API_KEY", "a")
    assert choose_providers(load_settings()) == ("ark", "byteplus")
    monkeypatch.setenv("SEEDREAM_PROVIDER", "sandbox")
    assert choose_providers(load_settings()) == ("sandbox",)


def test_a_named_provider_without_its_key_is_refused(monkeypatch: Environment) -> None:
    monkeypatch.setenv("SEEDREAM_PROVIDER", "byteplus")
    with pytest.raises(SettingsError, match="SEEDREAM_PROVIDER=byteplus needs BYTEPLUS_API_KEY"):
        choose_providers(load_settings())


@pytest.mark.parametrize(
    ("variables", "url"),
    [
        ({"ARK_API_KEY": "a"}, "https://ark.cn-beijing.volces.com/api/v3"),
        ({"BYTEPLUS_API_KEY": "b"}, "https://ark.ap-southeast.bytepluses.com/api/v3"),
        (
            {"BYTEPLUS_API_KEY": "b", "SEEDREAM_BYTEPLUS_REGION": "eu-west"},
            "https://ark.eu-west.bytepluses.com/api/v3",
        ),
        ({"ARK_API_KEY": "a", "SEEDREAM_ARK_BASE_URL": "https://x.example/v9/"}, "https://x.example/v9"),
    ],
)
def test_an_account_goes_to_the_documented_address_or_the_users(
    monkeypatch: Environment, variables: dict[str, str], url: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert account_of(choose_providers(settings)[0], settings, packaged_limits()).base_url == url


def open_it(url: str) -> None:
    raise ValueError(f"cannot open {url}")


def test_logs_keep_no_query_string_not_even_in_a_traceback() -> None:
    url = "https://tos.example/a.jpeg?X-Tos-Signature=secret"
    with pytest.raises(ValueError, match="cannot open") as caught:
        open_it(url)
    about = (caught.type, caught.value, caught.tb)
    record = logging.LogRecord("x", logging.ERROR, "x.py", 1, "got %s", (url,), about)
    text = CutQueries("%(message)s").format(record)
    assert "secret" not in text
    assert text.count("https://tos.example/a.jpeg?…") == 2


@pytest.mark.parametrize(
    ("models", "said"),
    [
        (
            "seedream-45",
            "stands in no limits table of Volcengine Ark: it is sent unchecked. Did you mean seedream-4.5?",
        ),
        ("ep-20261121-abcde", "stands in no limits table of Volcengine Ark: it is sent unchecked.\n"),
    ],
)
def test_a_model_in_no_table_is_told_at_the_start(models: str, said: str) -> None:
    environment = {**os.environ, "ARK_API_KEY": "sk-x", "SEEDREAM_MODELS": models}
    done = subprocess.run([COMMAND], input="", capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    assert f"SEEDREAM_MODELS: {models} {said}" in done.stderr


def test_the_command_says_what_is_wrong_in_one_line_and_keeps_stdout_clean() -> None:
    environment = {**os.environ, "SEEDREAM_CONCURRENCY": "many"}
    done = subprocess.run([COMMAND], capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("seedream-hub: SEEDREAM_CONCURRENCY: 'many'")
    assert len(done.stderr.splitlines()) == 1


def test_the_sandbox_does_not_stand_beside_real_providers(monkeypatch: Environment) -> None:
    monkeypatch.setenv("SEEDREAM_PROVIDER", "ark,sandbox")
    monkeypatch.setenv("ARK_API_KEY", "sk-x")
    with pytest.raises(SettingsError, match="names the sandbox beside real providers"):
        choose_providers(load_settings())
