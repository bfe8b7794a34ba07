"""The Outliers page without a browser, and what each key does at its desk."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from alignlab.config import Config
from alignlab.services import jobs
from alignlab.services.discover.artefacts import CONCERNS, artefact_scores
from alignlab.services.discover.follow_up import follow_up_list
from alignlab.services.discover.outliers import find_outliers
from alignlab.services.discover.triage import Triage
from alignlab.services.workspace import Catalogue, Workspace
from alignlab.store.lab import Lab
from alignlab.ui.outliers_page import cached
from alignlab.ui.outliers_page.choices import Choices
from alignlab.ui.outliers_page.desk import Desk, percentile_words
from alignlab.ui.outliers_page.queue import queue_rows
from alignlab.ui.outliers_page.state import OutliersPageState
from alignlab.ui.outliers_page.subject import place_words
from alignlab.ui.source_page.text import ClassColours
from tests.conftest import PROJECT
from tests.pages.test_atlas import html


@pytest.fixture(scope="module")
def data(finished_demo: Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the demo, in which scores are kept and labels are given."""
    return Path(shutil.copytree(finished_demo.data_dir, tmp_path_factory.mktemp("outliers") / "data"))


@pytest.fixture(scope="module")
def workspace(data: Path):
    found = Catalogue(Config(data_dir=data)).open_workspace()
    yield found
    found.survey.close()
    found.run.close()


@pytest.fixture(scope="module")
def scored(workspace: Workspace):
    return find_outliers(workspace.survey, workspace.run), artefact_scores(workspace.survey, workspace.run)


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path / "lab.sqlite")


@pytest.fixture
def desk(workspace: Workspace, scored, lab: Lab) -> Desk:
    return desk_with(workspace, scored, lab)


def desk_with(workspace: Workspace, scored, lab: Lab, *, ranked_by: str = "combined", person: str = "Ada") -> Desk:
    choices = Choices(
        representation="both", ranked_by=ranked_by, scope="all", strength=1.0, weights={}, unlabelled_first=True
    )
    state = OutliersPageState()
    made = Desk(
        workspace=workspace,
        lab=lab,
        state=state,
        choices=choices,
        scores=scored[0],
        artefacts=scored[1],
        person=person,
    )
    state.look_at(int(made.queue().rows[0]))
    return made


def open_page(data: Path, monkeypatch: pytest.MonkeyPatch, **query: str) -> AppTest:
    monkeypatch.setenv("ALIGNLAB_DATA", str(data))
    app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60)
    app.switch_page("pages/outliers.py")
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def presses(desk: Desk, *what: str) -> list[str]:
    """Press keys one after the other; the names of the sources that were looked at before each."""
    seen = []
    for key in what:
        seen.append(desk.name(desk.state.index))
        press = {"3": {"do": "label", "value": "3"}, "z": {"do": "undo"}, "n": {"do": "next"}, "f": {"do": "follow"}}
        do = press.get(key) or ({"do": "label", "value": key} if key != "down" else {"do": "step", "value": 1})
        desk.obey([{"serial": desk.state.obeyed + 1, "source": desk.state.index, **do}])
    return seen


def test_the_page_ranks_all_sources_and_explains_the_first(data, workspace, scored, monkeypatch):
    app = open_page(data, monkeypatch)
    text = html(app)
    assert "400 sources ranked" in text
    assert "planted rarities" in text
    desk = desk_with(workspace, scored, Catalogue(Config(data_dir=data)).lab)
    first = desk.name(desk.state.index)
    assert f"<h1>{first}</h1>" in text
    assert "rank 1 of 400" in text
    assert app.query_params["source"] == first


def test_a_link_opens_its_ranking_and_its_source(data, workspace, monkeypatch):
    name = str(workspace.survey.sources["name"].iloc[7])
    query = {"source": name, "ranked_by": "knn", "strange_in": "spectrum", "demoted": "50", "weights": "few_counts:0.1"}
    app = open_page(data, monkeypatch, **query)
    assert f"<h1>{name}</h1>" in html(app)
    assert "Mean cosine distance" in html(app)
    assert {key: app.query_params[key] for key in query} == query
    assert app.session_state["outliers_weight_few_counts"] == pytest.approx(0.1)
    app.button("outliers_weights_reset").click().run()
    assert not app.exception
    assert "weights" not in app.query_params


def test_only_the_test_split_is_ranked_where_that_is_asked(data, workspace, monkeypatch):
    text = html(open_page(data, monkeypatch, among="test"))
    n = int((workspace.survey.split == "test").sum())
    assert f"{n} sources ranked" in text
    assert f"{400 - n} without this score are left out" in text


def test_labels_move_on_to_the_next_source_and_z_comes_back(desk, lab):
    order = [desk.name(row) for row in desk.queue().rows[:4]]
    assert presses(desk, "3", "unsure", "0") == order[:3]
    assert desk.labels() == {order[0]: "3", order[1]: "unsure", order[2]: "0"}
    assert desk.name(desk.state.index) == order[3]
    presses(desk, "z")
    assert desk.name(desk.state.index) == order[2]
    assert order[2] not in desk.labels()
    presses(desk, "z", "z", "z")
    assert desk.labels() == {}
    assert desk.state.said == "There is no label to take back."


def test_a_press_that_is_told_twice_is_obeyed_once(desk):
    press = {"serial": 1, "do": "step", "value": 1, "source": desk.state.index}
    second = int(desk.queue().rows[1])
    desk.obey([press])
    desk.obey([press, {"serial": 2, "do": "go", "value": second}])
    assert (desk.state.index, desk.state.obeyed) == (second, 2)


