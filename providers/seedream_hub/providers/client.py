"""The one client that owns the network: it posts requests, reads answers as they come, and fetches pictures."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from random import uniform
from typing import Any, Final, TypeAlias, cast

import anyio
import httpx2 as httpx

from seedream_hub.schemas.errors import HubError, NetworkError, SettingsError, UpstreamError
from seedream_hub.schemas.language import later, say, sentences
from seedream_hub.schemas.limits import Json
from seedream_hub.schemas.outcome import Answering, News, Outcome, TaskNews
from seedream_hub.schemas.requests import ImageRequest

from .account import Account
from .ark_errors import LATER
from .dialect import Refused, Task
from .dialects import DIALECTS
from .download import Downloads
from .retry import is_transient, patiently, retry_after_s
from .stream import read_stream
from .timing import Timing
from .tls import trusted

Receive: TypeAlias = Callable[[News], Awaitable[None]]

SANDBOX_HEADER: Final = "x-seedream-hub-sandbox"
UPLOAD_FAILED: Final = "upload_failed"
CONSOLE: Final = later("Look at the provider's console before asking again.")
REDIRECTS: Final = 300
BAD_REQUEST: Final = 400
UNAUTHORIZED: Final = 401
NOT_FOUND: Final = 404
REQUEST_IDS: Final = ("x-request-id", "x-oneapi-request-id")
USABLE: Final = later("Name an HTTP or SOCKS5 proxy, such as HTTPS_PROXY=http://127.0.0.1:8080.")


class Upstream:
    """One account's connections."""

    def __init__(self, account: Account, timing: Timing = Timing(), *, allow_private_hosts: bool = False) -> None:  # noqa: B008 - frozen
        self.account = account
        self._dialect = DIALECTS[account.provider]
        self._timing = timing
        try:
            self._http = httpx.AsyncClient(
                verify=trusted(trust_env=not account.is_loopback),
                limits=httpx.Limits(max_connections=None),
                trust_env=not account.is_loopback,
                headers={"user-agent": "seedream-hub"},
            )
            self.downloads = Downloads(account, timing, allow_private_hosts=allow_private_hosts)
        except ValueError as exc:  # a kind of proxy that httpx does not know
            message = say("The proxy that the environment or the system names cannot be used.")
            raise SettingsError(message, next_step=say(USABLE)) from exc

    async def generate(self, request: ImageRequest, call_id: str, receive: Receive) -> Outcome:
        """Post one request, pass on every picture as soon as it is read, and return the whole. It is sent once.

        Raises:
            UpstreamError: If the provider refused it; nothing was received.
            NetworkError: If no answer came; `billed` is `no` only where nothing was sent.
        """
        url = f"{self.account.base_url}{self._dialect.path(request)}"
        headers = {**self._authorization, "x-client-request-id": call_id}
        body, timeout = self._dialect.body(request), self._timing.of_request(request.count)
        try:
            async with self._http.stream("POST", url, json=body, headers=headers, timeout=timeout) as response:
                outcome = await self._read(response, receive)
        except httpx.RequestError as exc:
            error = self._network_error(exc)
            error.host, error.request_id = self.account.host, _named(error, call_id)
            raise error from exc
        except UpstreamError as exc:
            exc.host, exc.request_id = self.account.host, _named(exc, call_id)
            raise self._redacted(self._explained(exc)) from None
        return self._clean(outcome)

    async def follow(self, task_id: str, receive: Receive, wait_s: float | None = None) -> Outcome:
        """Poll a task to its end; it is billed already, so whatever passes is asked again.

        Raises:
            HubError: If the task is gone or does not end in time.
        """
        wait_s = self._timing.first_poll_s if wait_s is None else wait_s
        with anyio.move_on_after(self._timing.task_s):
            while True:
                await anyio.sleep(wait_s)
                task, wait_s = await self._poll(task_id)
                if task.outcome:
                    return self._clean(task.outcome)
                await receive(TaskNews(task.id, task.percent))
        message = say(
            "Task {task} did not end within {seconds:g} s; it may still be billed.",
            task=task_id,
            seconds=self._timing.task_s,
        )
        raise NetworkError(message, code="task_timeout", billed="unknown", next_step=say(CONSOLE))

    async def look(self, task_id: str) -> Outcome:
        """Return a settled task as it is now, its links renewed; nothing if no answer comes in a download's time.

        Raises:
            HubError: If the task is gone, or the provider keeps none.
        """
        with anyio.move_on_after(self._timing.download_s):
            task, _ = await self._poll(task_id)
            return task.outcome or Outcome((), (), 0)
        return Outcome((), (), 0)

    async def lend(self, content: bytes, mime_type: str, name: str) -> str:
        """Upload a reference picture to where the provider can fetch it; return its link, good for three days.

        Raises:
            HubError: If the upload is refused; nothing was billed.
        """
        provider = self.account.provider
        try:
            response = await patiently(lambda: self._upload(content, mime_type, name), lambda it: bool(_link_in(it)))
        except httpx.RequestError as exc:
            message = say(
                "The reference could not be uploaded to {provider} ({reason}).",
                provider=provider,
                reason=type(exc).__name__,
            )
            raise NetworkError(message, code=UPLOAD_FAILED, retryable=True, next_step=say(LATER)) from exc
        if link := _link_in(response):
            return link
        if response.is_success:
            message = say(
                "The reference could not be uploaded to {provider}: what came was no answer of its Files API.",
                provider=provider,
            )
            raise UpstreamError(message, code=UPLOAD_FAILED, retryable=True, next_step=say(LATER))
        refused = self._redacted(self._explained(self._refusal(response, _object(response.content))))
        passes = is_transient(response.status_code)
        step = say(LATER) if passes else refused.next_step
        message = say(
            "The reference could not be uploaded to {provider}: {reason}", provider=provider, reason=refused.message
        )
        error = UpstreamError(message, code=UPLOAD_FAILED, retryable=passes, next_step=step)
        error.request_id, error.status = refused.request_id, refused.status
        raise error

    async def _upload(self, content: bytes, mime_type: str, name: str) -> httpx.Response:
        return await self._http.post(
            f"{self.account.files_url}{self._dialect.files_path}",
            files={"file": (name, content, mime_type)},
            headers=self._authorization,
            timeout=self._timing.of_download(),
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()
        await self.downloads.aclose()

    @property
    def _authorization(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.account.api_key.get_secret_value()}"}

    async def _read(self, response: httpx.Response, receive: Receive) -> Outcome:
        is_sandbox = SANDBOX_HEADER in response.headers
        request_id = _request_id(response)
        if response.is_success:
            await receive(Answering(request_id, is_sandbox))
        try:
            if response.is_success and self._dialect.event and _is_stream(response):
                outcome = await read_stream(response.aiter_bytes(), self._dialect.event, request_id, receive)
            else:
                outcome = await self._whole(response, await response.aread(), receive)
        except UpstreamError as exc:
            exc.sandbox = is_sandbox
            raise
        return replace(outcome, sandbox=is_sandbox)

    async def _whole(self, response: httpx.Response, content: bytes, receive: Receive) -> Outcome:
        answer, request_id = _object(content), _request_id(response)
        if not response.is_success:
            raise self._refusal(response, answer)
        if not answer:
            raise self._strange(content, request_id)
        outcome = self._dialect.parse(answer, request_id)
        if self._dialect.task:
            task = self._dialect.task(answer, request_id)
            await receive(TaskNews(task.id, task.percent))
            wait_s = retry_after_s(response.headers.get("retry-after"))
            outcome = task.outcome or await self.follow(task.id, receive, wait_s)
        for image in outcome.images:
            await receive(image)
        return outcome

    async def _poll(self, task_id: str) -> tuple[Task, float]:
        """Return the task, and how long to wait before the next look: what the upstream says, else a little."""
        if self._dialect.task is None:
            message = say("{provider} keeps no tasks.", provider=self.account.provider)
            raise UpstreamError(message, code="no_task", billed="unknown")
        url = f"{self.account.base_url}{self._dialect.task_path}{task_id}"
        while True:
            wait_s = uniform(*self._timing.poll_s)  # noqa: S311 - no secret
            try:
                response = await self._http.get(url, headers=self._authorization, timeout=self._timing.of_download())
            except httpx.RequestError:
                await anyio.sleep(wait_s)
                continue
            stated = retry_after_s(response.headers.get("retry-after"))
            wait_s = wait_s if stated is None else stated
            answer = _object(response.content)
            if response.is_success and answer.get("id"):
                return self._dialect.task(answer, _request_id(response)), wait_s
            if not is_transient(response.status_code) and not response.is_success:
                error = self._refusal(response, answer)
                error.billed, error.next_step = "unknown", say(CONSOLE)
                error.message = say(
                    "Task {task} could not be asked after: {reason}", task=task_id, reason=error.message
                )
                raise self._redacted(error)
            await anyio.sleep(wait_s)

    def _network_error(self, exc: httpx.RequestError) -> HubError:
        known = {"provider": self.account.provider, "host": self.account.host, "reason": type(exc).__name__}
        if isinstance(exc, httpx.ConnectError | httpx.ConnectTimeout | httpx.UnsupportedProtocol | httpx.ProxyError):
            message = say("{provider} ({host}) cannot be reached; nothing was sent ({reason}).", **known)
            step = sentences(self.account.url_advice or say("Check the network."), say("Then retry."))
            return NetworkError(message, code="unreachable", retryable=True, next_step=step)
        message = say(
            "{provider} ({host}) sent no answer after the request went out ({reason}); it may have been billed.",
            **known,
        )
        return NetworkError(message, code="no_answer", billed="unknown", next_step=say(CONSOLE))

    def _refusal(self, response: httpx.Response, answer: Json) -> UpstreamError:
        wait_s = retry_after_s(response.headers.get("retry-after"))
        return self._dialect.refusal(Refused(response.status_code, answer, _request_id(response), wait_s))

    def _strange(self, content: bytes, request_id: str | None) -> UpstreamError:
        """Say what a success brought that is no answer of any API."""
        text = content.lstrip()
        if text.startswith(b"<"):
            told = later("{provider} answered 200 with a page; it may have billed the request.")
        elif text:
            told = later("{provider} answered 200 with no JSON object; it may have billed the request.")
        else:
            told = later("{provider} answered 200 with nothing; it may have billed the request.")
        message = sentences(say(told, provider=self.account.provider), self.account.url_advice)
        return UpstreamError(message, code="unexpected_answer", billed="unknown", request_id=request_id)

    def _explained(self, error: UpstreamError) -> UpstreamError:
        """Name the settings a refusal may be about."""
        advice = self.account.url_advice
        if error.status == UNAUTHORIZED:
            error.next_step = self.account.key_advice
        elif error.status is not None and REDIRECTS <= error.status < BAD_REQUEST:
            check = advice or say("Check the network: a proxy may answer.")
            error.next_step = sentences(say("Redirects are not followed."), check)
        elif error.status == NOT_FOUND and advice:
            error.next_step = sentences(error.next_step or "", advice)
        return error

    def _redacted(self, error: UpstreamError) -> UpstreamError:
        """Cut the key out of an error text, should the upstream echo it."""
        error.message = self._without_key(error.message)
        error.args = (error.message,)
        return error

    def _clean(self, outcome: Outcome) -> Outcome:
        failures = tuple(replace(lost, message=self._without_key(lost.message)) for lost in outcome.failures)
        return replace(outcome, failures=failures)

    def _without_key(self, text: str) -> str:
        key = self.account.api_key.get_secret_value()
        return text.replace(key, "***") if key else text


def _object(content: bytes) -> Json:
    """Return the body as an object; anything else (a proxy's HTML page) as an empty one."""
    try:
        answer: Any = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return cast("Json", answer) if isinstance(answer, dict) else {}


def _link_in(response: httpx.Response) -> str | None:
    """Return the link an upload was given, where it was given one."""
    data = _object(response.content).get("data") if response.is_success else None
    link = cast("Json", data).get("file_url") if isinstance(data, dict) else None
    return link if isinstance(link, str) else None


def _request_id(response: httpx.Response) -> str | None:
    return next((value for name in REQUEST_IDS if (value := response.headers.get(name))), None)


def _named(error: HubError, call_id: str) -> str | None:
    """Return by which id the provider can be asked about a request: its own, or ours where it may have billed it."""
    return error.request_id or (call_id if error.billed == "unknown" else None)


def _is_stream(response: httpx.Response) -> bool:
    return response.headers.get("content-type", "").partition(";")[0].strip() == "text/event-stream"
