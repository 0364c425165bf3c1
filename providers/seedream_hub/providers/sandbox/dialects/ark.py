"""Serve Ark's own dialect, which BytePlus speaks too, each with its own model ids."""

from typing import Final

from ..answers import error_body, success_body
from ..catalog import CATALOG
from ..rules import check, documented_fields, model_asked
from .dialect import Dialect

__all__ = ["ARK", "check", "documented_fields"]

ARK: Final = Dialect(
    "ark",
    check,
    model_asked,
    error_body,
    success_body,
    CATALOG.limits.body_bytes,
    lambda body: documented_fields(model_asked(body)),
)
