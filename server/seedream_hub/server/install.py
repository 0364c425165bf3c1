"""`seedream-hub install` and `uninstall`: an entry in a client's file, and nothing else of it changed.

Exit codes: 0 done, or nothing to do; 1 the file cannot be changed; 2 wrong arguments.
"""

import argparse
import json
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

from seedream_hub.schemas.errors import SettingsError
from seedream_hub.schemas.language import later, listed, say

from . import jsonc
from .client_file import RefusedError, guarded, text_of, write
from .clients import CLIENTS, NAME, Client, Command, Scope, is_secret, own_command, this_machine
from .entries import is_off, is_ours, started_by
from .links import link

BACKUP: Final = ".before-seedream"
MODES: Final[Mapping[Scope, int]] = {"user": 0o600, "project": 0o644}
"""Of a new file; a user's may hold a key."""

OTHERS: Final = 0o077
"""What others than the user may do with a file."""


def run_install(arguments: argparse.Namespace) -> int:
    """Add the entry, or print what would add it; return the exit code."""
    client, scope = CLIENTS[arguments.client], cast("Scope", arguments.scope)
    try:
        path = _file(client, scope)
        command = Command(arguments.start) if arguments.start else own_command()
        env = _environment(arguments.env, client, scope)
        if arguments.link:
            sys.stdout.write(_link(client, command, env) + "\n")
        elif arguments.print:
            sys.stdout.write(_block(client, command, env))
            sys.stderr.write(say("This goes into {path}", path=path) + "\n")
        else:
            _check_there(command)
            _install(client, path, command, env, MODES[scope])
    except RefusedError as exc:
        sys.stderr.write(f"seedream-hub install: {exc}\n")
        return exc.exit_code
    if command.is_fleeting:
        note = say("{path} is a temporary installation; install seedream-hub, and run this again", path=command.path)
        sys.stderr.write(f"seedream-hub install: {note}\n")
    return 0


def run_uninstall(arguments: argparse.Namespace) -> int:
    """Take the entry out; return the exit code."""
    client, scope = CLIENTS[arguments.client], cast("Scope", arguments.scope)
    try:
        _uninstall(client, _file(client, scope))
    except RefusedError as exc:
        sys.stderr.write(f"seedream-hub uninstall: {exc}\n")
        return exc.exit_code
    return 0


def _install(client: Client, path: Path, command: Command, env: Mapping[str, str], mode: int) -> None:
    """Write the entry.

    Raises:
        RefusedError: If the file cannot be changed; the block to paste is printed.
    """
    text = text_of(path)
    try:
        there = _entry(client, text)
        changed = _with_entry(client, text, command, env)
    except ValueError as exc:
        sys.stdout.write(_block(client, command, env))
        problem = say("{path}: {problem}; nothing was changed. Put this block there by hand", path=path, problem=exc)
        raise RefusedError(problem) from exc
    if changed == text:
        _tell(say("{client} has it already: {path}", client=client.label, path=path))
        if is_off(there):
            _tell(say("It is switched off there: switch it on in {client}.", client=client.label))
        return
    backup = path.with_name(path.name + BACKUP)
    if path.exists() and (not is_ours(there) or not backup.exists()):
        guarded(backup, lambda: shutil.copy2(path, backup))
    write(path, text, changed, mode)
    if is_off(_entry(client, changed)):
        told = later("{client} would start {command}, but its entry is switched off: switch it on there. {path}")
    else:
        told = later("{client} starts {command} from now on: {path}")
    _tell(say(told, client=client.label, command=command.path, path=path))
    if there is not None and not is_ours(there):
        _tell(say("It replaces your own entry of that name, which was for {what}.", what=started_by(there)))
    if any(map(is_secret, env)) and not mode & OTHERS and path.stat().st_mode & OTHERS:
        _tell(say("Others on this machine can read it, and the key in it: chmod 600 {path}", path=path))
    if backup.exists():
        _tell(say("The file as it was: {path}", path=backup))
    _tell(say("Restart {client} to see its tools.", client=client.label))


def _uninstall(client: Client, path: Path) -> None:
    """Take the entry out, and leave the file as it was before it where nothing else was changed since.

    Raises:
        RefusedError: If the file cannot be changed.
    """
    text = text_of(path)
    try:
        there, left = _entry(client, text), _without_entry(client, text)
    except ValueError as exc:
        problem = say("{path}: {problem}; nothing was changed", path=path, problem=exc)
        raise RefusedError(problem) from exc
    if there is None:
        _tell(say("{client} does not have it: {path}", client=client.label, path=path))
        return
    backup = path.with_name(path.name + BACKUP)
    before = text_of(backup) if backup.exists() else ""
    if _same(client, before, left):
        guarded(path, lambda: backup.replace(path.resolve()) if backup.exists() else path.unlink())
    else:
        write(path, text, left, MODES["user"])
    _tell(say("{client} starts it no more: {path}", client=client.label, path=path))
    if backup.exists():
        _tell(say("The file as it was, with whatever entry of that name it had: {path}", path=backup))


