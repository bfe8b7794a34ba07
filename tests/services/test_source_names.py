"""A source's label leads back to exactly that source, several observations of one name included."""

from __future__ import annotations

import pytest

from alignlab.config import Config
from alignlab.errors import AlignlabError
from alignlab.services.source_names import find_source, source_label
from alignlab.services.workspace import Catalogue
from tests.ui.small_demo import N_REPEATED, build_small_demo


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    opened = Catalogue(Config(data_dir=build_small_demo(tmp_path_factory.mktemp("data")))).open_workspace()
    yield opened.survey
    opened.survey.close()


def test_every_label_finds_its_source(survey):
    for row in (0, 5, 250, survey.n_sources - 1, survey.n_sources - 1 - N_REPEATED):
        assert find_source(survey, source_label(survey, row)) == row
    assert "@" not in source_label(survey, 0)
    assert source_label(survey, survey.n_sources - 1).endswith(f"@{9000 + survey.n_sources - 1}")


def test_the_name_alone_finds_the_first_observation(survey):
    row = survey.n_sources - 1
    assert find_source(survey, survey.sources["name"].iloc[row]) == row - N_REPEATED


def test_a_plus_sign_that_became_a_space_is_understood(survey):
    assert find_source(survey, "SIM J000007.0 000000") == 7


def test_an_unknown_observation_is_told(survey):
    with pytest.raises(AlignlabError, match=r"no observation 1 of 'SIM J000007.0\+000000'"):
        find_source(survey, "SIM J000007.0+000000 @1")
