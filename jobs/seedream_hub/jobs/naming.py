"""What picture files are called."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pathvalidate import sanitize_filename

SLUG_CHARS: Final = 40
STEM_BYTES: Final = 120


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
        numbered = f"{stem}-{index + 1}" if self.total > 1 else stem
        return numbered, f"{stem}-{image_id}"


def safe_stem(text: str) -> str | None:
    """Return a file stem any system takes: no folders, no reserved names, no leading dot; None if nothing is left."""
    return sanitize_filename(text, platform="universal", max_len=STEM_BYTES).lstrip(". -") or None


def slug(prompt: str) -> str:
    """Return the prompt's first words, joined by hyphens; letters of any script."""
    words = re.sub(r"[^\w]+", "-", prompt.lower()).strip("-_")
    return words[:SLUG_CHARS].rstrip("-_") or "image"
