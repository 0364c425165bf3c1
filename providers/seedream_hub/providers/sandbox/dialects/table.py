"""Read the JSON table of a dialect: what its document says of each model, and nothing else.

How a model behaves (how many pictures a prompt asks for, the pixels a tier gives) stands in `ark.json`: behind
every dialect is the same model.
"""

from importlib.resources import files

from pydantic import Field

from ..catalog import CATALOG, Range, ReferenceRules, Row, SizeRules
from ..fields import Body
from ..refusal import unknown_model


class Numbers(Row):
    """Hold the numbers of a dialect; ranges are inclusive, None means the document gives none."""

    body_bytes: int
    max_images: Range | None = None
    max_images_default: int = 1
    n: Range | None = None
    references_plus_images: int
    prompt_tokens: int | None = None
    callback_chars: int | None = None


class DialectModel(SizeRules):
    """Describe one model: what it is called, what answers call it, its sizes, and the fields it takes.

    `folder` is where its pictures lie; `references` names a row of rules; `goes_by_prompt` says that `n` is only a
    bound on the number of pictures the prompt states.
    """

    echoed: str
    folder: str
    takes: frozenset[str]
    choices: dict[str, tuple[str, ...]] = Field({})
    default_quality: str = ""
    goes_by_prompt: bool = False
    references: str = ""
    max_references: int = 0


class Table(Row):
    """Hold the whole of a dialect's table."""

    read: str
    source: str
    undocumented: str
    numbers: Numbers
    choices: dict[str, tuple[str, ...]]
    always_taken: frozenset[str]
    nested: dict[str, tuple[str, ...]] = Field({})
    references: dict[str, ReferenceRules] = Field({})
    ratios: tuple[str, ...] = ()
    credits_per_picture: float = 0
    models: tuple[DialectModel, ...]

    def find(self, name: str) -> DialectModel | None:
        """Return the model of that name."""
        return next((model for model in self.models if model.name == name), None)

    def model_asked(self, body: Body) -> str:
        """Return what answers call the model a body names, empty for none of this table."""
        wanted = body.get("model")
        found = self.find(wanted) if isinstance(wanted, str) else None
        return found.echoed if found else ""

    def documented_for(self, body: Body) -> frozenset[str]:
        """Return every field the document lists for the model a body names; raise for none of this table."""
        return self.documented_fields(str(body.get("model")))

    def documented_fields(self, name: str) -> frozenset[str]:
        """Return every field the document lists for a model, nested ones dotted; raise for an unknown model."""
        model = self.find(name)
        if model is None:
            raise unknown_model(name)
        names = model.takes | self.always_taken
        return names | {f"{outer}.{inner}" for outer in names for inner in self.nested.get(outer, ())}


def read_table(name: str) -> Table:
    """Return the table in `<name>.json`; a tier without a table of sizes is a mistake in it."""
    content = files("seedream_hub.providers.sandbox.dialects").joinpath(f"{name}.json").read_bytes()
    table = Table.model_validate_json(content)
    shapes = {shape for model in table.models for shape in model.tiers.values()}
    if unknown := shapes - set(CATALOG.tables):
        raise ValueError(f"{name}.json names no table of sizes: {unknown}")
    return table
