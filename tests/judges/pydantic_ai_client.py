"""An agent of Pydantic AI that uses the server, as its documents write it.

`python pydantic_ai_client.py '{"command": …}'`, or `'{"url": …}'`; it prints its findings. Every time-out is the
default: 5 s for the server to start, 300 s for a call.
"""

# The packages are installed only where this runs.
# pyright: basic, reportMissingImports=false

import asyncio
from typing import Any

from brain import Brain, Received, connection
from fastmcp.client.transports import StdioTransport
from pydantic_ai import Agent, BinaryImage, ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.mcp import MCPToolset
from pydantic_ai.models.function import AgentInfo, FunctionModel


def brained(brain: Brain) -> FunctionModel:
    """Return a model without a model behind it."""

    def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        brain.tools(tool.name for tool in info.function_tools)
        calls = brain.next_calls([seen(part) for part in messages[-1].parts if part.part_kind != "user-prompt"])
        return ModelResponse([ToolCallPart(name, arguments) for name, arguments in calls] or [TextPart("Done.")])

    return FunctionModel(answer)


def seen(part: Any) -> Received:
    """Return what one call returned: text and `BinaryImage`s, or structured content where no picture is in it."""
    items = part.content_items(mode="str")
    text = "\n".join(item for item in items if isinstance(item, str))
    pictures = [item for item in items if isinstance(item, BinaryImage)]
    raw = text + "".join(picture.base64 for picture in pictures)
    return Received(text, [picture.data for picture in pictures], part.outcome == "retried", raw)


async def main() -> None:
    reached, brain = connection(), Brain(stops_waiting=False)
    seedream = MCPToolset(reached.url or StdioTransport(reached.command, [], reached.env))
    async with seedream:
        brain.negotiated(seedream.client.protocol_version)
        agent = Agent(brained(brain), toolsets=[seedream])
        await agent.run("Make a picture of a red fox.")
    brain.report()


if __name__ == "__main__":
    asyncio.run(main())
