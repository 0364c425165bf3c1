"""Give memory back that was needed for a moment."""

import sys
from typing import Final

MMAP_THRESHOLD: Final = -3
TRIM_THRESHOLD: Final = -1
LARGE_BYTES: Final = 128 * 1024


def give_back() -> None:
    """Tell glibc to return blocks of 128 kB and more to the system when they are freed.

    By itself it raises that bound to the largest block seen, up to 32 MB: then what one picture needed stays, once
    for each thread (bench/throughput.md). Other systems are left as they are.
    """
    if not sys.platform.startswith("linux"):
        return
    import ctypes  # not loaded where it is of no use

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt:
        mallopt(MMAP_THRESHOLD, LARGE_BYTES)
        mallopt(TRIM_THRESHOLD, LARGE_BYTES)
