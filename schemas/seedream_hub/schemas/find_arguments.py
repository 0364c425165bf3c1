"""The arguments of `find_images`."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from .errors import ArgumentError
from .found import ImageKind, Wanted
from .job_arguments import check_job_arguments
from .language import later, say
from .limits import Json

MOST: Final = 50
USUAL: Final = 10
MOST_WORDS: Final = 20
MOST_CHARS: Final = 300

BETWEEN_WORDS: Final = re.compile(r"[\s,，、;；。\"“”]+")

DAYS: Final = {"today": 0, "今天": 0, "yesterday": 1, "昨天": 1}
"""Days by name, and how long ago they were."""

DATE: Final = later("use a date such as 2026-11-20, a time such as 2026-11-20T14:30, today or yesterday")
TEXT: Final = later("Words of the prompt, all of them")
SINCE: Final = later("ISO date or time, local; today, yesterday")
UNTIL: Final = later("The same; a day counts to its end")

WORKS: Final = {
    "text": later("pass words such as red fox"),
    "tags": later('pass a list such as ["keeper"]'),
    "since": DATE,
    "until": DATE,
    "model": later("pass a model such as seedream-4.5"),
    "kind": later("use generate, edit, fuse or batch"),
    "limit": later("use 1 to 50"),
}


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


Words = Annotated[str, Field(max_length=MOST_CHARS)]


class FindImages(BaseModel):
    """What `find_images` takes."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    text: Words | None = None
    tags: Annotated[tuple[Words, ...], Field(strict=False, max_length=MOST_WORDS)] = ()
    since: str | None = None
    until: str | None = None
    model: Words | None = None
    kind: ImageKind | None = None
    limit: Annotated[int, Field(ge=1, le=MOST), BeforeValidator(_whole)] = USUAL


def check_find_arguments(raw: Json) -> Wanted:
    """Return what is looked for.

    Raises:
        ArgumentError: If an argument is unknown, is no date, or is outside its bounds.
    """
    checked = check_job_arguments(raw, FindImages, WORKS)
    since = _moment("since", checked.since) if checked.since else None
    until = _moment("until", checked.until, is_end=True) if checked.until else None
    if since and until and since >= until:
        problem = say("{since} is after until {until}", since=checked.since, until=checked.until)
        raise ArgumentError("since", problem, say("exchange them, or leave one out"))
    return Wanted(
        words=tuple(filter(None, BETWEEN_WORDS.split(checked.text or ""))),
        tags=tuple(filter(None, map(str.strip, checked.tags))),
        since=since,
        until=until,
        model=(checked.model or "").strip() or None,
        kind=checked.kind,
        limit=checked.limit,
    )


def find_schema() -> Json:
    """Return the JSON Schema of `find_images`, in few tokens."""
    text: Json = {"type": "string"}
    properties: Json = {
        "text": {**text, "description": say(TEXT)},
        "tags": {"type": "array", "items": text, "maxItems": MOST_WORDS},
        "since": {**text, "description": say(SINCE)},
        "until": {**text, "description": say(UNTIL)},
        "model": text,
        "kind": {"enum": ["generate", "edit", "fuse", "batch"]},
        "limit": {"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL},
    }
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _moment(argument: str, text: str, *, is_end: bool = False) -> datetime:
    """Return when a day or a second begins, or ends; what names no zone is local.

    Raises:
        ArgumentError: If it is neither.
    """
    try:
        if day := _day(text.strip().lower()):
            return datetime.combine(day + timedelta(days=is_end), time()).astimezone(UTC)
        return (datetime.fromisoformat(text.strip()) + timedelta(seconds=is_end)).astimezone(UTC)
    except (ValueError, OverflowError, OSError) as exc:
        shown = text if len(text) <= 40 else f"{text[:37]}..."  # noqa: PLR2004 - a glance is enough
        raise ArgumentError(argument, say('"{value}" is no date', value=shown), say(DATE)) from exc


def _day(text: str) -> date | None:
    """Return the day that is meant, if it is a day."""
    today = datetime.now(UTC).astimezone().date()
    if text in DAYS:
        return today - timedelta(days=DAYS[text])
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
