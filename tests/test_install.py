"""`seedream-hub install` and `uninstall`: the real command on files as clients leave them."""

import base64
import json
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from mcp import Client, StdioServerParameters

from seedream_hub.server import install_parser
from seedream_hub.server.client_file import RefusedError, write
from seedream_hub.server.clients import CLIENTS, Command, own_command
from seedream_hub.server.jsonc import read
from tests.commands import SECRET, fine, run, started
from tests.support import COMMAND, ROOT, facts_of

NAMES = list(CLIENTS)
LINUX = {
    "claude-desktop": ".config/Claude/claude_desktop_config.json",
    "claude-code": ".claude.json",
    "cursor": ".cursor/mcp.json",
    "vscode": ".config/Code/User/mcp.json",
    "windsurf": ".codeium/windsurf/mcp_config.json",
    "zed": ".config/zed/settings.json",
}
ZED = """\
// Zed settings
{
  "theme": "One Dark", // the best
  "context_servers": {
    /* not mine */
    "other": {"command": "x", "args": []},
  },
}
"""


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    path = Path(os.environ["HOME"])
    path.mkdir()
    return path


def written(path: Path, name: str) -> dict[str, Any]:
    return read(path.read_text(encoding="utf-8"))[CLIENTS[name].servers]["seedream"]


def left(path: Path) -> list[str]:
    return sorted(file.name for file in path.parent.iterdir())


def test_the_command_line_knows_every_client() -> None:
    assert tuple(CLIENTS) == install_parser.CLIENTS


@pytest.mark.parametrize("name", NAMES)
def test_each_client_gets_its_form_of_entry(home: Path, name: str) -> None:
    path = home / LINUX[name]
    said = fine("install", name)
    form = {"type": "stdio"} if name in {"claude-code", "vscode"} else {}
    assert written(path, name) == {**form, "command": COMMAND, "args": [], "env": {}}
    assert str(path) in said
    assert path.stat().st_mode & 0o777 == 0o600


async def test_what_is_written_starts_the_server_with_a_bare_path(home: Path) -> None:
    said = started("install", "cursor")
    entry = written(home / LINUX["cursor"], "cursor")
    assert entry["command"] in said
    bare = {"PATH": "/usr/bin:/bin", "SEEDREAM_OUTPUT_DIR": str(home / "pictures"), **entry["env"]}
    server = StdioServerParameters(command=entry["command"], args=entry["args"], env=bare)
    async with Client(server) as client:
        assert facts_of(await client.call_tool("generate_image", {"prompt": "a fox"}))["status"] == "completed"


def test_a_key_in_a_file_that_others_may_read_is_told(home: Path) -> None:
    path = home / LINUX["cursor"]
    path.parent.mkdir(parents=True)
    path.write_text("{}", encoding="utf-8")
    path.chmod(0o644)
    warning = f"Others on this machine can read it, and the key in it: chmod 600 {path}"
    assert warning not in fine("install", "cursor", "--env", "SEEDREAM_LANG=zh")
    assert warning in fine("install", "cursor", "--env", f"ARK_API_KEY={SECRET}")
    path.chmod(0o600)
    assert warning not in fine("install", "cursor", "--env", f"ARK_API_KEY={SECRET}2")


@pytest.mark.parametrize("name", NAMES)
def test_what_was_there_stays_and_comes_back(home: Path, name: str) -> None:
    path = home / LINUX[name]
    path.parent.mkdir(parents=True, exist_ok=True)
    before = ZED.replace("context_servers", CLIENTS[name].servers)
    path.write_text(before, encoding="utf-8")
    path.chmod(0o640)
    assert "as it was" in fine("install", name)
    text = path.read_text(encoding="utf-8")
    assert {"other", "seedream"} == set(read(text)[CLIENTS[name].servers])
    assert all(line in text for line in before.splitlines())
    assert path.stat().st_mode & 0o777 == 0o640
    backup = path.with_name(f"{path.name}.before-seedream")
    assert backup.read_text(encoding="utf-8") == before
    changed = path.stat().st_mtime_ns
    assert "already" in fine("install", name)
    assert (path.stat().st_mtime_ns, backup.read_text(encoding="utf-8")) == (changed, before)
    assert str(path) in fine("uninstall", name)
    assert path.read_text(encoding="utf-8") == before
    assert not backup.exists()
    assert "does not have it" in fine("uninstall", name)


