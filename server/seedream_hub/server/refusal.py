"""Tell on the command line what was refused. Light: the server's start reads it too."""

import json
import sys
from typing import Final

from seedream_hub.schemas.errors import HubError
from seedream_hub.schemas.language import say

from .shell_words import for_people

WRONG: Final = frozenset({"invalid_argument", "invalid_settings"})
"""Codes of what the caller can put right."""


def refuse(error: HubError, prog: str, *, is_json: bool) -> int:
    """Say it; return the exit code: 2 for wrong arguments or settings, else 1."""
    step = for_people(error.next_step) if error.next_step else None
    if is_json:
        told = {
            "code": error.error_code,
            "message": for_people(error.message),
            "argument": error.argument,
            "billed": error.billed,
            "retryable": error.retryable,
            "request_id": error.request_id,
            "next": step,
        }
        sys.stdout.write(json.dumps({"error": told}, ensure_ascii=False, indent=2) + "\n")
    else:
        last = say("Next: {step}", step=step) + "\n" if step else ""
        sys.stderr.write(f"{prog}: {for_people(error.message)}\n{last}")
    return 2 if error.error_code in WRONG else 1
