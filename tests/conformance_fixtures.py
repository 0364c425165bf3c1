"""What the official conformance suite dictates by name: tools, resources, prompts, and requests of its own era.

None of it is the product's. It stands beside the product's own on one server object, whose wire the suite judges.
"""

import json
from typing import Annotated, Any, Final

import anyio
from mcp.server import ServerRequestContext
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.prompts.base import Message
from mcp.shared.exceptions import MCPError
from mcp.shared.message import ServerMessageMetadata
from mcp.types import (
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    AudioContent,
    CreateMessageRequest,
    CreateMessageRequestParams,
    CreateMessageResult,
    EmbeddedResource,
    EmptyResult,
    ImageContent,
    LoggingMessageNotification,
    LoggingMessageNotificationParams,
    SamplingMessage,
    SetLevelRequestParams,
    SubscribeRequestParams,
    TextContent,
    TextResourceContents,
    UnsubscribeRequestParams,
)
from pydantic import Field

from seedream_hub.schemas.limits import Json
from seedream_hub.server.app import HubServer
from tests.sandboxed import data_uri, picture

Ctx = Context[Any, Any]

PNG: Final = picture((1, 1))
IMAGE: Final = ImageContent(type="image", data=data_uri(PNG).partition(",")[2], mime_type="image/png")
WAV: Final = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA="
STEP_S: Final = 0.02

WITH_DEFAULTS: Final[Json] = {
    "name": {"type": "string", "default": "John Doe"},
    "age": {"type": "integer", "default": 30},
    "score": {"type": "number", "default": 95.5},
    "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
    "verified": {"type": "boolean", "default": True},
}
TITLED: Final = [{"const": "value1", "title": "First"}, {"const": "value2", "title": "Second"}]
PLAIN: Final = ["option1", "option2", "option3"]
ENUMS: Final[Json] = {
    "untitledSingle": {"type": "string", "enum": PLAIN},
    "titledSingle": {"type": "string", "oneOf": TITLED},
    "legacyEnum": {"type": "string", "enum": ["opt1", "opt2"], "enumNames": ["Option One", "Option Two"]},
    "untitledMulti": {"type": "array", "items": {"type": "string", "enum": PLAIN}},
    "titledMulti": {"type": "array", "items": {"anyOf": TITLED}},
}


def embedded(uri: str, text: str) -> EmbeddedResource:
    return EmbeddedResource(
        type="resource", resource=TextResourceContents(uri=uri, mime_type="text/plain", text=text)
    )


def test_simple_text() -> str:
    """Return a text."""
    return "This is a simple text response for testing."


def test_image_content() -> ImageContent:
    """Return a picture."""
    return IMAGE


def test_audio_content() -> AudioContent:
    """Return a sound."""
    return AudioContent(type="audio", data=WAV, mime_type="audio/wav")


def test_embedded_resource() -> EmbeddedResource:
    """Return a resource."""
    return embedded("test://embedded-resource", "This is an embedded resource content.")


def test_multiple_content_types() -> list[TextContent | ImageContent | EmbeddedResource]:
    """Return a text, a picture and a resource."""
    text = TextContent(type="text", text="Multiple content types test:")
    return [text, IMAGE, embedded("test://mixed-content-resource", "mixed")]


def test_error_handling() -> str:
    """Fail."""
    raise ToolError("This tool intentionally returns an error for testing")


async def test_tool_with_progress(ctx: Ctx) -> str:
    """Report progress three times."""
    for done in (0, 50, 100):
        await ctx.report_progress(done, 100)
        await anyio.sleep(STEP_S)
    return "done"


async def test_tool_with_logging(ctx: Ctx) -> str:
    """Send three log messages."""
    for line in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        message = LoggingMessageNotification(params=LoggingMessageNotificationParams(level="info", data=line))
        await ctx.session.send_notification(message, related_request_id=ctx.request_id)
        await anyio.sleep(STEP_S)
    return "done"


async def test_sampling(prompt: str, ctx: Ctx) -> str:
    """Have the client's model answer."""
    asked = SamplingMessage(role="user", content=TextContent(type="text", text=prompt))
    request = CreateMessageRequest(params=CreateMessageRequestParams(messages=[asked], max_tokens=100))
    related = ServerMessageMetadata(related_request_id=ctx.request_id)
    answer = await ctx.session.send_request(request, CreateMessageResult, metadata=related)
    return f"LLM response: {answer.content}"


