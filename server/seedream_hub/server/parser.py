"""A parser that says what is wrong in one line, and that may learn late what a command takes."""

import argparse
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from seedream_hub.schemas.errors import HubError

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
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Say it, and end."""
        if self.is_json:
            self.exit(refuse(HubError(message, code="invalid_argument"), self.prog, is_json=True))
        self.exit(2, f"{self.prog}: {message}\n")
