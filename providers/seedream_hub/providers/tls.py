"""Whom connections trust. Reading the system's certificates takes longer than drawing a preview: it is done once."""

import os
import ssl
from functools import cache

import httpx2 as httpx


def trusted(*, trust_env: bool) -> ssl.SSLContext:
    """Return what all clients of this process share; with `trust_env` SSL_CERT_FILE and SSL_CERT_DIR are heeded."""
    named = (os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")) if trust_env else ()
    return _read(named, trust_env=trust_env)


@cache
def _read(_named: tuple[str | None, ...], *, trust_env: bool) -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=trust_env)
