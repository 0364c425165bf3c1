"""Every trial there is; `python -m bench.judges` runs them all."""

from typing import Final

from tests.trial import Trial
from tests.trials_conformance import CONFORMANCE
from tests.trials_frameworks import FRAMEWORKS
from tests.trials_inspector import INSPECTOR
from tests.trials_raw import RAW

TRIALS: Final[tuple[Trial, ...]] = (*FRAMEWORKS, *RAW, *CONFORMANCE, *INSPECTOR)
