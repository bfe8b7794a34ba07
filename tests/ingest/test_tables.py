"""Tables of energy and counts or rate, in the ways in which people write them."""

from __future__ import annotations

import gzip
import math
from pathlib import Path

import numpy as np
import pytest
from astropy.table import Table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from alignlab.errors import InputFileError
from alignlab.ingest.assemble import SourcePiece
from alignlab.ingest.ogip import spectra_to_contents
from alignlab.ingest.table_columns import KEV_ANGSTROM
from alignlab.ingest.tables import table_pieces
from alignlab.spectra.grid import energy_grid
from alignlab.spectra.response import CHANNEL_EDGES_KEV

GRID = energy_grid("log")
EDGES = 0.0146 * np.arange(20, 600)
LOW, HIGH, MID = EDGES[:-1], EDGES[1:], (EDGES[1:] + EDGES[:-1]) / 2
COUNTS = np.random.default_rng(3).poisson(40 * MID**-1.2 * np.exp(-0.8 / MID))
EXPOSURE = 25_000.0
RATE = COUNTS / EXPOSURE
ERROR = np.sqrt(np.maximum(COUNTS, 1)) / EXPOSURE


def text(separator: str, *columns: np.ndarray, head: str = "") -> str:
    rows = [separator.join(f"{float(value):.9g}" for value in row) for row in zip(*columns, strict=True)]
    return head + "\n".join(rows) + "\n"


def piece(folder: Path, content: str, name: str = "my source.csv") -> SourcePiece:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    (only,) = table_pieces(path, GRID)
    return only


@pytest.fixture
def reference(tmp_path) -> SourcePiece:
    return piece(tmp_path, text(",", LOW, HIGH, COUNTS, head="E_MIN [keV],E_MAX [keV],COUNTS\n"))


def test_bins_and_counts_are_the_rebinned_counts(reference):
    inside = (MID > 0.5) & (MID < 8)
    assert reference.counts.sum() == pytest.approx(COUNTS[inside].sum(), rel=0.01)
    low, high = CHANNEL_EDGES_KEV[[0, -1]]
    known = (low < MID) & (high > MID)
    assert reference.channel_counts.sum() == pytest.approx(COUNTS[known].sum(), rel=0.01)
    assert math.isnan(reference.exposure_s)
    assert reference.name == "my source"
    assert not reference.may_fit


PER_KEV = np.diff(EDGES)
SAME_SPECTRUM = {
    "energy in keV": text(",", MID, COUNTS, head="Energy (keV),Counts\n"),
    "energy in eV by its unit": text("\t", 1e3 * MID, COUNTS, head="energy [eV]\tcts\n"),
    "energy in eV by its size": text(" ", 1e3 * MID, COUNTS, head="energy counts\n"),
    "name and unit in one": text(";", MID, COUNTS, head="energy_keV;counts\n"),
    "decimal commas": text(";", MID, COUNTS, head="energy_keV;counts\n").replace(".", ","),
    "names in a comment": text(" ", MID, COUNTS, head="# a spectrum\n# energy counts\n"),
    "no names": text(" ", MID, COUNTS),
    "upside down": text(",", MID[::-1], COUNTS[::-1], head="energy,counts\n"),
    "wavelength": text(",", KEV_ANGSTROM / MID, COUNTS, head="wavelength (Angstrom),counts\n"),
    "nm": text(",", 0.1 * KEV_ANGSTROM / MID, COUNTS, head="lambda (nm),counts\n"),
    "rate with exposure": text(",", MID, RATE, head=f"# exposure = {EXPOSURE} s\nenergy (keV),rate (counts/s)\n"),
    "rate with exposure in ks": text(",", MID, RATE, head="# EXPOSURE: 25 ks\nenergy (keV),rate\n"),
    "rate per keV with errors": text(
        ",", MID, RATE / PER_KEV, ERROR / PER_KEV, head="energy (keV),rate (cts/s/keV),error (cts/s/keV)\n"
    ),
    "bars as in a quoted CSV": text(",", MID, COUNTS, head='"energy","counts"\r\n'),
    "byte order mark": "\ufeff" + text(",", MID, COUNTS, head="energy,counts\n"),
    "trailing separators": text(",", MID, COUNTS, head="energy,counts,\n").replace("\n", ",\n").replace(",,\n", ",\n"),
}  # fmt: skip


