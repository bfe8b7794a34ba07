"""Parts are computed once, kept beside the run, and computed again when they change their meaning."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alignlab.config import Config
from alignlab.errors import AlignlabError, DamagedArtefactError
from alignlab.services import evaluate
from alignlab.services.evaluate import EvaluationContext, Part
from alignlab.services.evaluate.kept import evaluate_part, evaluate_parts, kept_figures
from alignlab.services.evaluate.report import results_text, write_files
from alignlab.services.evaluate.resumable import kept_step
from alignlab.services.evaluate.table import Cell, Column, Table
from alignlab.services.workspace import Catalogue


@pytest.fixture
def context(demo_copy: Config) -> EvaluationContext:
    workspace = Catalogue(demo_copy).open_workspace()
    return EvaluationContext(config=demo_copy, survey=workspace.survey, run=workspace.run, seed=3)


class Toy:
    """A part called "toy" that counts how often it was computed."""

    def __init__(self) -> None:
        self.times = 0
        self.PART = Part(
            name="toy", label="Toy", version=1, compute=self.compute, tables=self.tables, estimate_s=lambda n: 1.0
        )

    def compute(self, context: EvaluationContext, *, on_step: Any) -> dict[str, Any]:
        self.times += 1
        return {"times": self.times}

    def tables(self, figures: Any) -> list[Table]:
        rows = [[Cell(figures["times"])]]
        return [Table(name="toy", title="Toy", caption="n 1.", columns=[Column("n", "n")], rows=rows)]


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Toy:
    toy = Toy()
    monkeypatch.setattr(evaluate, "PARTS", {"toy": "toys"})
    monkeypatch.setitem(sys.modules, "toys", toy)  # type: ignore[arg-type]
    return toy


def test_what_was_computed_is_found_again(context: EvaluationContext, toy: Toy):
    assert kept_figures(context.run, "toy") is None
    first = evaluate_part(context, "toy")
    assert first["times"] == 1
    assert first["provenance"] == {
        "survey": "demo", "origin": "simulated", "simulated": True, "run": context.run.run_id,
        "split": "test", "seed": 3, "n": int(context.rows.sum()), "n_pairs": int(context.pairs.sum()),
    }  # fmt: skip
    assert kept_figures(context.run, "toy") == first
    assert kept_figures(context.run, "toy", split="validation") is None
    assert evaluate_parts(context, ["toy"])["toy"] == first
    assert evaluate_parts(context, ["toy"], again=True)["toy"]["times"] == 2


def test_steps_are_kept_until_the_part_is_there_and_made_again_when_it_is(context: EvaluationContext, toy: Toy):
    steps = []

    def compute(context: EvaluationContext, on_step: Any) -> dict[str, Any]:
        for number in range(2):
            kept_step(context, f"toy-{number}", lambda n=number: steps.append(n) or {}, version=1)
        if len(steps) == 2:
            raise KeyboardInterrupt
        return {"times": 1}

    toy.PART = replace(toy.PART, compute=compute)
    with pytest.raises(KeyboardInterrupt):
        evaluate_part(context, "toy")
    steps.append("killed")
    evaluate_part(context, "toy")
    assert steps == [0, 1, "killed"]
    assert [path.name for path in (context.run.folder / "evaluation" / "test").iterdir()] == ["toy.json"]
    evaluate_parts(context, ["toy"], again=True)
    assert steps == [0, 1, "killed", 0, 1]


def test_figures_of_an_older_version_are_computed_again(context: EvaluationContext, toy: Toy):
    evaluate_part(context, "toy")
    toy.PART = replace(toy.PART, version=2)
    assert kept_figures(context.run, "toy") is None
    assert evaluate_parts(context, ["toy"])["toy"]["times"] == 2


def test_a_damaged_file_is_named_with_the_remedy(context: EvaluationContext, toy: Toy):
    evaluate_part(context, "toy")
    path = context.run.folder / "evaluation" / "test" / "toy.json"
    path.write_text('{"version": 1')
    with pytest.raises(DamagedArtefactError, match=r"toy\.json cannot be read") as error:
        kept_figures(context.run, "toy")
    assert "Delete this file" in str(error.value)


def test_a_figure_that_is_not_finite_is_never_kept(context: EvaluationContext, toy: Toy):
    toy.PART = replace(toy.PART, compute=lambda context, on_step: {"times": float("nan")})
    with pytest.raises(ValueError, match="not JSON compliant"):
        evaluate_part(context, "toy")
    assert kept_figures(context.run, "toy") is None


def test_files_of_an_evaluation(context: EvaluationContext, toy: Toy, tmp_path: Path):
    figures = {"toy": evaluate_part(context, "toy")}
    names = {path.name for path in write_files(figures, tmp_path / "out")}
    assert names == {"results.md", "results.json", "toy.md", "toy.csv", "toy.tex"}
    assert json.loads((tmp_path / "out" / "results.json").read_text()) == figures
    text = results_text(figures)
    assert f"# Results of run {context.run.run_id}" in text
    assert "(simulated), test split" in text
    assert "### Toy" in text


def test_a_part_that_does_not_exist(context: EvaluationContext):
    with pytest.raises(AlignlabError, match="no part 'nonsense'"):
        evaluate_part(context, "nonsense")
