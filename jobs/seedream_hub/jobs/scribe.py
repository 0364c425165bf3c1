"""Write down where a picture came from, for the file beside it or for the picture itself."""

from typing import Final, Literal, TypeAlias

from seedream_hub.schemas.cost import SANDBOX, cost_of
from seedream_hub.schemas.limits import Limits, ModelLimits
from seedream_hub.schemas.provenance import Provenance
from seedream_hub.schemas.result import ImageRecord
from seedream_hub.schemas.xmp import packet_of

from .job import Job, Slot
from .origins import origins, told_arguments

Mode: TypeAlias = Literal["sidecar", "embed", "off"]


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
            arguments=told_arguments(asked.arguments),
            references=tuple(origins(asked.arguments, asked.references, is_here=is_here)),
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
