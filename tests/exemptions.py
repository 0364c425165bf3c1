"""Where we refuse on purpose what the sandbox takes. There is no other exemption, and none the other way round."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import urlsplit

from seedream_hub.schemas.size import PIXELS
from tests.draws import LIMITS, Draw
from tests.intents import COUNT, REFERENCES, SHAPE, count_field, members_of, model_of, wire_names
from tests.ours import KINDS, shape_of
from tests.rulings import document


@dataclass(frozen=True, slots=True)
class Exemption:
    """One rule of ours that no document has."""

    name: str
    why: str
    holds: Callable[[Draw, str], bool]
    """Whether it is why we refuse this argument of the call."""


def exemption_of(draw: Draw, group: str) -> str | None:
    """Return the name of the rule by which we alone refuse an argument of a call, None where there is none."""
    return next((one.name for one in EXEMPTIONS if one.holds(draw, group)), None)


def _undocumented(draw: Draw, group: str) -> bool:
    model, model_id = model_of(draw)
    if group in {COUNT, SHAPE, REFERENCES, "model", "prompt"}:
        return False
    field = wire_names(draw.provider, model).get(group)
    return model_id == model.id and field not in document(draw.provider, model.id).fields


def _of_another_tool(draw: Draw, group: str) -> bool:
    mine, *others = (set(shape_of(draw.provider, tool).model_fields) for tool in (draw.kind.tool, *KINDS))
    given = draw.arguments.keys() & set(members_of(group)) - mine
    return any(given & other for other in others)


def _many_requests(draw: Draw, group: str) -> bool:
    return group == COUNT and count_field(draw, model_of(draw)[0]) is None


def _set_of_one(draw: Draw, group: str) -> bool:
    return group == COUNT and draw.kind.is_set and draw.arguments.get("count") in {None, 1}


def _together(draw: Draw, group: str) -> bool:
    count: Any = draw.arguments.get("count")
    most = model_of(draw)[0].group.references_plus_outputs
    if group != COUNT or most is None or not isinstance(count, int | float):
        return False
    return count <= most < count + len(_given_references(draw))


def _fewest(draw: Draw, group: str) -> bool:
    return group == REFERENCES and len(_given_references(draw)) < draw.kind.references[0]


def _given_references(draw: Draw) -> list[Any]:
    given: Any = draw.arguments.get("image") or draw.arguments.get("images") or []
    return cast("list[Any]", given) if isinstance(given, list) else [given]


def _capitals(draw: Draw, group: str) -> bool:
    size = draw.arguments.get("size")
    is_lower = isinstance(size, str) and size.upper() in model_of(draw)[0].size.tiers and size != size.upper()
    return group == SHAPE and is_lower and draw.provider in {"ark", "byteplus", "relay"}


def _two_shapes(draw: Draw, group: str) -> bool:
    size, ratio = draw.arguments.get("size"), draw.arguments.get("aspect_ratio")
    return group == SHAPE and bool(ratio) and isinstance(size, str) and bool(PIXELS.fullmatch(size))


def _aigc_shape(draw: Draw, group: str) -> bool:
    size = draw.arguments.get("size")
    if group != SHAPE or draw.provider != "aigc" or not isinstance(size, str) or size.count("x") != 1:
        return False
    width, height = size.split("x")
    is_wide = width.isdecimal() and height.isdecimal() and not 1 / 16 <= int(width) / max(1, int(height)) <= 16
    return is_wide or not PIXELS.fullmatch(size)


def _long_prompt(draw: Draw, group: str) -> bool:
    most = model_of(draw)[0].prompt.max_chars
    prompt, added = draw.arguments.get("prompt"), 60 if draw.kind.is_set else 0
    return group == "prompt" and isinstance(prompt, str) and most is not None and len(prompt) + added > most


def _layers(draw: Draw) -> bool:
    return draw.arguments.get("layer_decomposition") is True and "layer_decomposition" in model_of(draw)[0].fields


def _shape(draw: Draw) -> list[Any]:
    return [draw.arguments.get(name) for name in members_of(SHAPE)]


def _links(draw: Draw, group: str) -> bool:
    listed = _given_references(draw)
    return group == REFERENCES and any(isinstance(one, str) and one.startswith("http") for one in listed)


def _heic(draw: Draw, group: str) -> bool:
    image = str(draw.arguments.get("image"))
    return group == "background" and image.startswith("data:image/heic") and "transparent" in draw.purpose


def _callback_host(draw: Draw, group: str) -> bool:
    url: Any = draw.arguments.get("callback_url")
    if group != "callback_url" or not isinstance(url, str) or not url.startswith("https://"):
        return False
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return False
    return "." not in host or host.endswith((".lan", "home.arpa"))


def _model_id(draw: Draw, group: str) -> bool:
    name = draw.arguments.get("model")
    return group == "model" and any(name in model.ids for model in LIMITS.providers[draw.provider].models.values())


def _ended(draw: Draw, group: str) -> bool:
    return group == "model" and model_of(draw)[0].lifecycle.state == "ended"


EXEMPTIONS: Final = (
    Exemption("file name", "our own argument; it goes nowhere", lambda _, group: group == "filename"),
    Exemption("undocumented", "no document lists the field for the model, so nobody knows what it does: upstreams "
              "ignore most such fields, and bill", _undocumented),
    Exemption("of another tool", "the field is documented, the argument belongs to another of our tools",
              _of_another_tool),
    Exemption("many requests", "where no field says how many, a picture is a request, and there are at most 15 "
              "(`call.max_count`)", _many_requests),
    Exemption("a set of one", "`batch_images` makes two pictures or more", _set_of_one),
    Exemption("together", "above 15 references and pictures together, upstreams make fewer pictures than asked for",
              _together),
    Exemption("fewest references", "editing needs a picture and fusing needs two; upstreams draw without", _fewest),
    Exemption("capitals", "tiers are written as the documents write them; Ark takes `2k` too", _capitals),
    Exemption("two shapes", "`size` holds pixels or a shape; a body cannot say both, and one would be lost",
              _two_shapes),
    Exemption("shapes of aigc.it", "no window is documented; Ark's ratio and sides of 2 to 5 digits hold",
              _aigc_shape),
    Exemption("long prompt", "a bound in BytePlus's model data only, in no parameter list", _long_prompt),
    Exemption("layers without a prompt", "every tool of ours takes a prompt",
              lambda draw, group: group == "prompt" and _layers(draw)),
    Exemption("layers, auto", "`auto` is said by leaving size out",
              lambda draw, group: group == SHAPE and _layers(draw) and "auto" in _shape(draw)),
    Exemption("links", "references are https links to public hosts without a password", _links),
    Exemption("transparency of HEIC", "its pixels are not read by the sandbox", _heic),
    Exemption("callback host", "a name that only a local network knows is no host to call", _callback_host),
    Exemption("callback scheme", "https is written in lower case: the schema says so in a pattern",
              lambda draw, group: group == "callback_url" and str(draw.arguments.get(group)).startswith("HTTPS://")),
    Exemption("model id", "models are called by name here; the ids are the upstreams'", _model_id),
    Exemption("ended", "Ark shut 3.0-t2i down; the sandbox keeps it for trying its rules", _ended),
)  # fmt: skip
