"""Read the reference pictures of a request and hold them to a document's limits for input images.

A picture on somebody else's server is never fetched:
a neutral card with the address's host stands for it, and its limits go unchecked.
"""

import base64
import binascii
import hashlib
import io
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from PIL import Image

from .card import named_card
from .catalog import ReferenceRules
from .links import LinkError
from .refusal import empty_image, invalid, unreadable_image

_DATA_URI: Final = re.compile(r"data:image/([^;,]{1,20});base64,", re.ASCII)
_HEIF_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_PILLOW_NAMES: Final = {"MPO": "jpeg"}

OwnObject = Callable[[str], bytes | None]
"""Returns the bytes behind one of the sandbox's own links, None for anybody else's; raises `LinkError`
for one that is unknown, tampered with or expired."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Hold one reference: a picture to draw from, and what is known of the original.

    `size` (pixels) and `has_alpha` are None for a picture the sandbox did not read; `identity` is equal for
    equal pictures.
    """

    content: bytes
    identity: str
    size: tuple[int, int] | None = None
    has_alpha: bool | None = None


def read_reference(value: str, rules: ReferenceRules, own_object: OwnObject) -> Reference:
    """Return the reference behind a data URI or an http(s) link; raise a refusal for anything else."""
    if not value:
        raise empty_image(rules.field)
    if value.startswith("data:") and not rules.links_only:
        return _checked(_decoded(value, rules), rules)
    host = _web_host(value, rules)
    try:
        content = own_object(value)
    except LinkError as refusal:
        raise invalid(rules.field, f"failed to download the image: {refusal.message}") from refusal
    if content is not None:
        return _checked(content, rules)
    return Reference(named_card(host), value)


def _web_host(link: str, rules: ReferenceRules) -> str:
    try:
        parts = urlsplit(link)
    except ValueError:
        raise invalid(rules.field, "invalid url specified.") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise invalid(rules.field, "invalid url specified.")
    return parts.hostname


def _decoded(uri: str, rules: ReferenceRules) -> bytes:
    head = _DATA_URI.match(uri)
    if not head:
        raise unreadable_image("a data URI must read data:image/<format>;base64,<data>.", rules.field)
    if head[1] not in rules.types:
        raise unreadable_image(
            f"the image format must be one of {', '.join(rules.types)}, in lower case.", rules.field
        )
    try:
        return base64.b64decode(uri[head.end() :], validate=True)
    except (binascii.Error, ValueError):
        raise unreadable_image("the base64 data cannot be decoded.", rules.field) from None


def _checked(content: bytes, rules: ReferenceRules) -> Reference:
    if len(content) > rules.bytes:
        raise invalid(rules.field, f"the image must be at most {rules.bytes} bytes.", "image_bytes")
    identity = hashlib.sha256(content).hexdigest()
    if content[4:8] == b"ftyp" and content[8:12] in _HEIF_BRANDS and "heif" in rules.types:
        return Reference(named_card("HEIF picture"), identity)
    try:
        with Image.open(io.BytesIO(content)) as picture:
            return _measured(picture, content, identity, rules)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _pixels(rules) from None
    except (OSError, SyntaxError, ValueError, EOFError, struct.error):
        raise unreadable_image("the image data cannot be read.", rules.field) from None


def _measured(picture: Image.Image, content: bytes, identity: str, rules: ReferenceRules) -> Reference:
    name = picture.format or ""
    if _PILLOW_NAMES.get(name, name.lower()) not in rules.types.values():
        raise unreadable_image(f"the image format must be one of {', '.join(rules.types)}.", rules.field)
    width, height = picture.size
    if min(width, height) <= rules.side_above:
        raise invalid(rules.field, f"each side must be longer than {rules.side_above} pixels.", "image_shape")
    if not rules.pixels[0] <= width * height <= rules.pixels[1]:
        raise _pixels(rules)
    if max(width, height) > rules.ratio[1] * min(width, height):
        reason = f"aspect ratio must be between 1/{rules.ratio[1]} and {rules.ratio[1]}."
        raise invalid(rules.field, reason, "image_shape")
    has_alpha = picture.has_transparency_data
    # A JPEG decodes at an eighth of its size here: enough to find truncated data before anything is billed.
    picture.draft("RGB", (64, 64))
    picture.load()
    return Reference(content, identity, (width, height), has_alpha)


def _pixels(rules: ReferenceRules) -> Exception:
    reason = f"the image must have between {rules.pixels[0]} and {rules.pixels[1]} pixels."
    return invalid(rules.field, reason, "image_pixels")
