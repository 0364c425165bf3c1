"""Send pictures and files to whoever holds their link, broken where a fault says so."""

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from .answers import Drawn
from .connection import CutFile, SlowFile
from .faults import CutPicture, ExpiredLink, Fault, HtmlPicture, SlowPicture
from .gate import host_of
from .mishaps import PAGE
from .objects import Objects

_LONG_AGO_S = 7 * 86400


class Downloads:
    """Hand out links under a fault, and remember which picture it is to happen to."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._faulty: dict[str, Fault] = {}
        self._breaks_left: dict[str, int] = {}

    def url(self, base: str, one: Drawn, fault: Fault | None) -> str:
        """Return the link to a picture."""
        if isinstance(fault, HtmlPicture | SlowPicture | CutPicture):
            self._faulty[one.key] = fault
        if isinstance(fault, CutPicture):
            self._breaks_left.setdefault(one.key, fault.times_picture)
        return self._objects.url(base, one.key, age_s=_LONG_AGO_S if isinstance(fault, ExpiredLink) else 0)

    async def send(self, request: Request) -> Response:
        """Answer a download; parts of a file are sent to who asks for a range."""
        key = request.path_params["key"]
        path = self._objects.open(host_of(request), key, request.url.query)
        kind = f"image/{path.suffix[1:]}"
        fault = self._faulty.get(key)
        if isinstance(fault, HtmlPicture):
            return HTMLResponse(PAGE)
        if isinstance(fault, SlowPicture):
            slow = SlowFile(path, media_type=kind)
            slow.bytes_per_s = fault.bytes_per_s
            return slow
        if isinstance(fault, CutPicture) and self._breaks_left[key]:
            self._breaks_left[key] -= 1
            cut = CutFile(path, media_type=kind)
            cut.after_bytes = fault.after_bytes
            return cut
        return FileResponse(path, media_type=kind)
