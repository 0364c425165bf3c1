import base64
import io
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from seedream_hub.providers.sandbox.catalog import CATALOG
from seedream_hub.providers.sandbox.refusal import RefusalError
from seedream_hub.providers.sandbox.server import DEFAULT_API_KEY, Sandbox, SandboxOptions, start_sandbox
from seedream_hub.providers.sandbox.shape import pixels_for

PRO, FLASH = "doubao-seedream-5-0-pro-260628", "dola-seedream-5-0-flash-260915"
LITE, V45, V40 = "doubao-seedream-5-0-260128", "seedream-4-5-251128", "doubao-seedream-4-0-250828"
V30, EDIT = "doubao-seedream-3-0-t2i-250415", "doubao-seededit-3-0-i2i-250628"
SMALL = "1280x720"


@dataclass
class Clock:
    now: float = 1_795_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class Ark:
    sandbox: Sandbox
    http: httpx.Client
    clock: Clock

    def post(self, body: object, **headers: str) -> httpx.Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.post("/images/generations", json=body, headers=sent)

    def draw(self, **fields: object) -> Any:
        answer = self.post({"model": V40, "prompt": "a cat", "size": SMALL, **fields})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ledger(self) -> Any:
        return httpx.get(self.sandbox.base_url.replace("/api/v3", "/admin/ledger")).json()


@pytest.fixture(scope="module")
def ark() -> Iterator[Ark]:
    clock = Clock()
    sandbox = start_sandbox(SandboxOptions(clock=clock))
    key = {"Authorization": f"Bearer {sandbox.api_key}"}
    with httpx.Client(base_url=sandbox.base_url, headers=key, timeout=60) as http:
        yield Ark(sandbox, http, clock)
    sandbox.stop()


def packed(size: tuple[int, int] = (64, 64), kind: str = "PNG", mode: str = "RGB") -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size, 128).save(buffer, kind)
    return buffer.getvalue()


def data_uri(content: bytes, kind: str = "png") -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


PNG = data_uri(packed())
INVALID, UNREADABLE = "InvalidParameter", "InvalidImageURL.InvalidFormat"
SURROGATE = b'{"model": "seedream-4-5-251128", "prompt": "\\ud800"}'
GROUP, MOST = "sequential_image_generation", "sequential_image_generation_options"
LAYERS: dict[str, object] = {"layer_decomposition": True, "prompt": None, "size": None}


@pytest.mark.parametrize(
    ("content", "kind", "code"),
    [
        (packed((400, 400), "JPEG")[:-400], "jpeg", UNREADABLE),
        (packed(kind="ICO"), "png", UNREADABLE),
        (packed() + bytes(30 * 2**20), "png", INVALID),
        (packed(kind="JPEG"), "jpg", ""),
        (packed(kind="WEBP"), "webp", ""),
        (packed(kind="BMP"), "bmp", ""),
        (packed(kind="TIFF"), "tiff", ""),
        (packed(kind="GIF"), "gif", ""),
        (b"\0\0\0\x18ftypheic" + bytes(40), "heic", ""),
    ],
    ids=["truncated", "another format", "over 30 MiB", "jpg", "webp", "bmp", "tiff", "gif", "heic"],
)
def test_a_reference_is_taken_in_every_documented_format_and_refused_otherwise(
    ark: Ark, content: bytes, kind: str, code: str
) -> None:
    answer = ark.post({"model": V40, "prompt": "a cat", "size": SMALL, "image": data_uri(content, kind)})
    assert answer.json().get("error", {}).get("code", "") == code


def test_a_success_has_exactly_the_documented_fields(ark: Ark) -> None:
    answer = ark.post({"model": V40, "prompt": "a cat", "size": SMALL})
    assert answer.headers["content-type"] == "application/json"
    assert re.fullmatch(r"0217\d{11}[0-9a-f]{38}", answer.headers["x-request-id"])
    assert answer.headers["x-seedream-hub-sandbox"] == "1"
    body = answer.json()
    (item,) = body.pop("data")
    assert set(item) == {"url", "size"}
    usage = {"generated_images": 1, "output_tokens": 3600, "total_tokens": 3600}
    assert body == {"model": V40, "created": int(ark.clock.now), "usage": usage}


def test_pro_adds_its_output_format_and_counts_references(ark: Ark) -> None:
    body = ark.draw(model=PRO, size="1K", image=[PNG, PNG], output_format="png")
    assert body["data"][0]["output_format"] == "png"
    assert body["usage"]["input_images"] == 2


