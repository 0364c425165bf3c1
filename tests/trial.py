"""What a judge nobody here wrote is asked, and what it answers: one trial is one row of docs/judges.md."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support import ROOT

PAGE: Final = ROOT / "docs" / "judges.md"
MARK: Final = "<!-- judges -->\n\n"


@dataclass(frozen=True)
class Check:
    """One thing a judge looked at; `problem` is empty if it passed."""

    name: str
    problem: str = ""


@dataclass(frozen=True)
class Trial:
    """A judge (with its version, from its lock file), the protocol revision, and the way it reaches the server."""

    judge: str
    version: str
    revision: str
    over: str
    run: Callable[[Path], list[Check]]
    """Judge the real server in an empty folder."""

    @property
    def name(self) -> str:
        return "-".join((self.judge, self.version, self.revision, self.over)).replace(" ", "-")

    def row(self, checks: list[Check]) -> str:
        """Return the line of the table."""
        passed = sum(not check.problem for check in checks)
        cells = (self.judge, self.version, self.revision, self.over, f"{passed} of {len(checks)}")
        return f"| {' | '.join(cells)} |"
