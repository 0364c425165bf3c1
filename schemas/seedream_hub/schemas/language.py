"""The language people and models are spoken to in: English stands in the code, Chinese in the catalogue `zh.po`.

Chosen once, at the start of the process. Codes, field names and what upstreams say are the same in every language.
"""

from collections.abc import Iterable, Mapping
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from typing import Final, Literal, TypeAlias

Language: TypeAlias = Literal["en", "zh"]

VARIABLE: Final = "SEEDREAM_LANG"
LOCALE_VARIABLES: Final = ("LC_ALL", "LC_MESSAGES", "LANG")
"""In the order POSIX gives them: the first that is set counts."""


class _Spoken:
    """What the process speaks."""

    catalogue: NullTranslations = NullTranslations()


def speak(language: Language) -> None:
    """Say everything from here on in this language."""
    if language == "en":
        _Spoken.catalogue = NullTranslations()
        return
    with files("seedream_hub.schemas").joinpath(f"{language}.mo").open("rb") as compiled:
        _Spoken.catalogue = GNUTranslations(compiled)


def language_of(environ: Mapping[str, str]) -> Language:
    """Return the language that is asked for, else the locale's; English where that is neither."""
    if (wanted := environ.get(VARIABLE)) in ("en", "zh"):
        return wanted
    name = next((environ[variable] for variable in LOCALE_VARIABLES if environ.get(variable)), "")
    return "zh" if name.lower().startswith("zh") else "en"


def say(message: str, /, **values: object) -> str:
    """Return the message in the process's language, with each `{name}` replaced by its value."""
    return _Spoken.catalogue.gettext(message).format(**values)


def say_many(one: str, many: str, count: int, /, **values: object) -> str:
    """Return the message for so many: `one` for a single one, else `many`; `{count}` is the number."""
    return _Spoken.catalogue.ngettext(one, many, count).format(count=count, **values)


def listed(names: Iterable[str]) -> str:
    """Return names one after the other, set apart as the language does it."""
    return say(", ").join(names)


def joined(parts: Iterable[str]) -> str:
    """Return the parts of one statement as a whole; those that are empty are left out."""
    return _one_after_the_other(later("{before}, {after}"), parts)


def sentences(*told: str) -> str:
    """Return sentences one after the other; those that are empty are left out."""
    return _one_after_the_other(later("{before} {after}"), told)


def later(message: str) -> str:
    """Mark a message that is said elsewhere, so that the catalogue has it."""
    return message


def _one_after_the_other(between: str, texts: Iterable[str]) -> str:
    whole = ""
    for text in filter(None, texts):
        whole = say(between, before=whole, after=text) if whole else text
    return whole
