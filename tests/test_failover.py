"""Who is asked when several can, and who is asked next: only what was provably not accepted, and nothing twice."""

from pathlib import Path
from typing import Any

import pytest

from seedream_hub.providers.timing import Timing
from tests.pictures import picture
from tests.sandboxed import Bench, configured, running
from tests.support import Connect, facts_of, text_of
from tests.upstream import Script, serve

FOX: dict[str, Any] = {"prompt": "a red fox in snow", "model": "seedream-4.0", "size": "1K"}
SET: dict[str, Any] = {**FOX, "count": 3}


def asked(bench: Bench) -> list[str]:
    return [row["dialect"] for row in bench.ledger()["requests"]]


def billed_by(bench: Bench, dialect: str) -> int:
    return sum(row["images_billed"] for row in bench.ledger()["requests"] if row["dialect"] == dialect)


async def test_the_provider_named_first_in_the_settings_is_asked_first(memory: Connect) -> None:
    with running() as bench:
        settings = configured(bench.sandbox, "ark", "novita", "relay")
        async with memory(**settings, provider=("novita", "ark")) as client:
            facts = facts_of(await client.call_tool("generate_image", FOX))
        assert asked(bench) == ["novita"]
    assert (facts["provider"], facts["warnings"]) == ("novita", [])


@pytest.mark.parametrize(("routing", "provider"), [("order", "byteplus"), ("cheapest", "ark")])
async def test_the_cheapest_by_the_price_table_is_asked_first_if_the_user_wants(
    memory: Connect, routing: str, provider: str
) -> None:
    with running() as bench:
        settings = configured(bench.sandbox, "byteplus", "ark", "relay")
        async with memory(**settings, provider=("relay", "byteplus", "ark"), routing=routing) as client:
            named = facts_of(await client.call_tool("generate_image", {**FOX, "provider": "byteplus"}))
            other = {**FOX, "model": "seedream-5.0-flash", "size": "1K"}
            facts = facts_of(await client.call_tool("generate_image", other))
    assert named["provider"] == "byteplus"
    assert facts["provider"] == provider


@pytest.mark.parametrize(
    ("status", "times", "code", "sent"),
    [
        (401, 1, "AuthenticationError", 1),
        (403, 1, "AccessDenied", 1),
        (404, 1, "InvalidEndpointOrModel.NotFound", 1),
        (429, 4, "ModelAccountIpmRateLimitExceeded", 4),
        (429, 1, "QuotaExceeded", 1),
        (503, 4, "ServerOverloaded", 4),
    ],
)
async def test_what_was_not_accepted_goes_to_the_next_and_the_result_says_why(
    memory: Connect, status: int, times: int, code: str, sent: int
) -> None:
    notes: list[str] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        notes.append(message or "")

    with running() as bench:
        bench.script("status", dialect="ark", status=status, times=times, code=code, retry_after=0.05)
        async with memory(**configured(bench.sandbox, "ark", "relay")) as client:
            result = await client.call_tool("batch_images", SET, progress_callback=note)
        assert asked(bench) == ["ark"] * sent + ["relay"]
        assert (billed_by(bench, "ark"), billed_by(bench, "relay")) == (0, 3)
    facts = facts_of(result)
    assert (facts["status"], facts["provider"], facts["billed"]) == ("completed", "relay", 3)
    (warning,) = facts["warnings"]
    assert warning.startswith(f"ark did not accept it ({code}: A scripted fault.")
    assert warning.endswith("so relay was asked.")
    assert warning in text_of(result)
    assert any(f"ark did not accept it ({code}), asking relay" in message for message in notes)


async def test_a_provider_nobody_answers_at_is_passed_over(memory: Connect) -> None:
    with running() as gone:
        nowhere = configured(gone.sandbox, "ark")
    with running() as bench:
        async with memory(**nowhere, **configured(bench.sandbox, "relay")) as client:
            facts = facts_of(await client.call_tool("generate_image", FOX))
        assert asked(bench) == ["relay"]
    assert (facts["status"], facts["provider"]) == ("completed", "relay")
    assert "nothing was sent" in facts["warnings"][0]


async def test_a_reference_that_cannot_be_uploaded_goes_to_a_provider_that_takes_it_as_data(
    memory: Connect, tmp_path: Path
) -> None:
    path = tmp_path / "pictures" / "fox.png"
    path.parent.mkdir()
    path.write_bytes(picture("png"))
    with running() as bench:
        bench.script("status", dialect="evolink", status=500, at="upload", times=99)
        settings = configured(bench.sandbox, "evolink", "relay")
        async with memory(**settings, provider=("evolink", "relay")) as client:
            facts = facts_of(await client.call_tool("edit_image", {**FOX, "image": str(path)}))
        assert asked(bench) == ["relay"]
    assert (facts["status"], facts["provider"]) == ("completed", "relay")
    assert "could not be uploaded to evolink" in facts["warnings"][0]


