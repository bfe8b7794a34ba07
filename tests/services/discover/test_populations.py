"""Populations of the demo: groups as they are written, comparisons, sentences and tables."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest

from alignlab.errors import AlignlabError
from alignlab.services.discover import population_text as text
from alignlab.services.discover.population_brightness import brightness_function
from alignlab.services.discover.population_comparison import (
    PopulationComparison,
    compare_populations,
    variable_by_counts,
)
from alignlab.services.discover.population_export import population_table
from alignlab.services.discover.population_groups import Group, named_group, read_group, rest_of, split_names
from alignlab.services.discover.population_tables import quantity_table, share_table
from alignlab.services.discover.populations import Fluxes, Population, read_distance, survey_fluxes
from alignlab.services.position_search import separation_arcsec
from alignlab.services.workspace import Catalogue, Workspace
from alignlab.store.lab import Lab
from alignlab.variables import VARIABLE_NAMES


@pytest.fixture(scope="module")
def workspace(small_demo) -> Iterator[Workspace]:
    opened = Catalogue(small_demo).open_workspace()
    yield opened
    opened.survey.close()
    opened.run.close()


@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> Lab:
    return Lab(tmp_path_factory.mktemp("lab") / "lab.sqlite")


@pytest.fixture(scope="module")
def fluxes(workspace) -> Fluxes:
    return survey_fluxes(workspace.survey)


def group_of(workspace: Workspace, mask: np.ndarray, label: str = "these") -> Group:
    return Group(label=label, request=label, mask=mask)


def population(workspace, fluxes, mask, **options) -> Population:
    return Population(group=group_of(workspace, mask), survey=workspace.survey, fluxes=fluxes, **options)


@pytest.fixture(scope="module")
def comparison(workspace, lab, fluxes) -> PopulationComparison:
    binaries = read_group(workspace.survey, lab, "class:hmxb, LMXB")
    first, second = (
        Population(group=group, survey=workspace.survey, fluxes=fluxes) for group in (binaries, rest_of(binaries))
    )
    return compare_populations(first, second)


def test_a_class_is_found_in_any_case_and_several_together(workspace, lab):
    classes = workspace.survey.sources["source_class"]
    group = read_group(workspace.survey, lab, "class: hmxb,LMXB")
    assert group.label == "HMXB, LMXB"
    assert np.array_equal(group.mask, classes.isin(["HMXB", "LMXB"]))


def test_a_cone_holds_what_is_within_its_radius(workspace, lab):
    sources = workspace.survey.sources
    ra, dec = sources["ra"].to_numpy(), sources["dec"].to_numpy()
    group = read_group(workspace.survey, lab, "cone:10.685 41.269 within 25 deg")
    assert np.array_equal(group.mask, separation_arcsec(10.685, 41.269, ra, dec) <= 25 * 3600)
    assert group.n > 1
    assert np.array_equal(
        read_group(workspace.survey, lab, "cone:0h42m44.4s +41d16m8.4s within 1500 arcmin").mask, group.mask
    )


def test_a_selection_is_taken_from_the_lab(workspace, lab):
    mask = np.arange(workspace.survey.n_sources) % 7 == 0
    lab.save_selection(workspace.survey.name, "sevenths", mask)
    assert np.array_equal(read_group(workspace.survey, lab, "selection:sevenths").mask, mask)


def test_names_are_found_however_they_are_written_and_the_others_are_told(workspace):
    names = workspace.survey.sources["name"].tolist()
    written = f"{names[3].lower().replace(' ', '')}  # the first\n{names[8]}; nobody\tnoone"
    group = named_group(workspace.survey, split_names(written))
    assert np.flatnonzero(group.mask).tolist() == [3, 8]
    assert group.notes == ("2 of 4 names are not in the survey: nobody, noone.",)


@pytest.mark.parametrize(
    ("request_", "word"),
    [
        ("ULX", "describes no group"), ("class:", "does not say which"), ("class:elephant", "elephant"),
        ("cone:here within 3 arcmin", "no cone"), ("cone:10 20 within 0 arcmin", "no cone"),
        ("cone:0 90 within 0.001 arcsec", "larger radius"), ("names:nobody", "none of these"),
        ("selection:unknown", "unknown"), ("rest", "describes no group"),
    ],
)  # fmt: skip
def test_a_group_that_cannot_be_is_refused_with_a_remedy(workspace, lab, request_, word):
    with pytest.raises(AlignlabError, match=word):
        read_group(workspace.survey, lab, request_)


def test_distances_have_units():
    assert [read_distance(text) for text in ("4.6 Mpc", "4.6", "4600kpc")] == pytest.approx([4.6, 4.6, 4.6])
    assert read_distance("450 pc") == pytest.approx(4.5e-4)
    for wrong in ("far", "-3 Mpc", "0", "3 parsec", "1.2.3"):
        with pytest.raises(AlignlabError, match="no distance"):
            read_distance(wrong)


def test_a_planted_difference_is_found_first(workspace, fluxes):
    hard = workspace.survey.variables[:, VARIABLE_NAMES.index("hard_hs")]
    found = compare_populations(population(workspace, fluxes, hard > 0.5), population(workspace, fluxes, hard <= 0.5))
    first = found.quantities[0]
    assert (first.name, first.delta) == ("hard_hs", 1.0)
    assert first.ad_corrected < 1e-8
    assert "hardness (hard − soft), larger" in text.difference_sentence(found)


def test_two_random_halves_do_not_differ(workspace, fluxes):
    half = np.random.default_rng(0).random(workspace.survey.n_sources) < 0.5
    found = compare_populations(population(workspace, fluxes, half), population(workspace, fluxes, ~half))
    assert text.difference_sentence(found).startswith("None of 22 quantities differs clearly")
    assert all(share.p_corrected > 0.05 for share in found.shares)
    assert text.counts_sentence(found) == ""


def test_sources_in_both_are_counted_once_told_and_left_out(workspace, fluxes):
    index = np.arange(workspace.survey.n_sources)
    found = compare_populations(population(workspace, fluxes, index < 120), population(workspace, fluxes, index >= 100))
    assert found.n_both == 20
    share = found.shares[0].test
    assert (share.n_first, share.n_second) == (100, workspace.survey.n_sources - 120)
    assert "20 sources in both" in text.introduction(found)
    with pytest.raises(AlignlabError, match="too few to compare"):
        compare_populations(population(workspace, fluxes, index < 104), population(workspace, fluxes, index < 100))


def test_missing_values_and_upper_limits_are_counted(comparison, workspace):
    fits = next(q for q in comparison.quantities if q.name == "powlaw_gamma")
    rows = comparison.first.rows
    missing = np.isnan(workspace.survey.variables[rows, VARIABLE_NAMES.index("powlaw_gamma")]).sum()
    assert (fits.missing_first, fits.test.n_first) == (missing, comparison.first.n - missing)
    for side in (comparison.first, comparison.second):
        function = brightness_function(side)
        assert len(function.counts.at) + function.n_limits + function.n_missing == side.n


def test_shares_by_counts_add_up_to_the_shares(comparison):
    classes, share = variable_by_counts(comparison), comparison.shares[0].test
    assert (sum(c.hits_first for c in classes), sum(c.n_first for c in classes)) == (share.hits_first, share.n_first)
    assert (sum(c.hits_second for c in classes), sum(c.n_second for c in classes)) == (
        share.hits_second,
        share.n_second,
    )
    assert all(before.high == after.low for before, after in pairwise(classes))


def test_a_distance_scales_the_brightness_function_and_adds_its_comparison(workspace, fluxes):
    half = np.arange(workspace.survey.n_sources) % 2 == 0
    near, far = (population(workspace, fluxes, half, distance_mpc=d) for d in (1.0, 10.0))
    one, ten = brightness_function(near), brightness_function(far)
    np.testing.assert_allclose(ten.counts.at, 100 * one.counts.at)
    assert ten.fit.slope == pytest.approx(one.fit.slope)
    assert one.limit == pytest.approx(near.complete_from * 4 * np.pi * 3.0857e24**2, rel=1e-3)
    quantities = {
        q.name: q
        for q in compare_populations(
            population(workspace, fluxes, half, distance_mpc=2.0),
            population(workspace, fluxes, ~half, distance_mpc=1.0),
        ).quantities
    }
    # Twice as far for the same fluxes: among those that both would show, the farther are the more luminous.
    assert quantities["luminosity"].median_first > quantities["luminosity"].median_second > 0
    assert brightness_function(near, limit=1e38).limit == 1e38
    with pytest.raises(AlignlabError, match="no limit"):
        brightness_function(near, limit=-1.0)


def test_tables_hold_the_comparison(comparison):
    quantities, shares = quantity_table(comparison), share_table(comparison)
    assert len(quantities.rows) == len(comparison.quantities) == 22
    assert f"n = {comparison.first.n:,}" in quantities.caption
    assert "simulated" in shares.caption
    assert not any(cell.value == "0" for row in quantities.rows for cell in row[4:6])
    assert str(comparison.shares[0].test.n_first) in shares.to("csv")


def test_the_export_holds_both_groups_with_limits_where_there_is_no_flux(comparison, workspace):
    table = population_table(workspace, comparison.first, comparison.second, url="here")
    assert len(table) == workspace.survey.n_sources
    assert (table["population"] == "first").sum() == comparison.first.n
    limit = comparison.first.fluxes.flux.is_limit
    assert np.array_equal(np.ma.getmaskarray(table["flux"]), limit)
    assert np.array_equal(np.ma.getmaskarray(table["flux_upper"]), ~limit)
    assert "luminosity" not in table.colnames
    assert table.meta["selection"] == "class:hmxb, LMXB against rest"
