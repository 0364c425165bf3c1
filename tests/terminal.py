"""A terminal for the real command: a pseudo-terminal whose other end answers as terminals do."""

import codecs
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support import COMMAND

OWN_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)
"""Makes what it starts the terminal's foreground, as a shell does."""

PLAIN = {r"\x1b\[c": "\x1b[?62;22c"}
"""Says what it is, and that it shows no pictures."""

KITTY = {**PLAIN, r"\x1b_Gi=(\d+),[^;]*a=q[^;]*;AAAA\x1b\\": "\x1b_Gi={0};OK\x1b\\"}
SIXEL = {r"\x1b\[c": "\x1b[?62;4;22c"}
CELL = (10, 20)
"""Width and height of a character, px."""


class Terminal:
    """What a person sees and types."""

    def __init__(self, process: "subprocess.Popen[bytes]", end: int, answers: Mapping[str, str]) -> None:
        self.process = process
        self.seen = ""
        self._end = end
        self._answers = answers
        self._answered = 0
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._deadline = time.monotonic() + 60

    def until(self, text: str) -> None:
        """Read until something is seen."""
        while text not in self.seen:
            assert self._read(), f"{text!r} was never seen in {self.seen!r}"

    def type(self, keys: str) -> None:
        os.write(self._end, keys.encode())

    def hears_nothing_for(self, seconds: float) -> bool:
        return not select.select([self._end], [], [], seconds)[0]

    def end(self) -> int:
        """Read all there is; return the exit code."""
        while self._read():
            pass
        return self.process.wait(timeout=20)

    def _read(self) -> bool:
        """Read what comes next, and answer what is asked; false at the end."""
        left = self._deadline - time.monotonic()
        assert select.select([self._end], [], [], max(0.0, left))[0], f"nothing comes after {self.seen!r}"
        try:
            piece = os.read(self._end, 65536)
        except OSError:  # Linux: the other end is closed
            return False
        self.seen += self._decode(piece)
        for question, answer in self._answers.items():
            for asked in re.compile(question).finditer(self.seen, self._answered):
                self._answered = max(self._answered, asked.end())
                self.type(answer.format(*asked.groups()))
        return bool(piece)


@contextmanager
def terminal(
    *arguments: str,
    answers: Mapping[str, str] = PLAIN,
    columns: int = 80,
    cwd: Path | None = None,
    **variables: str,
) -> Generator[Terminal]:
    """Run the command in a terminal of its own."""
    end, other = pty.openpty()
    size = struct.pack("HHHH", 30, columns, columns * CELL[0], 30 * CELL[1])
    fcntl.ioctl(other, termios.TIOCSWINSZ, size)
    environment = {**os.environ, "TERM": "xterm-256color", **variables}
    for name in ("TMUX", "TERM_PROGRAM", "COLUMNS", "LINES", "NO_COLOR"):
        environment.pop(name, None) if name not in variables else None
    command = [sys.executable, "-c", OWN_TERMINAL, COMMAND, *arguments]
    with subprocess.Popen(
        command, stdin=other, stdout=other, stderr=other, cwd=cwd, env=environment, start_new_session=True
    ) as process:
        os.close(other)
        try:
            yield Terminal(process, end, answers)
        finally:
            process.kill()
            os.close(end)
