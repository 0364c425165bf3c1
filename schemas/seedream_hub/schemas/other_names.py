"""Refuse an argument a tool does not have, naming the one that is likely meant."""

from collections.abc import Collection
from difflib import get_close_matches
from typing import Final

from .errors import ArgumentError
from .language import listed, say

LIKENESS: Final = 0.75

OTHER_NAMES: Final = {
    "n": ("count", "limit"),
    "num_images": ("count",),
    "max_images": ("count",),
    "count": ("limit",),
    "max_results": ("limit",),
    "image_size": ("size",),
    "resolution": ("size",),
    "quality": ("size",),
    "width": ("size",),
    "height": ("size",),
    "ratio": ("aspect_ratio",),
    "name": ("filename",),
    "output": ("filename",),
    "text": ("prompt",),
    "image_urls": ("images",),
    "reference_images": ("images",),
    "prompt_priority": ("optimize_prompt",),
    "optimize_prompt_options": ("optimize_prompt",),
    "tools": ("web_search",),
    "prompt": ("text",),
    "query": ("text", "prompt"),
    "keywords": ("text",),
    "words": ("text",),
    "date": ("since", "until"),
    "day": ("since", "until"),
    "from": ("since",),
    "after": ("since",),
    "before": ("until",),
    "to": ("until",),
    "id": ("job_id",),
    "task_id": ("job_id",),
}
"""What others call arguments of ours; of several, those count that the tool has."""


def unknown_argument(name: str, known: Collection[str]) -> ArgumentError:
    """Return the refusal of an argument that is none of the `known` ones."""
    others = [other for other in OTHER_NAMES.get(name.lower(), ()) if other in known]
    if meant := others or get_close_matches(name, known, n=1, cutoff=LIKENESS):
        works = say("did you mean {name}? It takes {names}", name=either(meant), names=listed(known))
    else:
        works = say("it takes {names}", names=listed(known))
    return ArgumentError(name, say("is not an argument of this tool"), works)


def either(values: list[str]) -> str:
    """Name values of which one is to be chosen."""
    *others, last = values
    return say("{values} or {last}", values=listed(others), last=last) if others else last
