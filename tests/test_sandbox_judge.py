"""Hold the sandbox against judges that know nothing of its code.

Two are the clients of Volcengine and OpenAI, unmodified, each in a virtual environment of its own. The third is a
table of what Ark documents (`judges/ark_rules.json`), written apart from the sandbox's rules.
"""

import base64
import io
import json
import re
from collections.abc import Iterator
from typing import Any, NotRequired, TypedDict

import httpx2 as httpx
import pytest
from PIL import Image

from seedream_hub.providers.sandbox.server import Sandbox, start_sandbox
from seedream_hub.providers.sandbox.wording import pictures_asked
from tests.judge import JUDGES, saw

# The first run installs the clients.
pytestmark = pytest.mark.timeout(300)

Fields = dict[str, object]


class Row(TypedDict):
    model: str | None
    fields: Fields
    refused: NotRequired[list[int | str]]
    says: NotRequired[str]
    drawn: NotRequired[str]


RULES: Any = json.loads((JUDGES / "ark_rules.json").read_text("utf-8"))
REFUSED: list[Row] = RULES["refused"]
ACCEPTED: list[Row] = RULES["accepted"]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    running = start_sandbox()
    yield running
    running.stop()


def ask(sandbox: Sandbox, row: Row) -> httpx.Response:
    fields: Fields = json.loads(re.sub(r'"@(\d+)x(\d+)"', picture, json.dumps(row["fields"])))
    return httpx.post(
        f"{sandbox.base_url}/images/generations",
        json={"model": row["model"], "prompt": "a cat", **fields},
        headers={"Authorization": f"Bearer {sandbox.api_key}"},
        timeout=60,
    )


def picture(size: re.Match[str]) -> str:
    buffer = io.BytesIO()
    Image.new("L", (int(size[1]), int(size[2]))).save(buffer, "PNG")
    return f'"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"'


def named(row: Row) -> str:
    return f"{row['model']} {row['fields']}"[:70]


@pytest.mark.parametrize("row", REFUSED, ids=named)
def test_a_broken_rule_is_refused_with_arks_status_code_and_parameter(sandbox: Sandbox, row: Row) -> None:
    answer = ask(sandbox, row)
    error = answer.json()["error"]
    assert [answer.status_code, error["code"], error["param"]] == row.get("refused")
    assert row.get("says", "") in error["message"]
    assert error["message"].endswith(f" Request id: {answer.headers['x-request-id']}")
    assert f"`{error['param']}`" in error["message"] or not error["param"]
    assert error["type"] == {400: "BadRequest", 404: "Not Found"}[answer.status_code]


@pytest.mark.parametrize("row", ACCEPTED, ids=named)
def test_a_documented_request_gives_one_picture_of_the_promised_size(sandbox: Sandbox, row: Row) -> None:
    answer = ask(sandbox, row)
    assert answer.status_code == 200, answer.text
    (item,) = answer.json()["data"]
    kind = str(row["fields"].get("output_format", "jpeg"))
    assert downloaded(item["url"]) == (kind.upper(), item["size"]) == (kind.upper(), row.get("drawn"))


@pytest.mark.parametrize(("prompt", "asked"), RULES["pictures_asked"].items())
def test_a_prompt_asks_for_the_number_of_pictures_it_states(prompt: str, asked: int) -> None:
    assert pictures_asked(prompt, 4) == asked


@pytest.fixture(scope="module")
def verdict() -> Iterator[Any]:
    yield from judged("volcengine", "ark")


@pytest.fixture(scope="module")
def relay_verdict() -> Iterator[Any]:
    yield from judged("openai", "relay")


def judged(client: str, dialect: str) -> Iterator[Any]:
    running = start_sandbox()
    seen = saw(client, running.base_urls[dialect], running.api_key)
    ledger = httpx.get(f"{running.url}/admin/ledger").json()
    yield seen | {"ledger": ledger}
    running.stop()


def downloaded(url: str) -> tuple[str | None, str]:
    return measured(httpx.get(url).raise_for_status().content)


def measured(content: bytes) -> tuple[str | None, str]:
    with Image.open(io.BytesIO(content)) as image:
        image.load()
        return image.format, f"{image.width}x{image.height}"


