"""Fit a reference picture to what an upstream takes, and say what was done to it."""

import base64
from dataclasses import dataclass
from math import inf, sqrt
from pathlib import Path
from typing import Final, cast

import anyio
import anyio.to_thread
from anyio.lowlevel import RunVar

from seedream_hub.schemas.errors import ArgumentError
from seedream_hub.schemas.language import say
from seedream_hub.schemas.limits import ReferenceRules
from seedream_hub.schemas.size import as_share

from .metadata import UPRIGHT
from .picture_kind import Kind
from .reference_convert import Redrawn, Target, TooLargeError, redraw, shrunk
from .reference_source import UNREADABLE, Source, UnreadableError, open_picture, read_source
from .references import FileReference

DECODERS: Final = 2
"""Pictures looked at or redrawn at once: one of 16 megapixels takes 50 to 260 MB."""

_decoders: RunVar[anyio.CapacityLimiter] = RunVar("decoders")


@dataclass(frozen=True, slots=True)
class Fitted:
    """A reference ready to send: no metadata but its colour profile, and within the rules."""

    content: bytes
    mime_type: str
    width: int
    height: int
    warnings: tuple[str, ...] = ()

    @property
    def has_alpha(self) -> bool:
        """Whether any of it can be transparent."""
        with open_picture(cast("Kind", self.mime_type.removeprefix("image/")), self.content) as image:
            return image.has_transparency_data

    @property
    def data_uri(self) -> str:
        """The picture as upstreams take it in JSON."""
        return f"data:{self.mime_type};base64,{base64.b64encode(self.content).decode()}"


@dataclass(frozen=True, slots=True)
class Need:
    """Why a picture cannot be sent as it is: for a refusal, and for the warning when it was mended."""

    problem: str
    works: str
    done: str


@dataclass(frozen=True, slots=True)
class Case:
    """One reference, whose argument it is, and who is to take it."""

    reference: FileReference
    rules: ReferenceRules
    argument: str
    label: str
    source: str | None

    @property
    def name(self) -> str:
        """What to call the picture: its file's name, its id, or "data URI"."""
        return Path(self.reference.origin).name

    def refusal(self, problem: str, works: str, *, cite: bool = True) -> ArgumentError:
        """Return the error to raise."""
        return ArgumentError(self.argument, f"({self.name}) {problem}", works, self.source if cite else None)

    def told(self, done: str) -> str:
        """Return a warning."""
        return say("{argument}: {name} {done}.", argument=self.argument, name=self.name, done=done)


async def fit(
    reference: FileReference,
    rules: ReferenceRules,
    argument: str,
    *,
    convert: bool,
    label: str = "the provider",
    source: str | None = None,
) -> Fitted:
    """Return the picture without metadata, and where `convert` allows it, mended to keep the rules.

    `label` is who takes it, `source` where the rules stand; both are for texts.

    Raises:
        ArgumentError: If it is no whole picture, or outside the rules in a way that is not mended.
    """
    case = Case(reference, rules, argument, label, source)
    limiter = _decoders.get(None) or anyio.CapacityLimiter(DECODERS)
    _decoders.set(limiter)
    return await anyio.to_thread.run_sync(lambda: _fit(case, convert=convert), limiter=limiter)


def _fit(case: Case, *, convert: bool) -> Fitted:
    try:
        source = read_source(case.reference.content)
    except UnreadableError as exc:
        raise case.refusal(str(exc), say("pass a picture such as JPEG or PNG"), cite=False) from exc
    _check_shape(case, source)
    noted = (say("is animated; only its still picture is sent"),) if source.was_animated else ()
    needs = _needs(case, source)
    if needs and not convert:
        works = say("{works}, or set SEEDREAM_CONVERT=auto to have it done", works=needs[0].works)
        raise case.refusal(needs[0].problem, works)
    try:
        if not needs:
            _verify(source)
            told = tuple(case.told(note) for note in noted)
            return Fitted(source.content, f"image/{source.kind}", source.width, source.height, told)
        return _mended(case, source, needs, noted)
    except TooLargeError as exc:
        raise case.refusal(str(exc), say("pass a JPEG or PNG within the limits")) from exc
    except UNREADABLE as exc:
        problem = say("is damaged or cut short, and cannot be decoded: {reason}", reason=exc)
        raise case.refusal(problem, say("pass a whole picture"), cite=False) from exc


def _mended(case: Case, source: Source, needs: list[Need], noted: tuple[str, ...]) -> Fitted:
    size = _scaled(source, case.rules)
    redrawn = redraw(source, Target(size, case.rules.formats, case.rules.max_bytes or inf))
    done = [*noted, *(need.done for need in needs)]
    if (redrawn.width, redrawn.height) != size:
        became, most = f"{redrawn.width}x{redrawn.height}", case.rules.max_bytes
        done.append(say("was scaled to {size} to keep within {most:,} bytes", size=became, most=most))
    told = tuple(case.told(_filled(text, redrawn)) for text in done)
    return Fitted(redrawn.content, f"image/{redrawn.format}", redrawn.width, redrawn.height, told)