@pytest.mark.parametrize("how", SAME_SPECTRUM)
def test_the_same_spectrum_however_it_is_written(tmp_path, reference, how):
    own = piece(tmp_path, SAME_SPECTRUM[how])
    np.testing.assert_allclose(own.counts, reference.counts, rtol=2e-3, atol=0.02)
    assert own.counts_known
    if "exposure" in how or "errors" in how:
        assert own.exposure_s == pytest.approx(EXPOSURE, rel=0.01)


def test_a_rate_alone_is_a_shape(tmp_path, reference):
    own = piece(tmp_path, text(",", MID, RATE, head="energy (keV),rate\n"))
    assert not own.counts_known
    assert any("counts unknown" in note for note in own.notes)
    np.testing.assert_allclose(own.counts / own.counts.sum(), reference.counts / reference.counts.sum(), atol=1e-6)
    path = tmp_path / "shape.csv"
    path.write_text(text(",", MID, RATE, head="energy (keV),rate\n"))
    measured = spectra_to_contents([path], grid=GRID)
    assert np.isnan(measured.sources["counts"][0])
    assert np.isnan(measured.variables["flux_significance_b"][0])
    assert measured.limits.isna().all().all()
    assert np.isfinite(measured.variables["hard_hs"][0])


def test_errors_that_are_not_poissons_give_no_counts(tmp_path):
    rng = np.random.default_rng(0)
    own = piece(tmp_path, text(",", MID, RATE, rng.uniform(0.1, 10, len(MID)) * ERROR, head="energy,rate,error\n"))
    assert not own.counts_known


def test_a_flux_is_seen_through_the_usual_area(tmp_path):
    flux = MID**-1.7
    own = piece(tmp_path, text(",", MID, flux, head="energy (keV),flux (photons/cm2/s/keV)\n"))
    assert not own.counts_known
    assert any("area of ACIS-S" in note for note in own.notes)
    peak = GRID.centres_kev[np.argmax(own.counts / GRID.widths_kev)]
    assert 0.6 < peak < 2.0  # where ACIS sees a power law best, not at its bright soft end


def test_facts_about_the_object_are_read(tmp_path):
    head = "# object = 3C 186\n# ra = 116.0725\n# dec = 37.888\n# obsid: 9774\n# DATE-OBS = 2007-12-03\nenergy,counts\n"
    own = piece(tmp_path, text(",", MID, COUNTS, head=head))
    assert (own.name, own.ra, own.dec, own.obsid) == ("3C 186", 116.0725, 37.888, 9774)
    assert own.year == pytest.approx(2007.92, abs=0.01)


def test_negative_and_empty_cells_are_told(tmp_path):
    counts = COUNTS.astype(float)
    counts[[50, 60]] = -3
    content = text(",", MID, counts, head="energy,counts\n").replace(
        f"{MID[70]:.9g},{counts[70]:.9g}", f"{MID[70]:.9g},"
    )
    notes = " ".join(piece(tmp_path, content).notes)
    assert "2 bins below zero" in notes
    assert "1 empty cells" in notes


def test_photons_in_rows(tmp_path):
    rng = np.random.default_rng(1)
    times, energies = np.sort(rng.uniform(0, 5000, 600)), rng.uniform(600, 7000, 600)
    own = piece(tmp_path, text(",", times, energies, head="time (s),energy (eV)\n"))
    assert len(own.time_s) == 600
    assert own.counts.sum() == pytest.approx(600, rel=0.01)
    assert own.span_s == pytest.approx(np.ptp(times), rel=1e-4)


@pytest.mark.parametrize("kind", ["ecsv", "vot", "fits", "csv.gz"])
def test_other_formats(tmp_path, reference, kind):
    table = Table({"energy": MID, "counts": COUNTS}, units={"energy": "keV"}, meta={"EXPOSURE": EXPOSURE})
    path = tmp_path / f"my source.{kind}"
    if kind == "csv.gz":
        with gzip.open(path, "wt") as file:
            file.write(SAME_SPECTRUM["energy in keV"])
    else:
        table.write(path, format={"ecsv": "ascii.ecsv", "vot": "votable", "fits": "fits"}[kind])
    measured = spectra_to_contents([path], grid=GRID)
    assert not measured.problems
    np.testing.assert_allclose(measured.counts[0], reference.counts, rtol=1e-4, atol=1e-3)
    assert measured.sources["name"][0] == "my source"
    if kind in ("ecsv", "fits"):
        assert measured.sources["exposure_s"][0] == EXPOSURE


