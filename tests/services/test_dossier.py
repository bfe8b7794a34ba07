from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner

from alignlab.cli import main
from alignlab.services.apply import apply_run
from alignlab.services.dossier import dossier, dossier_text
from alignlab.services.ingest import ingest_ogip_files
from alignlab.services.readings import VariableReading
from alignlab.services.subject import find_subject, subject_of
from alignlab.services.workspace import Catalogue
from alignlab.variables import BY_NAME, VARIABLES


def reading(value, low, high, estimate, estimate_low, estimate_high) -> VariableReading:
    return VariableReading(
        variable=BY_NAME["powlaw_gamma"],
        value=value,
        low=low,
        high=high,
        catalogued=np.nan,
        estimate=estimate,
        estimate_low=estimate_low,
        estimate_high=estimate_high,
    )


def test_a_pull_uses_the_errors_that_face_each_other():
    assert reading(2.0, 1.9, 2.3, 3.0, 2.6, 9.0).pull == pytest.approx(1.0 / np.hypot(0.3, 0.4))
    assert reading(3.0, 2.6, 9.0, 2.0, 1.0, 2.3).pull == pytest.approx(-1.0 / np.hypot(0.4, 0.3))
    assert np.isnan(reading(2.0, np.nan, np.nan, 3.0, 2.6, 3.4).pull)
    assert np.isnan(reading(np.nan, np.nan, np.nan, 3.0, 2.6, 3.4).pull)
    assert np.isnan(reading(2.0, 2.0, 2.0, 2.0, 2.0, 2.0).pull)


def test_a_dossier_holds_every_part(workspace):
    brightest = int(workspace.survey.sources["counts"].argmax())
    found = dossier(subject_of(workspace, brightest), k=3)
    assert tuple(r.variable for r in found.readings) == VARIABLES
    assert len(found.ranks) == 20
    assert found.light_curve is not None
    assert found.light_curve.n_events == len(workspace.survey.events_of(brightest)[0])
    assert [len(c.neighbours) for c in found.neighbours.columns] == [3, 3, 3]
    assert len(found.papers.own) == len(workspace.survey.papers_of(brightest))
    text = dossier_text(found)
    assert found.subject.name in text
    assert "nan" not in text.lower()
    assert all(f"\n{variable.name}\t" in text for variable in VARIABLES)


def test_a_terminal_prints_it(small_demo, monkeypatch):
    monkeypatch.setenv("ALIGNLAB_DATA", str(small_demo.data_dir))
    name = Catalogue(small_demo).open_workspace().survey.sources["name"][3]
    result = CliRunner().invoke(main, ["source", name])
    assert result.exit_code == 0, result.output
    assert name in result.stdout
    assert "powlaw_gamma" in result.stdout
    assert "simulated" in result.stderr
    assert CliRunner().invoke(main, ["source", "Cygnus X-1"]).exit_code == 2


def test_a_real_quasar_without_papers_gets_papers_about_similar_things(demo_copy, real_data):
    outcome = ingest_ogip_files([real_data / "spectra" / "9774.pi.gz"], name="real", config=demo_copy, grid_kind="log")
    catalogue = Catalogue(demo_copy)
    opened = catalogue.open_workspace()
    apply_run(opened.run, opened.survey, outcome.survey)
    workspace = catalogue.open_workspace()
    found = dossier(find_subject(workspace, "3C 186"))
    assert found.subject.overlay == "real"
    assert found.light_curve is None
    assert found.papers.own == ()
    assert len(found.papers.similar) == 8
    assert [c.by_spectrum for c in found.neighbours.columns] == [False, True, True]
    assert all(len(c.neighbours) == 5 for c in found.neighbours.columns)
    text = dossier_text(found)
    assert "observed, survey real" in text
    assert "farther out than" in text
    for opened_survey in (workspace.survey, outcome.survey):
        opened_survey.close()
