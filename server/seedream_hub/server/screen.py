"""Show pictures in a terminal that can: kitty's graphics protocol or Sixel, as textual-image draws them.

That library asks the terminal when it is loaded, and waits a tenth of a second for each answer; one that comes later
would stand on the prompt as if it had been typed. So a terminal is asked here first, for what every terminal tells,
and the library is loaded only where the answer comes at once and the next question does no harm.
"""

import os
import re
import sys
import time
from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from textual_image.renderable import HalfcellImage, SixelImage, TGPImage

    Renderer: TypeAlias = type[SixelImage] | type[TGPImage] | type[HalfcellImage]

QUICK_S: Final = 0.05
PATIENCE_S: Final = 1.0
"""How long an answer may be on its way before the terminal counts as mute."""

WIDTH, HEIGHT = 72, 18
"""Most columns and rows of a picture."""

ASK: Final = b"\x1b[c"
ANSWER: Final = re.compile(rb"\x1b\[\?([0-9;]*)c")
SIXEL: Final = b"4"

MUTE: Final = frozenset({"", "dumb", "linux", "unknown"})
"""Values of TERM of what shows no pictures, or prints what it is asked."""

MISTAKEN: Final = frozenset({"Apple_Terminal", "WarpTerminal"})
"""Values of TERM_PROGRAM: one prints kitty's question, the other says yes to it and shows no pictures."""

Show: TypeAlias = Callable[[bytes], None]


def find_screen(*, wanted: bool | None) -> Show | None:
    """Return what shows a picture's bytes; None where the terminal cannot, or none is `wanted`.

    Where blocks are `wanted`, any terminal can.
    """
    if wanted is False or os.name != "posix" or not _is_ours():
        return None
    if _can_be_asked():
        from textual_image.renderable import Image, SixelImage, TGPImage

        if Image in {SixelImage, TGPImage}:
            return _shower(Image)
    return _shower(_blocks()) if wanted else None


def _blocks() -> "type[HalfcellImage]":
    """Load what draws with coloured blocks, so that the library does not ask the terminal."""
    terminal, sys.__stdout__ = sys.__stdout__, None  # pyright: ignore[reportConstantRedefinition] - no other way
    try:
        from textual_image.renderable import HalfcellImage
    finally:
        sys.__stdout__ = terminal  # pyright: ignore[reportConstantRedefinition]
    return HalfcellImage


def _shower(renderer: "Renderer") -> Show:
    from rich.console import Console

    console = Console(force_terminal=True, color_system="truecolor", no_color=False)  # a colour is a picture's id

    def show(content: bytes) -> None:
        console.print(
            renderer(BytesIO(content), "auto", "auto"),
            width=min(WIDTH, console.width),
            height=min(HEIGHT, console.height),
        )

    return show


def _is_ours() -> bool:
    """Say whether we have a terminal to ourselves: a command in the background that asks is stopped."""
    try:
        return sys.stdin.isatty() and sys.stdout.isatty() and os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError):
        return False


def _can_be_asked() -> bool:
    """Say whether the library may ask the terminal; one within another passes kitty's pictures on to none."""
    name = os.environ.get("TERM", "")
    if name in MUTE:
        return False
    attributes = _attributes()
    if attributes is None:
        return False
    is_inner = name.startswith(("screen", "tmux")) or "TMUX" in os.environ
    return SIXEL in attributes or not (is_inner or os.environ.get("TERM_PROGRAM") in MISTAKEN)


def _attributes() -> list[bytes] | None:
    """Ask the terminal for its attributes; None if it does not answer at once, or somebody is typing."""
    import select
    import termios
    import tty

    source, target = sys.stdin.fileno(), sys.stdout.fileno()
    before = termios.tcgetattr(source)
    try:
        tty.setcbreak(source, termios.TCSANOW)
        if select.select([source], [], [], 0)[0]:
            return None
        sys.stdout.flush()
        os.write(target, ASK)
        began, answer = time.monotonic(), b""
        while not answer.endswith(b"c"):
            left = began + PATIENCE_S - time.monotonic()
            if left <= 0 or not select.select([source], [], [], left)[0]:
                return None
            answer += os.read(source, 1)
        found = ANSWER.fullmatch(answer)
        return found[1].split(b";") if found and time.monotonic() - began < QUICK_S else None
    finally:
        termios.tcsetattr(source, termios.TCSANOW, before)
