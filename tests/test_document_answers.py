"""Every answer a document gives as an example is read as the images, errors, usage and task it states."""

from collections.abc import AsyncIterator
from typing import Any, Final

import pytest

from seedream_hub.providers.ark_errors import is_retryable
from seedream_hub.providers.dialect import Refused
from seedream_hub.providers.dialects import DIALECTS
from seedream_hub.providers.stream import read_stream
from seedream_hub.schemas.errors import UpstreamError
from seedream_hub.schemas.outcome import FailedImage, Layer, MadeImage, News, Outcome, Usage
from tests.documents import content, examples, parsed

REQUEST_ID: Final = "0217574695481350fa6ef8c2347680bd87fd8d357bb16f114b01e"
TOS: Final = (
    "https://ark-content-generation-v2-cn-beijing.tos-cn-beijing.volces.com/doubao-seedream-4-0/"
    "0217574695481350fa6ef8c2347680bd87fd8d357bb16f114b01e_0.jpeg?X-Tos-Algorithm=TOS4-HMAC-SHA256"
    "&X-Tos-Credential=AKLTYWJkZTExNjA1ZDUyNDc3YzhjNTM5OGIyNjBhNDcyOTQ%2F20250910%2Fcn-beijing%2Ftos%2Frequest"
    "&X-Tos-Date=20250910T015921Z&X-Tos-Expires=86400"
    "&X-Tos-Signature=95ed1d75393161dc0ea150c0c9b6d72298d4b27ea3ca305bcf07268ffe550e4c&X-Tos-SignedHeaders=host"
)
ANY, HIDDEN = "https://...", "https://example.invalid/redacted"
MODERATED: Final = FailedImage(
    1,
    "OutputImageSensitiveContentDetected",
    "The output image may contain sensitive information.",
    request_id=REQUEST_ID,
    next_step="Rephrase the prompt; the picture was made, withheld and not billed.",
)


def made(*sizes: str | None, url: str = ANY) -> tuple[MadeImage, ...]:
    return tuple(MadeImage(index, url, size=size) for index, size in enumerate(sizes))


def usage(images: int | None, tokens: int) -> Usage:
    return Usage(images, tokens, tokens)


Read = tuple[tuple[MadeImage, ...], tuple[FailedImage, ...], Usage]
ONE: Final[Read] = (made("1760x2368"), (), usage(1, 16280))
THREE: Final[Read] = (made("2720x1536", "2720x1536", "2720x1536"), (), usage(3, 48960))
RECORDED: Final[Read] = (made("2048x2048", url=HIDDEN), (), usage(1, 16384))

ANSWERS: Final[dict[str, Read]] = {
    "aigc/text-to-image.answer.json": ONE,
    "aigc/image-to-image.answer.json": ONE,
    "aigc/fusion.answer.json": ONE,
    "aigc/set.answer.json": THREE,
    "relay/images-to-images.answer.json": (made(None, url=TOS), (), usage(None, 16280)),
    "relay/recorded-lite.answer.json": RECORDED,
    "relay/recorded-pro.answer.json": RECORDED,
    "relay/recorded-layers.answer.json": RECORDED,
    "byteplus/text-to-image.answer.json": ONE,
    "byteplus/image-to-image.answer.json": ONE,
    "byteplus/fusion.answer.json": ONE,
    "byteplus/set.answer.json": THREE,
    "ark/set-one-moderated.answer.json": (
        (MadeImage(0, ANY, size="2720x1536"), MadeImage(2, ANY, size="2720x1536")),
        (MODERATED,),
        usage(2, 32640),
    ),
    "ark/base64.answer.json": ((MadeImage(0, data="/9j/4AAQ", size="2048x2048"),), (), usage(1, 16384)),
    "ark/web-search.answer.json": (made("2048x2048"), (), usage(1, 16384)),
    "ark/layers.answer.json": (
        (
            MadeImage(0, "https://.../base", size="2048x2048", layer=Layer(0, "background")),
            MadeImage(1, "https://.../layer", size="640x480", layer=Layer(1, "fox", (64, 64))),
        ),
        (),
        usage(2, 17584),
    ),
    "novita/links.answer.json": (made(None), (), Usage()),
}

STREAMS: Final[dict[str, Read]] = {
    # The page counts two images and the tokens of three: its usage is taken as it stands, never computed.
    "aigc/stream.answer.sse": (made("2496x1664", "2496x1664"), (), usage(2, 48672)),
    "byteplus/stream.answer.sse": (made("2496x1664", "2496x1664", "2496x1664"), (), usage(3, 48672)),
    "ark/set-one-moderated.answer.sse": (
        (MadeImage(0, ANY, size="2496x1664"), MadeImage(2, ANY, size="2496x1664")),
        (MODERATED,),
        usage(2, 32448),
    ),
}

