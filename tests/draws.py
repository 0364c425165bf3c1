"""Calls drawn at random: values inside, at and outside every limit that a table of ours or a document has."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cache
from math import ceil, isqrt
from random import Random
from typing import Any, TypeVar

from seedream_hub.schemas.arguments import BATCH, EDIT, FUSE, GENERATE, Kind, Purpose
from seedream_hub.schemas.limits import Json, Limits, ModelLimits, packaged_table
from seedream_hub.schemas.plan import OPTIONS
from tests.pictures import drawn, picture, saved
from tests.rulings import document

# Ark's lite model ends in the days this is written for; what is compared here does not depend on the day.
STILL_SERVED = {"lifecycle": {"state": "current", "ends": None, "use_instead": None}}
LIMITS = Limits.from_json(packaged_table(), {"providers": {"ark": {"models": {"seedream-5.0-lite": STILL_SERVED}}}})
PROVIDERS = ("ark", "byteplus", "relay", "aigc", "novita", "evolink")
KINDS = (GENERATE, EDIT, FUSE, BATCH)

Bound = TypeVar("Bound", int, tuple[int, int])

LINK = "https://pictures.example.com/reference.png"
TIERS = ("1K", "1.5K", "2K", "3K", "4K")
RATIOS = ("auto", "1:1", "4:3", "3:4", "16:9", "9:16", "3:2", "2:3", "21:9", "4:5", "5:4")
HOW_MANY_ODD = (0, 1, 1, 1, 2, 2, 3, 5)
"""How many arguments a draw has besides the fewest that make a call."""


@dataclass(frozen=True, slots=True)
class Value:
    """What an argument may be given, and the limit it stands at, or just past."""

    given: Any
    limit: str = ""
    is_past: bool = False


@dataclass(frozen=True, slots=True)
class Draw:
    """One call. Its seed and number are all that is needed to draw it again."""

    seed: int
    number: int
    provider: str
    kind: Kind
    arguments: Json
    converts: bool
    """Whether references that a model does not take are converted, as SEEDREAM_CONVERT says."""
    values: dict[str, Value] = field(default_factory=dict[str, Value])

    @property
    def purpose(self) -> Purpose:
        """What the references are for."""
        is_layers = self.arguments.get("layer_decomposition") is True
        if self.arguments.get("background") == "transparent":
            return "transparent layers" if is_layers else "transparent"
        return "layers" if is_layers else "plain"

    def without(self, *names: str) -> "Draw":
        """Return the call with those arguments as they are in the fewest that make one, or not at all."""
        kept = {name: value for name, value in self.arguments.items() if name not in names}
        fewest = {name: value for name, value in fewest_arguments(self.kind).items() if name in names}
        return replace(self, arguments={**kept, **fewest})

    def __str__(self) -> str:
        call = {name: shortened(value) for name, value in self.arguments.items()}
        how = "auto" if self.converts else "never"
        return f"{self.provider} {self.kind.tool} {call} convert={how} (seed {self.seed}, draw {self.number})"


def shortened(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:100]}... ({len(text):,} characters)"


def fewest_arguments(kind: Kind) -> Json:
    """Return the fewest arguments a tool needs, all legal wherever the model takes references at all."""
    base: Json = {"prompt": "a cat"}
    if kind is EDIT:
        base["image"] = LINK
    if kind is FUSE:
        base["images"] = [LINK, LINK]
    if kind is BATCH:
        base["count"] = 2
    return base


def draw(provider: str, number: int, seed: int) -> Draw:
    """Draw a call."""
    random = Random(f"{seed}/{provider}/{number}")
    kind, offered = random.choice(KINDS), offered_models(provider)
    cuts = kind is EDIT and random.random() < 0.3
    model = random.choice([name for name in offered if cuts and cuts_out(provider, name)] or offered)
    arguments, values = fewest_arguments(kind) | {"model": model}, dict[str, Value]()
    own = pools(provider, model, kind.tool)
    rare = strange_options(provider)
    usual = [name for name in sorted(own) if name not in rare or random.random() < 0.3]
    names = random.sample(usual, random.choice(HOW_MANY_ODD))
    if cuts:
        names += random.sample(["background", "layer_decomposition", "image", "prompt", "size"], 3)
    for name in names:
        # Another model's limits are tried too: what one takes is often what the next does not.
        other = random.choice(offered) if random.random() < 0.2 else model
        pool = pools(provider, other, kind.tool)[name]
        at_limits = [value for value in pool if value.limit]
        value = random.choice(at_limits if at_limits and name != "prompt" and random.random() < 0.4 else pool)
        arguments[name] = value.given
        if other == model:
            values[name] = value
    if arguments["model"] != model:
        values.clear()  # they are limits of the model, and the draw is of another
    if random.random() < 0.02:
        del arguments[random.choice(sorted(arguments))]
    if random.random() < 0.04:
        arguments.update([random.choice(STRANGE)])
    return Draw(seed, number, provider, kind, arguments, random.random() < 0.5, values)


def cuts_out(provider: str, name: str) -> bool:
    """Say whether a model takes the options that make demands on the reference."""
    return "background" in LIMITS.providers[provider].models[name].fields


@cache
def strange_options(provider: str) -> set[str]:
    """Return the options that no model of a provider takes."""
    taken = {name for model in LIMITS.providers[provider].models.values() for name in model.fields}
    streams = any(model.stream for model in LIMITS.providers[provider].models.values())
    return {*OPTIONS, "stream"} - taken - ({"stream"} if streams else set())


@cache
def offered_models(provider: str) -> list[str]:
    """Return the names of the models the provider still serves, whatever the day."""
    return [model.name for model in LIMITS.providers[provider].models.values() if model.lifecycle.state != "ended"]


STRANGE: tuple[tuple[str, Any], ...] = (
    ("negative_prompt", "blurry"),
    ("n", 2),
    ("quality", "hd"),
    ("max_images", 3),
    ("style", "vivid"),
    ("image_urls", [LINK]),
    ("count", 2),
    ("image", LINK),
    ("images", [LINK]),
    ("background", "opaque"),
    ("layer_decomposition", False),
)


@cache
def pools(provider: str, name: str, tool: str) -> dict[str, list[Value]]:
    """Return the values each argument of a tool is drawn from, for a model."""
    model = LIMITS.providers[provider].models[name]
    kind = next(kind for kind in KINDS if kind.tool == tool)
    found = {
        "prompt": prompts(provider, model),
        "size": sizes(provider, model),
        "aspect_ratio": [*plain(*RATIOS, "16:10", "0:0", "1:1 ", "", 5)],
        "model": models(provider),
        "filename": [*limit("filename length", at=["f" * 80], past=["f" * 81]), *plain("fox", "", 5, None)],
        **options(provider, model, kind),
    }
    if kind.count[1] > 1:
        found["count"] = counts(kind)
    if kind.references[1] == 1:
        found["image"] = [*plain(*REFERENCES, LINK, LINK, 5, True, {"url": LINK})]
    if kind.references[1] > 1:
        found["images"] = reference_lists(kind, provider, model)
    return found


def plain(*given: Any) -> list[Value]:
    return [Value(one) for one in given]


def limit(name: str, at: Iterable[Any], past: Iterable[Any]) -> list[Value]:
    return [*(Value(one, name) for one in at), *(Value(one, name, is_past=True) for one in past)]


def known(*bounds: Bound | None) -> set[Bound]:
    """Return the bounds that are stated, be it by a table of ours or by a document."""
    return {bound for bound in bounds if bound is not None}


def prompts(provider: str, model: ModelLimits) -> list[Value]:
    found = plain(*["a cat", "a red fox in snow, 16:9", "一只猫在雪中", "a-b c_d don't — “q” 3.5"] * 6)
    found += plain("", " \n", "\u3000", "\x1c", "\u200b", 5, ["a cat"], None, "a \ud800 cat", "猫" * 700, "𠮷" * 50)
    for most in known(model.prompt.max_tokens, document(provider, model.id).prompt_tokens):
        at = ["2 images " + "word " * (most - 2), "一组2张" + "猫" * (most - 5)]
        found += plain(
            "word " * most, "猫" * most, "猫 word " * (most // 2), "don't " * most, "a,b " * most, "! " * most
        )
        past = ["word " * (most + 1), "猫" * (most + 1), "猫 word " * (most // 2) + "猫", "don't " * (most + 1)]
        found += limit("prompt.max_tokens", at, past)
    if model.prompt.max_chars:
        most = model.prompt.max_chars
        found += limit("prompt.max_chars", ["2 images " + "x" * (most - 9)], ["x" * (most + 1)])
    return found


def models(provider: str) -> list[Value]:
    rules = LIMITS.providers[provider]
    ids = [model.id for model in rules.models.values()]
    return plain(*rules.models, *rules.models, *ids, "seedream-9.9", "", 5, None)


def counts(kind: Kind) -> list[Value]:
    found = limit("count", at=[kind.count[0], 15], past=[kind.count[0] - 1, 16])
    return [*found, *plain(2, 3, 7, 14, 0, -1, 1_000_000, 2.0, 2.5, "3", True, None)]


def sizes(provider: str, model: ModelLimits) -> list[Value]:
    rules, documented = model.size, document(provider, model.id).sizes
    found = plain(*TIERS, *model.size.tiers, *model.size.tiers, "2k", "auto", "adaptive", "1:1", "2K ", "", "K")
    found += plain("2048x2048", "2048x2048", "02048x2048", "2048X2048", "2048*2048", "2048x2048\n", "9x9", "0x0")
    found += plain("100000x100000", "99999x99999", "1e3x1e3", "２K", 2048, True, ["2K"], None)
    for window in known(rules.pixels, documented.pixels):
        least, most = window
        found += limit("size.pixels least", [area(least, 1)] * 2, [area(least - 1, -1)] * 2)
        found += limit("size.pixels most", [area(most, -1)] * 2, [area(most + 1, 1)] * 2)
    for bound in known(int(rules.ratio[1]) if rules.ratio else None, documented.ratio):
        least, most = rules.pixels or (2**22, 2**23)
        short = ceil((least / bound) ** 0.5)
        assert (short * bound + 1) * short <= most
        found += limit("size.ratio widest", [f"{short * bound}x{short}"], [f"{short * bound + 1}x{short}"])
        found += limit("size.ratio narrowest", [f"{short}x{short * bound}"], [f"{short}x{short * bound + 1}"])
    return found


@cache
def area(pixels: int, step: int) -> str:
    """Return a size of that many pixels; of the nearest number in the direction of `step` that has one."""
    while True:
        for short in range(isqrt(pixels), isqrt(pixels // 3), -1):
            if pixels % short == 0:
                return f"{pixels // short}x{short}"
        pixels += step


def options(provider: str, model: ModelLimits, kind: Kind) -> dict[str, list[Value]]:
    seed, scale = (-1, 2147483647), (1, 10)
    found = {
        "watermark": plain(True, False, True, False, "yes", 1, None),
        "output_format": plain("jpeg", "png", "jpeg", "png", "webp", "PNG", 5, None),
        "optimize_prompt": plain("standard", "fast", "standard", "slow", "", 5, None),
        "web_search": plain(True, False, True, False, "yes", 1, None),
        "seed": plain(*seed, -2, 2147483648, 0, 42, 2.0, 2.5, "7", True, None),
        "guidance_scale": plain(*scale, 0.99, 10.01, 2.5, 5, "2.5", True, None),
        "response_format": plain("url", "b64_json", "url", "b64_json", "png", 5, None),
        "stream": plain(True, False, True, False, "true", 1, None),
        "callback_url": callbacks(provider, model),
    }
    if "seed" in model.fields:
        found["seed"] += [*limit("seed least", seed[:1], [-2]), *limit("seed most", seed[1:], [2147483648])]
        found["guidance_scale"] += limit("guidance_scale least", scale[:1], [0.99])
        found["guidance_scale"] += limit("guidance_scale most", scale[1:], [10.01])
    if kind is EDIT:
        found["background"] = plain("opaque", "transparent", "transparent", "clear", 5, None)
        found["layer_decomposition"] = plain(True, True, False, "yes", 1, None)
    return found


def callbacks(provider: str, model: ModelLimits) -> list[Value]:
    start = "https://example.com/"
    hosts = ("localhost", "127.0.0.1", "10.0.0.1", "[::1]", "127.1", "0x7f000001", "2130706433", "169.254.169.254")
    names = ("intranet", "nas.local", "printer.lan", "x.internal", "home.arpa", "a.localhost", "localhost.")
    found = plain(*[f"{start}done"] * 12, "https://1.1.1.1/x", "https://example.com:8443/a?b=c#d")
    found += plain(*(f"https://{host}/x" for host in (*hosts, *names)), "http://example.com/", "ftp://example.com/")
    found += plain("https://", "https:///x", "https://[bad", "https://example.com:99999/", "https://example.com:0/")
    found += plain("https://a b.example.com/", "https://user:pw@example.com/", "HTTPS://EXAMPLE.COM/", "done", "", 5)
    rule = model.fields.get("callback_url")
    for most in known(rule.max_length if rule else None, document(provider, model.id).callback_chars):
        found += limit("callback_url length", [start.ljust(most, "x")] * 4, [start.ljust(most + 1, "x")] * 4)
    return found


def reference_lists(kind: Kind, provider: str, model: ModelLimits) -> list[Value]:
    least, most = kind.references
    found = plain(*([one, LINK] for one in REFERENCES), [5, 6], 5, True, {"a": LINK}, None, [LINK, None])
    found += plain(*([LINK] * number for number in range(most + 3)))
    for bound in known(model.references.max or None, document(provider, model.id).max_references or None):
        found += limit("references.max", [[LINK] * bound] * 3, [[LINK] * (bound + 1)] * 3)
        found += limit("references of the tool", [[LINK] * least] * 3, [[LINK] * (least - 1)] * 3 if least else [])
    return found


def data_uri(content: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def png(width: int, height: int) -> str:
    return data_uri(picture("png", width, height), "png")


REFERENCES = (
    *([LINK] * 4),
    png(64, 48),
    data_uri(saved(drawn(64, 48, "RGBA"), "png"), "png"),
    *(data_uri(picture(kind), kind) for kind in ("jpeg", "webp", "bmp", "gif", "tiff", "heic", "heic", "heic")),
    data_uri(picture("png"), "PNG"),
    data_uri(picture("png"), "jpeg"),
    data_uri(picture("png")[:90], "png"),
    *(png(*sides) for sides in ((14, 14), (15, 14), (15, 15), (240, 15), (241, 15), (45, 15), (46, 15), (15, 46))),
    png(512, 512),
    png(511, 512),
    "data:image/png;base64,@@@",
    "data:text/plain;base64,eA==",
    "data:image/png,x",
    "",
    "  ",
    "A" * 1000,
    "ftp://pictures.example.com/a.png",
    "http://pictures.example.com/a.png",
    "https://127.0.0.1/a.png",
    "https://user:pw@pictures.example.com/a.png",
    "https://[bad/a.png",
    "https://",
    "a \ud800 picture://x",
)
