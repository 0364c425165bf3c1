"""Every documented parameter has a row in docs/parameters.md, and the row says what our bodies really do."""

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from bench.parameters import CONFLICTS, REACH, sandbox_fields
from seedream_hub.providers.dialects import DIALECTS
from seedream_hub.schemas.arguments import BATCH, EDIT, FUSE, GENERATE, ImageArguments, Kind
from seedream_hub.schemas.errors import ArgumentError
from seedream_hub.schemas.limits import Json, Lifecycle, ModelLimits, packaged_limits
from seedream_hub.schemas.offer import Offer
from seedream_hub.schemas.plan import plan
from seedream_hub.server.settings import Settings, variable_of
from tests.documents import INDEX, examples, parsed
from tests.support import ROOT

LISTED: Final[dict[str, list[dict[str, Any]]]] = parsed("parameters.json")["providers"]
LINKS: Final = ["https://example.com/1.png", "https://example.com/2.png"]
OUTSIDE: Final = {"Authorization", "Content-Type", "task_id", "file"}
"""What is no field of the body of a request for pictures."""

BASES: Final[list[tuple[Kind, Json]]] = [
    (GENERATE, {}),
    (EDIT, {"image": LINKS[0]}),
    (FUSE, {"images": LINKS}),
    (BATCH, {"stream": False}),
    (BATCH, {"images": LINKS[:1], "count": 2}),
]
VALUES: Final[dict[str, list[Any]]] = {
    "prompt": ["another"],
    "image": [LINKS[1]],
    "images": [LINKS, LINKS[:1], LINKS[1:]],
    "size": ["1K", "2K", "3K", "4K", "2048x2048", "1600x1600"],
    "aspect_ratio": ["16:9", "1:1"],
    "count": [2, 3],
    "watermark": [True, False],
    "output_format": ["png", "jpeg"],
    "optimize_prompt": ["standard", "fast"],
    "background": ["opaque", "transparent"],
    "layer_decomposition": [True],
    "web_search": [True],
    "seed": [7, -1],
    "guidance_scale": [2.5, 3.0],
    "stream": [True, False],
    "response_format": ["url", "b64_json"],
    "callback_url": ["https://example.com/done"],
}


def flat(body: Json, prefix: str = "") -> dict[str, object]:
    """Return every field by its dotted name; the fields of an array's objects as if there were one."""
    found: dict[str, object] = {}
    for name, value in body.items():
        found[f"{prefix}{name}"] = value
        for below in value if isinstance(value, list) else [value]:  # pyright: ignore[reportUnknownVariableType] - JSON
            found |= flat(below, f"{prefix}{name}.") if isinstance(below, dict) else {}  # pyright: ignore[reportUnknownArgumentType] - JSON
    return found


def served(provider: str) -> list[ModelLimits]:
    """Return the models that are not shut down, as if none were about to end."""
    lasting = {"lifecycle": Lifecycle(state="current")}
    models = packaged_limits().providers[provider].models.values()
    return [model.model_copy(update=lasting) for model in models if model.lifecycle.state != "ended"]


def body_of(provider: str, kind: Kind, model: ModelLimits, given: Json) -> dict[str, object] | None:
    """Return the flat body of a call, or None where the model does not take it."""
    offer = Offer(provider, packaged_limits(), tuple(served(provider)))
    arguments = ImageArguments.model_validate({"prompt": "a fox", "model": model.name, **given})
    try:
        return flat(DIALECTS[provider].body(plan(kind, arguments, offer, model)))
    except ArgumentError:
        return None


def pairs(provider: str) -> Iterator[tuple[str, dict[str, object], dict[str, object]]]:
    """Yield an argument, and two bodies between which only that argument differs."""
    for kind, base in BASES:
        bodies = {model.name: body_of(provider, kind, model, base) for model in served(provider)}
        taken = [body for body in bodies.values() if body is not None]
        yield from (("model", taken[0], other) for other in taken[1:])
        for model in served(provider):
            for name, values in VALUES.items():
                for value in values:
                    changed = body_of(provider, kind, model, {**base, name: value})
                    before = bodies[model.name]
                    if changed is not None and before is not None:
                        yield name, before, changed


