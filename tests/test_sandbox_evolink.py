"""Hold the sandbox to EvoLink's documents: tasks, callbacks and file uploads."""

import base64
import io
import json
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx2 as httpx
import pytest
from PIL import Image

from tests.sandboxed import Bench, data_uri, picture, running, within_ten_seconds

V45, LITE = "doubao-seedream-4.5", "doubao-seedream-5.0-lite"
LINK = "https://example.com/a.png"
QUALITY_LESS: dict[str, object] = {"model": V45, "quality": None}
IN_LITE: dict[str, object] = {"model": LITE, "quality": "2K"}
TASK = {"created", "id", "model", "object", "progress", "status", "task_info", "type"}


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with running(is_ready=False) as started:
        yield started


def size_of(link: str) -> tuple[int, int]:
    with Image.open(io.BytesIO(httpx.get(link).content)) as drawn:
        return drawn.size


def test_a_request_is_answered_with_a_pending_task_and_a_time_to_wait(bench: Bench) -> None:
    answer = bench.ask("evolink", n=2)
    task = answer.json()
    assert (answer.status_code, answer.headers["retry-after"]) == (200, "0.05")
    assert set(task) == TASK | {"usage"}
    assert (task["status"], task["progress"], task["object"]) == ("pending", 0, "image.generation.task")
    assert task["id"].startswith(f"task-unified-{int(bench.clock.now)}-")
    assert task["usage"] == {"billing_rule": "per_call", "credits_reserved": 3.6, "user_group": "default"}
    bench.finished(task)


def test_progress_rises_to_a_hundred_and_the_bill_comes_with_the_pictures() -> None:
    with running(delay_s=0.2) as slow:
        task = slow.draw("evolink", n=3)
        seen: list[int] = []

        def over() -> Any:
            billed = slow.billed()
            answer = slow.poll(task)
            seen.append(answer.json()["progress"])
            assert ("retry-after" in answer.headers) is (answer.json()["status"] != "completed")
            assert answer.json()["status"] == "completed" or billed == 0
            return answer.json() if answer.json()["status"] == "completed" else None

        done = within_ten_seconds(over)
        assert seen == sorted(seen)
        assert (seen[-1], len(set(seen)) > 3) == (100, True)
        assert (slow.billed(), len(done["results"])) == (3, 3)
        assert float(slow.poll(task).json()["progress"]) == 100


def test_a_finished_task_has_working_links_to_different_pictures(bench: Bench) -> None:
    done = bench.finished(bench.draw("evolink", n=2))
    assert set(done) == TASK | {"results", "usage"}
    assert (done["progress"], done["task_info"]) == (100, {"can_cancel": False})
    assert len({httpx.get(link).content for link in done["results"]}) == 2
    row = bench.last_row()
    assert (row["dialect"], row["model"], row["images_billed"]) == ("evolink", "doubao-seedream-4.0", 2)


@pytest.mark.parametrize(
    ("model", "prompt", "images"),
    [
        (V45, "a cat", 1),
        (V45, "generate 2 different images of a cat", 2),
        (V45, "9 images of a cat", 4),
        (LITE, "a cat", 1),
        (LITE, "三张猫的图片", 3),
        ("doubao-seedream-4.0", "a cat", 4),
    ],
)
def test_n_is_a_bound_where_the_prompt_states_the_number(bench: Bench, model: str, prompt: str, images: int) -> None:
    done = bench.finished(bench.draw("evolink", model=model, prompt=prompt, quality=None, n=4))
    assert len(done["results"]) == images


def test_an_unknown_task_is_404(bench: Bench) -> None:
    answer = bench.poll({"id": "task-unified-1-x"})
    assert (answer.status_code, answer.json()["error"]["type"]) == (404, "not_found_error")


