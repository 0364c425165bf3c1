"""The limits table says what the documents say: every figure stands here again, read from them a second time."""

from datetime import date, datetime

import pytest

from seedream_hub.schemas.limits import (
    FieldRules,
    GroupRules,
    Lifecycle,
    ModelLimits,
    Price,
    PriceStep,
    PromptRules,
    ReferenceRules,
    SizeRules,
    packaged_limits,
)
from seedream_hub.schemas.size import is_legal

LIMITS = packaged_limits()
EVERY = [(provider, name) for provider, rules in LIMITS.providers.items() for name in rules.models]
NOW = datetime.fromisoformat("2026-11-21T00:00:00+00:00")

MB = 1024 * 1024
WIDE, NARROW = (1 / 16, 16), (1 / 3, 3)
SIX = ("jpeg", "png", "webp", "bmp", "tiff", "gif")
EIGHT = (*SIX, "heic", "heif")
PX_4K = 16_777_216

# Recommended pixels by tier: `-pro` for 5.0 pro and flash, `2K-2025` for the pages of the launch year.
PIXELS = """
ratio 1K-pro    1.5K      2K-pro    1K        2K        2K-2025   3K        4K
1:1   1024x1024 1536x1536 2048x2048 1024x1024 2048x2048 2048x2048 3072x3072 4096x4096
4:3   1152x864  1792x1344 2368x1776 1152x864  2304x1728 2304x1728 3456x2592 4704x3520
3:4   864x1152  1344x1792 1776x2368 864x1152  1728x2304 1728x2304 2592x3456 3520x4704
16:9  1424x800  2048x1152 2816x1584 1280x720  2848x1600 2560x1440 4096x2304 5504x3040
9:16  800x1424  1152x2048 1584x2816 720x1280  1600x2848 1440x2560 2304x4096 3040x5504
3:2   1248x832  1872x1248 2496x1664 1248x832  2496x1664 2496x1664 3744x2496 4992x3328
2:3   832x1248  1248x1872 1664x2496 832x1248  1664x2496 1664x2496 2496x3744 3328x4992
21:9  1568x672  2352x1008 3136x1344 1512x648  3136x1344 3024x1296 4704x2016 6240x2656
"""
LINES: list[list[str]] = [[*map(str, line.split())] for line in PIXELS.strip().splitlines()]
HEAD, *ROWS = LINES


def sizes(
    tiers: str,
    pixels: tuple[int, int] | None,
    default: str | None,
    tables: str = "",
    *,
    ratio: tuple[float, float] | None = WIDE,
    ratios: str = "",
) -> SizeRules:
    """Spell out a model's sizes; `tables` are columns of PIXELS, each for the tier it begins with."""
    rows = [dict(zip(HEAD, row, strict=True)) for row in ROWS]
    recommended = {
        "px" if not tiers else column.partition("-")[0]: {row["ratio"]: row[column] for row in rows}
        for column in tables.split()
    }
    return SizeRules(
        tiers=tuple(tiers.split()),
        pixels=pixels,
        default=default,
        ratio=ratio,
        ratios=tuple(ratios.split()),
        recommended=recommended,
    )


def references(
    most: int, formats: tuple[str, ...], mb: int, ratio: tuple[float, float], least_px: int, *, data_uri: bool = True
) -> ReferenceRules:
    return ReferenceRules(
        max=most,
        formats=formats,
        max_bytes=mb * MB,
        ratio=ratio,
        min_side_exclusive=14,
        pixels=(least_px, 36_000_000),
        url=True,
        data_uri=data_uri,
    )


