from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from alignlab.config import Config
from alignlab.errors import AlignlabError
from alignlab.services.apply import apply_run
from alignlab.services.ingest import ingest_axia_file, ingest_ogip_files
from alignlab.services.sources import applied_source_card
from alignlab.services.workspace import Catalogue
from alignlab.store.artefact import sha256_of
from tests.spectra.ogip_files import N_CHANNELS, default_counts, write, write_arf, write_spectrum


@pytest.fixture
def config(tmp_path) -> Config:
    return Config(data_dir=tmp_path / "data")


def image(path: Path) -> Path:
    fits.PrimaryHDU(np.zeros((4, 4))).writeto(path)
    return path


def with_value(value: float) -> np.ndarray:
    counts = default_counts().astype(float)
    counts[17] = value
    return counts


def broken_files(folder: Path) -> list[Path]:
    """One file of each kind of damage."""
    whole = write_spectrum(folder / "whole.pi").read_bytes()
    (folder / "whole.pi").unlink()
    (folder / "truncated.pi.gz").write_bytes(gzip.compress(whole)[:2000])
    (folder / "empty.pi").write_bytes(b"")
    (folder / "text.pi").write_text("channel counts\n1 2\n")
    image(folder / "image.pi")
    write_arf(folder / "response.pi")
    write_spectrum(folder / "no_counts.pi", drop=("COUNTS",))
    write_spectrum(folder / "nan.pi", with_value(np.nan))
    write_spectrum(folder / "negative.pi", with_value(-3))
    write_spectrum(folder / "zero.pi", np.zeros(N_CHANNELS, int))
    return [*sorted(folder.iterdir()), folder / "absent.pi"]


