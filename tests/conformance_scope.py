"""What of the official conformance suite is not about this product, each with what it is about.

Everything else the suite has is judged: a scenario it adds is, until it stands here. What stands here must be run,
so nothing can outlive the suite. A name with a colon is one check of a scenario.
"""

from collections.abc import Mapping, Sequence
from typing import Final

FIXTURES: Final[Mapping[str, Sequence[str]]] = {
    "a tool of the suite's that returns fixed content": (
        "tools-call-simple-text",
        "tools-call-image",
        "tools-call-audio",
        "tools-call-embedded-resource",
        "tools-call-mixed-content",
        "tools-call-error",
        "tools-call-with-progress",
        "json-schema-2020-12",
    ),
    "a tool of the suite's that asks the client's model or user": (
        "tools-call-sampling",
        "tools-call-elicitation",
        "elicitation-sep1034-defaults",
        "elicitation-sep1330-enums",
        "input-required-result-basic-elicitation",
        "input-required-result-basic-sampling",
        "input-required-result-basic-list-roots",
        "input-required-result-request-state",
        "input-required-result-multiple-input-requests",
        "input-required-result-multi-round",
        "input-required-result-missing-input-response",
        "input-required-result-non-tool-request",
        "input-required-result-result-type",
        "input-required-result-tampered-state",
        "input-required-result-capability-check",
        "input-required-result-ignore-extra-params",
        "input-required-result-validate-input",
        "server-stateless:sep-2575-server-rejects-undeclared-capability",
        "server-stateless:sep-2575-missing-capability-http-400",
    ),
    "log messages to the client: ours go to stderr, and 2026-07-28 deprecates the others": (
        "logging-set-level",
        "tools-call-with-logging",
    ),
    "a resource of the suite's": ("resources-read-text", "resources-read-binary", "resources-templates-read"),
    "subscriptions to one resource, which is not offered: a list that changed is announced": (
        "resources-subscribe",
        "resources-unsubscribe",
    ),
    "a prompt of the suite's": (
        "completion-complete",
        "prompts-get-simple",
        "prompts-get-with-args",
        "prompts-get-embedded-resource",
        "prompts-get-with-image",
    ),
    "a tool with an argument that proxies route by, which no tool of ours has": (
        "http-custom-header-server-validation",
    ),
    "a tool of the suite's that becomes a task": (
        "tasks-lifecycle",
        "tasks-capability-negotiation",
        "tasks-wire-fields",
        "tasks-request-state-removal",
        "tasks-request-headers",
        "tasks-dispatch-and-envelope",
        "tasks-required-task-error",
        "tasks-mrtr-composition",
    ),
}
"""What needs something the suite dictates by name: judged on the app that has it beside the product's own."""

ELSEWHERE: Final[Mapping[str, str]] = {
    "tasks-mrtr-input": "tasks that ask something while they work: a job asks before it begins, or not at all",
    "server-sse-polling": "resuming a stream cut off: a job_id does that, and 2026-07-28 took it out of the protocol",
    "sep-2640-skills-directory": "skills, which are not served",
    "sep-2640-skills-enumeration": "skills, which are not served",
    "sep-2640-skills-manifest": "skills, which are not served",
}
"""What is about something the product does not offer, with fixtures or without. The suite requires none of it."""
