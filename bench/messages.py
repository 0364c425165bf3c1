"""Collect the messages of the code into the Chinese catalogue, and compile it; `--check` says what is missing."""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO
from string import Formatter
from typing import Final

from babel.messages import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from bench.tables import ROOT

ROOMS: Final = ("schemas", "providers", "jobs", "tools", "server")
KEYWORDS: Final = {"say": None, "say_many": (1, 2), "later": None}
HOME: Final = ROOT / "schemas" / "seedream_hub" / "schemas"
TEXT, COMPILED = HOME / "zh.po", HOME / "zh.mo"
WIDTH: Final = 110
NEVER: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""Stands where a date would make each run's files differ."""

HEADER: Final = """\
# What Seedream Hub says, in Chinese. `make messages` collects new messages here; translate them, and run it again.
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

"""


def main() -> int:
    """Write both files again, or check them; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail where something is missing")
    arguments = parser.parse_args()
    catalogue = collected()
    problems = [problem for message in catalogue if message.id and (problem := problem_of(message))]
    text, compiled = written(catalogue), compiled_of(catalogue)
    if arguments.check:
        is_current = TEXT.read_bytes() == text and COMPILED.read_bytes() == compiled
        problems += [] if is_current else ["The catalogue is not what `make messages` writes."]
    else:
        TEXT.write_bytes(text)
        COMPILED.write_bytes(compiled)
    sys.stdout.write("".join(f"{problem}\n" for problem in problems))
    return int(bool(problems))


def collected() -> Catalog:
    """Return the messages in the code, with what the catalogue says for them."""
    with TEXT.open("rb") as file:
        known = read_po(file, locale="zh")
    catalogue = Catalog(locale="zh", creation_date=NEVER, revision_date=NEVER, fuzzy=False)
    for room in ROOMS:
        for _, _, message, comments, _ in extract_from_dir(ROOT / room, [("**.py", "python")], keywords=KEYWORDS):
            found = known.get(message[0] if isinstance(message, tuple) else message)
            catalogue.add(message, found.string if found else None, auto_comments=comments)
    return catalogue


def problem_of(message: Message) -> str | None:
    """Say what is wrong with a translation, if anything is."""
    english, chinese = forms(message.id), forms(message.string)
    if not all(chinese):
        return f"Not translated: {english[0]!r}"
    # "1 picture" need not name its number: what the Chinese names, one of the English forms has to give.
    wanted = placeholders(*english)
    if any(placeholders(text) != wanted for text in chinese):
        return f"Other placeholders than in English: {english[0]!r}"
    return None


def forms(texts: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return a message's forms: one, or one for a single thing and one for many."""
    return (texts or "",) if isinstance(texts, str | None) else tuple(texts)


def placeholders(*texts: str) -> set[str]:
    """Return the names between braces."""
    return {name for text in texts for _, name, _, _ in Formatter().parse(text) if name is not None}


def written(catalogue: Catalog) -> bytes:
    """Return the catalogue as text."""
    file = BytesIO()
    write_po(file, catalogue, width=WIDTH, no_location=True, omit_header=True, sort_output=True)
    return HEADER.encode() + file.getvalue()


def compiled_of(catalogue: Catalog) -> bytes:
    """Return the catalogue as gettext reads it."""
    file = BytesIO()
    write_mo(file, catalogue)
    return file.getvalue()


if __name__ == "__main__":
    raise SystemExit(main())
