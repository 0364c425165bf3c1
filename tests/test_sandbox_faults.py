"""Script the sandbox's faults over its admin route, and see each of them happen."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx2 as httpx
import pytest

from tests.sandboxed import BODIES, GROUP, SETS, Bench, events_of, running, within_ten_seconds

ALL = ("ark", "relay", "aigc", "novita", "evolink")
AT_ONCE = ("ark", "relay", "aigc", "novita")
ARK_FAMILY = ("ark", "relay", "aigc")
MODERATED = "OutputImageSensitiveContentDetected"


@pytest.fixture(scope="module")
def shared() -> Iterator[Bench]:
    with running() as started:
        yield started


@pytest.fixture
def bench(shared: Bench) -> Iterator[Bench]:
    yield shared
    assert httpx.delete(f"{shared.sandbox.url}/admin/faults").json() == {"faults": []}


def links(body: Any) -> list[str]:
    return body["images"] if "images" in body else [item["url"] for item in body["data"] if "url" in item]


def streamed(bench: Bench, dialect: str) -> httpx.Response:
    return bench.ask(dialect, **SETS[dialect], stream=True)


def test_faults_are_listed_counted_down_and_cleared(bench: Bench) -> None:
    bench.script("status", dialect="ark", status=429, times=2)
    bench.script("html", dialect="novita")
    assert [(row["fault"], row["dialect"], row["times"]) for row in bench.faults()] == [
        ("status", "ark", 2),
        ("html", "novita", 1),
    ]
    assert [bench.ask("ark").status_code for _ in range(3)] == [429, 429, 200]
    assert [row["fault"] for row in bench.faults()] == ["html"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"fault": "nothing"},
        {"fault": "status"},
        {"fault": "status", "status": 200},
        {"fault": "delay", "seconds": -1},
        {"fault": "reset", "dialect": "fal"},
        {"fault": "reset", "times": 0},
        {"fault": "reset", "at": "poll"},
        {"fault": "cut", "after": 1},
        [],
    ],
)
def test_a_fault_that_is_none_is_refused(bench: Bench, wrong: object) -> None:
    answer = httpx.post(f"{bench.sandbox.url}/admin/faults", json=wrong)
    assert (answer.status_code, "not valid" in answer.json()["error"]["message"]) == (400, True)
    assert bench.faults() == []


def test_a_request_that_is_refused_anyway_uses_no_fault_up(bench: Bench) -> None:
    bench.script("status", status=503)
    assert bench.ask("ark", size="1x1").status_code == 400
    assert bench.ask("aigc").status_code == 503


@pytest.mark.parametrize("dialect", ALL)
def test_a_status_comes_in_the_dialects_own_shape_and_is_not_billed(bench: Bench, dialect: str) -> None:
    before = bench.billed()
    bench.script("status", dialect=dialect, status=429, code="ServerOverloaded", message="Busy.", retry_after=1.5)
    answer = bench.ask(dialect)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1.5")
    body: Any = answer.json()
    error = body if dialect == "novita" else body["error"]
    assert error["message"].startswith("Busy.")
    named = {"novita": ("reason", "ServerOverloaded"), "evolink": ("type", "rate_limit_error")}
    name, value = named.get(dialect, ("code", "ServerOverloaded"))
    assert error[name] == value
    assert (bench.billed(), bench.last_row()["status"]) == (before, 429)


@pytest.mark.parametrize(
    ("dialect", "status", "name", "value"),
    [
        ("ark", 401, "code", "AuthenticationError"),
        ("ark", 402, "code", "AccountOverdueError"),
        ("ark", 500, "code", "InternalServiceError"),
        ("aigc", 404, "code", "InvalidEndpointOrModel.NotFound"),
        ("relay", 401, "type", "new_api_error"),
        ("relay", 500, "type", "upstream_error"),
        ("novita", 400, "reason", "INVALID_REQUEST_BODY"),
        ("novita", 401, "reason", "INVALID_API_KEY"),
        ("novita", 404, "reason", "API_NOT_FOUND"),
        ("novita", 429, "reason", "TOO_MANY_REQUESTS"),
        ("novita", 500, "reason", "INTERNAL_ERROR"),
        ("evolink", 402, "type", "insufficient_quota_error"),
    ],
)
def test_a_status_without_a_code_comes_with_the_dialects_own(
    bench: Bench, dialect: str, status: int, name: str, value: str
) -> None:
    bench.script("status", dialect=dialect, status=status)
    body: Any = bench.ask(dialect).json()
    assert (body if dialect == "novita" else body["error"])[name] == value


@pytest.mark.parametrize("dialect", ALL)
def test_a_reset_before_the_work_costs_nothing_and_one_after_it_costs_all(bench: Bench, dialect: str) -> None:
    before = bench.billed()
    bench.script("reset_before", dialect=dialect)
    with pytest.raises(httpx.NetworkError):
        bench.ask(dialect, **SETS[dialect])
    assert bench.billed() == before
    bench.script("reset", dialect=dialect)
    with pytest.raises(httpx.NetworkError):
        bench.ask(dialect, **SETS[dialect])
    within_ten_seconds(lambda: bench.billed() == before + 3)
    assert bench.draw("aigc")


@pytest.mark.parametrize("dialect", ALL)
def test_half_a_body_is_billed_whole(bench: Bench, dialect: str) -> None:
    before = bench.billed()
    bench.script("cut", dialect=dialect)
    with pytest.raises(httpx.RemoteProtocolError):
        bench.ask(dialect, **SETS[dialect])
    within_ten_seconds(lambda: bench.billed() == before + 3)


@pytest.mark.parametrize("dialect", ARK_FAMILY)
@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_stream_is_cut_after_so_many_pictures_and_billed_whole(bench: Bench, dialect: str, after: int) -> None:
    before = bench.billed()
    bench.script("cut", dialect=dialect, after_images=after)
    url = f"{bench.sandbox.base_urls[dialect]}/images/generations"
    told: list[str] = []
    body = {**BODIES[dialect], **SETS[dialect], "stream": True}
    with bench.http.stream("POST", url, json=body) as answer, pytest.raises(httpx.RemoteProtocolError):
        told.extend(line for line in answer.iter_lines() if line.startswith("event: "))
    assert told == ["event: image_generation.partial_succeeded"] * after
    within_ten_seconds(lambda: bench.billed() == before + 3)


@pytest.mark.parametrize("dialect", AT_ONCE)
def test_a_page_in_place_of_an_answer_is_not_billed(bench: Bench, dialect: str) -> None:
    before = bench.billed()
    bench.script("html", dialect=dialect)
    answer = bench.ask(dialect)
    assert answer.headers["content-type"].startswith("text/html")
    assert (answer.status_code, "busy" in answer.text, bench.billed()) == (200, True, before)


def test_a_delay_comes_before_the_answer(bench: Bench) -> None:
    bench.script("delay", seconds=0.5)
    assert bench.ask("novita").elapsed.total_seconds() >= 0.5


@pytest.mark.parametrize("dialect", ARK_FAMILY)
def test_a_refused_picture_stands_as_an_error_and_the_others_go_on(bench: Bench, dialect: str) -> None:
    before = bench.billed()
    bench.script("moderation", dialect=dialect, index=1, times=2)
    data = bench.draw(dialect, **SETS[dialect])["data"]
    assert [item.get("error", {}).get("code", "") for item in data] == ["", MODERATED, ""]
    events = events_of(streamed(bench, dialect))
    assert [name.rpartition(".")[2] for name, _ in events] == [
        *("partial_succeeded", "partial_failed", "partial_succeeded", "completed"),
    ]
    assert (events[1][1]["image_index"], events[1][1]["error"]["code"]) == (1, MODERATED)
    assert events[3][1]["usage"]["generated_images"] == 2
    assert bench.billed() == before + 4


def test_novita_leaves_a_refused_picture_out_and_evolink_fails_the_task(bench: Bench) -> None:
    before = bench.billed()
    bench.script("moderation", index=1, times=2)
    assert len(bench.draw("novita", **SETS["novita"])["images"]) == 2
    failed = bench.finished(bench.draw("evolink", n=3))
    assert (failed["status"], failed["error"]["code"]) == ("failed", "content_policy_violation")
    assert "results" not in failed
    assert bench.billed() == before + 2


@pytest.mark.parametrize("dialect", ARK_FAMILY)
def test_an_internal_error_ends_a_set(bench: Bench, dialect: str) -> None:
    bench.script("internal_error", dialect=dialect, index=1, times=2)
    data = bench.draw(dialect, **SETS[dialect])["data"]
    assert [item.get("error", {}).get("code", "") for item in data] == ["", "InternalServiceError"]
    events = events_of(streamed(bench, dialect))
    assert [name.rpartition(".")[2] for name, _ in events] == ["partial_succeeded", "partial_failed", "completed"]


def test_an_error_with_status_200_is_arks_alone(bench: Bench) -> None:
    before = bench.billed()
    bench.script("error_200", times=6)
    for dialect in ARK_FAMILY:
        assert set(bench.draw(dialect)) == {"error"}
    assert events_of(streamed(bench, "ark"))[0][0] == "error"
    assert [bench.ask(dialect).status_code for dialect in ("novita", "evolink")] == [500, 500]
    assert bench.billed() == before


def test_a_task_fails_with_the_scripted_code_and_other_dialects_with_500(bench: Bench) -> None:
    before = bench.billed()
    bench.script("failed_task", code="resource_exhausted", message="Full.", times=2)
    failed = bench.finished(bench.draw("evolink", n=2))
    assert (failed["status"], failed["error"]["code"]) == ("failed", "resource_exhausted")
    assert failed["error"]["message"].startswith("Full.")
    assert (bench.ask("ark").status_code, bench.billed()) == (500, before)


def test_a_task_is_stuck_for_so_many_queries(bench: Bench) -> None:
    bench.script("stuck_task", polls=30)
    assert bench.draw("ark")
    task = bench.draw("evolink")
    seen: list[Any] = []
    within_ten_seconds(lambda: seen.append(bench.poll(task).json()) or seen[-1]["status"] == "completed")
    stuck = [one for one in seen if one["status"] == "processing"]
    assert len(stuck) >= 30
    assert all(one["progress"] < 100 and "results" not in one for one in stuck)


def test_a_query_and_an_upload_can_fail_too(bench: Bench) -> None:
    bench.script("status", at="poll", status=502)
    bench.script("reset_before", at="poll")
    bench.script("status", at="upload", status=429)
    task = bench.draw("evolink")
    assert bench.poll(task).json()["error"]["type"] == "upstream_error"
    with pytest.raises(httpx.NetworkError):
        bench.poll(task)
    assert bench.upload("url", json={"file_url": "https://example.com/a.png"}).json()["code"] == 429
    assert bench.finished(task)["status"] == "completed"


@pytest.mark.parametrize("dialect", AT_ONCE)
def test_an_expired_link_is_billed_and_answers_403(bench: Bench, dialect: str) -> None:
    before = bench.billed()
    bench.script("expired_link", dialect=dialect)
    (link,) = links(bench.draw(dialect))
    answer = httpx.get(link)
    assert (answer.status_code, answer.json()["Message"]) == (403, "Request has expired")
    assert bench.billed() == before + 1


def test_asking_after_a_task_again_gives_fresh_links(bench: Bench) -> None:
    bench.script("expired_link")
    task = bench.draw("evolink")
    (stale,) = bench.finished(task)["results"]
    (fresh,) = bench.finished(task)["results"]
    assert (httpx.get(stale).status_code, httpx.get(fresh).status_code) == (403, 200)


@pytest.mark.parametrize("dialect", AT_ONCE)
def test_a_link_may_give_a_page(bench: Bench, dialect: str) -> None:
    bench.script("html_picture", dialect=dialect)
    (link,) = links(bench.draw(dialect))
    answer = httpx.get(link)
    assert (answer.status_code, answer.headers["content-type"].startswith("text/html")) == (200, True)


def test_a_link_may_give_the_picture_slowly(bench: Bench) -> None:
    (quick,) = links(bench.draw("aigc"))
    content = httpx.get(quick).content
    bench.script("slow_picture", bytes_per_s=len(content) * 2)
    (slow,) = links(bench.draw("aigc"))
    began = time.monotonic()
    assert httpx.get(slow).content == content
    assert time.monotonic() - began >= 0.3


def test_a_download_that_broke_off_is_resumed_with_a_range(bench: Bench) -> None:
    bench.script("cut_picture", after_bytes=1000, times_picture=2)
    (link,) = links(bench.draw("aigc"))
    part = bytearray()
    etag = broken_off(link, part, {})
    broken_off(link, part, {"Range": "bytes=1000-", "If-Range": etag})
    rest = httpx.get(link, headers={"Range": f"bytes={len(part)}-", "If-Range": etag})
    assert (len(part), rest.status_code) == (2000, 206)
    assert bytes(part) + rest.content == httpx.get(link).content


def broken_off(link: str, part: bytearray, headers: dict[str, str]) -> str:
    """Add what comes before the break to `part`; return the picture's ETag."""
    with httpx.stream("GET", link, headers=headers) as answer:
        assert (answer.status_code, int(answer.headers["content-length"]) > 1000) == (206 if headers else 200, True)
        with pytest.raises(httpx.RemoteProtocolError):
            gather(answer, part)
        return answer.headers["etag"]


