"""An agent of Google's ADK that uses the server, as its documents write it.

`python google_adk_client.py '{"command": …}'`, or `'{"url": …}'`; it prints its findings. Every time-out is the
default: over stdio a call is given up after 5 s.
"""

# The packages are installed only where this runs.
# pyright: basic, reportMissingImports=false

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

from brain import Brain, Received, connection, decoded
from google.adk.agents import LlmAgent
from google.adk.models import BaseLlm, LlmRequest, LlmResponse
from google.adk.runners import InMemoryRunner
from google.adk.tools.mcp_tool import McpToolset, StdioConnectionParams, StreamableHTTPConnectionParams
from google.genai import types
from mcp import StdioServerParameters


class Model(BaseLlm):
    """A model without a model behind it."""

    brain: Any

    async def generate_content_async(self, llm_request: LlmRequest, **_: Any) -> AsyncGenerator[LlmResponse, None]:
        self.brain.tools(llm_request.tools_dict)
        last = llm_request.contents[-1].parts or []
        calls = self.brain.next_calls([seen(part.function_response) for part in last if part.function_response])
        parts = [types.Part.from_function_call(name=name, args=arguments) for name, arguments in calls]
        yield LlmResponse(content=types.Content(role="model", parts=parts or [types.Part(text="Done.")]))


def seen(returned: Any) -> Received:
    """Return what one call returned: the whole result as JSON, or an error."""
    answer: Any = returned.response
    raw = json.dumps(answer)
    blocks = answer.get("content", [{"type": "text", "text": answer.get("error", "")}])
    text = "\n".join(block["text"] for block in blocks if block["type"] == "text")
    pictures = [decoded(block["data"]) for block in blocks if block["type"] == "image"]
    return Received(text, pictures, "error" in answer or bool(answer.get("isError")), raw)


async def main() -> None:
    reached = connection()
    brain = Brain(stops_waiting=not reached.url)
    params = (
        StreamableHTTPConnectionParams(url=reached.url)
        if reached.url
        else StdioConnectionParams(server_params=StdioServerParameters(command=reached.command, env=reached.env))
    )
    seedream = McpToolset(connection_params=params)
    session = await seedream._mcp_session_manager.create_session()  # nothing public tells the revision
    brain.negotiated(session.protocol_version)
    agent = LlmAgent(name="painter", model=Model(model="brain", brain=brain), tools=[seedream])
    runner = InMemoryRunner(agent=agent, app_name="painter")
    try:
        await runner.run_debug("Make a picture of a red fox.", quiet=True)
    finally:
        await seedream.close()
        await runner.close()
    brain.report()


if __name__ == "__main__":
    asyncio.run(main())
