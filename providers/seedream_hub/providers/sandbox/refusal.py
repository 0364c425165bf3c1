"""Say why a request is refused: status, code, message and parameter, in Ark's words.

Each dialect puts them into an error body of its own; `why` tells the causes apart where Ark's code does not.
`status` says that there is no cause but the status.
Codes: Ark document 1299023. Message patterns: recorded answers of the live service (2026-08 to 2026-10).
"""

from typing import Literal

Why = Literal[
    "value",
    "missing",
    "body",
    "key",
    "model",
    "path",
    "inside",
    "scripted",
    "status",
    "image_bytes",
    "image_format",
    "image_pixels",
    "image_shape",
]


class RefusalError(Exception):
    """Refuse a request; `parameter` names the field at fault, empty when there is none.

    `kind` is the `type` of Ark's error body; `retry_after_s`, when set, goes into the `Retry-After` header.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        parameter: str = "",
        kind: str = "BadRequest",
        why: Why = "value",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.parameter = parameter
        self.kind = kind
        self.why: Why = why
        self.retry_after_s: float | None = None


def invalid(parameter: str, reason: str, why: Why = "value") -> RefusalError:
    """Return the refusal of a value that is out of range or of the wrong type."""
    text = f"The parameter `{parameter}` specified in the request is not valid: {reason}"
    return RefusalError(400, "InvalidParameter", text, parameter, why=why)


def unsupported(parameter: str) -> RefusalError:
    """Return the refusal of a field this model may not be sent."""
    text = f"The parameter `{parameter}` is not supported by the current model."
    return RefusalError(400, "InvalidParameter", text, parameter)


def missing(parameter: str) -> RefusalError:
    """Return the refusal of a request without a required field."""
    text = f"The request failed because it is missing `{parameter}` parameter."
    return RefusalError(400, "MissingParameter", text, parameter, why="missing")


def unreadable_image(reason: str, parameter: str = "image") -> RefusalError:
    """Return the refusal of image data that cannot be parsed as a picture of a supported format."""
    text = f"The parameter `{parameter}` specified in the request is not valid: {reason}"
    return RefusalError(400, "InvalidImageURL.InvalidFormat", text, parameter, why="image_format")


def empty_image(parameter: str = "image") -> RefusalError:
    """Return the refusal of an empty string where a picture should be."""
    text = f"The parameter `{parameter}` specified in the request is not valid: the image url is empty."
    return RefusalError(400, "InvalidImageURL.EmptyURL", text, parameter)


def bad_body(reason: str) -> RefusalError:
    """Return the refusal of a body that is not a JSON object."""
    return RefusalError(400, "InvalidParameter", f"The request body is not valid: {reason}", why="body")


def body_too_large(limit_bytes: int) -> RefusalError:
    """Return the refusal of a body over the size Ark documents for its other APIs."""
    return RefusalError(413, "InvalidParameter", f"The request body must be at most {limit_bytes} bytes.", why="body")


def unauthorized() -> RefusalError:
    """Return the refusal of a missing or wrong key."""
    text = "The API key in the request is missing or invalid."
    return RefusalError(401, "AuthenticationError", text, kind="Unauthorized", why="key")


def unknown_model(model: str) -> RefusalError:
    """Return the refusal of an id Ark does not list, such as one without its date."""
    text = f"The model or endpoint {model} does not exist or you do not have access to it."
    return RefusalError(404, "InvalidEndpointOrModel.NotFound", text, "", "Not Found", "model")


def closed_model(model: str) -> RefusalError:
    """Return the refusal of a model that has been shut down."""
    text = f"The model {model} has been shut down and can no longer be called."
    return RefusalError(404, "InvalidEndpointOrModel.ModelIDAccessDisabled", text, "", "Not Found", "model")


def internal_failure() -> RefusalError:
    """Return the refusal of a request the service could not finish for a reason of its own."""
    text = "The service hit an internal error."
    return RefusalError(500, "InternalServiceError", text, kind="InternalServerError", why="inside")
