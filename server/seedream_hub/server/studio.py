"""The engine of this process, made at the first call: nothing heavy is loaded before it."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup
from pydantic import SecretStr

from seedream_hub.providers.account import Account
from seedream_hub.schemas.arguments import Purpose
from seedream_hub.schemas.limits import Limits

from .accounts import SANDBOX, account_of
from .settings import ProviderName, Settings

if TYPE_CHECKING:
    from seedream_hub.jobs.engine import Engine
    from seedream_hub.jobs.reference_book import ReferenceBook
    from seedream_hub.providers.sandbox.server import Sandbox
    from seedream_hub.providers.timing import Timing

SHUTDOWN_GRACE_S: Final = 10


class LazyStudio:
    """Lends tools the engine."""

    def __init__(
        self,
        settings: Settings,
        limits: Limits,
        providers: tuple[ProviderName, ...],
        timing: "Timing | None" = None,
    ) -> None:
        self._settings = settings
        self._limits = limits
        self._providers = providers
        self._timing = timing
        self._making = anyio.Lock()
        self._tasks: TaskGroup | None = None
        self._engine: Engine | None = None
        self._sandbox: Sandbox | None = None

    def open(self, tasks: TaskGroup) -> None:
        """Say where the engine's tasks shall run."""
        self._tasks = tasks

    async def engine(self) -> "Engine":
        """Return the engine; the first call makes it.

        Raises:
            StorageError: If the journal cannot be opened.
        """
        async with self._making:
            if self._engine is None:
                self._engine = await self._make()
            return self._engine

    async def references(self, named: dict[str, str], purpose: Purpose) -> "ReferenceBook":
        """Read the references a call names; the first call that names any loads what reads them.

        Raises:
            ArgumentError: If one is no picture, or none that may be read.
            StorageError: If the journal cannot be opened.
        """
        engine = await self.engine()
        from seedream_hub.jobs.reference_book import ReferenceBook  # see the module's docstring
        from seedream_hub.jobs.references import ReferenceReader

        reader = ReferenceReader(self._read_dirs(), engine.find, self._limits.call.max_image_bytes)
        read = {argument: await reader.read(value, argument) for argument, value in named.items()}
        return ReferenceBook(read, self._limits, convert=self._settings.convert == "auto", purpose=purpose)

    def _read_dirs(self) -> tuple[Path, ...]:
        """Return the folders references may lie in; a client that starts us at the root does not open all of it."""
        working = Path.cwd()
        here = () if working == Path(working.anchor) else (working,)
        return (self._settings.output_dir, *here, *self._settings.read_dirs)

    async def close(self) -> None:
        """Finish what was sent, as far as the grace allows, and let go of everything."""
        if self._engine is None:
            return
        with anyio.move_on_after(SHUTDOWN_GRACE_S, shield=True):
            await self._engine.drain()
        with anyio.CancelScope(shield=True):
            for upstream in self._engine.upstreams.values():
                await upstream.aclose()
            await self._engine.journal.aclose()
            if self._sandbox:
                await anyio.to_thread.run_sync(self._sandbox.stop)

    async def _make(self) -> "Engine":
        if self._tasks is None:
            raise RuntimeError("the studio is not open")
        await anyio.to_thread.run_sync(_load)
        from seedream_hub.jobs.engine import Engine  # see the module's docstring
        from seedream_hub.jobs.journal import Journal
        from seedream_hub.jobs.library import Library
        from seedream_hub.providers.client import Upstream
        from seedream_hub.providers.retry import log_retries
        from seedream_hub.providers.timing import Timing

        log_retries()
        journal = await Journal.open(self._settings.state_dir)
        library = Library(self._settings.output_dir, self._limits.call.max_image_bytes)
        settings, timing = self._settings, self._timing or Timing()
        private = settings.allow_private_hosts
        upstreams = {
            provider: Upstream(await self._account(provider), timing, allow_private_hosts=private)
            for provider in self._providers
        }
        return Engine(
            upstreams,
            journal,
            library,
            self._tasks,
            concurrency=settings.concurrency,
            retry_ambiguous=settings.retry_ambiguous,
        )

    async def _account(self, provider: ProviderName) -> Account:
        if provider != SANDBOX:
            return account_of(provider, self._settings, self._limits)
        from seedream_hub.providers.sandbox.server import SandboxOptions, start_sandbox

        options = SandboxOptions(delay_s=self._settings.sandbox_delay_s)
        self._sandbox = await anyio.to_thread.run_sync(start_sandbox, options)
        return Account(SANDBOX, self._sandbox.base_url, SecretStr(self._sandbox.api_key))


def _load() -> None:
    """Import the heavy modules off the event loop, so that progress goes on."""
    for name in ("seedream_hub.jobs.engine", "seedream_hub.tools.result"):
        import_module(name)