def _filled(text: str, redrawn: Redrawn) -> str:
    """Put what became of the picture into a warning."""
    facts = {"<format>": redrawn.format.upper(), "<bytes>": f"{len(redrawn.content):,}"}
    for mark, fact in facts.items():
        text = text.replace(mark, fact)
    return text


def _check_shape(case: Case, source: Source) -> None:
    """Refuse what cannot be mended: the shape, and what is too small."""
    rules, (width, height) = case.rules, (source.width, source.height)
    named = {"size": f"{width}x{height}", "model": case.label}
    if rules.ratio and not rules.ratio[0] <= width / height <= rules.ratio[1]:
        low, high = map(as_share, rules.ratio)
        named |= {"ratio": f"{width / height:.4g}", "low": low, "high": high}
        told = say("is {size}, ratio {ratio}; {model} takes {low} to {high}", **named)
        raise case.refusal(told, say("crop it or add a border"))
    if rules.min_side_exclusive is not None and min(width, height) <= rules.min_side_exclusive:
        told = say("is {size}; {model} takes sides longer than {side} px", side=rules.min_side_exclusive, **named)
        raise case.refusal(told, say("pass a larger picture"))
    if rules.pixels and source.pixels < rules.pixels[0]:
        counted = {"pixels": source.pixels, "least": rules.pixels[0]}
        told = say("is {size}, {pixels:,} px; {model} takes {least:,} px and more", **counted, **named)
        raise case.refusal(told, say("pass a larger picture"))


def _needs(case: Case, source: Source) -> list[Need]:
    """List why the picture cannot be sent as it is."""
    rules, kind = case.rules, source.kind.upper()
    found: list[Need] = []
    if not _is_taken(source, rules):
        found.append(_of_another_format(case, kind))
    if source.is_animated:
        done = say("holds several pictures; only the first is sent")
        found.append(Need(say("holds several pictures, and a reference is one"), say("save one of them"), done))
    if source.orientation != UPRIGHT:
        problem = say("is stored turned, and {model} ignores the EXIF mark that says so", model=case.label)
        done = say("was turned upright as its EXIF orientation says")
        found.append(Need(problem, say("save it upright"), done))
    if source.has_metadata and not found:
        found.append(_with_metadata(kind))
    if rules.pixels and source.pixels > rules.pixels[1]:
        found.append(_of_too_many_pixels(case, source, rules.pixels[1]))
    if rules.max_bytes is not None and len(source.content) > rules.max_bytes:
        found.append(_of_too_many_bytes(case, len(source.content), rules.max_bytes))
    return found


def _of_another_format(case: Case, kind: str) -> Need:
    formats = ", ".join(case.rules.formats or (say("JPEG and PNG"),))
    taken = say("{model} takes {formats}", model=case.label, formats=formats)
    done = say("was converted from {format} to <format> ({taken})", format=kind, taken=taken)
    return Need(say("is {format}; {taken}", format=kind, taken=taken), say("convert it"), done)


def _with_metadata(kind: str) -> Need:
    problem = say(
        "carries metadata, which may tell where it was taken and cannot be cut out of a {format} file", format=kind
    )
    done = say("was saved again as <format>, because its metadata cannot be cut out of a {format} file", format=kind)
    return Need(problem, say("save it without metadata"), done)


def _of_too_many_pixels(case: Case, source: Source, most: int) -> Need:
    limit = say("{model} takes at most {most:,} px", model=case.label, most=most)
    width, height = _scaled(source, case.rules)
    size, smaller = f"{source.width}x{source.height}", f"{width}x{height}"
    done = say("was scaled from {size} to {smaller} ({limit})", size=size, smaller=smaller, limit=limit)
    problem = say("is {size}, {pixels:,} px; {limit}", size=size, pixels=source.pixels, limit=limit)
    return Need(problem, say("scale it down"), done)


def _of_too_many_bytes(case: Case, size: int, most: int) -> Need:
    limit = say("{model} takes at most {most:,} bytes", model=case.label, most=most)
    done = say("was compressed from {size:,} to <bytes> bytes ({limit})", size=size, limit=limit)
    return Need(say("has {size:,} bytes; {limit}", size=size, limit=limit), say("save it smaller"), done)


def _is_taken(source: Source, rules: ReferenceRules) -> bool:
    """Say whether the format is taken. Where none is documented, those that every upstream reads."""
    if rules.formats is None:
        return source.kind in {"jpeg", "png", "webp"}
    return source.kind in rules.formats or (source.kind == "heic" and "heif" in rules.formats)


def _scaled(source: Source, rules: ReferenceRules) -> tuple[int, int]:
    """Return the largest size within the pixels taken."""
    most = rules.pixels[1] if rules.pixels else source.pixels
    size = (source.width, source.height)
    return size if source.pixels <= most else shrunk(size, sqrt(most / source.pixels))


def _verify(source: Source) -> None:
    """Decode what was not taken apart byte by byte, to find a file that is cut short."""
    if source.kind in {"gif", "bmp", "tiff", "heic"}:
        with open_picture(source.kind, source.content) as image:
            image.load()
