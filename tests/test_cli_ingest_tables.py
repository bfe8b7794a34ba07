"""``alignlab ingest events`` and ``alignlab ingest table``, as a person types them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from alignlab.cli import main
from alignlab.config import Config
from alignlab.store.survey import Survey
from tests.ingest.test_event_sources import at_pixels, field
from tests.services.test_ingest_events import positions_file
from tests.spectra.event_files import events_hdu, gti_hdu
from tests.spectra.ogip_files import write


def typed(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["ingest", *map(str, arguments)])


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    monkeypatch.setenv("ALIGNLAB_DATA", str(tmp_path / "data"))
    return Config(data_dir=tmp_path / "data")


def test_a_field_and_then_a_catalogue_beside_it(tmp_path: Path, config: Config):
    rng = np.random.default_rng(2)
    x, y = field(rng, sources=[(4200, 4000, 90), (3800, 4300, 60)], background=20_000)
    events = write(tmp_path / "evt2.fits", events_hdu(x, y), gti_hdu((0, 1000)))
    places = at_pixels((4200, 4000), (3800, 4300), (300, 300), names=("A", "B", "away"))
    positions = positions_file(tmp_path / "p.csv", places)

    plan = typed("events", events, "--positions", positions, "--name", "field", "--dry-run")
    assert plan.stdout.startswith("2 sources\t")
    assert "2 of 3 positions within 17 arcmin" in plan.output
    assert not config.surveys_dir.exists()
    assert "--positions" in typed("events", events, "--name", "field").stderr

    made = typed("events", events, "--positions", positions, "--name", "field")
    assert made.exit_code == 0, made.output
    assert made.stdout.startswith("2 sources in ")
    assert "away: outside the field" in made.stderr
    assert "without a unit, taken for deg: ra, dec" in made.stderr

    table = tmp_path / "cat.csv"
    table.write_text("Source,HS,nh\na,0.5,3e21\nz,,\n")
    beside = ("--map", "hard_hs=HS", "--map", "powlaw_nh=nh", "--beside", "field", "--name", "more")
    refused = typed("table", table, *beside)
    assert refused.exit_code == 2
    assert "column nh has no unit" in refused.stderr
    told = typed("table", table, *beside, "--unit", "nh=cm-2", "--dry-run")
    assert told.stdout.startswith("2 sources\t")
    assert "column Source taken for name (by its name)" in told.output
    done = typed("table", table, *beside, "--unit", "nh=cm-2")
    assert done.exit_code == 0, done.output
    assert "1 of 2 sources have a row; 1 of 2 rows were used" in done.stderr
    copy = Survey.open(config.surveys_dir / "more")
    assert copy.catalogued[0, [0, 6]] == pytest.approx([0.5, 30.0])
