from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from alignlab.config import Config
from alignlab.errors import AlignlabError, RecipeError
from alignlab.progress import StoppedError
from alignlab.services.ingest_events import EventsSettings, ingest_event_files
from alignlab.store.survey import Survey
from tests.ingest.test_event_sources import at_pixels, field
from tests.spectra.event_files import events_hdu, gti_hdu
from tests.spectra.ogip_files import write


@pytest.fixture
def config(tmp_path) -> Config:
    return Config(data_dir=tmp_path / "data")


def positions_file(path, positions):
    table = pd.DataFrame({"name": positions.names, "ra": positions.ra, "dec": positions.dec})
    table.to_csv(path, index=False)
    return path


def test_a_field_becomes_a_survey_with_spectra_and_light_curves(tmp_path, config):
    rng = np.random.default_rng(1)
    x, y = field(rng, sources=[(4200, 4000, 130), (3800, 4300, 60)], background=20_000)
    energy = rng.uniform(500, 7000, len(x))
    one = write(tmp_path / "one.fits", events_hdu(x, y, energy_ev=energy), gti_hdu((0, 400), (500, 1000)))
    some = rng.permutation(len(x))[:15_000]
    two = write(tmp_path / "two.fits", events_hdu(x[some], y[some], OBS_ID="88"), gti_hdu((0, 1000)))
    broken = tmp_path / "broken.fits"
    broken.write_bytes(one.read_bytes()[:9000])
    table = positions_file(
        tmp_path / "p.csv", at_pixels((4200, 4000), (3800, 4300), (7900, 7900), names=("A", "B", "away"))
    )
    outcome = ingest_event_files([one, two, broken], table, name="field", config=config)
    survey = Survey.open(config.surveys_dir / "field")
    assert survey.sources["name"].tolist() == ["A (77)", "B (77)", "A (88)", "B (88)"]
    assert survey.sources["net_counts"].iloc[0] == pytest.approx(0.9 * 130, abs=20)
    assert survey.sources["exposure_s"].tolist() == [810, 810, 900, 900]
    time, kev = survey.events_of(0)
    assert len(time) == pytest.approx(survey.sources["counts"].iloc[0])
    assert time.max() <= 900 and kev.min() >= 0.5
    assert np.isfinite(survey.variables[0, :3]).all()
    assert sum("away: outside the field" in text for text in outcome.problems) == 2
    assert any(text.startswith("broken.fits: ") and "truncated" in text for text in outcome.problems)
    assert survey.meta.recipe["files"]["one.fits"]["events outside the good times"] > 0
    assert set(survey.meta.inputs_sha256) == {"one.fits", "two.fits", "broken.fits", "p.csv"}


def test_nothing_in_the_field_is_an_error_and_leaves_nothing(tmp_path, config):
    path = write(tmp_path / "e.fits", events_hdu(np.full(50, 4000.0), np.full(50, 4000.0)), gti_hdu((0, 1000)))
    table = positions_file(tmp_path / "p.csv", at_pixels((7900, 7900)))
    with pytest.raises(AlignlabError, match=r"No source could be read.*outside the field"):
        ingest_event_files([path], table, name="field", config=config)
    with pytest.raises(StoppedError):
        ingest_event_files([path], table, name="field", config=config, on_step=lambda *_: False)
    assert not (config.surveys_dir / "field").exists()


def test_the_settings_hold_what_makes_sense():
    chosen = EventsSettings(files=("a.fits",), positions="p.csv", aperture_scale=2.0)
    assert EventsSettings.from_json(chosen.to_json()) == chosen
    with pytest.raises(RecipeError, match="ring_outer"):
        EventsSettings(ring_inner=6.0)
    with pytest.raises(RecipeError, match="aperture_scale"):
        EventsSettings(aperture_scale=100.0)


def test_real_fields(tmp_path, config, real_data):
    """M82 beside the catalogue's rows of other observations, and the brightest source of the field of A1763."""
    catalogue = pd.read_parquet(real_data / "csc20_detections.parquet")
    near = np.hypot((catalogue["ra"] - 148.96) * np.cos(np.radians(69.68)), catalogue["dec"] - 69.68) < 0.25
    rates = catalogue[near].groupby("name").agg(ra=("ra", "first"), dec=("dec", "first"), n=("cnts_aper_b", "sum"),
                                                livetime=("livetime", "sum"))  # fmt: skip
    rates.reset_index().to_csv(tmp_path / "m82.csv", index=False)
    outcome = ingest_event_files(
        [real_data / "events" / "m82_obsid10027_evt.fits"], tmp_path / "m82.csv", name="m82", config=config
    )
    sources = outcome.survey.sources
    # The file is a cut: 945.4 s of the observation's 20,155 s are left, as its good times say and its header does not.
    assert sources["exposure_s"].to_numpy() == pytest.approx(945.35 * 0.90695, rel=1e-3)
    for source in sources.itertuples():
        row = rates.loc[source.name]
        expected = row["n"] / row["livetime"] * source.exposure_s + source.background_counts
        assert abs(source.counts - expected) < 3 * np.sqrt(expected) + 3
    assert len(sources) + len(outcome.problems) == len(rates)
