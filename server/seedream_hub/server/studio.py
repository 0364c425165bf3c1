"""The engine of this process, made at the first call: nothing heavy is loaded before it."""

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup
from pydantic import SecretStr

from seedream_hub.providers.account import Account
from seedream_hub.schemas.arguments import Purpose
from seedream_hub.schemas.errors import HubError
from seedream_hub.schemas.found import Findings, Wanted
from seedream_hub.schemas.limits import Limits
from seedream_hub.schemas.money import NO_BUDGET
from seedream_hub.schemas.result import ImageRecord

from .accounts import SANDBOX, account_of
from .memory import give_back
from .settings import ProviderName, Settings

if TYPE_CHECKING:
    from seedream_hub.jobs.branch import Branch
    from seedream_hub.jobs.engine import Engine
    from seedream_hub.jobs.journal import Journal
    from seedream_hub.jobs.library import Library
    from seedream_hub.jobs.recovery import Prepare
    from seedream_hub.jobs.reference_book import ReferenceBook
    from seedream_hub.providers.sandbox.server import Sandbox
    from seedream_hub.providers.timing import Timing

SHUTDOWN_GRACE_S: Final = 8
"""How long what was sent is waited for at the end; clients kill what has not ended 10 s after SIGTERM."""

FIRST_LOOK_S: Final = 0.5
"""The first answers go first."""

LOOK_S: Final = 1.0

