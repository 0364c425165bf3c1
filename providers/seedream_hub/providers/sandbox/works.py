"""Hold what the services of all dialects share."""

from dataclasses import dataclass

from .callbacks import Callbacks
from .downloads import Downloads
from .faults import Faults
from .objects import Objects
from .options import SandboxOptions
from .store import Store
from .studio import Studio


@dataclass(frozen=True, slots=True)
class Works:
    """Hold the parts one sandbox has once."""

    options: SandboxOptions
    store: Store
    studio: Studio
    callbacks: Callbacks
    faults: Faults
    downloads: Downloads

    @property
    def objects(self) -> Objects:
        """Return the links to pictures and files."""
        return Objects(self.store, self.options.clock)
