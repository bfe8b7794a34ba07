"""Retrieval of a small demo: what is told agrees with the ranks, and the ceiling with the simulator's rules."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from alignlab.analysis.retrieval import partner_ranks, ranks_of_scores
from alignlab.analysis.statements import Categorical, log_likelihood, pointwise_information
from alignlab.config import Config
from alignlab.errors import AlignlabError
from alignlab.literature.claims import draw_claims
from alignlab.literature.fields import assign_fields
from alignlab.literature.noise import TextNoise
from alignlab.progress import StoppedError
from alignlab.services.evaluate import EvaluationContext, part
from alignlab.services.evaluate.oracle import DIRECTIONS
from alignlab.services.evaluate.oracle_statements import (
    brightness_statements,
    colour_statements,
    other_statements,
    shape_statements,
)
from alignlab.services.evaluate.retrieval_groups import source_groups
from alignlab.services.evaluate.retrieval_text import (
    ceiling_finding,
    confused_finding,
    first_finding,
    groups_finding,
    recall_finding,
)
from alignlab.services.evaluate.written import Written, written_again
from alignlab.services.workspace import Catalogue


@pytest.fixture(scope="module")
def context(small_demo: Config) -> Iterator[EvaluationContext]:
    workspace = Catalogue(small_demo).open_workspace()
    yield EvaluationContext(config=small_demo, survey=workspace.survey, run=workspace.run, seed=3)
    workspace.survey.close()
    workspace.run.close()


@pytest.fixture(scope="module")
def figures(context: EvaluationContext) -> dict[str, Any]:
    return {"provenance": context.provenance(), **part("retrieval").compute(context, on_step=None)}


@pytest.fixture(scope="module")
def written(context: EvaluationContext) -> Written:
    return written_again(context.survey)


def all_statements(written: Written) -> list:
    makers = (shape_statements, colour_statements, brightness_statements, other_statements)
    return [statement for make in makers for statement in make(written)]


def test_figures_are_plain_json_and_the_same_again(context: EvaluationContext, figures: dict[str, Any]):
    assert len(json.dumps(figures, allow_nan=False)) < 200_000
    again = {"provenance": context.provenance(), **part("retrieval").compute(context, on_step=None)}
    assert again == figures


def test_curve_figures_and_groups_are_those_of_the_ranks(context: EvaluationContext, figures: dict[str, Any]):
    asked = np.flatnonzero(context.pairs)
    sides = [context.latents(side)[asked] for side in ("spectrum_aligned", "text_aligned")]
    for direction, (a, b) in zip(DIRECTIONS, (sides, sides[::-1]), strict=True):
        ranks, told = partner_ranks(a, b), figures["directions"][direction]
        assert told["n_candidates"] == len(asked)
        assert told["median_rank"] == np.median(ranks)
        assert told["curve"]["recall"] == [np.mean(ranks <= within) for within in figures["within"]]
        for kind, groups in source_groups(context.survey, asked).items():
            for entry, (label, mask) in zip(figures["groups"][kind], groups, strict=True):
                assert (entry["label"], entry["n"]) == (label, mask.sum())
                assert entry[direction]["median_rank"] == np.median(ranks[mask])
                low, high = entry[direction]["recall_at_5_percent_interval"]
                assert low <= entry[direction]["recall_at_5_percent"] <= high


def test_each_kind_of_group_holds_every_source_once(context: EvaluationContext):
    asked = np.flatnonzero(context.pairs)
    for groups in source_groups(context.survey, asked).values():
        assert (np.sum([mask for _, mask in groups], axis=0) == 1).all()


def test_confused_pairs_are_the_worst_beside_what_came_first(context: EvaluationContext, figures: dict[str, Any]):
    asked = np.flatnonzero(context.pairs)
    spectrum, text = (context.latents(side)[asked] for side in ("spectrum_aligned", "text_aligned"))
    cosine = spectrum @ text.T
    ranks = [pair["rank"] for pair in figures["confused"]]
    assert ranks == sorted(ranks, reverse=True)
    assert ranks[0] == partner_ranks(spectrum, text).max()
    for pair in figures["confused"]:
        place = int(np.flatnonzero(asked == pair["source"]["index"])[0])
        assert asked[np.argmax(cosine[place])] == pair["first"]["index"]
        assert pair["first"]["texts"] == context.survey.summaries_of(pair["first"]["index"])


def test_the_truth_is_better_than_the_photons_and_those_than_their_shape(figures: dict[str, Any]):
    assert figures["ceiling"].keys() == {"truth", "photons", "shape"}
    for direction in DIRECTIONS:
        truth, photons, shape = (
            figures["ceiling"][ranker][direction]["mean_reciprocal_rank"] for ranker in ("truth", "photons", "shape")
        )
        assert truth > photons > shape
        assert shape > 2 * np.mean(1 / np.arange(1, figures["provenance"]["n_pairs"] + 1))


def test_texts_say_things_as_often_as_the_rules_have_it(written: Written):
    """The oracle of the oracle: what is expected to be said, summed over sources, is what is said."""
    for statement in all_statements(written):
        if not isinstance(statement, Categorical):
            continue
        speaks = statement.said >= 0
        expected = statement.probability[speaks].sum(axis=0)
        found = np.bincount(statement.said[speaks], minlength=len(expected))
        variance = (statement.probability[speaks] * (1 - statement.probability[speaks])).sum(axis=0)
        # Families of classes are told instead of classes, so that their columns are of other sources' texts.
        n_compared = 12 if len(expected) > 12 else len(expected)
        if n_compared < len(expected):
            continue
        assert (np.abs(found - expected) <= 4 * np.sqrt(variance) + 1e-6).all()


def test_no_source_is_improbable_for_its_own_text(written: Written):
    rows = np.arange(len(written.truth))
    for statement in all_statements(written):
        own = np.array([statement.log_probability(rows[i : i + 1], rows[i : i + 1])[0, 0] for i in rows])
        assert own.min() > -25


def drawn(context: EvaluationContext, noise: TextNoise) -> Written:
    """What a literature of that noise would state of the same sources; no text is quoted."""
    truth, n = context.survey.truth, context.survey.n_sources
    variables = written_again(context.survey).variables
    rng = np.random.default_rng(5)
    claims = draw_claims(truth, variables, settings=noise, rng=rng)
    fields = assign_fields(truth, probability=noise.field_paper, strength=noise.strength, rng=rng)
    return Written(
        truth=truth, variables=variables, claims=claims, fields=fields, discussed=np.ones((n, 3), dtype=bool),
        spectrum_texts=[""] * n, noise=noise,
    )  # fmt: skip


def truth_ranks(written: Written) -> np.ndarray:
    rows = np.arange(len(written.truth))
    own = log_likelihood(all_statements(written), rows, rows)
    return ranks_of_scores(pointwise_information(own, own))


def test_a_literature_that_says_nothing_leaves_chance(context: EvaluationContext):
    ranks = truth_ranks(drawn(context, TextNoise(strength=0.0, rarity_told=0.0)))
    n = len(ranks)
    # Ranks are tied in large lots, so that their mean tells of chance and their median does not.
    assert np.mean(ranks) == pytest.approx((n + 1) / 2, rel=0.1)


def test_a_literature_that_tells_everything_exactly_finds_everyone(context: EvaluationContext):
    exact = TextNoise(
        class_told=1.0, vagueness=0.0, number_quoting=1.0, scatter=0.02, class_error=0.0, outdated=0.0,
        missing_aspect=(0.0, 0.0, 0.0),
    )  # fmt: skip
    ranks = truth_ranks(drawn(context, exact))
    assert np.mean(ranks == 1) > 0.97


def test_whoever_stops_it_is_not_told_that_there_is_no_ceiling(context: EvaluationContext):
    with pytest.raises(StoppedError, match="ranking by the truth"):
        part("retrieval").compute(context, on_step=lambda done, total, info: info != "ranking by the truth")


def test_an_altered_literature_has_no_ceiling(context: EvaluationContext, monkeypatch: pytest.MonkeyPatch):
    altered = context.survey.summaries.assign(text=lambda table: table["text"] + " And more.")
    monkeypatch.setitem(context.survey.__dict__, "summaries", altered)
    with pytest.raises(AlignlabError, match=r"cannot be written again from its seed: 0\.0% come out the same"):
        written_again(context.survey)


def test_observed_sources_have_no_ceiling(context: EvaluationContext, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(type(context.survey), "simulated", False)
    without = {"provenance": context.provenance(), **part("retrieval").compute(context, on_step=None)}
    assert without["ceiling"] is None
    assert "Nobody knows the truth" in ceiling_finding(without)
    found, *_ = part("retrieval").tables(without)
    assert "No ceiling can be given" in found.caption
    assert not any("ideal" in str(row[0].value) for row in found.rows)


def test_tables_carry_what_they_are_of(figures: dict[str, Any]):
    tables = part("retrieval").tables(figures)
    assert [table.name for table in tables] == ["retrieval", "retrieval_groups", "retrieval_confused"]
    n = figures["provenance"]["n_pairs"]
    for table in tables:
        assert f"n = {n:,} sources" in table.caption
        assert "test split" in table.caption
        assert "seed 3" in table.caption
        for form in ("markdown", "csv", "latex"):
            assert table.to(form)
    rows = {row[0].value: row for row in tables[0].rows}
    assert rows["paper, spectrum → text"][1].value == 0.20
    assert rows["spectrum → text"][1].low is not None
    assert rows["chance"][4].value == (n + 1) / 2


def test_sentences_hold_the_figures(figures: dict[str, Any]):
    recall = figures["directions"]["spectrum_to_text"]["recall_at_1_percent"]
    assert f"{100 * recall:.1f}%" in recall_finding(figures)
    assert "the paper reports 20%" in recall_finding(figures)
    assert f"({figures['ceiling']['photons']['spectrum_to_text']['recall_at_1_percent']:.0%})" in ceiling_finding(
        figures
    )
    assert "same class" in first_finding(figures)
    assert str(len(figures["confused"])) in confused_finding(figures)

    def entry(label: str, n: int, low: float, high: float) -> dict[str, Any]:
        told = {"recall_at_1_percent": (low + high) / 2, "recall_at_1_percent_interval": [low, high]}
        return {"label": label, "n": n, "spectrum_to_text": told}

    groups = {"counts": [entry("few", 50, 0.1, 0.2), entry("many", 50, 0.3, 0.5), entry("most", 3, 0.6, 0.9)]}
    assert groups_finding({"groups": groups}, ["counts"]) == (
        "By counts it clearly works better for sources with many counts (40% (30–50%), n = 50) than for sources with "
        "few counts (15% (10–20%), n = 50)."
    )
    groups = {"papers": [entry("1", 50, 0.1, 0.2), entry("2", 50, 0.15, 0.5)]}
    assert groups_finding({"groups": groups}, ["papers"]) == "By number of papers no clear difference is seen."


def test_a_survey_of_an_older_writer_says_so(context: EvaluationContext):
    class Older:
        name, truth = "older", pd.DataFrame({"source_class": ["AGN"]})
        meta = replace(context.survey.meta, recipe={"text_noise": {"strength": 1.0}})

    with pytest.raises(AlignlabError, match=r"written by another version \(class_error, "):
        written_again(Older())  # type: ignore[arg-type]
