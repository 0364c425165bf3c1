"""The suite's tools and prompt that end with a question, and go on when they are called again with the answer."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from mcp.server.mcpserver import Context
from mcp.types import (
    CreateMessageRequest,
    CreateMessageRequestParams,
    ElicitRequest,
    ElicitRequestFormParams,
    InputRequiredResult,
    ListRootsRequest,
    SamplingMessage,
    TextContent,
)

from seedream_hub.server.app import HubServer

Ctx = Context[Any, Any]
Request = ElicitRequest | CreateMessageRequest | ListRootsRequest
Round = Mapping[str, Request]
"""What is asked at once, by the key of its answer."""


def form(question: str, field: str, kind: str = "string") -> ElicitRequest:
    schema = {"type": "object", "properties": {field: {"type": kind}}, "required": [field]}
    return ElicitRequest(params=ElicitRequestFormParams(message=question, requested_schema=schema))


def sample(question: str) -> CreateMessageRequest:
    asked = SamplingMessage(role="user", content=TextContent(type="text", text=question))
    return CreateMessageRequest(params=CreateMessageRequestParams(messages=[asked], max_tokens=100))


NAME: Final = form("What is your name?", "name")
CONFIRM: Final[Round] = {"confirm": form("Please confirm", "ok", "boolean")}
GREETING: Final = sample("Generate a greeting")

ROUNDS: Final[Mapping[str, Sequence[Round]]] = {
    "elicitation": [{"user_name": NAME}],
    "sampling": [{"capital_question": sample("What is the capital of France?")}],
    "list_roots": [{"client_roots": ListRootsRequest()}],
    "request_state": [CONFIRM],
    "multiple_inputs": [{"user_name": NAME, "greeting": GREETING, "client_roots": ListRootsRequest()}],
    "multi_round": [{"step1": NAME}, {"step2": form("What is your favorite color?", "color")}],
    "tampered_state": [CONFIRM],
    "capabilities": [{"user_name": NAME, "greeting": GREETING}],
}


def asking(rounds: Sequence[Round]) -> Callable[[Ctx], Awaitable[str | InputRequiredResult]]:
    """Return a tool that asks round by round; the state says how many were answered."""

    async def ask(ctx: Ctx) -> str | InputRequiredResult:
        over = int(ctx.request_state or 0)
        wanted = {key: request for key, request in rounds[over].items() if _can_answer(ctx, request)}
        if wanted.keys() <= (ctx.input_responses or {}).keys():
            over += 1
            if over == len(rounds):
                return "state-ok"
            wanted = dict(rounds[over])
        return InputRequiredResult(input_requests=wanted, request_state=str(over))

    return ask


def _can_answer(ctx: Ctx, request: Request) -> bool:
    """Say whether the client declared what a request needs."""
    declared = ctx.client_capabilities
    if declared is None:
        return False
    if isinstance(request, ElicitRequest):
        return declared.elicitation is not None
    return declared.sampling is not None if isinstance(request, CreateMessageRequest) else declared.roots is not None


async def test_input_required_result_prompt(ctx: Ctx) -> str | InputRequiredResult:
    """Ask before it says anything."""
    context = form("What context should the prompt use?", "context")
    if "user_context" in (ctx.input_responses or {}):
        return "It was answered."
    return InputRequiredResult(input_requests={"user_context": context})


def add_questions(server: HubServer) -> None:
    """Put the suite's questions beside the server's own tools and prompts."""
    for name, rounds in ROUNDS.items():
        server.add_tool(asking(rounds), f"test_input_required_result_{name}", description="Ask.")
    server.prompt()(test_input_required_result_prompt)
