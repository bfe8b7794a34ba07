from __future__ import annotations

import io
from datetime import datetime, timedelta, timezone
from itertools import product

import astropy.units as u
import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.io.votable import parse, validate
from astropy.io.votable.ucd import check_ucd
from astropy.table import Table

import alignlab
from alignlab.errors import AlignlabError, MissingArtefactError
from alignlab.services.apply import apply_run
from alignlab.services.export import (
    FORMATS,
    export_overlay_table,
    export_table,
    neighbours_table,
    papers_table,
    table_bytes,
    write_table,
)
from alignlab.services.sources import neighbours_of
from alignlab.services.workspace import Catalogue
from alignlab.variables import VARIABLES
from tests.services.observed import cut_out

ROWS = np.arange(0, 400, 7)
SUFFIXES = list(FORMATS)
URL = "http://localhost:8501/?representation=both&method=umap"
WHEN = datetime(2026, 11, 21, 10, 30, tzinfo=timezone(timedelta(hours=2)))


@pytest.fixture(scope="module")
def table(workspace) -> Table:
    return export_table(workspace, ROWS, url=URL, selection="lasso", when=WHEN)


def read(path) -> Table:
    if path.suffix == ".parquet":
        return Table.from_pandas(pq.read_table(path).to_pandas())
    if path.suffix == ".csv":
        return Table.read(path, format="ascii.csv", comment="#")
    return Table.read(path)


def numbers(column) -> np.ndarray:
    return np.ma.filled(np.ma.masked_invalid(np.ma.asarray(column, dtype=float)), np.nan)


def test_the_table_holds_what_the_survey_and_the_run_say(table, workspace):
    survey, run = workspace.survey, workspace.run
    assert len(table) == len(ROWS)
    assert table["name"].tolist() == survey.sources["name"].iloc[ROWS].tolist()
    assert table["ra"].unit == u.deg
    for number, variable in enumerate(VARIABLES):
        measured = survey.variables[ROWS, number]
        np.testing.assert_array_equal(table[variable.name].mask, np.isnan(measured))
        np.testing.assert_array_equal(numbers(table[variable.name]), measured)
        estimated = run.estimates[f"{variable.name}"].to_numpy()[ROWS]
        np.testing.assert_array_equal(numbers(table[f"{variable.name}_estimate"]), estimated)
        assert table[variable.name].description == variable.description
        assert table[variable.name].info.meta["ucd"] == variable.ucd
        if variable.unit:
            assert table[variable.name].unit == u.Unit(variable.unit)
    assert table.meta["run"] == run.run_id
    assert table.meta["survey"] == "demo"
    assert table.meta["seed"] == "7"
    assert "simulated" in table.meta["observed"]
    assert alignlab.__version__ in table.meta["software"]
    assert table.meta["schema"] == "1"
    assert table.meta["url"] == URL
    assert table.meta["selection"] == f"{len(ROWS)} of {survey.n_sources} sources: lasso"
    assert table.meta["created_utc"] == "2026-11-21T08:30:00"
    assert table["source_index"].tolist() == ROWS.tolist()
    for (representation, method), axis in product(run.projections(), (0, 1)):
        place = run.projection(representation, method).coordinates[ROWS, axis]
        np.testing.assert_array_equal(table[f"{representation}_{method}_{'xy'[axis]}"], place)


def test_limits_that_are_known_are_there_and_the_others_are_missing(table, workspace):
    limits = workspace.survey.limits
    assert {name for name in table.colnames if name.endswith("lim")} == set(limits.columns)
    for name in limits.columns:
        np.testing.assert_array_equal(numbers(table[name]), limits[name].to_numpy(np.float32)[ROWS], err_msg=name)


def test_every_column_has_a_description_and_a_ucd_of_the_vocabulary(table, workspace):
    for some in (table, neighbours_table(workspace, 0), papers_table(workspace, 0)):
        for column in some.itercols():
            assert column.description, column.name
            assert check_ucd(column.info.meta["ucd"], check_controlled_vocabulary=True), column.name


def test_the_same_input_and_time_give_the_same_bytes(table, workspace):
    again = export_table(workspace, ROWS, url=URL, selection="lasso", when=WHEN)
    for format in set(FORMATS.values()):
        assert table_bytes(again, format) == table_bytes(table, format), format


def test_neighbours_are_a_table(workspace):
    table = neighbours_table(workspace, 42, k=4, representation="spectrum_aligned")
    wanted = neighbours_of(workspace, 42, k=4, representation="spectrum_aligned")
    assert table["rank"].tolist() == [1, 2, 3, 4]
    assert table["name"].tolist() == [neighbour.name for neighbour in wanted]
    np.testing.assert_allclose(table["similarity"], [neighbour.similarity for neighbour in wanted], rtol=1e-6)
    assert str(workspace.survey.sources["name"].iloc[42]) in table.meta["selection"]


