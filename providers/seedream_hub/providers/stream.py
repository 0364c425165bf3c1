"""Read a stream of events: pass each picture on at once, and say at the end what came."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, TypeAlias, cast

import httpx2 as httpx

from seedream_hub.schemas.errors import HubError, NetworkError
from seedream_hub.schemas.language import later, say
from seedream_hub.schemas.limits import Json
from seedream_hub.schemas.outcome import FailedImage, MadeImage, News, Outcome, Usage

from .dialect import StreamEvent
from .sse import DONE, EventDecoder

Read: TypeAlias = Callable[[Json, str | None], StreamEvent]

CUT: Final = later("The stream broke off before its end; pictures that did not come may have been billed.")
CUT_STEP: Final = later("Ask for the missing pictures; SEEDREAM_RETRY_AMBIGUOUS=1 does so by itself.")


async def read_stream(
    chunks: AsyncIterator[bytes], read: Read, request_id: str | None, receive: Callable[[News], Awaitable[None]]
) -> Outcome:
    """Read to the end, or as far as it goes: what came counts.

    Raises:
        UpstreamError: If the whole request failed before any picture came.
    """
    seen = _Seen(read, request_id)
    try:
        async for data in _events(chunks):
            fresh = seen.take(data)
            if fresh:
                await receive(fresh)
    except httpx.RequestError as exc:
        seen.cut = _cut(say("{message} ({reason})", message=say(CUT), reason=type(exc).__name__))
    return seen.outcome()


async def _events(chunks: AsyncIterator[bytes]) -> AsyncIterator[str]:
    decoder = EventDecoder()
    async for chunk in chunks:
        for data in decoder.feed(chunk):
            yield data
    for data in decoder.finish():
        yield data


class _Seen:
    """What a stream has said so far."""

    def __init__(self, read: Read, request_id: str | None) -> None:
        self._read = read
        self._request_id = request_id
        self._images: dict[int, MadeImage | FailedImage] = {}
        self._usage = Usage()
        self._is_ended = False
        self.cut: HubError | None = None

    def take(self, data: str) -> MadeImage | FailedImage | None:
        """Take one event; return a picture that was not known yet."""
        if data.strip() == DONE:
            self._is_ended = True
            return None
        event = self._read(_object(data), self._request_id)
        self._is_ended = self._is_ended or event.is_end
        self._usage = event.usage or self._usage
        if event.error:
            self._fail(event.error)
        if event.image is None or event.image.index in self._images:
            return None
        self._images[event.image.index] = event.image
        return event.image

    def outcome(self) -> Outcome:
        """Return the whole; without an end it is partial."""
        if not self._is_ended and self.cut is None:
            self.cut = _cut(say(CUT))
        images = [self._images[index] for index in sorted(self._images)]
        made = tuple(image for image in images if isinstance(image, MadeImage))
        lost = tuple(image for image in images if isinstance(image, FailedImage))
        billed = max(self._usage.generated_images or 0, len(made))
        return Outcome(made, lost, billed, self._request_id, self._usage, cut=self.cut)

    def _fail(self, error: HubError) -> None:
        if not self._images:
            raise error
        self.cut = error


def _cut(message: str) -> NetworkError:
    return NetworkError(message, code="stream_cut", billed="unknown", next_step=say(CUT_STEP))


def _object(data: str) -> Json:
    try:
        answer = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return cast("Json", answer) if isinstance(answer, dict) else {}
