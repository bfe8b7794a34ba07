"""What every interpretation with a run rests on: prepared once per survey and run, shared by all threads.

Each part is made when it is first asked for; `prepare` makes all of them, so that a page can do so before anything is
dropped.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.progress import OnStep, report
from alignlab.services.apply import prepare_models
from alignlab.services.interpret.class_ground import ClassGround
from alignlab.services.interpret.distances import Distances
from alignlab.services.interpret.estimator import LatentEstimator, fit_estimator
from alignlab.services.interpret.sentence_places import SentencePlaces
from alignlab.services.similar_papers import PaperPlaces, paper_places
from alignlab.services.workspace import Workspace

_KEPT = 3


class Ground:
    """Parts that are made once for a survey and a run of it. Safe to share between threads."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._lock = threading.RLock()

    @property
    def training(self) -> NDArray[np.int64]:
        """The training sources, as indices in the survey."""
        return np.flatnonzero(self._workspace.survey.split == "train")

    @property
    def distances(self) -> Distances:
        """How far sources lie from the training sources, and how far held-out ones do."""
        return self._part("_distances")

    @property
    def classes(self) -> ClassGround:
        """How neighbours tell classes."""
        return self._part("_classes")

    @property
    def estimator(self) -> LatentEstimator:
        """Estimates of the 20 variables."""
        return self._part("_estimator")

    @property
    def papers(self) -> PaperPlaces:
        """Where the survey's papers lie."""
        return self._part("_papers")

    @property
    def sentences(self) -> SentencePlaces | None:
        """Where sentences lie; None for a survey without texts."""
        return self._part("_sentences")

    def _part(self, name: str) -> Any:
        """A part, made if it has not been: who asks for one that is there never waits for another one."""
        if name not in self.__dict__:
            with self._lock:
                return getattr(self, name)
        return self.__dict__[name]

    @cached_property
    def _distances(self) -> Distances:
        return Distances.of(self._workspace.survey, self._workspace.run)

    @cached_property
    def _classes(self) -> ClassGround:
        return ClassGround.of(self._workspace.survey, self._workspace.run)

    @cached_property
    def _estimator(self) -> LatentEstimator:
        return fit_estimator(self._workspace.survey, self._workspace.run)

    @cached_property
    def _papers(self) -> PaperPlaces:
        return paper_places(self._workspace)

    @cached_property
    def _sentences(self) -> SentencePlaces | None:
        return SentencePlaces.of(self._workspace)


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
