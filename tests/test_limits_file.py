"""A user's own limits: what they add, what they change, and what is refused before the server starts."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from seedream_hub.schemas.errors import SettingsError
from seedream_hub.schemas.limits import Limits, packaged_limits, packaged_table
from seedream_hub.schemas.offer import make_offer
from seedream_hub.server.limits_file import load_limits

LIMITS = packaged_limits()
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def own_limits(tmp_path: Path, content: object) -> Limits:
    path = tmp_path / "own.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
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
        ("{", "Expecting"),
        ("[]", "object"),
        ({"provider": {}}, "provider is no part of the table"),
        ({"providers": {"ark": {"models": {"x": {"like": "no-such-model"}}}}}, "no-such-model"),
        ({"providers": {"ark": {"models": {"x": {"like": "x"}}}}}, "leads back to itself"),
        ({"providers": {"ark": {"models": {"x": {"ids": ["x"]}}}}}, "size"),
        (of_4_5(stream="perhaps"), "stream"),
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
