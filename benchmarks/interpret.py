"""How far an interpretation can be trusted, how soon it comes, and what it says of real files whose nature is known.

python benchmarks/interpret.py [REAL_DATA]    (the data folder's demo, or where ALIGNLAB_DATA points)

REAL_DATA is a folder with `spectra/`, `events/` and `axia/`, as tests find it in ../shared/data.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.stats import ks_2samp
from sklearn.metrics import roc_auc_score

from alignlab.config import Config
from alignlab.literature.sentences import sentences_of
from alignlab.services.apply import apply_run
from alignlab.services.drop import dropped_files, interpret
from alignlab.services.ingest import ingest_axia_file
from alignlab.services.interpret.contract import Interpretation
from alignlab.services.interpret.differences import find_differences
from alignlab.services.interpret.estimator import READ
from alignlab.services.interpret.ground import Ground, ground_of, prepare
from alignlab.services.interpret.ledger import Ledger
from alignlab.services.interpret.stages import dropped_subjects, interpret_source, interpret_stages
from alignlab.services.subject import Subject, subject_of
from alignlab.services.workspace import AppliedSurvey, Workspace, open_workspace
from alignlab.store.papers import read_papers

#: Real files and what is known of them.
FILES = {
    "spectra/9774*": "quasar 3C 186",
    "spectra/3c273*": "quasar 3C 273, through a grating",
    "spectra/12845*": "young radio galaxy B3 0710+439, no background",
    "spectra/*179*": "obscured AGN in the CDF-S, 52 observations merged",
    "spectra/acisf01575*": "CSC source of obsid 1575",
    "spectra/acisf04487*": "young star DG Tau",
    "events/m82*": "starburst galaxy M82, several sources in one list",
}
N_SENTENCE_SOURCES = 250


def promises(workspace: Workspace, ground: Ground) -> Iterator[str]:
    """Figures on the test split, which nothing was fitted to or calibrated on."""
    survey, run = workspace.survey, workspace.run
    test = np.flatnonzero(survey.split == "test")
    p = np.array([ground.distances.p_values(subject_of(workspace, int(i)))[0] for i in test])
    n = len(ground.distances.calibration)
    uniform = ks_2samp(p, (np.arange(n) + 1) / (n + 1)).pvalue
    shares = ", ".join(f"{(p < level).mean():.1%} below {level}" for level in (0.01, 0.05, 0.1, 0.5))
    yield f"p-values of {len(test):,} test sources: {shares}; Kolmogorov-Smirnov against uniform p = {uniform:.2f}"
    error, low, high = ground.classes.error
    yield f"expected calibration error of the likeliest class: {error:.3f} ({low:.3f}-{high:.3f}), n = {len(test):,}"
    quantiles = np.stack(
        [ground.estimator.quantiles({name: run.latents(name)[i] for name in READ}, int(i)) for i in test]
    )
    truth = survey.variables[test]
    known = np.isfinite(truth)
    for level, first, last in ((68, 1, 3), (95, 0, 4)):
        inside = (truth >= quantiles[..., first]) & (truth <= quantiles[..., last])
        yield f"{level}% intervals of the variables hold {inside[known].mean():.1%} of {known.sum():,} measured values"
    told = [len(find_differences(subject_of(workspace, int(i)), ground.estimator.scales, Ledger())) for i in test[:300]]
    none = np.mean(np.equal(told, 0))
    yield f"differences told of a test source: {np.mean(told):.2f} in the mean, none of {none:.0%}"


def sentence_match(workspace: Workspace, ground: Ground) -> str:
    """Whether sentences of a source's own papers rank above those of others'."""
    survey, papers = workspace.survey, read_papers(workspace.survey)
    asked = np.flatnonzero((survey.split == "test") & survey.text_mask.any(axis=1))[:N_SENTENCE_SOURCES]
    pairs = [
        (i, sentence)
        for i in asked
        for row in papers.of(int(i))[:3]
        for sentence in sentences_of(str(papers.table["abstract"].iloc[row]))
    ]
    assert ground.sentences is not None  # the survey has texts
    placed = {sentence.text: sentence.place for sentence in ground.sentences.place(list({s for _, s in pairs}))}
    pairs = [pair for pair in pairs if pair[1] in placed]
    places, owner = np.stack([placed[s] for _, s in pairs]), np.array([i for i, _ in pairs])
    latents = workspace.run.latents("spectrum_aligned")
    areas = [roc_auc_score(owner == i, places @ latents[i]) for i in asked if (owner == i).any()]
    return f"a sentence of an own paper ranks above another's with probability {np.mean(areas):.2f} (n = {len(areas)})"


def first_evidence(workspace: Workspace, real: Path) -> Iterator[str]:
    """Seconds from the drop to the first evidence and to all of it: the second time, everything being loaded."""
    for pattern in FILES:
        files = dropped_files(sorted(real.glob(pattern)))
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(2):
                started = time.monotonic()
                outcome = interpret(workspace, files, Path(folder))
                came = [time.monotonic() - started for _ in interpret_stages(dropped_subjects(workspace, outcome)[0])]
                outcome.applied.survey.close()
        yield f"{pattern}: first evidence after {came[0]:.2f} s, all after {came[-1]:.2f} s"


def outcomes(workspace: Workspace, real: Path) -> Iterator[str]:
    """One row of a Markdown table for each real source."""
    yield "| source | known as | counts | p-value | classes | first paper |"
    yield "|---|---|---|---|---|---|"
    with tempfile.TemporaryDirectory() as folder:
        for pattern, nature in FILES.items():
            outcome = interpret(workspace, dropped_files(sorted(real.glob(pattern))), Path(folder))
            for subject in dropped_subjects(workspace, outcome):
                yield _row(subject, nature)
        for subject in _axia(workspace, real / "axia" / "corpus.jsonl.gz", Path(folder)):
            yield _row(subject, f"Axia: {subject.source_class or 'no class'}")


def _axia(workspace: Workspace, path: Path, folder: Path) -> list[Subject]:
    survey = ingest_axia_file(path, name="axia", config=Config(data_dir=folder)).survey
    overlay = apply_run(workspace.run, workspace.survey, survey, into=folder / "applied")
    seen = replace(workspace, overlays=(*workspace.overlays, AppliedSurvey(survey, overlay)))
    return [subject_of(seen, index, "axia") for index in range(survey.n_sources)]


def _row(subject: Subject, nature: str) -> str:
    found: Interpretation = interpret_source(subject)
    assert found.place is not None and found.classes is not None  # all stages have come
    classes = ", ".join(f"{p.name} {p.probability:.0%}" for p in found.classes.probabilities[:3])
    where = "" if found.place.is_inside else " outside"
    paper = found.papers[0].title if found.papers else "none"
    counts = f"{found.n_counts:,.0f}"
    return f"| {found.source_name} | {nature} | {counts} | {found.place.p_value:.2g}{where} | {classes} | {paper} |"


def main() -> None:
    workspace = open_workspace()
    started = time.monotonic()
    prepare(workspace)
    print(f"prepared in {time.monotonic() - started:.1f} s", flush=True)
    ground = ground_of(workspace)
    for line in (*promises(workspace, ground), sentence_match(workspace, ground)):
        print(line, flush=True)
    if len(sys.argv) > 1:
        for line in (*first_evidence(workspace, Path(sys.argv[1])), *outcomes(workspace, Path(sys.argv[1]))):
            print(line, flush=True)


if __name__ == "__main__":
    main()
