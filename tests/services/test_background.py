from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from alignlab.config import Config
from alignlab.errors import AlignlabError
from alignlab.services.background import Task, TaskIsRunningError


@pytest.fixture
def task(tmp_path) -> Task:
    return Task(Config(data_dir=tmp_path), "maps-demo")


def in_another_process(task: Task, body: str) -> subprocess.Popen:
    script = (
        "import pathlib, time\nfrom alignlab.config import Config\nfrom alignlab.services.background import Task\n"
        f"task = Task(Config(data_dir=pathlib.Path({str(task.config.data_dir)!r})), {task.name!r})\n"
        f"def work(step):\n{body}\n"
        "task.run(work)\n"
    )
    return subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)


def wait_until(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def test_progress_is_published_and_ends_in_done(task):
    seen = []
    task.run(lambda step: seen.append((step(1, 4, "first quarter"), task.progress())))
    assert seen[0][0] is True
    assert seen[0][1].fraction == 0.25
    assert seen[0][1].message == "first quarter"
    assert task.progress().done
    assert not task.is_running()


def test_a_failure_is_told_in_words(task):
    def work(step):
        raise AlignlabError("The disk is full.", remedy="Make room.")

    with pytest.raises(AlignlabError, match="disk is full"):
        task.run(work)
    assert task.progress().error == "The disk is full. Make room."
    assert not task.progress().done


def test_only_one_process_does_the_work(task):
    other = in_another_process(task, "    step(1, 2, 'half'); time.sleep(60)")
    try:
        wait_until(task.is_running)
        with pytest.raises(TaskIsRunningError, match="running already"):
            task.run(lambda step: None)
    finally:
        other.kill()
        other.wait()


def test_a_killed_process_frees_the_lock_and_is_reported(task):
    other = in_another_process(task, "    step(1, 2, 'half way'); time.sleep(60)")
    wait_until(lambda: task.progress().message == "half way")
    os.kill(other.pid, signal.SIGKILL)
    other.wait()
    progress = task.progress()
    assert not task.is_running()
    assert "stopped while half way" in progress.error
    assert str(task.log_path) in progress.error
    task.run(lambda step: None)
    assert task.progress().done


def test_a_started_command_that_fails_leaves_its_reason(task):
    task.start(["project", "--background", "--run", "none", "--survey", "none"])
    wait_until(lambda: bool(task.progress().error) and not task.is_running())
    wait_until(lambda: "There is no survey 'none'" in task.log_path.read_text())
