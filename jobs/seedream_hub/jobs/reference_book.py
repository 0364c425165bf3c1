"""The references of one call: read once, fitted to every provider that may serve it."""

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from seedream_hub.providers.client import Upstream
from seedream_hub.schemas.arguments import Purpose
from seedream_hub.schemas.errors import ArgumentError
from seedream_hub.schemas.language import say
from seedream_hub.schemas.limits import Limits, ModelLimits, ReferenceRules

from .reference_fit import Fitted, fit
from .references import LinkReference, Reference, ReferenceReader

FILE_NAME_CHARS: Final = 16
REST_BYTES: Final = 4096
"""More than anything in a request but its prompt and its references."""
FRAME_BYTES: Final = 40
"""More than a data URI has around its base64."""


@dataclass(frozen=True, slots=True)
class BookRules:
    """What may be done to references, and what they are for."""

    limits: Limits
    convert: bool
    purpose: Purpose = "plain"


class ReferenceBook:
    """Holds what the caller named, by the argument that named it, in the prompt's order.

    `kept` says where each can be read again: a link, an id, or an absolute path.
    """

    def __init__(
        self, references: dict[str, Reference], kept: dict[str, str], reader: ReferenceReader, rules: BookRules
    ) -> None:
        self.kept = kept
        self.origins = tuple(map(_origin, references.values()))
        """Where each came from, without its bytes: a link, or a path or id with its hash."""
        self._reader = reader
        self._references = references
        self._limits = rules.limits
        self._convert = rules.convert
        self._purpose: Purpose = rules.purpose
        self._fitted: dict[tuple[str, str], list[Fitted | str]] = {}
        self._wires: dict[tuple[str, str], tuple[str, ...]] = {}

    def rest(self) -> None:
        """Let go of the bytes; they are read again when they are needed."""
        self._references = {}
        self._fitted.clear()
        self._wires.clear()

    async def fit(self, provider: str, model: ModelLimits, prompt: str = "") -> list[str]:
        """Make every reference one the model takes; return what was changed for that.

        Raises:
            ArgumentError: If one cannot be, or may not be changed, or all together are too large beside the prompt.
        """
        key = (provider, model.name)
        if key not in self._fitted:
            await self._read()
            fitted = [await self._fit(argument, model) for argument in self.kept]
            self._check_total(fitted, model, prompt)
            self._fitted[key] = fitted
        return [warning for item in self._fitted[key] if isinstance(item, Fitted) for warning in item.warnings]

    def shapes(self, provider: str, model: ModelLimits) -> list[tuple[int, int] | None]:
        """Return each reference's width and height as it is sent, once they were fitted; None for a link."""
        fitted = self._fitted[provider, model.name]
        return [(one.width, one.height) if isinstance(one, Fitted) else None for one in fitted]

    async def wires(self, model: ModelLimits, upstream: Upstream) -> tuple[str, ...]:
        """Return the references as they are sent: links, data URIs, or links to what was uploaded for it.

        Raises:
            ArgumentError: If one does not fit the model.
            HubError: If an upload failed; nothing was billed.
        """
        key = (upstream.account.provider, model.name)
        if key not in self._wires:
            await self.fit(upstream.account.provider, model)
            self._wires[key] = tuple([await _wire(item, model, upstream) for item in self._fitted[key]])
        return self._wires[key]

    async def _read(self) -> None:
        """Read what is not read yet."""
        for argument, value in self.kept.items():
            if argument not in self._references:
                self._references[argument] = await self._reader.read(value, argument)

    async def _fit(self, argument: str, model: ModelLimits) -> Fitted | str:
        reference = self._references[argument]
        if isinstance(reference, LinkReference):
            if model.references.url:
                return reference.url
            problem = say("is a link, which {model} does not take", model=model.name)
            raise ArgumentError(argument, problem, say("pass a file path"))
        rules, source = _rules(model, self._purpose), self._limits.source(model, "references")
        fitted = await fit(reference, rules, argument, convert=self._convert, label=model.name, source=source)
        if "transparent" in self._purpose and not fitted.has_alpha:
            problem = say("transparent needs a picture with transparency, and {argument} has none", argument=argument)
            works = say("pass one with transparent parts, or leave background out")
            raise ArgumentError("background", problem, works)
        return fitted

    def _check_total(self, fitted: list[Fitted | str], model: ModelLimits, prompt: str) -> None:
        if not fitted or not model.references.data_uri:
            return
        rules = self._limits.call
        total = sum(map(_wire_bytes, fitted)) + len(json.dumps(prompt, ensure_ascii=False).encode()) + REST_BYTES
        if total > rules.max_body_bytes:
            argument = next(iter(self.kept)).partition("[")[0]
            problem = say("together make a request of {bytes:,} bytes", bytes=total)
            works = say(
                "pass fewer or smaller ones, for a request of at most {most:,} bytes", most=rules.max_body_bytes
            )
            raise ArgumentError(argument, problem, works, str(self._limits.sources[rules.source]))


def _wire_bytes(item: Fitted | str) -> int:
    """Return at least the length of a reference in the request."""
    return len(item) if isinstance(item, str) else len(item.content) * 4 // 3 + FRAME_BYTES


def _origin(reference: Reference) -> str:
    return reference.url if isinstance(reference, LinkReference) else f"{reference.origin} sha256:{reference.sha256}"


def _rules(model: ModelLimits, purpose: Purpose) -> ReferenceRules:
    """Return what the model takes of a file for this use; where it is uploaded first, what the upload takes too."""
    uploads = model.references.upload_formats
    if uploads is not None:
        formats = tuple(kind for kind in model.references.formats or uploads if kind in uploads)
        return model.references.model_copy(update={"formats": formats})
    layers = model.fields.get("layer_decomposition")
    if "layers" not in purpose or layers is None:
        return model.references
    formats, pixels = layers.reference_formats, layers.reference_pixels
    return model.references.model_copy(update={"formats": formats, "pixels": pixels})


async def _wire(item: Fitted | str, model: ModelLimits, upstream: Upstream) -> str:
    if isinstance(item, str):
        return item
    if model.references.data_uri:
        return item.data_uri
    extension = item.mime_type.partition("/")[2]
    name = f"{sha256(item.content).hexdigest()[:FILE_NAME_CHARS]}.{extension}"
    return await upstream.lend(item.content, item.mime_type, name)