def test_a_file_that_install_made_goes_with_uninstall(home: Path) -> None:
    fine("install", "cursor")
    fine("uninstall", "cursor")
    assert list((home / ".cursor").iterdir()) == []


def test_what_others_changed_in_between_stays(home: Path) -> None:
    path = home / ".cursor" / "mcp.json"
    path.parent.mkdir()
    path.write_text('{\n  "mcpServers": {\n    "other": {}\n  }\n}\n', encoding="utf-8")
    fine("install", "cursor")
    path.write_text(path.read_text(encoding="utf-8").replace("other", "another"), encoding="utf-8")
    fine("uninstall", "cursor")
    assert path.read_text(encoding="utf-8") == '{\n  "mcpServers": {\n    "another": {}\n  }\n}\n'


def test_a_key_is_taken_by_its_name_and_never_shown(home: Path) -> None:
    path = home / ".codeium" / "windsurf" / "mcp_config.json"
    arguments = ("install", "windsurf", "--env", "ARK_API_KEY", "--env", "SEEDREAM_LANG=zh")
    fine(*arguments, ARK_API_KEY=SECRET)
    assert written(path, "windsurf")["env"] == {"ARK_API_KEY": SECRET, "SEEDREAM_LANG": "zh"}
    assert path.stat().st_mode & 0o777 == 0o600
    unset = run(*arguments)
    assert (unset.returncode, "ARK_API_KEY is not set here" in unset.stderr) == (2, True)
    fine("uninstall", "windsurf")
    assert left(path) == []


def test_what_is_set_here_does_not_count_for_an_entry(home: Path) -> None:
    fine("install", "cursor", "--env", "SEEDREAM_LANG=zh", SEEDREAM_BUDGET="lots", SEEDREAM_OUTPUT_DIR="Pictures")
    fine("install", "zed", "--env", "SEEDREAM_OUTPUT_DIR=${workspaceFolder}/pictures")
    assert written(home / LINUX["cursor"], "cursor")["env"] == {"SEEDREAM_LANG": "zh"}


def test_a_new_installation_keeps_what_the_entry_says_besides(home: Path) -> None:
    path = home / ".cursor" / "mcp.json"
    path.parent.mkdir()
    path.write_text(
        f'{{"mcpServers": {{"seedream": {{"command": "/old", "args": ["serve"], // of last year\n'
        f'"disabled": false, "env": {{"ARK_API_KEY": "{SECRET}"}}}}}}}}',
        encoding="utf-8",
    )
    fine("install", "cursor", "--env", "SEEDREAM_ROUTING=cheapest")
    assert written(path, "cursor") == {
        "command": own_command().path,
        "args": [],
        "disabled": False,
        "env": {"ARK_API_KEY": SECRET, "SEEDREAM_ROUTING": "cheapest"},
    }
    assert "// of last year" in path.read_text(encoding="utf-8")
    fine("uninstall", "cursor")
    assert read(path.read_text(encoding="utf-8")) == {"mcpServers": {}}


@pytest.mark.parametrize(
    ("entry", "what"),
    [
        ({"command": "npx", "args": ["other-seedream", "--key", SECRET], "disabled": True}, "npx"),
        (
            {"url": f"https://ada:{SECRET}@pictures.example.com/mcp?key={SECRET}", "disabled": True},
            "pictures.example.com",
        ),
        ({"url": "https://[pictures", "disabled": True}, "something else"),
    ],
)
def test_an_entry_of_the_users_own_is_told_and_kept_in_the_backup(
    home: Path, entry: dict[str, Any], what: str
) -> None:
    path = home / ".cursor" / "mcp.json"
    path.parent.mkdir()
    before = json.dumps({"mcpServers": {"seedream": entry}})
    path.write_text(before, encoding="utf-8")
    backup = path.with_name("mcp.json.before-seedream")
    backup.write_text("{}", encoding="utf-8")
    said = fine("install", "cursor")
    assert f"It replaces your own entry of that name, which was for {what}.\n" in said
    assert ("but its entry is switched off" in said) == (written(path, "cursor").get("disabled") is True)
    assert backup.read_text(encoding="utf-8") == before
    said = fine("uninstall", "cursor")
    assert f"with whatever entry of that name it had: {backup}\n" in said
    assert (read(path.read_text(encoding="utf-8")), backup.read_text(encoding="utf-8")) == (
        {"mcpServers": {}},
        before,
    )


