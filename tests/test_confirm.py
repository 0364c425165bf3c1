"""What costs much is asked for first, where the client can ask: in either way the protocol has had."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Literal

import anyio
import pytest
from mcp import Client
from mcp.client import ClientRequestContext
from mcp.types import (
    INTERNAL_ERROR,
    CallToolResult,
    ElicitRequestParams,
    ElicitResult,
    ErrorData,
    InputRequiredResult,
    InputResponses,
)

from seedream_hub.schemas.limits import packaged_limits
from seedream_hub.server.app import make_server
from seedream_hub.server.settings import Settings
from tests.sandboxed import Bench, configured, running
from tests.serving import over_http
from tests.support import facts_of, text_of

Era = Literal["legacy", "auto"]

AGREED = ElicitResult(action="accept", content={})
DECLINED = ElicitResult(action="decline")

FOX: dict[str, Any] = {"prompt": "a red fox in snow", "model": "seedream-4.0", "size": "1K"}
SET: dict[str, Any] = {**FOX, "count": 3}
QUESTION = "Make 3 pictures at ark (seedream-4.0) for about 0.6 CNY? That is above SEEDREAM_CONFIRM_ABOVE (0.5 CNY)."

ERAS = pytest.mark.parametrize("era", ["legacy", "auto"])


class User:
    """Someone who is asked, and keeps the questions."""

    def __init__(self, answer: ElicitResult | ErrorData = AGREED) -> None:
        self.questions: list[str] = []
        self.may_answer: anyio.Event | None = None
        self.answers_after = 0
        """How many questions must have been put for it to be set; 0: somebody else sets it."""
        self._answer = answer

    async def answer(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult | ErrorData:  # noqa: ARG002 - the SDK's signature
        self.questions.append(params.message)
        if self.may_answer:
            if len(self.questions) == self.answers_after:
                self.may_answer.set()
            await self.may_answer.wait()
        return self._answer


@asynccontextmanager
async def connected(bench: Bench, user: User | None, era: Era, **settings: Any) -> AsyncGenerator[Client]:
    """Connect as a client that can ask `user`, to a server that wants to be asked above half a yuan."""
    given: dict[str, Any] = {"confirm_above": "0.5 CNY", **configured(bench.sandbox, "ark"), **settings}
    server = make_server(Settings(**given), packaged_limits())
    async with Client(server, mode=era, elicitation_callback=user.answer if user else None) as client:
        yield client


@ERAS
async def test_what_costs_more_than_the_user_said_is_made_once_the_user_agreed(era: Era) -> None:
    user = User()
    with running() as bench:
        async with connected(bench, user, era) as client:
            facts = facts_of(await client.call_tool("generate_image", SET))
        assert bench.settled() == 3
    assert user.questions == [QUESTION]
    assert (facts["status"], facts["warnings"]) == ("completed", [])


@ERAS
@pytest.mark.parametrize("answer", [DECLINED, ElicitResult(action="cancel")])
async def test_what_the_user_did_not_agree_to_is_not_sent_and_the_result_says_so(
    era: Era, answer: ElicitResult
) -> None:
    user = User(answer)
    with running() as bench:
        async with connected(bench, user, era) as client:
            result = await client.call_tool("generate_image", SET)
            listed = await client.read_resource("seedream://jobs")
        assert bench.ledger()["requests"] == []
    assert user.questions == [QUESTION]
    assert result.is_error
    assert text_of(result).startswith(f"The user did not agree: {QUESTION}\nNext: ")
    assert text_of(result).endswith("\nNothing was sent or billed.")
    assert '"jobs":[]' in str(listed.contents[0]).replace(" ", "")


@ERAS
async def test_nobody_is_asked_about_what_costs_no_more(era: Era) -> None:
    user = User(DECLINED)
    with running() as bench:
        async with connected(bench, user, era, confirm_above="0.6 CNY") as client:
            facts = facts_of(await client.call_tool("generate_image", SET))
    assert (facts["status"], user.questions) == ("completed", [])


@ERAS
async def test_a_client_that_cannot_ask_gets_its_pictures_with_a_warning(era: Era) -> None:
    with running() as bench:
        async with connected(bench, None, era) as client:
            facts = facts_of(await client.call_tool("generate_image", SET))
    assert facts["status"] == "completed"
    (warning,) = facts["warnings"]
    assert warning.startswith("About 0.6 CNY is above SEEDREAM_CONFIRM_ABOVE (0.5 CNY), and this client has no way")


@ERAS
async def test_a_job_of_many_requests_is_asked_about_once_and_not_again_under_its_key(era: Era) -> None:
    user, job = User(), {"requests": [SET, FOX], "request_key": "order 7"}
    with running() as bench:
        async with connected(bench, user, era) as client:
            first = facts_of(await client.call_tool("start_job", job))
            again = facts_of(await client.call_tool("start_job", job))
            once = facts_of(await client.call_tool("generate_image", {**SET, "request_key": "order 8"}))
            twice = facts_of(await client.call_tool("generate_image", {**SET, "request_key": "order 8"}))
    assert (again["job_id"], twice["job_id"]) == (first["job_id"], once["job_id"])
    assert user.questions == [QUESTION.replace("3 pictures", "4 pictures").replace("0.6", "0.8"), QUESTION]


@ERAS
async def test_what_the_budget_refuses_is_not_asked_about(era: Era) -> None:
    user = User()
    with running() as bench:
        async with connected(bench, user, era, budget="0.5 CNY/day") as client:
            result = await client.call_tool("generate_image", SET)
    assert result.is_error
    assert "SEEDREAM_BUDGET" in text_of(result)
    assert user.questions == []


@ERAS
async def test_an_unknown_price_is_asked_about(era: Era) -> None:
    user = User(DECLINED)
    with running() as bench:
        settings = {**configured(bench.sandbox, "novita"), "provider": ("novita",)}
        async with connected(bench, user, era, **settings) as client:
            await client.call_tool("generate_image", FOX)
        assert bench.ledger()["requests"] == []
    assert user.questions == [
        (
            "Make 1 picture at novita (seedream-4.0)? "
            "No price is known; it may be above SEEDREAM_CONFIRM_ABOVE (0.5 CNY)."
        )
    ]


@ERAS
async def test_the_question_is_put_over_http_too(era: Era) -> None:
    user = User(DECLINED)
    with running() as bench:
        given: dict[str, Any] = {"confirm_above": "0.5 CNY", **configured(bench.sandbox, "ark")}
        with over_http(make_server(Settings(**given), packaged_limits())) as url:
            async with Client(url, mode=era, elicitation_callback=user.answer) as client:
                result = await client.call_tool("generate_image", SET)
        assert bench.ledger()["requests"] == []
    assert (result.is_error, user.questions) == (True, [QUESTION])


async def test_progress_goes_on_while_the_user_thinks() -> None:
    user = User()
    user.may_answer = anyio.Event()

    async def note(progress: float, total: float | None, message: str | None) -> None:
        if message == "waiting for the user's word" and user.may_answer:
            user.may_answer.set()

    with running() as bench:
        async with connected(bench, user, "legacy") as client:
            facts = facts_of(await client.call_tool("generate_image", SET, progress_callback=note))
    assert facts["status"] == "completed"


async def test_of_two_calls_of_one_key_that_both_ask_one_has_the_job_and_the_other_says_so() -> None:
    user, results = User(), list[dict[str, Any]]()
    user.may_answer, user.answers_after = anyio.Event(), 2

    async def call(client: Client) -> None:
        results.append(facts_of(await client.call_tool("generate_image", {**SET, "request_key": "order 9"})))

    with running() as bench:
        async with connected(bench, user, "legacy") as client, anyio.create_task_group() as tasks:
            tasks.start_soon(call, client)
            tasks.start_soon(call, client)
        assert bench.settled() == 3
    assert len({facts["job_id"] for facts in results}) == 1
    first, again = sorted((facts["warnings"] for facts in results), key=len)
    assert (first, len(again)) == ([], 1)
    assert again[0].startswith("request_key order 9: this is the job of an earlier call")


async def test_a_client_that_fails_to_ask_has_no_agreement() -> None:
    user = User(ErrorData(code=INTERNAL_ERROR, message="no window"))
    with running() as bench:
        async with connected(bench, user, "legacy") as client:
            result = await client.call_tool("generate_image", SET)
        assert bench.ledger()["requests"] == []
    assert "The user did not agree" in text_of(result)


async def test_an_answer_counts_for_the_question_that_was_put_only() -> None:
    agreed: InputResponses = {"confirm": AGREED}
    with running() as bench:
        async with connected(bench, User(), "auto") as client:
            call = partial(client.session.call_tool, "generate_image", SET, allow_input_required=True)
            put = await call()
            assert isinstance(put, InputRequiredResult)
            unasked = await call(input_responses=agreed)
            assert isinstance(unasked, InputRequiredResult)
            assert bench.ledger()["requests"] == []
            made = await call(input_responses=agreed, request_state=put.request_state)
    assert isinstance(made, CallToolResult)
    assert facts_of(made)["status"] == "completed"
