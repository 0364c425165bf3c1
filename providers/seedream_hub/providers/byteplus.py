"""BytePlus ModelArk: Ark's wire with its own ids and regions (image API and OpenAPI, read 2026-10-08)."""

from typing import Final

from . import ark
from .dialect import Dialect

DIALECT: Final[Dialect] = ark.DIALECT
