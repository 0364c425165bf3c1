"""A server that says exactly the bytes it is told to, for answers no well-behaved server gives."""

import json
import socket
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

STREAM, JSON, HTML = "text/event-stream", "application/json", "text/html"


@dataclass(frozen=True)
class Said:
    """One answer: its body in the pieces it is sent in; `is_cut` leaves out the last chunk."""

    pieces: Sequence[bytes]
    status: int = 200
    kind: str = STREAM
    is_cut: bool = False
    headers: dict[str, str] = field(default_factory=dict[str, str])


@dataclass
class Wire:
    base_url: str
    bodies: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """What was asked."""


@contextmanager
def saying(*answers: Said) -> Generator[Wire]:
    """Answer one request after the other on a free loopback port; the last answer is repeated."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        wire = Wire(f"http://127.0.0.1:{listener.getsockname()[1]}/api/v3")
        thread = threading.Thread(target=_serve, args=(listener, wire, answers))
        thread.start()
        try:
            yield wire
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _serve(listener: socket.socket, wire: Wire, answers: Sequence[Said]) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection, connection.makefile("rb") as reading:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            length = 0
            while line := reading.readline().strip():
                name, _, value = line.lower().partition(b":")
                length = int(value) if name == b"content-length" else length
            wire.bodies.append(json.loads(reading.read(length)))
            _say(connection, answers[min(len(wire.bodies), len(answers)) - 1])


def _say(connection: socket.socket, answer: Said) -> None:
    extra = "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
    head = f"HTTP/1.1 {answer.status} Said\r\ncontent-type: {answer.kind}\r\ntransfer-encoding: chunked\r\n{extra}"
    connection.sendall(f"{head}connection: close\r\n\r\n".encode())
    for piece in filter(None, answer.pieces):
        connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
    if not answer.is_cut:
        connection.sendall(b"0\r\n\r\n")
