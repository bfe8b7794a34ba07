from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from alignlab.analysis.regression import estimate
from alignlab.cli import main
from alignlab.config import Config
from alignlab.errors import AlignlabError
from alignlab.services.csc_checks import clustered_errors, simulation_agreement
from alignlab.services.csc_survey import ORIGIN, split_by_name
from alignlab.services.evaluate import EvaluationContext
from alignlab.services.ingest import IngestOutcome, ingest_csc_table
from alignlab.services.runs import train_run
from alignlab.services.workspace import Catalogue
from alignlab.spectra.grid import energy_grid
from alignlab.spectra.hardness import band_counts
from alignlab.spectra.measure import measure_hardness
from alignlab.spectra.response import effective_area_cm2
from alignlab.training.recipe import AlignmentRecipe
from tests.ingest.csc_tables import detection, detections


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A table of 150 detections of 50 sources and one without a fit, and the classes of half of the sources."""
    folder = tmp_path_factory.mktemp("catalogue")
    table = pd.concat([detections(150, per_source=3), pd.DataFrame([detection(999, powlaw_gamma=np.nan)])])
    table.to_parquet(folder / "detections.parquet")
    names = table["name"].unique()[::2]
    pd.DataFrame({"name": names, "muw_class": (["CV", "NS", "LMXB", "AGN"] * 7)[: len(names)]}).to_parquet(
        folder / "classes.parquet"
    )
    return folder


@pytest.fixture(scope="module")
def outcome(files, tmp_path_factory) -> tuple[IngestOutcome, Config]:
    config = Config(data_dir=tmp_path_factory.mktemp("data"))
    made = ingest_csc_table(
        files / "detections.parquet", name="resim", config=config, classes_path=files / "classes.parquet", seed=3
    )
    return made, config


@pytest.fixture(scope="module")
def context(outcome) -> EvaluationContext:
    made, config = outcome
    recipe = AlignmentRecipe(name="short", max_epochs=2, patience=2, shared_dim=8)
    return EvaluationContext(
        config=config, survey=made.survey, run=train_run(made.survey, recipe, config=config, seed=1)
    )


def test_no_source_is_on_both_sides(outcome):
    sources = outcome[0].survey.sources
    assert (sources.groupby("name")["split"].nunique() == 1).all()
    assert set(sources["split"]) == {"train", "calibration", "validation", "test"}


def test_sources_are_split_in_the_papers_proportions():
    names = pd.Series(np.repeat(np.arange(11_447), np.random.default_rng(0).integers(1, 6, 11_447)).astype(str))
    split = split_by_name(names, rng=np.random.default_rng(1))
    by_name = pd.Series(split).groupby(names.to_numpy()).agg(["first", "nunique"])
    assert (by_name["nunique"] == 1).all()
    assert by_name["first"].value_counts().to_dict() == {
        "train": 7897, "calibration": 114, "validation": 1717, "test": 1719,
    }  # fmt: skip


def test_the_variables_are_the_catalogue_s_and_the_rest_is_told_to_be_simulated(outcome, files):
    survey = outcome[0].survey
    table = pd.read_parquet(files / "detections.parquet").iloc[:150]
    frame = pd.DataFrame(survey.variables[:, :3], columns=["hard_hs", "hard_ms", "hard_hm"])
    assert frame["hard_hs"].to_numpy() == pytest.approx(table["hard_hs"].to_numpy(), abs=1e-6)
    assert survey.limits["powlaw_gamma_lolim"].to_numpy() == pytest.approx(table["powlaw_gamma_lolim"].to_numpy())
    assert np.isnan(survey.variables).any(axis=0).sum() == 5
    assert survey.simulated
    assert survey.origin == ORIGIN
    assert survey.has_real_positions
    assert survey.meta.recipe["spectral_models"] == {"powerlaw": 150}
    assert all(len(survey.events_of(i)[0]) == 0 for i in (0, 149))
    assert survey.truth is None
    assert survey.text_mask.any(axis=1).all()


def test_the_row_without_a_fit_is_named_and_the_others_go_on(outcome):
    (problem,) = outcome[0].problems
    assert "1 rows without an absorbed power-law fit" in problem
    assert "2CXO J000999" in problem
    assert outcome[0].survey.meta.recipe["left_out"] == [problem]


def test_photons_have_the_hardness_of_their_fit_and_the_same_seed_draws_them_again(tmp_path):
    table, path, config = detections(60, seed=5), tmp_path / "d.parquet", Config(data_dir=tmp_path)
    table.to_parquet(path)
    first = ingest_csc_table(path, name="first", config=config).survey
    sources = first.sources
    area = effective_area_cm2(sources["detector"].to_numpy(str), sources["year"], sources["theta_arcmin"])
    expected, under = (
        band_counts(np.asarray(a, np.float64), edges_kev=energy_grid().edges_kev)
        for a in (first.expected, first.background)
    )
    table.assign(**measure_hardness(expected, under, area)[0][["hard_hs", "hard_ms", "hard_hm"]]).to_parquet(path)
    second = ingest_csc_table(path, name="second", config=config).survey
    np.testing.assert_array_equal(first.counts, second.counts)
    assert first.split.tolist() == second.split.tolist()
    for agreement in simulation_agreement(second):
        assert agreement.n == 60
        assert abs(agreement.bias) < 0.02
        assert agreement.within_limits == pytest.approx(0.68, abs=0.17)


def test_pages_and_commands_say_what_it_is(context):
    workspace = Catalogue(context.config).open_workspace("resim")
    assert workspace.title == "resim · real catalogue, simulated photons"
    assert "survey resim (real catalogue, simulated photons)" in workspace.provenance
    environment = {"ALIGNLAB_DATA": str(context.config.data_dir)}
    listed = CliRunner().invoke(main, ["surveys"], env=environment)
    assert "resim\treal catalogue, simulated photons\t150 sources\t1 runs" in listed.output


def test_the_command_reads_a_table_and_refuses_one_without_fits(files, tmp_path):
    environment = {"ALIGNLAB_DATA": str(tmp_path / "data")}
    arguments = ["ingest", "csc-table", str(files / "detections.parquet"), "--name", "unclassed"]
    done = CliRunner().invoke(main, arguments, env=environment)
    assert done.exit_code == 0
    assert "150 sources in" in done.output
    empty = tmp_path / "none.parquet"
    pd.DataFrame([detection(0, powlaw_gamma=np.nan)]).to_parquet(empty)
    refused = CliRunner().invoke(main, ["ingest", "csc-table", str(empty), "--name", "none"], env=environment)
    assert refused.exit_code == 2
    assert "No row of none.parquet can be used" in refused.output
    taken = CliRunner().invoke(main, arguments, env=environment)
    assert "exists already" in taken.output


def test_errors_with_sources_kept_together_against_loops(context):
    survey, name = context.survey, "spectrum"
    found = {e.representation: e for e in clustered_errors(context)}[name]
    train, test = survey.split == "train", survey.split == "test"
    latents = context.latents(name)
    answer = estimate(latents[test], latents[train], survey.variables[train]).value
    ratios = []
    for v in range(20):
        known = [t for t in survey.variables[train][:, v] if np.isfinite(t)]
        if not known:
            continue
        pairs = [(t, a) for t, a in zip(survey.variables[test][:, v], answer[:, v], strict=True) if np.isfinite(t)]
        blind = np.mean([abs(t - np.mean(known)) for t, _ in pairs])
        if blind > 0:
            ratios.append(np.mean([abs(t - a) for t, a in pairs]) / blind)
    assert found.value == pytest.approx(np.mean(ratios), rel=1e-5)
    assert found.low <= found.value <= found.high


def test_a_table_with_no_usable_row_writes_nothing(tmp_path):
    path = tmp_path / "d.parquet"
    pd.DataFrame([detection(0, detector="HRC-S")]).to_parquet(path)
    with pytest.raises(AlignlabError, match="not seen with known chips"):
        ingest_csc_table(path, name="none", config=Config(data_dir=tmp_path / "data"))
    assert not (tmp_path / "data" / "surveys").exists()


@pytest.mark.real_data
def test_photons_drawn_from_real_fits_have_nearly_the_real_hardness(real_data, tmp_path):
    table = pd.read_parquet(real_data / "csc20_detections.parquet")
    chosen = table[table["powlaw_gamma"].notna() & table["cnts_aper_b"].between(150, 5000)].iloc[::6]
    path = tmp_path / "some.parquet"
    chosen.to_parquet(path)
    survey = ingest_csc_table(path, name="some", config=Config(data_dir=tmp_path)).survey
    for agreement in simulation_agreement(survey):
        assert agreement.n > 300
        assert abs(agreement.bias) < 0.05
        assert agreement.spread < 0.1
