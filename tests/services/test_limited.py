"""Work in a process of its own: its answer, its errors, its progress; and every way in which it can go wrong."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from alignlab.errors import AlignlabError
from alignlab.progress import StoppedError
from alignlab.services.limited import LimitError, Limits, run_limited, warm_up

TASKS = "tests.services.limited_tasks"
SHORT = Limits(wall_s=1, memory_mb=300, file_mb=2)


@pytest.fixture(scope="module", autouse=True)
def warm() -> None:
    warm_up()
    run_limited(f"{TASKS}:double", {"number": 0}, what="Warming up")


def limited(task: str, *, limits: Limits = SHORT, **arguments: object) -> dict[str, object]:
    return run_limited(f"{TASKS}:{task}", arguments, what="Reading it", limits=limits)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_an_answer_comes_back_with_progress_from_another_process():
    told = []
    answer = run_limited(
        f"{TASKS}:double", {"number": 21}, what="Doubling", on_step=lambda *step: told.append(step) is None
    )
    assert answer["number"] == 42
    assert answer["process"] != os.getpid()
    assert told[0] == (0, 3, "doubling")


def test_the_process_sees_no_keys(monkeypatch):
    # Whatever the server was started with: nothing of this sort is ever handed on.
    monkeypatch.setenv("ALIGNLAB_ADS_TOKEN", "canary")
    monkeypatch.setenv("OPENAI_API_KEY", "canary")
    names = limited("double", number=1)["environment"]
    assert not {name for name in names if "TOKEN" in name or "KEY" in name or name.startswith("ALIGNLAB")}
    assert "PATH" in names


def test_an_error_for_a_person_arrives_as_it_is():
    with pytest.raises(AlignlabError, match="it is green") as raised:
        limited("refuse")
    assert raised.value.remedy == "Paint it."
    assert not isinstance(raised.value, LimitError)


WRONG = {
    "surprise": "failed.*KeyError: 'COUNTS'",
    "spin": "took more than 1 s",
    "grow": "needs more than .* GB of memory, while reading large.fits",
    "crash": r"ended its process, while reading odd.fits \(SIGSEGV\)",
}


@pytest.mark.parametrize("task", WRONG)
def test_what_goes_wrong_is_told_and_the_next_work_is_done(task):
    with pytest.raises(LimitError, match=f"^Reading it {WRONG[task]}") as raised:
        limited(task)
    assert raised.value.remedy
    assert limited("double", number=2)["number"] == 4


def test_time_is_up_even_in_a_library(tmp_path):
    with pytest.raises(LimitError, match="took more than 1 s, while sleeping") as raised:
        limited("sleep", note=str(tmp_path / "pid"))
    assert raised.value.doing == "sleeping"
    assert not is_running(int((tmp_path / "pid").read_text()))


def test_no_large_file_is_written(tmp_path):
    with pytest.raises(LimitError, match="File too large"):
        limited("write", path=str(tmp_path / "large"), limits=Limits(wall_s=5, file_mb=2))
    assert (tmp_path / "large").stat().st_size <= 2 * 1024**2


def test_who_no_longer_waits_has_the_process_ended(tmp_path):
    note = tmp_path / "pid"
    with pytest.raises(StoppedError):
        run_limited(
            f"{TASKS}:sleep", {"note": str(note)}, what="Sleeping", limits=Limits(wall_s=60),
            on_step=lambda *_: not note.exists(),
        )  # fmt: skip
    pid = int(note.read_text())
    deadline = time.monotonic() + 5
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_running(pid)


def test_many_at_once_get_their_own_answers(tmp_path: Path):
    found: dict[int, object] = {}

    def ask(number: int) -> None:
        found[number] = limited("double", number=number, limits=Limits())["number"]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: 2 * number for number in range(12)}


def test_a_server_that_was_killed_is_started_again():
    from alignlab.services import limited as module

    process = module._server._process
    process.kill()
    process.wait()
    assert limited("double", number=3, limits=Limits())["number"] == 6
