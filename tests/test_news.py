"""Clients hear when pictures appear: both eras, over stdio and HTTP, and nothing they did not ask for."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anyio
from mcp import Client, StdioServerParameters
from mcp.client.session import IncomingMessage
from mcp.server.subscriptions import ResourcesListChanged
from mcp.types import ResourceListChangedNotification

from seedream_hub.schemas.limits import packaged_limits
from seedream_hub.server.app import make_server
from seedream_hub.server.settings import Settings
from tests.serving import over_http
from tests.support import COMMAND, facts_of

FOX: dict[str, Any] = {"prompt": "a red fox in snow", "size": "1K", "model": "seedream-4.0"}
PATIENCE_S = 20


class Ear:
    """What a client of an earlier revision hears."""

    def __init__(self) -> None:
        self.heard: list[IncomingMessage] = []
        self._news = anyio.Event()

    async def hear(self, message: IncomingMessage) -> None:
        self.heard.append(message)
        self._news.set()

    async def news(self) -> None:
        with anyio.fail_after(PATIENCE_S):
            await self._news.wait()


@asynccontextmanager
async def legacy(server: Any) -> AsyncGenerator[tuple[Client, Ear]]:
    ear = Ear()
    async with Client(server, mode="legacy", message_handler=ear.hear) as client:
        yield client, ear


def command() -> StdioServerParameters:
    return StdioServerParameters(command=COMMAND, env=dict(os.environ))


async def test_a_client_of_an_earlier_revision_hears_of_a_new_picture() -> None:
    async with legacy(command()) as (client, ear):
        await client.call_tool("generate_image", FOX)
        await ear.news()
        listed = [str(resource.uri) for resource in (await client.list_resources()).resources]
    assert isinstance(ear.heard[0], ResourceListChangedNotification)
    assert len([uri for uri in listed if uri.startswith("seedream://images/")]) == 1


async def test_a_client_that_listens_hears_of_a_new_picture_and_knows_what_it_will_hear_of() -> None:
    async with Client(command()) as client:
        everything = {"resources_list_changed": True, "tools_list_changed": True, "prompts_list_changed": True}
        async with client.listen(**everything, resource_subscriptions=["seedream://jobs"]) as heard:
            honored = heard.honored.model_dump(exclude_none=True)
            await client.call_tool("generate_image", FOX)
            with anyio.fail_after(PATIENCE_S):
                event = await anext(aiter(heard))
    assert honored == {"resources_list_changed": True}
    assert event == ResourcesListChanged()


async def test_pictures_that_come_together_are_told_together() -> None:
    async with legacy(command()) as (client, ear):
        facts = facts_of(await client.call_tool("generate_image", {**FOX, "count": 15}))
        await ear.news()
    assert facts["delivered"] == 15
    assert len(ear.heard) < 15


async def test_a_client_that_only_looks_hears_nothing() -> None:
    async with legacy(command()) as (client, ear):
        await client.list_resources()
        await client.read_resource("seedream://usage")
        await client.call_tool("generate_image", {**FOX, "count": 99})
    assert ear.heard == []


async def test_over_http_every_client_hears_of_a_picture_another_one_made() -> None:
    with over_http(make_server(Settings(), packaged_limits())) as url:
        async with (
            legacy(url) as (_, ear),
            Client(url) as listener,
            listener.listen(resources_list_changed=True) as heard,
            Client(url) as maker,
        ):
            await maker.call_tool("generate_image", FOX)
            await ear.news()
            with anyio.fail_after(PATIENCE_S):
                event = await anext(aiter(heard))
    assert event == ResourcesListChanged()


async def test_over_http_a_client_that_has_left_keeps_nobody_from_hearing() -> None:
    with over_http(make_server(Settings(), packaged_limits())) as url:
        async with legacy(url) as (_, gone):
            pass
        async with legacy(url) as (maker, ear):
            await maker.call_tool("generate_image", FOX)
            await ear.news()
    assert gone.heard == []