# File, without the ending: code, argument at fault, worth asking again, billed.
ERRORS: Final = """
ark/nothing-made                 OutputImageSensitiveContentDetected -      no  no
ark/size-too-small               InvalidParameter          size             no  no
ark/size-too-large               InvalidParameter          size             no  no
ark/size-ratio                   InvalidParameter          size             no  no
ark/size-tier-lite               InvalidParameter          size             no  no
ark/size-tier-4.5                InvalidParameter          size             no  no
ark/references                   InvalidParameter          images           no  no
ark/bare-base64                  InvalidParameter          images           no  no
ark/sequential-on-pro            InvalidParameter          count            no  no
ark/stream-on-pro                InvalidParameter          stream           no  no
relay/recorded-15-references     InvalidParameter          images           no  no
relay/recorded-11-references     InvalidParameter          images           no  no
relay/recorded-no-channel        model_not_found           -                no  no
novita/illegal-prompt            ILLEGAL_PROMPT            -                no  no
evolink/create-400               invalid_request_error     -                no  no
evolink/create-401               authentication_error      -                no  no
evolink/create-402               insufficient_quota_error  -                no  no
evolink/create-403               permission_error          model            no  no
evolink/create-404               not_found_error           model            no  no
evolink/create-413               request_too_large_error   images           no  no
evolink/create-429               rate_limit_error          -                yes no
evolink/create-500               internal_server_error     -                no  unknown
evolink/create-502               upstream_error            -                no  unknown
evolink/create-503               service_unavailable_error -                no  unknown
evolink/query-400                invalid_request_error     task_id          no  no
evolink/query-401                authentication_error      -                no  no
evolink/query-402                insufficient_quota_error  -                no  no
evolink/query-403                permission_error          -                no  no
evolink/query-404                not_found_error           task_id          no  no
evolink/query-429                rate_limit_error          -                yes no
evolink/query-500                internal_server_error     -                no  unknown
evolink/query-502                upstream_error            -                no  unknown
evolink/query-503                service_unavailable_error -                no  unknown
"""
ROWS: Final[dict[str, list[str]]] = {
    f"{name}.error.json": facts for name, *facts in map(str.split, ERRORS.strip().splitlines())
}


def provider_of(file: str) -> str:
    return file.partition("/")[0]


def as_read(outcome: Outcome) -> Read:
    return outcome.images, outcome.failures, outcome.usage


@pytest.mark.parametrize("file", examples("answer"))
def test_an_answer_is_read_as_its_images_and_usage(file: str) -> None:
    outcome = DIALECTS[provider_of(file)].parse(parsed(file), REQUEST_ID)
    assert as_read(outcome) == ANSWERS[file]
    assert (outcome.billed, outcome.request_id, outcome.cut) == (len(outcome.images), REQUEST_ID, None)


async def streamed(provider: str, wire: bytes, news: list[News]) -> Outcome:
    async def chunks() -> AsyncIterator[bytes]:
        yield wire

    async def note(one: News) -> None:
        news.append(one)

    read = DIALECTS[provider].event
    assert read is not None
    return await read_stream(chunks(), read, REQUEST_ID, note)


@pytest.mark.parametrize("file", STREAMS)
async def test_a_stream_is_read_as_its_images_and_usage_each_as_it_comes(file: str) -> None:
    news: list[News] = []
    outcome = await streamed(provider_of(file), content(file), news)
    assert as_read(outcome) == STREAMS[file]
    assert news == sorted([*outcome.images, *outcome.failures], key=lambda image: image.index)
    assert (outcome.billed, outcome.cut) == (len(outcome.images), None)


async def test_a_stream_that_only_says_error_is_a_refused_request() -> None:
    assert {*STREAMS, "ark/request-failed.answer.sse"} == set(examples("stream"))
    with pytest.raises(UpstreamError) as caught:
        await streamed("ark", content("ark/request-failed.answer.sse"), [])
    assert (caught.value.error_code, caught.value.billed) == ("InternalServiceError", "unknown")
    assert "unexpected internal error" in caught.value.message


def refusal_of(file: str) -> UpstreamError:
    """Read an error as the client does: one of status 200 is met while parsing."""
    documented, dialect = parsed(file), DIALECTS[provider_of(file)]
    if documented["status"] == 200:
        with pytest.raises(UpstreamError) as caught:
            dialect.parse(documented["body"], REQUEST_ID)
        return caught.value
    return dialect.refusal(Refused(documented["status"], documented["body"], REQUEST_ID))