def test_web_search_is_reported_with_no_search_made(ark: Ark) -> None:
    body = ark.draw(model=LITE, size="2K", tools=[{"type": "web_search"}])
    assert (body["tools"], body["usage"]["tool_usage"]) == ([{"type": "web_search"}], {"web_search": 0})


def test_base64_holds_the_same_bytes_as_the_link(ark: Ark) -> None:
    (linked,) = ark.draw()["data"]
    (inline,) = ark.draw(response_format="b64_json")["data"]
    assert set(inline) == {"b64_json", "size"}
    assert base64.b64decode(inline["b64_json"]) == httpx.get(linked["url"]).content


def test_null_means_not_sent(ark: Ark) -> None:
    every = {name: None for model in CATALOG.models for name in model.takes}
    bare = ark.draw(model=PRO, size="1K", response_format="b64_json")
    assert ark.draw(**every | {"model": PRO, "size": "1K", "response_format": "b64_json"})["data"] == bare["data"]


def test_variants_of_a_call_differ_and_the_same_variant_does_not(ark: Ark) -> None:
    body = {"model": V40, "prompt": "a cat", "size": SMALL, "response_format": "b64_json"}
    ids = ("call-v1", "other-v1", "call-v2", "call")
    first, again, second, plain = [ark.post(body, X_Client_Request_Id=name).json()["data"] for name in ids]
    assert first == again
    assert len({json.dumps(data) for data in (first, second, plain)}) == 3


@pytest.mark.parametrize(
    ("prompt", "options", "references", "drawn"),
    [
        ("a cat", {"max_images": 4}, 0, 1),
        ("4 images of a cat", {"max_images": 3}, 0, 3),
        ("生成3张猫", {"max_images": 15}, 0, 3),
        ("5 images of a cat", None, 14, 1),
        ("5 images of a cat", None, 12, 3),
    ],
)
def test_a_group_has_the_stated_number_within_max_images_and_fifteen_with_references(
    ark: Ark, prompt: str, options: object, references: int, drawn: int
) -> None:
    body = ark.draw(prompt=prompt, sequential_image_generation="auto", **{MOST: options, "image": [PNG] * references})
    assert len({item["url"] for item in body["data"]}) == drawn == body["usage"]["generated_images"]
    assert body["usage"]["output_tokens"] == drawn * 3600


def test_a_stream_is_events_of_one_line_then_usage_then_done(ark: Ark) -> None:
    body = {"model": V40, "prompt": "2 images of a cat", "size": SMALL, GROUP: "auto", "stream": True}
    answer = ark.post(body)
    assert answer.headers["content-type"].startswith("text/event-stream")
    first, second, done, last, rest = answer.content.split(b"\n\n")
    assert (last, rest) == (b"data: [DONE]", b"")
    for index, event in enumerate((first, second)):
        head, data = event.split(b"\n")
        sent = json.loads(data.removeprefix(b"data: "))
        kind = "image_generation.partial_succeeded"
        assert (head, sent["type"]) == (f"event: {kind}".encode(), kind)
        assert list(sent) == ["type", "model", "created", "image_index", "url", "size"]
        assert sent["image_index"] == index
        assert httpx.get(sent["url"]).status_code == 200
    usage = b'"usage":{"generated_images":2,"output_tokens":7200,"total_tokens":7200}'
    assert done.startswith(b"event: image_generation.completed\ndata: {")
    assert usage in done


def test_hanging_up_stops_no_drawing_and_no_billing() -> None:
    slow = start_sandbox(SandboxOptions(delay_s=0.4))
    with httpx.Client(base_url=slow.base_url, headers={"Authorization": f"Bearer {slow.api_key}"}) as http:
        ark = Ark(slow, http, Clock())
        body = {"model": V40, "prompt": "3 images of a cat", "size": SMALL, GROUP: "auto", "stream": True}
        with http.stream("POST", "/images/generations", json=body) as answer:
            next(answer.iter_lines())
            assert ark.ledger()["billed_images"] < 3
        while ark.ledger()["billed_images"] < 3:
            pass
        assert ark.draw()
        assert ark.ledger()["billed_images"] == 4
    slow.stop()


def test_a_group_takes_the_set_time_for_each_picture() -> None:
    slow = start_sandbox(SandboxOptions(api_key="k", delay_s=0.2))
    body = {"model": V40, "prompt": "2 images of a cat", "size": SMALL, GROUP: "auto"}
    answer = httpx.post(f"{slow.base_url}/images/generations", json=body, headers={"Authorization": "Bearer k"})
    slow.stop()
    assert answer.elapsed.total_seconds() >= 0.4


