"""Judges nobody here wrote find nothing, and docs/judges.md says what they looked at."""

from pathlib import Path

import pytest

from tests.judge import JUDGES
from tests.trial import PAGE, Trial
from tests.trials import TRIALS

# The first run installs the judges.
pytestmark = pytest.mark.timeout(300)


@pytest.mark.parametrize("trial", [pytest.param(trial, id=trial.name) for trial in TRIALS])
def test_the_judge_finds_nothing(trial: Trial, tmp_path: Path) -> None:
    checks = trial.run(tmp_path)
    assert [check for check in checks if check.problem] == []
    assert checks
    assert trial.row(checks) in PAGE.read_text(encoding="utf-8").splitlines()


def test_the_page_has_a_row_for_each_trial_and_no_other() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    assert len(rows) - 1 == len(TRIALS) == len({trial.name for trial in TRIALS})


@pytest.mark.parametrize("lock", sorted(JUDGES.glob("*/package-lock.json")), ids=lambda path: path.parent.name)
def test_a_lock_is_hashed_and_names_no_address_to_fetch_from(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert '"resolved"' not in text
    assert text.count('"version"') == text.count('"integrity"') > 0
