"""Word Ark's refusals: status, code, message, parameter and type of the documented error body.

Codes: Ark document 1299023. Message patterns: recorded answers of the live service (2026-08 to 2026-10).
"""


class ArkError(Exception):
    """Refuse a request the way Ark does; `parameter` names the field at fault, empty when there is none."""

    def __init__(self, status: int, code: str, message: str, parameter: str = "", kind: str = "BadRequest") -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.parameter = parameter
        self.kind = kind


def invalid(parameter: str, why: str) -> ArkError:
    """Return the refusal of a value that is out of range or of the wrong type."""
    text = f"The parameter `{parameter}` specified in the request is not valid: {why}"
    return ArkError(400, "InvalidParameter", text, parameter)


def unsupported(parameter: str) -> ArkError:
    """Return the refusal of a field this model may not be sent."""
    text = f"The parameter `{parameter}` is not supported by the current model."
    return ArkError(400, "InvalidParameter", text, parameter)


def missing(parameter: str) -> ArkError:
    """Return the refusal of a request without a required field."""
    text = f"The request failed because it is missing `{parameter}` parameter."
    return ArkError(400, "MissingParameter", text, parameter)


def unreadable_image(why: str) -> ArkError:
    """Return the refusal of image data that cannot be parsed as a picture of a supported format."""
    text = f"The parameter `image` specified in the request is not valid: {why}"
    return ArkError(400, "InvalidImageURL.InvalidFormat", text, "image")


def empty_image() -> ArkError:
    """Return the refusal of an empty string where a picture should be."""
    text = "The parameter `image` specified in the request is not valid: the image url is empty."
    return ArkError(400, "InvalidImageURL.EmptyURL", text, "image")


def bad_body(why: str) -> ArkError:
    """Return the refusal of a body that is not a JSON object."""
    return ArkError(400, "InvalidParameter", f"The request body is not valid: {why}")


def body_too_large(limit_bytes: int) -> ArkError:
    """Return the refusal of a body over the size Ark documents for its other APIs."""
    return ArkError(413, "InvalidParameter", f"The request body must be at most {limit_bytes} bytes.")


def unauthorized() -> ArkError:
    """Return the refusal of a missing or wrong key."""
    text = "The API key in the request is missing or invalid."
    return ArkError(401, "AuthenticationError", text, kind="Unauthorized")


def unknown_model(model: str) -> ArkError:
    """Return the refusal of an id Ark does not list, such as one without its date."""
    text = f"The model or endpoint {model} does not exist or you do not have access to it."
    return ArkError(404, "InvalidEndpointOrModel.NotFound", text, kind="Not Found")


def closed_model(model: str) -> ArkError:
    """Return the refusal of a model that has been shut down."""
    text = f"The model {model} has been shut down and can no longer be called."
    return ArkError(404, "InvalidEndpointOrModel.ModelIDAccessDisabled", text, kind="Not Found")
