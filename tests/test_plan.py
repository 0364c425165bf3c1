"""What one provider's model is asked for, on the edges where a call and its request differ."""

from typing import Any

import pytest

from seedream_hub.schemas.arguments import BATCH, EDIT, FUSE, GENERATE, ImageArguments, Kind
from seedream_hub.schemas.errors import ArgumentError
from seedream_hub.schemas.limits import packaged_limits, utc_now
from seedream_hub.schemas.offer import make_offer
from seedream_hub.schemas.plan import plan
from seedream_hub.schemas.requests import ImageRequest


def planned(kind: Kind, provider: str = "evolink", **arguments: object) -> ImageRequest:
    offer = make_offer(provider, (), packaged_limits(), utc_now())
    given = ImageArguments.model_validate({"prompt": "a cat", "model": offer.default.name, **arguments})
    return plan(kind, given, offer, offer.model(given.model))


def refusal(kind: Kind, provider: str = "evolink", **arguments: object) -> str:
    with pytest.raises(ArgumentError) as caught:
        planned(kind, provider, **arguments)
    return caught.value.message


@pytest.mark.parametrize(
    ("kind", "provider", "arguments", "told"),
    [
        (EDIT, "aigc", {"image": "a", "model": "seedream-3.0-t2i"}, "image has 1 reference; seedream-3.0-t2i at "),
        (FUSE, "novita", {"images": ("a",) * 11, "model": "seedream-4.0"}, "images has 11 references; seedream-4.0 "),
        (BATCH, "ark", {"images": ("a",), "count": 15, "model": "seedream-4.5"}, "count 15 with 1 reference is 16, "),
        (
            BATCH,
            "ark",
            {"images": ("a", "b"), "count": 14, "model": "seedream-4.5"},
            "count 14 with 2 references is ",
        ),
    ],
)
def test_references_are_counted_in_plain_words(
    kind: Kind, provider: str, arguments: dict[str, Any], told: str
) -> None:
    assert refusal(kind, provider, **arguments).startswith(told)


@pytest.mark.parametrize("port", [0, 65536, 99999, -1, "x"])
def test_a_callback_to_a_port_that_cannot_be_is_refused(port: object) -> None:
    assert refusal(GENERATE, callback_url=f"https://example.com:{port}/done").startswith("callback_url ")
    assert planned(GENERATE, callback_url="https://example.com:65535/done").callback_url


def test_a_prompt_is_measured_with_the_number_of_pictures_that_is_put_before_it() -> None:
    words = "word " * 2000
    assert planned(GENERATE, prompt=words).prompt == words
    assert refusal(BATCH, prompt=words, count=3).startswith(
        "prompt has about 2,006 tokens with the number of pictures put before it, more than 2,000"
    )
    assert planned(BATCH, prompt="word " * 1994, count=3).count == 3
    assert planned(BATCH, prompt="3 images " + "word " * 1998, count=3).count == 3


def test_a_set_that_is_made_picture_by_picture_has_no_number_put_before_its_prompt() -> None:
    offer = make_offer("sandbox", ("seedream-5.0-pro",), packaged_limits(), utc_now())
    given = ImageArguments(prompt="x" * 400_000, model="seedream-5.0-pro", count=2)
    assert plan(BATCH, given, offer, offer.default).count == 2


@pytest.mark.parametrize("prompt", ["\x1c", "\x1d\x1e\x1f", " \u3000\n"])
def test_a_prompt_of_separators_is_blank(prompt: str) -> None:
    assert refusal(GENERATE, prompt=prompt).startswith("prompt is blank")
    assert refusal(BATCH, prompt=prompt, count=2).startswith("prompt is blank")
