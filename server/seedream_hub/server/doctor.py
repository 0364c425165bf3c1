"""`seedream-hub doctor`: look at all a call needs, without making one, and say what to do about what is wrong.

Exit codes: 0 nothing is in the way, 1 something is, 2 wrong arguments.
"""

import argparse
import json
import sys
from dataclasses import asdict
from importlib.metadata import version
from typing import TYPE_CHECKING

from seedream_hub.schemas.language import say

from .images_parser import Commands

if TYPE_CHECKING:
    from .findings import Finding


def add_doctor(commands: Commands) -> None:
    """Add the command to the command line."""
    doctor = commands.add_parser("doctor", help=say("check settings, folders, network and journal; costs nothing"))
    doctor.add_argument("--json", action="store_true", help=say("for programs"))
    doctor.add_argument("--offline", action="store_true", help=say("ask nobody outside this machine"))


def run_doctor(arguments: argparse.Namespace) -> int:
    """Run the command; return the exit code."""
    import anyio

    findings = anyio.run(_findings, arguments.offline)
    is_well = all(finding.state != "fail" for finding in findings)
    if arguments.json:
        told = {"version": version("seedream-hub"), "ok": is_well, "checks": [asdict(one) for one in findings]}
        sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=2) + "\n")
    else:
        sys.stdout.writelines(map(_lines, findings))
    return 0 if is_well else 1


async def _findings(is_offline: bool) -> "list[Finding]":  # noqa: FBT001 - anyio.run takes no keywords
    """Look at one thing after another; what needs settings is not looked at if those are wrong."""
    from . import health
    from .reach import network

    found = [health.python(), *health.settings_read()]
    settings = health.settings_if_fine()
    if settings is None:
        return [*found, *health.clients()]
    found.extend(health.providers(settings))
    found.append(await health.pictures(settings, is_offline=is_offline))
    found.extend([*health.journal(settings.state_dir), *health.clients()])
    return [*found, *await network(settings, is_offline=is_offline)]


def _lines(finding: "Finding") -> str:
    step = f"      → {finding.next_step}\n" if finding.next_step else ""
    return f"{finding.state:5} {finding.name}: {finding.message}\n{step}"
