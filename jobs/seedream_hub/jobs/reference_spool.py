"""Keep the pictures that came as data in files, so that a job can be taken up again without its caller."""

import time
from contextlib import suppress
from pathlib import Path
from typing import Final

import anyio.to_thread

from seedream_hub.schemas.errors import StorageError
from seedream_hub.schemas.language import say

from .references import FileReference, LinkReference, Reference

FOLDER: Final = "references"
KEPT_S: Final = 2 * 86400


class ReferenceSpool:
    """A folder of pictures named by their hash; what nobody can be waiting for any more is swept away."""

    def __init__(self, state_dir: Path) -> None:
        self.folder: Final = state_dir / FOLDER

    async def keep(self, reference: Reference) -> str:
        """Return where a reference can be read again: a link, an id, or an absolute path.

        Raises:
            StorageError: If it cannot be kept.
        """
        if isinstance(reference, LinkReference):
            return reference.url
        if reference.is_data:
            return str(await anyio.to_thread.run_sync(self._save, reference))
        return reference.origin

    def sweep(self) -> None:
        """Delete what is older than two days."""
        for path in self.folder.glob("*"):
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > KEPT_S:
                    path.unlink()

    def _save(self, reference: FileReference) -> Path:
        path = self.folder / reference.sha256
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(".part")
            part.write_bytes(reference.content)
            part.replace(path)
        except OSError as exc:
            message = say(
                "{folder} cannot be written to: {reason}. Nothing was sent.",
                folder=self.folder,
                reason=exc.strerror or exc,
            )
            step = say("Set {variable}.", variable="SEEDREAM_STATE_DIR")
            raise StorageError(message, code="state_unwritable", next_step=step) from exc
        return path
