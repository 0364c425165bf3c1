"""Say to a person at a shell what the tools say to an agent: options for arguments, commands for tools."""

import re
from collections.abc import Mapping
from typing import Final

from .options import flag_of

SHORT: Final = frozenset(
    {"count", "size", "model", "provider", "filename", "seed", "stream", "watermark", "background"}
)
"""Arguments whose names are words too: they are arguments at the beginning of a line, and after a few words."""

LONG: Final = frozenset(
    {
        "aspect_ratio",
        "callback_url",
        "guidance_scale",
        "layer_decomposition",
        "optimize_prompt",
        "output_format",
        "request_key",
        "response_format",
        "wait_s",
        "web_search",
    }
)

PHRASES: Final[Mapping[str, str]] = {
    "start_job 的 retry_unknown": "`seedream-hub jobs retry`",
    "start_job 和 retry_unknown": "`seedream-hub jobs retry`",
    "start_job with retry_unknown": "`seedream-hub jobs retry`",
    "get_job": "`seedream-hub jobs show`",
    "find_images": "`seedream-hub images list`",
    "start_job and retry_unknown": "`seedream-hub jobs retry`",
    "have the user ": "",
    "请用户": "",
    "job_id": "ID",
    "retry_unknown": "ID",
}

_NAMES: Final = re.compile(
    rf"(?:(?m:^)|(?<=use )|(?<=fit: ))(?P<short>{'|'.join(sorted(SHORT))})(?= )"
    rf"|(?<![\w`.=\"-])(?P<long>{'|'.join(sorted(LONG))})(?![\w`.=\"])"
    r"|(?m:^)images\[(?P<place>\d+)\]"
    rf"|(?<![\w`.-])(?P<phrase>{'|'.join(PHRASES)})",
    re.ASCII,
)


def for_people(text: str) -> str:
    """Return the text with the words of the command line."""
    return _NAMES.sub(_said, text)


def _said(found: re.Match[str]) -> str:
    if found["place"]:
        return f"image {int(found['place']) + 1}"
    return PHRASES[found["phrase"]] if found["phrase"] else flag_of(found["short"] or found["long"])
