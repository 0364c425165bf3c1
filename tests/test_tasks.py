"""The Tasks extension: through a client that declares it, and as raw requests over HTTP."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import anyio
import httpx2 as httpx
import pytest
from mcp import Client
from mcp.client.extension import ClaimContext, ClientExtension, ResultClaim
from mcp.shared.exceptions import MCPError
from mcp.types import CallToolResult, Request, RequestParams, Result
from pydantic import ConfigDict

from seedream_hub.schemas.limits import packaged_limits
from seedream_hub.server.app import make_server
from seedream_hub.server.settings import Settings
from tests.serving import over_http
from tests.support import Connect, facts_of, text_of
from tests.upstream import Script, serve

TASKS = "io.modelcontextprotocol/tasks"
FOX = {"prompt": "a red fox in snow", "size": "1K", "model": "seedream-4.0"}
SLOW: dict[str, Any] = {"sandbox_delay_s": 0.6}
POLL_S = 0.1


class Task(Result):
    """A task as it comes over the wire."""

    model_config = ConfigDict(extra="allow")

    result_type: Literal["task"]
    task_id: str
    status: str
    created_at: str
    last_updated_at: str
    ttl_ms: int | None
    poll_interval_ms: int


class Detailed(Result):
    """What `tasks/get` answers."""

    status: str
    status_message: str
    result: dict[str, Any] | None = None


class TaskParams(RequestParams):
    task_id: str
    input_responses: dict[str, Any] | None = None


class TaskRequest(Request[TaskParams, str]):
    name_param = "taskId"


async def ask(client: Client, method: str, task_id: str, **more: Any) -> Detailed:
    params = TaskParams(task_id=task_id, **more)
    return await client.session.send_request(TaskRequest(method=method, params=params), Detailed)


async def tell(client: Client, method: str, task_id: str, **more: Any) -> dict[str, Any]:
    """Send a request that is answered with nothing, and return what came all the same."""
    params = TaskParams(task_id=task_id, **more)
    answer = await client.session.send_request(TaskRequest(method=method, params=params), Result)
    return answer.model_dump(exclude={"meta", "result_type"})


async def polled(client: Client, task_id: str, is_there: Callable[[Detailed], bool]) -> Detailed:
    """Ask after a task, as clients do, until it is where it should be."""
    with anyio.fail_after(30):
        while True:
            now = await ask(client, "tasks/get", task_id)
            if is_there(now):
                return now
            await anyio.sleep(POLL_S)


async def ended(client: Client, task_id: str) -> Detailed:
    return await polled(client, task_id, lambda now: now.status != "working")


class Declared(ClientExtension):
    """What makes a client take tasks."""

    identifier = TASKS

    def claims(self) -> Sequence[ResultClaim[Any]]:
        return [ResultClaim(result_type="task", model=Task, resolve=self._resolve)]

    async def _resolve(self, task: Task, ctx: ClaimContext) -> CallToolResult:
        raise AssertionError(f"{ctx.tool_name} gave a task where none was expected: {task.task_id}")


async def begun(client: Client, tool: str, arguments: dict[str, Any]) -> Task:
    """Call a tool that must give a task."""
    result = await client.session.call_tool(tool, arguments, allow_claimed=True)
    assert isinstance(result, Task)
    return result


async def test_a_task_ends_in_the_result_the_call_would_have_given(memory: Connect) -> None:
    asked = {**FOX, "count": 2, "request_key": "foxes"}
    async with memory(Declared(), **SLOW) as client:
        task = await begun(client, "generate_image", asked)
        last = await ended(client, task.task_id)
    async with memory(**SLOW) as other:
        waited = await other.call_tool("generate_image", asked)
    assert (task.status, last.status) == ("working", "completed")
    told = waited.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"meta"})
    (again,) = told["structuredContent"].pop("warnings")
    told["content"][0]["text"] = told["content"][0]["text"].replace(f"\nWarning: {again}", "")
    assert last.result == {**told, "structuredContent": {**told["structuredContent"], "warnings": []}}
    assert again.startswith("request_key foxes")
    assert facts_of(waited)["delivered"] == 2
    assert [block.type for block in waited.content] == ["text", "image", "image"]


async def test_a_task_says_how_it_can_be_followed(memory: Connect) -> None:
    async with memory(Declared(), **SLOW) as client:
        task = await begun(client, "generate_image", FOX)
        first = await ask(client, "tasks/get", task.task_id)
        await ended(client, task.task_id)
    assert task.created_at <= task.last_updated_at
    assert task.ttl_ms is None
    assert 500 <= task.poll_interval_ms <= 10_000
    assert not {"result", "error", "task", "content"} & (task.model_extra or {}).keys()
    assert first.status_message


async def test_a_job_of_many_requests_is_one_task(memory: Connect) -> None:
    requests = [FOX, {**FOX, "prompt": "a blue fox", "count": 2}]
    async with memory(Declared(), **SLOW) as client:
        task = await begun(client, "start_job", {"requests": requests})
        last = await ended(client, task.task_id)
        facts = facts_of(await client.call_tool("get_job", {"job_id": task.task_id}))
    assert last.result is not None
    assert last.result["structuredContent"] == facts
    assert (facts["status"], facts["delivered"]) == ("completed", 3)


@pytest.mark.parametrize(("extensions", "mode"), [((), "auto"), ((), "legacy"), ((Declared(),), "legacy")])
async def test_nobody_gets_a_task_without_declaring_the_extension_of_its_revision(
    extensions: tuple[ClientExtension, ...], mode: str
) -> None:
    server = make_server(Settings(), packaged_limits())
    async with Client(server, extensions=extensions, mode=mode) as client:
        facts = facts_of(await client.call_tool("generate_image", FOX))
        job = facts_of(await client.call_tool("start_job", {"requests": [FOX]}))
    assert facts["status"] == "completed"
    assert job["job_id"]


async def test_a_call_that_says_how_long_it_waits_gets_a_task_only_after_that(memory: Connect) -> None:
    async with memory(Declared(), **SLOW) as client:
        facts = facts_of(await client.call_tool("generate_image", {**FOX, "wait_s": 30}))
    assert facts["status"] == "completed"


async def test_a_refused_call_is_no_task(memory: Connect) -> None:
    async with memory(Declared()) as client:
        result = await client.call_tool("generate_image", {**FOX, "size": "9K"})
    assert result.is_error
    assert "Nothing was sent" in text_of(result)


async def test_a_failed_job_is_a_completed_task_whose_result_is_an_error(memory: Connect) -> None:
    refusal = {"error": {"code": "InputTextSensitiveContentDetected", "message": "refused", "type": "BadRequest"}}
    with serve(Script(answer=refusal, status=400)) as script:
        async with memory(Declared(), ark_api_key="k", ark_base_url=script.base_url) as client:
            task = await begun(client, "generate_image", FOX)
            last = await ended(client, task.task_id)
    assert last.status == "completed"
    assert last.result is not None
    assert last.result["isError"] is True
    assert last.result["structuredContent"]["failures"][0]["code"] == "InputTextSensitiveContentDetected"


async def test_a_cancelled_task_keeps_what_was_sent_and_one_with_nothing_sent_is_cancelled(memory: Connect) -> None:
    requests = [{**FOX, "prompt": f"fox number {number}"} for number in range(5)]
    async with memory(Declared(), **SLOW, concurrency=1) as client:
        first = await begun(client, "start_job", {"requests": requests})
        await polled(client, first.task_id, lambda now: "sent" in now.status_message)
        behind = await begun(client, "generate_image", {**FOX, "prompt": "a fox behind the others"})
        assert await tell(client, "tasks/cancel", behind.task_id) == {}
        assert await tell(client, "tasks/cancel", first.task_id) == {}
        unsent, sent = await ended(client, behind.task_id), await ended(client, first.task_id)
        assert await tell(client, "tasks/cancel", first.task_id) == {}
    assert (unsent.status, unsent.result) == ("cancelled", None)
    assert sent.status == "completed"
    assert sent.result is not None
    facts = sent.result["structuredContent"]
    assert 1 <= facts["delivered"] < 5
    assert {failure["code"] for failure in facts["failures"]} == {"cancelled"}


async def test_a_task_goes_on_in_the_next_process(memory: Connect, tmp_path: Path) -> None:
    requests = [{**FOX, "prompt": f"fox number {number}"} for number in range(4)]
    async with memory(Declared(), **SLOW, concurrency=1) as client:
        task = await begun(client, "start_job", {"requests": requests})
    assert len(list((tmp_path / "pictures").glob("*.jpg"))) < 4
    async with memory(Declared(), **SLOW) as client:
        last = await ended(client, task.task_id)
    assert last.result is not None
    assert last.result["structuredContent"]["delivered"] == 4


async def test_an_answer_to_a_question_nobody_asked_is_acknowledged(memory: Connect) -> None:
    async with memory(Declared(), **SLOW) as client:
        task = await begun(client, "generate_image", FOX)
        assert await tell(client, "tasks/update", task.task_id, input_responses={"no-such-key": {}}) == {}
        assert (await ended(client, task.task_id)).status == "completed"


@pytest.mark.parametrize("method", ["tasks/get", "tasks/update", "tasks/cancel"])
async def test_a_task_nobody_knows_is_an_invalid_parameter(memory: Connect, method: str) -> None:
    async with memory(Declared()) as client:
        with pytest.raises(MCPError) as refused:
            await tell(client, method, "a" * 16, input_responses={})
    assert refused.value.code == -32602


@pytest.mark.parametrize("method", ["tasks/get", "tasks/update", "tasks/cancel"])
async def test_a_client_that_did_not_declare_tasks_may_not_ask_for_one(memory: Connect, method: str) -> None:
    async with memory(**SLOW) as client:
        job = facts_of(await client.call_tool("generate_image", {**FOX, "wait_s": 0}))
        with pytest.raises(MCPError) as refused:
            await tell(client, method, job["job_id"], input_responses={})
    assert refused.value.code == -32021
    assert refused.value.error.data == {"requiredCapabilities": {"extensions": {TASKS: {}}}}


def post(url: str, method: str, params: dict[str, Any], name: str | None, *, declared: bool = True) -> httpx.Response:
    """Send one raw request of the modern revision."""
    extensions: dict[str, dict[str, object]] = {TASKS: {}} if declared else {}
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {"extensions": extensions},
    }
    headers = {
        "Accept": "application/json, text/event-stream",
        "Mcp-Method": method,
        "Mcp-Protocol-Version": "2026-07-28",
        **({"Mcp-Name": name} if name else {}),
    }
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": meta}}
    return httpx.post(url, json=body, headers=headers, timeout=30)


def test_the_routing_header_must_name_the_task_asked_for() -> None:
    server = make_server(Settings(sandbox_delay_s=0.3), packaged_limits())
    with over_http(server) as url:
        call = {"name": "generate_image", "arguments": FOX}
        task = post(url, "tools/call", call, "generate_image").json()["result"]
        asked = {"taskId": task["taskId"]}
        answers = [post(url, "tasks/get", asked, name) for name in (task["taskId"], "another", None)]
    assert task["resultType"] == "task"
    assert answers[0].json()["result"]["resultType"] == "complete"
    assert [answer.status_code for answer in answers] == [200, 400, 400]
    assert [answer.json()["error"]["code"] for answer in answers[1:]] == [-32020, -32020]


def test_news_of_tasks_are_refused_to_a_client_that_did_not_declare_them() -> None:
    with over_http(make_server(Settings(), packaged_limits())) as url:
        wanted = {"notifications": {"taskIds": ["a" * 16]}}
        answer = post(url, "subscriptions/listen", wanted, None, declared=False)
    assert answer.json()["error"]["code"] == -32021
