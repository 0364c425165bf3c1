"""Hold the sandbox to the documents of the dialects that answer at once."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2 as httpx
import pytest

from seedream_hub.providers.sandbox.catalog import CATALOG
from seedream_hub.providers.sandbox.dialects import aigc, ark, evolink, novita, reading, relay
from seedream_hub.providers.sandbox.refusal import RefusalError
from tests.sandboxed import BODIES, GROUP, MOST, SETS, Bench, data_uri, events_of, picture, running

PNG = data_uri(picture())
LINK = "https://example.com/a.png"
ERROR_SHAPES: dict[str, list[str]] = {
    "ark": ["error.code", "error.message", "error.param", "error.type"],
    "relay": ["error.code", "error.message", "error.type"],
    "aigc": ["error.code", "error.message", "error.param", "error.type"],
    "novita": ["code", "reason", "message", "metadata"],
    "evolink": ["error.code", "error.message", "error.type", "error.param", "error.fallback_suggestion"],
    "evolink_files": ["success", "code", "msg", "data"],
}


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with running(is_ready=False) as started:
        yield started


def shape(body: Any) -> list[str]:
    inner = body.get("error")
    return [f"error.{name}" for name in inner] if inner else list(body)


@pytest.mark.parametrize("dialect", ERROR_SHAPES)
def test_a_wrong_key_is_401_in_the_dialects_own_shape(bench: Bench, dialect: str) -> None:
    paths = {"novita": "/v3/seedream-4.5", "evolink": "/v1/tasks/x", "evolink_files": "/api/v1/files/upload/url"}
    method = "GET" if dialect == "evolink" else "POST"
    url = bench.sandbox.base_urls[dialect] + paths.get(dialect, "/images/generations")
    answer = httpx.request(method, url, headers={"Authorization": "Bearer wrong"})
    assert (answer.status_code, shape(answer.json())) == (401, ERROR_SHAPES[dialect])
    assert (answer.headers["x-seedream-hub-sandbox"], len(answer.headers["x-request-id"])) == ("1", 53)


@pytest.mark.parametrize("dialect", ERROR_SHAPES)
def test_an_unknown_path_is_404_in_the_dialects_own_shape(bench: Bench, dialect: str) -> None:
    answer = bench.http.post(f"{bench.sandbox.base_urls[dialect]}/v9/nothing", json={})
    assert (answer.status_code, shape(answer.json())) == (404, ERROR_SHAPES[dialect])
    assert dialect != "novita" or answer.json()["reason"] == "API_NOT_FOUND"


@pytest.mark.parametrize("dialect", BODIES)
def test_a_body_over_the_limit_or_no_json_is_refused(bench: Bench, dialect: str) -> None:
    path = {"novita": "/v3/seedream-4.0", "evolink": "/v1/images/generations"}.get(dialect, "/images/generations")
    url = bench.sandbox.base_urls[dialect] + path
    for content, status in ((b" " * (64 * 2**20 + 1), 413), (b"[]", 400), (b"{", 400)):
        assert bench.http.post(url, content=content).status_code == status


@pytest.mark.parametrize("dialect", ["relay", "aigc", "novita"])
def test_variants_differ_and_each_request_has_a_row_in_the_ledger(bench: Bench, dialect: str) -> None:
    seen: list[bytes] = []
    for name in ("a-v1", "b-v1", "a-v2"):
        bench.http.headers["X-Client-Request-Id"] = name
        body = bench.draw(dialect)
        link = body["images"][0] if dialect == "novita" else body["data"][0]["url"]
        seen.append(httpx.get(link).content)
        row = bench.last_row()
        assert (row["client_request_id"], row["dialect"], row["images_billed"]) == (name, dialect, 1)
    del bench.http.headers["X-Client-Request-Id"]
    assert seen[0] == seen[1] != seen[2]


def test_byteplus_is_ark_with_its_own_ids(bench: Bench) -> None:
    assert bench.sandbox.base_urls["byteplus"] == bench.sandbox.base_url == bench.sandbox.url + "/api/v3"
    for model in ("dola-seedream-5-0-pro-260628", "seedream-4-0-250828"):
        assert bench.draw("ark", model=model, size="1K")["model"] == model


def test_a_relay_answer_drops_what_the_sample_drops(bench: Bench) -> None:
    answer = bench.ask("relay", image=[PNG, LINK])
    body = answer.json()
    assert answer.headers["x-oneapi-request-id"]
    assert (set(body), set(body["data"][0])) == ({"data", "created", "usage"}, {"url"})
    assert body["usage"] == {
        "prompt_tokens": 0,
        "completion_tokens": 0,
        "total_tokens": 4096,
        "prompt_tokens_details": {"cached_tokens_details": {}},
        "completion_tokens_details": {},
        "output_tokens": 4096,
    }


def test_a_relay_gives_base64_and_arks_events(bench: Bench) -> None:
    assert set(bench.draw("relay", response_format="b64_json")["data"][0]) == {"b64_json"}
    events = events_of(bench.ask("relay", **SETS["relay"], **{MOST: {"max_images": 2}}, stream=True))
    assert [name.rpartition(".")[2] for name, _ in events] == ["partial_succeeded", "partial_succeeded", "completed"]


def test_a_relay_has_no_channel_for_another_model(bench: Bench) -> None:
    answer = bench.ask("relay", model="doubao-seedream-4-5-251128")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["type"]) == (503, "model_not_found", "new_api_error")


AT_ONCE: list[tuple[str, str, dict[str, object], str]] = [
    ("relay", "", {"image": PNG}, "image"),
    ("relay", "", {"image": [PNG] * 15}, "image"),
    ("relay", "", {"size": "1280x720"}, "size"),
    ("relay", "", {"size": "4097x4096"}, "size"),
    ("relay", "", {"size": "3K"}, "size"),
    ("relay", "", {"prompt": None}, "prompt"),
    ("relay", "", {"response_format": "png"}, "response_format"),
    ("relay", "", {GROUP: "auto", MOST: {"max_images": 16}}, f"{MOST}.max_images"),
    ("aigc", "", {"model": "seedream-3.0-t2i", "image": LINK, "size": None}, "image"),
    ("aigc", "", {"model": "seedream-3.0-t2i", "stream": True, "size": None}, "stream"),
    ("aigc", "", {"model": "seedream-3.0-t2i", GROUP: "disabled", "size": None}, GROUP),
    ("aigc", "", {"model": "seedream-3.0-t2i", "size": "2K"}, "size"),
    ("aigc", "", {"model": "seedream-3.0-t2i", "size": "511x512"}, "size"),
    ("aigc", "", {"model": "seedream-3.0-t2i", "size": "2048x2049"}, "size"),
    ("aigc", "", {"model": "seedream-4.0", "size": "1K"}, "size"),
    ("aigc", "", {"size": "2k"}, "size"),
    ("aigc", "", {"n": 16}, "n"),
    ("aigc", "", {"n": 0}, "n"),
    ("aigc", "", {"n": 2, "image": [PNG] * 14}, "n"),
    ("aigc", "", {"image": PNG, "image_urls": [LINK]}, "image_urls"),
    ("aigc", "", {"image_urls": PNG}, "image_urls"),
    ("aigc", "", {"image": [PNG] * 15}, "image"),
    ("aigc", "", {"image": data_uri(picture((15, 255)))}, "image"),
    ("aigc", "", {"prompt_priority": "fast"}, "prompt_priority"),
    ("aigc", "", {"prompt": "猫" * 2001}, "prompt"),
    ("aigc", "", {"prompt": "cat " * 2001}, "prompt"),
    ("aigc", "", {"callback_url": "http://example.com/x"}, "callback_url"),
    ("aigc", "", {"callback_url": "https://example.com/" + "x" * 2030}, "callback_url"),
    ("novita", "", {"image": [PNG]}, "image"),
    ("novita", "", {"images": PNG}, "images"),
    ("novita", "", {"images": [PNG] * 11}, "images"),
    ("novita", "", {MOST: {"max_images": 2}}, MOST),
    ("novita", "", {"max_images": 16}, "max_images"),
    ("novita", "", {"size": "1280x720"}, "size"),
    ("novita", "/v3/seedream-4.5", {"size": "1K"}, "size"),
    ("novita", "/v3/seedream-4.5", {"size": "2K", "max_images": 2}, "max_images"),
    ("novita", "/v3/seedream-4.5", {"size": "2K", "images": [PNG]}, "images"),
    ("novita", "/v3/seedream-4.5", {"size": "2K", "image": [PNG] * 15}, "image"),
    ("novita", "/v3/seedream-4.5", {"optimize_prompt_options": {"mode": "fast"}}, "optimize_prompt_options.mode"),
    ("novita", "/v3/seedream-5.0-lite", {"size": "4K"}, "size"),
    ("novita", "/v3/seedream-5.0-lite", {"size": "3226x3226"}, "size"),
]


@pytest.mark.parametrize(("dialect", "path", "fields", "parameter"), AT_ONCE)
def test_what_the_document_rules_out_is_400_and_names_the_field(
    bench: Bench, dialect: str, path: str, fields: dict[str, object], parameter: str
) -> None:
    answer = bench.ask(dialect, path, **fields)
    assert answer.status_code == 400, answer.text
    assert f"`{parameter}`" in json.dumps(answer.json())
    assert bench.last_row()["images_billed"] == 0


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"images": [data_uri(picture((64, 193)))]}, "INVALID_IMAGE_SIZE"),
        ({"images": [data_uri(picture((14, 14)))]}, "INVALID_IMAGE_SIZE"),
        ({"images": [data_uri(picture(kind="WEBP"), "webp")]}, "INVALID_IMAGE_FORMAT"),
        ({"images": [data_uri(picture() + bytes(10 * 2**20))]}, "IMAGE_FILE_EXCEEDS_MAX_SIZE"),
        ({"images": [data_uri(picture((6001, 6000)))]}, "IMAGE_EXCEEDS_MAX_RESOLUTION"),
        ({"size": "9K"}, "INVALID_REQUEST_BODY"),
    ],
)
def test_novita_names_the_reason(bench: Bench, fields: dict[str, object], reason: str) -> None:
    answer = bench.ask("novita", **fields)
    assert (answer.json()["code"], answer.json()["reason"], answer.json()["metadata"]) == (400, reason, {})


def test_novita_answers_with_links_and_nothing_else(bench: Bench) -> None:
    flat = bench.draw("novita", **SETS["novita"], max_images=2)
    assert set(flat) == {"images"}
    assert [httpx.get(link).status_code for link in flat["images"]] == [200, 200]
    nested = bench.draw("novita", "/v3/seedream-4.5", **{**SETS["novita"], "size": "2K", MOST: {"max_images": 2}})
    assert len(nested["images"]) == 2
    assert len(bench.draw("novita", "/v3/seedream-5.0-lite", size="3K", image=[PNG])["images"]) == 1


def test_aigc_answers_as_ark_does_with_a_dated_model(bench: Bench) -> None:
    body = bench.draw("aigc", image=PNG, size="640x480")
    assert (body["model"], body["data"][0]["size"]) == ("seedream-4-5-251128", "640x480")
    assert body["usage"] == {"generated_images": 1, "output_tokens": 1200, "total_tokens": 1200}
    assert bench.draw("aigc", model="seedream-3.0-t2i", size=None)["data"][0]["size"] == "1024x1024"
    assert bench.draw("aigc", size="2560x1440", image_urls=[LINK])["data"][0]["size"] == "2560x1440"


def test_aigc_takes_any_pixels_and_says_what_it_drew(bench: Bench) -> None:
    assert bench.draw("aigc", size="1x1")["data"][0]["size"] == "64x64"


def test_n_makes_independent_pictures_and_a_set_goes_by_max_images(bench: Bench) -> None:
    independent = bench.draw("aigc", n=3)["data"]
    assert len({httpx.get(item["url"]).content for item in independent}) == 3
    in_set = bench.draw("aigc", **SETS["aigc"], n=1, **{MOST: {"max_images": 2}})
    assert in_set["usage"]["generated_images"] == 2
    events = events_of(bench.ask("aigc", n=2, stream=True))
    assert [data.get("image_index") for _, data in events] == [0, 1, None]
    assert events[0][1]["model"] == "seedream-4-5-251128"


def test_a_token_is_counted_for_a_chinese_character_or_a_run_between_spaces() -> None:
    assert reading.tokens_at_least("一只猫, a cat... on 2 sofas!") == 9
    assert reading.tokens_at_least("don't a,b x-y") == 3
    assert reading.tokens_at_least(" \n ") == 0


@pytest.mark.parametrize(
    ("module", "model", "some", "none"),
    [
        (ark, "doubao-seedream-3-0-t2i-250415", {"seed", "guidance_scale"}, {"image", "optimize_prompt_options"}),
        (ark, "dola-seedream-5-0-pro-260628", {"image", "optimize_prompt_options.mode"}, {"stream", GROUP, "seed"}),
        (relay, "doubao-seedream-4-0-250828", {"image", f"{MOST}.max_images"}, {"n", "seed"}),
        (aigc, "seedream-4.5", {"image_urls", "n", f"{MOST}.max_images"}, {"response_format", "max_images"}),
        (aigc, "seedream-3.0-t2i", {"n", "callback_url"}, {"image", GROUP, "stream"}),
        (novita, "seedream-4.0", {"images", "max_images"}, {"image", MOST, "model"}),
        (novita, "seedream-4.5", {"image", f"{MOST}.max_images"}, {"images", "max_images", "model"}),
        (evolink, "doubao-seedream-4.0", {"quality", "prompt_priority"}, {"watermark", "stream"}),
        (evolink, "doubao-seedream-4.5", {"prompt_priority"}, {"quality"}),
        (evolink, "doubao-seedream-5.0-lite", {"quality"}, {"prompt_priority"}),
    ],
)
def test_the_documented_fields_are_listed_for_each_model(
    module: Any, model: str, some: set[str], none: set[str]
) -> None:
    fields = module.documented_fields(model)
    assert some <= fields
    assert not none & fields
    with pytest.raises(RefusalError):
        module.documented_fields("nothing")


@pytest.mark.parametrize("table", [relay.TABLE, aigc.TABLE, novita.TABLE, evolink.TABLE])
def test_every_table_names_its_source_and_shapes_that_exist(table: Any) -> None:
    assert table.source
    assert table.undocumented
    for model in table.models:
        assert set(model.tiers.values()) <= set(CATALOG.tables)
        assert not model.references or model.references in table.references
