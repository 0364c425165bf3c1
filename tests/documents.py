"""The documents' own examples, copied file by file into `data/documents`, and where each stands in its document."""

import json
from typing import Any, TypedDict

from tests.support import ROOT

FOLDER = ROOT / "tests" / "data" / "documents"


class Example(TypedDict):
    file: str
    kind: str
    document: str
    section: str


class Document(TypedDict):
    title: str
    read: str


class Index(TypedDict):
    documents: dict[str, Document]
    examples: list[Example]


INDEX: Index = json.loads((FOLDER / "index.json").read_text(encoding="utf-8"))


def examples(kind: str) -> list[str]:
    """Name the files of a kind: request, answer, stream, task or error."""
    return [example["file"] for example in INDEX["examples"] if example["kind"] == kind]


def parsed(file: str) -> Any:
    """Return an example that is JSON."""
    return json.loads((FOLDER / file).read_text(encoding="utf-8"))


def content(file: str) -> bytes:
    """Return an example as it came over the wire."""
    return (FOLDER / file).read_bytes()
