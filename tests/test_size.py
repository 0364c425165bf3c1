"""Output sizes: what is accepted is legal, and what is suggested is accepted."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedream_hub.schemas.errors import ArgumentError
from seedream_hub.schemas.limits import ModelLimits, packaged_limits
from seedream_hub.schemas.size import Size, default_tier, is_legal, resolve_size

LIMITS = packaged_limits()
MODELS = [model for provider in LIMITS.providers.values() for model in provider.models.values()]
ARK = LIMITS.providers["ark"].models
SIDES = st.one_of(st.integers(10, 99_999), st.integers(200, 7000))


def test_the_refusal_says_limit_source_and_the_nearest_legal_size() -> None:
    with pytest.raises(ArgumentError) as caught:
        resolve_size("1500x1500", None, ARK["seedream-4.5"], LIMITS)
    assert (
        "size 1500x1500 is 2,250,000 px; seedream-4.5 takes 3,686,400 to 16,777,216 px; "
        "nearest legal at this ratio: 1920x1920"
    ) in caught.value.message
    assert "doc 1541523" in caught.value.message


@given(model=st.sampled_from([model for model in MODELS if model.size.takes_pixels]), width=SIDES, height=SIDES)
def test_a_size_is_either_legal_or_answered_with_one_that_is_accepted(
    model: ModelLimits, width: int, height: int
) -> None:
    try:
        size = resolve_size(f"{width}x{height}", None, model, LIMITS)
    except ArgumentError as refusal:
        (suggested,) = re.findall(r"nearest legal[^:]*: (\d+x\d+)", refusal.message)
        assert resolve_size(suggested, None, model, LIMITS).wire == suggested
        assert not is_legal(width, height, model)
    else:
        assert (size.width, size.height) == (width, height)
        assert is_legal(width, height, model)


@given(model=st.sampled_from(MODELS), tier=st.sampled_from(["1K", "1.5K", "2K", "3K", "4K"]))
def test_a_tier_goes_out_as_it_is_or_is_refused(model: ModelLimits, tier: str) -> None:
    if tier in model.size.tiers:
        assert resolve_size(tier, None, model, LIMITS) == Size(tier)
    else:
        with pytest.raises(ArgumentError, match=f"size {tier} is not a tier of"):
            resolve_size(tier, None, model, LIMITS)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_every_recommended_size_is_legal_and_near_its_ratio(model: ModelLimits) -> None:
    for tier, table in model.size.recommended.items():
        for ratio, pixels in table.items():
            size = Size.of(pixels)
            assert size.width is not None
            assert size.height is not None
            assert is_legal(size.width, size.height, model)
            across, down = map(int, ratio.split(":"))
            assert size.width / size.height == pytest.approx(across / down, rel=0.03)
            if tier in model.size.tiers:
                assert resolve_size(tier, ratio, model, LIMITS) == size


@pytest.mark.parametrize(
    ("name", "size", "ratio", "wire"),
    [
        ("seedream-4.5", None, None, "2048x2048"),
        ("seedream-5.0-pro", None, None, "2K"),
        ("seedream-4.5", None, "16:9", "2848x1600"),
        ("seedream-4.5", "4K", "21:9", "6240x2656"),
        ("seedream-5.0-flash", None, "9:16", "1584x2816"),
        ("seedream-4.0", "1K", "16:9", "1280x720"),
        ("seedream-4.5", "4096x4096", None, "4096x4096"),
        ("seedream-4.5", "7680x480", None, "7680x480"),
        ("seedream-3.0-t2i", None, "16:9", "1280x720"),
    ],
)
def test_size_and_ratio_become_the_documented_value(
    name: str, size: str | None, ratio: str | None, wire: str
) -> None:
    assert resolve_size(size, ratio, ARK[name], LIMITS).wire == wire


def test_pixels_and_a_ratio_are_never_mixed() -> None:
    with pytest.raises(ArgumentError, match="aspect_ratio goes with a tier"):
        resolve_size("2048x2048", "1:1", ARK["seedream-4.5"], LIMITS)


def test_the_default_tier_is_the_one_of_the_default_size() -> None:
    assert {name: default_tier(model) for name, model in ARK.items() if model.size.recommended} == {
        "seedream-5.0-pro": "2K",
        "seedream-5.0-flash": "2K",
        "seedream-5.0-lite": "2K",
        "seedream-4.5": "2K",
        "seedream-4.0": "2K",
        "seedream-3.0-t2i": "px",
    }


def test_a_ratio_just_outside_is_told_apart_from_the_bound() -> None:
    with pytest.raises(ArgumentError, match=r"16385x1024 has ratio 16\.001; seedream-4\.5 takes 1/16 to 16; nearest"):
        resolve_size("16385x1024", None, ARK["seedream-4.5"], LIMITS)
