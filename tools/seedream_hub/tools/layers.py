"""Say how the layers of a picture lie on each other."""

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from seedream_hub.schemas.language import later, listed, say

from .bounds import cut

if TYPE_CHECKING:
    from seedream_hub.jobs.job import Job
    from seedream_hub.schemas.outcome import Layer

MOST_NAME_BYTES: Final = 40


def stacked(job: "Job") -> list[str]:
    """Return how to put each request's layers together, as far as the provider said; pictures by their index."""
    together: dict[int, list[int]] = defaultdict(list)
    for index in sorted(job.facts.layers, key=lambda index: (job.facts.layers[index].z_index, index)):
        together[job.slots[index].number].append(index)
    told = later("{base} is the base; put the layers on it in this order, left,top in pixels: {layers}.")
    return [
        say(told, base=_named(base, job.facts.layers[base]), layers=listed(_placed(index, job) for index in above))
        for base, *above in together.values()
        if above
    ]


def _placed(index: int, job: "Job") -> str:
    layer = job.facts.layers[index]
    name = _named(index, layer)
    if layer.left_top is None:
        return name
    left, top = layer.left_top
    return say("{name} at {left},{top}", name=name, left=left, top=top)


def _named(index: int, layer: "Layer") -> str:
    return f"[{index}] {cut(' '.join(layer.name.split()), MOST_NAME_BYTES)}".rstrip()