EVOLINK_RATIOS = "auto 1:1 2:3 3:2 3:4 4:3 4:5 5:4 9:16 16:9 21:9"
PRO_SIZES = sizes("1K 1.5K 2K", (921_600, 4_624_220), "2K", "1K-pro 1.5K 2K-pro")
SIZES = {
    "ark/seedream-5.0-pro": PRO_SIZES,
    "ark/seedream-5.0-flash": PRO_SIZES,
    "ark/seedream-5.0-lite": sizes("2K 3K 4K", (3_686_400, PX_4K), "2048x2048", "2K 3K 4K"),
    "ark/seedream-4.5": sizes("2K 4K", (3_686_400, PX_4K), "2048x2048", "2K 4K"),
    "ark/seedream-4.0": sizes("1K 2K 4K", (921_600, PX_4K), "2048x2048", "1K 2K 4K"),
    "ark/seedream-3.0-t2i": sizes("", (512 * 512, 2048 * 2048), "1024x1024", "1K", ratio=None),
    "ark/seededit-3.0": sizes("adaptive", None, "adaptive", ratio=None),
    "relay/seedream-4.0": sizes("1K 2K 4K", (1024 * 1024, PX_4K), "2048x2048", "2K-2025"),
    "aigc/seedream-4.5": sizes("2K 4K", None, None, "2K-2025"),
    "aigc/seedream-4.0": sizes("2K 4K", None, None, "2K-2025"),
    "aigc/seedream-3.0-t2i": sizes("", (512 * 512, 2048 * 2048), None, "1K", ratio=None),
    "novita/seedream-4.0": sizes("1K 2K 4K", (1024 * 1024, PX_4K), "2048x2048", "2K-2025"),
    "novita/seedream-4.5": sizes("2K 4K", (3_686_400, PX_4K), "2048x2048", "2K-2025"),
    "novita/seedream-5.0-lite": sizes("2K 3K", (3_686_400, 10_404_496), "2048x2048", "2K-2025"),
    "evolink/seedream-4.0": sizes("1K 2K 4K", None, "2K", ratio=None, ratios=EVOLINK_RATIOS),
    "evolink/seedream-4.5": sizes("2K 4K", (2560 * 1440, PX_4K), "2048x2048", "2K 4K"),
    "evolink/seedream-5.0-lite": sizes("2K 3K", (2560 * 1440, 3072 * 3072), None, ratios=EVOLINK_RATIOS),
}

NONE = ReferenceRules(max=0, url=False, data_uri=False)
ARK_14, OF_2025 = references(14, EIGHT, 30, WIDE, 196), references(14, SIX, 10, WIDE, 1)
UPLOADED = {"data_uri": False, "upload_formats": ("jpeg", "png", "webp", "gif")}
REFERENCES = {
    "ark/seedream-5.0-pro": references(10, EIGHT, 30, WIDE, 196),
    "ark/seedream-5.0-flash": references(10, EIGHT, 30, WIDE, 196),
    "ark/seedream-5.0-lite": ARK_14,
    "ark/seedream-4.5": ARK_14,
    "ark/seedream-4.0": ARK_14,
    "ark/seedream-3.0-t2i": NONE,
    "ark/seededit-3.0": references(1, ("jpeg", "png"), 10, NARROW, 196).model_copy(update={"min": 1}),
    "relay/seedream-4.0": ARK_14,
    "aigc/seedream-4.5": OF_2025,
    "aigc/seedream-4.0": OF_2025,
    "aigc/seedream-3.0-t2i": NONE,
    "novita/seedream-4.0": references(10, ("jpeg", "png"), 10, NARROW, 1),
    "novita/seedream-4.5": OF_2025,
    "novita/seedream-5.0-lite": OF_2025,
    "evolink/seedream-4.0": references(10, ("jpeg", "png"), 10, NARROW, 1, data_uri=False),
    "evolink/seedream-4.5": OF_2025.model_copy(update=UPLOADED),
    "evolink/seedream-5.0-lite": OF_2025.model_copy(update=UPLOADED),
}

ONE_AT_A_TIME = {"ark/seedream-5.0-pro", "ark/seedream-5.0-flash"} | {
    f"{provider}/{name}" for provider in ("ark", "aigc") for name in ("seedream-3.0-t2i", "seededit-3.0")
}