def by_argument(provider: str) -> dict[str, set[str]]:
    """Return, for each field of a body, the arguments that change it."""
    found: dict[str, set[str]] = {}
    for name, before, changed in pairs(provider):
        for field in before.keys() | changed.keys():
            if before.get(field, ...) != changed.get(field, ...):
                found.setdefault(field, set()).add(name)
    return found


def sent(provider: str) -> set[str]:
    """Return every field that any call puts into a body."""
    return {field for _, before, changed in pairs(provider) for field in before.keys() | changed.keys()}


def documented(provider: str) -> set[str]:
    """Return what the documents list: their tables, their examples, and the sandbox's reading of them."""
    names = {name for group in LISTED[provider] for name in group["names"]}
    in_examples = {
        name for file in examples("request") if file.startswith(f"{provider}/") for name in flat(parsed(file))
    }
    in_sandbox = set[str]().union(*sandbox_fields(provider).values())
    return names | in_examples | (in_sandbox - {"tools", "tools.type"} if provider == "byteplus" else in_sandbox)


@pytest.mark.parametrize("provider", REACH)
def test_every_documented_parameter_is_in_the_table_and_no_other(provider: str) -> None:
    assert REACH[provider].keys() == documented(provider)


@pytest.mark.parametrize("provider", REACH)
def test_both_readings_of_the_documents_list_the_same_parameters(provider: str) -> None:
    listed = {
        name for group in LISTED[provider] if "SDK" not in group["section"] for name in group["names"]
    } - OUTSIDE
    sandbox = set[str]().union(*sandbox_fields(provider).values())
    assert listed == sandbox
    assert {group["document"] for group in LISTED[provider]} <= set(INDEX["documents"])


@pytest.mark.parametrize("provider", REACH)
def test_a_parameter_is_reached_by_the_arguments_its_row_names(provider: str) -> None:
    reached = by_argument(provider)
    for field, reach in REACH[provider].items():
        if reach.way == "argument" and field not in OUTSIDE:
            assert set(reach.names) <= reached.get(field, set()), field


@pytest.mark.parametrize("provider", REACH)
def test_nothing_is_sent_but_what_is_documented_and_reachable(provider: str) -> None:
    fields = {field for field, reach in REACH[provider].items() if reach.way != "never"} - OUTSIDE
    assert sent(provider) == fields


@pytest.mark.parametrize("provider", REACH)
def test_a_parameter_that_is_not_an_argument_says_why_or_names_a_setting(provider: str) -> None:
    variables = {variable_of(name) for name in Settings.model_fields}
    for field, reach in REACH[provider].items():
        if reach.way == "setting":
            assert set(reach.names) <= variables, field
        elif reach.way != "argument":
            assert reach.note, field


def test_the_page_has_a_row_for_every_parameter_of_every_provider() -> None:
    page = (ROOT / "docs" / "parameters.md").read_text(encoding="utf-8")
    for provider, rows in REACH.items():
        block = page.partition(f"<!-- {provider}:begin -->")[2].partition(f"<!-- {provider}:end -->")[0]
        assert set(re.findall(r"^\| `([^`]+)` \|", block, re.MULTILINE)) == set(rows)


def test_every_conflict_says_which_limit_holds() -> None:
    page = (ROOT / "docs" / "parameters.md").read_text(encoding="utf-8")
    for row in CONFLICTS:
        (line,) = [line for line in page.splitlines() if line.startswith(f"| {row.topic} |")]
        assert line.count("|") == 5
        assert line.rsplit("|", 2)[1].strip()
    held = "14: Volcengine Ark, BytePlus ModelArk, OpenAI-style relay of Ark, aigc.it; 10: Novita, EvoLink"
    assert f"| {held} |" in page


@pytest.mark.parametrize("provider", REACH)
def test_each_providers_page_tells_of_its_key_address_models_and_sources(provider: str) -> None:
    page = (ROOT / "docs" / "providers" / f"{provider}.md").read_text(encoding="utf-8")
    rules = packaged_limits().providers[provider]
    for told in (*rules.models, *rules.base_urls.values(), f"SEEDREAM_PROVIDER={provider}"):
        assert told in page
    assert re.search(r"`[A-Z_]*API_KEY`", page)
    assert ", read 2026-" in page.partition("## Sources")[2]
