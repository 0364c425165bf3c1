"""An agent of LangChain that uses the server through langchain-mcp-adapters, as their documents write it.

`python langchain_client.py '{"command": …}'`, or `'{"url": …}'`; it prints its findings. Over stdio every call
starts a process of its own; over HTTP a session of its own.
"""

# The packages are installed only where this runs.
# pyright: basic, reportMissingImports=false

import asyncio
import json
from typing import Any

from brain import Brain, Received, connection, decoded
from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_mcp_adapters.client import MultiServerMCPClient


class Model(BaseChatModel):
    """A chat model without a model behind it."""

    brain: Any

    @property
    def _llm_type(self) -> str:
        return "brain"

    def bind_tools(self, tools: Any, **_: Any) -> "Model":
        self.brain.tools(tool.name for tool in tools)
        return self

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        received = [seen(message) for message in last_turn(messages)]
        calls = [
            {"name": name, "args": arguments, "id": f"call-{len(messages)}-{number}"}
            for number, (name, arguments) in enumerate(self.brain.next_calls(received))
        ]
        return ChatResult(generations=[ChatGeneration(message=AIMessage("", tool_calls=calls))])


def last_turn(messages: list[BaseMessage]) -> list[ToolMessage]:
    """Return what the calls of the last turn returned."""
    (turn,) = [number for number, message in enumerate(messages) if isinstance(message, AIMessage)][-1:] or [0]
    return [message for message in messages[turn:] if isinstance(message, ToolMessage)]


def seen(message: ToolMessage) -> Received:
    """Return what one call returned: content blocks, of which pictures carry Base64."""
    blocks: list[Any] = message.content_blocks
    text = "\n".join(block["text"] for block in blocks if block["type"] == "text")
    pictures = [decoded(block["base64"]) for block in blocks if block["type"] == "image"]
    return Received(text, pictures, message.status == "error", json.dumps(blocks))


async def main() -> None:
    reached, brain = connection(), Brain(stops_waiting=False)
    over: Any = (
        {"transport": "http", "url": reached.url}
        if reached.url
        else {"transport": "stdio", "command": reached.command, "args": [], "env": reached.env}
    )
    client = MultiServerMCPClient({"seedream": over})
    async with client.session("seedream", auto_initialize=False) as session:
        brain.negotiated((await session.initialize()).protocolVersion)
    agent = create_agent(Model(brain=brain), await client.get_tools())
    await agent.ainvoke({"messages": "Make a picture of a red fox."}, {"recursion_limit": 100})
    brain.report()


if __name__ == "__main__":
    asyncio.run(main())
