"""Every request a document gives as an example is what our tools send for the same intent."""

from collections import Counter
from collections.abc import Generator
from datetime import date, datetime
from typing import Any, Final

import pytest

from seedream_hub.providers.dialects import DIALECTS
from seedream_hub.schemas.arguments import BATCH, EDIT, FUSE, GENERATE, Kind, arguments_of
from seedream_hub.schemas.limits import packaged_limits
from seedream_hub.schemas.menu import make_menu
from seedream_hub.schemas.plan import pieces, plan
from seedream_hub.schemas.refusals import check_arguments
from seedream_hub.schemas.set_prompt import set_prompt
from seedream_hub.schemas.size import is_legal
from tests.documents import FOLDER, INDEX, examples, parsed
from tests.sandboxed import Bench, running

NOW: Final = datetime.fromisoformat("2026-11-21T00:00:00+00:00")

COUNTS: Final = {
    ("aigc", "request"): 6,
    ("aigc", "answer"): 4,
    ("aigc", "stream"): 1,
    ("relay", "request"): 1,
    ("relay", "answer"): 1,
    ("relay-recorded", "answer"): 3,
    ("relay-recorded", "error"): 3,
    ("evolink", "request"): 1,  # its page gives a sample value beside each parameter, and no answer
    ("evolink-openapi", "request"): 2,
    ("evolink-openapi", "task"): 2,
    ("evolink-openapi", "error"): 19,
    ("byteplus", "request"): 5,
    ("byteplus", "answer"): 4,
    ("byteplus", "stream"): 1,
    ("ark", "answer"): 4,
    ("ark", "stream"): 2,
    ("ark", "error"): 10,
    ("novita", "answer"): 1,  # its page gives no request
    ("novita-4.5", "error"): 1,
}

Intent = tuple[str, Kind, dict[str, Any]]
DOC: Final = "https://ark-doc.tos-ap-southeast-1.bytepluses.com/doc_image/"
COASTER: Final = "https://ark-project.tos-cn-beijing.volces.com/doc_image/seedream4_imagesToimages_"
SAID: Final = {file: parsed(file)["prompt"] for file in examples("request")}
TWO_K: Final[dict[str, Any]] = {"size": "2K", "watermark": False}
WHOLE: Final = {"stream": False}

INTENTS: Final[dict[str, Intent]] = {
    "aigc/text-to-image-3.0.request.json": ("aigc", GENERATE, {"model": "seedream-3.0-t2i"}),
    "aigc/text-to-image.request.json": ("aigc", GENERATE, TWO_K),
    "aigc/image-to-image.request.json": ("aigc", EDIT, TWO_K | {"image": f"{DOC}seedream4_5_imageToimage.png"}),
    "aigc/fusion.request.json": (
        "aigc",
        FUSE,
        TWO_K | {"images": [f"{DOC}seedream4_5_imageToimage.png", f"{DOC}seedream4_5_clothing.png"]},
    ),
    "aigc/set.request.json": (
        "aigc",
        BATCH,
        TWO_K | WHOLE | {"images": [f"{DOC}seedream4_5_imageToimage.png"], "count": 3},
    ),
    "aigc/stream.request.json": (
        "aigc",
        BATCH,
        TWO_K | {"images": [f"{DOC}seedream4_5_imageToimage.png"], "count": 4},
    ),
    "relay/images-to-images.request.json": (
        "relay",
        BATCH,
        TWO_K | WHOLE | {"images": [f"{COASTER}1.png", f"{COASTER}2.png"], "count": 3},
    ),
    "evolink/page.request.json": (
        "evolink",
        EDIT,
        {
            "model": "seedream-4.0",
            "image": "https://example.com/image1.png",
            "size": "2K",
            "aspect_ratio": "16:9",
            "optimize_prompt": "standard",
            "callback_url": "https://your-domain.com/webhooks/image-task-completed",
        },
    ),
    "evolink/openapi-4.0.request.json": ("evolink", GENERATE, {"model": "seedream-4.0"}),
    "evolink/openapi-4.5.request.json": ("evolink", GENERATE, {"model": "seedream-4.5"}),
    "byteplus/text-to-image.request.json": ("byteplus", GENERATE, TWO_K),
    "byteplus/image-to-image.request.json": (
        "byteplus",
        EDIT,
        TWO_K | {"image": f"{DOC}seedream4_5_imageToimage.png"},
    ),
    "byteplus/fusion.request.json": (
        "byteplus",
        FUSE,
        TWO_K | {"images": [f"{DOC}seedream4_imagesToimage_1.png", f"{DOC}seedream4_5_imagesToimage_2.png"]},
    ),
    "byteplus/set.request.json": (
        "byteplus",
        BATCH,
        TWO_K
        | WHOLE
        | {"images": [f"{DOC}seedream4_imagesToimages_1.png", f"{DOC}seedream4_imagesToimages_2.png"], "count": 3},
    ),
    "byteplus/stream.request.json": (
        "byteplus",
        BATCH,
        TWO_K | {"images": [f"{DOC}seedream4_imageToimages_1.png"], "count": 4},
    ),
}

