"""The engine of this process, made at the first call: nothing heavy is loaded before it."""

from importlib import import_module
from typing import TYPE_CHECKING, Final

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup
from pydantic import SecretStr

from seedream_hub.providers.account import Account
from seedream_hub.schemas.limits import Limits

from .accounts import SANDBOX, account_of
from .settings import ProviderName, Settings

if TYPE_CHECKING:
    from seedream_hub.jobs.engine import Engine
    from seedream_hub.providers.sandbox.server import Sandbox

SHUTDOWN_GRACE_S: Final = 10


class LazyStudio:
    """Lends tools the engine."""

    def __init__(self, settings: Settings, limits: Limits, provider: ProviderName) -> None:
        self._settings = settings
        self._limits = limits
        self._provider: ProviderName = provider
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

    async def close(self) -> None:
        """Finish what was sent, as far as the grace allows, and let go of everything."""
        if self._engine is None:
            return
        with anyio.move_on_after(SHUTDOWN_GRACE_S, shield=True):
            await self._engine.drain()
        with anyio.CancelScope(shield=True):
            await self._engine.upstream.aclose()
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

        journal = await Journal.open(self._settings.state_dir)
        library = Library(self._settings.output_dir, self._limits.call.max_image_bytes)
        upstream = Upstream(await self._account())
        return Engine(upstream, journal, library, self._tasks, self._settings.concurrency)

    async def _account(self) -> Account:
        if self._provider != SANDBOX:
            return account_of(self._provider, self._settings, self._limits)
        from seedream_hub.providers.sandbox.server import SandboxOptions, start_sandbox

        options = SandboxOptions(delay_s=self._settings.sandbox_delay_s)
        self._sandbox = await anyio.to_thread.run_sync(start_sandbox, options)
        return Account(SANDBOX, self._sandbox.base_url, SecretStr(self._sandbox.api_key))


def _load() -> None:
    """Import the heavy modules off the event loop, so that progress goes on."""
    for name in ("seedream_hub.jobs.engine", "seedream_hub.tools.result"):
        import_module(name)
