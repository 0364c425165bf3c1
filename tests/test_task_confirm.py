"""A client that takes tasks and can ask its user: the question comes first, and only a yes makes a task."""

from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.client.extension import ClaimContext
from mcp.types import CallToolResult, ElicitResult

from seedream_hub.schemas.limits import packaged_limits
from seedream_hub.server.app import make_server
from seedream_hub.server.settings import Settings
from tests.sandboxed import Bench, configured, running
from tests.serving import over_http
from tests.support import facts_of, text_of
from tests.test_confirm import DECLINED, QUESTION, SET, User
from tests.test_tasks import POLL_S, Declared, Detailed, Task, TaskParams, TaskRequest

CALLS: dict[str, dict[str, Any]] = {"generate_image": SET, "start_job": {"requests": [SET]}}
OVER = pytest.mark.parametrize("is_http", [False, True])


class Following(Declared):
    """A client that follows a task to its end, as its users want it."""

    def __init__(self) -> None:
        self.followed: list[str] = []

    async def _resolve(self, task: Task, ctx: ClaimContext) -> CallToolResult:
        self.followed.append(task.task_id)
        request = TaskRequest(method="tasks/get", params=TaskParams(task_id=task.task_id))
        with anyio.fail_after(30):
            while True:
                now = await ctx.session.send_request(request, Detailed)
                if now.status != "working":
                    return CallToolResult.model_validate(now.result)
                await anyio.sleep(POLL_S)


async def answered(
    bench: Bench, user: User, tasks: Following, call: tuple[str, dict[str, Any]], *, is_http: bool
) -> CallToolResult:
    """Make a call that costs more than the user wants not to be asked for."""
    given: dict[str, Any] = {"confirm_above": "0.5 CNY", **configured(bench.sandbox, "ark")}
    server = make_server(Settings(**given), packaged_limits())
    if not is_http:
        async with Client(server, extensions=[tasks], elicitation_callback=user.answer) as client:
            return await client.call_tool(*call)
    with over_http(server) as url:
        async with Client(url, extensions=[tasks], elicitation_callback=user.answer) as client:
            return await client.call_tool(*call)


@OVER
@pytest.mark.parametrize("tool", CALLS)
async def test_the_user_is_asked_once_and_then_the_call_becomes_a_task(tool: str, *, is_http: bool) -> None:
    user, tasks = User(), Following()
    with running(delay_s=0.3) as bench:
        result = await answered(bench, user, tasks, (tool, CALLS[tool]), is_http=is_http)
        assert bench.settled() == 3
    facts = facts_of(result)
    assert user.questions == [QUESTION]
    assert (facts["status"], facts["delivered"], facts["warnings"]) == ("completed", 3, [])
    assert tasks.followed == [facts["job_id"]]


@OVER
@pytest.mark.parametrize("answer", [DECLINED, ElicitResult(action="cancel")])
async def test_what_the_user_did_not_agree_to_becomes_no_task(answer: ElicitResult, *, is_http: bool) -> None:
    user, tasks = User(answer), Following()
    with running() as bench:
        result = await answered(bench, user, tasks, ("generate_image", SET), is_http=is_http)
        assert bench.ledger()["requests"] == []
    assert (user.questions, tasks.followed) == ([QUESTION], [])
    assert result.is_error
    assert text_of(result).endswith("\nNothing was sent or billed.")
