"""Read the limits: the packaged table, with the user's own file merged over it."""

import json
from pathlib import Path
from typing import Final, cast

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from seedream_hub.schemas.errors import SettingsError
from seedream_hub.schemas.language import say
from seedream_hub.schemas.limits import Json, Limits, packaged_limits, packaged_table

from .problems import problem_of

EXAMPLE: Final = (
    '{"providers": {"ark": {"models": {"seedream-6.0": {"like": "seedream-4.5", "ids": ["doubao-seedream-6-0"]}}}}}'
)


def load_limits(own: Path | None) -> Limits:
    """Return the limits.

    Raises:
        SettingsError: If the user's file cannot be read, is no JSON, or does not fit the table.
    """
    if own is None:
        return packaged_limits()
    try:
        return Limits.from_json(packaged_table(), _object(own))
    except RecursionError as exc:
        raise _refused(own, say("it nests without end, or one `like` leads back to itself")) from exc
    except OSError as exc:
        raise _refused(own, exc.strerror or str(exc)) from exc
    except ValidationError as exc:
        raise _refused(own, _problem(exc.errors(include_url=False)[0])) from exc
    except UnicodeDecodeError as exc:
        raise _refused(own, say("it is not in UTF-8")) from exc
    except json.JSONDecodeError as exc:
        raise _refused(own, say("it is no JSON: {problem}", problem=exc)) from exc
    except ValueError as exc:
        raise _refused(own, str(exc)) from exc
    except (KeyError, TypeError, AttributeError) as exc:
        raise _refused(own, say("it does not have the shape of the table")) from exc


def _problem(error: ErrorDetails) -> str:
    where = ".".join(map(str, error["loc"]))
    colon = ": " if where and error["type"] == "value_error" else " "
    return f"{where}{colon}{problem_of(error)}".strip()


def _object(path: Path) -> Json:
    parsed: object = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(parsed, dict):
        raise ValueError(say("it holds no JSON object"))  # noqa: TRY004 - one kind of error for a bad file
    return cast("Json", parsed)


def _refused(own: Path, problem: str) -> SettingsError:
    told = say(
        "SEEDREAM_LIMITS_FILE: {path} cannot be used: {problem}; for example {example}",
        path=own,
        problem=problem,
        example=EXAMPLE,
    )
    return SettingsError(told)
