"""Answers that leave things out, hold errors in odd places, or are no JSON at all; then the same over a socket."""

import base64
import json
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import pytest
from PIL import Image

from seedream_hub.providers.dialect import Refused
from seedream_hub.providers.dialects import DIALECTS
from seedream_hub.schemas.errors import UpstreamError
from seedream_hub.schemas.outcome import FailedImage, MadeImage, Usage
from tests.support import Connect, facts_of, text_of
from tests.test_sse import BROKEN, DONE, MODERATED, completed, event, failed, lines, succeeded
from tests.wire import HTML, JSON, STREAM, Said, Wire, saying

ARK_SHAPED: Final = ["ark", "byteplus", "relay", "aigc", "sandbox"]
LINK: Final = "https://example.com/0"
SET: Final[dict[str, Any]] = {"prompt": "Three images of a red fox in snow", "count": 3, "model": "seedream-4.0"}


@pytest.mark.parametrize("provider", ARK_SHAPED)
@pytest.mark.parametrize("rest", [{}, {"model": None, "usage": None}, {"usage": []}, {"created": "soon", "usage": 1}])
def test_an_answer_without_model_size_and_usage_still_gives_its_pictures(provider: str, rest: dict[str, Any]) -> None:
    outcome = DIALECTS[provider].parse({"data": [{"url": LINK}], **rest}, None)
    assert (outcome.images, outcome.billed, outcome.usage) == ((MadeImage(0, LINK),), 1, Usage())


@pytest.mark.parametrize("provider", ARK_SHAPED)
def test_errors_among_the_pictures_of_an_answer_keep_their_places(provider: str) -> None:
    data = [
        {"error": MODERATED},
        {"url": LINK, "error": None},
        {"error": BROKEN},
        {"b64_json": "AAAA"},
        {},
        None,
        "x",
    ]
    outcome = DIALECTS[provider].parse({"data": data}, "request-1")
    assert outcome.images == (MadeImage(1, LINK), MadeImage(3, data="AAAA"))
    assert [(one.index, one.code, one.billed) for one in outcome.failures] == [
        (0, MODERATED["code"], "no"),
        (2, BROKEN["code"], "no"),
        (4, "no_image", "unknown"),
        (5, "no_image", "unknown"),
        (6, "no_image", "unknown"),
    ]
    assert outcome.billed == 2


@pytest.mark.parametrize("provider", ARK_SHAPED)
def test_a_top_level_error_beside_pictures_loses_none_of_them(provider: str) -> None:
    answer = {"data": [{"url": LINK}], "error": BROKEN, "usage": {"generated_images": 1}}
    assert DIALECTS[provider].parse(answer, None).images == (MadeImage(0, LINK),)


@pytest.mark.parametrize("provider", ARK_SHAPED)
@pytest.mark.parametrize("data", [{}, {"data": None}, {"data": []}])
def test_a_top_level_error_without_pictures_is_the_requests(provider: str, data: dict[str, Any]) -> None:
    with pytest.raises(UpstreamError) as caught:
        DIALECTS[provider].parse({"error": MODERATED, **data}, "request-1")
    assert (caught.value.error_code, caught.value.request_id) == (MODERATED["code"], "request-1")


@pytest.mark.parametrize("provider", DIALECTS)
@pytest.mark.parametrize(
    "answer", [{}, {"data": None, "images": None, "id": None}, {"data": {}, "images": {}, "id": 3}]
)
def test_an_answer_that_is_none_may_have_been_billed(provider: str, answer: dict[str, Any]) -> None:
    with pytest.raises(UpstreamError) as caught:
        DIALECTS[provider].parse(answer, None)
    assert (caught.value.error_code, caught.value.billed) == ("unexpected_answer", "unknown")


def test_novitas_links_are_read_and_what_is_none_is_not() -> None:
    outcome = DIALECTS["novita"].parse({"images": [LINK, "", None, 3, f"{LINK}b"]}, None)
    assert [image.url for image in outcome.images] == [LINK, f"{LINK}b"]


@pytest.mark.parametrize(
    "body", [{"code": 400, "reason": "ILLEGAL_PROMPT", "message": "No."}, {"error": {"code": "ILLEGAL_PROMPT"}}]
)
def test_novitas_error_under_status_200_is_an_error(body: dict[str, Any]) -> None:
    with pytest.raises(UpstreamError) as caught:
        DIALECTS["novita"].parse(body, None)
    assert (caught.value.error_code, caught.value.billed) == ("ILLEGAL_PROMPT", "no")


