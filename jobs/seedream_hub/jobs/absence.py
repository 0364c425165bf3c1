"""What is said of pictures that were asked for and did not come."""

from dataclasses import replace

from seedream_hub.schemas.errors import HubError
from seedream_hub.schemas.language import say, say_many
from seedream_hub.schemas.outcome import FailedImage, Outcome


def failed_by(exc: HubError) -> FailedImage:
    """Return an error as a picture's failure."""
    return FailedImage(
        0, exc.error_code, exc.message, exc.billed, exc.retryable, exc.argument, exc.request_id, exc.next_step
    )


def absence(outcome: Outcome, asked: int, missing: int) -> FailedImage:
    """Say why the answer has fewer pictures than were asked for."""
    if outcome.cut:
        cut = failed_by(outcome.cut)
        return replace(cut, request_id=cut.request_id or outcome.request_id)
    if outcome.failures:
        return outcome.failures[0]
    message = say("The provider returned {came} of {asked} pictures.", came=asked - missing, asked=asked)
    return FailedImage(0, "not_made", message, "no", request_id=outcome.request_id)


def asked_again(missing: int) -> str:
    """Say that so many pictures a broken stream left out were asked for again."""
    return say_many(
        "The stream broke off; the missing picture was asked for again, though it may have been billed.",
        "The stream broke off; the {count} missing pictures were asked for again, though it may have been billed.",
        missing,
    )