@pytest.mark.parametrize(
    ("fields", "size"),
    [
        ({}, (1024, 1024)),
        ({"quality": None}, (2048, 2048)),
        ({"size": "16:9"}, (1360, 768)),
        ({"size": "4:5"}, (912, 1152)),
        ({"prompt": "a wide cat, 21:9"}, (1568, 672)),
        (QUALITY_LESS, (2048, 2048)),
        (QUALITY_LESS | {"size": "2560x1440"}, (2560, 1440)),
        (IN_LITE | {"size": "3:4"}, (1776, 2368)),
        (IN_LITE | {"size": "2560x1440"}, (2560, 1440)),
    ],
)
def test_size_and_quality_give_the_pixels(bench: Bench, fields: dict[str, object], size: tuple[int, int]) -> None:
    (link,) = bench.finished(bench.draw("evolink", **fields))["results"]
    assert size_of(link) == size


@pytest.mark.parametrize(
    ("fields", "parameter"),
    [
        ({"size": "2048x2048"}, "size"),
        ({"size": "1K"}, "size"),
        ({"size": "1:3"}, "size"),
        ({"quality": "3K"}, "quality"),
        ({"quality": "2k"}, "quality"),
        ({"prompt_priority": "slow"}, "prompt_priority"),
        ({"image_urls": [LINK] * 11}, "image_urls"),
        ({"image_urls": LINK}, "image_urls"),
        ({"image_urls": [data_uri(picture())]}, "image_urls"),
        ({"n": 16}, "n"),
        ({"n": "2"}, "n"),
        ({"prompt": " "}, "prompt"),
        ({"prompt": "猫" * 2001}, "prompt"),
        (QUALITY_LESS | {"quality": "2K"}, "quality"),
        (QUALITY_LESS | {"size": "16:9"}, "size"),
        (QUALITY_LESS | {"size": "1K"}, "size"),
        (QUALITY_LESS | {"size": "2559x1440"}, "size"),
        (QUALITY_LESS | {"prompt_priority": "fast"}, "prompt_priority"),
        (QUALITY_LESS | {"image_urls": [LINK] * 15}, "image_urls"),
        (IN_LITE | {"quality": "4K"}, "quality"),
        (IN_LITE | {"size": "3073x3072"}, "size"),
        (IN_LITE | {"prompt_priority": "standard"}, "prompt_priority"),
        ({"callback_url": "http://example.com/x"}, "callback_url"),
        ({"callback_url": "https://10.0.0.1/x"}, "callback_url"),
        ({"callback_url": "https://[::1]/x"}, "callback_url"),
        ({"callback_url": "https://localhost/x"}, "callback_url"),
        ({"callback_url": "https://127.1/x"}, "callback_url"),
        ({"callback_url": "https://0x7f000001/x"}, "callback_url"),
        ({"callback_url": "https://example.com:port/x"}, "callback_url"),
        ({"callback_url": "https://[::1"}, "callback_url"),
        ({"callback_url": "http://127.0.0.1:1/x"}, "callback_url"),
        ({"callback_url": "https://example.com/" + "x" * 2030}, "callback_url"),
    ],
)
def test_what_the_document_rules_out_is_400_and_names_the_field(
    bench: Bench, fields: dict[str, object], parameter: str
) -> None:
    answer = bench.ask("evolink", **fields)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, 400, parameter)
    assert error["type"] == "invalid_request_error"


def test_an_unknown_model_is_not_found(bench: Bench) -> None:
    answer = bench.ask("evolink", model="doubao-seedream-5.0-pro")
    error = answer.json()["error"]
    assert (answer.status_code, error["type"], error["param"]) == (404, "not_found_error", "model")


def test_references_stay_and_pictures_become_fewer_over_fifteen(bench: Bench) -> None:
    task = bench.draw("evolink", n=15, image_urls=[LINK] * 10)
    assert task["usage"]["credits_reserved"] == 9.0
    assert len(bench.finished(task)["results"]) == 5


