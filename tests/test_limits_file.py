"""A user's own limits: what they add, what they change, and what is refused before the server starts."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from seedream_hub.schemas.errors import SettingsError
from seedream_hub.schemas.limits import Limits, packaged_limits, packaged_table
from seedream_hub.schemas.offer import make_offer
from seedream_hub.server.app import make_server
from seedream_hub.server.limits_file import load_limits
from seedream_hub.server.settings import Settings
from tests.support import facts_of

LIMITS = packaged_limits()
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def own_limits(tmp_path: Path, content: object) -> Limits:
    path = tmp_path / "own.json"
    text = content if isinstance(content, str | bytes) else json.dumps(content)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return load_limits(path)


def of_4_5(**changed: Any) -> dict[str, Any]:
    return {"providers": {"ark": {"models": {"seedream-4.5": changed}}}}


def test_a_users_file_adds_a_model_and_overrides_a_figure(tmp_path: Path) -> None:
    new = {"like": "seedream-4.5", "ids": ["doubao-seedream-6-0"], "images_per_minute": 60}
    changed = {"price": {"steps": [{"amount": 0.2}]}, "images_per_minute": None}
    models = {"seedream-6.0": new, "seedream-4.5": changed}
    limits = own_limits(tmp_path, {"providers": {"ark": {"models": models}}})
    added, old = limits.model("ark", "seedream-6.0"), limits.model("ark", "seedream-4.5")
    assert (added.id, added.images_per_minute, added.size) == ("doubao-seedream-6-0", 60, old.size)
    assert old.price is not None
    assert (old.price.steps[0].amount, old.price.currency, old.images_per_minute) == (0.2, "CNY", None)
    assert limits.model("ark", "seedream-4.0") == LIMITS.model("ark", "seedream-4.0")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{", "it is no JSON: .* line 1 column 2"),
        (b"\xff{}", "it is not in UTF-8"),
        ("[]", "it holds no JSON object"),
        ({"provider": {}}, "provider is no part of the table"),
        (
            {"providers": {"ark": {"models": {"x": {"like": "no-such-model"}}}}},
            "there is no model no-such-model at ark",
        ),
        ({"providers": {"ark": {"models": {"x": {"like": "nobody/y"}}}}}, "there is no provider nobody"),
        ({"providers": {"mine": {"like": "nobody"}}}, "there is no provider nobody"),
        ({"providers": {"mine": {"label": "Mine"}}}, "providers.mine has no models"),
        ({"providers": []}, "providers is no object"),
        ({"providers": {"ark": 3}}, r"providers\.ark is no object"),
        ({"providers": {"ark": {"models": [1]}}}, r"providers\.ark\.models is no object"),
        ({"providers": {"ark": {"models": {"x": 3}}}}, r"providers\.ark\.models\.x is no object"),
        ({"call": None}, "the table has no call"),
        ({"providers": {"ark": {"models": {"x": {"like": "x"}}}}}, "leads back to itself"),
        ({"providers": {"ark": {"models": {"x": {"ids": ["x"]}}}}}, r"providers\.ark\.models\.x has no size"),
        (of_4_5(size=[]), r"providers\.ark\.models\.seedream-4\.5\.size is no object"),
        (of_4_5(size={"recommended": {"2K": "5K"}}), "there is no size table 5K"),
        (of_4_5(size={"recommended": []}), "recommended is no object"),
        (of_4_5(stream="perhaps"), "stream is neither true nor false"),
        (of_4_5(max_refs=3), "max_refs"),
        (of_4_5(ids=[]), "ids"),
        (of_4_5(size={"pixels": [16777216, 3686400]}), "no window"),
        (of_4_5(size={"ratio": [0, 16]}), "no window"),
        (of_4_5(size={"tiers": ["2 K"]}), "tiers"),
        (of_4_5(size={"recommended": {"2K": {"1:1": "2048 x 2048"}}}), "recommended"),
        (of_4_5(references={"sides": [6000, 14]}), "sides"),
        (of_4_5(price={"steps": []}), "steps"),
        (of_4_5(sources={"price": "NOWHERE"}), "NOWHERE"),
        (of_4_5(sources={"*": None}), r"sources has no \*"),
        (of_4_5(lifecycle={"ends": "2026-11-24T14:00:00"}), "timezone"),
    ],
)
def test_a_bad_file_is_refused_by_its_variable_with_an_example_that_works(
    tmp_path: Path, content: object, problem: str
) -> None:
    refused = r"SEEDREAM_LIMITS_FILE: .*own\.json cannot be used.*" + problem
    with pytest.raises(SettingsError, match=refused) as caught:
        own_limits(tmp_path, content)
    example = caught.value.message.partition("for example ")[2]
    assert own_limits(tmp_path, example).model("ark", "seedream-6.0").is_known
    assert not any(leak in caught.value.message for leak in ("Error:", "Input should", "KeyError", "NoneType"))


@pytest.mark.parametrize("like", ["seedream-4.5", "ark/seedream-4.5", "byteplus/seedream-4.5"])
async def test_what_a_user_adds_to_ark_the_sandbox_draws_as_the_model_it_is_like(like: str, tmp_path: Path) -> None:
    new = {"like": like, "ids": ["doubao-seedream-6-0"], "size": {"default": "4K"}}
    limits = own_limits(tmp_path, {"providers": {"ark": {"models": {"seedream-6.0": new}}}})
    async with Client(make_server(Settings(models=("seedream-6.0",)), limits)) as client:
        facts = facts_of(await client.call_tool("generate_image", {"prompt": "a red fox"}))
    assert (facts["status"], facts["model"], facts["images"][0]["width"]) == ("completed", "seedream-6.0", 4096)
    assert facts["cost"] == {"amount": 0.0, "currency": "CNY", "estimated": True, "expected": 0.0}


def test_a_model_like_an_added_one_is_drawn_too_and_one_that_is_like_none_is_not(tmp_path: Path) -> None:
    whole = packaged_table()["providers"]["ark"]["models"]["seedream-4.0"] | {"ids": ["b"]}
    models = {
        "newer": {"like": "new", "ids": ["c"]},
        "new": {"like": "seedream-5.0-lite", "ids": ["a"]},
        "odd": whole,
    }
    limits = own_limits(tmp_path, {"providers": {"ark": {"models": models}}})
    drawn = limits.providers["sandbox"].models
    assert drawn["new"].id == drawn["newer"].id == drawn["seedream-5.0-lite"].id
    assert drawn["new"].lifecycle == drawn["seedream-5.0-lite"].lifecycle
    assert "odd" not in drawn
    assert limits.model("sandbox", "a").name == "new"


def test_a_model_is_drawn_too_where_the_sandbox_has_no_price(tmp_path: Path) -> None:
    new = {"like": "seedream-4.5", "ids": ["doubao-seedream-6-0"]}
    free = {"models": {"seedream-4.5": {"price": None, "sources": {"price": None}}}}
    limits = own_limits(tmp_path, {"providers": {"ark": {"models": {"seedream-6.0": new}}, "sandbox": free}})
    assert limits.providers["sandbox"].models["seedream-6.0"].price is None


def test_a_model_the_sandbox_does_not_have_stops_the_start() -> None:
    with pytest.raises(SettingsError, match=r"SEEDREAM_MODELS names seedream-3\.0-t2i.* sandbox .*=seedream-4\.5"):
        make_server(Settings(models=("seedream-3.0-t2i",)), LIMITS)


def test_a_missing_file_is_refused_by_its_variable(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="SEEDREAM_LIMITS_FILE"):
        load_limits(tmp_path / "nowhere.json")


def test_merging_leaves_the_packaged_table_as_it_is() -> None:
    before = packaged_table()
    Limits.from_json(before, {"providers": {"ark": {"models": {"seedream-4.0": None}}, "sandbox": {"label": "Mine"}}})
    assert before == packaged_table()


def test_a_null_removes_a_model() -> None:
    limits = Limits.from_json(packaged_table(), {"providers": {"sandbox": {"models": {"seedream-4.0": None}}}})
    assert "seedream-4.0" not in limits.providers["sandbox"].models


@pytest.mark.parametrize("nothing", [None, {"models": dict.fromkeys(LIMITS.providers["ark"].models)}])
def test_a_provider_left_without_models_is_refused(nothing: object) -> None:
    limits = Limits.from_json(packaged_table(), {"providers": {"ark": nothing}})
    with pytest.raises(SettingsError, match="SEEDREAM_LIMITS_FILE leaves ark no model"):
        make_offer("ark", (), limits, NOW)


def test_ended_models_are_not_offered_and_the_default_comes_first() -> None:
    offered = [model.name for model in make_offer("ark", (), LIMITS, NOW).models]
    assert offered[0] == "seedream-4.5"
    assert set(offered) == {f"seedream-{n}" for n in ("4.5", "4.0", "5.0-pro", "5.0-flash", "5.0-lite")}


def test_a_model_named_twice_is_offered_once() -> None:
    offer = make_offer("ark", ("doubao-seedream-4-5-251128", "seedream-4.5"), LIMITS, NOW)
    assert [model.name for model in offer.models] == ["seedream-4.5"]


def test_lite_on_ark_is_offered_until_its_last_minute() -> None:
    end = datetime.fromisoformat("2026-11-24T14:00:00+08:00")
    before = datetime.fromisoformat("2026-11-24T05:59:59+00:00")
    assert "seedream-5.0-lite" in [m.name for m in make_offer("ark", (), LIMITS, before).models]
    assert "seedream-5.0-lite" not in [m.name for m in make_offer("ark", (), LIMITS, end).models]
    with pytest.raises(SettingsError, match=r"SEEDREAM_MODELS=seedream-5\.0-pro"):
        make_offer("ark", ("seedream-5.0-lite",), LIMITS, end)