@pytest.mark.parametrize("file", examples("error"))
def test_an_error_is_read_as_its_code_argument_and_what_it_costs(file: str) -> None:
    code, argument, again, billed = ROWS[file]
    error, documented = refusal_of(file), parsed(file)
    assert (error.error_code, error.argument) == (code, None if argument == "-" else argument)
    assert (error.retryable, error.billed, error.status) == (again == "yes", billed, documented["status"])
    facts: dict[str, Any] = documented["body"].get("error", documented["body"])
    assert facts["message"] in error.message
    assert error.request_id == REQUEST_ID


def test_a_created_task_is_followed_and_costs_no_picture_yet() -> None:
    task = DIALECTS["evolink"].task
    assert task is not None
    created = task(parsed("evolink/created.answer.json"), REQUEST_ID)
    assert (created.id, created.status, created.percent, created.outcome) == (
        "task-unified-1757165031-seedream4d",
        "running",
        0,
        None,
    )


def test_a_completed_task_gives_its_links() -> None:
    task = DIALECTS["evolink"].task
    assert task is not None
    done = task(parsed("evolink/completed.answer.json"), REQUEST_ID)
    assert (done.id, done.status, done.percent) == ("task-unified-1756817821-4x3rx6ny", "completed", 100)
    assert done.outcome is not None
    assert done.outcome.images == (MadeImage(0, "http://example.com/image.jpg"),)
    assert (done.outcome.billed, done.outcome.task_id) == (1, done.id)
    assert examples("task") == ["evolink/created.answer.json", "evolink/completed.answer.json"]


RETRIED_TASKS: Final = (
    "generation_timeout quota_exceeded resource_exhausted service_error service_unavailable "
    "generation_failed_no_content unknown_error upstream_error rate_limited"
)
FINAL_TASKS: Final = (
    "content_policy_violation invalid_parameters image_processing_error image_dimension_mismatch request_cancelled "
    "resource_not_found model_unavailable"
)


@pytest.mark.parametrize(
    ("code", "again"),
    [*((code, True) for code in RETRIED_TASKS.split()), *((code, False) for code in FINAL_TASKS.split())],
)
def test_a_failed_task_says_whether_another_try_may_help(code: str, again: bool) -> None:
    task = DIALECTS["evolink"].task
    assert task is not None
    failed = {"id": "task-1", "status": "failed", "progress": 40, "error": {"code": code, "message": "It failed."}}
    outcome = task(failed, REQUEST_ID).outcome
    assert outcome is not None
    (lost,) = outcome.failures
    assert (lost.code, lost.retryable, lost.billed, outcome.billed) == (code, again, "no", 0)
    assert "It failed." in lost.message


RETRIED: Final = (
    "ModelAccountIpmRateLimitExceeded ModelAccountRpmRateLimitExceeded ModelAccountTpmRateLimitExceeded "
    "APIAccountRpmRateLimitExceeded AccountRateLimitExceeded RateLimitExceeded.EndpointRPMExceeded "
    "RateLimitExceeded.EndpointTPMExceeded RequestBurstTooFast ServerOverloaded InflightBatchsizeExceeded"
)
NOT_RETRIED: Final = {
    400: "MissingParameter MissingParameter.prompt InvalidParameter InvalidParameter.UnsupportedParameter "
    "InvalidImageURL.EmptyURL InvalidImageURL.InvalidFormat InputTextSensitiveContentDetected.PolicyViolation "
    "InputImageSensitiveContentDetected.PrivacyInformation OutputImageSensitiveContentDetected.DeepFake "
    "SensitiveContentDetected.SevereViolation InputTextRiskDetection OutputImageRiskDetection "
    "InvalidEndpoint.ClosedEndpoint OutofContextError InvalidSubscription",
    401: "AuthenticationError InvalidAccountStatus",
    403: "AccountOverdueError AccessDenied OperationDenied.ServiceNotOpen",
    404: "InvalidEndpointOrModel.NotFound InvalidEndpointOrModel.ModelIDAccessDisabled ModelNotOpen UnsupportedModel",
    429: "QuotaExceeded SetLimitExceeded",
    500: "InternalServiceError",
}
CODES: Final = [
    *((429, code, True, "no") for code in RETRIED.split()),
    *(
        (status, code, False, "unknown" if status == 500 else "no")
        for status, codes in NOT_RETRIED.items()
        for code in codes.split()
    ),
]


@pytest.mark.parametrize(("status", "code", "again", "billed"), CODES)
def test_a_documented_code_is_asked_again_only_where_the_table_says_so(
    status: int, code: str, again: bool, billed: str
) -> None:
    error = DIALECTS["ark"].refusal(Refused(status, {"error": {"code": code, "message": "No."}}))
    assert (error.error_code, error.retryable, error.billed) == (code, again, billed)
    assert is_retryable(code) == again
