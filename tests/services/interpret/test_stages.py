"""An interpretation as it grows, and as a whole."""

from __future__ import annotations

import math
import re
import threading
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from alignlab.services.drop import DroppedFile, interpret
from alignlab.services.interpret.contract import STAGES
from alignlab.services.interpret.digest import digest_text, verdict
from alignlab.services.interpret.ground import Ground, ground_of, prepare
from alignlab.services.interpret.stages import dropped_subjects, interpret_source, interpret_stages
from alignlab.services.subject import subject_of
from tests.services.test_drop import spectrum_csv

IDS = re.compile(r"\[(E\d+)\]")


def test_each_stage_adds_its_evidence_and_changes_none(stages):
    assert [s.stages[-1] for s in stages] == [stage for stage in STAGES if stage != "paragraph"]
    for earlier, later in pairwise(stages):
        assert later.evidence[: len(earlier.evidence)] == earlier.evidence
        assert later.stages[:-1] == earlier.stages
    assert stages[0].place is not None
    assert len(stages[0].neighbours) == 5
    assert stages[0].classes is None
    assert stages[0].verdict


def test_every_item_can_be_cited_once(found):
    ids = [item.id for item in found.evidence]
    assert ids == [f"E{i}" for i in range(1, len(ids) + 1)]
    items = [found.place, *found.neighbours, found.classes, *found.papers, *found.estimates, *found.differences]
    cited = [item.id for item in items if item.id]
    assert len(cited) == len(set(cited))
    assert set(cited) <= set(ids)
    assert all(found.statement(item.id) == item.statement for item in items if item.id)
    for suggestion in found.suggestions:
        assert suggestion.because
        assert set(suggestion.because) <= set(ids)


def test_the_digest_cites_something_that_exists_in_every_sentence(found):
    sentences = [sentence for section in found.digest for sentence in section.sentences]
    assert sentences
    known = {item.id for item in found.evidence}
    for sentence in sentences:
        cited = IDS.findall(sentence)
        assert cited, sentence
        assert set(cited) <= known
    text = digest_text(found)
    assert text.startswith(f"{found.source_name}\n{found.verdict}")
    assert all(limit in text for limit in found.limits)


def test_what_is_simulated_is_said_to_be(found):
    assert found.provenance.is_simulated
    assert not found.is_simulated
    assert "simulated" in found.verdict
    assert any("simulated" in limit for limit in found.limits)
    assert all(paper.is_simulated and "simulated" in paper.statement for paper in found.papers)
    assert all("simulated" in neighbour.statement for neighbour in found.neighbours)


def test_measured_variables_are_those_of_the_survey(found, like_demo):
    values = like_demo[0].survey.variables[0]
    measured = np.array([v.measured for v in found.estimates])
    assert measured == pytest.approx(values.astype(float), nan_ok=True)
    for variable in found.estimates:
        quantiles = [variable.low95, variable.low68, variable.estimated, variable.high68, variable.high95]
        if math.isfinite(variable.estimated):
            assert quantiles == sorted(quantiles)
        assert (variable.agrees is None) == (math.isnan(variable.measured) or math.isnan(variable.estimated))


def test_a_source_of_the_survey_is_interpreted_as_if_it_were_new(workspace):
    index = int(np.flatnonzero((workspace.survey.split == "train") & (workspace.survey.n_papers > 0))[0])
    found = interpret_source(subject_of(workspace, index))
    assert found.is_simulated
    assert index not in [neighbour.index for neighbour in found.neighbours]
    own = set(workspace.survey.papers_of(index)["identifier"])
    assert not own & {paper.identifier for paper in found.papers}
    assert any("trained on this very source" in limit for limit in found.limits)


def test_the_same_source_is_told_in_the_same_words(like_demo):
    one, other = (digest_text(interpret_source(like_demo[1])) for _ in range(2))
    assert one == other


def test_a_dropped_table_is_interpreted_and_its_notes_are_evidence(workspace, drop_folder):
    outcome = interpret(workspace, [DroppedFile("mine.csv", spectrum_csv().encode())], drop_folder)
    (subject,) = dropped_subjects(workspace, outcome)
    steps: list[tuple[int, int]] = []
    found = interpret_source(subject, on_step=lambda done, total, info: bool(steps.append((done, total)) or True))
    assert steps[-1][0] == steps[-1][1]
    assert found.source_name == "mine"
    assert found.notes
    for note in found.notes:
        assert any(note in item.statement for item in found.evidence)
    outcome.applied.survey.close()


def test_what_is_prepared_is_prepared_once(workspace):
    told: list[str] = []
    prepare(workspace, on_step=lambda done, total, info: bool(told.append(info) or True))
    assert told[-1] == "ready"
    assert ground_of(workspace).distances is ground_of(workspace).distances


def test_a_given_position_goes_before_that_of_the_file(laid_over):
    (subject,) = laid_over([np.full(400, 2)], name="somewhere", ra=10.0, dec=20.0)
    assert next(interpret_stages(subject)).position == (10.0, 20.0)
    assert next(interpret_stages(subject, position=(1.0, 2.0))).position == (1.0, 2.0)


def test_a_verdict_names_one_class_only_where_it_is_likely(found):
    def with_shares(*shares: float):
        told = [replace(p, probability=share) for p, share in zip(found.classes.probabilities, shares, strict=False)]
        return replace(found, classes=replace(found.classes, probabilities=tuple(told)))

    first, second = (p.name for p in found.classes.probabilities[:2])
    assert f"class {first}" in verdict(with_shares(0.6, 0.4))
    assert second not in verdict(with_shares(0.6, 0.4))
    assert "its class open" in verdict(with_shares(0.4, 0.35))
    assert second in verdict(with_shares(0.4, 0.35))
    nothing = replace(found, classes=replace(found.classes, probabilities=()))
    assert found.neighbours[0].name in verdict(nothing)


def test_nobody_waits_for_a_part_that_they_do_not_need(workspace, monkeypatch):
    may_go_on, has_begun = threading.Event(), threading.Event()

    def slow(survey, run):
        has_begun.set()
        assert may_go_on.wait(30)

    monkeypatch.setattr("alignlab.services.interpret.ground.fit_estimator", slow)
    ground = Ground(workspace)
    preparing = threading.Thread(target=lambda: ground.estimator)
    preparing.start()
    assert has_begun.wait(30)
    assert ground.classes.names
    assert preparing.is_alive()
    may_go_on.set()
    preparing.join()
