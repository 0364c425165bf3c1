"""A parser that says what is wrong in one line, and that may learn late what a command takes."""

import argparse
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

from seedream_hub.schemas.errors import HubError
from seedream_hub.schemas.language import say

from .refusal import refuse


class Parser(argparse.ArgumentParser):
    """A parser of the command line, or of one of its commands."""

    complete: Callable[["Parser"], None] | None = None
    """Adds what takes time to know, once the command is given."""

    is_json = False
    """Whether what is wrong is told as JSON."""

    def parse_known_args(  # pyright: ignore[reportIncompatibleMethodOverride] - argparse has overloads of it
        self,
        args: Iterable[str] | None = None,
        namespace: Any = None,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """Learn what the command takes, then parse."""
        if self.complete:
            complete, self.complete = self.complete, None
            self.is_json = "--json" in (args := tuple(args or ()))
            complete(self)
        told, rest = super().parse_known_args(args, namespace)
        if rest:  # told by the command that does not know it, not by the whole command line
            self.error(say("unrecognized arguments: {names}; {hint}", names=" ".join(rest), hint=self._hint(rest)))
        return told, rest

    def _hint(self, rest: Sequence[str]) -> str:
        """Say what may have been meant by what is not known."""
        options = [name.partition("=")[0] for name in rest if name.startswith("-")]
        places = {action.dest: str(action.metavar or action.dest) for action in self._get_positional_actions()}
        for name in options:
            if name.removeprefix("--") in places:
                return say("it stands without a name: {usage}", usage=" ".join([self.prog, *places.values()]))
            if meant := get_close_matches(name, self._option_string_actions, n=1):
                return say("did you mean {name}?", name=meant[0])
        if not options and self.get_default("drawing"):
            return say("put several words in quotes")
        return say("`{command} --help` lists what it takes", command=self.prog)

    def _check_value(self, action: argparse.Action, value: Any) -> None:  # noqa: ANN401
        """Refuse a command that is none, with the one that may be meant."""
        if action.nargs != argparse.PARSER or not action.choices or value in action.choices:
            super()._check_value(action, value)
        elif meant := get_close_matches(value, list(action.choices), n=1):
            told = say("{value} is no command; did you mean {name}?", value=value, name=meant[0])
            raise argparse.ArgumentError(None, told)
        else:
            told = say("{value} is no command; `{command} --help` lists them", value=value, command=self.prog)
            raise argparse.ArgumentError(None, told)

    def error(self, message: str) -> NoReturn:
        """Say it, and end."""
        if self.is_json:
            self.exit(refuse(HubError(message, code="invalid_argument"), self.prog, is_json=True))
        self.exit(2, f"{self.prog}: {message}\n")
