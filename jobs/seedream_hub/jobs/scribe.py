"""Write down where a picture came from, for the file beside it or for the picture itself."""

import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import Final, Literal, TypeAlias

from seedream_hub.schemas.cost import cost_of
from seedream_hub.schemas.limits import Limits, ModelLimits
from seedream_hub.schemas.provenance import Provenance, ReferenceOrigin
from seedream_hub.schemas.result import ImageRecord
from seedream_hub.schemas.xmp import packet_of

from .job import Job, Slot
from .order import Asked

Mode: TypeAlias = Literal["sidecar", "embed", "off"]

SANDBOX: Final = "sandbox"
HASHED: Final = re.compile(r"(.*) sha256:([0-9a-f]{64})", re.DOTALL)
SECRETS: Final = re.compile(r"(?<=//)[^/@]*@|[?#].*", re.DOTALL)
"""What of a link is not written down: a password, a signature."""

TOLD_APART: Final = frozenset({"prompt", "image", "images"})
"""Arguments that stand in fields of their own."""


class Scribe:
    """Knows what is to be written of a picture, and the prices it is to be written with."""

    def __init__(self, mode: Mode, limits: Limits) -> None:
        self.mode: Final = mode
        self._limits = limits

    def sidecar(self, job: Job, picture: ImageRecord, stored: str) -> bytes:
        """Return the record for the file beside a picture."""
        record = self._record(job, picture, stored, is_here="://" not in picture.path)
        return f"{record.as_json(indent=2)}\n".encode()

    def packet(self, job: Job, picture: ImageRecord) -> bytes:
        """Return the record as XMP, for a picture that is about to be saved.

        What the journal has not written is not in it: the same picture fetched again by the next process is to be
        the same file.
        """
        return packet_of(self._record(job, picture, None, is_here=False))

    def _record(self, job: Job, picture: ImageRecord, stored: str | None, *, is_here: bool) -> Provenance:
        slot, asked = job.slots[picture.index], job.asked_of(picture.index)
        model = self._model(slot)
        return Provenance(
            id=picture.id,
            job_id=job.id,
            index=picture.index,
            tool=asked.tool,
            prompt=asked.prompt,
            prompt_sent=slot.sent.prompt or asked.prompt,
            arguments={name: value for name, value in asked.arguments.items() if name not in TOLD_APART},
            references=tuple(_references(asked, is_here=is_here)),
            provider=slot.provider,
            model=slot.model,
            request_id=slot.request_id,
            sandbox=slot.sent.sandbox or slot.provider == SANDBOX,
            created=slot.linked,
            stored=stored,
            sha256=picture.sha256,
            bytes=picture.bytes,
            width=picture.width,
            height=picture.height,
            mime_type=picture.mime_type,
            cost=cost_of(picture, model, len(asked.references), is_layer=asked.is_layered),
        )

    def _model(self, slot: Slot) -> ModelLimits | None:
        rules = self._limits.providers.get(slot.provider)
        return rules.find(slot.model) if rules else None


def _references(asked: Asked, *, is_here: bool) -> Iterator[ReferenceOrigin]:
    """Yield what was passed along. A record that leaves this machine takes no folder's name with it."""
    for place, told in enumerate(asked.references):
        argument = "image" if "image" in asked.arguments else f"images[{place}]"
        hashed = HASHED.fullmatch(told)
        if hashed is None:
            yield ReferenceOrigin(argument=argument, origin=SECRETS.sub("", told), sha256=None)
            continue
        origin = hashed[1] if is_here else PurePath(hashed[1]).name
        yield ReferenceOrigin(argument=argument, origin=origin, sha256=hashed[2])
