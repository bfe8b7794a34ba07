"""What the Interpret page draws: its map's picture, its bars, its links to evidence."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from alignlab.services.distributions import VariableDistributions
from alignlab.services.interpret.contract import Interpretation, QuotedSentence
from alignlab.services.map_place import MapPlace
from alignlab.services.subject import subject_of
from alignlab.services.workspace import Workspace
from alignlab.ui.colours import to_rgb
from alignlab.ui.interpret_page.cite import Citations
from alignlab.ui.interpret_page.classes import classes_html
from alignlab.ui.interpret_page.findings import evidence_html, paragraph_html
from alignlab.ui.interpret_page.head import head_html
from alignlab.ui.interpret_page.map_figure import map_figure
from alignlab.ui.interpret_page.papers import papers_html
from alignlab.ui.interpret_page.variables import variables_html
from alignlab.ui.source_page.text import ClassColours
from tests.services.interpretations import example_interpretation


@pytest.fixture(scope="module")
def interpretation(workspace: Workspace) -> Interpretation:
    return example_interpretation(subject_of(workspace, 3))


def test_the_map_shows_each_source_in_the_colour_of_its_class(workspace, interpretation):
    n = workspace.survey.n_sources
    x, y = np.linspace(-3, 9, n, dtype=np.float32), np.linspace(4, -2, n, dtype=np.float32)
    place = MapPlace(representation="both", method="pca", x=x, y=y, at=(20.0, 0.0))
    figure = map_figure(workspace, place, "mine", interpretation.neighbours, shade="light", height=300)
    (image,) = figure.layout.images
    content = base64.b64decode(image.source.removeprefix("data:image/png;base64,"))
    picture = np.asarray(Image.open(io.BytesIO(content)))
    colours = ClassColours(workspace.survey, "light")
    first, last = str(workspace.survey.sources["source_class"].iloc[0]), str(
        workspace.survey.sources["source_class"].iloc[-1]
    )  # fmt: skip
    for at, name in ((0, first), (n - 1, last)):
        column = int((x[at] - image.x) / image.sizex * picture.shape[1])
        row = int((image.y - y[at]) / image.sizey * picture.shape[0])
        shown = picture[row - 1 : row + 3, column - 1 : column + 3].reshape(-1, 4)
        assert (shown[shown[:, 3] > 0][:, :3] == np.round(255 * to_rgb([colours.of(name)])[0])).all(axis=1).any()
    assert (picture[..., 3] == 0).mean() > 0.9
    assert figure.layout.xaxis.range[1] == 20.0  # a source that lies beyond all others is within the figure


def test_the_head_says_what_is_simulated_and_how_far_it_is(workspace, interpretation):
    subject = subject_of(workspace, 3)
    begun = head_html(subject, None, is_finished=False)
    assert "looking for its place" in begun
    assert "al-skeleton" in begun
    halfway = head_html(subject, replace(interpretation, stages=("place", "classes")), is_finished=False)
    assert "reading papers… <small>2 of 6</small>" in halfway
    assert "Its photons are simulated" in halfway
    done = head_html(subject, interpretation, is_finished=True)
    assert "…" not in done


def test_ids_become_links_with_the_statement_and_nothing_else_does(interpretation):
    cite = Citations(interpretation)
    html = cite.linked("As <b>told</b> [E1, E8]; see [1] and [E].")
    assert re.findall(r'href="#evidence-(E\d+)"', html) == ["E1", "E8"]
    assert "&lt;b&gt;told" in html
    assert "see [1] and [E]." in html
    assert 'title="obscured AGN 62% (55–70)."' in html


def test_a_bar_is_as_long_as_its_probability(workspace, interpretation):
    html = classes_html(interpretation, ClassColours(workspace.survey, "light"))
    assert re.findall(r'<i style="width: ([\d.]+)%', html) == ["62.0", "24.0", "8.0"]
    assert re.findall(r'<b style="left: ([\d.]+)%; width: ([\d.]+)%', html)[0] == ("55.0", "15.0")
    assert "Too few sources to be told: ULX." in html


def test_variables_that_lie_apart_are_named(workspace, interpretation):
    html = variables_html(interpretation, VariableDistributions(workspace.survey), shade="light")
    apart = [found.label for found in interpretation.estimates if found.agrees is False]
    told = sum(found.agrees is not None for found in interpretation.estimates)
    assert apart
    assert f"{len(apart)} of {told} lie apart: {', '.join(apart)}." in html
    assert html.count('class="al-apart"') == len(apart)


def test_papers_are_quoted_as_text_and_simulated_ones_lead_nowhere(interpretation):
    paper = replace(
        interpretation.papers[0], identifier="2010ApJS..189...37E",
        sentences=(QuotedSentence(text="<script>alert(1)</script>", aspect="nature", similarity=-0.2),),
    )  # fmt: skip
    simulated = papers_html(replace(interpretation, papers=(paper,)))
    assert "<script>" not in simulated
    assert "<a " not in simulated
    observed = papers_html(replace(interpretation, papers=(replace(paper, is_simulated=False),)))
    assert 'href="https://ui.adsabs.harvard.edu/abs/2010ApJS..189...37E/abstract"' in observed
    assert "simulated" not in observed
    assert "holds no papers" in papers_html(replace(interpretation, papers=()))


def test_evidence_that_stands_elsewhere_is_anchored_there_alone(interpretation):
    anchored = set(re.findall(r'id="evidence-(E\d+)"', evidence_html(interpretation)))
    elsewhere = {item.id for item in (*interpretation.neighbours, *interpretation.papers, *interpretation.estimates)}
    assert not anchored & elsewhere
    assert anchored <= {item.id for item in interpretation.evidence}
    assert paragraph_html(interpretation) == ""