async def fill_in(ctx: Ctx, message: str, properties: Json) -> str:
    form = {"type": "object", "properties": properties}
    answer = await ctx.session.elicit_form(message, form, ctx.request_id)
    return f"Elicitation completed: action={answer.action}, content={answer.content}"


async def test_elicitation(message: str, ctx: Ctx) -> str:
    """Ask the user."""
    return await fill_in(ctx, message, {"username": {"type": "string"}, "email": {"type": "string"}})


async def test_elicitation_sep1034_defaults(ctx: Ctx) -> str:
    """Ask the user, with a default for each kind of answer."""
    return await fill_in(ctx, "Who are you?", WITH_DEFAULTS)


async def test_elicitation_sep1330_enums(ctx: Ctx) -> str:
    """Ask the user, with each kind of choice."""
    return await fill_in(ctx, "What do you choose?", ENUMS)


async def test_reconnection(ctx: Ctx) -> str:
    """Close the stream before the answer."""
    await ctx.close_sse_stream()
    await anyio.sleep(STEP_S)
    return "Reconnection test completed"


async def test_missing_capability(ctx: Ctx) -> str:
    """Need a client whose model can be asked."""
    if ctx.client_capabilities is None or ctx.client_capabilities.sampling is None:
        needed: Json = {"requiredCapabilities": {"sampling": {}}}
        raise MCPError(MISSING_REQUIRED_CLIENT_CAPABILITY, "This needs a client that samples.", needed)
    return "sampled"


def test_custom_header(region: Annotated[str, Field(json_schema_extra={"x-mcp-header": "Region"})]) -> str:
    """Take an argument that proxies route by."""
    return region


def static_text() -> str:
    """Hold a text."""
    return "This is the content of the static text resource."


def static_binary() -> bytes:
    """Hold a picture."""
    return PNG


def template(id: str) -> str:  # noqa: A002 - the suite's name
    """Hold what its address says."""
    return json.dumps({"id": id, "templateTest": True, "data": f"Data for ID: {id}"})


def test_simple_prompt() -> str:
    """Say something."""
    return "This is a simple prompt for testing."


def test_prompt_with_arguments(arg1: str, arg2: str) -> str:
    """Say what was given."""
    return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"


def test_prompt_with_embedded_resource(resourceUri: str) -> list[Message]:  # noqa: N803 - the suite's name
    """Hold a resource."""
    return [Message(role="user", content=embedded(resourceUri, "Embedded resource content for testing."))]


def test_prompt_with_image() -> list[Message]:
    """Hold a picture."""
    return [Message(role="user", content=IMAGE)]


async def accept(_ctx: ServerRequestContext[Any, Any], _params: object) -> EmptyResult:
    return EmptyResult()


TOOLS: Final = (
    test_simple_text,
    test_image_content,
    test_audio_content,
    test_embedded_resource,
    test_multiple_content_types,
    test_error_handling,
    test_tool_with_progress,
    test_tool_with_logging,
    test_sampling,
    test_elicitation,
    test_elicitation_sep1034_defaults,
    test_elicitation_sep1330_enums,
    test_reconnection,
    test_missing_capability,
    test_custom_header,
)
PROMPTS: Final = (
    test_simple_prompt,
    test_prompt_with_arguments,
    test_prompt_with_embedded_resource,
    test_prompt_with_image,
)


def add_fixtures(server: HubServer) -> None:
    """Put the suite's names beside the server's own."""
    for tool in TOOLS:
        server.add_tool(tool)
    for prompt in PROMPTS:
        server.prompt()(prompt)
    server.resource("test://static-text", mime_type="text/plain")(static_text)
    server.resource("test://static-binary", mime_type="image/png")(static_binary)
    server.resource("test://watched-resource", mime_type="text/plain")(static_text)
    server.resource("test://template/{id}/data", mime_type="application/json")(template)
    wire = server._lowlevel_server  # pyright: ignore[reportPrivateUsage] - MCPServer takes none of these
    wire.add_request_handler("logging/setLevel", SetLevelRequestParams, accept)
    wire.add_request_handler("resources/subscribe", SubscribeRequestParams, accept)
    wire.add_request_handler("resources/unsubscribe", UnsubscribeRequestParams, accept)
