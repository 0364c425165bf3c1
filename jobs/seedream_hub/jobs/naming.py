"""What picture files are called."""

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import Final

from pathvalidate import sanitize_filename

from seedream_hub.schemas.language import later, say

SLUG_BYTES: Final = 32
"""Of the prompt's words in a file name, in UTF-8: a result names up to fifty files, twice."""

NAME_BYTES: Final = 255
"""The longest name file systems take, in UTF-8."""

LONGEST_EXTENSION: Final = ".webp.json"
"""Of the file that is written beside a picture."""

TAKEN: Final = later("Image {number} is called {name}: the name asked for is taken.")
UNFIT: Final = later('Image {number} is called {name}, not "{wished}": not every file system takes that name.')
EXTENSION: Final = later(
    'Image {number} is called {name}, not "{wished}": files carry the extension of what they hold.'
)

IMAGE_EXTENSION: Final = re.compile(r"(?<=.)\.(?:jpe?g|png|webp|gif|bmp|tiff?|hei[cf]|avif)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Naming:
    """How a job's files are called: by the caller's stem, else by date and prompt."""

    prompt: str
    stem: str | None = None
    total: int = 1

    def names(self, image_id: str, index: int, today: datetime) -> tuple[str, str]:
        """Return the wanted name without extension, and the one to take when a file of that name exists."""
        stem = safe_stem(self.stem) if self.stem else None
        if stem is None:
            dated = f"{today:%Y-%m-%d}-{slug(self.prompt)}-{image_id}"
            return dated, dated
        numbered = f"-{index + 1}" if self.total > 1 else ""
        return _with_end(stem, numbered), _with_end(stem, _unique(image_id))

    def change(self, path: PurePath, image_id: str, index: int) -> str | None:
        """Say how a file is called, and why, if it is not as the caller wished."""
        if self.stem is None:
            return None
        wished = IMAGE_EXTENSION.sub("", self.stem) + (f"-{index + 1}" if self.total > 1 else "")
        extension = IMAGE_EXTENSION.search(self.stem)
        named = {"number": index + 1, "name": path.name, "wished": self.stem}
        if path.stem.endswith(_unique(image_id)):
            return say(TAKEN, **named)
        if path.stem != wished:
            return say(UNFIT, **named)
        if extension and extension[0].lower().replace("jpeg", "jpg") != path.suffix:
            return say(EXTENSION, **named)
        return None


def safe_stem(text: str) -> str | None:
    """Return a file stem any system takes: no folders, reserved names or leading dot; None if nothing is left."""
    stem = IMAGE_EXTENSION.sub("", text)
    return sanitize_filename(stem, platform="universal", max_len=NAME_BYTES).lstrip(". -") or None


def slug(prompt: str) -> str:
    """Return the prompt's first words, joined by hyphens; letters of any script."""
    words = re.sub(r"[^\w]+", "-", prompt.lower()).strip("-_")
    content = words.encode()
    if len(content) <= SLUG_BYTES:
        return words or "image"
    kept = content[: SLUG_BYTES + 1].decode(errors="ignore")
    end = kept.rfind("-")
    return kept[: end if end > len(kept) // 2 else -1].rstrip("-_")


def _unique(image_id: str) -> str:
    """Return an end no other picture's name has: its job, and its place there counted from 1."""
    job_id, _, place = image_id.rpartition("-")
    return f"-{job_id}-{int(place) + 1}"


def _with_end(stem: str, end: str) -> str:
    """Return the stem with an end, the stem cut between characters where both are longer than a name may be."""
    room = NAME_BYTES - len((end + LONGEST_EXTENSION).encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip(" .") + end
