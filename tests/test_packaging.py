"""What the server comes in besides a wheel: a bundle, a registry entry, a container, completions."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from mcp import Client, StdioServerParameters

from bench import bundle, manifests
from seedream_hub.server.completion_parser import SHELLS
from seedream_hub.server.settings import Settings, variable_of
from tests.commands import SECRET, fine
from tests.dockerfile import build, steps_of
from tests.judge import JUDGES, NODE, mcpb, modules_of
from tests.support import ROOT, facts_of
from tests.test_house import locked, tracked

SCHEMA = json.loads((JUDGES / "registry" / "server.schema.json").read_text(encoding="utf-8"))
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def downloads_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_CACHE_DIR", str(ROOT / ".judges" / "uv-cache"))
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)


async def makes_a_picture(server: StdioServerParameters) -> bool:
    async with Client(server) as client:
        facts = facts_of(await client.call_tool("generate_image", {"prompt": "a fox", "model": "seedream-4.0"}))
    return facts["status"] == "completed" and facts["sandbox"] and Path(facts["images"][0]["path"]).is_file()


def test_the_generated_manifests_are_current() -> None:
    assert {path: path.read_text(encoding="utf-8") for path in manifests.FILES} == {
        path: manifests.text_of(path) for path in manifests.FILES
    }


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the bundle, unpacked; the official tool validated and packed it."""
    folder = tmp_path_factory.mktemp("bundle")
    said = bundle.pack(folder / "seedream-hub.mcpb")
    assert "Manifest schema validation passes!" in said
    zipfile.ZipFile(folder / "seedream-hub.mcpb").extractall(folder / "unpacked")
    return folder / "unpacked"


def test_the_bundle_asks_for_keys_as_secrets_a_folder_a_budget_and_a_language() -> None:
    asked = manifests.manifest_json()["user_config"]
    keys = [name for name in Settings.model_fields if name.endswith("_api_key")]
    assert [name for name, field in asked.items() if field.get("sensitive")] == keys
    assert [name for name, field in asked.items() if field["type"] == "directory"] == ["output_dir"]
    assert [name for name, field in asked.items() if field["required"]] == []
    assert {"budget", "lang"} <= asked.keys()


def test_bundle_and_package_name_the_systems_the_readme_names() -> None:
    assert manifests.manifest_json()["compatibility"]["platforms"] == ["darwin", "linux"]
    assert "Tested on Linux" in README


def test_the_bundle_holds_the_locked_versions_and_no_address(packed: Path) -> None:
    text = (packed / "pyproject.toml").read_text(encoding="utf-8")
    versions = dict(re.findall(r'"([a-z0-9._-]+)==([^ "]+)', text))
    assert {name: str(locked()[name]) for name in versions} == versions
    assert {"mcp", "pydantic", "httpx2"} <= set(versions)
    assert "://" not in text
    assert {path.name for path in packed.iterdir()} >= {"manifest.json", "icon.png", "server.py", "LICENSE"}


async def test_the_bundle_starts_as_its_manifest_says_with_nothing_filled_in(packed: Path, tmp_path: Path) -> None:
    command = as_the_host_reads_it(packed, {})
    assert command["env"]["ARK_API_KEY"] == ""
    variables = {**os.environ, **command["env"], "SEEDREAM_OUTPUT_DIR": str(tmp_path / "pictures")}
    uv = str(Path(sys.executable).with_name(command["command"]))
    assert await makes_a_picture(StdioServerParameters(command=uv, args=command["args"], env=variables))


def test_the_bundle_passes_on_what_is_filled_in(packed: Path) -> None:
    env = as_the_host_reads_it(packed, {"ark_api_key": SECRET, "output_dir": "/pictures", "lang": "zh"})["env"]
    assert (env["ARK_API_KEY"], env["SEEDREAM_OUTPUT_DIR"]) == (SECRET, "/pictures")
    assert (env["SEEDREAM_LANG"], env["SEEDREAM_BUDGET"]) == ("zh", "")
    assert [name for name, value in env.items() if "${" in value] == []