def test_an_entry_that_is_switched_off_is_told(home: Path) -> None:
    path = home / ".codeium" / "windsurf" / "mcp_config.json"
    path.parent.mkdir(parents=True)
    path.write_text(
        '{"mcpServers": {"seedream": {"command": "/old/seedream-hub", "disabled": true}}}', encoding="utf-8"
    )
    said = [fine("install", "windsurf"), fine("install", "windsurf")]
    assert ["switch it on" in one for one in said] == [True, True]
    assert ["your own entry" in one for one in said] == [False, False]


@pytest.mark.parametrize("name", NAMES)
def test_printing_shows_what_would_be_written_and_writes_nothing(home: Path, name: str) -> None:
    done = run("install", name, "--print", "--env", "ARK_API_KEY", ARK_API_KEY=SECRET)
    block = json.loads(done.stdout)
    assert done.stderr == f"This goes into {home / LINUX[name]}\n"
    assert block[CLIENTS[name].servers]["seedream"]["env"] == {"ARK_API_KEY": "<ARK_API_KEY>"}
    assert list(home.iterdir()) == []
    fine("install", name, "--env", "ARK_API_KEY=<ARK_API_KEY>")
    assert read((home / LINUX[name]).read_text(encoding="utf-8")) == block


@pytest.mark.parametrize(
    ("name", "file", "reference"),
    [
        ("claude-code", ".mcp.json", "${ARK_API_KEY:-}"),
        ("cursor", ".cursor/mcp.json", "${env:ARK_API_KEY}"),
        ("vscode", ".vscode/mcp.json", "${env:ARK_API_KEY}"),
    ],
)
def test_a_projects_file_names_the_key_and_does_not_hold_it(
    home: Path, tmp_path: Path, name: str, file: str, reference: str
) -> None:
    fine("install", name, "--scope", "project", "--env", "ARK_API_KEY", cwd=tmp_path, ARK_API_KEY=SECRET)
    assert written(tmp_path / file, name)["env"] == {"ARK_API_KEY": reference}
    assert list(home.iterdir()) == []
    fine("uninstall", name, "--scope", "project", cwd=tmp_path)
    assert not (tmp_path / file).exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("zed", "--scope", "project", "--env", "ARK_API_KEY=" + SECRET), "would show ARK_API_KEY to others"),
        (("cursor", "--scope", "project", "--env", "ARK_API_KEY=" + SECRET), "would show ARK_API_KEY to others"),
        (("windsurf", "--scope", "project"), "Windsurf has no configuration for a project"),
        (("claude-desktop", "--scope", "project"), "Claude Desktop has no configuration for a project"),
        (("cursor", "--env", "SEEDREAM_LNG=zh"), "nothing reads SEEDREAM_LNG (did you mean SEEDREAM_LANG?)"),
        (("cursor", "--env", "SEEDREAM_LANG=fr"), "SEEDREAM_LANG: 'fr' is not one of 'en', 'zh'; for example"),
        (("cursor", "--env", "SEEDREAM_OUTPUT_DIR=Pictures"), "SEEDREAM_OUTPUT_DIR: 'Pictures' is relative"),
        (("cursor", "--env", "SEEDREAM_BUDGET=lots"), "SEEDREAM_BUDGET: 'lots' is no sum"),
        (
            ("cursor", "--print", "--env", "SEEDREAM_CONFIG=/no/file"),
            "SEEDREAM_CONFIG names /no/file, which is no file",
        ),
        (("cursor", "--env", "SEEDREAM_LIMITS_FILE=/no/file"), "SEEDREAM_LIMITS_FILE: /no/file cannot be used"),
        (("cursor", "--env", "ARK_API_KEY="), "ARK_API_KEY is empty, which counts as not set: leave it out"),
        (("cursor", "--env", f"ARK_API_KEY={SECRET} 1"), "ARK_API_KEY: its value has a blank"),
        (("cursor", "--command", "seedream-hubb"), "is no program that can be started here"),
        (
            ("cursor", "--command", "/gone/seedream-hub"),
            "is no program that can be started here",
        ),
        (("cursor", "--command", "sh"), "sh is relative; say --command /"),
        (("cursor", "--env", "=" + SECRET), "names no variable"),
        (("cursor", "--env", "ARK API KEY=" + SECRET), "names no variable"),
        (("cursor", "--link", "--env", "ARK_API_KEY=" + SECRET), "a link would show ARK_API_KEY"),
        (("zed", "--link"), "Zed has no such links"),
        (("emacs",), "invalid choice: 'emacs'"),
        (("cursor", "--link", "--print"), "not allowed with"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(home: Path, arguments: tuple[str, ...], said: str) -> None:
    done = run("install", *arguments, cwd=home)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list(home.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"mcpServers": {}', "line 1 is no JSON"),
        ("[]", "JSON is no object"),
        ('{"mcpServers": []}', "mcpServers is no object"),
    ],
)
def test_a_file_that_cannot_be_kept_is_left_alone_and_the_block_is_printed(home: Path, text: str, said: str) -> None:
    path = home / ".cursor" / "mcp.json"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    done = run("install", "cursor", "--env", f"ARK_API_KEY={SECRET}")
    assert done.returncode == 1
    assert said in done.stderr
    assert json.loads(done.stdout)["mcpServers"]["seedream"]["command"] == own_command().path
    assert path.read_text(encoding="utf-8") == text
    assert left(path) == ["mcp.json"]


