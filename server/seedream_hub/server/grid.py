"""Rows under heads: a table where it fits the terminal, else one line a cell."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

PIPE_WIDTH: Final = 200
"""Columns where there is no terminal: nothing is wrapped for a program."""

GAP: Final = 3


@dataclass(frozen=True, slots=True)
class Grid:
    """A title, heads, and rows of as many cells."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]

    @property
    def width(self) -> int:
        """How many columns of a terminal it takes as a table."""
        columns = zip(self.heads, *self.rows, strict=True)
        return sum(max(map(cell_len, column)) + GAP for column in columns)


class _Page(Console):
    def on_broken_pipe(self) -> NoReturn:
        """Leave what to do to the command line: rich would end it with 1."""
        raise BrokenPipeError


def print_grids(grids: Iterable[Grid]) -> None:
    """Print them on stdout."""
    console = _Page(width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False, markup=False)
    for grid in grids:
        console.print(grid.title, style="bold")
        if grid.width <= console.width:
            console.print(_table(grid))
        else:
            _print_long(grid, console)


def _table(grid: Grid) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for head in grid.heads:
        table.add_column(head, no_wrap=True)
    for row in grid.rows:
        table.add_row(*row)
    return table


def _print_long(grid: Grid, console: Console) -> None:
    for first, *others in grid.rows:
        console.print(first)
        for head, cell in zip(grid.heads[1:], others, strict=True):
            if cell:
                console.print(f"  {head}: {cell}", soft_wrap=True)
    console.print()
