"""The arguments of the tools that start, follow and stop jobs."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Self, TypeVar, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from .arguments import MAX_KEY_CHARS, input_schema
from .described import described
from .errors import ArgumentError
from .language import later, say
from .limits import Json
from .other_names import unknown_argument
from .problem import problem_of

MOST_REQUESTS: Final = 200
MAX_WAIT_S: Final = 300
USUAL_WAIT_S: Final = 45

T = TypeVar("T", bound=BaseModel)


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


JobId = Annotated[str, Field(pattern="^[a-z2-7]{16}$")]
Key = Annotated[str, Field(min_length=1, max_length=MAX_KEY_CHARS)]
Wait = Annotated[
    int, Field(ge=0, le=MAX_WAIT_S, description=later("Return when something changed, at the latest then"))
]
Place = Annotated[
    int,
    Field(ge=0, description=later("Tell the pictures from this index on in full, not the newest")),
    BeforeValidator(_whole),
]


IMAGE_ID: Final = re.compile(r"(?:seedream://images/)?(?P<job_id>[a-z2-7]{16})(?P<index>-[0-9]+)")


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class GetJob(_Shape):
    """What `get_job` takes."""

    job_id: JobId
    wait_s: Annotated[Wait, BeforeValidator(_whole)] = USUAL_WAIT_S
    from_index: Place | None = None


class CancelJob(_Shape):
    """What `cancel_job` takes."""

    job_id: JobId


class StartJob(_Shape):
    """What `start_job` takes: requests, or a job whose unknown pictures are to be asked for again."""

    requests: Annotated[tuple[Json, ...], Field(strict=False, min_length=1, max_length=MOST_REQUESTS)] | None = None
    retry_unknown: JobId | None = None
    request_key: Key | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.requests is None) == (self.retry_unknown is None):
            raise ValueError("pass either requests or retry_unknown")
        return self


WORKS: Final = {
    "job_id": later("pass the job_id of an earlier result"),
    "retry_unknown": later("pass the job_id of an earlier result"),
    "from_index": later("use the index of a picture"),
    "wait_s": later("use {least} to {most}"),
    "requests": later('pass {least} to {most} objects such as {{"prompt": "a red fox"}}'),
    "request_key": later("use {least} to {most} characters"),
}
BOUNDS: Final = {"wait_s": (0, MAX_WAIT_S), "requests": (1, MOST_REQUESTS), "request_key": (1, MAX_KEY_CHARS)}


def check_job_arguments(raw: Json, shape: type[T], works: Mapping[str, str] = WORKS) -> T:
    """Return a call's arguments. One that is null counts as not given. `works` says of each what may be passed.

    Raises:
        ArgumentError: If one is unknown, missing, or outside its bounds.
    """
    try:
        return shape.model_validate({name: value for name, value in raw.items() if value is not None})
    except ValidationError as exc:
        errors = exc.errors(include_url=False)
        error = next((error for error in errors if error["type"] == "extra_forbidden"), errors[0])
        if not error["loc"]:
            raise ArgumentError(
                "requests", say("or retry_unknown is needed, and not both"), say("pass one of them")
            ) from exc
        name = str(error["loc"][0])
        if error["type"] == "extra_forbidden":
            raise unknown_argument(name, list(shape.model_fields)) from exc
        if error["type"] == "string_pattern_mismatch" and (of_picture := IMAGE_ID.fullmatch(error["input"])):
            raise _of_a_picture(name, of_picture) from exc
        place = f"[{error['loc'][1]}]" if len(error["loc"]) > 1 else ""
        least, most = BOUNDS.get(name, (0, 0))
        raise ArgumentError(name + place, problem_of(error), say(works[name], least=least, most=most)) from exc


def _of_a_picture(name: str, found: re.Match[str]) -> ArgumentError:
    """Refuse a picture's id where a job's is wanted, with the one that works."""
    works = say('drop "{index}": pass {job_id}', index=found["index"], job_id=found["job_id"])
    return ArgumentError(name, say("{value} is the id of a picture", value=found[0]), works)


def look_schema(shape: type[BaseModel], usual: Json | None = None) -> Json:
    """Return the JSON Schema of `get_job` or `cancel_job`; `usual` values stand in for the defaults."""
    schema = input_schema(shape)
    properties = cast("dict[str, Json]", schema["properties"])
    for name, value in (usual or {}).items():
        properties[name]["default"] = value
    schema["properties"] = {name: _plain(prop) if "anyOf" in prop else prop for name, prop in properties.items()}
    return described(schema)


def start_schema(tools: list[str]) -> Json:
    """Return the JSON Schema of `start_job`, in few tokens."""
    request: Json = {
        "type": "object",
        "properties": {
            "tool": {"enum": tools, "default": tools[0]},
            "prompt": {"type": "string"},
        },
        "required": ["prompt"],
    }
    requests: Json = {
        "type": "array",
        "items": request,
        "minItems": 1,
        "maxItems": MOST_REQUESTS,
        "description": say("Each names its tool, with that tool's arguments beside it"),
    }
    properties: dict[str, Any] = StartJob.model_json_schema()["properties"]
    plain = {name: _plain(properties[name]) for name in ("retry_unknown", "request_key")}
    plain["retry_unknown"]["description"] = say(
        "Instead: a job whose unknown pictures are asked for, and billed, again"
    )
    return {"type": "object", "properties": {"requests": requests, **plain}, "additionalProperties": False}


def _plain(prop: Json) -> Json:
    """Return an optional property without its null."""
    return {name: value for name, value in prop["anyOf"][0].items() if name != "title"}
