"""Where each documented parameter is reachable from a tool, or why it is not."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Literal

from seedream_hub.providers.sandbox import rules
from seedream_hub.providers.sandbox.catalog import CATALOG
from seedream_hub.providers.sandbox.dialects import aigc, evolink, novita, relay
from seedream_hub.schemas.limits import Limits, ModelLimits

Way = Literal["argument", "setting", "always", "never"]


@dataclass(frozen=True)
class Reach:
    """`names` are the tool arguments, or the settings, by which a parameter is reached."""

    way: Way
    names: tuple[str, ...]
    note: str

    def __str__(self) -> str:
        listed = ", ".join(f"`{name}`" for name in self.names)
        return {"always": "always sent", "never": "never sent"}.get(self.way, f"{self.way} {listed}")


def argument(*names: str, note: str = "") -> Reach:
    return Reach("argument", names, note)


def setting(*names: str, note: str = "") -> Reach:
    return Reach("setting", names, note)


def always(note: str) -> Reach:
    return Reach("always", (), note)


def never(note: str) -> Reach:
    return Reach("never", (), note)


SET: Final = "sequential_image_generation"
OPTIONS: Final = f"{SET}_options"
PROMPT_OPTIONS: Final = "optimize_prompt_options"
LEFTOVER: Final = never("A leftover of the Python SDK that no document describes")
AUTO: Final = "`auto` for a set, else left out"
BY_NAME: Final = argument("model", note="Chosen by our name, sent as the provider's id")
CALLBACK: Final = argument("callback_url", note="https to a public host, refused otherwise before anything is sent")
AS_OUTER: Final = "Inside the row above"

ARK: Final[dict[str, Reach]] = {
    "Authorization": setting("ARK_API_KEY", note="`Bearer` and the key"),
    "model": argument("model", note="Chosen by name, sent as id. `SEEDREAM_MODELS` may name any id, `ep-…` too"),
    "prompt": argument("prompt", note="`batch_images` adds the set's number where the text does not state it"),
    "image": argument("image", "images", note="A string for one, an array for more. Local files become data URIs"),
    "size": argument("size", "aspect_ratio", note="A ratio with a tier becomes the documented pixels"),
    "seed": never("Only 3.0-t2i and SeedEdit document it, and both are shut down here"),
    "guidance_scale": never("Only 3.0-t2i and SeedEdit take it, and both are shut down here"),
    "response_format": argument("response_format", note="Either way the pictures end as files"),
    "watermark": argument("watermark", note="Left out unless given; the provider's default is true"),
    SET: argument("count", note="`auto` for a set; else left out, since 5.0-pro and flash refuse even `disabled`"),
    OPTIONS: argument("count", note="Only for a set"),
    f"{OPTIONS}.max_images": argument("count", note="Always explicit in a set: the default is 15"),
    "stream": argument("stream", note="On for a set where the model can, unless `false` is passed"),
    PROMPT_OPTIONS: argument("optimize_prompt"),
    f"{PROMPT_OPTIONS}.mode": argument("optimize_prompt", note=AS_OUTER),
    "output_format": argument("output_format", note="4.5 and 4.0 refuse it: they always answer jpeg"),
    "tools": argument("web_search", note="5.0-lite only"),
    "tools.type": argument("web_search", note=AS_OUTER),
    "background": argument("background", note="`transparent` needs one reference with transparent parts"),
    "layer_decomposition": argument(
        "layer_decomposition", note="Every layer becomes a file; `next` says how they lie on each other"
    ),
    "image_guidance_scale": LEFTOVER,
    "optimize_prompt": LEFTOVER,
    f"{PROMPT_OPTIONS}.thinking": LEFTOVER,
}

_LEFTOVERS: Final = {name for name, reach in ARK.items() if reach is LEFTOVER}
_SEED: Final = "3.0-t2i only, while it is served"

BYTEPLUS: Final[dict[str, Reach]] = {
    **{name: reach for name, reach in ARK.items() if name not in {*_LEFTOVERS, "tools", "tools.type"}},
    "Authorization": setting(
        "BYTEPLUS_API_KEY", "SEEDREAM_BYTEPLUS_REGION", note="`Bearer` and the key, which works only in its region"
    ),
    "seed": argument("seed", note=_SEED),
    "guidance_scale": argument("guidance_scale", note=_SEED),
}

RELAY: Final[dict[str, Reach]] = {
    **{name: ARK[name] for name in ("prompt", "size", "response_format", "watermark", "stream")},
    **{name: ARK[name] for name in (OPTIONS, f"{OPTIONS}.max_images")},
    SET: argument("count", note=AUTO),
    "model": setting("SEEDREAM_MODELS", note="4.0's id, unless others are named; then by `model` too"),
    "Authorization": setting("SEEDREAM_RELAY_API_KEY", note="`Bearer` and the key"),
    "image": argument("image", "images", note="Always an array, be it of one"),
}

AIGC: Final[dict[str, Reach]] = {
    **{name: ARK[name] for name in ("prompt", "image", "size", "watermark", OPTIONS, "stream")},
    "model": BY_NAME,
    f"{OPTIONS}.max_images": ARK[f"{OPTIONS}.max_images"],
    "Authorization": setting("AIGC_API_KEY", note="`Bearer` and the key"),
    "Content-Type": always("`application/json`"),
    SET: argument("count", "images", note="`auto` for a set, `disabled` for a fusion as in the document's example"),
    "n": argument("count", note="Of `generate_image`: so many variants in one request. Left out for one"),
    "prompt_priority": argument("optimize_prompt"),
    "image_urls": never("Another name of `image`, which takes data URIs too; both at once are not described"),
    "callback_url": replace(CALLBACK, note=f"{CALLBACK.note}. The answer itself comes all the same"),
}

NOVITA: Final[dict[str, Reach]] = {
    **{name: ARK[name] for name in ("prompt", "size", "watermark", OPTIONS, f"{OPTIONS}.max_images")},
    **{name: ARK[name] for name in (PROMPT_OPTIONS, f"{PROMPT_OPTIONS}.mode")},
    "Authorization": setting("NOVITA_API_KEY", note="`Bearer` and the key"),
    "Content-Type": always("`application/json`"),
    "image": argument("image", "images", note="Always an array"),
    "images": argument("image", "images", note="4.0's name for the references"),
    SET: argument("count", note=AUTO),
    "max_images": argument("count", note="4.0's, at the top level. Always explicit in a set"),
}

EVOLINK: Final[dict[str, Reach]] = {
    "Authorization": setting("EVOLINK_API_KEY", note="`Bearer` and the key"),
    "model": BY_NAME,
    "prompt": ARK["prompt"],
    "size": argument(
        "size", "aspect_ratio", note="4.0 and 5.0-lite: the ratio (5.0-lite also pixels). 4.5: tier or pixels"
    ),
    "quality": argument("size", note="The tier, where `size` is a ratio"),
    "n": argument(
        "count", note="Of a set. It only bounds the number the prompt states, so variants are single requests"
    ),
    "image_urls": argument("image", "images", note="Links. Local files are uploaded to EvoLink's Files API first"),
    "prompt_priority": argument("optimize_prompt"),
    "callback_url": replace(CALLBACK, note=f"{CALLBACK.note}. The task is polled all the same"),
    "task_id": always("In the path of every poll: 3 s after the request, then every 3 to 5 s or as Retry-After says"),
    "file": argument("image", "images", note="Files API, multipart: a local reference, good for 72 hours"),
}

REACH: Final[dict[str, dict[str, Reach]]] = {
    "ark": ARK,
    "byteplus": BYTEPLUS,
    "relay": RELAY,
    "aigc": AIGC,
    "novita": NOVITA,
    "evolink": EVOLINK,
}


FIRST: Final = ("model", "prompt", "image", "images", "image_urls", "size", "quality", "n", SET)
ORDER: Final = [
    *dict.fromkeys(
        [
            "Authorization",
            "Content-Type",
            *FIRST,
            "max_images",
            OPTIONS,
            f"{OPTIONS}.max_images",
            *ARK,
            *AIGC,
            *EVOLINK,
        ]
    ),
]


def sandbox_fields(provider: str) -> dict[str, frozenset[str]]:
    """Return what the sandbox's own reading of the documents lists for each model, by our name of it."""
    if provider in {"ark", "byteplus"}:
        ids = [(model, wanted) for model in CATALOG.models for wanted in model.ids]
        ours = [one for one in ids if one[1].startswith("doubao-") == (provider == "ark")]
        return {_short(model.name): rules.documented_fields(wanted) for model, wanted in ours}
    module = {"relay": relay, "aigc": aigc, "novita": novita, "evolink": evolink}[provider]
    return {_short(model.name): module.documented_fields(model.name) for model in module.TABLE.models}