BROKEN = {
    "empty": ("", "is empty"),
    "a heading alone": ("energy,counts\n", "no rows"),
    "no energy": (text(",", COUNTS, COUNTS, head="foo,counts\n"), "no column of energy"),
    "no values": (text(",", MID, MID, head="energy,bar\n"), "no column of counts or rate"),
    "ragged": (text(",", MID, COUNTS, head="energy,counts\n") + "1,2,3,4\n", "4 cells where 2"),
    "words": ("energy,counts\n" + "a,b\n" * 50, "hold no number"),
    "NaN energies": ("energy,counts\n" + "nan,5\n" * 50, "have no energy"),
    "another unit": (text(",", MID, COUNTS, head="energy (erg),counts\n"), "'erg'; expected keV"),
    "radio": (text(",", 1e-6 * MID, COUNTS, head="energy (keV),counts\n"), "bins between 0.5 and 8 keV"),
    "twice the same energy": (text(",", np.r_[MID, MID], np.r_[COUNTS, COUNTS], head="energy,counts\n"), "twice"),
    "all zero": (text(",", MID, 0 * COUNTS, head="energy,counts\n"), "no counts between"),
    "gaps": (text(",", LOW[::3], HIGH[::3], COUNTS[::3], head="e_min,e_max,counts\n"), "gaps"),
    "few rows": (text(",", MID[100:104], COUNTS[100:104], head="energy,counts\n"), "4 rows with an energy"),
    "broken ECSV": ("# %ECSV 1.0\n# ---\n# datatype: [\nenergy counts\n1 2\n", "not a ECSV"),
    "broken VOTable": ("<?xml version='1.0'?><VOTABLE><RESOURCE>", "not a VOTable"),
    "XML of something else": ("<?xml version='1.0'?><html></html>", "VOTable"),
}  # fmt: skip


@pytest.mark.parametrize("how", BROKEN)
def test_broken_tables_say_what_is_wrong(tmp_path, how):
    content, expected = BROKEN[how]
    path = tmp_path / "broken.csv"
    path.write_text(content)
    with pytest.raises(InputFileError, match=expected):
        table_pieces(path, GRID)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some.one_of(some.binary(max_size=400), some.text(max_size=300).map(str.encode)))
def test_any_bytes_give_a_source_or_a_message(tmp_path, content):
    path = tmp_path / "any.csv"
    path.write_bytes(content)
    try:
        table_pieces(path, GRID)
    except InputFileError as error:
        assert "any.csv" in str(error)


NAMES = ("energy", "counts", "rate", "error", "e_min", "e_max", "time")
cells = some.one_of(some.floats(allow_nan=True, allow_infinity=True).map(str), some.sampled_from(["", "x", "-", "1,5"]))


def test_an_energy_beyond_every_photon_is_left_out(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text("time,energy\n0,1000\n1,3.4e41\n2,2000\n")
    (own,) = table_pieces(path, GRID)
    assert own.counts.sum() == 2


def test_times_over_a_hundred_years_apart_are_refused(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text("time,energy\n-3.4e38,1000\n1,2000\n")
    with pytest.raises(InputFileError, match="over a hundred years"):
        table_pieces(path, GRID)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=some.lists(some.sampled_from(NAMES), min_size=2, max_size=4),
    rows=some.lists(some.lists(cells, min_size=4, max_size=4), min_size=1, max_size=30),
    separator=some.sampled_from([",", ";", "\t"]),
)  # fmt: skip
def test_any_cells_give_a_source_or_a_message(tmp_path, names, rows, separator):
    path = tmp_path / "any.csv"
    lines = [separator.join(row[: len(names)]) for row in rows]
    path.write_text("\n".join([separator.join(names), *lines]))
    try:
        (own,) = table_pieces(path, GRID)
    except InputFileError:
        return
    assert np.isfinite(own.counts).all()
    assert (own.counts >= 0).all()
