"""The limits table says what the documents say."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from seedream_hub.schemas.errors import SettingsError
from seedream_hub.schemas.limits import Limits, ModelLimits, packaged_limits, packaged_table
from seedream_hub.schemas.offer import make_offer
from seedream_hub.server.limits_file import load_limits

LIMITS = packaged_limits()
EVERY = [(provider, name) for provider, rules in LIMITS.providers.items() for name in rules.models]
NOW = datetime.fromisoformat("2026-11-21T00:00:00+00:00")

SIX = ("jpeg", "png", "webp", "bmp", "tiff", "gif")
EIGHT = (*SIX, "heic", "heif")
MB = 1024 * 1024

# provider, model: tiers, pixels, references (count, formats, bytes, ratio), images in a set, streams
DOCUMENTED: list[tuple[str, str, tuple[str, ...], tuple[int, int] | None, tuple[Any, ...], int, bool]] = [
    ("ark", "seedream-5.0-pro", ("1K", "1.5K", "2K"), (921600, 4624220), (10, EIGHT, 30 * MB, 16), 1, False),
    ("ark", "seedream-5.0-flash", ("1K", "1.5K", "2K"), (921600, 4624220), (10, EIGHT, 30 * MB, 16), 1, False),
    ("ark", "seedream-5.0-lite", ("2K", "3K", "4K"), (3686400, 16777216), (14, EIGHT, 30 * MB, 16), 15, True),
    ("ark", "seedream-4.5", ("2K", "4K"), (3686400, 16777216), (14, EIGHT, 30 * MB, 16), 15, True),
    ("ark", "seedream-4.0", ("1K", "2K", "4K"), (921600, 16777216), (14, EIGHT, 30 * MB, 16), 15, True),
    ("ark", "seedream-3.0-t2i", (), (262144, 4194304), (0, None, None, None), 1, False),
    ("byteplus", "seedream-4.5", ("2K", "4K"), (3686400, 16777216), (14, EIGHT, 30 * MB, 16), 15, True),
    ("relay", "seedream-4.0", ("1K", "2K", "4K"), (1048576, 16777216), (None, None, None, None), 15, True),
    ("aigc", "seedream-4.5", ("2K", "4K"), None, (14, SIX, 10 * MB, 16), 15, True),
    ("aigc", "seedream-4.0", ("2K", "4K"), None, (14, SIX, 10 * MB, 16), 15, True),
    ("novita", "seedream-4.0", ("1K", "2K", "4K"), (1048576, 16777216), (10, SIX[:2], 10 * MB, 3), 15, False),
    ("novita", "seedream-4.5", ("2K", "4K"), (3686400, 16777216), (14, SIX, 10 * MB, 16), 15, False),
    ("novita", "seedream-5.0-lite", ("2K", "3K"), (3686400, 10404496), (14, SIX, 10 * MB, 16), 15, False),
    ("evolink", "seedream-4.0", ("1K", "2K", "4K"), None, (10, SIX[:2], 10 * MB, 3), 15, False),
    ("evolink", "seedream-4.5", ("2K", "4K"), (3686400, 16777216), (14, SIX, 10 * MB, 16), 15, False),
    ("evolink", "seedream-5.0-lite", ("2K", "3K"), (3686400, 9437184), (14, SIX, 10 * MB, 16), 15, False),
]


def model_of(provider: str, name: str) -> ModelLimits:
    return LIMITS.providers[provider].models[name]


@pytest.mark.parametrize(
    ("provider", "name", "tiers", "pixels", "references", "group", "stream"),
    DOCUMENTED,
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_model_has_the_documented_limits(
    provider: str,
    name: str,
    tiers: tuple[str, ...],
    pixels: tuple[int, int] | None,
    references: tuple[Any, ...],
    group: int,
    stream: bool,
) -> None:
    model = model_of(provider, name)
    rules = model.references
    widest = rules.ratio[1] if rules.ratio else None
    assert model.size.tiers == tiers
    assert model.size.pixels == pixels
    assert (rules.max, rules.formats, rules.max_bytes, widest) == references
    assert rules.ratio is None or rules.ratio[0] == pytest.approx(1 / rules.ratio[1])
    assert (model.group.max_images, model.stream) == (group, stream)
    assert model.group.references_plus_outputs == (15 if group > 1 else None)


@pytest.mark.parametrize(
    ("provider", "name", "fields"),
    [
        ("ark", "seedream-5.0-pro", {"output_format", "optimize_prompt", "background", "layer_decomposition"}),
        ("ark", "seedream-5.0-flash", {"output_format", "optimize_prompt", "background", "layer_decomposition"}),
        ("ark", "seedream-5.0-lite", {"output_format", "optimize_prompt", "web_search"}),
        ("byteplus", "seedream-5.0-lite", {"output_format", "optimize_prompt"}),
        ("ark", "seedream-4.5", {"optimize_prompt"}),
        ("ark", "seedream-4.0", {"optimize_prompt"}),
        ("ark", "seedream-3.0-t2i", {"seed", "guidance_scale"}),
    ],
)
def test_an_ark_model_takes_the_documented_fields(provider: str, name: str, fields: set[str]) -> None:
    assert set(model_of(provider, name).fields) == fields | {"watermark", "response_format"}


def test_fast_prompts_are_for_pro_and_4_0_only() -> None:
    fast = {n for n, m in LIMITS.providers["ark"].models.items() if "fast" in (_modes(m) or ())}
    assert fast == {"seedream-5.0-pro", "seedream-4.0"}


def _modes(model: ModelLimits) -> tuple[str, ...] | None:
    rule = model.fields.get("optimize_prompt")
    return rule.values if rule else None


@pytest.mark.parametrize(
    ("provider", "name", "currency", "amounts"),
    [
        ("ark", "seedream-5.0-pro", "CNY", [0.3, 0.6]),
        ("ark", "seedream-5.0-flash", "CNY", [0.12]),
        ("ark", "seedream-5.0-lite", "CNY", [0.22]),
        ("ark", "seedream-4.5", "CNY", [0.25]),
        ("ark", "seedream-4.0", "CNY", [0.2]),
        ("byteplus", "seedream-5.0-pro", "USD", [0.045, 0.09]),
        ("byteplus", "seedream-5.0-flash", "USD", [0.018]),
        ("byteplus", "seedream-5.0-lite", "USD", [0.035]),
        ("byteplus", "seedream-4.5", "USD", [0.04]),
        ("byteplus", "seedream-4.0", "USD", [0.03]),
    ],
)
def test_a_price_is_the_documented_one(provider: str, name: str, currency: str, amounts: list[float]) -> None:
    price = model_of(provider, name).price
    assert price is not None
    assert price.currency == currency
    assert [step.amount for step in price.steps] == amounts


@pytest.mark.parametrize(("provider", "name"), EVERY)
def test_every_figure_names_a_source_and_its_day(provider: str, name: str) -> None:
    model = model_of(provider, name)
    for figure in model.model_dump(exclude={"name", "sources"}):
        assert date.fromisoformat(LIMITS.sources[model.source_of(figure)].read) <= date(2026, 11, 20)
    assert set(model.sources.values()) <= set(LIMITS.sources)


@pytest.mark.parametrize(("provider", "name"), EVERY)
def test_prompt_advice_is_300_characters_or_600_words(provider: str, name: str) -> None:
    prompt = model_of(provider, name).prompt
    assert (prompt.advice_chinese_chars, prompt.advice_english_words) == (300, 600)
    assert prompt.max_tokens == (2000 if provider in {"aigc", "evolink"} else None)


def test_an_unknown_model_gets_a_permissive_profile() -> None:
    model = LIMITS.model("ark", "ep-20261121-abcde")
    assert not model.is_known
    assert model.size.pixels is None
    assert (model.id, model.group.max_images) == ("ep-20261121-abcde", 15)


def test_a_model_is_found_by_each_of_its_ids() -> None:
    for name in ("seedream-5.0-lite", "doubao-seedream-5-0-260128", "doubao-seedream-5-0-lite-260128"):
        assert LIMITS.model("ark", name).name == "seedream-5.0-lite"


def test_ended_models_are_not_offered_and_the_default_comes_first() -> None:
    offered = [model.name for model in make_offer("ark", (), LIMITS, NOW).models]
    assert offered[0] == "seedream-4.5"
    assert set(offered) == {f"seedream-{n}" for n in ("4.5", "4.0", "5.0-pro", "5.0-flash", "5.0-lite")}


def test_lite_on_ark_is_offered_until_its_last_minute() -> None:
    end = datetime.fromisoformat("2026-11-24T14:00:00+08:00")
    before = datetime.fromisoformat("2026-11-24T05:59:59+00:00")
    assert "seedream-5.0-lite" in [m.name for m in make_offer("ark", (), LIMITS, before).models]
    assert "seedream-5.0-lite" not in [m.name for m in make_offer("ark", (), LIMITS, end).models]
    with pytest.raises(SettingsError, match=r"SEEDREAM_MODELS=seedream-5\.0-pro"):
        make_offer("ark", ("seedream-5.0-lite",), LIMITS, end)


def own_limits(tmp_path: Path, content: object) -> Limits:
    path = tmp_path / "own.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return load_limits(path)


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
    "content",
    [
        "{",
        "[]",
        {"providers": {"ark": {"models": {"x": {"like": "no-such-model"}}}}},
        {"providers": {"ark": {"models": {"x": {"ids": ["x"]}}}}},
        {"providers": {"ark": {"models": {"seedream-4.5": {"stream": "perhaps"}}}}},
        {"providers": {"ark": {"models": {"seedream-4.5": {"max_refs": 3}}}}},
    ],
)
def test_a_bad_file_is_refused_by_its_variable_with_an_example_that_works(tmp_path: Path, content: object) -> None:
    with pytest.raises(SettingsError, match=r"SEEDREAM_LIMITS_FILE: .*own\.json cannot be used") as caught:
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
