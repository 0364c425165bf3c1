"""Take files the way EvoLink's files service does, and give them a link for 72 hours.

Three ways in: base64 (pure or a data URI), a form with the file, a link. A link to anybody else's server is not
fetched: the neutral card with its host is stored. JPEG, PNG, GIF and WebP of at most 100 MB; from the service's
pages, read 2026-11-20. Its error body is not documented: the answer's own fields with `success` false.
"""

import base64
import binascii
import io
import re
import secrets
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from PIL import Image
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import Response

from .answers import Wire
from .card import named_card
from .fields import Body, text
from .gate import authorize, base_of, host_of, parsed, read_body
from .ignored import ignored_fields, note_ignored
from .links import LinkError
from .mishaps import at_once
from .refusal import RefusalError, bad_body, invalid, missing, unreadable_image
from .replies import json_response
from .works import Works

_MOST_BYTES: Final = 100_000_000
_JSON_BYTES: Final = _MOST_BYTES * 4 // 3 + 65536
_FIELDS: Final = ("file_name", "upload_path")
_KEPT_S: Final = 72 * 3600
_FORMATS: Final = {"JPEG": "jpeg", "PNG": "png", "GIF": "gif", "WEBP": "webp"}
_DATA_URI: Final = re.compile(r"data:[^;,]{1,60};base64,", re.ASCII)


class Uploads:
    """Store uploaded files beside the pictures, under `files/`."""

    def __init__(self, works: Works) -> None:
        self._options = works.options
        self._store = works.store
        self._faults = works.faults
        self._objects = works.objects

    async def from_base64(self, request: Request) -> Response:
        """Take `base64_data`."""
        body = await self._body(request, "base64_data")
        data = text(body, "base64_data")
        if not data:
            raise missing("base64_data")
        head = _DATA_URI.match(data)
        try:
            content = base64.b64decode(data[head.end() :] if head else data, validate=True)
        except (binascii.Error, ValueError):
            raise invalid("base64_data", "the base64 data cannot be decoded.") from None
        return await self._stored(request, content, "base64_data", text(body, "file_name"), text(body, "upload_path"))

    async def from_form(self, request: Request) -> Response:
        """Take the part `file` of a form."""
        authorize(request, self._options.api_key)
        content = await read_body(request, _JSON_BYTES)
        form = await _form(request, content)
        note_ignored(request, ignored_fields(dict(form), {"file", *_FIELDS, "fileName", "uploadPath"}))
        try:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise missing("file")
            name = _word(form, "file_name", "fileName") or file.filename
            return await self._stored(
                request, await file.read(), "file", name, _word(form, "upload_path", "uploadPath")
            )
        finally:
            await form.close()

    async def from_link(self, request: Request) -> Response:
        """Take `file_url`."""
        body = await self._body(request, "file_url")
        link = text(body, "file_url")
        if not link:
            raise missing("file_url")
        content = self._content_at(request, link)
        return await self._stored(request, content, "file_url", text(body, "file_name"), text(body, "upload_path"))

    async def _body(self, request: Request, content: str) -> Body:
        authorize(request, self._options.api_key)
        body = parsed(await read_body(request, _JSON_BYTES))
        note_ignored(request, ignored_fields(body, {content, *_FIELDS}))
        return body

    def _content_at(self, request: Request, link: str) -> bytes:
        parts = urlsplit(link)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise invalid("file_url", "invalid url specified.")
        try:
            return self._objects.own(host_of(request), link) or named_card(parts.hostname)
        except LinkError as refusal:
            raise invalid("file_url", f"failed to download the file: {refusal.message}") from refusal

    async def _stored(
        self, request: Request, content: bytes, parameter: str, name: str | None, folder: str | None
    ) -> Response:
        kind = _kind(content, parameter)
        if early := await at_once(self._faults.take("evolink", at="upload")):
            return early
        number = secrets.token_hex(8)
        key = f"files/{number}.{kind}"
        self._store.add(key, _KEPT_S).write_bytes(content)
        url = self._objects.url(base_of(request), key, _KEPT_S)
        now = self._options.clock()
        given = name or f"{number}.{kind}"
        data: Wire = {
            "file_id": f"file_{number}",
            "file_name": given,
            "original_name": given,
            "file_size": len(content),
            "mime_type": f"image/{kind}",
            "upload_path": folder or "images",
            "file_url": url,
            "download_url": url,
            "upload_time": _moment(now),
            "expires_at": _moment(now + _KEPT_S),
        }
        return json_response({"success": True, "code": 200, "msg": "File uploaded successfully", "data": data})


def files_error_body(error: RefusalError, request_id: str) -> Wire:
    """Return a refusal in the shape of the service's answers."""
    message = f"{error.message} (request id: {request_id})"
    return {"success": False, "code": error.status, "msg": message, "data": None}


def _kind(content: bytes, parameter: str) -> str:
    if len(content) > _MOST_BYTES:
        raise RefusalError(413, "InvalidParameter", f"The file must be at most {_MOST_BYTES} bytes.", parameter)
    try:
        with Image.open(io.BytesIO(content), formats=tuple(_FORMATS)) as picture:
            return _FORMATS[picture.format or ""]
    except (OSError, SyntaxError, ValueError, KeyError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise unreadable_image("the file must be a JPEG, PNG, GIF or WebP picture.", parameter) from None


async def _form(request: Request, content: bytes) -> FormData:
    async def parts() -> AsyncGenerator[bytes]:
        yield content

    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise bad_body("expected multipart/form-data.")
    try:
        return await MultiPartParser(request.headers, parts()).parse()
    except (MultiPartException, KeyError):
        raise bad_body("the form cannot be read.") from None


def _word(form: FormData, *names: str) -> str | None:
    return next((value for name in names if isinstance(value := form.get(name), str) and value), None)


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
