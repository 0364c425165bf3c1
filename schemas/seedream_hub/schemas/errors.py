"""One tree of errors: what happened, whose it is, what to do next, and whether money was spent.

HubError
├── ArgumentError        the caller's argument; nothing was sent
├── BudgetError          the user's own limit on money (`money`); nothing was sent
├── SettingsError        the user's configuration; nothing was sent
├── UpstreamError        the provider's answer
├── NetworkError         no answer: refused before anything was sent, or cut after it
├── NotAnImageError      the bytes behind a result link are not a whole picture
└── StorageError         the disk
"""

from typing import ClassVar, Final, Literal, TypeAlias

from .language import say

Billed: TypeAlias = Literal["yes", "no", "unknown"]

UNACCEPTED: Final = frozenset({401, 402, 403, 404, 429, 503})
"""HTTP statuses of accounts, models and capacity: the request itself may be fine elsewhere."""


class HubError(Exception):
    """The root. `str()` is a sentence a person or a model can act on."""

    code: ClassVar[str] = "error"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        billed: Billed = "no",
        retryable: bool = False,
        next_step: str | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.error_code = code or self.code
        self.billed: Billed = billed
        self.retryable = retryable
        self.next_step = next_step
        self.request_id = request_id
        self.argument: str | None = None
        """The argument at fault, where one is."""
        self.status: int | None = None
        """The upstream's HTTP status, where it answered."""
        self.retry_after_s: float | None = None
        self.host = ""
        """Whom we asked, where it is about an answer or the lack of one."""
        self.sandbox = False

    @property
    def is_unaccepted(self) -> bool:
        """Whether the upstream provably did not take the request on, so that another may be asked."""
        never_sent = self.error_code in {"unreachable", "upload_failed"}
        return self.billed == "no" and (never_sent or self.status in UNACCEPTED)


class ArgumentError(HubError):
    """An argument is outside what the upstream takes. Raised before any request."""

    code = "invalid_argument"

    def __init__(self, argument: str, problem: str, works: str, source: str | None = None) -> None:
        self.problem = problem
        cited = say(" (source: {source})", source=source) if source else ""
        told = say(
            "{argument} {problem}; {works}{cited}", argument=argument, problem=problem, works=works, cited=cited
        )
        super().__init__(told)
        self.argument = argument


class SettingsError(HubError):
    """An environment variable or a line of the settings file is wrong."""

    code = "invalid_settings"


class UpstreamError(HubError):
    """The provider refused, or failed to answer as documented."""

    code = "upstream_error"


class NetworkError(HubError):
    """The provider could not be reached, or the connection broke."""

    code = "network_error"


class NotAnImageError(HubError):
    """What arrived is no whole picture: an HTML page, a truncated file, nothing."""

    code = "not_an_image"


class StorageError(HubError):
    """A file or folder cannot be written or read."""

    code = "storage_error"
