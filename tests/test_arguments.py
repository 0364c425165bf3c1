"""The published schema and the check of a call agree, and each refusal says what would work."""

from functools import cache
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from seedream_hub.schemas.arguments import BATCH, EDIT, FUSE, GENERATE, Kind, arguments_of, input_schema
from seedream_hub.schemas.limits import Limits, packaged_limits, packaged_table, utc_now
from seedream_hub.schemas.menu import Menu, make_menu
from seedream_hub.schemas.refusals import InvalidArguments, check_arguments

LIMITS = packaged_limits()


def menu_of(*providers: str, models: tuple[str, ...] = (), limits: Limits = LIMITS) -> Menu:
    return make_menu(providers, models, limits, utc_now())


MENUS = {
    "sandbox": menu_of("sandbox"),
    "ark": menu_of("ark", models=("seedream-4.5", "seedream-5.0-pro")),
    "byteplus": menu_of("byteplus"),
    "several": menu_of("ark", "byteplus", "relay", "aigc", "novita", "evolink"),
    "evolink": menu_of("evolink"),
    "unknown": menu_of("ark", models=("ep-20261121-abcde",)),
}
ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=20), st.lists(st.integers())
)
ARGUMENTS: dict[str, st.SearchStrategy[Any]] = {
    "prompt": st.one_of(ANYTHING, st.text(max_size=100), st.sampled_from(["", " \n", "　", "狐"])),
    "size": st.one_of(ANYTHING, st.from_regex(r"\A([0-9.]{1,3}[Kk]|[0-9]{1,6}[x×*][0-9]{1,6})\n?\Z")),
    "aspect_ratio": st.one_of(ANYTHING, st.from_regex(r"\A[0-9]{1,2}:[0-9]{1,2}\Z"), st.just("16:9")),
    "count": st.one_of(ANYTHING, st.integers(-1, 17), st.sampled_from([1.0, 15.0, 2.5])),
    "model": st.one_of(ANYTHING, st.sampled_from(["seedream-4.5", "seedream-5.0-pro", "ep-20261121-abcde"])),
    "watermark": ANYTHING,
    "image": ANYTHING,
    "images": st.one_of(ANYTHING, st.lists(st.text(max_size=5), max_size=16)),
    "provider": st.one_of(ANYTHING, st.sampled_from(["ark", "novita"])),
    "output_format": st.one_of(ANYTHING, st.sampled_from(["png", "jpeg", "webp"])),
    "optimize_prompt": st.one_of(ANYTHING, st.sampled_from(["fast", "standard"])),
    "web_search": ANYTHING,
    "stream": ANYTHING,
    "seed": st.one_of(ANYTHING, st.integers(-2, 2**31)),
    "guidance_scale": st.one_of(ANYTHING, st.floats(0, 11)),
    "response_format": st.one_of(ANYTHING, st.sampled_from(["url", "b64_json"])),
    "callback_url": st.one_of(ANYTHING, st.just("https://example.com/done")),
    "filename": st.one_of(ANYTHING, st.text(max_size=100)),
}


@cache
def shape_and_validator(name: str, tool: str) -> tuple[type[BaseModel], Any]:
    """Return a tool's arguments and the validator of its schema, each made once: that takes longer than a check."""
    shape = arguments_of(KINDS[tool], MENUS[name])
    return shape, jsonschema.Draft202012Validator(input_schema(shape))