MARK = {"watermark": FieldRules(default=True)}
ANSWER = MARK | {"response_format": FieldRules(values=("url", "b64_json"))}
STANDARD = {"optimize_prompt": FieldRules(values=("standard",), default="standard")}
FAST = {"optimize_prompt": FieldRules(values=("standard", "fast"), default="standard")}
PNG = {"output_format": FieldRules(values=("jpeg", "png"), default="jpeg")}
LAYERS = {
    "background": FieldRules(values=("opaque", "transparent"), default="opaque"),
    "layer_decomposition": FieldRules(
        default=False,
        reference_formats=("jpeg", "png"),
        reference_pixels=(262_144, 36_000_000),
        most_pictures=17,
    ),
}
SEED = {"seed": FieldRules(range=(-1, 2_147_483_647), default=-1)}
CALLBACK = {"callback_url": FieldRules(max_length=2048)}
SEVERAL = {"n": FieldRules(range=(1, 15), default=1)}
PRIORITY = SEVERAL | STANDARD
FIELDS: dict[str, dict[str, FieldRules]] = {
    "ark/seedream-5.0-pro": ANSWER | PNG | FAST | LAYERS,
    "ark/seedream-5.0-flash": ANSWER | PNG | STANDARD | LAYERS,
    "ark/seedream-5.0-lite": ANSWER | PNG | STANDARD | {"web_search": FieldRules()},
    "byteplus/seedream-5.0-lite": ANSWER | PNG | STANDARD,
    "ark/seedream-4.5": ANSWER | STANDARD,
    "ark/seedream-4.0": ANSWER | FAST,
    "ark/seedream-3.0-t2i": ANSWER | SEED | {"guidance_scale": FieldRules(range=(1, 10), default=2.5)},
    "ark/seededit-3.0": ANSWER | SEED | {"guidance_scale": FieldRules(range=(1, 10), default=5.5)},
    "relay/seedream-4.0": ANSWER,
    "aigc/seedream-4.5": MARK | PRIORITY | CALLBACK,
    "aigc/seedream-4.0": MARK | PRIORITY | CALLBACK,
    "aigc/seedream-3.0-t2i": MARK | PRIORITY | CALLBACK,
    "novita/seedream-4.0": MARK,
    "novita/seedream-4.5": MARK | STANDARD,
    "novita/seedream-5.0-lite": MARK | STANDARD,
    "evolink/seedream-4.0": FAST | CALLBACK,  # its `n` bounds a set, and counts no variants
    "evolink/seedream-4.5": STANDARD | CALLBACK,
    "evolink/seedream-5.0-lite": CALLBACK,
}

# Price of an image; for pro up to 2.61 MP and above, and of a reference after the first.
PRICES: dict[str, tuple[float, ...]] = {
    "ark/seedream-5.0-pro": (0.3, 0.6, 0.02),
    "ark/seedream-5.0-flash": (0.12,),
    "ark/seedream-5.0-lite": (0.22,),
    "ark/seedream-4.5": (0.25,),
    "ark/seedream-4.0": (0.2,),
    "byteplus/seedream-5.0-pro": (0.045, 0.09, 0.003),
    "byteplus/seedream-5.0-flash": (0.018,),
    "byteplus/seedream-5.0-lite": (0.035,),
    "byteplus/seedream-4.5": (0.04,),
    "byteplus/seedream-4.0": (0.03,),
    "byteplus/seedream-3.0-t2i": (0.03,),
    "byteplus/seededit-3.0": (0.03,),
}

ARK_IDS = {
    "seedream-5.0-pro": "doubao-seedream-5-0-pro-260628",
    "seedream-5.0-flash": "doubao-seedream-5-0-flash-260915",
    "seedream-5.0-lite": "doubao-seedream-5-0-260128 doubao-seedream-5-0-lite-260128",
    "seedream-4.5": "doubao-seedream-4-5-251128",
    "seedream-4.0": "doubao-seedream-4-0-250828",
    "seedream-3.0-t2i": "doubao-seedream-3-0-t2i-250415",
    "seededit-3.0": "doubao-seededit-3-0-i2i-250628",
}
BYTEPLUS_IDS = {name: ids.replace("doubao-", "") for name, ids in ARK_IDS.items()} | {
    "seedream-5.0-pro": "dola-seedream-5-0-pro-260628",
    "seedream-5.0-flash": "dola-seedream-5-0-flash-260915",
}

ENDED = Lifecycle(state="ended", use_instead="seedream-4.5")
LIFECYCLES = {
    "ark/seedream-5.0-lite": Lifecycle(
        state="retiring", ends=datetime.fromisoformat("2026-11-24T14:00+08:00"), use_instead="seedream-5.0-pro"
    ),
    "ark/seedream-3.0-t2i": ENDED,
    "ark/seededit-3.0": ENDED,
    "byteplus/seedream-3.0-t2i": Lifecycle(state="retiring", use_instead="seedream-4.5"),
    "byteplus/seededit-3.0": ENDED,
}