def as_the_host_reads_it(folder: Path, filled: dict[str, str]) -> Any:
    """Return the command the official library makes of the manifest and of what the user filled in."""
    library = modules_of("mcpb") / "@anthropic-ai" / "mcpb" / "dist" / "index.js"
    script = """
        const [library, folder, filled] = process.argv.slice(1);
        const { getMcpConfigForManifest } = await import(library);
        const { readFileSync } = await import("node:fs");
        const manifest = JSON.parse(readFileSync(`${folder}/manifest.json`, "utf8"));
        const told = { manifest, extensionPath: folder, systemDirs: {}, pathSeparator: "/" };
        console.log(JSON.stringify(await getMcpConfigForManifest({ ...told, userConfig: JSON.parse(filled) })));
    """
    command = [NODE, "--input-type=module", "--eval", script, library, folder, json.dumps(filled)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def test_the_official_tool_refuses_a_wrong_manifest(tmp_path: Path) -> None:
    wrong = {**manifests.manifest_json(), "server": {"type": "snake"}}
    (tmp_path / "manifest.json").write_text(json.dumps(wrong), encoding="utf-8")
    with pytest.raises(AssertionError, match="server"):
        mcpb("validate", tmp_path / "manifest.json")


def test_the_registry_entry_fits_the_registrys_schema() -> None:
    entry = json.loads((ROOT / "server.json").read_text(encoding="utf-8"))
    jsonschema.validate(entry, SCHEMA)
    assert entry["$schema"] == SCHEMA["$id"]
    with pytest.raises(jsonschema.ValidationError, match="too long"):
        jsonschema.validate({**entry, "description": "x" * 101}, SCHEMA)
    variables = {one["name"]: one for one in entry["packages"][0]["environmentVariables"]}
    assert set(variables) == {variable_of(name) for name in Settings.model_fields}
    assert {name for name, one in variables.items() if one.get("isSecret")} == {
        variable_of(name) for name in Settings.model_fields if name.endswith("_api_key")
    }


def test_the_readme_says_whose_the_package_is() -> None:
    entry = json.loads((ROOT / "server.json").read_text(encoding="utf-8"))
    assert re.findall(r"^<!-- mcp-name: (\S+) -->$", README, re.MULTILINE) == [entry["name"]]


def test_the_runtime_lock_is_the_part_of_the_lock_a_user_needs() -> None:
    text = (ROOT / "runtime.lock").read_text(encoding="utf-8")
    versions = dict(re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", text, re.MULTILINE))
    assert {name: str(locked()[name]) for name in versions} == versions
    entries = re.split(r"\n(?=[a-z0-9])", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).strip())
    assert [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []
    assert "://" not in text
    assert not {"pytest", "ruff", "hatchling"} & set(versions)


def test_the_image_is_small_and_runs_as_nobody() -> None:
    steps = steps_of(DOCKERFILE)
    assert {rest.split()[0] for verb, rest in steps if verb == "FROM"} == {"python:3.13-slim"}
    assert [verb for verb, _ in steps].count("FROM") == 2
    assert "apt-get" not in DOCKERFILE
    (user,) = (rest for verb, rest in steps if verb == "USER")
    assert re.fullmatch("[1-9][0-9]+:[1-9][0-9]+", user)


async def test_the_images_steps_make_a_server_that_works_and_is_healthy(tmp_path: Path) -> None:
    context, app, data = tmp_path / "context", tmp_path / "app", tmp_path / "data"
    ignored = set((ROOT / ".dockerignore").read_text(encoding="utf-8").split())
    for path in tracked():
        part = path.relative_to(ROOT)
        if part.parts[0] not in ignored:
            (context / part).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, context / part)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    stage = build(DOCKERFILE, context, tmp_path / "root", path, APP=str(app), DATA=str(data))
    tools = {file.name for file in (app / "bin").iterdir()}
    assert "seedream-hub" in tools
    assert not {"pip", "pip3", "hatchling", "ruff", "uv"} & tools
    assert data.stat().st_mode & 0o7777 == 0o1777
    assert (stage.volumes, stage.working) == ([str(data)], str(data))
    server = StdioServerParameters(command=str(app / "bin" / stage.entrypoint[0]), env=stage.environment)
    assert await makes_a_picture(server)
    assert len(list((data / "pictures").glob("*.jpg"))) == 1
    assert healthy(stage.health, stage.environment) == 0
    assert healthy(stage.health, {**stage.environment, "SEEDREAM_STATE_DIR": "/proc/nothing"}) == 1


def healthy(command: list[str], environment: dict[str, str]) -> int:
    return subprocess.run(command, env=environment, check=False, stdout=subprocess.DEVNULL).returncode


def test_the_image_leaves_out_what_git_does() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    listed = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    assert [name for name in listed if not {name.rstrip("/"), f"**/{name.rstrip('/')}"} & set(ignored)] == []


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_learns_every_command(shell: str) -> None:
    script = fine("completion", shell)
    for word in ("sandbox", "jobs", "images", "install", "doctor", "claude-desktop", "offline", "keep-tagged"):
        assert word in script


def test_bash_completes_commands_and_clients(tmp_path: Path) -> None:
    script = tmp_path / "completion"
    script.write_text(fine("completion", "bash"), encoding="utf-8")
    assert "complete -o bashdefault -o default" in script.read_text(encoding="utf-8")  # files, for edit and fuse
    assert completed(script, "seedream-hub", "ins") == {"install"}
    assert completed(script, "seedream-hub", "install", "claude-") == {"claude-desktop", "claude-code"}
    assert completed(script, "seedream-hub", "doctor", "--off") == {"--offline"}


def test_completion_knows_the_options_of_every_provider_whatever_the_settings_are(tmp_path: Path) -> None:
    script = tmp_path / "completion"
    script.write_text(fine("completion", "bash", SEEDREAM_PROVIDER="nobody"), encoding="utf-8")
    assert completed(script, "seedream-hub", "generate", "--asp") == {"--aspect-ratio"}
    assert completed(script, "seedream-hub", "edit", "--back") == {"--background"}
    assert completed(script, "seedream-hub", "batch", "--output-format", "p") == {"png"}


def test_completion_offers_no_value_that_would_be_refused(tmp_path: Path) -> None:
    sandbox, novita = tmp_path / "sandbox", tmp_path / "novita"
    sandbox.write_text(fine("completion", "bash"), encoding="utf-8")
    assert completed(sandbox, "seedream-hub", "generate", "--model", "seedream-3") == set()
    assert completed(sandbox, "seedream-hub", "generate", "--aspect-ratio", "4:") == {"4:3"}
    assert completed(sandbox, "seedream-hub", "batch", "--output-format", "p") == {"png"}
    novita.write_text(fine("completion", "bash", NOVITA_API_KEY="k"), encoding="utf-8")
    assert completed(novita, "seedream-hub", "generate", "--model", "seedream-5.0-p") == set()
    assert completed(novita, "seedream-hub", "generate", "--model", "seedream-4.5") == {"seedream-4.5"}


def completed(script: Path, *words: str) -> set[str]:
    """Return what bash offers for the last word."""
    quoted = " ".join(f"'{word}'" for word in words)
    line = f"source {script}; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}"
    told = f'{line}; _shtab_seedream_hub; printf "%s\\n" "${{COMPREPLY[@]}}"'
    shown = subprocess.run(["bash", "--norc", "-c", told], check=True, stdout=subprocess.PIPE, text=True)
    return {word.strip() for word in shown.stdout.split()}
