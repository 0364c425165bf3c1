"""References at and past every limit: what we send the sandbox takes, and what it refuses we do not send."""

from functools import cache
from typing import Any

import pytest

from seedream_hub.schemas.arguments import EDIT
from tests.draws import LIMITS, PROVIDERS, Draw, data_uri, offered_models
from tests.ours import Refusal, forget_references, requests_of
from tests.pictures import drawn, picture, saved
from tests.test_agreement import Survey, compare

FORMATS = ("jpeg", "png", "webp", "bmp", "gif", "tiff", "heic")
MODELS = [
    (provider, name)
    for provider in PROVIDERS
    for name in offered_models(provider)
    if LIMITS.providers[provider].models[name].references.max
]
every_model = pytest.mark.parametrize(("provider", "name"), MODELS, ids=["/".join(pair) for pair in MODELS])


@cache
def flat(width: int, height: int) -> str:
    """Return a PNG of few bytes, however large."""
    return data_uri(saved(drawn(width, height, "1"), "png"), "png")


@cache
def heavy(max_bytes: int, *, past: bool) -> str:
    """Return a PNG of hardly fewer bytes than that, or of hardly more."""
    rows = max_bytes // 3002
    while len(content := saved(drawn(1000, rows), "png", compress_level=0)) <= max_bytes:
        rows += 1
    return data_uri(content if past else saved(drawn(1000, rows - 1), "png", compress_level=0), "png")


def edit(provider: str, name: str, image: str, *, converts: bool = False, **options: Any) -> Draw:
    return Draw(0, 0, provider, EDIT, {"prompt": "x", "model": name, "image": image, **options}, converts)


def takes(provider: str, name: str, image: str, *, mends: bool = True, **options: Any) -> bool:
    """Say whether we send a picture as it is, once the sandbox has said the same; and of a mended one, if `mends`."""
    for converts in (True, False) if mends else (False,):
        one = edit(provider, name, image, converts=converts, **options)
        assert compare(one, Survey()) is None, str(one)
    try:
        requests_of(edit(provider, name, image, **options))
    except Refusal:
        return False
    return True


@every_model
def test_a_format_is_sent_where_it_is_documented(provider: str, name: str) -> None:
    rules = LIMITS.providers[provider].models[name].references
    uploaded = ("jpeg", "png", "gif", "webp") if provider == "evolink" else FORMATS
    for kind in FORMATS:
        documented = kind in (rules.formats or ()) and kind in uploaded
        assert takes(provider, name, data_uri(picture(kind), kind)) is documented, kind


@every_model
def test_both_sides_of_every_bound_on_shape_are_judged_alike(provider: str, name: str) -> None:
    wide = 3 if (provider, name) in {("novita", "seedream-4.0"), ("evolink", "seedream-4.0")} else 16
    sides = {
        (15, 15): True,
        (15, 14): False,
        (14, 15): False,
        (15 * wide, 15): True,
        (15 * wide + 1, 15): False,
        (15, 15 * wide): True,
        (15, 15 * wide + 1): False,
    }
    assert {size: takes(provider, name, flat(*size)) for size in sides} == sides


@pytest.mark.parametrize("provider", PROVIDERS)
def test_both_sides_of_the_bounds_on_bytes_and_pixels_are_judged_alike(provider: str) -> None:
    most = 30 * 2**20 if provider in {"ark", "byteplus", "relay"} else 10 * 2**20
    name = LIMITS.providers[provider].default_model
    try:
        mends = provider == "novita"  # it takes seconds, and is the same everywhere
        assert takes(provider, name, heavy(most, past=False), mends=mends)
        assert not takes(provider, name, heavy(most, past=True), mends=mends)
        assert takes(provider, name, flat(6000, 6000), mends=mends)
        assert not takes(provider, name, flat(6000, 6001), mends=mends)
    finally:
        forget_references()


@pytest.mark.parametrize("name", ["seedream-5.0-pro", "seedream-5.0-flash"])
@pytest.mark.parametrize("provider", ["ark", "byteplus"])
def test_layers_take_fewer_pictures_and_cut_outs_need_transparency(provider: str, name: str) -> None:
    kinds = {kind for kind in FORMATS if takes(provider, name, large(kind), layer_decomposition=True)}
    assert kinds == {"jpeg", "png"}
    assert takes(provider, name, flat(512, 512), layer_decomposition=True)
    assert not takes(provider, name, flat(511, 512), layer_decomposition=True)
    see_through = data_uri(saved(drawn(600, 500, "RGBA"), "png"), "png")
    for layers in (True, False):
        assert takes(provider, name, see_through, background="transparent", layer_decomposition=layers)
        assert not takes(provider, name, flat(600, 500), background="transparent", layer_decomposition=layers)


def large(kind: str) -> str:
    return data_uri(picture(kind, 600, 500), kind)
