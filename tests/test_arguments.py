"""The published schema and the check of a call agree, and each refusal says what would work."""

from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seedream_hub.schemas.arguments import generate_arguments, input_schema
from seedream_hub.schemas.limits import Limits, packaged_limits, packaged_table, utc_now
from seedream_hub.schemas.offer import Offer, make_offer
from seedream_hub.schemas.refusals import InvalidArguments, check_arguments

LIMITS = packaged_limits()
OFFERS = {
    "sandbox": make_offer("sandbox", (), LIMITS, utc_now()),
    "ark": make_offer("ark", ("seedream-4.5", "seedream-5.0-pro"), LIMITS, utc_now()),
    "byteplus": make_offer("byteplus", (), LIMITS, utc_now()),
    "unknown": make_offer("ark", ("ep-20261121-abcde",), LIMITS, utc_now()),
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
    "filename": st.one_of(ANYTHING, st.text(max_size=100)),
}


def is_valid(arguments: dict[str, Any], schema: dict[str, Any]) -> bool:
    try:
        jsonschema.validate(arguments, schema, jsonschema.Draft202012Validator)
    except jsonschema.ValidationError:
        return False
    return True


@pytest.mark.parametrize("name", OFFERS)
@settings(max_examples=400, deadline=None)
@given(
    given_arguments=st.fixed_dictionaries({}, optional=ARGUMENTS),
    strange=st.dictionaries(st.text(min_size=1, max_size=8), ANYTHING, max_size=1),
)
def test_the_schema_accepts_exactly_what_the_check_accepts(
    name: str, given_arguments: dict[str, Any], strange: dict[str, Any]
) -> None:
    offer = OFFERS[name]
    shape = generate_arguments(offer)
    arguments = {**strange, **given_arguments}
    # An optional argument that is null counts as not given: the one leniency beyond the schema.
    judged = {key: value for key, value in arguments.items() if value is not None or key == "prompt"}
    accepted = is_valid(judged, input_schema(shape))
    if accepted:
        check_arguments(arguments, shape, offer)
        return
    with pytest.raises(InvalidArguments) as caught:
        check_arguments(arguments, shape, offer)
    assert {error.argument for error in caught.value.errors} <= {*arguments, "prompt"}


@pytest.mark.parametrize("offer", OFFERS.values(), ids=OFFERS)
def test_the_schema_is_closed_and_plain(offer: Offer) -> None:
    schema = input_schema(generate_arguments(offer))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["prompt"]
    assert not {"$defs", "anyOf", "title"} & set(schema)
    for rule in schema["properties"].values():
        assert not {"anyOf", "title", "$ref"} & set(rule)
        assert rule.get("default", "") is not None
        assert rule["type"] in {"string", "integer", "boolean"}
        assert rule["description"]


@pytest.mark.parametrize(
    ("bad", "named", "works"),
    [
        ({"count": 0}, "count 0 is below 1", {"count": 1}),
        ({"count": 16}, "count 16 is above 15", {"count": 15}),
        ({"count": "2"}, "count '2' is not a whole number", {"count": 2}),
        ({"size": "2k"}, "size 2k has the wrong form", {"size": "2K"}),
        ({"size": "2048*2048"}, "size 2048*2048 has the wrong form", {"size": "2048x2048"}),
        ({"size": "2K\n"}, r"size '2K\n' has the wrong form", {"size": "2K"}),
        ({"aspect_ratio": "5:4"}, "aspect_ratio 5:4 is not offered", {"aspect_ratio": "4:3"}),
        ({"model": "doubao-seedream-4-5-251128"}, "is not offered; use seedream-4.5", {"model": "seedream-4.5"}),
        ({"filename": "x" * 81}, "has 81 characters, more than 80", {"filename": "x" * 80}),
        ({"filename": ""}, "is empty", {"filename": "x"}),
        ({"prompt": "  "}, "is blank", {"prompt": "a red fox in snow"}),
        ({"prompt": "x" * 400_001}, "has 400,001 characters, more than 400,000", {"prompt": "x" * 400_000}),
        ({"n": 2}, "n is not an argument of this tool; did you mean count?", {"count": 2}),
        ({"negative_prompt": "x"}, "negative_prompt is not an argument of this tool; it takes", {}),
    ],
)
def test_a_refusal_names_the_argument_and_a_value_that_works(
    bad: dict[str, Any], named: str, works: dict[str, Any]
) -> None:
    offer = OFFERS["sandbox"]
    shape = generate_arguments(offer)
    with pytest.raises(InvalidArguments) as caught:
        check_arguments({"prompt": "x", **bad}, shape, offer)
    assert named in caught.value.message
    check_arguments({"prompt": "x", **works}, shape, offer)


def test_a_ratio_is_not_offered_where_no_model_documents_one() -> None:
    patch = {"size": {"recommended": None}}
    own = {"providers": {"ark": {"models": {"shapeless": {"like": "seedream-4.5", "ids": ["x"]} | patch}}}}
    offer = make_offer("ark", ("shapeless",), Limits.from_json(packaged_table(), own), utc_now())
    shape = generate_arguments(offer)
    assert "aspect_ratio" not in input_schema(shape)["properties"]
    with pytest.raises(InvalidArguments, match="aspect_ratio 16:9"):
        check_arguments({"prompt": "x", "aspect_ratio": "16:9"}, shape, offer)


def test_all_bad_arguments_are_told_at_once() -> None:
    offer = OFFERS["sandbox"]
    with pytest.raises(InvalidArguments) as caught:
        check_arguments({"count": 99, "sise": "2K"}, generate_arguments(offer), offer)
    assert {error.argument for error in caught.value.errors} == {"prompt", "count", "sise"}
