"""The Populations page without a browser: its sentences, figures and choices are those of the service."""

from __future__ import annotations

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from alignlab.config import Config
from alignlab.services.discover.population_brightness import brightness_function
from alignlab.services.discover.population_comparison import compare_populations, variable_by_counts
from alignlab.services.discover.population_groups import read_group, rest_of
from alignlab.services.discover.population_text import difference_sentence, introduction
from alignlab.services.discover.populations import Population, survey_fluxes
from alignlab.services.workspace import Catalogue
from alignlab.ui.populations_page.brightest import brightest
from alignlab.ui.populations_page.brightness_figure import brightness_figure, variability_figure
from alignlab.ui.populations_page.sources_figure import colour_colour_figure, hardness_intensity_figure
from tests.conftest import PROJECT
from tests.pages.test_atlas import html


@pytest.fixture(scope="module")
def populations(finished_demo):
    workspace = Catalogue(finished_demo).open_workspace()
    lab = Catalogue(finished_demo).lab
    fluxes = survey_fluxes(workspace.survey)
    group = read_group(workspace.survey, lab, "class:ULX")
    first = Population(group=group, survey=workspace.survey, fluxes=fluxes, distance_mpc=4.6)
    second = Population(group=rest_of(group), survey=workspace.survey, fluxes=fluxes)
    yield first, second
    workspace.survey.close()
    workspace.run.close()


def open_page(config: Config, monkeypatch: pytest.MonkeyPatch, **query: str) -> AppTest:
    monkeypatch.setenv("ALIGNLAB_DATA", str(config.data_dir))
    app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=120)
    app.run()
    app.switch_page("pages/populations.py")
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def test_it_opens_with_a_class_against_the_rest_and_follows_another(finished_demo, populations, monkeypatch):
    app = open_page(finished_demo, monkeypatch)
    first, second = populations
    found = compare_populations(first, second)
    assert introduction(found) in html(app)
    assert difference_sentence(found) in html(app)
    assert "first" not in app.query_params
    app.multiselect("populations_first_class").set_value(["HMXB", "LMXB"]).run()
    assert not app.exception
    assert "HMXB, LMXB (n = " in html(app)
    assert app.query_params["first"] in ("class:HMXB, LMXB", ["class:HMXB, LMXB"])


def test_a_link_opens_two_cones_at_their_distances(finished_demo, monkeypatch):
    app = open_page(
        finished_demo, monkeypatch, first="cone:83.82 -5.39 within 30 deg", first_distance="414 pc",
        second="cone:204.254 -29.866 within 40 deg",
    )  # fmt: skip
    assert not app.warning, [w.value for w in app.warning]
    assert app.text_input("populations_second_place").value == "204.254 -29.866"
    assert "erg s⁻¹" in html(app)
    assert "30 deg around 83.820 −5.390" in html(app)


def test_names_can_be_typed_and_what_is_wrong_is_said(finished_demo, populations, monkeypatch):
    app = open_page(finished_demo, monkeypatch, first="names:nobody")
    assert "none of these sources" in app.warning[0].value
    names = populations[0].survey.sources["name"].iloc[:6].tolist()
    app.text_area("populations_first_names").set_value("\n".join(names)).run()
    assert not app.warning
    assert "6 named sources (n = 6)" in html(app)
    app.text_input("first_distance").set_value("far away").run()
    assert "no distance" in app.warning[0].value


def test_every_source_is_drawn_or_counted(populations):
    first, second = populations
    figure = hardness_intensity_figure(first, second, shade="light")
    drawn = sum(len(trace.x) for trace in figure.data if trace.type == "scattergl")
    flux = first.fluxes.flux
    assert drawn == int((flux.is_detected | flux.is_limit).sum())
    assert figure.layout.yaxis2.title.text == "luminosity of the first (erg s⁻¹)"
    shift = figure.layout.yaxis2.range[0] - figure.layout.yaxis.range[0]
    assert 10**shift == pytest.approx(first.to_brightness)
    colours = colour_colour_figure(first, second, shade="dark")
    assert (
        sum(len(trace.x) for trace in colours.data) == np.isfinite(first.survey.variables[:, [1, 2]]).all(axis=1).sum()
    )


def test_the_steps_and_shares_are_those_of_the_service(populations):
    first, second = populations
    function = brightness_function(first)
    figure = brightness_figure([(0, "ULX", function)], shade="light")
    steps = next(trace for trace in figure.data if trace.name and trace.name.startswith("ULX"))
    np.testing.assert_allclose(steps.x, function.counts.at)
    assert list(steps.y) == function.counts.n.tolist()
    classes = variable_by_counts(compare_populations(first, second))
    shares = variability_figure(classes, ("ULX", "rest"), shade="dark")
    assert [round(y) for y in shares.data[1].y] == [round(100 * c.hits_second / c.n_second) for c in classes]


def test_the_brightest_come_first_with_flux_and_luminosity(populations):
    frame, rows = brightest(populations[0])
    flux = populations[0].fluxes.flux.value[rows]
    assert len(frame) == populations[0].n
    assert np.all(np.diff(np.where(populations[0].fluxes.flux.is_detected[rows], flux, 0)) <= 0)
    assert "luminosity (1e37 erg s⁻¹)" in frame
    assert set(frame["class"]) == {"ULX"}
