"""Propose what a person may be about to type: ids in addresses of resources, and what prompts ask for."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import anyio.to_thread
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    Completion,
    CompletionArgument,
    CompletionContext,
    PromptReference,
    ResourceTemplateReference,
)

from seedream_hub.schemas.errors import HubError
from seedream_hub.schemas.language import say

from .image_resources import IMAGE, INFO, PREVIEW
from .live_resources import JOB

if TYPE_CHECKING:
    from seedream_hub.jobs.records import Sort

    from .prompts import Prompts

MOST: Final = 100
"""The protocol's own bound."""

IDS: Final[Mapping[tuple[str, str], "Sort"]] = {
    (IMAGE, "image_id"): "images",
    (PREVIEW, "image_id"): "images",
    (INFO, "image_id"): "all images",
    (JOB, "job_id"): "jobs",
}


class Proposals:
    """Knows what can stand where; ids are read without starting the engine."""

    def __init__(self, prompts: "Callable[[], Prompts]", state_dir: Path) -> None:
        self._prompts = prompts
        self._state_dir = state_dir

    async def complete(
        self,
        ref: PromptReference | ResourceTemplateReference,
        argument: CompletionArgument,
        context: CompletionContext | None,  # noqa: ARG002 - no argument depends on another
    ) -> Completion:
        """Return what may be meant, ids from the newest on.

        Raises:
            MCPError: If there is no such prompt, resource or argument.
        """
        if isinstance(ref, PromptReference):
            prompts = self._prompts()
            choice = prompts.choice(ref.name, argument.name)
            if choice.is_image:
                return await self._ids("images", argument.value)
            return _found(prompts.proposed(choice), argument.value)
        if (ref.uri, argument.name) not in IDS:
            message = say("{uri} has no variable {argument}.", uri=ref.uri, argument=argument.name)
            raise MCPError(INVALID_PARAMS, message)
        return await self._ids(IDS[ref.uri, argument.name], argument.value)

    async def _ids(self, sort: "Sort", prefix: str) -> Completion:
        from seedream_hub.jobs.records import ids  # not loaded before it is needed

        try:
            found, total = await anyio.to_thread.run_sync(ids, self._state_dir, sort, prefix, MOST)
        except HubError as exc:
            raise MCPError(INTERNAL_ERROR, exc.message) from exc
        return Completion(values=found, total=total, has_more=total > len(found))


def _found(proposed: list[str], typed: str) -> Completion:
    """Return the proposals that begin as typed, then those that have it somewhere."""
    wanted = typed.casefold().strip()
    having = [text for text in proposed if wanted in text.casefold()]
    having.sort(key=lambda text: not text.casefold().startswith(wanted))
    return Completion(values=having[:MOST], total=len(having), has_more=len(having) > MOST)
