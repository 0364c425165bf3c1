"""Split a byte stream into server-sent events. Pure: bytes in, the events' data out.

Not the HTTP library's decoder: that one refuses events over 1 MiB unless told otherwise (a Base64 picture has up to
40 MB), and drops what aigc.it documents, JSON pretty-printed over lines that do not repeat `data:` (read 2026-11-20).
Bare JSON where events were promised is taken as one: it says why there are none.
"""

import re
from collections.abc import Iterator
from typing import Final

DONE: Final = "[DONE]"
NEWLINE: Final = re.compile(rb"\r\n|\n|\r")
CONTINUED: Final = re.compile(rb'[\s"{}\[\]]')
BOM: Final = b"\xef\xbb\xbf"


class EventDecoder:
    """Collects the `data` of each event; comments, ids, retry times and events without data give nothing."""

    def __init__(self) -> None:
        self._line: list[bytes] = []
        self._data: list[bytes] = []
        self._after_return = False
        self._is_first = True

    def feed(self, chunk: bytes) -> Iterator[str]:
        """Take what arrived; yield the data of every event that is now whole."""
        if not chunk:
            return
        if self._after_return and chunk.startswith(b"\n"):
            chunk = chunk[1:]
        self._after_return = chunk.endswith(b"\r")
        first, *rest = NEWLINE.split(chunk)
        self._line.append(first)
        for piece in rest:
            line, self._line = b"".join(self._line), [piece]
            yield from self._take(line)

    def finish(self) -> Iterator[str]:
        """Yield the last event of a stream that ended without a blank line."""
        line, self._line = b"".join(self._line), []
        yield from self._take(line)
        yield from self._dispatch()

    def _take(self, line: bytes) -> Iterator[str]:
        if self._is_first:
            line, self._is_first = line.removeprefix(BOM), False
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if not line or name == b"event" or (name == b"data" and value.strip() == DONE.encode()):
            yield from self._dispatch()
        if name == b"data":
            self._data.append(value)
        elif line.startswith(b"{") or (self._data and CONTINUED.match(line)):
            self._data.append(line)

    def _dispatch(self) -> Iterator[str]:
        data, self._data = b"\n".join(self._data), []
        if data.strip():
            yield data.decode(errors="replace")
