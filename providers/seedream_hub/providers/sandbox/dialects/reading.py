"""Read what several dialects share: prompt, references, the number of pictures, the callback address.

Fields that no model of a dialect documents are ignored, as Ark ignores them; a field that another model of the
same dialect takes is refused.
"""

import re
import socket
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from ..catalog import ReferenceRules
from ..fields import Body, checked_unicode, choice, nested, sequence, text, whole
from ..references import OwnObject, Reference, read_reference
from ..refusal import invalid, missing, unknown_model, unsupported
from ..wording import set_size
from .table import DialectModel, Numbers, Table

_HAN: Final = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_TOKEN: Final = re.compile(rf"[{_HAN}]|[^\s{_HAN}]+")
_MAX_IMAGES: Final = "sequential_image_generation_options.max_images"
_LOOPBACK: Final = "127.0.0.1"


def model_named(table: Table, body: Body) -> DialectModel:
    """Return the model a body names."""
    wanted = text(body, "model")
    if wanted is None:
        raise missing("model")
    found = table.find(wanted)
    if found is None:
        refusal = unknown_model(wanted)
        refusal.parameter = "model"
        raise refusal
    return found


def refuse_fields_not_taken(table: Table, model: DialectModel, body: Body) -> None:
    """Refuse a field that is another model's, unless it says no more than "off"."""
    known = frozenset[str]().union(*(each.takes for each in table.models))
    for name in sorted(known - model.takes - table.always_taken):
        if body.get(name) not in (None, False):
            raise unsupported(name)


def checked_choice(table: Table, model: DialectModel, body: Body, name: str) -> str | None:
    """Return the string at `name` if the document lists it for the model, and for a default None."""
    return choice(body, name, model.choices.get(name) or table.choices[name])


def prompt_in(body: Body, most_tokens: int | None = None) -> str:
    """Return the prompt, which must not be empty nor certainly longer than `most_tokens`."""
    prompt = text(body, "prompt")
    if prompt is None:
        raise missing("prompt")
    if not prompt.strip():
        raise invalid("prompt", "the prompt must not be empty.")
    if most_tokens is not None and tokens_at_least(prompt) > most_tokens:
        raise invalid("prompt", f"the prompt must be at most {most_tokens} tokens.")
    return prompt


def tokens_at_least(prompt: str) -> int:
    """Return the tokens a prompt is taken to have at the least: one a Chinese character, one a run between spaces.

    The tokenizer is not documented; one may take "don't" or "a,b" for a single token, so a run counts once.
    """
    return sum(1 for _ in _TOKEN.finditer(prompt))


def references_in(listed: list[object], most: int, rules: ReferenceRules, own: OwnObject) -> tuple[Reference, ...]:
    """Return the references, each held to the rules; raise for more than `most`."""
    if len(listed) > most:
        raise invalid(rules.field, f"number of reference images cannot exceed {most}.")
    return tuple(read_reference(_link(value, rules.field), rules, own) for value in listed)


def one_or_more_links(body: Body, name: str) -> list[object]:
    """Return the links at `name`, where a lone string stands for an array of one."""
    return [body[name]] if isinstance(body.get(name), str) else sequence(body, name)


def is_set(table: Table, body: Body) -> bool:
    """Return whether the model is to decide how many pictures there are."""
    name = "sequential_image_generation"
    return choice(body, name, table.choices[name]) == "auto"


def most_in_set(numbers: Numbers, body: Body) -> int:
    """Return `max_images` out of the options of a set."""
    bounds = numbers.max_images or (1, 1)
    options = nested(body, "sequential_image_generation_options")
    return whole(options, "max_images", bounds, _MAX_IMAGES) or numbers.max_images_default


def pictures_of(table: Table, body: Body, prompt: str, references: int) -> int:
    """Return how many pictures a body with Ark's two fields for sets asks for."""
    most = most_in_set(table.numbers, body)
    return set_size(prompt, most, references) if is_set(table, body) else 1


def callback_in(body: Body, numbers: Numbers, *, loopback: bool) -> str:
    """Return `callback_url`, empty if unset: https to a public host, with `loopback` also http to 127.0.0.1."""
    url = text(body, "callback_url")
    if url is None:
        return ""
    if numbers.callback_chars is not None and len(url) > numbers.callback_chars:
        raise invalid("callback_url", f"the address must be at most {numbers.callback_chars} characters.")
    try:
        parts = urlsplit(url)
        host = parts.hostname if parts.port != 0 else None
    except ValueError:
        raise invalid("callback_url", "invalid url specified.") from None
    if not host or not (_is_public(parts, host) or (loopback and parts.scheme == "http" and host == _LOOPBACK)):
        raise invalid("callback_url", "expected an https address of a public host.")
    return url


def _is_public(parts: SplitResult, host: str) -> bool:
    if parts.scheme != "https" or host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return False
    try:
        return ip_address(host).is_global
    except ValueError:
        return _is_global_if_address(host)


def _is_global_if_address(host: str) -> bool:
    """Read the spellings resolvers take for an address besides the usual one, such as `127.1` and `0x7f000001`."""
    try:
        return ip_address(socket.inet_aton(host)).is_global
    except (OSError, ValueError):
        return True


def _link(value: object, field: str) -> str:
    if not isinstance(value, str):
        raise invalid(field, "expected an array of strings.")
    return checked_unicode(value, field)
