"""`seedream-hub generate`, `edit`, `fuse`, `batch` in pipes and scripts: JSON, exit codes, files, errors."""

import json
import os
import subprocess
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from seedream_hub.schemas.result import Result
from tests.commands import Done, run
from tests.sandboxed import Bench, picture, running, within_ten_seconds
from tests.support import COMMAND
from tests.test_draw_terminal import BAR, FOX, ark


@pytest.fixture
def bench() -> Generator[Bench]:
    with running() as at:
        yield at


def told(done: Done) -> Result:
    """Return the result, which must be all that was printed."""
    return Result.model_validate(json.loads(done.stdout))


def refused(done: Done) -> dict[str, object]:
    return json.loads(done.stdout)["error"]


def test_json_is_the_tools_structured_result_and_nothing_else() -> None:
    done = run(*FOX, "--count", "2", "--json")
    result = told(done)
    assert (done.returncode, result.status, result.delivered, result.sandbox) == (0, "completed", 2, True)
    assert all(Path(image.path).is_file() for image in result.images)
    assert "checked, starting" in done.stderr


def test_a_pipe_gets_each_path_on_a_line_of_its_own_and_no_bar() -> None:
    done = run(*FOX)
    (path,) = [line for line in done.stdout.splitlines() if line.startswith("/")]
    assert Path(path).is_file()
    assert "Pictures billed: 1, 0 CNY (estimated)." in done.stdout
    assert BAR not in done.stderr
    assert "\x1b" not in done.stdout + done.stderr


def test_quiet_says_nothing_on_stderr() -> None:
    assert run(*FOX, "--count", "2", "--quiet").stderr == ""


def test_a_bad_size_names_the_argument_and_a_value_that_works_and_sends_nothing(bench: Bench) -> None:
    bad = ("generate", "a fox", "--model", "seedream-4.5", "--size", "1500x1500")
    done = run(*bad, **ark(bench))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("seedream-hub generate: --size 1500x1500 is 2,250,000 px; seedream-4.5 takes")
    assert "1920x1920" in done.stderr
    error = refused(run(*bad, "--json", **ark(bench)))
    assert (error["code"], error["argument"], error["billed"]) == ("invalid_argument", "size", "no")
    assert bench.ledger()["requests"] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("generate", "a fox", "--count", "many"), '--count "many" is not a whole number; use 1 to 15'),
        (("generate", "a fox", "--aspect-ratio", "7:1"), "--aspect-ratio 7:1 is not offered; use 1:1"),
        (("generate", " "), "prompt"),
        (("generate",), "the following arguments are required: PROMPT"),
        (("batch", "four seasons"), "--count is missing; use 2 to 15"),
        (("edit", "nowhere.png", "make it night"), "image nowhere.png does not exist"),
        (("edit", "aaaaaaaaaaaaaaaa-0", "make it night"), "image aaaaaaaaaaaaaaaa-0 is no picture made here"),
        (("edit", f"{'x' * 300}.png", "make it night"), "xxx... does not exist"),
        (("edit", "A" * 2000, "make it night"), "image is base64 without a word on what it is"),
        (("jobs", "wait", "aaaaaaaaaaaaaaaa"), "ID aaaaaaaaaaaaaaaa is no job of this machine"),
        (("fuse", "--prompt", "both"), "the following arguments are required: IMAGE"),
    ],
)
def test_a_wrong_argument_ends_with_2_in_words_and_in_json(arguments: tuple[str, ...], said: str) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    as_json = run(*arguments, "--json")
    assert as_json.returncode == 2
    assert said in str(refused(as_json)["message"])


def test_a_wrong_setting_ends_with_2_in_words_and_in_json() -> None:
    done = run(*FOX, SEEDREAM_MAX_WAIT_S="long")
    assert (done.returncode, done.stdout) == (2, "")
    assert "SEEDREAM_MAX_WAIT_S" in done.stderr
    assert "SEEDREAM_MAX_WAIT_S" in str(refused(run(*FOX, "--json", SEEDREAM_MAX_WAIT_S="long"))["message"])


@pytest.mark.parametrize(("times", "code", "status"), [(1, 3, "partial"), (2, 1, "failed")])
def test_some_pictures_end_with_3_and_none_with_1(bench: Bench, times: int, code: int, status: str) -> None:
    bench.script("status", status=400, code="InvalidParameter", times=times)
    done = run(*FOX, "--count", "2", **ark(bench))
    assert done.returncode == code
    assert done.stdout.startswith(f"{status}: {2 - times} of 2 pictures")
    assert "A scripted fault" in done.stdout


def test_a_budget_ends_with_1_and_says_what_would_fit(bench: Bench) -> None:
    done = run(*FOX, "--count", "2", SEEDREAM_BUDGET="0.2 CNY/job", **ark(bench))
    assert (done.returncode, done.stdout, bench.billed()) == (1, "", 0)
    assert "SEEDREAM_BUDGET" in done.stderr
    assert "Next: What would fit: --count 1. Split it into several jobs, or raise SEEDREAM_BUDGET." in done.stderr


def test_wait_over_ends_with_4_keeps_what_was_sent_and_the_next_command_makes_the_rest() -> None:
    with running(delay_s=1.5) as bench:
        variables: dict[str, Any] = {**ark(bench), "SEEDREAM_CONCURRENCY": "1"}
        done = run(*FOX, "--count", "2", "--wait", "1", **variables)
        assert (done.returncode, bench.billed()) == (4, 1)
        assert "running: 1 of 2 pictures" in done.stdout
        job_id = done.stdout.partition("(job ")[2][:16]
        assert f"`seedream-hub jobs wait {job_id}`" in done.stdout
        rest = run("jobs", "wait", job_id, "--json", **variables)
        assert (rest.returncode, told(rest).status, bench.billed()) == (0, "completed", 2)


