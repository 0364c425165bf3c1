"""What `seedream-hub doctor` can tell without a network: Python, settings, keys, folders, the journal, clients."""

import os
import platform
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, cast

from seedream_hub.jobs.journal_schema import FILE, VERSION
from seedream_hub.jobs.owners import has_dead_peers
from seedream_hub.schemas.errors import HubError, SettingsError
from seedream_hub.schemas.language import listed, say, say_many
from seedream_hub.schemas.limits import utc_now
from seedream_hub.schemas.menu import make_menu

from . import jsonc
from .accounts import SANDBOX, choose_providers
from .clients import CLIENTS, NAME, Client, Scope, this_machine
from .findings import Finding
from .limits_file import load_limits
from .settings import (
    PROVIDERS,
    Settings,
    config_path,
    is_unfilled,
    load_settings,
    unknown_variables,
    variable_of,
)
from .studio import library_of

GIGA: Final = 1_000_000_000
LOW_BYTES: Final = 500_000_000
"""Some thirty pictures of the largest size."""

LEAST_PYTHON: Final = (3, 11)


def python() -> Finding:
    """Say which program this is."""
    told = say(
        "seedream-hub {version}, Python {python} in {path}",
        version=version("seedream-hub"),
        python=platform.python_version(),
        path=sys.prefix,
    )
    if sys.version_info < LEAST_PYTHON:
        return Finding("python", "fail", told, say("Install it in Python 3.11 or newer."))
    return Finding("python", "ok", told)


def settings_read() -> Iterator[Finding]:
    """Say whether the settings can be read, and what in the environment nobody reads."""
    try:
        load_settings()
        path = config_path(os.environ)
    except SettingsError as exc:
        yield Finding("settings", "fail", exc.message, say("Mend it; the server does not start before."))
        return
    told = say("read from the environment and {path}", path=path) if path else say("read from the environment only")
    yield Finding("settings", "ok", told)
    if unknown := unknown_variables(os.environ):
        told = say("nothing reads {variables}", variables=listed(unknown))
        yield Finding("settings", "warn", told, say("Rename or remove them."))
    known = {variable_of(name) for name in Settings.model_fields}
    if unfilled := [name for name in sorted(known) if is_unfilled(os.environ.get(name))]:
        told = say("{variables} came as a placeholder, and counts as not set", variables=listed(unfilled))
        yield Finding("settings", "warn", told, say("Fill it in where the client asks for it."))


def settings_if_fine() -> Settings | None:
    """Return the settings, if they can be read."""
    try:
        return load_settings()
    except SettingsError:
        return None


def providers(settings: Settings) -> Iterator[Finding]:
    """Say which keys there are, and what is served with them."""
    names = {provider: variable_of(f"{provider}_api_key") for provider in PROVIDERS if provider != SANDBOX}
    there = [variable for provider, variable in names.items() if getattr(settings, f"{provider}_api_key")]
    if there:
        step = say(
            "No key is tried here, as that would cost a picture: the first one made tells whether it is taken."
        )
        yield Finding("keys", "ok", say("set: {variables}", variables=listed(there)), step)
    else:
        step = say("Set one of {variables} to use a real model.", variables=listed(names.values()))
        yield Finding("keys", "ok", say("none is set: the sandbox draws the pictures"), step)
    try:
        chosen, limits = choose_providers(settings), load_limits(settings.limits_file)
        if "byteplus" in limits.providers:
            limits = limits.in_region("byteplus", settings.byteplus_region)
        menu = make_menu(chosen, settings.models, limits, utc_now(), settings.routing)
    except SettingsError as exc:
        yield Finding("models", "fail", exc.message, say("Mend it; the server does not start before."))
        return
    for offer in menu.offers:
        models = listed(model.name for model in offer.models)
        yield Finding("models", "ok", f"{offer.label}: {models}")
    if strange := [model.name for _, model in menu.entries if not model.is_known]:
        told = say("{models}: in no limits table, so requests are sent unchecked", models=listed(strange))
        yield Finding("models", "warn", told, say("Check the spelling in SEEDREAM_MODELS."))