def _short(name: str) -> str:
    """Return `4.5` for `doubao-seedream-4-5`, `seedream-4.5` or `doubao-seedream-4-0-250828`."""
    family, _, version = name.removeprefix("doubao-").removesuffix("-250828").partition("-")
    major, _, rest = version.replace(".", "-", 1).partition("-")
    return f"{major}.{rest}" if family == "seedream" else name


def parameters_table(provider: str) -> str:
    """Return a row for every parameter the provider documents."""
    fields = sandbox_fields(provider)
    lines = ["| parameter | models | reachable by | how |", "|---|---|---|---|"]
    for name, reach in sorted(REACH[provider].items(), key=lambda row: ORDER.index(row[0])):
        takers = [model for model, names in fields.items() if name in names]
        models = "all" if len(takers) == len(fields) else ", ".join(takers)
        lines.append(f"| `{name}` | {models} | {reach} | {reach.note} |")
    return "\n".join(lines)


@dataclass(frozen=True)
class Conflict:
    """Where documents disagree: two sides, and what holds here, told by `held` from the limits table."""

    topic: str
    one: str
    other: str
    held: str = ""
    model: str = ""
    figure: str = ""


CONFLICTS: Final = (
    Conflict("References, 4.0", "10: Novita, EvoLink's table, Ark at launch", "14: EvoLink's text, aigc.it, Ark now",
             model="seedream-4.0", figure="references.max"),
    Conflict("Formats of references, 4.0", "jpeg, png: Novita, EvoLink's table",
             "with webp, bmp, tiff, gif: aigc.it, EvoLink's text; heic, heif as well: Ark now",
             model="seedream-4.0", figure="references.formats"),
    Conflict("Ratio of references, 4.0", "1/3 to 3: Novita, EvoLink", "1/16 to 16: aigc.it, Ark since November 2025",
             model="seedream-4.0", figure="references.ratio"),
    Conflict("Bytes of a reference, 4.0", "10 MB: all pages of resellers", "30 MB: Ark now",
             model="seedream-4.0", figure="references.max_bytes"),
    Conflict("Least pixels, 4.0", "1024x1024: Novita, the relay", "1280x720: Ark now, EvoLink's OpenAPI",
             model="seedream-4.0", figure="size.pixels"),
    Conflict("Most pixels, 5.0-lite", "10,404,496: Novita, Ark at launch", "16,777,216: Ark now; 3072x3072: EvoLink",
             model="seedream-5.0-lite", figure="size.pixels"),
    Conflict("16:9 at 2K, 4.5", "2560x1440: aigc.it, Novita, BytePlus in 2025", "2848x1600: Ark and BytePlus now",
             model="seedream-4.5", figure="16:9"),
    Conflict("Length of a prompt, 4.5", "300 Chinese characters or 600 words, as advice: Ark, Novita, the relay",
             "2000 tokens: aigc.it, EvoLink", model="seedream-4.5", figure="prompt.max_tokens"),
    Conflict("Output format of 4.5", "png too: a tutorial's table", "jpeg only: BytePlus' and Ark's API pages",
             model="seedream-4.5", figure="fields.output_format"),
    Conflict("Default of `max_images`", "15: Ark, BytePlus, the relay", "not stated: aigc.it, Novita",
             "always sent in a set"),
    Conflict("`sequential_image_generation: disabled` on 5.0-pro", "400: two reports of July 2026",
             "200: a probe of September 2026", "left out"),
    Conflict("Pixels as `size`, EvoLink 4.0", "taken: the page's text, the OpenAPI",
             "ratios only: the page's table", "ratios only"),
    Conflict("`n`, EvoLink", "the number of pictures: 4.0's page", "the most, the prompt states the number: OpenAPI",
             "sets state their number; variants are single requests"),
    Conflict("Data of an event", "JSON over several lines: aigc.it, BytePlus", "one line: measured on the wire",
             "both are read"),
    Conflict("Usage in aigc.it's stream", "2 images", "the tokens of 3, as in BytePlus' page",
             "`generated_images` is believed, nothing is computed from tokens"),
    Conflict("Price of 4.0 at EvoLink", "1.6 credits, $0.0222: the page", "1.4 and 1.8 credits: OpenAPI",
             "none is assumed"),
)  # fmt: skip


