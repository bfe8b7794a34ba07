"""What docs/fields-and-tables.md tells a person to type is typed, in its order, in a folder with such files."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from astropy.table import Table
from click.testing import CliRunner

from alignlab.cli import main
from alignlab.config import Config
from alignlab.store.survey import Survey
from tests.conftest import PROJECT
from tests.ingest.test_event_sources import at_pixels, field
from tests.services.test_ingest_events import positions_file
from tests.spectra.event_files import events_hdu, gti_hdu
from tests.spectra.ogip_files import write

DOCUMENT = (PROJECT / "docs" / "fields-and-tables.md").read_text()


def commands() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", DOCUMENT, re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def test_every_command_does_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ALIGNLAB_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(4)
    x, y = field(rng, sources=[(4200, 4000, 90), (3800, 4300, 60)], background=20_000)
    write(tmp_path / "evt2.fits", events_hdu(x, y), gti_hdu((0, 1000)))
    positions_file(tmp_path / "sources.csv", at_pixels((4200, 4000), (3800, 4300), names=("A", "B")))
    (tmp_path / "catalogue.csv").write_text("name,HS,NH\nA,0.25,2e21\n")
    Table({"name": ["a"], "spectrum": rng.poisson(3.0, (1, 400))}).write(tmp_path / "spectra.fits")
    assert len(commands()) == 5
    for command in commands():
        result = CliRunner().invoke(main, shlex.split(command)[1:])
        assert result.exit_code == 0, f"{command}\n{result.output}"
        assert result.stdout.strip(), command
    surveys = Config(data_dir=tmp_path / "data").surveys_dir
    assert sorted(path.name for path in surveys.iterdir() if path.is_dir()) == ["field", "field-2", "mine"]
    assert Survey.open(surveys / "field-2").catalogued[0, 6] == pytest.approx(20)
