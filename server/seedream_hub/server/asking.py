"""Ask the client's user a question, in whichever way the client's revision of the protocol has.

Up to 2025-11-25 the server sends a request of its own and waits. From 2026-07-28 on the call ends with the question,
and the client makes it again with the answer.
"""

import hashlib
import logging
from typing import Any, Final

from mcp.server.mcpserver import Context
from mcp.shared.exceptions import MCPError
from mcp.types import ElicitRequest, ElicitRequestFormParams, ElicitResult, InputRequiredResult

from seedream_hub.tools.ask import Answer

from .tasks import REVISIONS

log: Final = logging.getLogger(__name__)

KEY: Final = "confirm"
NOTHING_TO_FILL_IN: Final[dict[str, Any]] = {"type": "object", "properties": {}}


class Asking:
    """One call's way to its user."""

    def __init__(self, context: Context[Any, Any]) -> None:
        self._context = context
        self.pending: InputRequiredResult | None = None
        """What to end the call with when it was asked for an answer that comes later."""

    async def ask(self, question: str) -> Answer:
        """Put a question that is answered by agreeing or not; a client that fails to answer does not agree."""
        context = self._context
        if not _can_show_forms(context):
            return "cannot"
        if context.protocol_version in REVISIONS:
            return self._ask_back(question)
        if not context.session.can_send_request:
            return "cannot"
        try:
            answer = await context.session.elicit_form(question, NOTHING_TO_FILL_IN, context.request_id)
        except MCPError as exc:
            log.warning("The client did not put the question: %s", exc)
            return "no"
        return _meaning(answer)

    def _ask_back(self, question: str) -> Answer:
        """Take the answer to just this question, or end the call with it."""
        context, told = self._context, hashlib.sha256(question.encode()).hexdigest()
        answer = (context.input_responses or {}).get(KEY)
        if isinstance(answer, ElicitResult) and context.request_state == told:
            return _meaning(answer)
        params = ElicitRequestFormParams(message=question, requested_schema=NOTHING_TO_FILL_IN)
        self.pending = InputRequiredResult(input_requests={KEY: ElicitRequest(params=params)}, request_state=told)
        return "later"


def _meaning(answer: ElicitResult) -> Answer:
    return "yes" if answer.action == "accept" else "no"


def _can_show_forms(context: Context[Any, Any]) -> bool:
    """Say whether the client can be asked; one that names no mode has the one there was first."""
    capabilities = context.client_capabilities
    elicitation = capabilities.elicitation if capabilities else None
    return elicitation is not None and (elicitation.form is not None or elicitation.url is None)