def model_of(provider: str, name: str) -> ModelLimits:
    return LIMITS.providers[provider].models[name]


def as_ark(provider: str, name: str) -> str:
    """Name the fact to hold: BytePlus documents Ark's limits, and the sandbox keeps to them."""
    return f"{'ark' if provider in {'byteplus', 'sandbox'} else provider}/{name}"


@pytest.mark.parametrize(("provider", "name"), EVERY)
def test_a_model_takes_the_documented_sizes(provider: str, name: str) -> None:
    assert model_of(provider, name).size == SIZES[as_ark(provider, name)]


@pytest.mark.parametrize(("provider", "name"), EVERY)
def test_a_model_takes_the_documented_references(provider: str, name: str) -> None:
    assert model_of(provider, name).references == REFERENCES[as_ark(provider, name)]


@pytest.mark.parametrize(("provider", "name"), EVERY)
def test_sets_of_fifteen_with_their_references_and_streams_are_where_documented(provider: str, name: str) -> None:
    model = model_of(provider, name)
    single = as_ark(provider, name) in ONE_AT_A_TIME
    assert model.group == (
        GroupRules(max_images=1) if single else GroupRules(max_images=15, references_plus_outputs=15)
    )
    assert model.stream == (not single and provider not in {"novita", "evolink"})


@pytest.mark.parametrize(("provider", "name"), EVERY)
def test_a_model_takes_the_documented_fields_and_no_other(provider: str, name: str) -> None:
    assert model_of(provider, name).fields == FIELDS.get(f"{provider}/{name}", FIELDS.get(as_ark(provider, name)))


@pytest.mark.parametrize(("provider", "name"), EVERY)
def test_a_price_is_the_documented_one(provider: str, name: str) -> None:
    amounts = (0,) if provider == "sandbox" else PRICES.get(f"{provider}/{name}", ())
    currency = "USD" if provider == "byteplus" else "CNY"
    expected = None
    if len(amounts) == 1:
        expected = Price(currency=currency, steps=(PriceStep(amount=amounts[0]),))
    elif amounts:
        steps = (PriceStep(amount=amounts[0], up_to_pixels=2_610_000), PriceStep(amount=amounts[1]))
        halved = [PriceStep(amount=step.amount / 2, up_to_pixels=step.up_to_pixels) for step in steps]
        layers = tuple(halved) if provider == "byteplus" else ()
        expected = Price(
            currency=currency, steps=steps, layer_steps=layers, free_references=1, per_reference=amounts[2]
        )
    assert model_of(provider, name).price == expected


@pytest.mark.parametrize(("provider", "name"), EVERY)
def test_prompt_advice_is_300_characters_or_600_words(provider: str, name: str) -> None:
    hard = {"max_tokens": 2000} if provider in {"aigc", "evolink"} else {}
    hard |= {"max_chars": 400_000} if as_ark(provider, name).startswith("ark/") else {}
    assert model_of(provider, name).prompt == PromptRules(advice_chinese_chars=300, advice_english_words=600, **hard)


@pytest.mark.parametrize(("provider", "name"), EVERY)
def test_a_model_has_its_documented_ids_rate_and_end(provider: str, name: str) -> None:
    model = model_of(provider, name)
    ids = {"ark": ARK_IDS, "sandbox": ARK_IDS, "relay": ARK_IDS, "byteplus": BYTEPLUS_IDS}.get(provider, {}).get(name)
    assert model.ids == tuple((ids or ("doubao-" if provider == "evolink" else "") + name).split())
    current = as_ark(provider, name).startswith("ark/") and name not in {"seedream-3.0-t2i", "seededit-3.0"}
    assert model.images_per_minute == (500 if current else None)
    assert model.lifecycle == LIFECYCLES.get(f"{provider}/{name}", Lifecycle(state="current"))


