"""A process that goes on with what another left: jobs whose client ended its server as soon as they were accepted.

Some clients start a server for each call. They kill it, and all it started in its process group, a few seconds after
the answer: less than a picture takes. `python -m seedream_hub.server.heir ID LOCK` is outside that group, and ends
when all is done.
"""

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seedream_hub.jobs.owners import Estate


def start_heir(estate: "Estate") -> None:
    """Start the process, in a session of its own; it takes the settings from the environment as this one did."""
    quiet = subprocess.DEVNULL
    subprocess.Popen(  # noqa: S603 - our own module, with what we made
        [sys.executable, "-m", "seedream_hub.server.heir", estate.id, str(estate.lock)],
        stdin=quiet,
        stdout=quiet,
        stderr=quiet,
        pass_fds=[estate.lock],
        start_new_session=True,
    )


def main(estate_id: str, lock: int) -> None:
    """Take over what was left, and bring it to its end."""
    from seedream_hub.jobs.owners import Estate
    from seedream_hub.schemas.language import language_of, speak

    from .app import make_desk
    from .limits_file import load_limits
    from .process import run
    from .settings import load_settings

    speak(language_of(os.environ))
    settings = load_settings()
    studio, desk = make_desk(settings, load_limits(settings.limits_file))
    studio.estate = Estate(estate_id, lock)

    async def work() -> None:
        async with studio.at_work(desk.prepare):
            await studio.see_through()

    run(studio, work)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