@pytest.mark.parametrize(
    ("fields", "links"),
    [
        ({"results": [LINK]}, [LINK]),
        ({"results": [], "result_data": [{"image_url": LINK}]}, [LINK]),
        ({"result_data": [{"image_url": LINK}, {"image_url": None}, "x"]}, [LINK, "x"]),
        ({"results": [LINK], "result_data": [{"image_url": f"{LINK}b"}]}, [LINK]),
        ({}, []),
    ],
)
def test_a_completed_task_gives_links_wherever_they_stand(fields: dict[str, Any], links: list[str]) -> None:
    task = DIALECTS["evolink"].task
    assert task is not None
    done = task({"id": "task-1", "status": "completed", "progress": 100, **fields}, None)
    assert done.outcome is not None
    assert [image.url for image in done.outcome.images] == links


def test_a_cancelled_task_is_a_failure_that_costs_nothing() -> None:
    task = DIALECTS["evolink"].task
    assert task is not None
    ended = task({"id": "task-1", "status": "cancelled"}, "request-1")
    message = "request_cancelled: The task ended as cancelled."
    assert ended.outcome is not None
    assert ended.outcome.failures == (FailedImage(0, "request_cancelled", message, request_id="request-1"),)


@pytest.mark.parametrize("provider", DIALECTS)
@pytest.mark.parametrize("body", [{}, {"error": None}, {"error": "busy"}, {"error": []}, {"error": {"code": None}}])
@pytest.mark.parametrize(("status", "billed"), [(400, "no"), (429, "no"), (500, "unknown"), (502, "unknown")])
def test_an_error_body_that_says_nothing_is_told_by_its_status(
    provider: str, body: dict[str, Any], status: int, billed: str
) -> None:
    error = DIALECTS[provider].refusal(Refused(status, body))
    assert (error.error_code, error.billed) == (f"http_{status}", billed)
    assert (f"HTTP {status}" if body != {"error": "busy"} else "busy") in error.message
    assert error.retryable == (status == 429)


def noise() -> bytes:
    """Return a JPEG that is more than 1 MiB as Base64."""
    out = BytesIO()
    Image.effect_noise((1024, 1024), 200).save(out, "JPEG", quality=100)
    assert len(out.getvalue()) > 2**20
    return out.getvalue()


PICTURE: Final = noise()
BASE64: Final = base64.b64encode(PICTURE).decode()


def picture(index: int) -> dict[str, Any]:
    return succeeded(index, b64_json=BASE64, size="1024x1024")


def sliced(wire: bytes, size: int) -> list[bytes]:
    return [wire[start : start + size] for start in range(0, len(wire), size)]


async def made(memory: Connect, wire: Wire, **arguments: Any) -> tuple[dict[str, Any], str]:
    async with memory(ark_api_key="sk-x", ark_base_url=wire.base_url) as client:
        result = await client.call_tool("batch_images", {**SET, **arguments})
    return facts_of(result), text_of(result)


async def test_pictures_of_over_a_mebibyte_come_through_a_socket_in_one_event_each(memory: Connect) -> None:
    events = lines(picture(0), picture(2), picture(1), completed(3), DONE)
    with saying(Said(sliced(events, 16384))) as wire:
        facts, _ = await made(memory, wire)
    assert (facts["status"], facts["billed"], facts["failures"]) == ("completed", 3, [])
    assert [Path(image["path"]).read_bytes() for image in facts["images"]] == [PICTURE] * 3
    assert wire.bodies[0]["stream"] is True


@pytest.mark.parametrize("is_cut", [True, False])
async def test_a_stream_without_an_end_gives_what_came_and_is_not_sent_again(memory: Connect, is_cut: bool) -> None:
    events = lines(picture(0), failed(1))
    with saying(Said([events, b'event: x\ndata: {"type": "image_gen'], is_cut=is_cut)) as wire:
        facts, text = await made(memory, wire)
    assert (facts["status"], facts["delivered"], facts["billed"]) == ("partial", 1, 1)
    assert [(lost["index"], lost["code"], lost["billed"]) for lost in facts["failures"]] == [
        (1, MODERATED["code"], "no"),
        (2, "stream_cut", "unknown"),
    ]
    assert "图片可能包含敏感内容" in text
    assert len(wire.bodies) == 1


