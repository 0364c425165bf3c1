"""Streams as they really come: any line ends, any split, any size, errors in the middle, no end."""

import json
from collections.abc import AsyncIterator, Iterable
from itertools import pairwise
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedream_hub.providers.dialects import DIALECTS
from seedream_hub.providers.sse import DONE, EventDecoder
from seedream_hub.providers.stream import read_stream
from seedream_hub.schemas.errors import UpstreamError
from seedream_hub.schemas.outcome import FailedImage, MadeImage, News, Outcome

EVENTS: Final = [name for name, dialect in DIALECTS.items() if dialect.event]
MODERATED: Final = {"code": "OutputImageSensitiveContentDetected", "message": "图片可能包含敏感内容"}
BROKEN: Final = {"code": "InternalServiceError", "message": "The service failed."}


def decoded(chunks: Iterable[bytes]) -> list[str]:
    decoder = EventDecoder()
    found = [data for chunk in chunks for data in decoder.feed(chunk)]
    return [*found, *decoder.finish()]


def event(kind: str, **facts: object) -> dict[str, Any]:
    return {"type": f"image_generation.{kind}", "model": "seedream-4-5-251128", "created": 1757396757, **facts}


def succeeded(index: int, **facts: object) -> dict[str, Any]:
    return event("partial_succeeded", image_index=index, **(facts or {"url": f"https://example.com/{index}"}))


def failed(index: int, error: dict[str, str] = MODERATED) -> dict[str, Any]:
    return event("partial_failed", image_index=index, error=error)


def completed(images: int) -> dict[str, Any]:
    return event("completed", usage={"generated_images": images, "output_tokens": 1, "total_tokens": 1})


def lines(*events: object) -> bytes:
    """Write events as the live service does: a name, and one line of JSON."""
    parts = [
        f"event: some\ndata: {one if one == DONE else json.dumps(one, ensure_ascii=False)}\n\n" for one in events
    ]
    return "".join(parts).encode()


async def read(*chunks: bytes, provider: str = "ark", news: list[News] | None = None) -> Outcome:
    async def stream() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    async def note(one: News) -> None:
        seen.append(one)

    seen = [] if news is None else news
    reader = DIALECTS[provider].event
    assert reader is not None
    return await read_stream(stream(), reader, "request-1", note)


def places(images: Iterable[MadeImage | FailedImage]) -> list[int]:
    return [image.index for image in images]


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        (b"data: one\n\n", ["one"]),
        (b"data:one\n\n", ["one"]),
        (b"data:  one\n\n", [" one"]),
        (b"data: one\ndata: two\n\n", ["one\ntwo"]),
        (b"data: one\r\ndata: two\r\n\r\n", ["one\ntwo"]),
        (b"data: one\rdata: two\r\r", ["one\ntwo"]),
        (b"data: one\r\n\ndata: two\r\r\n", ["one", "two"]),
        (b"\xef\xbb\xbfdata: one\n\n", ["one"]),
        (b"\xef\xbb\xbf\n\ndata: one\n\n", ["one"]),
        (b"data: \xef\xbb\xbfone\n\n", ["\ufeffone"]),
        (b": a comment\ndata: one\n: another\ndata: two\n\n", ["one\ntwo"]),
        (b":\n\n:\n\ndata: one\n\n", ["one"]),
        (b"id: 7\nretry: 3000\nevent: odd\ndata: one\nfoo: bar\nbaz\n\n", ["one"]),
        (b"data: one\nevent: named.after.its.data\n\n", ["one"]),
        (b"event: nothing\n\nid: 8\n\n", []),
        (b"data\n\ndata:\n\n", []),
        (b"data: one", ["one"]),
        (b"data: one\n", ["one"]),
        (b"data: one\n\ndata: [DONE]", ["one", DONE]),
        (b"data: one\ndata: [DONE]\n\n", ["one", DONE]),
        (b"data: \xe5\x9b\xbe\xe2\x80\xa8\xc2\x85\x0b\x0cone\n\n", ["图\u2028\x85\x0b\x0cone"]),
        (b"data: \xff\n\n", ["\ufffd"]),
    ],
)
def test_data_is_split_from_all_else_as_the_standard_says(wire: bytes, expected: list[str]) -> None:
    assert decoded([wire]) == expected


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_json_printed_over_lines_that_do_not_repeat_data_is_one_event(end: bytes) -> None:
    wire = (
        b'event: a\ndata: {\n"url": "https://x",\n  "nested": {\n  "list": [\n1,\n2\n]\n}\n}\nevent: b\ndata: {}\n\n'
    )
    first, second = decoded([wire.replace(b"\n1,\n2\n", b"\n 1,\n 2\n").replace(b"\n", end)])
    assert json.loads(first) == {"url": "https://x", "nested": {"list": [1, 2]}}
    assert second == "{}"


SAMPLE: Final = (
    "\ufeff: 你好\r\nevent: 未知\rdata: {\n  \"message\": \"图片🦊\",\ndata: \"index\": 0}\r\n\r\nid: 1\n\n"
    "data: 第二\n\nevent: x\ndata:{\"a\":\r\ndata: [1]}\r\rdata: [DONE]\n\n"
).encode()  # fmt: skip
WHOLE: Final = ['{\n  "message": "图片🦊",\n"index": 0}', "第二", '{"a":\n[1]}', DONE]


def test_a_split_at_any_byte_changes_nothing() -> None:
    for place in range(len(SAMPLE) + 1):
        assert decoded([SAMPLE[:place], SAMPLE[place:]]) == WHOLE, place
    assert decoded(SAMPLE[place : place + 1] for place in range(len(SAMPLE))) == WHOLE
    assert decoded(chunk for byte in SAMPLE for chunk in (bytes([byte]), b"")) == WHOLE


