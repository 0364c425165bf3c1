"""Links that install the server at a click: an entry, spelled the way a client's link handler reads it.

The forms are those of cursor.com/docs/mcp/install-links and code.visualstudio.com/docs/copilot/reference/
mcp-configuration, read 2026-11; https, because pages such as GitHub's cut other schemes out.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from .clients import NAME, Client

CURSOR: Final = "https://cursor.com/en/install-mcp?name={name}&config={config}"
VSCODE: Final = "https://insiders.vscode.dev/redirect/mcp/install?name={name}&config={config}"


def link(client: Client, entry: Mapping[str, Any]) -> str | None:
    """Return the link that makes a client offer to add an entry; None if it has no such links."""
    text = json.dumps(entry, separators=(",", ":"))
    match client.name:
        case "cursor":
            return CURSOR.format(name=NAME, config=quote(base64.b64encode(text.encode()).decode(), safe=""))
        case "vscode":
            return VSCODE.format(name=NAME, config=quote(text, safe=""))
        case _:
            return None
