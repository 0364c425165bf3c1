"""Sign and verify download links the way TOS, Volcengine's object store, does.

The algorithm is TOS4-HMAC-SHA256 with the signature in the query (BytePlus TOS reference "Including a signature
in the URL", read 2026-11-20): a link's path, host and every other query field are under the signature.
"""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, urlencode

_ALGORITHM: Final = "TOS4-HMAC-SHA256"
_ACCESS_KEY: Final = "AKLTsandbox"
_REGION: Final = "cn-beijing"
_DATE: Final = "%Y%m%dT%H%M%SZ"
_SIGNATURE: Final = "X-Tos-Signature"

Query = Sequence[tuple[str, str]]


class LinkError(Exception):
    """Refuse a download the way TOS does: HTTP status, code, message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def signed_query(secret: bytes, host: str, path: str, now: float, expires_s: int) -> str:
    """Return the query string that makes `path` downloadable from `host` for `expires_s` seconds."""
    moment = datetime.fromtimestamp(now, UTC)
    fields = [
        ("X-Tos-Algorithm", _ALGORITHM),
        ("X-Tos-Credential", f"{_ACCESS_KEY}/{_scope(moment)}"),
        ("X-Tos-Date", moment.strftime(_DATE)),
        ("X-Tos-Expires", str(expires_s)),
        ("X-Tos-SignedHeaders", "host"),
    ]
    signature = _signature(secret, host, path, fields, moment)
    return urlencode(sorted([*fields, (_SIGNATURE, signature)]), quote_via=quote, safe="")


def verify(secret: bytes, host: str, path: str, query: Query, now: float) -> None:
    """Raise `LinkError` unless the query carries our signature of this link and its time is not over."""
    fields = dict(query)
    given = fields.pop(_SIGNATURE, "")
    if not given:
        raise LinkError(403, "AccessDenied", "Access Denied")
    try:
        signed_at = datetime.strptime(fields.get("X-Tos-Date", ""), _DATE).replace(tzinfo=UTC)
    except ValueError:
        raise LinkError(403, "AccessDenied", "X-Tos-Date must be in the format YYYYMMDDTHHMMSSZ") from None
    unsigned = [(name, value) for name, value in query if name != _SIGNATURE]
    expected = _signature(secret, host, path, unsigned, signed_at)
    if not hmac.compare_digest(expected.encode(), given.encode()):
        message = "The request signature we calculated does not match the signature you provided."
        raise LinkError(403, "SignatureDoesNotMatch", message)
    if now > signed_at.timestamp() + int(fields["X-Tos-Expires"]):
        raise LinkError(403, "AccessDenied", "Request has expired")


def _scope(moment: datetime) -> str:
    return f"{moment:%Y%m%d}/{_REGION}/tos/request"


def _signature(secret: bytes, host: str, path: str, fields: Query, moment: datetime) -> str:
    query = urlencode(sorted(fields), quote_via=quote, safe="")
    canonical = "\n".join(("GET", quote(path), query, f"host:{host}", "", "host", "UNSIGNED-PAYLOAD"))
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = "\n".join((_ALGORITHM, moment.strftime(_DATE), _scope(moment), digest))
    key = secret
    for part in (f"{moment:%Y%m%d}", _REGION, "tos", "request"):
        key = _hmac(key, part)
    return _hmac(key, to_sign).hex()


def _hmac(key: bytes, message: str) -> bytes:
    return hmac.new(key, message.encode(), hashlib.sha256).digest()