def gather(answer: httpx.Response, part: bytearray) -> None:
    for chunk in answer.iter_raw():
        part += chunk


def test_usage_and_model_may_be_missing(bench: Bench) -> None:
    bench.script("no_usage", times=4)
    assert set(bench.draw("ark")) == {"created", "data"}
    assert set(bench.draw("relay")) == {"created", "data"}
    completed = events_of(streamed(bench, "aigc"))[-1][1]
    assert not {"usage", "model"} & set(completed)
    task = bench.draw("evolink")
    assert not {"usage", "model"} & set(task) | {"usage", "model"} & set(bench.finished(task))


def test_a_chatty_stream_is_valid_and_says_no_less(bench: Bench) -> None:
    bench.script("chatty_stream")
    assert bench.draw("ark", **{GROUP: "disabled"})
    answer = streamed(bench, "ark")
    assert answer.text.startswith(": keep-alive\r\n")
    kinds: list[str] = []
    for event in answer.text.removesuffix("data: [DONE]\n\n").split("\r\n\r\n"):
        lines = [line for line in event.split("\r\n") if line.startswith("data: ")]
        if lines:
            kinds.append(json.loads("\n".join(line.removeprefix("data: ") for line in lines))["type"])
    known = [kind.removeprefix("image_generation.") for kind in kinds if not kind.endswith("heartbeat")]
    assert known == ["partial_succeeded"] * 3 + ["completed"]
    assert len(kinds) > len(known)
