"""What every interpretation with a run rests on: prepared once per survey and run, shared by all threads.

Each part is made when it is first asked for, and nobody waits for a part that they do not need; `prepare` makes all of
them, so that a page can do so before anything is dropped.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from alignlab.progress import OnStep, report
from alignlab.services.apply import prepare_models
from alignlab.services.interpret.class_ground import ClassGround
from alignlab.services.interpret.distances import Distances
from alignlab.services.interpret.estimator import LatentEstimator, fit_estimator
from alignlab.services.interpret.sentence_places import SentencePlaces
from alignlab.services.similar_papers import PaperPlaces, paper_places
from alignlab.services.workspace import Workspace

_KEPT = 3
T = TypeVar("T")


class _Once(Generic[T]):
    """Something made at the first call; a second thread waits for the first."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make, self._lock, self._made = make, threading.Lock(), list[T]()

    def __call__(self) -> T:
        with self._lock:
            if not self._made:
                self._made.append(self._make())
            return self._made[0]


class Ground:
    """Parts that are made once for a survey and a run of it. Safe to share between threads."""

    def __init__(self, workspace: Workspace) -> None:
        survey, run = workspace.survey, workspace.run
        self._distances = _Once(lambda: Distances.of(survey, run))
        self._classes = _Once(lambda: ClassGround.of(survey, run))
        self._papers = _Once(lambda: paper_places(workspace))
        self._sentences = _Once(lambda: SentencePlaces.of(workspace))
        self._estimator = _Once(lambda: fit_estimator(survey, run))

    @property
    def distances(self) -> Distances:
        """How far sources lie from the training sources, and how far held-out ones do."""
        return self._distances()

    @property
    def classes(self) -> ClassGround:
        """How neighbours tell classes."""
        return self._classes()

    @property
    def papers(self) -> PaperPlaces:
        """Where the survey's papers lie."""
        return self._papers()

    @property
    def sentences(self) -> SentencePlaces | None:
        """Where sentences lie; None for a survey without texts."""
        return self._sentences()

    @property
    def estimator(self) -> LatentEstimator:
        """Estimates of the 20 variables."""
        return self._estimator()


_grounds: OrderedDict[tuple[str, str], Ground] = OrderedDict()
_grounds_lock = threading.Lock()


def ground_of(workspace: Workspace) -> Ground:
    """The ground of the workspace's survey and run."""
    key = workspace.survey.digest, workspace.run.digest
    with _grounds_lock:
        if key not in _grounds:
            _grounds[key] = Ground(workspace)
            if len(_grounds) > _KEPT:
                _grounds.popitem(last=False)
        _grounds.move_to_end(key)
        return _grounds[key]


def prepare(workspace: Workspace, *, on_step: OnStep | None = None) -> None:
    """Make all parts, so that the first interpretation is as quick as the others, and load the run's models."""
    ground = ground_of(workspace)
    report(on_step, 0, 1, "loading models")
    prepare_models(workspace.run, workspace.survey)
    parts = ("distances", "classes", "papers", "sentences", "estimator")
    for number, part in enumerate(parts):
        report(on_step, number, len(parts), f"preparing {part}")
        getattr(ground, part)
    report(on_step, len(parts), len(parts), "ready")