def test_a_provider_has_its_documented_addresses() -> None:
    assert {name: rules.base_urls for name, rules in LIMITS.providers.items()} == {
        "ark": {"cn-beijing": "https://ark.cn-beijing.volces.com/api/v3"},
        "byteplus": {
            "ap-southeast": "https://ark.ap-southeast.bytepluses.com/api/v3",
            "eu-west": "https://ark.eu-west.bytepluses.com/api/v3",
        },
        "sandbox": {},
        "relay": {},
        "aigc": {"default": "https://api.aigc.it/v1"},
        "novita": {"default": "https://api.novita.ai"},
        "evolink": {"default": "https://api.evolink.ai"},
    }


@pytest.mark.parametrize("provider", LIMITS.providers)
def test_a_link_lives_a_day_and_the_default_model_is_current(provider: str) -> None:
    rules = LIMITS.providers[provider]
    assert rules.link_lifetime_s == 24 * 60 * 60
    assert rules.models[rules.default_model].lifecycle.state == "current"


def paths(value: object, prefix: str = "") -> list[str]:
    """List the dotted path of every figure, and of every group of figures."""
    below: list[str] = []
    if isinstance(value, dict):
        for key, part in value.items():  # pyright: ignore[reportUnknownVariableType] - dumped JSON
            below += [f"{prefix}{key}", *paths(part, f"{prefix}{key}.")]  # pyright: ignore[reportUnknownArgumentType]
    return below


@pytest.mark.parametrize(("provider", "name"), EVERY)
def test_every_figure_names_a_source_and_its_day(provider: str, name: str) -> None:
    model = model_of(provider, name)
    figures = paths(model.model_dump(exclude={"name", "sources"}))
    for figure in figures:
        assert date.fromisoformat(LIMITS.sources[model.source_of(figure)].read) <= date.fromisoformat(LIMITS.as_of)
    assert set(model.sources) <= {"*", *figures}


@pytest.mark.parametrize(
    ("provider", "name", "figure", "page"),
    [
        ("ark", "seedream-4.5", "size.pixels", "doc 1541523"),
        ("ark", "seedream-5.0-lite", "lifecycle.ends", "end-of-service notice of 2026-09-22, read 2026-10-09"),
        ("ark", "seedream-4.5", "price", "price list"),
        ("ark", "seedream-3.0-t2i", "lifecycle", "GET /models, read 2026-09-19"),
        ("byteplus", "seedream-4.5", "price", "BytePlus"),
        ("byteplus", "seedream-5.0-lite", "lifecycle", "BytePlus"),
        ("sandbox", "seedream-4.5", "price", "Seedream Hub's own"),
        ("aigc", "seedream-4.5", "prompt.max_tokens", "aigc.it"),
        ("aigc", "seedream-4.5", "prompt", "prompt guide (doc 1829186)"),  # its own page gives no advice
        ("evolink", "seedream-4.0", "prompt.max_tokens", "EvoLink"),
        ("evolink", "seedream-4.0", "prompt", "prompt guide (doc 1829186)"),
        ("relay", "seedream-4.0", "size.recommended", "Novita Seedream 4.0"),  # its own page has no such table
        ("relay", "seedream-4.0", "size.pixels", "relay of Ark"),
    ],
)
def test_a_figure_cites_the_page_it_stands_on(provider: str, name: str, figure: str, page: str) -> None:
    assert page in LIMITS.source(model_of(provider, name), figure)


def test_an_unknown_model_gets_a_permissive_profile() -> None:
    model = LIMITS.model("ark", "ep-20261121-abcde")
    assert not model.is_known
    assert (model.id, model.name, model.price) == ("ep-20261121-abcde", "ep-20261121-abcde", None)
    assert (model.size.pixels, model.size.ratio, model.prompt.max_chars) == (None, None, None)
    assert is_legal(99_999, 10, model)
    assert {tier for known in LIMITS.providers["ark"].models.values() for tier in known.size.tiers} - {
        "adaptive"
    } == set(model.size.tiers)
    assert (model.group.max_images, model.references.max) == (15, 14)
    assert model.lifecycle.is_served(NOW)


def test_a_model_is_found_by_each_of_its_ids() -> None:
    for name in ("seedream-5.0-lite", "doubao-seedream-5-0-260128", "doubao-seedream-5-0-lite-260128"):
        assert LIMITS.model("ark", name).name == "seedream-5.0-lite"