def test_an_entry_that_is_there_twice_is_not_half_removed(home: Path) -> None:
    path = home / ".mcp.json"
    text = '{"mcpServers": {"seedream": {"command": "x"}, "seedream": {"command": "y"}}}'
    path.write_text(text, encoding="utf-8")
    done = run("uninstall", "claude-code", "--scope", "project", cwd=home)
    assert (done.returncode, done.stdout) == (1, "")
    assert "seedream twice" in done.stderr
    assert path.read_text(encoding="utf-8") == text


def test_a_place_that_cannot_be_written_is_told(home: Path) -> None:
    (home / ".cursor").write_text("a file", encoding="utf-8")
    done = run("install", "cursor")
    assert (done.returncode, done.stdout) == (1, "")
    assert "cannot be read: Not a directory" in done.stderr


def test_a_linked_file_stays_linked(home: Path, tmp_path: Path) -> None:
    dotfile = tmp_path / "dotfiles.json"
    dotfile.write_text("{}", encoding="utf-8")
    (home / ".claude.json").symlink_to(dotfile)
    fine("install", "claude-code")
    assert (home / ".claude.json").is_symlink()
    assert written(dotfile, "claude-code")["command"] == own_command().path
    fine("uninstall", "claude-code")
    assert ((home / ".claude.json").is_symlink(), dotfile.read_text(encoding="utf-8")) == (True, "{}")


def test_a_file_that_changes_meanwhile_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "mcp.json"
    path.write_text("{} // by the client", encoding="utf-8")
    with pytest.raises(RefusedError, match="was changed by something else"):
        write(path, "{}", '{"mcpServers": {}}', 0o600)
    assert path.read_text(encoding="utf-8") == "{} // by the client"
    assert left(path) == ["mcp.json"]


def test_a_temporary_installation_is_told() -> None:
    assert Command("/root/.cache/uv/archive-v0/x/bin/seedream-hub").is_fleeting
    assert not own_command().is_fleeting


def decoded(address: str) -> tuple[str, Any]:
    """Return the name and the entry of a link, the way its client reads it."""
    parts = parse_qs(urlsplit(address).query, strict_parsing=True)
    (name,), (config,) = parts["name"], parts["config"]
    return name, json.loads(base64.b64decode(config, validate=True) if "cursor.com" in address else config)


@pytest.mark.parametrize("name", ["cursor", "vscode"])
def test_a_link_holds_what_install_writes(home: Path, name: str) -> None:
    address = fine("install", name, "--link", "--env", "SEEDREAM_LANG=zh").strip()
    assert list(home.iterdir()) == []
    fine("install", name, "--env", "SEEDREAM_LANG=zh")
    assert decoded(address) == ("seedream", written(home / LINUX[name], name))


@pytest.mark.parametrize(("page", "count"), [("README.md", 2)])
def test_the_readmes_links_hold_what_install_writes(home: Path, page: str, count: int) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    links = re.findall(r"\((https://(?:cursor\.com/en|insiders\.vscode\.dev/redirect/mcp)/install[^)]*)\)", text)
    assert len(links) == count
    for address in links:
        name = "cursor" if "cursor.com" in address else "vscode"
        block = json.loads(run("install", name, "--command", "seedream-hub", "--print").stdout)
        assert decoded(address) == ("seedream", block[CLIENTS[name].servers]["seedream"])
        assert fine("install", name, "--command", "seedream-hub", "--link").strip() == address


def test_it_speaks_chinese(home: Path) -> None:
    said = fine("install", "cursor", SEEDREAM_LANG="zh")
    assert re.search("[\u4e00-\u9fff]{4}", said)
    assert str(home / ".cursor" / "mcp.json") in said
