"""Run every judge nobody here wrote and write their table into docs/judges.md; exit 1 if one finds fault."""

import logging
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.trial import MARK, PAGE, Check, Trial
from tests.trials import TRIALS

HEAD = "| judge | version | revision | over | checks passed |\n|---|---|---|---|---|\n"


def main() -> int:
    for name in list(os.environ):
        if name.startswith("SEEDREAM_") or name.endswith("_API_KEY"):
            del os.environ[name]  # the settings of whoever runs this: no judge is to pay
    logging.basicConfig(level=logging.ERROR)  # what the server warns of, judges provoke
    with ThreadPoolExecutor(max_workers=2) as pool:
        all_checks = list(pool.map(judged, TRIALS))
    table = HEAD + "".join(f"{trial.row(checks)}\n" for trial, checks in zip(TRIALS, all_checks, strict=True))
    PAGE.write_text(PAGE.read_text(encoding="utf-8").partition(MARK)[0] + MARK + table, encoding="utf-8")
    sys.stdout.write(table)
    faults = [
        f"{trial.name}: {check.name}: {check.problem}\n"
        for trial, checks in zip(TRIALS, all_checks, strict=True)
        for check in checks
        if check.problem
    ]
    sys.stderr.writelines(faults)
    return bool(faults)


def judged(trial: Trial) -> list[Check]:
    """Run one, and say that it is done: all of them take minutes."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        checks = trial.run(Path(folder))
    sys.stderr.write(f"{trial.row(checks).strip('| ')} ({time.monotonic() - began:.0f} s)\n")
    return checks


if __name__ == "__main__":
    raise SystemExit(main())
