"""What we say to a call: which arguments we refuse, or the bodies we send."""

import base64
from contextlib import AbstractAsyncContextManager, nullcontext
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import anyio
import jsonschema
from pydantic import BaseModel, SecretStr

from seedream_hub.jobs.reference_book import BookRules, ReferenceBook
from seedream_hub.jobs.references import ReferenceReader
from seedream_hub.providers.account import Account
from seedream_hub.providers.client import Upstream
from seedream_hub.providers.dialects import DIALECTS
from seedream_hub.schemas.arguments import BATCH, EDIT, FUSE, GENERATE, Purpose, arguments_of, input_schema
from seedream_hub.schemas.errors import ArgumentError
from seedream_hub.schemas.limits import Json, ModelLimits, utc_now
from seedream_hub.schemas.menu import Menu, make_menu
from seedream_hub.schemas.plan import pieces, plan
from seedream_hub.schemas.refusals import InvalidArguments, check_arguments
from seedream_hub.schemas.requests import ImageRequest
from seedream_hub.schemas.set_prompt import set_prompt
from seedream_hub.schemas.shape import in_shape
from tests.draws import LIMITS, Draw

KINDS = {kind.tool: kind for kind in (GENERATE, EDIT, FUSE, BATCH)}
UPLOADED = "https://uploads.example.com/"
"""Where references lie that EvoLink takes by link only; the sandbox is told what is behind."""


class Refusal(Exception):  # noqa: N818 - a verdict, not a mistake
    """We refuse these arguments."""

    def __init__(self, *arguments: str) -> None:
        super().__init__(*arguments)
        self.arguments = arguments


@cache
def menu_of(provider: str) -> Menu:
    return make_menu((provider,), (), LIMITS, utc_now())


@cache
def shape_of(provider: str, tool: str) -> type[BaseModel]:
    return arguments_of(KINDS[tool], menu_of(provider))


@cache
def validator_of(shape: type[BaseModel]) -> jsonschema.Draft202012Validator:
    """Return the validator of a tool's schema, compiled once: that takes longer than any check."""
    return jsonschema.Draft202012Validator(input_schema(shape))


def requests_of(draw: Draw) -> list[ImageRequest]:
    """Return the requests that go out for a call, as the engine makes them.

    Raises:
        Refusal: If we refuse it.
    """
    menu, shape = menu_of(draw.provider), shape_of(draw.provider, draw.kind.tool)
    try:
        checked = check_arguments(draw.arguments, shape, menu)
        ((offer, model),) = menu.having(checked.model)
        request = plan(draw.kind, checked, offer, model)
        wires = [
            _wire(draw, model, argument, value, checked.purpose) for argument, value in checked.references.items()
        ]
        if draw.kind is EDIT:
            request = plan(draw.kind, in_shape(checked, SHAPES.get(wires[0]), model), offer, model)
    except InvalidArguments as exc:
        raise Refusal(*(str(error.argument) for error in exc.errors)) from exc
    except ArgumentError as exc:
        raise Refusal(str(exc.argument)) from exc
    return [_piece(request, size, wires) for size in sorted(set(pieces(request, model)))]


def bodies_of(draw: Draw) -> list[Json]:
    """Return the bodies of those requests.

    Raises:
        Refusal: If we refuse the call.
    """
    return [DIALECTS[draw.provider].body(request) for request in requests_of(draw)]


def schema_accepts(draw: Draw) -> bool:
    """Say whether the published schema takes the call, where an optional argument that is null is not given."""
    shape = shape_of(draw.provider, draw.kind.tool)
    optional = {name for name, field in shape.model_fields.items() if not field.is_required()}
    given = {name: value for name, value in draw.arguments.items() if value is not None or name not in optional}
    return bool(cast("Any", validator_of(shape)).is_valid(given))


def _piece(request: ImageRequest, count: int, wires: list[str]) -> ImageRequest:
    is_set = request.is_set and count > 1
    prompt = set_prompt(request.prompt, count) if is_set else request.prompt
    changes = {"prompt": prompt, "count": count, "is_set": is_set, "references": tuple(wires)}
    return request.model_copy(update=changes)


def _wire(draw: Draw, model: ModelLimits, argument: str, value: str, purpose: Purpose) -> str:
    try:
        return wire_of(draw.provider, model, value, purpose, converts=draw.converts)
    except ArgumentError as exc:
        raise Refusal(argument if exc.argument == "image" else str(exc.argument)) from exc


def wire_of(provider: str, model: ModelLimits, value: str, purpose: Purpose, *, converts: bool) -> str:
    """Return a reference as it is sent.

    Raises:
        ArgumentError: If it is refused.
    """
    found = _wire_or_error(provider, model.name, value, purpose, converts)
    if isinstance(found, ArgumentError):
        raise found
    return found


CONTENTS: dict[str, bytes] = {}
"""What lies behind each link to an upload."""
SHAPES: dict[str, tuple[int, int] | None] = {}
"""Width and height of each reference as it is sent; None for a link of the caller's."""


def uploaded(content: bytes) -> str:
    """Return a link to a picture that only the sandbox can open."""
    link = UPLOADED + sha256(content).hexdigest()
    CONTENTS[link] = content
    return link


@cache
def _wire_or_error(provider: str, name: str, value: str, purpose: Purpose, converts: bool) -> str | ArgumentError:
    model = LIMITS.model(provider, name)
    try:
        wire, shape = anyio.run(_fitted, provider, model, value, purpose, converts)
    except ArgumentError as exc:
        return exc
    is_lent = not model.references.data_uri and wire.startswith("data:")
    sent = uploaded(base64.b64decode(wire.partition(",")[2])) if is_lent else wire
    SHAPES[sent] = shape
    return sent


async def _fitted(
    provider: str, model: ModelLimits, value: str, purpose: Purpose, converts: bool
) -> tuple[str, tuple[int, int] | None]:
    reader = ReferenceReader((), _nothing_made_before, LIMITS.call.max_image_bytes)
    rules = BookRules(LIMITS, convert=converts, purpose=purpose)
    book = ReferenceBook({"image": await reader.read(value, "image")}, {"image": value}, reader, rules)
    await book.fit(provider, model)
    inline = model.model_copy(update={"references": model.references.model_copy(update={"data_uri": True})})
    (wire,) = await book.wires(inline, upstream_of(provider))
    return wire, book.shapes(provider, model)[0]


@cache
def upstream_of(provider: str) -> Upstream:
    """Return an upstream that nothing is sent to: a book of references asks whose wire it is for."""
    return Upstream(Account(provider, "https://127.0.0.1:9", SecretStr("no key")))


def _nothing_made_before(_image_id: str) -> AbstractAsyncContextManager[Path | None]:
    return nullcontext()


def forget_references() -> None:
    """Let go of what was found out of references: some are large."""
    _wire_or_error.cache_clear()
    SHAPES.clear()