REQUIRED = {
    "generate_image": set[str](),
    "edit_image": {"image"},
    "fuse_images": {"images"},
    "batch_images": {"count"},
}
KINDS = {kind.tool: kind for kind in (GENERATE, EDIT, FUSE, BATCH)}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("name", MENUS)
@settings(max_examples=100, deadline=None)
@given(
    given_arguments=st.fixed_dictionaries({}, optional=ARGUMENTS),
    strange=st.dictionaries(st.text(min_size=1, max_size=8), ANYTHING, max_size=1),
)
def test_the_schema_accepts_exactly_what_the_check_accepts(
    name: str, kind: Kind, given_arguments: dict[str, Any], strange: dict[str, Any]
) -> None:
    menu = MENUS[name]
    shape, validator = shape_and_validator(name, kind.tool)
    required = {key for key, field in shape.model_fields.items() if field.is_required()}
    arguments = {**strange, **given_arguments}
    # An optional argument that is null counts as not given: the one leniency beyond the schema.
    optional = set(shape.model_fields) - required
    judged = {key: value for key, value in arguments.items() if value is not None or key not in optional}
    if validator.is_valid(judged):
        check_arguments(arguments, shape, menu)
        return
    with pytest.raises(InvalidArguments) as caught:
        check_arguments(arguments, shape, menu)
    named = {str(error.argument) for error in caught.value.errors}
    assert {name if name in arguments else name.partition("[")[0] for name in named} <= {*arguments, *required}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("menu", MENUS.values(), ids=MENUS)
def test_the_schema_is_closed_and_plain(menu: Menu, kind: Kind) -> None:
    schema = input_schema(arguments_of(kind, menu))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["additionalProperties"] is False
    assert set(schema["required"]) == {"prompt"} | REQUIRED[kind.tool]
    assert not {"$defs", "anyOf", "title"} & set(schema)
    for rule in schema["properties"].values():
        assert not {"anyOf", "title", "$ref"} & set(rule)
        assert rule.get("default", "") is not None
        assert rule["type"] in {"string", "integer", "boolean", "number", "array"}
        assert rule.get("description") or kind is not GENERATE


@pytest.mark.parametrize(
    ("bad", "named", "works"),
    [
        ({"count": 0}, "count 0 is below 1", {"count": 1}),
        ({"count": 16}, "count 16 is above 15", {"count": 15}),
        ({"count": "2"}, 'count "2" is not a whole number', {"count": 2}),
        ({"count": True}, "count true is not a whole number", {"count": 1}),
        ({"prompt": None}, "prompt null is not text", {}),
        ({"watermark": [None, True]}, "watermark [null, true] is not true or false", {"watermark": False}),
        ({"size": "2k"}, "size 2k has the wrong form", {"size": "2K"}),
        ({"size": "2048*2048"}, "size 2048*2048 has the wrong form", {"size": "2048x2048"}),
        ({"size": "9x9"}, "size 9x9 is 81 px; seedream-4.5 takes 3,686,400 to", {"size": "1920x1920"}),
        ({"size": "100000x100000"}, "size 100000x100000 is 10,000,000,000 px", {"size": "4096x4096"}),
        ({"size": "1000000x1"}, "size 1000000x1 has ratio 1e+06", {"size": "7680x480"}),
        ({"size": "0x2048"}, "size 0x2048 has the wrong form", {"size": "2048x2048"}),
        ({"size": "2K\n"}, r'size "2K\n" has the wrong form', {"size": "2K"}),
        ({"aspect_ratio": "5:4"}, "aspect_ratio 5:4 is not offered", {"aspect_ratio": "4:3"}),
        ({"model": "doubao-seedream-4-5-251128"}, "is not offered; use seedream-4.5", {"model": "seedream-4.5"}),
        ({"filename": "x" * 81}, "has 81 characters, more than 80", {"filename": "x" * 80}),
        ({"filename": ""}, "is empty", {"filename": "x"}),
        ({"prompt": "  "}, "is blank", {"prompt": "a red fox in snow"}),
        ({"prompt": "x" * 400_001}, "400,001 characters, more than 400,000; shorten it", {"prompt": "x" * 400_000}),
        ({"n": 2}, "n is not an argument of this tool; did you mean count?", {"count": 2}),
        ({"sise": None}, "sise is not an argument of this tool; did you mean size?", {"size": None}),
        ({"negative_prompt": "x"}, "negative_prompt is not an argument of this tool; it takes", {}),
    ],
)
def test_a_refusal_names_the_argument_and_a_value_that_works(
    bad: dict[str, Any], named: str, works: dict[str, Any]
) -> None:
    menu = MENUS["sandbox"]
    shape = arguments_of(GENERATE, menu)
    with pytest.raises(InvalidArguments) as caught:
        check_arguments({"prompt": "x", **bad}, shape, menu)
    assert named in caught.value.message
    check_arguments({"prompt": "x", **works}, shape, menu)


