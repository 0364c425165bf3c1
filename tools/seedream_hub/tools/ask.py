"""Ask the person behind the client before a job that costs much is begun."""

from collections.abc import Awaitable, Callable
from typing import Literal, TypeAlias

from seedream_hub.schemas.errors import HubError
from seedream_hub.schemas.language import say

from .progress import Progress

Answer: TypeAlias = Literal["yes", "no", "cannot", "later"]
"""`cannot`: there is nobody to ask. `later`: the call is made again with the answer."""

Ask: TypeAlias = Callable[[str], Awaitable[Answer]]


class AskedBack(Exception):  # noqa: N818 - no error: the call is over, and made again with the answer
    """The client shall ask, and call again."""


async def nobody(question: str) -> Answer:  # noqa: ARG001 - whatever it is
    """Stand for a client that cannot ask."""
    return "cannot"


async def granted(question: str) -> Answer:  # noqa: ARG001
    """Stand for a person who gave the command."""
    return "yes"


async def confirm(question: str, ask: Ask, progress: Progress) -> bool:
    """Say whether the person agreed; false where nobody can be asked.

    Raises:
        AskedBack: If the answer comes with another call.
        HubError: If the answer is no.
    """
    await progress.say(0, say("waiting for the user's word"))
    answer = await ask(question)
    if answer == "later":
        raise AskedBack
    if answer == "no":
        step = say("Call it again only if the user wants that after all, or ask for less.")
        raise HubError(say("The user did not agree: {question}", question=question), code="declined", next_step=step)
    return answer == "yes"
