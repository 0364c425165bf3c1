"""What several tests share."""

import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, TypeAlias

from mcp import Client
from mcp.types import CallToolResult, TextContent

Connect: TypeAlias = Callable[..., AbstractAsyncContextManager[Client]]

ROOT = Path(__file__).resolve().parent.parent
COMMAND = str(Path(sys.executable).with_name("seedream-hub"))


def text_of(result: CallToolResult) -> str:
    """Return what a client without structured content reads."""
    return "\n".join(block.text for block in result.content if isinstance(block, TextContent))


def facts_of(result: CallToolResult) -> dict[str, Any]:
    """Return the structured content, which must be there."""
    assert result.structured_content is not None, text_of(result)
    return result.structured_content