def test_the_official_client_gets_a_jpeg_of_the_promised_size(verdict: Any) -> None:
    seen = verdict["generate"]
    (one,) = seen["data"]
    assert downloaded(one["url"]) == ("JPEG", one["size"]) == ("JPEG", "2560x1440")
    assert seen["model"] == "doubao-seedream-4-5-251128"
    assert seen["usage"] == {"images": 1, "tokens": 14400}


def test_the_official_client_gets_a_group_of_fifteen(verdict: Any) -> None:
    seen = verdict["group"]
    assert seen["usage"] == {"images": 15, "tokens": 15 * 14400}
    assert len({one["url"] for one in seen["data"]}) == 15
    assert {downloaded(one["url"]) for one in seen["data"]} == {("JPEG", "2560x1440")}


def test_the_official_client_reads_the_stream_to_its_end(verdict: Any) -> None:
    *pictures, last = verdict["stream"]["events"]
    assert [event["image_index"] for event in pictures] == [0, 1, 2]
    assert {event["type"] for event in pictures} == {"image_generation.partial_succeeded"}
    assert {downloaded(event["url"]) for event in pictures} == {("JPEG", "2560x1440")}
    assert (last["type"], last["usage"]["generated_images"]) == ("image_generation.completed", 3)


def test_the_official_client_gets_the_picture_inline(verdict: Any) -> None:
    (one,) = verdict["b64_json"]["data"]
    assert one["url"] is None
    assert measured(base64.b64decode(one["b64_json"])) == ("JPEG", "2560x1440")


def test_the_official_client_raises_its_own_errors(verdict: Any) -> None:
    size, key = verdict["bad_size"], verdict["bad_key"]
    assert (size["error"], size["status_code"]) == ("ArkBadRequestError", 400)
    assert (size["code"], size["param"]) == ("InvalidParameter", "size")
    assert "image size must be at least 3686400 pixels." in size["message"]
    assert (key["error"], key["status_code"]) == ("ArkAuthenticationError", 401)
    assert key["code"] == "AuthenticationError"


def test_the_official_client_never_had_to_retry(verdict: Any) -> None:
    rows = verdict["ledger"]["requests"]
    assert [row["images_billed"] for row in rows] == [1, 15, 3, 1, 0, 0]
    assert all(row["client_request_id"] for row in rows)
    assert verdict["ledger"]["billed_images"] == 20


def test_openais_client_makes_one_picture_and_a_set_at_a_relay(relay_verdict: Any) -> None:
    one, three = relay_verdict["generate"], relay_verdict["group"]
    assert [downloaded(item["url"]) for item in one["data"]] == [("JPEG", "1024x1024")]
    assert [downloaded(item["url"])[0] for item in three["data"]] == ["JPEG"] * 3
    assert (one["usage"]["output_tokens"], three["usage"]["output_tokens"]) == (4096, 3 * 4096)


def test_openais_client_reads_a_relays_stream_to_its_end(relay_verdict: Any) -> None:
    *pictures, last = relay_verdict["stream"]["events"]
    assert [event["image_index"] for event in pictures] == [0, 1, 2]
    assert {downloaded(event["url"])[0] for event in pictures} == {"JPEG"}
    assert last["type"] == "image_generation.completed"


def test_openais_client_gets_the_picture_inline(relay_verdict: Any) -> None:
    (one,) = relay_verdict["b64_json"]["data"]
    assert one["url"] is None
    assert measured(base64.b64decode(one["b64_json"])) == ("JPEG", "1024x1024")


def test_openais_client_raises_its_own_errors(relay_verdict: Any) -> None:
    size, key = relay_verdict["bad_size"], relay_verdict["bad_key"]
    assert (size["error"], size["status_code"], size["param"]) == ("BadRequestError", 400, "size")
    assert (key["error"], key["status_code"]) == ("AuthenticationError", 401)


def test_openais_client_is_billed_for_what_it_got(relay_verdict: Any) -> None:
    assert [row["images_billed"] for row in relay_verdict["ledger"]["requests"]] == [1, 3, 3, 1, 0, 0]
