"""Tell clients that pictures appeared: those of 2026-07-28 that listen, and all of earlier revisions.

Nothing else is ever announced: tools and prompts stay as they are, and no resource can be subscribed to by itself.
"""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final, cast

import anyio
from mcp.server.connection import Connection
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.subscriptions import InMemorySubscriptionBus, ResourcesListChanged
from mcp.types import PromptsCapability, ResourcesCapability, ServerCapabilities, ToolsCapability
from mcp.types.version import MODERN_PROTOCOL_VERSIONS

PAUSE_S: Final = 1.0
"""News within this time are told together."""

TELL_S: Final = 5.0
"""How long a client that does not read is waited for."""

KIND: Final = "resourcesListChanged"

Context = ServerRequestContext[Any, Any]


class News:
    """The clients of this process that want to know."""

    def __init__(self) -> None:
        self.bus: Final = InMemorySubscriptionBus()
        self._connections: set[Connection] = set()
        self._appeared = anyio.Event()

    def appeared(self) -> None:
        """Note that a picture is there."""
        self._appeared.set()

    @asynccontextmanager
    async def told(self) -> AsyncGenerator[None]:
        """Tell clients in the background."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._tell)
            yield
            tasks.cancel_scope.cancel()

    async def watch(self, ctx: Context, call_next: CallNext) -> HandlerResult:
        """Remember who has shaken hands, and let a client that listens know what it will hear of."""
        if ctx.method == "subscriptions/listen":
            return await call_next(replace(ctx, params=_narrowed(ctx.params or {})))
        if ctx.method == "notifications/initialized" and ctx.protocol_version not in MODERN_PROTOCOL_VERSIONS:
            self._remember(ctx.session._connection)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - the SDK lends it no other way
        return await call_next(ctx)

    def _remember(self, connection: Connection) -> None:
        if connection.has_standalone_channel and connection not in self._connections:
            self._connections.add(connection)
            connection.exit_stack.callback(self._connections.discard, connection)

    async def _tell(self) -> None:
        while True:
            await self._appeared.wait()
            self._appeared = anyio.Event()
            await self.bus.publish(ResourcesListChanged())
            async with anyio.create_task_group() as tasks:
                for connection in tuple(self._connections):
                    tasks.start_soon(_tell_one, connection)
            await anyio.sleep(PAUSE_S)


def announce(server: Server[Any]) -> None:
    """Have the server announce what it does: the SDK derives one answer for tools, prompts and resources."""
    derive = cast("Callable[..., ServerCapabilities]", server.get_capabilities)

    def announced(*args: Any, **kwargs: Any) -> ServerCapabilities:  # noqa: ANN401 - whatever the SDK passes
        truth = {
            "prompts": PromptsCapability(list_changed=False),
            "resources": ResourcesCapability(subscribe=False, list_changed=True),
            "tools": ToolsCapability(list_changed=False),
        }
        return derive(*args, **kwargs).model_copy(update=truth)

    server.get_capabilities = announced


async def _tell_one(connection: Connection) -> None:
    with anyio.move_on_after(TELL_S):
        await connection.send_resource_list_changed()


def _narrowed(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request to listen with the one kind of news there is: the answer says what was taken of it."""
    wanted = params.get("notifications")
    if not isinstance(wanted, Mapping):
        return dict(params)
    kept = {name: value for name, value in cast("Mapping[str, Any]", wanted).items() if name == KIND}
    return {**params, "notifications": kept}
