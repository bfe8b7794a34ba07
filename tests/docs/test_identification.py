"""What docs/identification.md says of matching and classes is what the code does."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from alignlab.ingest.simbad_classes import SimbadClasses
from alignlab.ingest.simbad_match import MatchRule
from alignlab.services.gather.paper_choice import AdsSettings
from alignlab.services.gather.simbad import SimbadSettings

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "identification.md").read_text(encoding="utf-8")


def test_every_option_that_it_names_is_a_setting():
    options = {found.replace("-", "_") for found in re.findall(r"--([a-z-]+)", TEXT)}
    assert len(options) > 10
    assert options <= {field.name for settings in (SimbadSettings, AdsSettings) for field in fields(settings)}


def test_the_table_that_it_shows_is_taken_and_does_what_it_says(tmp_path: Path):
    path = tmp_path / "classes.csv"
    path.write_text(re.search(r"```csv\n(.*?)```", TEXT, re.DOTALL)[1], encoding="utf-8")  # type: ignore[index]
    classes = SimbadClasses(override=path)
    assert [classes.class_of(otype) for otype in ("Sy2", "Sy1", "XB*", "HXB", "WD*")] == [
        "obscured AGN", "AGN", "LMXB", "HMXB", "star",
    ]  # fmt: skip


def test_the_figures_that_it_gives_are_the_defaults():
    rule, ads = MatchRule(), AdsSettings()
    assert (rule.floor_arcsec, rule.cap_arcsec, rule.xray_weight, rule.least_share) == (1.0, 10.0, 10.0, 0.9)
    assert (rule.source_error_arcsec, rule.object_error_arcsec) == (1.0, 0.5)
    assert (SimbadSettings().sources_per_request, ads.max_papers, ads.max_objects) == (500, 10, 500)
