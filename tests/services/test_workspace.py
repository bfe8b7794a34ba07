from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from alignlab.config import Config
from alignlab.errors import AlignlabError, MissingArtefactError
from alignlab.services.sources import find_source
from alignlab.services.workspace import Catalogue
from alignlab.store.artefact import Meta
from alignlab.store.overlay import write_overlay
from alignlab.store.run import OverlayContents, write_run
from alignlab.store.survey import write_survey
from tests.store.builders import run_contents, run_meta, survey_contents, survey_meta


@pytest.fixture
def catalogue(tmp_path) -> Catalogue:
    return Catalogue(Config(data_dir=tmp_path))


def publish(catalogue, *run_ids):
    survey = write_survey(survey_contents(), survey_meta(), catalogue.config.surveys_dir)
    for run_id in run_ids:
        write_run(run_contents(), run_meta(run_id), catalogue.config.runs_dir / "tiny")
    return survey


def test_an_empty_folder_says_what_to_do(catalogue):
    assert catalogue.survey_names() == []
    assert catalogue.default_survey_name() is None
    with pytest.raises(MissingArtefactError, match="alignlab demo"):
        catalogue.open_workspace()


def test_the_active_run_is_the_chosen_one_else_the_newest(catalogue):
    publish(catalogue, "paper-1", "paper-2")
    assert catalogue.open_workspace().run.run_id == "paper-2"
    catalogue.lab.set_active_run("tiny", "paper-1")
    assert catalogue.open_workspace().run.run_id == "paper-1"
    catalogue.lab.set_active_run("tiny", "deleted")
    assert catalogue.open_workspace().run.run_id == "paper-2"
    assert "simulated" in catalogue.open_workspace().title
    assert "simulated" in catalogue.open_workspace().provenance


def test_unknown_names_list_the_known_ones(catalogue):
    publish(catalogue, "paper-1")
    with pytest.raises(MissingArtefactError, match="tiny"):
        catalogue.survey("demo")
    with pytest.raises(MissingArtefactError, match="paper-1"):
        catalogue.run("paper-9")


def test_an_overlay_of_a_survey_that_changed_since_is_not_shown(catalogue):
    publish(catalogue, "paper-1")
    other = write_survey(survey_contents(3, seed=1), survey_meta("other"), catalogue.config.surveys_dir)
    run = catalogue.run("paper-1")
    write_overlay(
        OverlayContents(
            latents={"spectrum": np.zeros((3, 64), np.float32)},
            reconstruction=np.zeros((3, 400), np.float32),
            estimates=pd.DataFrame({"hard_hs": [0.0, 0.0, 0.0]}),
            novelty_percent=np.zeros(3, np.float32),
        ),
        Meta(kind="overlay", name="other", simulated=True, inputs_sha256={"survey": other.digest}),
        run.folder / "applied",
    )
    assert [a.survey.name for a in catalogue.open_workspace("tiny").overlays] == ["other"]
    write_survey(survey_contents(3, seed=2), survey_meta("other"), catalogue.config.surveys_dir, replace=True)
    assert catalogue.open_workspace("tiny").overlays == ()


def test_sources_are_found_by_name_part_and_index(catalogue):
    survey = publish(catalogue)
    assert find_source(survey, "SIM J000007.0+000000") == 7
    assert find_source(survey, "simj000007.0+000000") == 7
    assert find_source(survey, "J000011") == 11
    assert find_source(survey, "3") == 3
    with pytest.raises(AlignlabError, match="20 sources match"):
        find_source(survey, "SIM")
    with pytest.raises(AlignlabError, match="No source"):
        find_source(survey, "M 31")
