"""Lay out the layers of a layer decomposition.

Fields per layer: `z_index`, `name`, `description`, `bounding_box` with absolute pixels and the same box on a
0 to 1000 scale (image API documents, September 2026); a base picture and up to 16 more. The sandbox cuts no
picture apart: it draws a base of the whole canvas and a picture of the size of each further box.
"""

from dataclasses import dataclass
from typing import Final

from .catalog import CATALOG


@dataclass(frozen=True, slots=True)
class Layer:
    """Place one layer on the canvas; `box` is left, top, right, bottom in pixels."""

    z_index: int
    name: str
    description: str
    box: tuple[int, int, int, int]
    canvas: tuple[int, int]

    @property
    def size(self) -> tuple[int, int]:
        """Return the layer's width and height in pixels."""
        left, top, right, bottom = self.box
        return right - left, bottom - top

    def wire(self) -> dict[str, object]:
        """Return the fields Ark adds to a picture that is a layer."""
        width, height = self.canvas
        scale = CATALOG.limits.box_scale
        spans = (width, height, width, height)
        normalized = [round(edge * scale / span) for edge, span in zip(self.box, spans, strict=True)]
        return {
            "z_index": self.z_index,
            "name": self.name,
            "description": self.description,
            "bounding_box": {"absolute": list(self.box), "normalized": normalized},
        }


_PLAN: Final = (
    ("background", "The whole canvas behind everything else.", (0.0, 0.0, 1.0, 1.0)),
    ("subject", "The main subject, cut out.", (0.25, 0.25, 0.75, 0.875)),
    ("foreground", "What stands in front of the subject.", (0.0, 0.75, 1.0, 1.0)),
    ("lettering", "Text found in the picture.", (0.125, 0.0625, 0.875, 0.1875)),
)


def layers_of(width: int, height: int) -> tuple[Layer, ...]:
    """Return the layers of a canvas of `width` x `height` pixels, the base first."""
    plan = enumerate(_PLAN[: CATALOG.limits.layers_drawn])
    return tuple(
        Layer(z_index, name, description, _pixels(box, width, height), (width, height))
        for z_index, (name, description, box) in plan
    )


def _pixels(box: tuple[float, float, float, float], width: int, height: int) -> tuple[int, int, int, int]:
    left, top, right, bottom = box
    return round(left * width), round(top * height), round(right * width), round(bottom * height)
