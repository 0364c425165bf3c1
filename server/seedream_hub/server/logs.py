"""Logging: to stderr only, and no URL keeps its query string, where signatures stand."""

import logging
import re
import sys
from typing import Final

QUERY: Final = re.compile(r"(https?://[^\s?\"'<>]+)\?[^\s\"'<>]+")


class CutQueries(logging.Formatter):
    """A formatter that cuts query strings out of the finished text, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, its URLs without query strings."""
        return QUERY.sub(r"\1?…", super().format(record))


def configure_logging(level: str) -> None:
    """Log to stderr from `level` up; the HTTP client's own lines only from WARNING up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(CutQueries("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in ("httpx2", "httpcore2"):
        logging.getLogger(name).setLevel(logging.WARNING)
