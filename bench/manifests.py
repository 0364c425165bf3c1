"""Write server.json (for the MCP registry) and bundle/manifest.json (for Claude Desktop); `--check` only compares."""

import json
import sys
import tomllib
from pathlib import Path
from typing import Any, Final

from bench.tables import ROOT
from seedream_hub.server.clients import is_secret
from seedream_hub.server.settings import PROVIDERS, Settings, variable_of

PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NAME: Final = "io.github.seedream-hub/seedream-hub"
"""What the registry calls the server; the README says the same in its ownership marker."""

SCHEMA: Final = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"
TITLE: Final = "Seedream Hub"
SUMMARY: Final = "ByteDance's Seedream image models as tools: journaled, honest about limits and money."

KEYS: Final = tuple(f"{provider}_api_key" for provider in PROVIDERS if provider != "sandbox")
ASKED: Final = (*KEYS, "relay_base_url", "byteplus_region", "output_dir", "budget", "lang")
"""Settings a bundle asks for; all others can stand in the settings file."""

PLATFORMS: Final = {"Operating System :: POSIX :: Linux": "linux", "Operating System :: MacOS": "darwin"}
"""What the package's classifiers say it runs on, in the bundle's words."""

WITHOUT: Final = (*KEYS, "budget")

TITLES: Final = {
    "relay_base_url": "Address of the relay",
    "byteplus_region": "BytePlus region",
    "output_dir": "Folder for the pictures",
    "budget": "Budget",
    "lang": "Language",
}


def server_json() -> dict[str, Any]:
    """Return the registry's description of the server, with every setting."""
    return {
        "$schema": SCHEMA,
        "name": NAME,
        "title": TITLE,
        "description": SUMMARY,
        "version": PROJECT["version"],
        "packages": [
            {
                "registryType": "pypi",
                "identifier": PROJECT["name"],
                "version": PROJECT["version"],
                "runtimeHint": "uvx",
                "transport": {"type": "stdio"},
                "environmentVariables": [_variable(name) for name in Settings.model_fields],
            }
        ],
    }


def _variable(name: str) -> dict[str, Any]:
    field, variable = Settings.model_fields[name], variable_of(name)
    told: dict[str, Any] = {"name": variable, "description": field.description, "placeholder": field.examples[0]}  # pyright: ignore[reportOptionalSubscript] - each has one
    return {**told, "isSecret": True} if is_secret(variable) else told


def manifest_json() -> dict[str, Any]:
    """Return the bundle's description. Each field has a default: what is left empty is not passed on as `${…}`."""
    env = {variable_of(name): f"${{user_config.{name}}}" for name in ASKED}
    run = ["run", "--directory", "${__dirname}", "seedream-hub"]
    return {
        "manifest_version": "0.4",
        "name": PROJECT["name"],
        "display_name": TITLE,
        "version": PROJECT["version"],
        "description": SUMMARY,
        "author": {"name": "Seedream Hub maintainers"},
        "icon": "icon.png",
        "server": {
            "type": "uv",
            "entry_point": "server.py",
            "mcp_config": {"command": "uv", "args": run, "env": env},
        },
        "tools_generated": True,
        "keywords": PROJECT["keywords"],
        "license": PROJECT["license"],
        "compatibility": {
            "platforms": [PLATFORMS[one] for one in PROJECT["classifiers"] if one in PLATFORMS],
            "runtimes": {"python": PROJECT["requires-python"]},
        },
        "user_config": {name: _field(name) for name in ASKED},
    }


def _field(name: str) -> dict[str, Any]:
    field = Settings.model_fields[name]
    described = f"{field.description}. Leave it empty to do without." if name in WITHOUT else f"{field.description}."
    title = TITLES.get(name) or str(field.description)
    kind = "directory" if name == "output_dir" else "string"
    default = field.default if isinstance(field.default, str) else ""
    secret = {"sensitive": True} if name in KEYS else {}
    return {
        "type": kind,
        "title": title,
        "description": described,
        "required": False,
        "default": default,
        **secret,
    }


FILES: Final = {ROOT / "server.json": server_json, ROOT / "bundle" / "manifest.json": manifest_json}


def text_of(path: Path) -> str:
    """Return what a file has to say."""
    return json.dumps(FILES[path](), ensure_ascii=False, indent=2) + "\n"


def main() -> int:
    """Write the files, or say which is not current."""
    stale = [path for path in FILES if not path.exists() or path.read_text(encoding="utf-8") != text_of(path)]
    if "--check" in sys.argv[1:]:
        sys.stdout.writelines(f"{path.relative_to(ROOT)} is not current; run `make docs`.\n" for path in stale)
        return int(bool(stale))
    for path in stale:
        path.write_text(text_of(path), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