def test_arrows_leaf_and_n_goes_to_the_next_without_a_label(desk):
    order = [desk.name(row) for row in desk.queue().rows[:5]]
    presses(desk, "down", "3", "down")
    assert desk.name(desk.state.index) == order[3]
    presses(desk, "n")
    assert desk.name(desk.state.index) == order[4]


def test_without_a_name_nothing_is_labelled_and_the_page_says_so(workspace, scored, lab):
    desk = desk_with(workspace, scored, lab, person="")
    at = desk.state.index
    presses(desk, "3", "f")
    assert desk.state.index == at
    assert desk.state.wrong
    assert "name" in desk.state.said
    assert lab.labels(workspace.survey.name) == {}


def test_f_puts_a_source_on_the_follow_up_list_with_its_reason_and_off_again(desk, lab, workspace):
    presses(desk, "f")
    (entry,) = follow_up_list(lab, workspace.survey)
    assert entry.name == desk.name(desk.state.index)
    assert entry.reason.startswith("outlier, all methods combined: stranger than ")
    presses(desk, "f")
    assert follow_up_list(lab, workspace.survey) == []


def test_the_ranking_follows_labels(workspace, scored, lab):
    """Somebody interested in one class finds more of it among the next sources than the fixed ranking shows."""
    classes = workspace.survey.sources["source_class"].to_numpy()
    fixed, following = desk_with(workspace, scored, lab), desk_with(workspace, scored, lab, ranked_by="labels")
    wanted = "star"
    static = fixed.queue().rows
    for row in [*np.flatnonzero(classes == wanted)[:8], *np.flatnonzero(classes != wanted)[:12]]:
        Triage(lab, workspace.survey.name, "Ada").give(following.name(row), "5" if classes[row] == wanted else "0")
    open_rows = following.queue().rows[:20]
    assert not set(map(following.name, open_rows)) & set(following.labels())
    assert (classes[open_rows] == wanted).sum() >= 3 * (classes[static[:20]] == wanted).sum()


def test_after_a_label_the_best_unseen_source_follows(workspace, scored, lab):
    desk = desk_with(workspace, scored, lab, ranked_by="labels")
    seen = presses(desk, "down", "5", "0", "5", "1", "0")
    assert len(set(seen)) == len(seen)
    queue = desk.queue()
    assert desk.state.index == next(
        row for row in queue.rows if not queue.labelled[row] and row not in desk.state.seen - {desk.state.index}
    )


def test_rows_of_the_queue_tell_rank_label_and_concerns(desk, workspace, scored):
    labels = {desk.name(desk.state.index): "unsure"}
    colours = ClassColours(workspace.survey, "light")
    suspect = int(np.nanargmax(scored[1].score))
    rows = queue_rows(workspace, desk.queue(), [desk.state.index, suspect], labels, scored[1], colours)
    assert (rows[0]["rank"], rows[0]["label"]) == ("1", "u")
    assert set(rows[1]["concerns"]) <= {concern.label for concern in CONCERNS.values()}
    assert rows[1]["concerns"]
    assert "may be an artefact" in rows[1]["told"]
    assert "likely artefact" in place_words(desk, desk.queue(), suspect)


def test_the_queue_is_turned_page_by_page_and_comes_back_with_the_source(desk):
    queue = desk.queue()
    presses(desk, "down")
    desk.obey([{"serial": 9, "do": "page", "value": 1}])
    assert desk.first_shown(queue) == 200
    desk.obey([{"serial": 10, "do": "page", "value": 1}])
    assert desk.first_shown(queue) == 200
    presses(desk, "down")
    assert desk.first_shown(queue) == 0


def test_two_people_are_compared(data, workspace, monkeypatch):
    lab = Catalogue(Config(data_dir=data)).lab
    names = workspace.survey.sources["name"].iloc[:6].tolist()
    for person, values in (("Ada", "012345"), ("Ben", "012340")):
        for name, value in zip(names, values, strict=True):
            Triage(lab, workspace.survey.name, person).give(name, value)
    app = open_page(data, monkeypatch)
    app.session_state["outliers_two"] = True
    app.run()
    assert not app.exception
    text = " ".join(markdown.value for markdown in app.markdown)
    assert "have both labelled 6 sources, 5 of them alike" in text
    app.button("outliers_disagreement_0").click().run()
    assert f"<h1>{names[5]}</h1>" in html(app)


@pytest.mark.parametrize(
    ("percentile", "n", "words"), [(99.996, 11447, "99.99"), (99.4, 400, "99.4"), (98.7, 60, "99"), (np.nan, 9, "–")]
)
def test_percentiles_have_the_digits_that_n_can_tell_apart(percentile, n, words):
    assert percentile_words(percentile, n) == words


def test_a_survey_too_large_to_wait_for_is_scored_as_a_job(workspace, data, monkeypatch):
    monkeypatch.setattr(cached, "_MOST_AT_ONCE", 100)
    app = open_page(data, monkeypatch, strange_in="text_aligned")
    assert "A score of every source of run" in html(app)
    app.button("compute_outlier_scores").click().run()
    assert not app.exception
    (job,) = [job for job in jobs.jobs(Config(data_dir=data), survey="demo") if job.spec.kind == "outliers"]
    assert job.spec.recipe["representation"] == "text_aligned"
