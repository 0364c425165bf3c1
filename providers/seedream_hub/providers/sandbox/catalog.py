"""Read `ark.json`, the sandbox's own copy of what Ark documents.

The rest of the project has a table of its own. The two are written apart on purpose: a mistake in one then
shows as a disagreement with the other.
"""

from functools import cache
from importlib.resources import files
from typing import Final

from pydantic import BaseModel, ConfigDict

Range = tuple[int, int]


class Row(BaseModel):
    """Read a part of a table; a name that is not known here is a mistake in the table."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Limits(Row):
    """Hold the numbers every model shares; ranges are inclusive."""

    body_bytes: int
    link_expires_s: int
    objects_kept_s: int
    seed: Range
    guidance_scale: Range
    max_images: Range
    max_images_default: int
    references_plus_images: int
    images_when_a_set_has_no_number: int
    pixels_per_token: int
    drawn_pixels: int
    layers_drawn: int
    box_scale: int


class ReferenceRules(Row):
    """Hold what a reference picture sent in `field` may be.

    `types` maps the name in a data URI to the real format; `links_only` refuses data URIs.
    """

    field: str = "image"
    types: dict[str, str]
    links_only: bool = False
    bytes: int
    side_above: int
    pixels: Range
    ratio: Range


class SizeRules(Row):
    """Hold the sizes of one model: tiers by the table that shapes them, and the window in pixels, if there is one.

    `exact_case` takes a tier only as it is written; Ark takes `2k` for `2K`.
    """

    name: str
    tiers: dict[str, str]
    tier_refusal: str = ""
    exact_case: bool = False
    default_size: str
    pixels: Range | None
    ratio: int | None


class Model(SizeRules):
    """Describe one model: its dated ids on both clouds, and the fields it may be sent.

    `undocumented` fields are taken from any model but listed in no document of this one.
    """

    ids: dict[str, str]
    aliases: dict[str, str] = {}
    takes: frozenset[str]
    prompt_modes: tuple[str, ...]
    max_references: int
    counts_input_images: bool = False
    undocumented: frozenset[str] = frozenset()


class Catalog(Row):
    """Hold the whole of `ark.json`."""

    read: str
    source: str
    limits: Limits
    choices: dict[str, tuple[str, ...]]
    idle: dict[str, bool | str]
    always_taken: frozenset[str]
    ignored_when_not_taken: frozenset[str]
    nested: dict[str, tuple[str, ...]]
    references: dict[str, ReferenceRules]
    layer_sizes: tuple[str, ...]
    layer_auto_tier: str
    tables: dict[str, dict[str, str]]
    endpoint_id: str
    models: tuple[Model, ...]
    closed: dict[str, str]

    def find(self, requested: str) -> tuple[Model, str] | None:
        """Return the model and the dated id the answer will carry, or None for an id Ark does not know."""
        wanted = self.endpoint_id if requested.startswith("ep-") else requested
        for model in self.models:
            dated = model.aliases.get(wanted, wanted)
            if dated in model.ids:
                return model, dated
        return None

    def statuses(self) -> dict[str, str]:
        """Return every id with its lifecycle status, as `GET /models` lists them."""
        listed = {name: status for model in self.models for name, status in model.ids.items()}
        return listed | self.closed


@cache
def _load() -> Catalog:
    return Catalog.model_validate_json(files("seedream_hub.providers.sandbox").joinpath("ark.json").read_bytes())


CATALOG: Final = _load()
