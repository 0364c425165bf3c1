"""Prompts of the protocol: what a person picks from a menu, and the model then reads as a call to make."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, cast

from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS, GetPromptResult, Prompt, PromptArgument, PromptMessage, TextContent

from seedream_hub.schemas.language import later, say
from seedream_hub.schemas.limits import Json

MESSAGE: Final = later(
    "Call the tool {tool} with these arguments:\n\n{arguments}\n\n"
    "Then show me the result with the paths of the files, and say in a sentence how it meets what I asked for. "
    "Each picture may cost money: make more, or change one with edit_image, only when I say so."
)


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to fill in. What is proposed is only proposed, but for a number."""

    name: str
    description: str
    is_required: bool = False
    proposals: tuple[str, ...] = ()
    is_image: bool = False
    """Whether it is a picture: then the ids of earlier ones are proposed."""
    is_shape: bool = False
    """Whether it is an aspect ratio: then those the tools take are proposed."""
    numbers: tuple[int, int] | None = None
    """Least and most, where it is a number."""

    @property
    def proposed(self) -> list[str]:
        """What may be filled in, in the process's language."""
        if self.numbers:
            return [str(number) for number in range(self.numbers[0], self.numbers[1] + 1)]
        return [say(proposal) for proposal in self.proposals]


Given = Mapping[str, str]
"""What was filled in, by name; what was left empty is not there."""

Call = tuple[str, Json]
"""A tool and its arguments."""


@dataclass(frozen=True, slots=True)
class Task:
    """A job people do with pictures: what they are asked, and the call that comes of it."""

    name: str
    title: str
    description: str
    choices: tuple[Choice, ...]
    call: Callable[[Given], Call]

    def choice(self, name: str) -> Choice | None:
        """Return what is to be filled in under a name."""
        return next((choice for choice in self.choices if choice.name == name), None)


class Prompts:
    """The prompts that are served.

    `schemas` are the tools' own: of what nobody asked for, a call has only what its tool takes.
    """

    def __init__(self, tasks: Iterable[Task], schemas: Mapping[str, Json]) -> None:
        self._tasks = {task.name: task for task in tasks}
        self._schemas = schemas

    def listed(self) -> list[Prompt]:
        """Return what clients show."""
        return [_listed(task) for task in self._tasks.values()]

    def get(self, name: str, arguments: Mapping[str, Any] | None) -> GetPromptResult:
        """Return the message of a prompt.

        Raises:
            MCPError: If there is none of that name, or what was filled in does not do.
        """
        task = self._task(name)
        given = _checked(task, arguments or {})
        tool, passed = task.call(given)
        known = {
            argument: value
            for argument, value in passed.items()
            if argument in given or self._fits(tool, argument, value)
        }
        text = say(MESSAGE, tool=tool, arguments=json.dumps(known, ensure_ascii=False, indent=1))
        message = PromptMessage(role="user", content=TextContent(type="text", text=text))
        return GetPromptResult(description=say(task.title), messages=[message])

    def choice(self, name: str, argument: str) -> Choice:
        """Return what is to be filled in.

        Raises:
            MCPError: If there is no such prompt or argument.
        """
        task = self._task(name)
        if choice := task.choice(argument):
            return choice
        raise _unknown(task, argument)

    def proposed(self, choice: Choice) -> list[str]:
        """Return what may be filled in, in the process's language."""
        if choice.is_shape:
            shapes = [_rules(schema, "aspect_ratio").get("enum", []) for schema in self._schemas.values()]
            return list(dict.fromkeys(chain(*shapes)))
        return choice.proposed

    def _fits(self, tool: str, argument: str, value: object) -> bool:
        """Say whether a tool takes an argument, and this value for it."""
        rules = _rules(self._schemas[tool], argument)
        return bool(rules) and value in rules.get("enum", [value])

    def _task(self, name: str) -> Task:
        if name in self._tasks:
            return self._tasks[name]
        known = ", ".join(self._tasks)
        raise _refused(say("There is no prompt {name}; there are {known}.", name=name, known=known))


def _rules(schema: Json, argument: str) -> Json:
    return cast("Json", schema["properties"].get(argument, {}))


def _listed(task: Task) -> Prompt:
    arguments = [
        PromptArgument(name=choice.name, description=say(choice.description), required=choice.is_required)
        for choice in task.choices
    ]
    return Prompt(name=task.name, title=say(task.title), description=say(task.description), arguments=arguments)


def _checked(task: Task, arguments: Mapping[str, Any]) -> Given:
    """Return what was filled in; clients pass an empty text for what was not.

    Raises:
        MCPError: If something is missing, unknown, or no number where one is needed.
    """
    given = {name: text for name, value in arguments.items() if (text := str(value).strip())}
    for name in given:
        if task.choice(name) is None:
            raise _unknown(task, name)
    for choice in task.choices:
        if choice.is_required and choice.name not in given:
            raise _refused(say("{prompt} needs {argument}.", prompt=task.name, argument=choice.name))
        if choice.numbers and choice.name in given:
            _check_number(choice, given[choice.name])
    return given


def _check_number(choice: Choice, text: str) -> None:
    if text not in choice.proposed:
        least, most = choice.numbers or (0, 0)
        message = say(
            "{argument} must be a number from {least} to {most}, not {text}.",
            argument=choice.name,
            least=least,
            most=most,
            text=text,
        )
        raise _refused(message)


def _unknown(task: Task, name: str) -> MCPError:
    taken = ", ".join(choice.name for choice in task.choices)
    return _refused(say("{prompt} takes {taken}, not {argument}.", prompt=task.name, taken=taken, argument=name))


def _refused(message: str) -> MCPError:
    return MCPError(INVALID_PARAMS, message)
