"""Name the paths of the dialects, and know from a path whose error body to answer with."""

from typing import Final

from .answers import error_body
from .dialects.dialect import ErrorBody
from .dialects.evolink import evolink_error_body
from .dialects.novita import novita_error_body
from .dialects.relay import relay_error_body
from .uploads import files_error_body

ARK: Final = "/api/v3"
RELAY: Final = "/relay/v1"
AIGC: Final = "/aigc/v1"
NOVITA: Final = "/novita"
EVOLINK: Final = "/evolink"
EVOLINK_FILES: Final = "/evolink-files"
IMAGES: Final = "/images/generations"

ROOTS: Final = {
    "ark": ARK,
    "byteplus": ARK,
    "relay": RELAY,
    "aigc": AIGC,
    "novita": NOVITA,
    "evolink": EVOLINK,
    "evolink_files": EVOLINK_FILES,
}
"""Maps a provider to the path its base URL ends in."""

_ERROR_BODIES: Final[dict[str, ErrorBody]] = {
    "relay": relay_error_body,
    "novita": novita_error_body,
    "evolink": evolink_error_body,
    "evolink-files": files_error_body,
}


def error_body_at(path: str) -> ErrorBody:
    """Return what words a refusal for a path; Ark's body where no dialect is at home."""
    return _ERROR_BODIES.get(path.split("/")[1], error_body)


def is_relay(path: str) -> bool:
    """Return whether a path is the relay's, whose answers carry a header of their own."""
    return path.startswith(RELAY)
