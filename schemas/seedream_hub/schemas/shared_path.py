"""What the paths of several pictures have in common, told once instead of with each."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from os.path import commonprefix
from pathlib import PurePath
from typing import Final, Self

from .result import More, Picture

SEVERAL: Final = 2
SHARED: Final = re.compile(r".*[/\\](?:[0-9]{4}-[0-9]{2}-[0-9]{2}-)?", re.DOTALL)
"""How much of a common beginning is told once: the folder, and the day our own names begin with."""


@dataclass(frozen=True, slots=True)
class SharedPath:
    """A path in which `{name}` stands for what differs, and `{id}` for a picture's id."""

    head: str
    tail: str

    @classmethod
    def of(cls, pictures: Sequence[Picture]) -> Self:
        """Return what these pictures' paths share; that of a single one is told as it is."""
        if len(pictures) < SEVERAL:
            return cls("", "")
        tails = {_tail(picture) for picture in pictures}
        tail = tails.pop() if len(tails) == 1 else ""
        stems = [picture.path.removesuffix(_end(tail, picture)) for picture in pictures]
        common = commonprefix(stems)  # noqa: RUF071 - to the letter: SHARED cuts it where a word ends
        found = SHARED.match(common)
        head = found[0] if found and not set("{}") & set(found[0]) else ""
        return cls(head, tail)

    @classmethod
    def parse(cls, path: str) -> Self:
        """Return a path that was told."""
        head, _, tail = path.partition("{name}")
        return cls(head, tail)

    @property
    def path(self) -> str:
        """The path as it is told."""
        return f"{self.head}{{name}}{self.tail}"

    def name(self, picture: Picture) -> str:
        """Return what to put for `{name}`."""
        return picture.path.removeprefix(self.head).removesuffix(_end(self.tail, picture))

    def more(self, pictures: Iterable[Picture]) -> More | None:
        """Return these pictures by name, if there are any."""
        names = {picture.id: self.name(picture) for picture in pictures}
        return More(path=self.path, names=names) if names else None


def _tail(picture: Picture) -> str:
    """Return the path's end, without what only this picture's has."""
    path = PurePath(picture.path)
    suffix = "" if set(path.suffix) & set("{}") else path.suffix
    return f"-{{id}}{suffix}" if path.stem.endswith(f"-{picture.id}") else suffix


def _end(tail: str, picture: Picture) -> str:
    return tail.replace("{id}", picture.id)