async def test_the_next_provider_is_one_that_can_do_the_same_request(memory: Connect) -> None:
    with running() as bench:
        bench.script("status", dialect="ark", status=401)
        settings = configured(bench.sandbox, "ark", "novita", "relay")
        async with memory(**settings, provider=("ark", "novita", "relay")) as client:
            facts = facts_of(await client.call_tool("generate_image", {**FOX, "response_format": "b64_json"}))
        assert asked(bench) == ["ark", "relay"]
    assert facts["provider"] == "relay"


async def test_a_set_moves_on_as_many_requests_where_the_next_takes_no_n(memory: Connect) -> None:
    with running() as bench:
        bench.script("status", dialect="aigc", status=401)
        settings = configured(bench.sandbox, "aigc", "novita")
        async with memory(**settings, provider=("aigc", "novita")) as client:
            arguments = {**FOX, "size": "2K", "count": 3}
            facts = facts_of(await client.call_tool("generate_image", arguments))
        assert asked(bench) == ["aigc", "novita", "novita", "novita"]
    assert (facts["status"], facts["delivered"], facts["provider"]) == ("completed", 3, "novita")


async def test_when_nobody_accepts_the_last_refusal_is_told_and_nothing_is_billed(memory: Connect) -> None:
    with running() as bench:
        bench.script("status", dialect="*", status=401, times=2)
        async with memory(**configured(bench.sandbox, "ark", "relay")) as client:
            facts = facts_of(await client.call_tool("generate_image", FOX))
        assert (asked(bench), bench.billed()) == (["ark", "relay"], 0)
    assert [(f["code"], f["billed"]) for f in facts["failures"]] == [("new_api_error", "no")]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"fault": "status", "status": 500}, "InternalServiceError"),
        ({"fault": "status", "status": 503}, "InternalServiceError"),
        ({"fault": "status", "status": 400}, "InvalidParameter"),
        ({"fault": "reset"}, "no_answer"),
        ({"fault": "reset_before"}, "no_answer"),
        ({"fault": "cut"}, "stream_cut"),
        ({"fault": "html"}, "unexpected_answer"),
        ({"fault": "delay", "seconds": 2}, "no_answer"),
        ({"fault": "error_200"}, "InternalServiceError"),
    ],
)
async def test_what_may_have_been_billed_or_is_the_callers_fault_goes_to_nobody_else(
    memory: Connect, fault: dict[str, Any], code: str
) -> None:
    with running() as bench:
        bench.script(**fault, dialect="ark")
        settings = configured(bench.sandbox, "ark", "relay")
        async with memory(timing=Timing(single_s=1, set_s=1), **settings) as client:
            facts = facts_of(await client.call_tool("batch_images", SET))
        assert asked(bench) == ["ark"]
    assert (facts["status"], facts["provider"], facts["warnings"]) == ("failed", "ark", [])
    assert {f["code"] for f in facts["failures"]} == {code}


@pytest.mark.parametrize("fault", ["reset", "reset_before", "html", "cut"])
async def test_what_may_have_been_billed_is_told_with_an_id_the_provider_knows(memory: Connect, fault: str) -> None:
    with running() as bench:
        bench.script(fault)
        async with memory(**configured(bench.sandbox, "ark")) as client:
            result = await client.call_tool("batch_images", SET)
        (row,) = bench.ledger()["requests"]
    facts = facts_of(result)
    (told,) = {failure["request_id"] for failure in facts["failures"]}
    assert told == (row["request_id"] if fault in {"cut", "html"} else f"{facts['job_id']}-v0")
    assert told in {row["request_id"], row["client_request_id"]}
    assert f"request id: {told}" in text_of(result)


@pytest.mark.parametrize(("is_allowed", "saved", "billed", "sent"), [(True, 3, 5, 2), (False, 1, 3, 1)])
async def test_a_cut_stream_is_asked_again_for_the_missing_pictures_only_where_the_user_allows_it(
    memory: Connect, tmp_path: Path, is_allowed: bool, saved: int, billed: int, sent: int
) -> None:
    with running() as bench:
        bench.script("cut", dialect="ark", after_images=1)
        async with memory(**configured(bench.sandbox, "ark"), retry_ambiguous=is_allowed) as client:
            result = await client.call_tool("batch_images", SET)
            facts, text = facts_of(result), text_of(result)
        assert (bench.settled(), len(asked(bench))) == (billed, sent)
    assert (facts["billed"], facts["billed_unknown"]) == (saved, billed - saved)
    assert (
        f"Pictures billed: {saved} known, 2 unknown, {0.2 * saved:g} CNY (what ark would charge) for the known ones."
        in text
    )
    assert facts["delivered"] == saved
    assert len(list((tmp_path / "pictures").glob("*.jpg"))) == saved
    assert [f["billed"] for f in facts["failures"]] == ["unknown"] * (3 - saved)
    assert [image["index"] for image in facts["images"]] == list(range(saved))
    assert any("2 missing pictures were asked for again" in w for w in facts["warnings"]) is is_allowed