def test_wait_over_tells_of_every_picture_that_is_there() -> None:
    with running(delay_s=1.0) as bench:
        variables: dict[str, Any] = {**ark(bench), "SEEDREAM_CONCURRENCY": "7"}
        done = run(*FOX, "--count", "12", "--wait", "1", "--json", **variables)
        assert (done.returncode, told(done).status) == (4, "running")
        assert len(told(done).images) == bench.billed() == 7


def test_a_price_nobody_can_be_asked_about_is_told_as_a_warning_unless_yes_was_said(bench: Bench) -> None:
    costly: dict[str, Any] = {**ark(bench), "SEEDREAM_CONFIRM_ABOVE": "0.1 CNY"}
    assert "nobody confirmed it" in run(*FOX, **costly).stdout
    assert "nobody confirmed it" not in run(*FOX, "--yes", **costly).stdout


def test_a_person_may_name_any_file_of_theirs(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "near.png").write_bytes(picture((1024, 1024)))
    (tmp_path / "above.png").write_bytes(picture((1024, 1024)))
    for name in ("near.png", "../above.png", str(tmp_path / "above.png")):
        result = told(run("edit", name, "make it night", "--json", "--model", "seedream-4.0", cwd=work))
        assert (result.status, result.delivered) == ("completed", 1)
    fused = told(run("fuse", "near.png", "../above.png", "--prompt", "put both together", "--json", cwd=work))
    assert fused.delivered == 1


def test_a_picture_is_not_called_checked_before_it_is(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    done = run("edit", "broken.png", "make it night", cwd=tmp_path)
    assert done.returncode == 2
    assert "checking the references" in done.stderr
    assert "checked" not in done.stderr


def test_an_earlier_picture_is_named_by_its_id() -> None:
    first = told(run(*FOX, "--json"))
    assert told(run("edit", first.images[0].id, "make it night", "--json")).status == "completed"


def test_a_set_takes_references_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "fox.png").write_bytes(picture((1024, 1024)))
    done = run("batch", "the fox in 2 seasons", "--count", "2", "--image", "fox.png", "--json", cwd=tmp_path)
    assert told(done).delivered == 2


def test_a_prompt_comes_from_stdin() -> None:
    command = [COMMAND, "generate", "-", "--json"]
    done = subprocess.run(command, input="a red fox\n", capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["prompt_sent"] == "a red fox"


def viewer(folder: Path) -> dict[str, Any]:
    """Put a viewer into the PATH that writes down what it is to open."""
    program = folder / "xdg-open"
    program.write_text(f'#!/bin/sh\nprintf %s "$1" > {folder}/opening && mv {folder}/opening {folder}/opened\n')
    program.chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


def test_open_hands_the_picture_to_the_systems_viewer(tmp_path: Path) -> None:
    command = [COMMAND, *FOX, "--json", "--open"]
    done = subprocess.run(command, env={**os.environ, **viewer(tmp_path)}, capture_output=True, text=True, check=True)
    within_ten_seconds((tmp_path / "opened").exists)
    assert (tmp_path / "opened").read_text() == json.loads(done.stdout)["images"][0]["path"]


def test_a_viewer_that_is_missing_is_a_warning(tmp_path: Path) -> None:
    done = run(*FOX, "--open", PATH=str(tmp_path))
    assert done.returncode == 0
    assert "Warning: " in done.stderr
    assert "could not be opened: there is no program xdg-open here" in done.stderr


def test_a_viewer_that_fails_is_a_warning(tmp_path: Path) -> None:
    program = tmp_path / "xdg-open"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    done = run(*FOX, "--open", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert done.returncode == 0
    assert "could not be opened: xdg-open ended with code 3" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("genrate", "a fox"), "seedream-hub: genrate is no command; did you mean generate?"),
        (("paint",), "seedream-hub: paint is no command; `seedream-hub --help` lists them"),
        (("jobs", "shwo"), "seedream-hub jobs: shwo is no command; did you mean show?"),
        (("generate", "a", "red", "fox"), "generate: unrecognized arguments: red fox; put several words in quotes"),
        (("edit", "--image", "a.png", "night"), "it stands without a name: seedream-hub edit IMAGE PROMPT"),
        (("generate", "a fox", "--cuont", "2"), "unrecognized arguments: --cuont 2; did you mean --count?"),
        (("limits", "--colour"), "--colour; `seedream-hub limits --help` lists what it takes"),
    ],
)
def test_what_is_misspelled_gets_a_hint_in_one_line(arguments: tuple[str, ...], said: str) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert said in line


def test_it_speaks_chinese() -> None:
    done = run(*FOX, SEEDREAM_LANG="zh")
    assert "沙箱：本地绘制，未调用任何模型。" in done.stdout
    assert "检查" in done.stderr
    assert "退出码" in run("generate", "--help", SEEDREAM_LANG="zh").stdout


def test_help_shows_the_options_of_the_users_own_models() -> None:
    novita = run("generate", "--help", NOVITA_API_KEY="k", COLUMNS="200").stdout
    own = run("generate", "--help", COLUMNS="200").stdout
    assert "--web-search" in own
    assert "--web-search" not in novita
    assert "(1 to 15, default: 1)" in own
    assert "130 Ctrl-C" in own
