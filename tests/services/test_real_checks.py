from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from alignlab.cli import main
from alignlab.errors import AlignlabError
from alignlab.services.observation_facts import observation_facts
from alignlab.services.real_checks import check_real
from alignlab.services.real_checks_text import checks_text
from alignlab.services.real_estimates import ESTIMATORS, TOLERANCES
from alignlab.services.workspace import Catalogue
from alignlab.spectra.response import effective_area_cm2
from alignlab.variables import BANDS
from tests.ingest.csc_tables import detection
from tests.ingest.test_axia import record, write_lines
from tests.spectra.ogip_files import default_counts, write_spectrum


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Two bright spectra and a faint one, a corpus with one record, and a catalogue that knows the first spectrum."""
    folder = tmp_path_factory.mktemp("real")
    (folder / "spectra").mkdir()
    for name, position, counts in (("near", 10.5, 9 * default_counts(1)), ("far", 50.0, 9 * default_counts(2))):
        write_spectrum(folder / "spectra" / f"{name}.pi", counts, OBJECT=name, RA_TARG=position)
    faint = np.zeros_like(default_counts())
    faint[60:260:4] = 1
    write_spectrum(folder / "spectra" / "faint.pi", faint, OBJECT="faint")
    write_lines(folder / "corpus.jsonl", record(1, n=500, hard_hs=0.25, powlaw_gamma=1.5))
    rows = [
        detection(0, obsid=123, ra=10.5, dec=-20.25 + 1 / 3600, hard_hs=0.11, powlaw_gamma=1.9),
        detection(1, obsid=124, ra=10.5, dec=-20.25, hard_hs=0.99),
        detection(2, obsid=123, ra=10.5, dec=-20.25 + 20 / 3600, hard_hs=0.99),
    ]
    pd.DataFrame(rows).to_parquet(folder / "catalogue.parquet")
    return folder


@pytest.fixture(scope="module")
def found(files, small_demo):
    workspace = Catalogue(small_demo).open_workspace()
    return check_real(
        workspace.survey,
        workspace.run,
        spectra=[files / "spectra"],
        axia=files / "corpus.jsonl",
        catalogue=pd.read_parquet(files / "catalogue.parquet"),
        seed=0,
    )


def values(found, source):
    return {check.variable: check for check in found.checks if check.source == source}


def test_each_bright_observation_is_told_variable_by_variable_with_intervals(found):
    assert {check.source for check in found.checks} == {"near", "far", "2CXO J000001"}
    assert len(found.checks) == 3 * len(TOLERANCES)
    for check in found.checks:
        assert check.estimated.low <= check.estimated.value <= check.estimated.high
        assert check.net_counts > 300
    assert values(found, "near")["hard_hs"].measured.is_known


def test_the_catalogue_s_row_is_that_of_the_same_observation_at_the_same_place(found):
    near, far = values(found, "near"), values(found, "far")
    assert near["hard_hs"].catalogued == pytest.approx(0.11)
    assert near["powlaw_gamma"].catalogued == pytest.approx(1.9)
    assert np.isnan([check.catalogued for check in far.values()]).all()
    corpus = values(found, "2CXO J000001")
    assert corpus["hard_hs"].catalogued == pytest.approx(0.25)
    assert np.isnan(corpus["hard_ms"].catalogued)


def test_a_value_passes_within_its_tolerance_and_not_beyond(found):
    check = values(found, "near")["powlaw_gamma"]
    assert check.passes(1.9 + 0.49)
    assert not check.passes(1.9 - 0.51)
    assert not values(found, "far")["hard_hs"].passes(0.0)


def test_where_the_chips_are_unknown_the_hardness_of_both_kinds_is_told(found, files):
    check = values(found, "2CXO J000001")["hard_hs"]
    assert values(found, "near")["hard_hs"].by_chips == {}
    event_list = json.loads((files / "corpus.jsonl").read_text())["event_list"]
    energy = np.array(event_list)[:, 1] / 1000
    rates = {}
    for chips in ("ACIS-S", "ACIS-I"):
        area = effective_area_cm2([chips], [2010.0], [1.5])[0]
        centres = np.linspace(0.3, 9.5, 461)[:-1] + 0.01
        counted = {b: ((energy >= BANDS[b][0]) & (energy < BANDS[b][1])).sum() for b in ("soft", "hard")}
        fluxes = {b: counted[b] / np.interp({"soft": 0.92, "hard": 3.8}[b], centres, area) for b in counted}
        rates[chips] = (fluxes["hard"] - fluxes["soft"]) / (fluxes["hard"] + fluxes["soft"])
    assert check.by_chips == pytest.approx(rates, abs=0.03)
    assert check.by_chips["ACIS-I"] < check.measured.value < check.by_chips["ACIS-S"]


def test_the_estimator_is_the_best_one_on_the_validation_split(found):
    assert set(found.validation) == set(ESTIMATORS)
    mean = {name: np.mean(list(errors.values())) for name, errors in found.validation.items()}
    assert found.estimator == min(mean, key=mean.__getitem__)
    assert all(0 < error < 2 for errors in found.validation.values() for error in errors.values())


def test_the_report_counts_what_passes_and_names_what_misses(found):
    text = checks_text(found)
    known = [c for c in found.checks if np.isfinite(c.catalogued)]
    missed = [c for c in known if not c.passes(c.estimated.value)]
    assert text.count("\n- near") + text.count("\n- 2CXO J000001") == len(missed)
    assert "n = 3" not in text.split("### photon index Γ")[1].split("###")[0]
    assert "always answering the training mean" in text
    assert "no detection of its ObsID" in text


def test_nothing_to_check_is_said(small_demo):
    workspace = Catalogue(small_demo).open_workspace()
    with pytest.raises(AlignlabError, match="nothing to check"):
        check_real(workspace.survey, workspace.run, spectra=[])


def test_facts_of_an_observation(small_demo):
    survey = Catalogue(small_demo).survey("demo")
    facts = observation_facts(survey)
    assert np.isfinite(facts).all()
    assert (facts[:, 0] + facts[:, 1] == 1).all()
    assert facts[:, 2] == pytest.approx(survey.sources["year"].to_numpy(), rel=1e-6)
    broad = [int((survey.events_of(i)[1] < 7.0).sum()) for i in range(20)]
    assert 10 ** facts[:20, 4] == pytest.approx(broad, rel=0.01, abs=3)
    hidden = observation_facts(survey, hide_chips=np.arange(survey.n_sources) == 0)
    assert hidden[0, :2].tolist() == [0, 0]
    np.testing.assert_array_equal(hidden[1:], facts[1:])


def test_the_command_refuses_an_unknown_file_in_one_line(small_demo, tmp_path):
    environment = {"ALIGNLAB_DATA": str(small_demo.data_dir)}
    done = CliRunner().invoke(main, ["check-real", "--axia", str(tmp_path / "none.jsonl")], env=environment)
    assert done.exit_code == 2
    assert "no such file" in done.output
