"""Every trial there is; `python -m bench.judges` runs them all."""

from typing import Final

from tests.trial import Trial

TRIALS: Final[tuple[Trial, ...]] = ()
