"""The browser's code: its own tests run under Node, and the bundle builds from what is in the repository."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from alignlab.errors import MissingArtefactError
from alignlab.ui import frontend_build

SCRIPTS = sorted(Path(__file__).with_name("frontend").glob("*.test.js"))


def test_arithmetic_under_node():
    command = [*frontend_build.find_node().node, "--test", *map(str, SCRIPTS)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-2000:]


def test_a_missing_bundle_names_the_command(monkeypatch, tmp_path):
    monkeypatch.setattr(frontend_build, "bundle_path", lambda name: tmp_path / f"{name}.js")
    frontend_build.read_bundle.cache_clear()
    with pytest.raises(MissingArtefactError, match=frontend_build.COMMAND):
        frontend_build.read_bundle()
    assert not frontend_build.is_current()


def test_a_failing_step_is_one_clear_error(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(frontend_build, "FRONTEND", tmp_path)
    monkeypatch.setattr(frontend_build, "_packages_are_current", lambda: True)
    assert frontend_build.main() == 2
    shown = capsys.readouterr().err
    assert shown.startswith("error: esbuild failed")
    assert "Fix the source file" in shown


def test_the_python_package_brings_a_working_node_and_npm(monkeypatch):
    monkeypatch.setenv("PATH", "")
    found = frontend_build.find_node()
    for program in (found.node, found.npm):
        result = subprocess.run([*program, "--version"], capture_output=True, text=True, check=False, timeout=60)
        assert result.returncode == 0, result.stderr
        assert result.stdout.lstrip("v")[0].isdigit()