def test_papers_are_a_table(workspace):
    index = int(np.argmax(workspace.survey.n_papers))
    papers = workspace.survey.papers_of(index)
    table = papers_table(workspace, index)
    assert table["title"].tolist() == papers["title"].tolist()
    assert table["year"].tolist() == papers["year"].tolist()
    none = np.flatnonzero(workspace.survey.n_papers == 0)
    if none.size:
        assert len(papers_table(workspace, int(none[0]))) == 0


def test_a_survey_laid_over_the_run_is_a_table(demo_copy):
    opened = Catalogue(demo_copy).open_workspace()
    run, other = opened.run, cut_out(opened.survey, [3, 50, 120], config=demo_copy, name="observed")
    apply_run(run, opened.survey, other)
    workspace = Catalogue(demo_copy).open_workspace()
    table = export_overlay_table(workspace, "observed", np.array([1, 0]))
    assert table["name"].tolist() == other.sources["name"].iloc[[1, 0]].tolist()
    np.testing.assert_array_equal(table["novelty_percent"], workspace.overlays[0].overlay.novelty_percent[[1, 0]])
    assert table.meta["survey"] == "observed"
    assert table.meta["run"] == run.run_id
    assert len(neighbours_table(workspace, 0, overlay="observed", k=3)) == 3
    with pytest.raises(MissingArtefactError, match="alignlab apply"):
        export_overlay_table(workspace, "elsewhere")


def test_all_sources_are_the_default(workspace):
    assert len(export_table(workspace)) == workspace.survey.n_sources


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_format_gives_back_names_values_and_gaps(table, tmp_path, suffix):
    path = tmp_path / f"sources{suffix}"
    write_table(table, path)
    again = read(path)
    assert again.colnames == table.colnames
    assert [str(name) for name in again["name"]] == table["name"].tolist()
    assert [str(name) for name in again["source_class"]] == table["source_class"].tolist()
    for name in ("ra", "dec", *(v.name for v in VARIABLES), "apec_kt_estimate_low"):
        np.testing.assert_allclose(numbers(again[name]), numbers(table[name]), rtol=1e-6, err_msg=name)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_format_says_simulated_and_names_the_run(table, tmp_path, workspace, suffix):
    path = tmp_path / f"sources{suffix}"
    write_table(table, path)
    if suffix == ".parquet":
        told = {k.decode(): v.decode() for k, v in pq.read_schema(path).metadata.items()}
        assert told["run"] == workspace.run.run_id
        assert "simulated" in told["observed"]
    elif suffix == ".fits":
        header = fits.getheader(path, 1)
        assert header["RUN"] == workspace.run.run_id
        assert "simulated" in header["OBSERVED"]
    else:
        text = path.read_bytes()
        assert workspace.run.run_id.encode() in text
        assert b"simulated" in text


@pytest.mark.parametrize("suffix", [".vot", ".fits", ".ecsv"])
def test_units_are_kept_where_the_format_has_them(table, tmp_path, suffix):
    path = tmp_path / f"sources{suffix}"
    write_table(table, path)
    again = read(path)
    for variable in VARIABLES:
        if variable.unit:
            assert again[variable.name].unit.is_equivalent(u.Unit(variable.unit))
            assert (1 * again[variable.name].unit).to_value(u.Unit(variable.unit)) == pytest.approx(1)
    assert again["exposure_s"].unit == u.s


def test_the_votable_is_valid_to_the_letter(table, tmp_path, workspace):
    path = tmp_path / "sources.vot"
    write_table(table, path)
    votable = parse(path, verify="exception")
    complaints = io.StringIO()
    assert validate(path, output=complaints), complaints.getvalue()
    resource = votable.resources[0]
    facts = {info.name: info.value for info in resource.infos}
    assert facts["run"] == workspace.run.run_id
    assert "simulated" in facts["observed"]
    by_name = {field.name: field for field in resource.tables[0].fields}
    for variable in VARIABLES:
        assert by_name[variable.name].ucd == variable.ucd
        assert " ".join(by_name[variable.name].description.split()) == variable.description
    assert by_name["ra"].ucd == "pos.eq.ra;meta.main"
    assert all(field.ucd for field in by_name.values())


def test_an_existing_file_is_left_alone(table, tmp_path):
    path = tmp_path / "sources.csv"
    path.write_text("precious")
    with pytest.raises(AlignlabError, match="exists already"):
        write_table(table, path)
    assert path.read_text() == "precious"


@pytest.mark.parametrize("name", ["sources.xlsx", "sources"])
def test_an_unknown_format_lists_the_known_ones(table, tmp_path, name):
    with pytest.raises(AlignlabError, match=r"\.vot.*\.parquet"):
        write_table(table, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_no_source_is_an_empty_table(workspace, tmp_path):
    empty = export_table(workspace, np.array([], int))
    write_table(empty, tmp_path / "none.vot")
    assert len(Table.read(tmp_path / "none.vot")) == 0