NOT_SENT: Final = "not sent"
DIFFERENCES: Final[dict[str, dict[str, tuple[object, object, str]]]] = {
    "aigc/set.request.json": {
        "image": (
            [f"{DOC}seedream4_5_imageToimage.png"],
            f"{DOC}seedream4_5_imageToimage.png",
            "a lone reference is a string, as the parameter's own row says",
        )
    },
    "byteplus/fusion.request.json": {
        "sequential_image_generation": ("disabled", NOT_SENT, "the default, and 5.0 pro and flash refuse even it")
    },
    "evolink/page.request.json": {"n": (1, NOT_SENT, "the default")},
    "evolink/openapi-4.0.request.json": {"quality": (NOT_SENT, "2K", "the documented default, said outright")},
    "evolink/openapi-4.5.request.json": {"size": (NOT_SENT, "2048x2048", "the documented default, said outright")},
}
"""Where we differ from an example: field, what the document has, what we send, and why."""


def body_of(file: str) -> dict[str, Any]:
    """Return what our tools send for an example's intent: from the call's arguments to the body."""
    provider, kind, intent = INTENTS[file]
    menu = make_menu((provider,), (), packaged_limits(), NOW)
    checked = check_arguments({"prompt": SAID[file], **intent}, arguments_of(kind, menu), menu)
    ((offer, model),) = menu.having(checked.model)
    request = plan(kind, checked, offer, model)
    assert pieces(request, model) == [request.count]
    prompt = set_prompt(request.prompt, request.count) if request.is_set else request.prompt
    return DIALECTS[provider].body(request.model_copy(update={"prompt": prompt}))


@pytest.mark.parametrize("file", examples("request"))
def test_our_body_is_the_documented_one_field_by_field(file: str) -> None:
    documented, ours, differing = parsed(file), body_of(file), DIFFERENCES.get(file, {})
    for name in documented.keys() | ours.keys():
        expected = (documented.get(name, NOT_SENT), ours.get(name, NOT_SENT))
        assert expected == differing.get(name, (expected[0], expected[0]))[:2], name
    assert differing.keys() <= documented.keys() | ours.keys()


def test_no_example_of_a_document_is_missing() -> None:
    found = Counter((example["document"], example["kind"]) for example in INDEX["examples"])
    assert found == COUNTS
    files = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.*")}
    assert files == {example["file"] for example in INDEX["examples"]} | {"index.json", "parameters.json"}
    assert set(INTENTS) == set(examples("request"))


def test_every_example_says_where_it_stands_and_when_it_was_read() -> None:
    assert {example["document"] for example in INDEX["examples"]} <= set(INDEX["documents"])
    for document in INDEX["documents"].values():
        assert date.fromisoformat(document["read"]) <= NOW.date()
        assert document["title"]
    assert all(example["section"] for example in INDEX["examples"])


def test_every_difference_from_a_document_has_a_reason() -> None:
    for rows in DIFFERENCES.values():
        for documented, ours, reason in rows.values():
            assert documented != ours
            assert reason


@pytest.mark.parametrize(
    ("model", "size", "is_taken"),
    [
        ("seedream-4.5", "3750x1250", True),
        ("seedream-4.5", "1500x1500", False),
        ("seedream-4.0", "1600x600", True),
        ("seedream-4.0", "800x800", False),
    ],
)
def test_the_pages_valid_and_invalid_sizes_are_so_here_and_in_the_sandbox(
    bench: Bench, model: str, size: str, is_taken: bool
) -> None:
    limits = packaged_limits().model("byteplus", model)
    width, height = map(int, size.split("x"))
    assert is_legal(width, height, limits) == is_taken
    answer = bench.ask("ark", model=limits.id, size=size)
    assert answer.status_code == (200 if is_taken else 400)
    assert is_taken or answer.json()["error"]["param"] == "size"


@pytest.fixture(scope="module")
def bench() -> Generator[Bench]:
    with running() as one:
        yield one


@pytest.mark.parametrize("file", examples("request"))
def test_the_sandbox_takes_every_documented_request_as_it_stands(bench: Bench, file: str) -> None:
    provider, kind, intent = INTENTS[file]
    path = "/v1/images/generations" if provider == "evolink" else "/images/generations"
    billed = bench.billed()
    body = {key: value for key, value in parsed(file).items() if key != "callback_url"}  # nobody listens there
    answer = bench.http.post(bench.sandbox.base_urls[provider] + path, json=body)
    assert answer.status_code == 200, answer.text
    if provider == "evolink":
        assert len(bench.finished(answer.json())["results"]) == 1
    assert bench.billed() - billed == intent.get("count", 1)
    assert kind.is_set == (intent.get("count", 1) > 1)