@pytest.mark.parametrize(("way", "kind"), [("base64", "PNG"), ("base64", "WEBP"), ("stream", "GIF"), ("url", "PNG")])
def test_an_uploaded_file_has_a_link_for_72_hours_that_is_a_reference(bench: Bench, way: str, kind: str) -> None:
    content = picture(kind=kind)
    sent: dict[str, dict[str, Any]] = {
        "base64": {"json": {"base64_data": base64.b64encode(content).decode(), "file_name": "a.png"}},
        "stream": {"files": {"file": ("a.png", content, "image/gif")}},
        "url": {"json": {"file_url": "https://example.com/a.png", "file_name": "a.png"}},
    }
    answer = bench.upload(way, **sent[way])
    body = answer.json()
    assert (answer.status_code, body["success"], body["code"]) == (200, True, 200)
    assert set(body["data"]) == {
        *("file_id", "file_name", "original_name", "file_size", "mime_type"),
        *("upload_path", "file_url", "download_url", "upload_time", "expires_at"),
    }
    assert (body["data"]["file_name"], body["data"]["mime_type"]) == ("a.png", f"image/{kind.lower()}")
    link = body["data"]["file_url"]
    assert way == "url" or httpx.get(link).content == content
    assert bench.ask("evolink", **QUALITY_LESS, image_urls=[link]).status_code == 200
    bench.clock.now += 72 * 3600
    assert httpx.get(link).status_code == 200
    bench.clock.now += 1
    late = bench.ask("evolink", **QUALITY_LESS, image_urls=[link])
    assert (late.status_code, late.json()["error"]["param"]) == (400, "image_urls")


def test_a_data_uri_may_be_uploaded_and_other_content_may_not(bench: Bench) -> None:
    assert bench.upload("base64", json={"base64_data": data_uri(picture())}).status_code == 200
    for wrong in ("no base64!", base64.b64encode(b"no picture").decode(), data_uri(picture(kind="BMP"), "bmp"), ""):
        answer = bench.upload("base64", json={"base64_data": wrong})
        assert (answer.status_code, answer.json()["success"], answer.json()["data"]) == (400, False, None)
    assert bench.upload("stream", files={"other": ("a", b"", "image/png")}).status_code == 400
    assert bench.upload("stream", json={}).status_code == 400
    assert bench.upload("url", json={"file_url": "ftp://x/y"}).status_code == 400


def test_a_reference_of_the_sandbox_is_held_to_the_models_limits(bench: Bench) -> None:
    narrow = bench.upload("base64", json={"base64_data": data_uri(picture((64, 193)))}).json()["data"]["file_url"]
    assert bench.ask("evolink", image_urls=[narrow]).json()["error"]["param"] == "image_urls"
    bench.finished(bench.draw("evolink", **QUALITY_LESS, image_urls=[narrow]))


class _Listener(HTTPServer):
    def __init__(self, *statuses: int) -> None:
        super().__init__(("127.0.0.1", 0), _Posted)
        self.statuses = list(statuses)
        self.bodies: list[Any] = []


class _Posted(BaseHTTPRequestHandler):
    server: _Listener  # pyright: ignore[reportIncompatibleVariableOverride] - narrowed for this test

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["content-length"]))
        self.server.bodies.append(json.loads(content))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- as the library names it
        pass


@contextmanager
def listening(*statuses: int) -> Generator[_Listener]:
    with _Listener(*statuses) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def test_a_callback_is_posted_when_the_task_is_over_and_again_until_it_is_taken() -> None:
    with running(allow_loopback_callbacks=True) as bench, listening(500) as listener:
        url = f"http://127.0.0.1:{listener.server_port}/hook"
        task = bench.draw("evolink", callback_url=url)
        within_ten_seconds(lambda: len(listener.bodies) == 2)
        first, second = listener.bodies
        assert first == second
        assert (first["id"], first["status"], len(first["results"])) == (task["id"], "completed", 1)
        assert httpx.get(first["results"][0]).status_code == 200
        assert bench.billed() == 1


def test_a_callback_that_nobody_takes_harms_nothing() -> None:
    with running(allow_loopback_callbacks=True) as bench:
        task = bench.draw("evolink", callback_url="http://127.0.0.1:9/closed")
        assert bench.finished(task)["status"] == "completed"


def test_aigc_posts_its_answer_to_the_callback_address_too() -> None:
    with running(allow_loopback_callbacks=True) as bench, listening() as listener:
        body = bench.draw("aigc", callback_url=f"http://127.0.0.1:{listener.server_port}/hook")
        within_ten_seconds(lambda: listener.bodies)
        assert listener.bodies == [body]