async def pictures(settings: Settings, *, is_offline: bool) -> Finding:
    """Say whether pictures can be saved."""
    where = settings.storage or str(settings.output_dir)
    if settings.storage and is_offline:
        return Finding("pictures", "skip", say("{names} not asked", names=where))
    try:
        await library_of(settings, load_limits(settings.limits_file)).check()
    except HubError as exc:
        return Finding("pictures", "fail", exc.message, exc.next_step or "")
    if settings.storage:
        return Finding("pictures", "ok", say("{where} can be written to", where=where))
    free = shutil.disk_usage(where).free
    told = say("{where} can be written to; {size:,.1f} GB are free", where=where, size=free / GIGA)
    if free < LOW_BYTES:
        return Finding("pictures", "warn", told, say("Make room, or set SEEDREAM_OUTPUT_DIR to another disk."))
    return Finding("pictures", "ok", told)


def journal(folder: Path) -> Iterator[Finding]:
    """Say whether the journal can be written, is whole, and what is open in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        file = folder / FILE
        if not file.exists():
            yield Finding("journal", "ok", say("{folder} can be written to; there are no jobs yet", folder=folder))
            return
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=rw", uri=True)) as db:
            yield from _looked_into(db, folder)
    except OSError as exc:
        told = say("{folder} cannot be written to: {problem}", folder=folder, problem=exc.strerror or exc)
        yield Finding("journal", "fail", told, say("Set SEEDREAM_STATE_DIR to a folder you can write to."))
    except sqlite3.Error as exc:
        told = say("{folder} holds a journal that cannot be read: {problem}", folder=folder, problem=exc)
        step = say("Move that folder away and keep it: it tells what was billed. A new one is begun.")
        yield Finding("journal", "fail", told, step)


def _looked_into(db: sqlite3.Connection, folder: Path) -> Iterator[Finding]:
    found: int = db.execute("PRAGMA user_version").fetchone()[0]
    if found > VERSION:
        told = say("{folder}: a newer version of seedream-hub wrote it", folder=folder)
        yield Finding("journal", "fail", told, say("Update seedream-hub."))
        return
    if (damage := db.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
        raise sqlite3.DatabaseError(damage)
    if found < VERSION:
        told = say("{folder}: an earlier version wrote it; the next start brings it up to date", folder=folder)
        yield Finding("journal", "ok", told)
        return
    jobs, still_open = db.execute("SELECT count(*), coalesce(sum(is_open), 0) FROM jobs").fetchone()
    told = say("{folder}: jobs: {jobs}, open: {open}", folder=folder, jobs=jobs, open=still_open)
    yield Finding("journal", "ok", told)
    if still_open and has_dead_peers(folder):
        left = say("a process ended before its jobs did")
        yield Finding("journal", "warn", left, say("The next server that starts goes on with them."))
    if unknown := db.execute("SELECT count(*) FROM images WHERE state = 'unknown'").fetchone()[0]:
        told = say_many(
            "{count} picture may have been billed, and did not come",
            "{count} pictures may have been billed, and did not come",
            unknown,
        )
        yield Finding("journal", "warn", told, say("`seedream-hub jobs` says which; `jobs retry` asks again."))


def clients() -> Iterator[Finding]:
    """Say which clients have an entry, and whether what it starts is there."""
    machine, working, told = this_machine(), Path.cwd(), list[Finding]()
    for client in CLIENTS.values():
        files: dict[Path, Scope] = {client.file(scope, machine, working): scope for scope in reversed(client.scopes)}
        for path, scope in reversed(files.items()):  # in the home folder, both scopes are one file: the user's
            told.extend(_entered(client, scope, path))
    if not told:
        step = say("`seedream-hub install NAME` adds it: {names}", names=listed(CLIENTS))
        yield Finding("clients", "ok", say("no client on this machine is set up for it"), step)
    yield from told


def _entered(client: Client, scope: Scope, path: Path) -> Iterator[Finding]:
    try:
        whole = jsonc.read(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return
    except (OSError, ValueError) as exc:
        told = say("{client}: {path} cannot be read: {problem}", client=client.label, path=path, problem=exc)
        yield Finding("clients", "warn", told)
        return
    entry = _inside(_inside(whole, client.servers), NAME)
    command = _inside(entry, "command")
    if not isinstance(command, str):
        return
    told = say("{client} starts {command}: {path}", client=client.label, command=command, path=path)
    if "${" in command or shutil.which(command, path=os.environ.get("PATH")):
        yield Finding("clients", "ok", told)
        return
    scoped = f" --scope {scope}" if scope != "user" else ""
    step = say("It is not there. Write it again: {command}", command=f"seedream-hub install {client.name}{scoped}")
    yield Finding("clients", "fail", told, step)


def _inside(value: Any, name: str) -> Any:  # noqa: ANN401 - JSON
    return cast("dict[str, Any]", value).get(name) if isinstance(value, dict) else None