@pytest.mark.parametrize(
    ("menu", "model", "sizes"),
    [
        ("sandbox", {}, "use 2K, 4K, or WIDTHxHEIGHT of 3,686,400 to 16,777,216 px such as 2048x2048 "),
        ("sandbox", {"model": "seedream-5.0-pro"}, "use 1K, 1.5K, 2K, or WIDTHxHEIGHT of 921,600 to 4,624,220 px"),
        ("sandbox", {"model": "nobody"}, "use 2K, 4K, or WIDTHxHEIGHT"),
        ("evolink", {"model": "seedream-4.0"}, "use 1K, 2K, 4K "),
        ("several", {"model": "seedream-4.0"}, "use 1K, 2K, 4K, or WIDTHxHEIGHT"),
        ("several", {"model": "seedream-4.0", "provider": "evolink"}, "use 1K, 2K, 4K "),
    ],
)
def test_a_refused_size_lists_what_the_chosen_model_takes(menu: str, model: dict[str, Any], sizes: str) -> None:
    with pytest.raises(InvalidArguments) as caught:
        check_arguments({"prompt": "x", "size": "huge", **model}, arguments_of(GENERATE, MENUS[menu]), MENUS[menu])
    assert f"size huge has the wrong form; {sizes}" in caught.value.message


@pytest.mark.parametrize(
    ("provider", "models", "size", "told"),
    [
        ("aigc", (), "1K", "size 1K is not offered; use 2K, 4K, or WIDTHxHEIGHT ("),
        ("novita", ("seedream-4.5",), "1.5K", "size 1.5K is not offered; use 2K, 4K, or WIDTHxHEIGHT of "),
        ("evolink", ("seedream-4.0",), "2048x2048", "size 2048x2048 is not offered; use 1K, 2K, 4K ("),
        ("evolink", ("seedream-4.0",), "0x0", "size 0x0 has the wrong form; use 1K, 2K, 4K ("),
    ],
)
def test_a_size_that_only_others_take_is_not_offered(
    provider: str, models: tuple[str, ...], size: str, told: str
) -> None:
    menu = menu_of(provider, models=models)
    with pytest.raises(InvalidArguments) as caught:
        check_arguments({"prompt": "x", "size": size}, arguments_of(GENERATE, menu), menu)
    assert caught.value.message.startswith(told)


@pytest.mark.parametrize("prompt", [" ", None, 3])
def test_only_a_refusal_by_a_documented_bound_cites_its_source(prompt: object) -> None:
    menu = MENUS["sandbox"]
    with pytest.raises(InvalidArguments) as caught:
        check_arguments({"prompt": prompt, "count": "3"}, arguments_of(GENERATE, menu), menu)
    assert "source:" not in caught.value.message
    with pytest.raises(InvalidArguments, match="BytePlus ModelArk"):
        check_arguments({"prompt": "x" * 400_001}, arguments_of(GENERATE, menu), menu)


def test_a_ratio_is_not_offered_where_no_model_documents_one() -> None:
    patch = {"size": {"recommended": None}}
    own = {"providers": {"ark": {"models": {"shapeless": {"like": "seedream-4.5", "ids": ["x"]} | patch}}}}
    menu = menu_of("ark", models=("shapeless",), limits=Limits.from_json(packaged_table(), own))
    shape = arguments_of(GENERATE, menu)
    assert "aspect_ratio" not in input_schema(shape)["properties"]
    with pytest.raises(InvalidArguments, match="aspect_ratio is not an argument"):
        check_arguments({"prompt": "x", "aspect_ratio": "16:9"}, shape, menu)


def test_all_bad_arguments_are_told_at_once() -> None:
    menu = MENUS["sandbox"]
    with pytest.raises(InvalidArguments) as caught:
        check_arguments({"count": 99, "sise": "2K"}, arguments_of(GENERATE, menu), menu)
    assert {error.argument for error in caught.value.errors} == {"prompt", "count", "sise"}
