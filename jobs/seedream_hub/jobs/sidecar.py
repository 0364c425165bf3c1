"""A picture's record in a file beside it: `red-fox.jpg.json` beside `red-fox.jpg`.

The picture's whole name is kept in it, as `red-fox.png` may stand in the same folder.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from seedream_hub.schemas.provenance import owner_of

from .linking import link, sync_folder

EXTENSION: Final = ".json"


def beside(location: str) -> str:
    """Return where the record of a picture stands: a path or an address, as the picture's."""
    return f"{location}{EXTENSION}"


def write_beside(picture: Path, image_id: str, content: bytes) -> None:
    """Write a picture's record, durably; one that is there already stays, and so does what is no record.

    The record of another picture is replaced: that picture is gone, as this one has its name.

    Raises:
        OSError: If the disk refuses, or the name is taken.
    """
    if not picture.exists():
        return
    path, part = Path(beside(str(picture))), picture.with_name(f".{image_id}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            link(part, path)
        except FileExistsError:
            owner = owner_of(path.read_bytes())
            if owner is None:
                raise
            if owner[0] == image_id:
                return
            part.replace(path)
        sync_folder(path)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def delete_beside(picture: Path, sha256: str) -> None:
    """Delete the record of a picture, if that is what stands beside it.

    Raises:
        OSError: If the disk refuses.
    """
    path = Path(beside(str(picture)))
    with suppress(FileNotFoundError):
        owner = owner_of(path.read_bytes())
        if owner and owner[1] == sha256:
            path.unlink()
