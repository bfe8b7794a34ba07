"""What every part of an evaluation owes to those who keep, read, draw and publish its figures."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from alignlab.analysis import formulas as analysis_formulas
from alignlab.config import Config
from alignlab.progress import StoppedError
from alignlab.services.evaluate import (
    PARTS,
    EvaluationContext,
    ablation_variants,
    formulas,
    fusion_trials,
    part,
)
from alignlab.services.evaluate.ablation_variants import Variant
from alignlab.services.evaluate.kept import evaluate_part, kept_figures
from alignlab.services.evaluate.report import results_text
from alignlab.services.evaluate.table import Table
from alignlab.services.workspace import Catalogue
from alignlab.store.artefact import NAME_PATTERN
from alignlab.training.recipe import AlignmentRecipe

MAX_BYTES = 2_000_000
#: No number, told as if it were one.
NO_NUMBER = re.compile(r"\b(nan|inf|none|null)\b", re.IGNORECASE)
FORMS = ("markdown", "csv", "latex")


class Computed:
    """The figures of parts on one small demo, each computed once, with what was told of the progress."""

    def __init__(self, context: EvaluationContext) -> None:
        self.context = context
        self.steps: dict[str, list[tuple[int, int, str]]] = {}
        self._figures: dict[str, dict[str, Any]] = {}

    def __getitem__(self, name: str) -> dict[str, Any]:
        if name not in self._figures:
            told = self.steps.setdefault(name, [])
            self._figures[name] = evaluate_part(self.context, name, on_step=lambda *step: told.append(step) is None)
        return self._figures[name]

    def tables(self, name: str) -> list[Table]:
        return list(part(name).tables(self[name]))


@pytest.fixture(scope="module")
def computed(small_demo: Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Computed]:
    patch = pytest.MonkeyPatch()
    _shorten(patch)
    folder = tmp_path_factory.mktemp("parts") / "data"
    workspace = Catalogue(Config(data_dir=shutil.copytree(small_demo.data_dir, folder))).open_workspace()
    yield Computed(EvaluationContext(config=workspace.config, survey=workspace.survey, run=workspace.run, seed=7))
    workspace.survey.close()
    workspace.run.close()
    patch.undo()


def _shorten(patch: pytest.MonkeyPatch) -> None:
    """Fewer trainings, of fewer epochs, and a shorter search: what is asked for is the form of the figures."""
    asked, made = fusion_trials.trials, ablation_variants.variants
    compared = ("concatenate", "knn-average")

    def variants(base: AlignmentRecipe, *, seed: int) -> list[Variant]:
        few = {each.group: each for each in made(replace(base, max_epochs=2, patience=2), seed=seed)}
        return [few[group] for group in ("seed", "shuffled", "share")]

    patch.setattr(ablation_variants, "variants", variants)
    patch.setattr(fusion_trials, "trials", lambda: [each for each in asked() if each.name in compared])
    patch.setattr(fusion_trials, "_NETWORK", replace(fusion_trials._NETWORK, max_epochs=1, patience=1))
    patch.setattr(formulas, "N_LATENTS", 2)
    patch.setattr(analysis_formulas, "fit_formulas", partial(analysis_formulas.fit_formulas, max_evaluations=3_000))


@pytest.fixture(params=PARTS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_it_says_what_it_is_and_how_long_it_takes(name: str):
    found = part(name)
    assert found.name == name
    assert found.label and found.label[0].isupper()
    assert found.version >= 1
    assert 0 < found.estimate_s(1_000) <= found.estimate_s(11_447) < 3_600


def test_its_figures_are_small_and_plain_and_the_same_when_they_are_read_again(name: str, computed: Computed):
    figures = computed[name]
    text = json.dumps(figures, allow_nan=False)
    assert len(text) < MAX_BYTES
    assert list(_not_plain(figures)) == []
    assert kept_figures(computed.context.run, name) == json.loads(text)
    assert figures["provenance"] == computed.context.provenance()


def test_it_tells_how_far_it_is_and_stops_when_asked(name: str, computed: Computed):
    figures = computed[name]
    steps = computed.steps[name]
    shares = [done / total for done, total, _ in steps]
    assert shares, "no progress was told"
    assert shares == sorted(shares) and shares[-1] <= 1
    assert all(info for *_, info in steps)
    with pytest.raises(StoppedError):
        part(name).compute(computed.context, on_step=lambda *_: False)
    assert kept_figures(computed.context.run, name) == json.loads(json.dumps(figures))


def test_its_tables_hold_nothing_that_is_no_number(name: str, computed: Computed):
    tables = computed.tables(name)
    assert tables
    for table in tables:
        for form in FORMS:
            text = table.to(form)  # type: ignore[arg-type]
            assert text.strip(), (table.name, form)
            assert not NO_NUMBER.search(_cells_only(table, text)), (table.name, form)
        for row in table.rows:
            for cell in row:
                assert (cell.low is None) == (cell.high is None), table.name
                if cell.low is not None and cell.high is not None:
                    assert cell.low <= cell.high, (table.name, cell)


def test_its_tables_say_n_split_seed_and_are_told_from_the_kept_figures(name: str, computed: Computed):
    kept = json.loads(json.dumps(computed[name]))
    for table, again in zip(computed.tables(name), part(name).tables(kept), strict=True):
        assert table == again, "a table must not depend on what JSON does not keep"
        if "counted, not estimated" in table.caption:
            continue
        says_n = any(column.label == "n" for column in table.columns)
        assert says_n or re.search(r"\bn\b\D{0,3}[\d,]+|[\d,]+ (pairs|sources)", table.caption), table.caption
        assert "test split" in table.caption.lower(), table.caption
        assert "seed 7" in table.caption, table.caption
        has_intervals = any(cell.low is not None for row in table.rows for cell in row)
        assert not has_intervals or "interval" in table.caption.lower(), table.caption


def test_its_csv_is_read_back_as_the_table(name: str, computed: Computed):
    for table in computed.tables(name):
        comment, _, body = table.to("csv").partition("\n")
        assert comment.startswith("# ")
        heads, *rows = csv.reader(io.StringIO(body))
        assert len(set(heads)) == len(heads), (table.name, heads)
        assert len(rows) == len(table.rows)
        assert {len(row) for row in rows} <= {len(heads)}


def test_its_latex_has_no_letter_that_latex_does_not_know(name: str, computed: Computed):
    for table in computed.tables(name):
        text = table.to("latex")
        assert text.isascii(), (table.name, sorted({letter for letter in text if not letter.isascii()}))
        plain = text.replace(r"\{", "").replace(r"\}", "")
        assert plain.count("{") == plain.count("}")
        assert not re.search(r"(?<!\\)[%#]", text), table.name


def test_names_of_tables_are_names_of_files_and_no_two_share_one(computed: Computed):
    names = [table.name for each in PARTS for table in computed.tables(each)]
    assert len(set(names)) == len(names)
    assert all(NAME_PATTERN.fullmatch(each) for each in names)


def test_all_parts_make_one_text(computed: Computed):
    text = results_text({each: computed[each] for each in PARTS})
    assert re.findall(r"^## (.*)", text, re.MULTILINE) == [part(each).label for each in PARTS]
    assert f"run {computed.context.run.run_id}" in text
    assert "simulated" in text


def _not_plain(value: object, where: str = "") -> Iterator[str]:
    """Where something is neither a dict, list, str, bool, int, float nor None, or is not finite."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _not_plain(each, f"{where}/{key}") if type(key) is str else [f"{where}: {key!r}"]
    elif type(value) is list:
        for number, each in enumerate(value):
            yield from _not_plain(each, f"{where}/{number}")
    elif not (value is None or type(value) in (str, bool, int) or (type(value) is float and math.isfinite(value))):
        yield f"{where}: {value!r}"


def _cells_only(table: Table, text: str) -> str:
    """The text without title, caption and heads, where such a word may stand in a sentence."""
    for words in (table.title, table.caption, *(column.label for column in table.columns)):
        text = text.replace(words, "")
    return text
