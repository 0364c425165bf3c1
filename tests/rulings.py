"""What the sandbox holds each provider's document to say, looked at in one way for all of them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

from seedream_hub.providers.sandbox import rules
from seedream_hub.providers.sandbox.catalog import CATALOG, SizeRules
from seedream_hub.providers.sandbox.dialects import aigc, evolink, novita, relay
from seedream_hub.providers.sandbox.dialects.table import Table
from seedream_hub.providers.sandbox.fields import Body
from seedream_hub.providers.sandbox.order import Order
from seedream_hub.providers.sandbox.references import OwnObject

TABLES: dict[str, Table] = {
    "relay": relay.TABLE,
    "aigc": aigc.TABLE,
    "novita": novita.TABLE,
    "evolink": evolink.TABLE,
}
CHECKS: dict[str, Callable[[Body, OwnObject], Order]] = {
    "ark": rules.check,
    "byteplus": rules.check,
    "relay": relay.check,
    "aigc": aigc.check,
    "evolink": evolink.check,
}


@dataclass(frozen=True, slots=True)
class Document:
    """One model at one provider."""

    sizes: SizeRules
    max_references: int
    fields: frozenset[str]
    """Every field that is documented, nested ones dotted."""
    prompt_tokens: int | None = None
    callback_chars: int | None = None


@cache
def document(provider: str, model_id: str) -> Document:
    """Return what is documented of a model."""
    if provider in {"ark", "byteplus"}:
        found = CATALOG.find(model_id)
        assert found, model_id
        return Document(found[0], found[0].max_references, rules.documented_fields(model_id))
    table = TABLES[provider]
    model = table.find(model_id)
    assert model, model_id
    fields, numbers = table.documented_fields(model_id), table.numbers
    return Document(model, model.max_references, fields, numbers.prompt_tokens, numbers.callback_chars)


def check_of(provider: str, model_id: str) -> Callable[[Body, OwnObject], Order]:
    """Return the sandbox's check of a body sent to a provider; Novita's model is in the path."""
    return partial(novita.check, model_name=model_id) if provider == "novita" else CHECKS[provider]
