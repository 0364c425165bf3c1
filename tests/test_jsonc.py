"""Files of clients are changed by hand: what is not ours stays as it stands."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedream_hub.server import jsonc

ENTRY: dict[str, Any] = {"command": "/opt/bin/seedream-hub", "args": [], "env": {"A": "1"}}
PATH = ("servers", "seedream")

COMMENTED = """\
// Settings of mine
{
    "theme": "One, \\"Dark\\"", // the best, really
    /* servers, all of them */
    "servers": {
        "other": {"command": "x", "args": ["--a", "b"]}, // keep me
        // and me, too
    },
    "last": [1, 2.5e3, null,],
}
"""

FILES = {
    "nothing": "",
    "comments only": "// nothing yet\n",
    "an empty object": "{}",
    "an empty place": '{"servers": {}}',
    "one line": '{"a": 1, "servers": {"b": {"c": [true]}}}',
    "comments": COMMENTED,
    "Windows": COMMENTED.replace("\n", "\r\n"),
    "tabs": '{\n\t"servers": {\n\t\t"b": 1\n\t}\n}\n',
    "a byte order mark": '\ufeff{\n  "servers": {\n    "b": 1\n  }\n}\n',
    "a comma in a comment": '{\n  "servers": {\n    "b": 1 /* , */\n    // , }\n  }\n}\n',
}


@pytest.mark.parametrize("name", FILES)
def test_an_entry_goes_in_and_out_again_and_leaves_no_trace(name: str) -> None:
    text = FILES[name]
    there = jsonc.put(text, PATH, ENTRY)
    assert jsonc.read(there) == {
        **jsonc.read(text),
        "servers": {**jsonc.read(text).get("servers", {}), "seedream": ENTRY},
    }
    assert jsonc.put(there, PATH, ENTRY) == there
    assert all(line in there.replace(",", "") for line in text.replace(",", "").splitlines() if "}" not in line)
    if text.count("\n") > 1:
        assert jsonc.drop(there, PATH) == text
    else:
        assert jsonc.read(jsonc.drop(there, PATH)) == {"servers": {}, **jsonc.read(text)}


def test_a_file_keeps_its_indentation_and_line_ends() -> None:
    assert '\n\t\t"seedream": {\n\t\t\t"command"' in jsonc.put(FILES["tabs"], PATH, ENTRY)
    windows = jsonc.put(FILES["Windows"], PATH, ENTRY)
    assert windows.count("\n") == windows.count("\r\n")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('{"servers": {"seedream": 1, "b": 2}}', '{"servers": { "b": 2}}'),
        ('{"servers": {"b": 2, "seedream": 1}}', '{"servers": {"b": 2}}'),
        ('{"servers": {\n// mine\n"seedream": 1, "b": 2}}', '{"servers": {\n// mine\n "b": 2}}'),
        ('{"servers": {"b": 2 /* , */, "seedream": 1 // old\n}}', '{"servers": {"b": 2 /* , */ // old\n}}'),
        ('{"servers": {"b": 2}}', '{"servers": {"b": 2}}'),
        ('{"other": 1}', '{"other": 1}'),
    ],
)
def test_an_entry_goes_wherever_it_stands(text: str, left: str) -> None:
    assert jsonc.drop(text, PATH) == left
    assert "seedream" not in jsonc.read(left).get("servers", {})


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("{", 1),
        ('{"a": 1} x', 1),
        ('{\n"a" 1}', 2),
        ('{\n\n"a": 01}', 3),
        ('{"a": "\\x"}', 1),
        ("[1 2]", 1),
        ("{a: 1}", 1),
        ("{'a': 1}", 1),
        ("{} /* open", 1),
        ("[" * 100_000, 1),
    ],
)
def test_what_is_no_json_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(ValueError, match=f"^line {line} is no JSON$"):
        jsonc.read(text)


@pytest.mark.parametrize(("text", "what"), [('{"servers": []}', "servers"), ("[]", "JSON")])
def test_what_is_no_object_is_not_made_one(text: str, what: str) -> None:
    with pytest.raises(ValueError, match=f"^{what} is no object$"):
        jsonc.put(text, PATH, ENTRY)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(
    whole=st.dictionaries(st.text(max_size=5).filter(lambda name: name != "servers"), values, max_size=4),
    others=st.none() | st.dictionaries(st.text(max_size=5), values, max_size=4),
    indent=st.sampled_from([None, 1, 4, "\t"]),
)
def test_any_file_holds_what_it_held_and_the_entry(
    whole: dict[str, Any], others: dict[str, Any] | None, indent: int | str | None
) -> None:
    held = whole if others is None else {**whole, "servers": others}
    text = json.dumps(held, indent=indent, ensure_ascii=False)
    there = jsonc.put(text, PATH, ENTRY)
    assert json.loads(there) == {**whole, "servers": {**(others or {}), "seedream": ENTRY}}
    assert json.loads(jsonc.drop(there, PATH)) == {**whole, "servers": others or {}}
