"""The commands `seedream-hub images …`. Exit codes: 0 done, 1 not all of it, 2 wrong arguments or settings."""

import argparse
import json
import sys
from datetime import timedelta
from functools import partial
from typing import Any, Final

import anyio
import anyio.to_thread

from seedream_hub.jobs.catalogue import Catalogue, Entry
from seedream_hub.jobs.library import Library
from seedream_hub.schemas.errors import HubError, SettingsError, StorageError
from seedream_hub.schemas.language import joined, later, say, say_many

from .limits_file import load_limits
from .settings import load_settings
from .studio import library_of

MEGA: Final = 1_000_000
KILO: Final = 1000
CHANGED: Final = later("what is there now is another picture")


def run_images(arguments: argparse.Namespace) -> int:
    """Run one of the commands; return the exit code."""
    try:
        return anyio.run(_run, arguments)
    except (SettingsError, StorageError) as exc:
        sys.stderr.write(f"seedream-hub: {exc.message}\n")
        return 2


async def _run(arguments: argparse.Namespace) -> int:
    settings = load_settings()
    catalogue = await Catalogue.open(settings.state_dir)
    try:
        match arguments.action:
            case "list":
                return await _list(catalogue, arguments)
            case "tag":
                missing = say("there is no picture {id}", id=arguments.id)
                return _said(await catalogue.tag(arguments.id, arguments.tag), missing)
            case "untag":
                missing = say("{id} has no tag {tag}", id=arguments.id, tag=arguments.tag)
                return _said(await catalogue.untag(arguments.id, arguments.tag), missing)
            case _:
                library = library_of(settings, load_limits(settings.limits_file))
                return await _prune(catalogue, library, arguments)
    finally:
        await catalogue.aclose()


async def _list(catalogue: Catalogue, arguments: argparse.Namespace) -> int:
    entries = await catalogue.entries(lambda entry: arguments.tag is None or arguments.tag in entry.tags)
    if arguments.json:
        _print(json.dumps([_told(entry) for entry in entries], ensure_ascii=False, indent=2))
    else:
        for entry in entries:
            _print(_line(entry))
    return 0


async def _prune(catalogue: Catalogue, library: Library, arguments: argparse.Namespace) -> int:
    chosen = await catalogue.entries(partial(_is_due, older=arguments.older, keep_tagged=arguments.keep_tagged))
    size = joined([_count(chosen), f"{sum(entry.record.bytes for entry in chosen) / MEGA:,.1f} MB"])
    if arguments.dry_run:
        _report(arguments, chosen, {}, say("Would delete {size}.", size=size))
        return 0
    if chosen and not arguments.yes:
        if not sys.stdin.isatty():
            told = say("{size} would be deleted; say --yes, or --dry-run to see which", size=size)
            sys.stderr.write(f"seedream-hub: {told}\n")
            return 2
        sys.stderr.write(say("Delete {size}? [y/N] ", size=size))
        if (await anyio.to_thread.run_sync(sys.stdin.readline)).strip().lower() not in {"y", "yes"}:
            return 1
    kept: dict[str, str] = {}
    for entry in chosen:
        if reason := await _delete(catalogue, library, entry):
            kept[entry.record.id] = reason
    gone = [entry for entry in chosen if entry.record.id not in kept]
    _report(arguments, gone, kept, say("Deleted {pictures}.", pictures=_count(gone)))
    return int(bool(kept))


async def _delete(catalogue: Catalogue, library: Library, entry: Entry) -> str | None:
    """Delete a picture's file, then say so in its record; return why it was kept, if it was."""
    try:
        if not await library.delete(entry.record):
            return say(CHANGED)
        await catalogue.note_pruned(entry.record.id)
    except HubError as exc:
        return exc.message
    return None


def _count(entries: list[Entry]) -> str:
    return say_many("{count} picture", "{count} pictures", len(entries))


def _is_due(entry: Entry, older: timedelta, *, keep_tagged: bool) -> bool:
    return entry.is_older(older) and not entry.record.pruned and not (keep_tagged and entry.tags)


def _report(arguments: argparse.Namespace, gone: list[Entry], kept: dict[str, str], last: str) -> None:
    if arguments.json:
        told = {"dry_run": arguments.dry_run, "pruned": [_told(entry) for entry in gone], "kept": kept}
        _print(json.dumps(told, ensure_ascii=False, indent=2))
        return
    for entry in gone:
        _print(_line(entry))
    for image_id, reason in kept.items():
        sys.stderr.write(say("Kept {id}: {reason}", id=image_id, reason=reason) + "\n")
    _print(last)


def _told(entry: Entry) -> dict[str, Any]:
    return {**entry.record.model_dump(mode="json"), "stored": entry.stored.isoformat(), "tags": entry.tags}


def _line(entry: Entry) -> str:
    record = entry.record
    size = f"{record.width}x{record.height} {max(1, round(record.bytes / KILO)):,} kB"
    tags = f" [{', '.join(entry.tags)}]" if entry.tags else ""
    where = say("pruned, was {path}", path=record.path) if record.pruned else record.path
    return f"{record.id} {entry.stored:%Y-%m-%d %H:%M} {size} {where}{tags}"


def _said(is_done: bool, otherwise: str) -> int:  # noqa: FBT001 - what a command came to
    if not is_done:
        sys.stderr.write(f"seedream-hub: {otherwise}\n")
    return int(not is_done)


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
