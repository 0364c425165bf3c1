"""Draw the pictures of an order, one after the other, and bill each as it is finished."""

import hashlib
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

import anyio
import anyio.to_thread

from .answers import Drawn, Failed, Outcome
from .layers import Layer, layers_of
from .order import Order
from .picture import Scene, draw
from .refusal import unreadable_image
from .store import LedgerRow, Store

_DRAWING_THREADS: Final = 2
_VARIANT: Final = re.compile(r"-v(\d{1,9})$", re.ASCII)


def picture_seed(fingerprint: str, client_request_id: str) -> str:
    """Return the seed of a request's pictures: the same request gives the same bytes.

    The seed is the fingerprint of the canonical request (see `Order`), and, when the `X-Client-Request-Id`
    header ends in `-v<number>`, that number: so variants of one call differ from each other.
    """
    variant = _VARIANT.search(client_request_id)
    return hashlib.sha256(f"{fingerprint}/{variant[1] if variant else ''}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Spoil:
    """Name a picture that is not to be made, and why; `ends_all` leaves the later ones unmade too."""

    index: int
    code: str
    message: str
    ends_all: bool = False


class Studio:
    """Draw in at most two threads at a time, so that the event loop stays free."""

    def __init__(self, store: Store, delay_s: float, *, is_ready: bool = False) -> None:
        self._store = store
        self._delay_s: Final = delay_s
        self._is_ready: Final = is_ready
        self._limiter = anyio.CapacityLimiter(_DRAWING_THREADS)

    async def pictures(
        self, order: Order, row: LedgerRow, spoil: Spoil | None = None, *, billed: bool = True
    ) -> AsyncGenerator[Outcome]:
        """Yield each picture once its file is written; raise `RefusalError` for a reference that cannot be drawn.

        With `billed` false the caller settles the bill.
        """
        with self._store.at_work():
            async for one in self._drawn(order, row, spoil):
                if billed and isinstance(one, Drawn):
                    self._store.bill(row)
                yield one

    async def _drawn(self, order: Order, row: LedgerRow, spoil: Spoil | None) -> AsyncGenerator[Outcome]:
        seed = picture_seed(order.fingerprint, row.client_request_id)
        layers: tuple[Layer | None, ...] = (None,) * order.count
        if order.layered:
            layers = layers_of(order.width, order.height)
        for index, layer in enumerate(layers):
            await anyio.sleep(self._delay_s)
            if spoil and index == spoil.index:
                yield Failed(index, spoil.code, f"{spoil.message} Request id: {row.request_id}")
                if spoil.ends_all:
                    return
                continue
            key = f"{order.name}/{row.request_id}_{index}.{order.output_format}"
            scene = _scene(order, seed, index, len(layers), layer)
            path = self._store.add(key)
            await anyio.to_thread.run_sync(self._draw, scene, path, limiter=self._limiter)
            yield Drawn(index, key, scene.width, scene.height, layer)

    def _draw(self, scene: Scene, path: Path) -> None:
        """Write a picture, or the one that is ready."""
        if self._is_ready:
            path.write_bytes(_ready(scene.width, scene.height, scene.output_format, transparent=scene.transparent))
        else:
            path.write_bytes(_drawn(scene))


@lru_cache(maxsize=32)
def _ready(width: int, height: int, output_format: Literal["jpeg", "png"], *, transparent: bool) -> bytes:
    """Return a picture of that size and kind, drawn once in the life of the process."""
    return draw(Scene("ready", width, height, seed="", output_format=output_format, transparent=transparent))


def _scene(order: Order, seed: str, index: int, total: int, layer: Layer | None) -> Scene:
    if not order.is_set:
        seed, index, total = hashlib.sha256(f"{seed}/{index}".encode()).hexdigest(), 0, 1
    width, height = layer.size if layer else (order.width, order.height)
    return Scene(
        prompt=order.prompt,
        width=width,
        height=height,
        seed=seed,
        index=index,
        total=total,
        model=order.model_id,
        watermark=order.watermark,
        references=tuple(reference.content for reference in order.references),
        output_format=order.output_format,
        transparent=order.transparent or bool(layer and layer.z_index),
    )


def _drawn(scene: Scene) -> bytes:
    try:
        return draw(scene)
    except ValueError:
        raise unreadable_image("the image data cannot be read.") from None
