"""The Train page's parts without an app: recipes as forms, figures by epoch, jobs in words."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.jobs.spec import Job, JobProgress, JobSpec
from alignlab.training.recipe import AlignmentRecipe, EncoderRecipe, Range, Recipe
from alignlab.training.search_recipe import EnsembleRecipe, SearchRecipe
from alignlab.training.small_heads_recipe import SmallHeadsRecipe
from alignlab.ui.train_page import tell
from alignlab.ui.train_page.curves import PANELS, curves_figure, curves_key, panels_of
from alignlab.ui.train_page.fields import fill, form_fields, read, simple_fields, written

RECIPES = [AlignmentRecipe, EncoderRecipe, EnsembleRecipe, SearchRecipe, SmallHeadsRecipe]


@dataclass(frozen=True, kw_only=True)
class Toy(Recipe):
    name: str = "toy"
    size: int = 4
    rate: float = 0.5
    warmth: float | Literal["tuned", "learned"] | None = None
    sizes: tuple[int, ...] = ()
    parts: tuple[str, ...] = ("a", "b")
    careful: bool = True

    RANGES: ClassVar[dict[str, Range]] = {"size": (2, 8), "rate": (0, 1)}
    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = {"parts": ("a", "b", "c")}
    MEANINGS: ClassVar[dict[str, str]] = {"size": "How large it is."}


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_is_a_form_that_gives_itself_back(recipe):
    preset = recipe()
    form = form_fields(recipe)
    assert {field.name for field in form} == {field.name for field in fields(recipe)} - {"name"}
    values = {field.name: read(field, written(field, getattr(preset, field.name))) for field in form}
    filled = fill(preset, values)
    assert filled.recipe == preset
    assert filled.recipe.to_json() == preset.to_json()
    assert not filled.changed
    assert all(field.meaning for field in form), [field.name for field in form if not field.meaning]
    assert set(simple_fields(recipe)) <= {field.name for field in form}


@given(rate=st.floats(0, 1), size=st.integers(2, 8), sizes=st.lists(st.integers(0, 99)))
def test_numbers_are_written_exactly(rate, size, sizes):
    form = {field.name: field for field in form_fields(Toy)}
    for name, value in (("rate", rate), ("size", size), ("sizes", tuple(sizes))):
        assert read(form[name], written(form[name], value)) == value


def test_a_number_may_be_left_to_a_word():
    field = next(field for field in form_fields(Toy) if field.name == "warmth")
    assert field.kind == "number"
    assert len(set(field.words)) == len(field.words)
    assert read(field, "learned") == "learned"
    assert read(field, "0.07") == 0.07
    assert read(field, written(field, None)) is None


def test_the_same_number_written_otherwise_is_the_same_recipe():
    field = next(field for field in form_fields(Toy) if field.name == "rate")
    written_so = [fill(Toy(), {"rate": read(field, text)}).recipe.to_json() for text in ("1", "1.0", "1e0")]
    assert len(set(written_so)) == 1


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("size", "9", "from 2 to 8"),
        ("size", "four", "'four'"),
        ("size", "3.5", "whole number"),
        ("rate", "2", "from 0 to 1"),
        ("rate", "nan", "from 0 to 1"),
        ("rate", "", "''"),
    ],
)
def test_a_wrong_value_is_told_beside_its_field(name, text, told):
    form = {field.name: field for field in form_fields(Toy)}
    filled = fill(Toy(), {"careful": False, name: read(form[name], text)})
    assert filled.recipe is None
    assert set(filled.problems) == {name}
    assert told in filled.problems[name]


def test_all_wrong_values_are_told_at_once():
    assert set(fill(Toy(), {"size": 99, "rate": -1.0}).problems) == {"size", "rate"}


def test_what_only_fails_together_is_told_at_the_field_it_names():
    filled = fill(EncoderRecipe(), {"d_model": 100, "n_heads": 3})
    assert "n_heads" in filled.problems
    assert fill(EncoderRecipe(), {"d_model": 99, "n_heads": 3}).recipe.d_model == 99


def test_a_changed_preset_has_a_name_of_its_own():
    assert fill(Toy(), {"size": 4}).recipe.name == "toy"
    filled = fill(Toy(), {"size": 5, "rate": 0.5})
    assert filled.recipe.name == "toy-variant"
    assert filled.changed == {"size"}


EPOCHS = [
    {
        "epoch": number,
        "phase": "tuning" if number < 3 else "training",
        "training_loss": 3.0 / number,
        "validation_loss": 3.2 / number if number > 1 else None,
        "recall_at_1_percent": 0.1 * number,
        "recall_at_5_percent": 0.2 * number,
        "median_rank": 100 - number,
        "temperature": 0.05,
        "pairs_per_s": 1e4,
        "curvature": 0.5,
    }
    for number in range(1, 5)
]


def test_the_curves_are_the_figures_by_epoch():
    figure = curves_figure(EPOCHS, n_validation=1717)
    lines = {line.name: line for line in figure.data}
    assert list(lines["training"].x) == [1, 2, 3, 3, 4]  # the gap between trying out temperatures and training
    assert list(lines["validation"].y) == [None, 1.6, None, 3.2 / 3, 0.8]
    assert [value for value in lines["within 5%"].y if value] == pytest.approx([20, 40, 60, 80])
    titles = [note.text for note in figure.layout.annotations]
    assert "recall, validation · n 1,717" in titles
    assert "curvature" in titles
    units = {axis.title.text for axis in figure.select_yaxes()}
    assert {"nats", "%", "rank", "pairs per s"} <= units
    assert {axis.title.text for axis in figure.select_xaxes() if axis.title.text} == {"epoch"}


def test_the_shape_of_the_page_does_not_change_while_a_training_grows():
    heights = {curves_figure(EPOCHS[:n]).layout.height for n in range(1, 5)}
    assert len(heights) == 1
    assert panels_of(EPOCHS[:1]) == panels_of(EPOCHS)
    assert panels_of(EPOCHS)[: len(PANELS)] == list(PANELS)


def test_long_trainings_are_drawn_with_as_many_points_as_a_plot_has_pixels():
    long = [{**EPOCHS[n % 2], "epoch": n + 1, "temperature": 0.1} for n in range(5)]
    long += [{**EPOCHS[-1], "epoch": n} for n in range(6, 3001)]
    lines = {line.name: line for line in curves_figure(long).data}
    drawn = [x for x, y in zip(lines["validation"].x, lines["validation"].y, strict=True) if y is not None]
    assert 128 <= len(drawn) <= 260
    assert drawn[-1] == 3000
    assert set(drawn) <= set(range(1, 3001))
    assert {1, 5} <= set(lines["training"].x)  # where trying out temperatures began and ended
    assert len(curves_figure(long[:200]).data[0].x) >= 200


def test_epochs_that_tried_temperatures_are_told_apart():
    assert "trying out temperatures" in curves_key(EPOCHS, "light")
    assert "trying out temperatures" not in curves_key(EPOCHS[2:], "light")
    assert curves_figure(EPOCHS).layout.shapes
    assert not curves_figure(EPOCHS[2:]).layout.shapes


def job(state: str, **values: object) -> Job:
    spec = JobSpec(kind="align", survey="demo", survey_digest="0123456789abcdef", recipe={"name": "paper"}, seed=8)
    return Job(id="align-0-1", spec=spec, state=state, **values)


def test_jobs_in_words():
    running = job("running", progress=JobProgress(fraction=0.43, message="epoch 4", remaining_s=21.0))
    assert tell.state_line(running) == "running · 43% · about 20 s left"
    ended = job("succeeded", started_utc="2026-11-21T10:00:00+00:00", ended_utc="2026-11-21T10:02:00+00:00")
    assert tell.state_line(ended) == "done · took 2 min"
    assert tell.title(ended, "Alignment heads") == "Alignment heads · paper · seed 8"
    assert "survey demo (01234567)" in tell.provenance(ended)
    assert "ended 2026-11-21 10:02:00 UTC" in tell.provenance(ended)
    assert tell.state_line(job("queued")) == "waiting"