@given(st.lists(st.integers(0, len(SAMPLE)), max_size=30))
def test_splits_at_several_places_change_nothing_nor_do_empty_chunks(cuts: list[int]) -> None:
    ends = sorted([0, *cuts, *cuts, len(SAMPLE)])
    assert decoded(SAMPLE[start:stop] for start, stop in pairwise(ends)) == WHOLE


@pytest.mark.parametrize("size", [2**20 - 1, 2**20, 2**20 + 1, 20 * 2**20])
async def test_an_event_may_be_as_large_as_a_picture(size: int) -> None:
    wire = lines(succeeded(0, b64_json="A" * size), completed(1), DONE)
    chunks = [wire[start : start + 65536] for start in range(0, len(wire), 65536)]
    outcome = await read(*chunks)
    assert outcome.images == (MadeImage(0, data="A" * size),)
    assert (outcome.billed, outcome.cut) == (1, None)


@pytest.mark.parametrize("provider", EVENTS)
async def test_pictures_come_in_any_order_each_told_once_as_it_is_read(provider: str) -> None:
    news: list[News] = []
    wire = lines(succeeded(2), succeeded(0), succeeded(2), succeeded(1), completed(3), DONE)
    outcome = await read(wire, provider=provider, news=news)
    assert [one.index for one in news if isinstance(one, MadeImage)] == [2, 0, 1]
    assert places(outcome.images) == [0, 1, 2]
    assert (outcome.billed, outcome.usage.generated_images, outcome.cut) == (3, 3, None)


@pytest.mark.parametrize("error", [MODERATED, BROKEN, {"code": "RateLimitExceeded.Foo", "message": "later"}])
@pytest.mark.parametrize("provider", EVENTS)
async def test_a_picture_that_failed_never_loses_those_after_it(provider: str, error: dict[str, str]) -> None:
    outcome = await read(
        lines(failed(0, error), succeeded(1), failed(2), succeeded(3), completed(2)), provider=provider
    )
    assert (places(outcome.images), places(outcome.failures)) == ([1, 3], [0, 2])
    assert (outcome.failures[0].code, outcome.failures[0].message) == (error["code"], error["message"])
    assert outcome.failures[0].retryable == error["code"].startswith("RateLimit")
    assert (outcome.billed, outcome.cut) == (2, None)


async def test_a_failed_picture_without_a_place_loses_none_of_the_others() -> None:
    nowhere = event("partial_failed", error=MODERATED)
    outcome = await read(lines(nowhere, succeeded(0), nowhere, succeeded(2), completed(2)))
    assert (places(outcome.images), outcome.billed, outcome.cut) == ([0, 2], 2, None)


@pytest.mark.parametrize(
    "odd", [{}, [], 1, "x", None, {"type": 3}, {"type": "image_generation.new"}, {"error": None}]
)
async def test_what_nobody_documents_says_nothing(odd: object) -> None:
    outcome = await read(lines(odd, succeeded(0), odd, completed(1), odd, DONE))
    assert (places(outcome.images), outcome.failures, outcome.cut) == ([0], (), None)


async def test_previews_of_a_picture_are_no_pictures() -> None:
    preview = event("partial_image", partial_image_index=0, b64_json="AAAA")
    outcome = await read(lines(preview, succeeded(0), completed(1)))
    assert outcome.images == (MadeImage(0, "https://example.com/0"),)


@pytest.mark.parametrize("ending", [[completed(1)], [DONE], [completed(1), DONE]])
async def test_either_end_is_an_end(ending: list[object]) -> None:
    assert (await read(lines(succeeded(0), *ending))).cut is None


@pytest.mark.parametrize("came", [0, 1, 3])
async def test_a_stream_without_an_end_is_partial_and_what_came_counts(came: int) -> None:
    outcome = await read(lines(*map(succeeded, range(came))))
    assert places(outcome.images) == list(range(came))
    assert outcome.billed == came
    assert outcome.cut is not None
    assert (outcome.cut.error_code, outcome.cut.billed, outcome.cut.retryable) == ("stream_cut", "unknown", False)


async def test_an_event_cut_in_its_middle_is_no_picture() -> None:
    whole = lines(succeeded(0), succeeded(1))
    outcome = await read(whole[:-20])
    assert places(outcome.images) == [0]
    assert outcome.cut is not None


async def test_an_error_before_any_picture_fails_the_request() -> None:
    with pytest.raises(UpstreamError) as caught:
        await read(lines({"error": BROKEN}, DONE))
    assert (caught.value.error_code, caught.value.billed) == ("InternalServiceError", "unknown")


async def test_an_error_after_a_picture_keeps_it_and_those_after() -> None:
    outcome = await read(lines(succeeded(0), {"error": BROKEN}, succeeded(1), DONE))
    assert places(outcome.images) == [0, 1]
    assert outcome.cut is not None
    assert outcome.cut.error_code == "InternalServiceError"


async def test_an_error_in_plain_json_instead_of_events_is_read() -> None:
    with pytest.raises(UpstreamError) as caught:
        await read(json.dumps({"error": MODERATED}).encode())
    assert (caught.value.error_code, caught.value.billed) == (MODERATED["code"], "no")


@pytest.mark.parametrize("usage", [None, {}, [], {"generated_images": None}, {"generated_images": True}, "2"])
async def test_without_usage_what_came_was_billed(usage: object) -> None:
    outcome = await read(lines(succeeded(0), succeeded(1), event("completed", usage=usage)))
    assert (outcome.billed, outcome.usage.generated_images) == (2, None)