def files_below(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*")) if folder.exists() else []


def test_good_files_go_on_and_each_bad_one_has_one_message(tmp_path, config):
    folder = tmp_path / "in"
    folder.mkdir()
    broken = broken_files(folder)
    good = [write_spectrum(folder / f"good{i}.pi", default_counts(i), OBJECT=f"Object {i}") for i in range(3)]
    outcome = ingest_ogip_files([good[0], *broken, *good[1:]], name="mixed", config=config)
    survey = outcome.survey
    assert survey.sources["name"].tolist() == ["Object 0", "Object 1", "Object 2"]
    assert not survey.simulated
    assert sorted(problem.split(":")[0] for problem in outcome.problems) == sorted(path.name for path in broken)
    assert all("\n" not in problem and len(problem) < 300 for problem in outcome.problems)
    assert survey.spectra.shape == (3, 400)
    assert survey.spectra.min() == 0
    assert survey.spectra.max() == 1
    assert set(survey.split) == {"test"}
    assert survey.meta.recipe == {"reader": "ogip", "grid_kind": "log"}
    assert survey.meta.inputs_sha256["good1.pi"] == sha256_of(good[1])
    assert files_below(config.surveys_dir)[0] == "mixed"
    assert not any(".partial" in name for name in files_below(config.data_dir))


def test_when_all_files_are_bad_nothing_is_written(tmp_path, config):
    folder = tmp_path / "in"
    folder.mkdir()
    with pytest.raises(AlignlabError, match=r"No source could be read.*negative\.pi.*Nothing was written"):
        ingest_ogip_files(broken_files(folder), name="broken", config=config)
    assert not any("broken" in name for name in files_below(config.data_dir))


def test_a_taken_name_is_refused_before_the_work_and_replaced_on_demand(tmp_path, config):
    first, second = (write_spectrum(tmp_path / f"{i}.pi", default_counts(i), OBJECT=f"Object {i}") for i in (1, 2))
    ingest_ogip_files([first], name="mine", config=config)
    with pytest.raises(AlignlabError, match=r"exists already.*--replace"):
        ingest_ogip_files([tmp_path / "not even there.pi"], name="mine", config=config)
    outcome = ingest_ogip_files([second], name="mine", config=config, replace=True)
    assert outcome.survey.sources["name"].tolist() == ["Object 2"]
    assert Catalogue(config).survey_names() == ["mine"]


def test_a_failed_replacement_leaves_the_old_survey(tmp_path, config):
    ingest_ogip_files([write_spectrum(tmp_path / "a.pi")], name="mine", config=config)
    with pytest.raises(AlignlabError):
        ingest_ogip_files([tmp_path / "absent.pi"], name="mine", config=config, replace=True)
    assert Catalogue(config).survey("mine").n_sources == 1


@pytest.mark.parametrize("name", ["../outside", "a/b", "", ".hidden"])
def test_a_name_that_leaves_the_folder_is_refused(tmp_path, config, name):
    with pytest.raises(AlignlabError):
        ingest_ogip_files([write_spectrum(tmp_path / "a.pi")], name=name, config=config)
    assert files_below(config.data_dir) == []


def test_the_linear_grid_is_another_survey(tmp_path, config):
    path = write_spectrum(tmp_path / "a.pi")
    log, linear = (
        ingest_ogip_files([path], name=kind, config=config, grid_kind=kind).survey for kind in ("log", "linear")
    )
    assert linear.meta.recipe["grid_kind"] == "linear"
    assert linear.counts.sum() == pytest.approx(log.counts.sum(), rel=1e-4)
    assert not np.array_equal(linear.spectra, log.spectra)


@pytest.mark.real_data
def test_all_real_spectra_and_broken_ones_in_one_call_and_laid_over_the_demo(real_data, tmp_path, demo_copy):
    folder = tmp_path / "in"
    folder.mkdir()
    broken = broken_files(folder)
    write(folder / "cut.pi")
    shutil.copy(real_data / "spectra" / "3c273.arf.gz", folder / "arf_for_a_spectrum.pi.gz")
    (folder / "half.pi.gz").write_bytes((real_data / "spectra" / "179.pi.gz").read_bytes()[:1500])
    broken += [folder / name for name in ("cut.pi", "arf_for_a_spectrum.pi.gz", "half.pi.gz")]
    real = sorted((real_data / "spectra").iterdir())
    outcome = ingest_ogip_files([*broken, *real], name="real", config=demo_copy)
    assert outcome.survey.n_sources == 6
    assert sorted(problem.split(":")[0] for problem in outcome.problems) == sorted(path.name for path in broken)

    catalogue = Catalogue(demo_copy)
    workspace = catalogue.open_workspace()
    apply_run(workspace.run, workspace.survey, outcome.survey)
    workspace = catalogue.open_workspace()
    for index in range(6):
        card = applied_source_card(workspace, "real", index)
        assert not card.simulated
        assert len(card.neighbours) == 5
        assert np.isfinite(card.novelty_percent)
        assert card.spectrum.counts.sum() > 100
        assert np.isfinite([reading.value for reading in card.readings][:3]).all()
        assert np.isfinite([reading.estimate for reading in card.readings]).all()


@pytest.mark.real_data
def test_the_axia_corpus_with_a_broken_line(real_data, tmp_path, config):
    with gzip.open(real_data / "axia" / "corpus.jsonl.gz", "rt") as file:
        lines = file.read().splitlines()
    path = tmp_path / "corpus.jsonl"
    path.write_text("\n".join([*lines[:6], lines[6][:100], *lines[7:]]))
    outcome = ingest_axia_file(path, name="axia", config=config)
    assert outcome.survey.n_sources == len(lines) - 1
    assert len(outcome.problems) == 1
    assert "7" in outcome.problems[0].split(":")[0]
    assert outcome.survey.catalogued is not None
    assert outcome.survey.meta.inputs_sha256 == {"corpus.jsonl": sha256_of(path)}
    times, energies = outcome.survey.events_of(0)
    assert len(times) == len(energies) > 0


def test_a_corpus_without_a_usable_line_writes_nothing(tmp_path, config):
    path = tmp_path / "corpus.jsonl"
    path.write_text(json.dumps({"events": "none"}) + "\n{broken\n")
    with pytest.raises(AlignlabError, match="No source could be read"):
        ingest_axia_file(path, name="axia", config=config)
    with pytest.raises(AlignlabError, match=r"absent\.jsonl"):
        ingest_axia_file(tmp_path / "absent.jsonl", name="axia", config=config)
    assert not any("axia" in name for name in files_below(config.data_dir))
