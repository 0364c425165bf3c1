"""Change one value of a JSON file by hand: comments, order, spacing and trailing commas of all the rest stay."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from seedream_hub.schemas.language import say

BLANK: Final = re.compile(r"(?:\s|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
STRING: Final = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
SCALAR: Final = re.compile(r"-?[0-9][-+.0-9eE]*|true|false|null")
INDENT: Final = re.compile(r"^([ \t]+)\S", re.MULTILINE)
DEEPEST: Final = 200


@dataclass(slots=True)
class Node:
    """A value, where it stands in the text, and an object's members by name; of two alike the last one counts."""

    start: int
    end: int = 0
    value: Any = None
    members: dict[str, "Member"] = field(default_factory=dict[str, "Member"])


@dataclass(slots=True)
class Member:
    """A member of an object: where its name begins, and its value."""

    start: int
    node: Node


def read(text: str) -> Any:  # noqa: ANN401 - JSON
    """Return what the text says; of nothing, or of comments only, an empty object.

    Raises:
        ValueError: If it is no JSON, comments and trailing commas aside; the message names the line.
    """
    return _parse(text).value


def put(text: str, path: Sequence[str], value: object) -> str:
    """Return the text with `value` at `path`, the objects on the way made where they are missing.

    Raises:
        ValueError: If it is no JSON, or something on the way is no object.
    """
    node = root = _parse(text)
    if root.end == root.start:
        break_ = "" if text.endswith("\n") or not text.strip("\ufeff") else "\n"
        return text + break_ + _dumped(_nested(path, value), text, "") + "\n"
    for depth, name in enumerate(path):
        if not isinstance(node.value, dict):
            raise ValueError(say("{name} is no object", name=".".join(path[:depth]) or "JSON"))  # noqa: TRY004 - one kind of error for a bad file
        if name not in node.members:
            return _inserted(text, node, name, _nested(path[depth + 1 :], value))
        node = node.members[name].node
    if node.value == value:
        return text
    return text[: node.start] + _dumped(value, text, _margin(text, node.start)) + text[node.end :]


def drop(text: str, path: Sequence[str]) -> str:
    """Return the text without what is at `path`, its comma and its line; the text itself if nothing is there.

    Raises:
        ValueError: If it is no JSON.
    """
    node = _parse(text)
    for name in path[:-1]:
        if name not in node.members:
            return text
        node = node.members[name].node
    names = list(node.members)
    if path[-1] not in names:
        return text
    member = node.members[path[-1]]
    before, after = text[: member.start].rstrip(), text[member.node.end :]
    gap = text[len(before) : member.start]
    comma = _skip(text, member.node.end)
    if text[comma] == ",":
        after = text[member.node.end : comma] + text[comma + 1 :]
    elif len(names) > 1:
        comma = _skip(text, node.members[names[-2]].node.end)
        before = before[:comma] + before[comma + 1 :]
    if before.endswith("{") and after.lstrip().startswith("}"):
        return before + after.lstrip()
    is_whole_line = BLANK.fullmatch(after.partition("\n")[0]) is not None
    return before + (gap if "\n" in gap and not is_whole_line else "") + after


def _parse(text: str) -> Node:
    start = BLANK.match(text, 1 if text.startswith("\ufeff") else 0)
    at = start.end() if start else 0
    if at == len(text):
        return Node(at, at, {})
    try:
        node = _value(text, at, 0)
    except _MisplacedError as exc:
        raise _refused(text, exc.at) from exc
    rest = _skip(text, node.end)
    if rest < len(text):
        raise _refused(text, rest)
    return node


def _refused(text: str, at: int) -> ValueError:
    return ValueError(say("line {line} is no JSON", line=text.count("\n", 0, at) + 1))


class _MisplacedError(Exception):
    """Something stands where it cannot."""

    def __init__(self, at: int) -> None:
        super().__init__(at)
        self.at = at


def _skip(text: str, at: int) -> int:
    found = BLANK.match(text, at)
    return found.end() if found else at


def _value(text: str, at: int, depth: int) -> Node:
    if depth > DEEPEST:
        raise _MisplacedError(at)
    if text.startswith(("{", "["), at):
        return _container(text, at, depth)
    if found := STRING.match(text, at) or SCALAR.match(text, at):
        try:
            return Node(at, found.end(), json.loads(found[0]))
        except json.JSONDecodeError as exc:
            raise _MisplacedError(at) from exc
    raise _MisplacedError(at)


def _container(text: str, start: int, depth: int) -> Node:
    """Read an object or an array."""
    is_object = text[start] == "{"
    node, items, close = Node(start), list[Any](), "}" if is_object else "]"
    at = _skip(text, start + 1)
    while not text.startswith(close, at):
        if is_object:
            at = _member(text, at, node, depth)
        else:
            item = _value(text, at, depth + 1)
            items.append(item.value)
            at = item.end
        at = _skip(text, at)
        if text.startswith(",", at):
            at = _skip(text, at + 1)
        elif not text.startswith(close, at):
            raise _MisplacedError(at)
    node.end = at + 1
    node.value = {name: member.node.value for name, member in node.members.items()} if is_object else items
    return node


def _member(text: str, at: int, node: Node, depth: int) -> int:
    name = STRING.match(text, at)
    if not name:
        raise _MisplacedError(at)
    colon = _skip(text, name.end())
    if not text.startswith(":", colon):
        raise _MisplacedError(colon)
    value = _value(text, _skip(text, colon + 1), depth + 1)
    key = json.loads(name[0])
    node.members.pop(key, None)
    node.members[key] = Member(at, value)
    return value.end


def _inserted(text: str, node: Node, name: str, value: object) -> str:
    """Return the text with a new last member in an object."""
    close = node.end - 1
    newline = _newline(text)
    margin = _margin(text, node.start)
    if not node.members:
        inner = margin + _unit(text)
        kept = text[node.start + 1 : close].rstrip()
        member = f"{json.dumps(name, ensure_ascii=False)}: {_dumped(value, text, inner)}"
        return f"{text[: node.start + 1]}{kept}{newline}{inner}{member}{newline}{margin}{text[close:]}"
    first, last = (list(node.members.values())[at] for at in (0, -1))
    inner = _margin(text, first.start) if _begins_line(text, first.start) else margin + _unit(text)
    member = f"{json.dumps(name, ensure_ascii=False)}: {_dumped(value, text, inner)}"
    rest = text[last.node.end : close]
    kept = rest.rstrip()
    comma = text[_skip(text, last.node.end)] == ","
    gap = rest[len(kept) :] if "\n" in rest[len(kept) :] else newline + margin
    told = f"{'' if comma else ','}{kept}{newline}{inner}{member}{',' if comma else ''}{gap}"
    return text[: last.node.end] + told + text[close:]


def _dumped(value: object, text: str, margin: str) -> str:
    return json.dumps(value, ensure_ascii=False, indent=_unit(text)).replace("\n", _newline(text) + margin)


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _nested(path: Sequence[str], value: object) -> object:
    for name in reversed(path):
        value = {name: value}
    return value


def _unit(text: str) -> str:
    """Return what the text indents by."""
    found = INDENT.search(text)
    return found[1] if found else "  "


def _margin(text: str, at: int) -> str:
    """Return the white space the line begins with."""
    line = text[text.rfind("\n", 0, at) + 1 : at].removeprefix("\ufeff")
    return line[: len(line) - len(line.lstrip())]


def _begins_line(text: str, at: int) -> bool:
    return not text[text.rfind("\n", 0, at) + 1 : at].strip()
