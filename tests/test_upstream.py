"""An upstream that misbehaves: what the agent reads, what is kept, what is never sent twice."""

import subprocess
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import anyio
import pytest
from PIL import Image

from seedream_hub.providers.retry import retry_after_s
from tests.support import COMMAND, Connect, facts_of, text_of
from tests.upstream import Script, serve

FOX = {"prompt": "a red fox in snow"}
KEY = "sk-very-secret-key"


def jpeg(width: int = 2048, height: int = 2048) -> bytes:
    out = BytesIO()
    Image.effect_noise((width, height), 40).save(out, "JPEG")
    return out.getvalue()


def png() -> bytes:
    out = BytesIO()
    Image.new("RGBA", (64, 64), (255, 0, 0, 0)).save(out, "PNG")
    return out.getvalue()


def ark_settings(script: Script) -> dict[str, Any]:
    return {"ark_api_key": KEY, "ark_base_url": script.base_url}


async def test_a_request_says_exactly_what_was_asked_and_carries_the_key(memory: Connect) -> None:
    with serve(Script(picture=jpeg())) as script:
        async with memory(**ark_settings(script)) as client:
            arguments = {**FOX, "watermark": False, "aspect_ratio": "3:2", "model": "seedream-5.0-pro"}
            facts = facts_of(await client.call_tool("generate_image", arguments))
    ((headers, body),) = script.requests
    assert body == {
        "model": "doubao-seedream-5-0-pro-260628",
        "prompt": FOX["prompt"],
        "size": "2496x1664",
        "watermark": False,
    }
    assert headers["authorization"] == f"Bearer {KEY}"
    assert (facts["provider"], facts["sandbox"], facts["billed"]) == ("ark", False, 1)
    assert facts["cost"] == {"amount": 0.6, "currency": "CNY", "estimated": True, "expected": 0.6}
    assert facts["images"][0]["width"] == 2048


@pytest.mark.parametrize(
    ("picture", "kind"),
    [
        (b"<!DOCTYPE html><html>busy</html>", "an HTML page"),
        (b"", "an empty file"),
        (b"{}", "no picture"),
        (jpeg()[:-20_000], "damaged or cut short"),
        (jpeg()[:200], "damaged or cut short"),
    ],
)
async def test_what_is_no_whole_picture_is_never_saved_as_one(
    memory: Connect, tmp_path: Path, picture: bytes, kind: str
) -> None:
    with serve(Script(picture=picture)) as script:
        async with memory(**ark_settings(script)) as client:
            result = await client.call_tool("generate_image", FOX)
    facts = facts_of(result)
    assert result.is_error
    assert facts["status"] == "failed"
    (failure,) = facts["failures"]
    assert kind in failure["message"]
    assert (failure["code"], failure["billed"], failure["retryable"]) == ("not_an_image", "yes", False)
    assert "Asking again bills a new one" in facts["next"]
    assert facts["billed"] == 1
    assert list((tmp_path / "pictures").iterdir()) == []
    assert len(script.requests) == 1


async def test_a_file_has_the_extension_of_the_bytes_it_holds(memory: Connect) -> None:
    with serve(Script(picture=png(), picture_type="image/jpeg")) as script:
        async with memory(**ark_settings(script)) as client:
            result = await client.call_tool("generate_image", FOX)
    (image,) = facts_of(result)["images"]
    assert image["path"].endswith(".png")
    assert image["mime_type"] == "image/png"


@pytest.mark.parametrize(
    ("status", "error", "billed", "sent"),
    [
        (401, {"code": "AuthenticationError", "message": f"the key {KEY} is not valid"}, "no", 1),
        (400, {"code": "InputTextSensitiveContentDetected", "message": "no\n\x1b[31msuch thing"}, "no", 1),
        (429, {"code": "ModelAccountIpmRateLimitExceeded", "message": "slow down"}, "no", 4),
        (429, {"code": "QuotaExceeded", "message": "used up"}, "no", 1),
        (500, {"code": "InternalServiceError", "message": "oops"}, "unknown", 1),
        (503, {"code": "no_idea", "message": "busy"}, "no", 4),
        (200, {"code": "OutputImageSensitiveContentDetected.DeepFake", "message": "withheld"}, "no", 1),
    ],
)
async def test_a_refusal_is_told_with_its_code_and_whether_it_was_billed(
    memory: Connect, status: int, error: dict[str, str], billed: str, sent: int
) -> None:
    with serve(Script(answer={"error": error}, status=status, headers={"retry-after": "0"})) as script:
        async with memory(**ark_settings(script)) as client:
            result = await client.call_tool("generate_image", FOX)
    facts = facts_of(result)
    (failure,) = facts["failures"]
    assert result.is_error
    assert (failure["code"], failure["billed"], failure["retryable"]) == (error["code"], billed, sent > 1)
    assert (facts["status"], facts["billed"], facts["delivered"]) == ("failed", 0, 0)
    assert KEY not in text_of(result)
    assert KEY not in str(facts)
    assert "\x1b" not in str(facts)
    assert facts["next"]
    assert len(script.requests) == sent


async def test_an_item_that_failed_in_a_200_answer_is_a_failure(memory: Connect) -> None:
    error = {"code": "OutputImageSensitiveContentDetected", "message": "withheld"}
    with serve(Script(answer={"data": [{"error": error}]})) as script:
        async with memory(**ark_settings(script)) as client:
            facts = facts_of(await client.call_tool("generate_image", FOX))
    assert [(f["code"], f["billed"]) for f in facts["failures"]] == [(error["code"], "no")]
    assert facts["billed"] == 0