def _with_entry(client: Client, text: str, command: Command, env: Mapping[str, str]) -> str:
    """Return the text with the entry; what an earlier one says besides stays.

    Raises:
        ValueError: If the text is no JSON, or its servers are no object.
    """
    there, entry, at = _entry(client, text), client.entry(command, env), (client.servers, NAME)
    if not isinstance(there, dict) or "command" not in there:
        return jsonc.put(text, at, entry)
    known = cast("dict[str, Any]", there)
    given = {name: value for name, value in entry.items() if name != "env"}
    for name, value in given.items():
        text = jsonc.put(text, (*at, name), value)
    for name, value in env.items():
        text = jsonc.put(text, (*at, "env", name), value)
    if _entry(client, text) != {**known, **given, **({"env": {**known.get("env", {}), **env}} if env else {})}:
        raise ValueError(say("it has {name} twice", name=NAME))
    return text


def _without_entry(client: Client, text: str) -> str:
    """Return the text without the entry.

    Raises:
        ValueError: If the text is no JSON, or has a second entry behind the first.
    """
    left = jsonc.drop(text, (client.servers, NAME))
    if _entry(client, left) is not None:
        raise ValueError(say("it has {name} twice", name=NAME))
    return left


def _entry(client: Client, text: str) -> Any:  # noqa: ANN401 - JSON
    whole = jsonc.read(text)
    servers = cast("dict[str, Any]", whole).get(client.servers) if isinstance(whole, dict) else None
    return cast("dict[str, Any]", servers).get(NAME) if isinstance(servers, dict) else None


def _same(client: Client, before: str, left: str) -> bool:
    """Say whether a file is what it was before it had the entry, an empty place for servers aside."""
    try:
        then, now = jsonc.read(before), jsonc.read(left)
    except ValueError:
        return False
    return {client.servers: {}, **then} == {client.servers: {}, **now}


def _environment(given: list[tuple[str, str | None]], client: Client, scope: Scope) -> dict[str, str]:
    """Return the variables of the entry. What others may read names keys instead of holding them.

    Raises:
        RefusedError: If one has no value, is none of ours, or is a key that others would read.
    """
    env: dict[str, str] = {}
    for name, value in given:
        if scope == "project" and is_secret(name):
            env[name] = _reference(name, value, client)
        elif value is None and name not in os.environ:
            raise RefusedError(say("{name} is not set here; set it, or say {name}=VALUE", name=name), 2)
        else:
            env[name] = os.environ[name] if value is None else value
    if given:
        _check(env)
    return env


def _check(env: Mapping[str, str]) -> None:
    from .given import check_given  # not loaded where no setting is given
    from .settings import unknown_variables

    if unknown := unknown_variables(env):
        raise RefusedError(say("nothing reads {variables}", variables=listed(unknown)), 2)
    try:
        check_given(env)
    except SettingsError as exc:
        raise RefusedError(exc.message, 2) from exc


def _reference(name: str, value: str | None, client: Client) -> str:
    if value is not None or not client.reference:
        message = say(
            "a project's file is shared, and would show {name} to others; leave --scope project out", name=name
        )
        raise RefusedError(message, 2)
    return client.reference.format(name=name)


def _check_there(command: Command) -> None:
    """Refuse what an application could not start: it has another PATH and another working folder."""
    found = shutil.which(command.path)
    if found is None:
        raise RefusedError(say("{command} is no program that can be started here", command=command.path), 2)
    if not Path(command.path).is_absolute():
        whole = os.path.abspath(found)  # noqa: PTH100 - resolve() would follow a user's symlinks
        raise RefusedError(say("{command} is relative; say --command {path}", command=command.path, path=whole), 2)


def _file(client: Client, scope: Scope) -> Path:
    if scope not in client.scopes:
        raise RefusedError(say("{client} has no configuration for a project", client=client.label), 2)
    return client.file(scope, this_machine(), Path.cwd())


def _block(client: Client, command: Command, env: Mapping[str, str]) -> str:
    """Return the block to paste; a key is only named."""
    shown = {name: f"<{name}>" if is_secret(name) and value[:2] != "${" else value for name, value in env.items()}
    block = {client.servers: {NAME: client.entry(command, shown)}}
    return json.dumps(block, ensure_ascii=False, indent=2) + "\n"


def _link(client: Client, command: Command, env: Mapping[str, str]) -> str:
    if secrets := [name for name in env if is_secret(name)]:
        raise RefusedError(say("a link would show {name} to others", name=listed(secrets)), 2)
    address = link(client, client.entry(command, env))
    if address is None:
        raise RefusedError(say("{client} has no such links; only cursor and vscode do", client=client.label), 2)
    return address


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
