"""Run a Dockerfile's steps where no engine is: in this system, each absolute folder replaced by one of ours."""

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

JOINED = re.compile(r"\\\n\s*")
VARIABLE = re.compile(r"\$(\w+|\{\w+\})")


@dataclass
class Stage:
    """What a stage of a build came to."""

    image: str
    variables: dict[str, str]
    """ARG and ENV."""
    working: str = "/"
    user: str = "root"
    volumes: list[str] = field(default_factory=list[str])
    health: list[str] = field(default_factory=list[str])
    entrypoint: list[str] = field(default_factory=list[str])
    environment: dict[str, str] = field(default_factory=dict[str, str])
    """ENV only: what a container has."""


def steps_of(text: str) -> list[tuple[str, str]]:
    """Return the instructions and what follows each."""
    lines = [line for line in JOINED.sub(" ", text).splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in lines]


def build(text: str, context: Path, root: Path, path: str, **arguments: str) -> Stage:
    """Run the steps; return the last stage.

    `arguments` are for ARGs; working folders are made below `root`; Python is found in `path`. A folder that an ARG
    names is shared by all stages, as `COPY --from` is what carries it from one to another.
    """
    stage = Stage("", {})
    for verb, rest in steps_of(text):
        told = rest if verb in {"RUN", "HEALTHCHECK", "ENTRYPOINT"} else _filled(rest, stage.variables)
        match verb:
            case "FROM":
                stage = Stage(told.split()[0], {"PATH": path})
            case "ARG":
                name, _, default = told.partition("=")
                stage.variables[name] = arguments.get(name, default)
            case "ENV":
                given = dict(pair.split("=", 1) for pair in told.split())
                stage.variables |= given
                stage.environment |= given
            case "WORKDIR":
                stage.working = told
                _folder(stage, root).mkdir(parents=True, exist_ok=True)
            case "COPY":
                _copy(told, context, _folder(stage, root))
            case "RUN":
                variables = {**os.environ, **stage.variables}
                subprocess.run(["sh", "-ec", told], cwd=_folder(stage, root), env=variables, check=True)
            case _:
                _note(stage, verb, told)
    return stage


def _note(stage: Stage, verb: str, told: str) -> None:
    match verb:
        case "USER":
            stage.user = told
        case "VOLUME":
            stage.volumes.append(told)
        case "HEALTHCHECK":
            stage.health = json.loads(told.partition("CMD ")[2])
        case "ENTRYPOINT":
            stage.entrypoint = json.loads(told)
        case _:
            raise ValueError(f"{verb} is no instruction known here")


def _copy(told: str, context: Path, working: Path) -> None:
    if told.startswith("--from="):
        _, source, target = told.split()
        assert source == target, "a folder that an ARG names is there already"
        assert Path(source).is_dir()
        return
    assert told == ". .", told
    shutil.copytree(context, working, dirs_exist_ok=True)


def _folder(stage: Stage, root: Path) -> Path:
    """Return the working folder: below `root`, unless an ARG of ours named it."""
    ours = any(stage.working == value for value in stage.variables.values())
    return Path(stage.working) if ours else root / stage.working.lstrip("/")


def _filled(text: str, variables: dict[str, str]) -> str:
    return VARIABLE.sub(lambda found: variables[found[1].strip("{}")], text)