async def test_a_200_answer_without_data_may_have_been_billed(memory: Connect) -> None:
    with serve(Script(answer=["what"])) as script:
        async with memory(**ark_settings(script)) as client:
            facts = facts_of(await client.call_tool("generate_image", FOX))
    assert [(f["code"], f["billed"]) for f in facts["failures"]] == [("unexpected_answer", "unknown")]


async def test_a_provider_that_cannot_be_reached_was_not_billed(
    memory: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    with serve(Script()) as script:
        address = script.base_url
    async with memory(ark_api_key=KEY, ark_base_url=address) as client:
        facts = facts_of(await client.call_tool("generate_image", FOX))
    assert [(f["code"], f["billed"]) for f in facts["failures"]] == [("unreachable", "no")]
    assert [line.partition(";")[0] for line in caplog.messages] == ["127.0.0.1: unreachable"] * 3


async def test_a_link_to_another_host_over_http_is_not_followed(memory: Connect) -> None:
    answer = {"data": [{"url": "http://192.0.2.1/picture.jpeg?X-Tos-Signature=secret"}]}
    with serve(Script(answer=answer)) as script:
        async with memory(**ark_settings(script)) as client:
            result = await client.call_tool("generate_image", FOX)
    (failure,) = facts_of(result)["failures"]
    assert (failure["code"], failure["billed"]) == ("download_refused", "yes")
    assert "secret" not in text_of(result)


async def test_the_journal_keeps_the_link_of_a_picture_that_could_not_be_saved(
    memory: Connect, tmp_path: Path
) -> None:
    with serve(Script(picture=b"", picture_status=503)) as script:
        async with memory(**ark_settings(script)) as client:
            facts = facts_of(await client.call_tool("generate_image", FOX))
    (failure,) = facts["failures"]
    assert (failure["code"], failure["billed"]) == ("download_failed", "yes")
    journal = b"".join(path.read_bytes() for path in (tmp_path / "state").glob("journal*"))
    assert b"X-Tos-Signature=secret" in journal
    assert KEY.encode() not in journal
    assert "secret" not in facts["next"]
    told = subprocess.run(  # noqa: ASYNC221 - nothing else runs
        [COMMAND, *facts["next"].partition("`seedream-hub ")[2].partition("`")[0].split()],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "/picture?X-Tos-Signature=secret" in told.stdout


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"b64_json": "bm8gcGljdHVyZQ=="}, "In place of the picture came bytes"),
        ({"url": "file:///etc/passwd"}, "The link is no http or https address of a host."),
    ],
)
async def test_what_came_in_place_of_a_picture_is_told_as_it_came(
    memory: Connect, item: dict[str, str], message: str
) -> None:
    with serve(Script(answer={"data": [item]})) as script:
        async with memory(**ark_settings(script)) as client:
            facts = facts_of(await client.call_tool("generate_image", FOX))
    (failure,) = facts["failures"]
    assert message in failure["message"]
    assert ("came without a link" in facts["next"]) is ("b64_json" in item)


async def test_a_refusal_that_cost_nothing_is_asked_again_when_the_provider_says(memory: Connect) -> None:
    messages: list[str] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        messages.append(message or "")

    error = {"error": {"code": "ServerOverloaded", "message": "busy"}}
    script = Script(answer=error, status=429, refusals=2, headers={"retry-after": "1"}, picture=jpeg())
    with serve(script):
        async with memory(**ark_settings(script)) as client:
            started = anyio.current_time()
            facts = facts_of(await client.call_tool("generate_image", FOX, progress_callback=note))
    assert (facts["status"], facts["billed"], len(script.requests)) == ("completed", 1, 3)
    assert anyio.current_time() - started >= 2
    assert any("not accepted (ServerOverloaded), asking again" in message for message in messages)


async def test_what_is_asked_again_is_logged_in_one_line_with_host_reason_and_wait(
    memory: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    error = {"error": {"code": "ServerOverloaded", "message": "busy"}}
    script = Script(answer=error, status=429, refusals=1, headers={"retry-after": "0.3"}, picture=jpeg())
    with serve(script):
        async with memory(**ark_settings(script)) as client:
            await client.call_tool("generate_image", FOX)
    assert "127.0.0.1: ServerOverloaded; asked again in 0.3 s" in caplog.messages
    assert not [record for record in caplog.records if record.name.startswith("stamina")]


async def test_a_503_that_does_not_say_it_was_refused_is_never_repeated(memory: Connect) -> None:
    error = {"error": {"code": "bad_gateway", "message": "?"}}
    with serve(Script(answer=error, status=503)) as script:
        async with memory(**ark_settings(script)) as client:
            facts = facts_of(await client.call_tool("generate_image", FOX))
    assert facts["failures"][0]["billed"] == "unknown"
    assert len(script.requests) == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(None, None), ("0", 0.0), ("2.5", 2.5), ("-3", 0.0), ("soon", None), ("Sat, 21 Nov 2020 00:00:00 GMT", 0.0)],
)
def test_retry_after_is_read_as_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after_s(header) == seconds


def test_a_date_to_come_is_read_as_the_seconds_until_then() -> None:
    header = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert retry_after_s(header) == pytest.approx(30, abs=2)
