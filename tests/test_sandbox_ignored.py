"""What a document does not list is ignored, as the live services do; the sandbox says what it ignored."""

from collections.abc import Generator

import httpx2 as httpx
import pytest

from tests.sandboxed import BODIES, Bench, data_uri, picture, running

HEADER = "x-seedream-hub-ignored"
PRO, OLD = "doubao-seedream-5-0-pro-260628", "seedream-3-0-t2i-250415"


@pytest.fixture(scope="module")
def bench() -> Generator[Bench]:
    with running() as made:
        yield made


@pytest.mark.parametrize("dialect", BODIES)
def test_every_dialect_names_the_fields_it_ignored_and_no_others(bench: Bench, dialect: str) -> None:
    plain = bench.ask(dialect)
    strange = bench.ask(dialect, negative_prompt="dogs", cfg=3, user=None)
    assert (plain.status_code, strange.status_code) == (200, 200)
    assert HEADER not in plain.headers
    assert strange.headers[HEADER] == "cfg, negative_prompt"


@pytest.mark.parametrize(
    ("fields", "ignored"),
    [
        ({"seed": 7}, "seed"),
        ({"model": OLD, "seed": 7, "guidance_scale": 3, "size": "512x512"}, None),
        ({"optimize_prompt_options": {"mode": "fast", "level": 3}}, "optimize_prompt_options.level"),
        ({"model": PRO, "size": "1K", "stream": False}, None),
        (
            {
                "sequential_image_generation": "auto",
                "sequential_image_generation_options": {"max_images": 1, "style": "comic"},
            },
            "sequential_image_generation_options.style",
        ),
        ({"watermark": False, "response_format": "b64_json", "stream": True}, None),
    ],
)
def test_a_field_of_another_model_and_one_inside_another_are_named(
    bench: Bench, fields: dict[str, object], ignored: str | None
) -> None:
    answer = bench.ask("ark", **fields)
    assert answer.status_code == 200, answer.text
    assert answer.headers.get(HEADER) == ignored


def test_names_that_no_header_takes_are_escaped_and_not_all_are_listed(bench: Bench) -> None:
    strange = bench.ask("ark", **{"a\r\nX-Evil: 1": 1, "图": 1, "a,b": 1})
    many = bench.ask("ark", **{f"field_{number:03}": 1 for number in range(500)})
    assert "x-evil" not in strange.headers
    assert strange.headers[HEADER] == r"a\u000d\u000aX-Evil\u003a\u00201, a\u002cb, \u56fe"
    assert many.headers[HEADER].startswith("field_000, field_001, ")
    assert many.headers[HEADER].endswith(", field_019, and 480 more")


def test_an_upload_names_what_it_ignored(bench: Bench) -> None:
    url = f"{bench.sandbox.base_urls['evolink_files']}/api/v1/files/upload"
    content = picture()
    body = {"base64_data": data_uri(content), "file_name": "a.png", "upload_path": "x", "ttl": 3}
    in_json: httpx.Response = bench.upload("base64", json=body)
    in_form: httpx.Response = bench.upload("stream", files={"file": ("a.png", content)}, data={"ttl": "3"})
    by_link: httpx.Response = bench.upload("url", json={"file_url": f"{url}/a.png", "ttl": 3})
    assert [answer.status_code for answer in (in_json, in_form, by_link)] == [200, 200, 200]
    assert [answer.headers[HEADER] for answer in (in_json, in_form, by_link)] == ["ttl"] * 3