def test_layers_lie_inside_the_canvas_and_match_their_boxes(ark: Ark) -> None:
    source = data_uri(packed((800, 600)))
    items = ark.draw(model=PRO, **LAYERS | {"image": source, "size": "auto"})["data"]
    assert [item["z_index"] for item in items] == [0, 1, 2, 3]
    assert items[0]["bounding_box"] == {"absolute": [0, 0, 2368, 1776], "normalized": [0, 0, 1000, 1000]}
    for item in items:
        left, top, right, bottom = item["bounding_box"]["absolute"]
        assert 0 <= left < right <= 2368
        assert 0 <= top < bottom <= 1776
        assert item["size"] == f"{right - left}x{bottom - top}"
        assert item["name"]
        assert item["description"]
        with opened(httpx.get(item["url"]).content) as layer:
            assert (layer.format, layer.size) == ("PNG", (right - left, bottom - top))


def test_a_transparent_background_needs_alpha_and_gives_it_back(ark: Ark) -> None:
    source = data_uri(packed(mode="RGBA"))
    (item,) = ark.draw(model=PRO, size="1K", background="transparent", image=source)["data"]
    with opened(httpx.get(item["url"]).content) as picture:
        assert (picture.format, picture.mode, item["output_format"]) == ("PNG", "RGBA", "png")


def test_a_link_of_the_sandbox_is_a_reference_unless_it_is_unknown_tampered_with_or_expired(ark: Ark) -> None:
    (item,) = ark.draw()["data"]
    own, data = ark.draw(image=item["url"]), ark.draw(image=data_uri(httpx.get(item["url"]).content, "jpeg"))
    first, second = (httpx.get(body["data"][0]["url"]).content for body in (own, data))
    assert first == second
    ark.clock.now += 86401
    for broken in (item["url"].replace("_0.jpeg", "_7.jpeg"), item["url"] + "&x=1", item["url"]):
        error = ark.post({"model": V40, "prompt": "a cat", "image": broken}).json()["error"]
        assert (error["code"], error["param"]) == (INVALID, "image")


def test_a_download_has_its_length_its_type_and_ranges(ark: Ark) -> None:
    (item,) = ark.draw()["data"]
    whole = httpx.get(item["url"])
    assert whole.headers["content-type"] == "image/jpeg"
    assert int(whole.headers["content-length"]) == len(whole.content)
    part = httpx.get(item["url"], headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole.content)}"


TAMPERED: list[tuple[str, str, int, str]] = [
    (r"X-Tos-Expires=86400", "X-Tos-Expires=999999", 403, "SignatureDoesNotMatch"),
    (r"X-Tos-Date=\d{4}", "X-Tos-Date=2099", 403, "SignatureDoesNotMatch"),
    (r"X-Tos-Signature=\w+", "X-Tos-Signature=00", 403, "SignatureDoesNotMatch"),
    (r"$", "&x=1", 403, "SignatureDoesNotMatch"),
    (r"//127.0.0.1", "//localhost", 403, "SignatureDoesNotMatch"),
    (r"X-Tos-Date=\w+", "X-Tos-Date=today", 403, "AccessDenied"),
    (r"\?.*", "", 403, "AccessDenied"),
    (r"_0\.jpeg", "_1.jpeg", 404, "NoSuchKey"),
    (r"/objects/.*\?", "/objects/../../etc/passwd?", 404, ""),
]


@pytest.mark.parametrize(("pattern", "replacement", "status", "code"), TAMPERED)
def test_a_tampered_link_is_refused(ark: Ark, pattern: str, replacement: str, status: int, code: str) -> None:
    (item,) = ark.draw()["data"]
    answer = httpx.get(re.sub(pattern, replacement, item["url"]))
    assert answer.status_code == status
    if code:
        assert set(answer.json()) == {"Code", "RequestId", "HostId", "Message"}
        assert answer.json()["Code"] == code
        assert answer.json()["RequestId"] == answer.headers["x-request-id"]


def test_a_link_opens_for_a_day_and_the_picture_goes_after_two(ark: Ark) -> None:
    (item,) = ark.draw()["data"]
    ark.clock.now += 86400
    assert httpx.get(item["url"]).status_code == 200
    ark.clock.now += 1
    expired = httpx.get(item["url"])
    assert (expired.status_code, expired.json()["Code"]) == (403, "AccessDenied")
    assert expired.json()["Message"] == "Request has expired"
    ark.clock.now += 86400
    ark.draw()
    assert httpx.get(item["url"]).status_code == 404


