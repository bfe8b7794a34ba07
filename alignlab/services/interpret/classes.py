"""The classes that a source may have, by the votes of its neighbours."""

from __future__ import annotations

import math

import numpy as np

from alignlab.services.interpret.class_ground import FEWEST_CALIBRATION, FEWEST_TRAINING, ClassGround
from alignlab.services.interpret.contract import ClassEvidence, ClassProbability
from alignlab.services.interpret.ledger import Ledger
from alignlab.services.number_words import percent, plural
from alignlab.services.subject import Subject

#: Classes named in a sentence at most, and how probable the later ones must be.
_NAMED, _NAMED_FROM = 3, 0.05
_SEED = 0


def find_classes(subject: Subject, ground: ClassGround, ledger: Ledger) -> ClassEvidence:
    """Calibrated probabilities of the classes of the run's survey that have enough sources."""
    probabilities = _probabilities(subject, ground)
    statement = _words(probabilities, ground, subject)
    return ClassEvidence(
        id=ledger.add("classes", statement),
        statement=statement,
        probabilities=probabilities,
        left_out=ground.left_out,
        method=_method(ground),
        n_calibration=ground.calibration.n if ground.calibration else 0,
        calibration_error=ground.error[0],
        calibration_error_low=ground.error[1],
        calibration_error_high=ground.error[2],
        n_test=ground.n_test,
    )


def with_interval(probability: ClassProbability) -> str:
    """``58% (49%–67%)``."""
    return f"{percent(probability.probability)} ({percent(probability.low)}–{percent(probability.high)})"


def _probabilities(subject: Subject, ground: ClassGround) -> tuple[ClassProbability, ...]:
    calibration = ground.calibration
    if calibration is None:
        return ()
    own = subject.index if subject.overlay is None else None
    votes = ground.votes(subject.latents("spectrum_aligned")[None], (calibration.k,), leave_out=own)[calibration.k]
    p = calibration.probabilities(votes)[0]
    low, high = calibration.intervals(votes[0], rng=np.random.default_rng(_SEED))
    n_training = np.bincount(ground.number, minlength=len(ground.names))
    return tuple(
        ClassProbability(
            name=ground.names[c],
            probability=float(p[c]),
            low=float(min(low[c], p[c])),
            high=float(max(high[c], p[c])),
            n_neighbours=int(votes[0, c]),
            n_training=int(n_training[c]),
        )
        for c in np.argsort(-p, kind="stable")
    )


def _words(probabilities: tuple[ClassProbability, ...], ground: ClassGround, subject: Subject) -> str:
    if not probabilities:
        return (
            f"Nothing can be said of its class: fewer than two classes of survey {subject.workspace.survey.name} have "
            f"at least {FEWEST_TRAINING} training and {FEWEST_CALIBRATION} held-out sources."
        )
    named = [p for i, p in enumerate(probabilities[:_NAMED]) if i == 0 or p.probability >= _NAMED_FROM]
    assert ground.calibration is not None  # there are probabilities
    told = ", ".join(f"{p.name} {with_interval(p)}" for p in named)
    simulated = "simulated " if subject.workspace.is_simulated else ""
    return (
        f"Its class, by the {ground.calibration.k} nearest {simulated}training sources, of which "
        f"{named[0].n_neighbours} are {named[0].name}: {told}."
    )


def _method(ground: ClassGround) -> str:
    calibration = ground.calibration
    if calibration is None:
        return ""
    told = (
        f"Votes of the {calibration.k} nearest training sources in the shared space, calibrated on "
        f"{plural(calibration.n, 'held-out source')} (temperature {calibration.temperature:.2f}); 95% intervals are "
        "those of the neighbours' shares."
    )
    if math.isfinite(ground.error[0]):
        error, low, high = (100 * value for value in ground.error)
        told += (
            f" On the test split (n = {ground.n_test:,}) probabilities are off by {error:.1f} percentage points in the "
            f"mean ({low:.1f}–{high:.1f})."
        )
    if ground.left_out:
        told += f" Not told, having too few sources: {', '.join(ground.left_out)}."
    return told
