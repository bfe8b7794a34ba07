"""Estimates of catalogue variables from a spectrum alone, by several estimators that a run's own survey can compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignlab.analysis.regression import Estimates, estimate, score_estimates
from alignlab.errors import AlignlabError
from alignlab.progress import OnStep, part_of, report
from alignlab.services.observation_facts import observation_facts
from alignlab.store.run import Run
from alignlab.store.survey import Survey
from alignlab.training.small_heads.fit import SurveyAnswers, fit_small_heads
from alignlab.training.small_heads.streams import make_streams
from alignlab.training.small_heads_recipe import SmallHeadsRecipe
from alignlab.training.threads import one_thread
from alignlab.variables import VARIABLE_NAMES

#: Largest difference from the catalogue that passes, in the variable's own unit.
TOLERANCES: dict[str, float] = {"hard_hs": 0.15, "hard_ms": 0.15, "hard_hm": 0.15, "powlaw_gamma": 0.5}
#: The estimator that also reads `alignlab.services.observation_facts`.
TOLD = "quantile network, told the observation"
#: Estimators that read no text, as a real observation comes without papers. None: the run's own neighbours.
ESTIMATORS: dict[str, SmallHeadsRecipe | None] = {
    "neighbours in the shared space (k = 3)": None,
    "ridge regression": SmallHeadsRecipe(
        name="ridge", task="variables", method="ridge", fusion="concatenate", modalities=("spectrum",)
    ),
    "Gaussian network": SmallHeadsRecipe(
        name="mlp", task="variables", method="mlp-gaussian", fusion="concatenate", modalities=("spectrum",)
    ),
    "quantile network": SmallHeadsRecipe(
        name="quantiles", task="variables", method="mlp-quantile", fusion="concatenate", modalities=("spectrum",)
    ),
    TOLD: SmallHeadsRecipe(
        name="told", task="variables", method="mlp-quantile", fusion="concatenate", modalities=("spectrum",)
    ),
}
#: Their columns among all variables.
CHECKED_COLUMNS = [VARIABLE_NAMES.index(name) for name in TOLERANCES]
#: Places of the quantiles that are asked for.
_LOW_68, _MEDIAN, _HIGH_68 = 1, 2, 3
#: Share of the run's sources whose chips are hidden from the estimator that is told of the observation.
_HIDDEN_CHIPS = 0.5
#: Split of the observations that are asked about: it is none of those that anything is fitted, chosen or calibrated on.
_ASKED = "asked"


@dataclass(frozen=True, eq=False)
class Answer:
    """What an estimator says.

    Attributes
    ----------
    quantiles : ndarray of float64, shape (m, 20, 5)
        2.5, 16, 50, 84 and 97.5% for each observation; NaN where the estimator gives none.
    errors : dict of str to float
        Variable → MAE over that of the training mean, on the validation split.
    """

    quantiles: NDArray[np.float64]
    errors: dict[str, float]


def spectrum_estimates(
    survey: Survey,
    run: Run,
    real: Sequence[Survey],
    latents: dict[str, NDArray[np.float32]],
    *,
    seed: int,
    on_step: OnStep | None,
) -> dict[str, Answer]:
    """Answers of every estimator about observations without papers.

    Parameters
    ----------
    survey : Survey
        The run's own.
    run : Run
    real : sequence of Survey
        The m observations.
    latents : dict of str to ndarray
        Their ``spectrum`` and ``spectrum_aligned``.
    seed : int
        Of the networks.

    Returns
    -------
    dict of str to Answer
        By the keys of `ESTIMATORS`.
    """
    found = {}
    for number, (name, recipe) in enumerate(ESTIMATORS.items()):
        step = part_of(on_step, number / len(ESTIMATORS), (number + 1) / len(ESTIMATORS))
        report(step, 0, 1, name)
        if recipe is None:
            quantiles = _of_neighbours(survey, run, latents)
        else:
            inputs = np.vstack([run.latents("spectrum"), latents["spectrum"]])
            if name == TOLD:
                inputs = np.hstack([inputs, _facts(survey, real, seed)])
            quantiles = _of_heads(survey, inputs, recipe, seed=seed, on_step=step)
        on_validation = quantiles[: survey.n_sources][survey.split == "validation"]
        found[name] = Answer(quantiles[survey.n_sources :], _validation_errors(survey, on_validation))
    return found


def _facts(survey: Survey, real: Sequence[Survey], seed: int) -> NDArray[np.float32]:
    """Facts of the run's sources and of the real ones; the chips of half of the former are hidden, as some files do."""
    hidden = np.random.default_rng(seed).random(survey.n_sources) < _HIDDEN_CHIPS
    return np.vstack([observation_facts(survey, hide_chips=hidden), *(observation_facts(other) for other in real)])


def _of_neighbours(survey: Survey, run: Run, latents: dict[str, NDArray[np.float32]]) -> NDArray[np.float64]:
    own, training = run.latents("spectrum_aligned"), np.asarray(survey.split == "train")
    rows = np.where(training, np.cumsum(training) - 1, -1)
    everyone = np.vstack([own, latents["spectrum_aligned"]])
    asked = np.concatenate([rows, np.full(len(latents["spectrum_aligned"]), -1)])
    answer = estimate(everyone, own[training], survey.variables[training], own_row=asked)
    blank = np.full(answer.value.shape, np.nan)
    return np.stack([blank, answer.low, answer.value, answer.high, blank], axis=2)


def _of_heads(
    survey: Survey,
    inputs: NDArray[np.float32],
    recipe: SmallHeadsRecipe,
    *,
    seed: int,
    on_step: OnStep | None,
) -> NDArray[np.float64]:
    """Heads fitted to the run's survey, asked about its sources and the real ones, which come last in `inputs`."""
    n_asked = len(inputs) - survey.n_sources
    streams = make_streams(recipe.modalities, {"spectrum": inputs})
    answers = SurveyAnswers(
        variables=np.vstack([survey.variables, np.full((n_asked, len(VARIABLE_NAMES)), np.nan, np.float32)]),
        classes=np.full(len(streams), ""),
        split=np.concatenate([survey.split, np.full(n_asked, _ASKED)]),
    )
    with one_thread():
        result = fit_small_heads(recipe, streams, answers, seed=seed, on_step=on_step)
    if result.quantiles is None:
        raise AlignlabError(f"Recipe {recipe.name!r} estimates no variables.", remedy="Choose the task 'variables'.")
    return result.quantiles.astype(np.float64)


def _validation_errors(survey: Survey, quantiles: NDArray[np.float64]) -> dict[str, float]:
    """MAE over that of the training mean, of each variable compared, on the validation split."""
    asked = quantiles[:, CHECKED_COLUMNS]
    training = survey.variables[survey.split == "train"][:, CHECKED_COLUMNS]
    truth = survey.variables[survey.split == "validation"][:, CHECKED_COLUMNS]
    median = asked[..., _MEDIAN]
    answer = Estimates(
        value=median, low=asked[..., _LOW_68], high=asked[..., _HIGH_68], n_used=np.ones(median.shape, np.int64)
    )
    ratio = score_estimates(answer, truth, training).ratio
    return {name: float(value) for name, value in zip(TOLERANCES, ratio, strict=True)}