async def test_a_picture_refused_in_the_middle_loses_none_after_it_though_each_byte_comes_alone(
    memory: Connect,
) -> None:
    head, tail = lines(failed(0)), lines(failed(1), completed(1), DONE)
    with saying(Said([*sliced(head, 1), lines(picture(2)), *sliced(tail, 1)])) as wire:
        facts, text = await made(memory, wire)
    assert [image["index"] for image in facts["images"]] == [2]
    assert [lost["index"] for lost in facts["failures"]] == [0, 1]
    assert text.count(MODERATED["message"]) == 2


async def test_an_error_event_after_a_picture_keeps_it_and_says_why_the_rest_is_missing(memory: Connect) -> None:
    with saying(Said([lines(picture(0), {"error": BROKEN})])) as wire:
        facts, _ = await made(memory, wire)
    assert (facts["delivered"], facts["billed"]) == (1, 1)
    assert {(lost["code"], lost["billed"]) for lost in facts["failures"]} == {(BROKEN["code"], "unknown")}
    assert len(wire.bodies) == 1


async def test_a_relay_that_answers_a_stream_request_in_one_piece_is_understood(memory: Connect) -> None:
    answer = {"data": [{"b64_json": BASE64}, {"error": MODERATED}, {"b64_json": BASE64}]}
    with saying(Said([json.dumps(answer).encode()], kind=f"{JSON}; charset=utf-8")) as wire:
        facts, _ = await made(memory, wire)
    assert [image["index"] for image in facts["images"]] == [0, 2]
    assert [lost["code"] for lost in facts["failures"]] == [MODERATED["code"]]


ERROR: Final = json.dumps({"error": MODERATED}).encode()


@pytest.mark.parametrize(
    ("said", "code", "billed"),
    [
        (Said([ERROR], kind=JSON), MODERATED["code"], "no"),
        (Said([ERROR], kind=STREAM), MODERATED["code"], "no"),
        (Said([b"<html>busy</html>"], kind=HTML), "unexpected_answer", "unknown"),
        (Said([b""], kind=JSON), "unexpected_answer", "unknown"),
        (Said([b""], kind=STREAM), "stream_cut", "unknown"),
        (Said([b'{"data": [{"url": "https://'], kind=JSON), "unexpected_answer", "unknown"),
        (Said([b'{"data": [{"url": "https://'], kind=JSON, is_cut=True), "no_answer", "unknown"),
        (Said([b"<html>busy</html>"], 502, HTML), "http_502", "unknown"),
        (Said([b""], 504, JSON), "http_504", "unknown"),
        (Said([b'{"error": {"code": "Invalid'], 400, JSON), "http_400", "no"),
        (Said([b"\xff\xfe\x00"], 403, HTML), "http_403", "no"),
        (Said([b"[" * 100_000], 500, JSON), "http_500", "unknown"),
    ],
)
async def test_an_answer_that_is_no_answer_is_told_by_what_is_known(
    memory: Connect, said: Said, code: str, billed: str
) -> None:
    with saying(said) as wire:
        facts, _ = await made(memory, wire)
    assert facts["status"] == "failed"
    assert {(lost["code"], lost["billed"]) for lost in facts["failures"]} == {(code, billed)}
    assert (facts["billed"], len(wire.bodies)) == (0, 1)


async def test_usage_that_counts_more_than_came_is_believed(memory: Connect) -> None:
    with saying(Said([lines(picture(0), completed(3), DONE)])) as wire:
        facts, _ = await made(memory, wire)
    assert (facts["delivered"], facts["billed"]) == (1, 3)
    assert {lost["billed"] for lost in facts["failures"]} == {"yes"}


async def test_more_pictures_than_asked_for_are_kept(memory: Connect) -> None:
    events = lines(*map(picture, range(4)), event("completed"), DONE)
    with saying(Said([events])) as wire:
        facts, _ = await made(memory, wire)
    assert (facts["status"], facts["requested"], facts["delivered"], facts["billed"]) == ("completed", 3, 4, 4)
