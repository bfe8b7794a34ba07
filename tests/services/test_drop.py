"""Spectra that are handed in: read, encoded, laid over, taken away; and everything that is no spectrum."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from alignlab.errors import AlignlabError
from alignlab.progress import StoppedError
from alignlab.services.drop import (
    DropOutcome,
    DroppedFile,
    dropped_files,
    interpret,
    novelty_words,
    remove_dropped,
    session_folder,
    sweep_dropped,
)
from alignlab.services.maps import map_table
from alignlab.services.search import search
from alignlab.services.sources import applied_source_card
from alignlab.services.workspace import Catalogue, Workspace
from alignlab.spectra.ogip import read_spectrum
from tests.spectra.test_events import events_hdu, gti_hdu  # fmt: skip

FILES = {
    "B3 0710+439": ("12845.pi.gz", "12845.warf.gz", "12845.wrmf.gz"),
    "Chandra Deep Field-South (179)": (
        "179.pi.gz", "cdfs4Ms_179.arf.gz", "cdfs4Ms_179.rmf.gz", "cdfs4Ms_179_bkg.pi.gz",
    ),
    "3C 273": ("3c273.pi.gz", "3c273.arf.gz", "3c273.rmf.gz", "3c273_bg.pi.gz"),
    "3C 186": ("9774.pi.gz", "9774.arf.gz", "9774.rmf.gz", "9774_bg.pi.gz"),
    "acisf01575_001N001_r0085": tuple(f"acisf01575_001N001_r0085_{k}3.fits.gz" for k in ("pha", "arf", "rmf")),
    "DG Tau AB": (
        "acisf04487_001N023_r0009_pha3.fits.gz", "acisf04487_001N022_r0009_arf3.fits.gz",
        "acisf04487_001N022_r0009_rmf3.fits.gz",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("session")


def handed_in(folder: Path, *names: str) -> list[DroppedFile]:
    return [DroppedFile(Path(name).name, (folder / name).read_bytes()) for name in names]


def spectrum_csv(n: int = 300) -> str:
    energy = np.linspace(0.4, 8.5, n)
    counts = np.random.default_rng(5).poisson(30 * energy**-1.5 + 1)
    return "energy (keV),counts\n" + "".join(f"{e:.5f},{c}\n" for e, c in zip(energy, counts, strict=True))


@pytest.fixture(scope="module")
def quasar(workspace: Workspace, real_data: Path, folder: Path) -> Iterator[DropOutcome]:
    outcome = interpret(workspace, handed_in(real_data / "spectra", *FILES["3C 186"]), folder)
    yield outcome
    outcome.applied.survey.close()


@pytest.mark.real_data
def test_a_real_quasar_has_a_card_a_place_and_neighbours(workspace, quasar, folder):
    laid_over = replace(workspace, overlays=(*workspace.overlays, quasar.applied))
    survey = quasar.applied.survey
    card = applied_source_card(laid_over, survey.name, 0)
    assert survey.name == "dropped-3C186"
    assert card.name == "3C 186"
    assert not card.simulated
    assert len(card.neighbours) == 5
    assert np.isfinite([reading.estimate for reading in card.readings]).all()
    assert card.spectrum.background.sum() > 1  # its background was found among the files
    assert not quasar.problems
    table = map_table(laid_over, "both", "pca")
    assert table.overlays[-1].survey_name == survey.name
    assert np.isfinite([table.overlays[-1].x, table.overlays[-1].y]).all()
    found = search(laid_over, "3c186")
    assert (found.sources()[0].overlay, found.sources()[0].index) == (survey.name, 0)
    assert not list(folder.glob(".incoming*"))


@pytest.mark.real_data
def test_nothing_shared_is_touched(workspace, quasar):
    catalogue = Catalogue(workspace.config)
    assert catalogue.survey_names() == ["demo"]
    assert workspace.run.overlays() == []
    assert quasar.applied.overlay.meta.inputs_sha256["run"] == workspace.run.digest


@pytest.mark.real_data
@pytest.mark.parametrize("name", [name for name in FILES if name != "3C 273"])
def test_a_table_of_a_real_spectrum_has_the_latent_of_its_pha(workspace, real_data, folder, name):
    """3C 273 was taken through a grating, which only its responses tell: without them its PHA differs as much."""
    names = FILES[name]
    spectrum = read_spectrum(real_data / "spectra" / names[0])
    rows = zip(spectrum.edges_kev[:-1], spectrum.edges_kev[1:], spectrum.counts, strict=True)
    csv = "e_min (keV),e_max (keV),counts\n" + "".join(f"{low:.6f},{high:.6f},{n:g}\n" for low, high, n in rows)
    latents = []
    for files in (handed_in(real_data / "spectra", *names), [DroppedFile("mine.csv", csv.encode())]):
        outcome = interpret(workspace, files, folder)
        assert outcome.applied.survey.n_sources == 1
        assert not outcome.problems
        latents.append(outcome.applied.overlay.latents("spectrum_aligned")[0])
        remove_dropped(outcome.applied)
    assert latents[0] @ latents[1] > 0.95


@pytest.mark.real_data
def test_companions_with_any_names_are_used_for_the_only_spectrum(workspace, real_data, folder, quasar):
    names = {
        "9774.pi.gz": "mine.pi.gz",
        "9774.arf.gz": "a.fits.gz",
        "9774.rmf.gz": "b.gz",
        "9774_bg.pi.gz": "sky_bkg.pi.gz",
    }
    files = [DroppedFile(new, (real_data / "spectra" / old).read_bytes()) for old, new in names.items()]
    outcome = interpret(workspace, files, folder)
    assert outcome.applied.survey.name == "dropped-3C186-2"
    np.testing.assert_allclose(outcome.applied.survey.background, quasar.applied.survey.background)
    np.testing.assert_array_equal(
        outcome.applied.overlay.latents("spectrum"), quasar.applied.overlay.latents("spectrum")
    )
    remove_dropped(outcome.applied)
    assert not outcome.applied.survey.folder.exists()


@pytest.mark.real_data
def test_all_real_spectra_at_once(workspace, real_data, folder):
    outcome = interpret(
        workspace, handed_in(real_data / "spectra", *(path.name for path in (real_data / "spectra").iterdir())), folder
    )
    assert sorted(outcome.applied.survey.sources["name"]) == sorted(FILES)
    assert len(outcome.statements) == 6
    assert not outcome.problems
    remove_dropped(outcome.applied)


@pytest.mark.real_data
def test_a_list_of_events_is_a_source_and_a_field_is_none(workspace, real_data, folder):
    outcome = interpret(workspace, handed_in(real_data / "events", "m82_obsid10027_evt.fits"), folder)
    assert outcome.applied.survey.sources["name"].tolist() == ["M82"]
    assert "several sources may be among them" in outcome.notes[0]
    times, _ = outcome.applied.survey.events_of(0)
    assert len(times) > 3000
    remove_dropped(outcome.applied)
    with pytest.raises(AlignlabError, match=r"acisf22130N001_evt2.*whole field.*Cut out one source first"):
        interpret(workspace, handed_in(real_data / "events", "acisf22130N001_evt2.fits.gz"), folder)


@pytest.mark.real_data
def test_responses_alone_are_told(workspace, real_data, folder):
    with pytest.raises(AlignlabError, match=r"3c273.arf.gz is an effective area.*3c273.rmf.gz is a response matrix"):
        interpret(workspace, handed_in(real_data / "spectra", "3c273.arf.gz", "3c273.rmf.gz"), folder)
    with pytest.raises(AlignlabError, match=r"background spectrum, no spectrum of a source"):
        interpret(workspace, handed_in(real_data / "spectra", "3c273_bg.pi.gz"), folder)


def type_two() -> bytes:
    columns = [
        fits.Column("SPEC_NUM", "J", array=[1, 2]),
        fits.Column("CHANNEL", "100J", array=np.tile(np.arange(1, 101), (2, 1))),
        fits.Column("COUNTS", "100J", array=np.ones((2, 100), int)),
    ]  # fmt: skip
    table = fits.BinTableHDU.from_columns(columns, name="SPECTRUM")
    table.header["EXPOSURE"] = 100.0
    return written(table)


def written(*hdus: fits.BinTableHDU | fits.ImageHDU) -> bytes:
    import io

    buffer = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(buffer)
    return buffer.getvalue()


def nan_energies() -> bytes:
    values = {"ENERGY": np.full(50, np.nan), "COUNTS": np.ones(50)}
    return written(fits.BinTableHDU.from_columns([fits.Column(k, "D", array=v) for k, v in values.items()]))


def other_table() -> bytes:
    return written(fits.BinTableHDU.from_columns([fits.Column("FOO", "D", array=np.ones(5))], name="WRONG"))


JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(range(256)) * 40
BROKEN = {
    "empty.pi": (b"", "is empty"),
    "photo.jpg": (JPEG, "neither FITS nor text"),
    "two.pha2": (type_two(), "type II file with 2 spectra"),
    "nan.fits": (nan_energies(), "50 of 50 rows have no energy"),
    "other.fits": (other_table(), "WRONG"),
    "image.fits": (written(fits.ImageHDU(np.ones((5, 5)))), "no spectrum"),
    "header.fits": (written()[:1000], "header|damaged|truncated|FITS"),
    "cut.csv.gz": (gzip.compress(spectrum_csv().encode())[:300], "gzip"),
    "notes.txt": (b"Dear colleague, 3 things about the spectrum:\nfirst, it is soft.\n", "expected|cells"),
    "event.fits": (written(events_hdu(np.array([]), energy=np.array([])), gti_hdu((0, 1))), "no events"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_bad_file_is_named_with_what_is_wrong(workspace, tmp_path, name):
    content, expected = BROKEN[name]
    with pytest.raises(AlignlabError, match=expected) as raised:
        interpret(workspace, [DroppedFile(name, content)], tmp_path)
    assert name in str(raised.value)
    assert raised.value.remedy
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_the_good_ones_among_bad_ones_are_used(workspace, tmp_path):
    files = [DroppedFile("photo.jpg", JPEG), DroppedFile("mine.csv", spectrum_csv().encode())]
    outcome = interpret(workspace, files, tmp_path)
    assert outcome.applied.survey.sources["name"].tolist() == ["mine"]
    assert len(outcome.problems) == 1
    assert "photo.jpg" in outcome.problems[0]


def test_a_large_file_of_nothing_is_refused_quickly(workspace, tmp_path):
    junk = np.random.default_rng(0).integers(0, 256, 30_000_000, dtype=np.uint8).tobytes()
    with pytest.raises(AlignlabError, match="neither FITS nor text"):
        interpret(workspace, [DroppedFile("large.bin", junk)], tmp_path)
    small = replace(workspace, config=replace(workspace.config, max_upload_mb=1))
    with pytest.raises(AlignlabError, match=r"30 MB; at most 1 are taken.*alignlab ingest"):
        interpret(small, [DroppedFile("large.bin", junk)], tmp_path)


def test_too_many_files_and_none(workspace, tmp_path):
    with pytest.raises(AlignlabError, match="No file"):
        interpret(workspace, [], tmp_path)
    with pytest.raises(AlignlabError, match="61 files are more than 60"):
        interpret(workspace, [DroppedFile("a", b"")] * 61, tmp_path)


def test_names_lead_nowhere_else(workspace, tmp_path):
    inside = tmp_path / "session"
    for name in ("../../escaped.csv", "/escaped.csv", "..\\escaped.csv", "..", "a\0b.csv"):
        outcome = interpret(workspace, [DroppedFile(name, spectrum_csv().encode())], inside)
        assert outcome.applied.survey.folder.is_relative_to(inside)
    assert [path.name for path in tmp_path.iterdir()] == ["session"]


def test_two_files_of_one_name(workspace, tmp_path):
    content = spectrum_csv().encode()
    outcome = interpret(workspace, [DroppedFile("a.csv", content), DroppedFile("a.csv", content)], tmp_path)
    assert outcome.applied.survey.n_sources == 2
    assert outcome.applied.survey.sources["name"].is_unique


def test_stopping_leaves_nothing(workspace, tmp_path):
    for steps in (1, 5, 8):
        left = iter(range(steps))
        with pytest.raises(StoppedError):
            interpret(
                workspace, [DroppedFile("a.csv", spectrum_csv().encode())], tmp_path,
                on_step=lambda *_, left=left: next(left, None) is not None,
            )  # fmt: skip
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=some.floats(0, 1), flips=some.lists(some.tuples(some.floats(0, 0.999), some.integers(0, 255)), max_size=6))
def test_a_damaged_spectrum_is_a_source_or_a_message(workspace, tmp_path, cut, flips):
    table = fits.BinTableHDU.from_columns(
        [fits.Column("CHANNEL", "J", array=np.arange(1, 601)), fits.Column("COUNTS", "J", array=np.arange(600) % 7)],
        name="SPECTRUM",
    )
    table.header.update({"EXPOSURE": 1e4, "INSTRUME": "ACIS", "CHANTYPE": "PI", "HDUCLAS1": "SPECTRUM"})
    content = bytearray(written(table))
    for place, value in flips:
        content[int(place * len(content))] = value
    damaged = bytes(content[: int(cut * len(content)) + 1]) if cut < 0.7 else bytes(content)
    try:
        outcome = interpret(workspace, [DroppedFile("damaged.pi", damaged)], tmp_path)
    except AlignlabError as error:
        assert "damaged.pi" in str(error)
    else:
        assert np.isfinite(outcome.applied.overlay.latents("spectrum")).all()
        outcome.applied.survey.close()
        remove_dropped(outcome.applied)


def test_statements_say_how_far_out_it_is():
    assert "read its neighbours and estimates with care" in novelty_words(99.97)
    assert "99% of the training set" in novelty_words(100.0)
    assert "within what the run has seen" in novelty_words(40.0)
    assert "unknown" in novelty_words(float("nan"))


def test_old_sessions_are_swept(demo_copy):
    folders = [session_folder(demo_copy, name) for name in ("old-one", "../../new")]
    for folder in folders:
        assert folder.parent == demo_copy.data_dir / "dropped"
        (folder / "surveys").mkdir(parents=True)
    for path in (folders[0] / "surveys", folders[0]):
        os.utime(path, (0, 0))
    assert sweep_dropped(demo_copy) == [folders[0]]
    assert folders[1].is_dir()
    assert sweep_dropped(replace(demo_copy, data_dir=demo_copy.data_dir / "none")) == []


def test_a_file_named_twice_is_handed_in_once(tmp_path):
    spectrum = tmp_path / "a.csv"
    spectrum.write_text("energy,rate\n")
    assert [file.name for file in dropped_files([spectrum, tmp_path / "." / "a.csv"])] == ["a.csv"]
