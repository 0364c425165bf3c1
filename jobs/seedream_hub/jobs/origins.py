"""Tell where a picture's references came from, as the journal has it."""

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import Final

from seedream_hub.schemas.limits import Json
from seedream_hub.schemas.provenance import ReferenceOrigin

HASHED: Final = re.compile(r"(.*) sha256:([0-9a-f]{64})", re.DOTALL)
SECRETS: Final = re.compile(r"(?<=//)[^/@]*@|[?#].*", re.DOTALL)
"""What of a link is not told: a password, a signature."""

TOLD_APART: Final = frozenset({"prompt", "image", "images"})
"""Arguments that stand in fields of their own."""


def told_arguments(arguments: Json) -> Json:
    """Return what was passed beside the prompt and the references."""
    return {name: value for name, value in arguments.items() if name not in TOLD_APART}


def origins(arguments: Json, references: Sequence[str], *, is_here: bool) -> Iterator[ReferenceOrigin]:
    """Yield what was passed along. A record that leaves this machine takes no folder's name with it."""
    for place, told in enumerate(references):
        argument = "image" if "image" in arguments else f"images[{place}]"
        hashed = HASHED.fullmatch(told)
        if hashed is None:
            yield ReferenceOrigin(argument=argument, origin=SECRETS.sub("", told), sha256=None)
            continue
        origin = hashed[1] if is_here else PurePath(hashed[1]).name
        yield ReferenceOrigin(argument=argument, origin=origin, sha256=hashed[2])
