"""References of one shape, where the call does not ask for it: a sentence names the ratio that keeps it."""

from typing import Any

import pytest

from tests.sandboxed import data_uri, picture
from tests.support import Connect, facts_of

WIDE = data_uri(picture((640, 360)))
WIDER = data_uri(picture((1280, 720)))
SQUARE = data_uri(picture((512, 512)))
ODD = data_uri(picture((640, 500)))
TOLD = ["The references are all 16:9, and the picture may not be: aspect_ratio 16:9 makes it so."]


@pytest.mark.parametrize(
    ("tool", "arguments", "warnings"),
    [
        ("fuse_images", {"images": [WIDE, WIDER]}, TOLD),
        ("fuse_images", {"images": [WIDE, WIDER], "size": "1K"}, TOLD),
        ("batch_images", {"images": [WIDE, WIDER], "count": 2}, TOLD),
        ("fuse_images", {"images": [WIDE, WIDER], "aspect_ratio": "1:1"}, []),
        ("fuse_images", {"images": [WIDE, WIDER], "size": "1280x720"}, []),
        ("fuse_images", {"images": [WIDE, SQUARE]}, []),
        ("fuse_images", {"images": [SQUARE, SQUARE]}, []),
        ("fuse_images", {"images": [ODD, ODD]}, []),
        ("batch_images", {"images": [WIDE], "count": 2}, []),
    ],
)
async def test_the_ratio_all_references_share_is_named_where_it_may_get_lost(
    memory: Connect, tool: str, arguments: dict[str, Any], warnings: list[str]
) -> None:
    async with memory() as client:
        facts = facts_of(await client.call_tool(tool, {"prompt": "both", "model": "seedream-4.0", **arguments}))
    assert facts["status"] == "completed"
    assert facts["warnings"] == warnings