def conflicts_table(limits: Limits) -> str:
    """Return a row for every point on which documents disagree, with the limits that hold for each provider."""
    lines = ["| topic | one side | other side | what holds |", "|---|---|---|---|"]
    for row in CONFLICTS:
        held = row.held or _by_provider(row.model, row.figure, limits)
        lines.append(f"| {row.topic} | {row.one} | {row.other} | {held} |")
    return "\n".join(lines)


def _by_provider(model: str, figure: str, limits: Limits) -> str:
    holders: dict[str, list[str]] = {}
    for provider in REACH:
        rules_of = limits.providers[provider].models.get(model)
        if rules_of is not None:
            holders.setdefault(_told(rules_of, figure), []).append(limits.providers[provider].label)
    return "; ".join(f"{value}: {', '.join(names)}" for value, names in holders.items())


def _told(model: ModelLimits, figure: str) -> str:
    references, size = model.references, model.size
    match figure:
        case "references.max":
            return str(references.max)
        case "references.formats":
            return _listed(references.formats or ())
        case "references.ratio":
            narrow, wide = references.ratio or (0, 0)
            return f"1/{1 / narrow:g} to {wide:g}"
        case "references.max_bytes":
            return f"{(references.max_bytes or 0) // 2**20} MB"
        case "size.pixels":
            free = "any pixels" if size.takes_pixels else "no pixels"
            return "{:,} to {:,} px".format(*size.pixels) if size.pixels else free
        case "16:9":
            return size.recommended.get("2K", {}).get("16:9", "chosen upstream")
        case "prompt.max_tokens":
            return f"{model.prompt.max_tokens} tokens" if model.prompt.max_tokens else "advice"
        case _:
            return "taken" if figure.rpartition(".")[2] in model.fields else "not taken"


def _listed(values: Iterable[str]) -> str:
    return " ".join(values)