@pytest.mark.parametrize("header", ["", "Bearer wrong", f"Basic {DEFAULT_API_KEY}", DEFAULT_API_KEY])
@pytest.mark.parametrize("path", ["/models", "/images/generations"])
def test_a_missing_or_wrong_key_is_401_before_anything_else(ark: Ark, header: str, path: str) -> None:
    method = "GET" if path == "/models" else "POST"
    answer = httpx.request(method, ark.sandbox.base_url + path, headers={"Authorization": header})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["type"]) == (401, "AuthenticationError", "Unauthorized")
    assert error["message"].endswith(answer.headers["x-request-id"])


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'"a"', b"\xff", b"[" * 100_000, b"prompt=cat", SURROGATE])
def test_a_body_that_is_no_json_object_or_no_unicode_is_refused(ark: Ark, content: bytes) -> None:
    answer = ark.http.post("/images/generations", content=content)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, INVALID)


def test_a_body_over_64_mib_is_refused(ark: Ark) -> None:
    answer = ark.http.post("/images/generations", content=b" " * (64 * 2**20 + 1))
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, INVALID)


def test_models_are_listed_with_their_status(ark: Ark) -> None:
    rows = {row["id"]: row["status"] for row in ark.http.get("/models").json()["data"]}
    assert (rows[PRO], rows[V30], rows["seedream-3-0-t2i-250415"]) == ("", "Shutdown", "Retiring")
    assert rows[EDIT] == "Shutdown"


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/images/generations", 405), ("GET", "/files", 404)])
def test_any_other_path_or_method_is_refused_in_arks_shape(ark: Ark, method: str, path: str, status: int) -> None:
    answer = ark.http.request(method, path)
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"code", "message", "param", "type"}
    assert answer.headers["x-seedream-hub-sandbox"] == "1"


def test_the_ledger_says_what_was_billed_and_no_prompt_or_key(ark: Ark) -> None:
    before = ark.ledger()["billed_images"]
    body = {"model": V40, "prompt": "2 images of a secret", "size": SMALL, GROUP: "auto"}
    drawn = ark.post(body, X_Client_Request_Id="mine-v1")
    refused = ark.post(body | {"size": "1x1"})
    ledger = ark.ledger()
    row, refusal = ledger["requests"][-2:]
    assert row.pop("request_id") == drawn.headers["x-request-id"]
    assert row == {
        "client_request_id": "mine-v1",
        "time": ark.clock.now,
        "dialect": "ark",
        "model": V40,
        "status": 200,
        "images_billed": 2,
    }
    assert (refusal["request_id"], refusal["images_billed"]) == (refused.headers["x-request-id"], 0)
    assert ledger["billed_images"] == before + 2
    assert "secret" not in json.dumps(ledger)
    assert DEFAULT_API_KEY not in json.dumps(ledger)


@given(st.sampled_from(CATALOG.models), st.integers(1, 5000), st.integers(1, 5000))
def test_a_size_in_pixels_is_taken_exactly_inside_the_models_window(model: Any, width: int, height: int) -> None:
    ratio_fits = model.ratio is None or max(width, height) <= model.ratio * min(width, height)
    if ratio_fits and model.pixels[0] <= width * height <= model.pixels[1]:
        assert pixels_for(model, f"{width}x{height}", "") == (width, height)
    else:
        with pytest.raises(RefusalError):
            pixels_for(model, f"{width}x{height}", "")


def test_a_stopped_sandbox_answers_no_more_and_may_be_stopped_again() -> None:
    sandbox = start_sandbox()
    sandbox.stop()
    sandbox.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(sandbox.base_url)


def test_a_taken_port_is_an_error_at_once(ark: Ark) -> None:
    port = int(ark.sandbox.base_url.split(":")[2].partition("/")[0])
    with pytest.raises(OSError, match="in use"):
        start_sandbox(SandboxOptions(port=port))


FOREGROUND = """
from seedream_hub.providers.sandbox.server import SandboxOptions, serve_forever
serve_forever(SandboxOptions(), lambda base_urls: print(base_urls["ark"], flush=True))
"""


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_the_foreground_server_prints_only_its_url_and_leaves_nothing_behind(
    tmp_path: Path, ending: signal.Signals
) -> None:
    command = [sys.executable, "-W", "error", "-c", FOREGROUND]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, env={"TMPDIR": str(tmp_path)}) as process:
        assert process.stdout
        base_url = process.stdout.readline().decode().strip()
        header = {"Authorization": f"Bearer {DEFAULT_API_KEY}"}
        body = {"model": V40, "prompt": "a cat", "size": SMALL}
        assert httpx.post(f"{base_url}/images/generations", json=body, headers=header).status_code == 200
        assert list(tmp_path.glob("seedream-sandbox-*/*/*_0.jpeg"))
        process.send_signal(ending)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, b"", b"")
    assert not list(tmp_path.iterdir())
