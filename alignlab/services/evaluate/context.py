"""What every part of an evaluation begins with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.config import Config
from alignlab.store.run import Run
from alignlab.store.survey import Survey

#: How often a split is resampled for an interval.
N_BOOTSTRAP = 1000


@dataclass(frozen=True, eq=False, kw_only=True)
class EvaluationContext:
    """A run, the survey it was learned from, and the sources that it is judged by.

    Attributes
    ----------
    config : Config
    survey : Survey
    run : Run
    split : str
        The sources that are asked about; whatever is fitted is fitted to the training split and tuned on the
        validation split.
    seed : int
        Of every random draw.
    """

    config: Config
    survey: Survey
    run: Run
    split: str = "test"
    seed: int = 0

    @cached_property
    def rows(self) -> NDArray[np.bool_]:
        """The sources of the split, shape (n,)."""
        return np.asarray(self.survey.split == self.split)

    @cached_property
    def training(self) -> NDArray[np.bool_]:
        """The sources of the training split, shape (n,)."""
        return np.asarray(self.survey.split == "train")

    @cached_property
    def pairs(self) -> NDArray[np.bool_]:
        """Those of `rows` with any text: a source without has nothing to be retrieved and is no candidate."""
        return self.rows & np.asarray(self.survey.text_mask).any(axis=1)

    def latents(self, representation: str) -> NDArray[np.float32]:
        """Latents (n, d) of a representation; ``text``, before alignment, is the survey's."""
        return np.asarray(self.survey.text) if representation == "text" else self.run.latents(representation)

    def provenance(self) -> dict[str, Any]:
        """What every figure carries.

        ``survey``, ``simulated``, ``origin`` (the same in words), ``run``, ``split``, ``seed``, ``n``, ``n_pairs``.
        """
        return {
            "survey": self.survey.name,
            "simulated": self.survey.simulated,
            "origin": self.survey.origin,
            "run": self.run.run_id,
            "split": self.split,
            "seed": self.seed,
            "n": int(self.rows.sum()),
            "n_pairs": int(self.pairs.sum()),
        }