async def test_a_refusal_of_the_second_asking_loses_no_paid_picture_and_asks_nobody_else(memory: Connect) -> None:
    with running() as bench:
        bench.script("cut", dialect="ark", after_images=1)
        bench.script("status", dialect="ark", status=429, times=4, retry_after=0.05)
        settings = configured(bench.sandbox, "ark", "relay")
        async with memory(**settings, retry_ambiguous=True) as client:
            facts = facts_of(await client.call_tool("batch_images", SET))
        assert (bench.settled(), asked(bench)) == (3, ["ark"] * 5)
    assert (facts["billed"], facts["billed_unknown"]) == (1, 2)
    assert (facts["status"], facts["delivered"], facts["requested"]) == ("partial", 1, 3)
    assert [(f["index"], f["code"], f["billed"]) for f in facts["failures"]] == [
        (1, "stream_cut", "unknown"),
        (2, "stream_cut", "unknown"),
    ]
    assert any("Asking again failed" in warning for warning in facts["warnings"])


@pytest.mark.parametrize("fault", ["html", "reset", "cut"])
@pytest.mark.parametrize("provider", ["ark", "novita", "evolink"])
async def test_what_may_have_been_billed_is_counted_beside_what_was(
    memory: Connect, provider: str, fault: str
) -> None:
    with running() as bench:
        bench.script(fault, dialect=provider)
        async with memory(**configured(bench.sandbox, provider)) as client:
            result = await client.call_tool("batch_images", SET)
        assert bench.settled() in {0, 3}
    assert (facts_of(result)["billed"], facts_of(result)["billed_unknown"]) == (0, 3)
    assert "Pictures billed: 0 known, 3 unknown.\n" in text_of(result)


async def test_when_a_call_is_split_each_picture_names_who_made_it_and_the_cost_what_it_leaves_out(
    memory: Connect,
) -> None:
    with running() as bench:
        bench.script("status", dialect="ark", status=401)
        async with memory(**configured(bench.sandbox, "ark", "relay")) as client:
            result = await client.call_tool("generate_image", {**FOX, "count": 3})
    facts = facts_of(result)
    assert sorted(image["provider"] for image in facts["images"]) == ["ark", "ark", "relay"]
    assert all(f", by {image['provider']}\n" in text_of(result) for image in facts["images"])
    assert (facts["cost"]["amount"], facts["cost"]["currency"]) == (0.4, "CNY")
    assert "The cost leaves out 1 by relay: no price is known there." in facts["warnings"]


async def test_when_everybody_refuses_the_failures_and_the_result_name_who_was_asked_last(memory: Connect) -> None:
    with running() as bench:
        bench.script("status", dialect="*", status=401, times=9)
        settings = configured(bench.sandbox, "novita", "ark", "evolink")
        async with memory(**settings, provider=("novita", "ark", "evolink")) as client:
            facts = facts_of(await client.call_tool("batch_images", SET))
    assert (facts["provider"], {f["provider"] for f in facts["failures"]}) == ("evolink", {"evolink"})


async def test_an_error_after_the_first_picture_of_a_stream_is_not_asked_again(memory: Connect) -> None:
    with running() as bench:
        bench.script("internal_error", dialect="ark", index=1)
        async with memory(**configured(bench.sandbox, "ark"), retry_ambiguous=True) as client:
            facts = facts_of(await client.call_tool("batch_images", SET))
        assert asked(bench) == ["ark"]
    assert (facts["delivered"], facts["billed"]) == (1, 1)


async def test_a_refusal_for_the_prompt_goes_to_nobody_else(memory: Connect) -> None:
    answer = {"error": {"code": "InputTextSensitiveContentDetected", "message": "no"}}
    with running() as bench, serve(Script(answer=answer, status=400)) as script:
        settings = configured(bench.sandbox, "relay") | {"ark_api_key": "k", "ark_base_url": script.base_url}
        async with memory(**settings) as client:
            facts = facts_of(await client.call_tool("generate_image", FOX))
        assert asked(bench) == []
    assert facts["next"] == "Rephrase the prompt."


@pytest.mark.parametrize(
    ("arguments", "why"),
    [({"stream": True}, "stream is not taken by seedream-4.0 at Novita"), ({"size": "1000x1000"}, "1,000,000 px")],
)
async def test_a_provider_that_cannot_do_it_is_passed_over_with_a_warning(
    memory: Connect, arguments: dict[str, Any], why: str
) -> None:
    with running() as bench:
        settings = configured(bench.sandbox, "novita", "ark")
        async with memory(**settings, provider=("novita", "ark")) as client:
            facts = facts_of(await client.call_tool("generate_image", {**FOX, **arguments}))
    assert facts["provider"] == "ark"
    assert facts["warnings"][0].startswith("novita was passed over: ")
    assert why in facts["warnings"][0]


async def test_an_option_names_the_provider_that_takes_it(memory: Connect) -> None:
    keys = {f"{name}_api_key": "sk-x" for name in ("ark", "novita", "evolink")}
    async with memory(**keys) as client:
        (tool,) = [tool for tool in (await client.list_tools()).tools if tool.name == "generate_image"]
    described = {name: rule.get("description", "") for name, rule in tool.input_schema["properties"].items()}
    assert described["callback_url"].endswith(" at evolink")
    assert described["stream"].endswith(" at ark")
    assert described["watermark"].endswith(" at ark, novita")
