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

    def __init__(self) -> None:
        self._lock, self._made = threading.Lock(), list[T]()

    def __call__(self, make: Callable[[], T]) -> T:
        with self._lock:
            if not self._made:
                self._made.append(make())
            return self._made[0]


class _Parts:
    """What has been made for a survey and a run; holds neither of them open."""

    def __init__(self) -> None:
        self.distances, self.classes = _Once[Distances](), _Once[ClassGround]()
        self.papers, self.sentences = _Once[PaperPlaces](), _Once[SentencePlaces | None]()
        self.estimator = _Once[LatentEstimator]()


class Ground:
    """Parts that are made once for a survey and a run of it. Safe to share between threads."""

    def __init__(self, workspace: Workspace, parts: _Parts | None = None) -> None:
        self._workspace, self._parts = workspace, parts or _Parts()

    @property
    def distances(self) -> Distances:
        """How far sources lie from the training sources, and how far held-out ones do."""
        return self._parts.distances(lambda: Distances.of(self._workspace.survey, self._workspace.run))

    @property
    def classes(self) -> ClassGround:
        """How neighbours tell classes."""
        return self._parts.classes(lambda: ClassGround.of(self._workspace.survey, self._workspace.run))

    @property
    def papers(self) -> PaperPlaces:
        """Where the survey's papers lie."""
        return self._parts.papers(lambda: paper_places(self._workspace))

    @property
    def sentences(self) -> SentencePlaces | None:
        """Where sentences lie; None for a survey without texts."""
        return self._parts.sentences(lambda: SentencePlaces.of(self._workspace))

    @property
    def estimator(self) -> LatentEstimator:
        """Estimates of the 20 variables."""
        return self._parts.estimator(lambda: fit_estimator(self._workspace.survey, self._workspace.run))


_made: OrderedDict[tuple[str, str], _Parts] = OrderedDict()
_lock = threading.Lock()


def ground_of(workspace: Workspace) -> Ground:
    """The ground of the workspace's survey and run; what others have made of it is there."""
    key = workspace.survey.digest, workspace.run.digest
    with _lock:
        if key not in _made:
            _made[key] = _Parts()
            if len(_made) > _KEPT:
                _made.popitem(last=False)
        _made.move_to_end(key)
        return Ground(workspace, _made[key])


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
