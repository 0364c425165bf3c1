"""An agent of the OpenAI Agents SDK that uses the server, as its documents write it.

`python openai_agents_client.py '{"command": …}'`, or `'{"url": …}'`; it prints its findings. Every time-out is the
default: a call is given up after 5 s.
"""

# The packages are installed only where this runs.
# pyright: basic, reportMissingImports=false

import asyncio
import json
from typing import Any

from agents import Agent, Model, ModelResponse, Runner, Usage, set_tracing_disabled
from agents.mcp import MCPServer, MCPServerStdio, MCPServerStreamableHttp
from brain import Brain, Received, connection, decoded
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText


class Brained(Model):
    """A model without a model behind it."""

    def __init__(self, brain: Brain) -> None:
        self._brain = brain

    async def get_response(self, *, input: Any, tools: list[Any], **_: Any) -> ModelResponse:  # noqa: A002 - the SDK's name
        self._brain.tools(tool.name for tool in tools)
        calls = self._brain.next_calls(last_turn(input))
        output: list[Any] = [
            ResponseFunctionToolCall(
                type="function_call", call_id=f"{len(input)}-{number}", name=name, arguments=json.dumps(arguments)
            )
            for number, (name, arguments) in enumerate(calls)
        ]
        return ModelResponse(output or [DONE], Usage(), None)

    def stream_response(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError("the agent is run without streaming")


DONE = ResponseOutputMessage(
    id="1",
    type="message",
    role="assistant",
    status="completed",
    content=[ResponseOutputText(type="output_text", text="Done.", annotations=[])],
)


def last_turn(items: Any) -> list[Received]:
    """Return what the calls of the last turn returned: items as they go into a request of the Responses API."""
    received: list[Received] = []
    for item in reversed([] if isinstance(items, str) else items):
        if item.get("type") != "function_call_output":
            break
        received.insert(0, seen(item["output"]))
    return received


def seen(output: Any) -> Received:
    """Return what one call returned: text alone, or texts and pictures, which are data URLs."""
    parts = [{"type": "input_text", "text": output}] if isinstance(output, str) else output
    text = "\n".join(part["text"] for part in parts if part["type"] == "input_text")
    pictures = [decoded(part["image_url"]) for part in parts if part["type"] == "input_image"]
    return Received(text, pictures, None, json.dumps(output))


def server(command: str, env: dict[str, str], url: str) -> MCPServer:
    """Return the server as a user names it."""
    if url:
        return MCPServerStreamableHttp({"url": url}, cache_tools_list=True)
    return MCPServerStdio({"command": command, "env": env}, cache_tools_list=True)


async def main() -> None:
    reached, brain = connection(), Brain(stops_waiting=True)
    set_tracing_disabled(True)
    async with server(reached.command, reached.env, reached.url) as seedream:
        brain.negotiated(seedream.session.protocol_version)
        agent = Agent("painter", model=Brained(brain), mcp_servers=[seedream])
        await Runner.run(agent, "Make a picture of a red fox.", max_turns=100)
    brain.report()


if __name__ == "__main__":
    asyncio.run(main())
