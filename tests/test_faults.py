"""The fault matrix: what each fault of the sandbox comes to at each dialect, measured again and compared."""

import re
from typing import get_args

import pytest

from bench.faults import PAGE, SECTIONS, page
from seedream_hub.providers.dialects import DIALECTS
from seedream_hub.providers.sandbox.faults import Fault

CELLS = re.compile(r"^\| (.+) \|$", re.MULTILINE)


def rows() -> list[list[str]]:
    lines = (found.split(" | ") for found in CELLS.findall(PAGE.read_text(encoding="utf-8")))
    return [cells for cells in lines if cells[0] != "what happens"]


@pytest.mark.timeout(300)
async def test_the_fault_matrix_says_what_really_happens() -> None:
    assert await page() == PAGE.read_text(encoding="utf-8")


def test_the_fault_matrix_has_every_fault_of_the_sandbox_at_every_dialect() -> None:
    kinds = {get_args(fault.model_fields["fault"].annotation)[0] for fault in get_args(Fault)}
    shown = {case.fault["fault"] for cases in SECTIONS.values() for case in cases if case.fault}
    assert shown == kinds
    assert {name for cells in rows() for name in cells[1].split(", ")} == {*DIALECTS, "all"} - {"byteplus", "sandbox"}
    assert DIALECTS["byteplus"] == DIALECTS["ark"]


def test_in_the_fault_matrix_nothing_is_paid_twice_unless_the_user_said_so() -> None:
    for what, _, _, _, billed, sent, *_ in rows():
        if "SEEDREAM_RETRY_AMBIGUOUS=1" not in what:
            assert int(billed) <= 3, what
            assert int(billed) == 0 or int(sent) == 1 or "once" in what, what


def test_in_the_fault_matrix_no_picture_is_called_free_that_was_billed() -> None:
    for what, _, _, saved, billed, _, _, told, *_ in rows():
        if int(billed) > int(saved):
            assert told in {"yes", "unknown"} or "SEEDREAM_RETRY_AMBIGUOUS=1" in what, what
        assert int(saved) <= int(billed), what
