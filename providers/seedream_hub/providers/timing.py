"""How long to wait for what, in seconds."""

from dataclasses import dataclass

import httpx2 as httpx


@dataclass(frozen=True, slots=True)
class Timing:
    """One picture takes up to 83 s, a set of nine about 6 min (measured, 2026-09): a shorter wait pays and loses."""

    connect_s: float = 10
    write_s: float = 120
    single_s: float = 300
    set_s: float = 600
    download_s: float = 60
    first_poll_s: float = 3
    poll_s: tuple[float, float] = (3, 5)
    task_s: float = 600

    def of_request(self, count: int) -> httpx.Timeout:
        """Return the time-outs of a request for that many pictures."""
        read_s = self.single_s if count == 1 else self.set_s
        return httpx.Timeout(read_s, connect=self.connect_s, write=self.write_s, pool=None)

    def of_download(self) -> httpx.Timeout:
        """Return the time-outs of everything that costs nothing: downloads, polls, uploads."""
        return httpx.Timeout(self.download_s, connect=self.connect_s, write=self.write_s, pool=None)