log: Final = logging.getLogger(__name__)


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
        self._has_looked = False
        self._trouble = ""
        self.part: Callable[[], None] | None = None
        """Called when the client is gone: nobody ends this process after that, and it sees its jobs through."""
        self.allowed: tuple[Path, ...] = ()
        """Files that may be read as references, wherever they lie."""
        self.on_stored: list[Callable[[ImageRecord], None]] = []
        """Called whenever a picture is there."""
        self.closed = anyio.Event()
        """Set once nothing more is done."""

    @asynccontextmanager
    async def at_work(self, prepare: "Prepare") -> AsyncGenerator[None]:
        """Give the engine's tasks a home that outlives every call, and look after what other processes left.

        Inside another one nothing is done: whatever breaks there ends no task.
        """
        if self._tasks:
            yield
            return
        try:
            async with anyio.create_task_group() as tasks:
                self._tasks = tasks
                async with anyio.create_task_group() as keeper:
                    keeper.start_soon(self._tend, prepare)
                    try:
                        yield
                    finally:
                        keeper.cancel_scope.cancel()
                        with anyio.CancelScope(shield=True):
                            await self.see_off()
                        tasks.cancel_scope.cancel()
        finally:
            self._tasks = None
            await self._close()

    async def engine(self) -> "Engine":
        """Return the engine; the first call makes it.

        Raises:
            StorageError: If the journal cannot be opened.
        """
        async with self._making:
            if self._engine is None:
                self._engine = await self._make()
            return self._engine

    async def references(self, named: dict[str, str], purpose: Purpose, *, trusted: bool = False) -> "ReferenceBook":
        """Read the references a call names; those that came as data are kept in the state folder.

        Raises:
            ArgumentError: If one is no picture, or none that may be read.
            StorageError: If the journal cannot be opened.
        """
        engine = await self.engine()
        from seedream_hub.jobs.reference_book import BookRules, ReferenceBook  # see the module's docstring
        from seedream_hub.jobs.reference_spool import ReferenceSpool
        from seedream_hub.jobs.references import ReferenceReader

        most, spool = self._limits.call.max_image_bytes, ReferenceSpool(self._settings.state_dir)
        folders = (Path(Path.cwd().anchor),) if trusted else self._read_dirs()
        reader = ReferenceReader(folders, engine.find, most)
        again = ReferenceReader((Path(Path.cwd().anchor),), engine.find, most)
        read = {argument: await reader.read(value, argument) for argument, value in named.items()}
        kept = {argument: await spool.keep(reference) for argument, reference in read.items()}
        rules = BookRules(self._limits, convert=self._settings.convert == "auto", purpose=purpose)
        return ReferenceBook(read, kept, again, rules)

    async def found(self, wanted: Wanted) -> Findings:
        """Look for pictures in the journal, and open nothing else.

        Raises:
            StorageError: If it cannot be read.
        """
        from seedream_hub.jobs.search import search  # see the module's docstring

        return await anyio.to_thread.run_sync(search, self._settings.state_dir, wanted)

    def _read_dirs(self) -> tuple[Path, ...]:
        """Return the folders references may lie in; a client that starts us at the root does not open all of it."""
        working = Path.cwd()
        here = () if working == Path(working.anchor) else (working,)
        return (self._settings.output_dir, *here, *self._settings.read_dirs, *self.allowed)

    async def _tend(self, prepare: "Prepare") -> None:
        """Look after what other processes left behind, as long as this one lives."""
        await anyio.sleep(FIRST_LOOK_S)
        while True:
            if self._engine is None and await anyio.to_thread.run_sync(has_dead_peers, self._settings.state_dir):
                with suppress(HubError):  # the next call says what is wrong with the state folder
                    await self.engine()
            if self._engine:
                await self._look_after(self._engine, prepare)
            await anyio.sleep(LOOK_S)

    async def _look_after(self, engine: "Engine", prepare: "Prepare") -> None:
        from seedream_hub.jobs.recovery import Recovery  # see the module's docstring

        try:
            if not self._has_looked or await anyio.to_thread.run_sync(has_dead_peers, self._settings.state_dir):
                await Recovery(engine, prepare).adopt()
                self._has_looked = True
            await engine.heed()
            self._trouble = ""
        except HubError as exc:
            if exc.message != self._trouble:  # it is looked every second, and told once
                log.error("%s", exc.message)  # noqa: TRY400 - no bug of ours
            self._trouble = exc.message

    async def see_off(self) -> None:
        """See the jobs through after a client that is gone; without a process that may outlive it, as `finish`."""
        if self.part is None:
            await self.finish()
            return
        self.part()
        if self._engine:
            self._engine.end_calls()
            await self._engine.drain()
            await self._engine.house.backlog.flush()

    async def finish(self) -> None:
        """Send nothing more, and finish what was sent as far as the grace allows."""
        if self._engine:
            with anyio.move_on_after(SHUTDOWN_GRACE_S, shield=True):
                await self.settle()
                await self._engine.house.backlog.flush()

    async def settle(self) -> None:
        """Send nothing more, and wait for all that was sent, however long it takes."""
        if self._engine:
            self._engine.stop()
            await self._engine.drain()

    async def cancel_since(self, moment: str) -> list[str]:
        """Send nothing more of the jobs that were begun here since a moment (ISO 8601); return their ids."""
        if self._engine is None:
            return []
        begun = [job.id for job in self._engine.jobs if job.created >= moment]
        for job_id in begun:
            await self._engine.cancel(job_id)
        return begun

    async def _close(self) -> None:
        """Let go of everything. No task is left that could take a closed connection for an answer."""
        with anyio.CancelScope(shield=True):
            if self._engine:
                for branch in self._engine.branches.values():
                    await branch.upstream.aclose()
                await self._engine.journal.aclose()
                self._engine.owner.leave(is_done=not self._engine.jobs)
            if self._sandbox:
                await anyio.to_thread.run_sync(self._sandbox.stop)
        self.closed.set()

    async def _make(self) -> "Engine":
        if self._tasks is None:
            raise RuntimeError("the studio is not open")
        await anyio.to_thread.run_sync(_load)
        from seedream_hub.jobs.engine import Engine  # see the module's docstring
        from seedream_hub.jobs.journal import Journal
        from seedream_hub.jobs.owners import Owner
        from seedream_hub.jobs.reference_spool import ReferenceSpool
        from seedream_hub.jobs.spending import Spending
        from seedream_hub.providers.retry import log_retries

        log_retries()
        settings = self._settings
        spending = Spending(self._limits, settings.budget or NO_BUDGET)
        journal, owner = await Journal.open(settings.state_dir, spending), Owner(settings.state_dir)
        try:
            await anyio.to_thread.run_sync(owner.arrive)
            branches = {provider: await self._branch(provider, journal) for provider in self._providers}
        except HubError:
            await journal.aclose()
            owner.leave(is_done=True)
            raise
        await anyio.to_thread.run_sync(ReferenceSpool(settings.state_dir).sweep)
        library = library_of(settings, self._limits)
        engine = Engine(branches, journal, library, owner, self._tasks, retry_ambiguous=settings.retry_ambiguous)
        engine.house.on_stored.extend(self.on_stored)
        return engine

    async def _branch(self, provider: ProviderName, journal: "Journal") -> "Branch":
        from seedream_hub.jobs.branch import Branch  # see the module's docstring
        from seedream_hub.providers.client import Upstream
        from seedream_hub.providers.timing import Timing

        settings, timing = self._settings, self._timing or Timing()
        account = await self._account(provider)
        return Branch(
            Upstream(account, timing, allow_private_hosts=settings.allow_private_hosts),
            journal,
            concurrency=settings.concurrency,
            per_minute=settings.images_per_minute,
            is_free=provider == SANDBOX,
        )

    async def _account(self, provider: ProviderName) -> Account:
        if provider != SANDBOX:
            return account_of(provider, self._settings, self._limits)
        from seedream_hub.providers.sandbox.server import SandboxOptions, start_sandbox

        options = SandboxOptions(delay_s=self._settings.sandbox_delay_s)
        self._sandbox = await anyio.to_thread.run_sync(start_sandbox, options)
        return Account(SANDBOX, self._sandbox.base_url, SecretStr(self._sandbox.api_key))


def library_of(settings: Settings, limits: Limits) -> "Library":
    """Return where pictures are saved."""
    from seedream_hub.jobs.library import Library  # see the module's docstring
    from seedream_hub.jobs.object_store import ObjectStore
    from seedream_hub.jobs.scribe import Scribe
    from seedream_hub.jobs.shelf import Folder

    rescued = Folder(settings.state_dir / "rescued", "SEEDREAM_STATE_DIR")
    scribe = Scribe(settings.metadata, limits)
    if settings.storage:
        return Library(ObjectStore(settings.storage, rescued), limits.call.max_image_bytes, rescued, scribe)
    folder = Folder(settings.output_dir, "SEEDREAM_OUTPUT_DIR")
    return Library(folder, limits.call.max_image_bytes, rescued, scribe)


def has_dead_peers(state_dir: Path) -> bool:
    """Say whether a process left a lock behind; nothing is loaded where none ever worked."""
    if not (state_dir / "owners").is_dir():
        return False
    from seedream_hub.jobs.owners import has_dead_peers as look  # not loaded before it is needed

    return look(state_dir)


def _load() -> None:
    """Import the heavy modules off the event loop, so that progress goes on."""
    give_back()
    for name in ("seedream_hub.jobs.engine", "seedream_hub.tools.result"):
        import_module(name)
