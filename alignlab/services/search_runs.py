"""A search at work: its rounds of trials from the results so far, and at its end the best as runs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from alignlab.config import Config
from alignlab.jobs.spec import JobSpec
from alignlab.jobs.work import Work
from alignlab.progress import part_of
from alignlab.services.ensemble import combine
from alignlab.services.job_kinds.trial import survey_of, trial_spec
from alignlab.services.runs import train_run
from alignlab.services.trials import go_on_from
from alignlab.store.artefact import write_file_atomically
from alignlab.store.run import Run
from alignlab.store.survey import Survey
from alignlab.training.recipe import AlignmentRecipe
from alignlab.training.search import plan_round, survivors
from alignlab.training.search_recipe import EnsembleMember, EnsembleRecipe, SearchRecipe

TRIALS = "trials.json"

Results = Sequence[Sequence[dict[str, Any]]]


def plan_search(spec: JobSpec, rounds: Results) -> list[JobSpec]:
    """The next round of a search as parts; empty when it is over.

    A trial of a halving goes on from the checkpoint of its shorter one.
    """
    recipe = SearchRecipe.from_json(spec.recipe)
    planned = plan_round(recipe, seed=spec.seed, scores=_scores(rounds))
    folders = [result["folder"] for result in rounds[-1]] if rounds else []
    return [
        trial_spec(spec, trial.recipe, seed=spec.seed, continues="" if trial.before is None else folders[trial.before])
        for trial in planned
    ]


def finish_search(work: Work, config: Config) -> dict[str, Any]:
    """Publish the best trials, as runs or as one ensemble, and write the table of all trials.

    The kept ones are the best by validation score of the last round. Their trainings are taken up from the trials'
    checkpoints, so nothing is trained twice; where a checkpoint is gone, the same weights come about again. At the end
    the checkpoints, 2 to 9 MB of each trial, are deleted.

    Returns
    -------
    dict
        `run` (the best, or the ensemble), `runs` (all that were kept), `survey`, and `trials`, see `table_of`.
    """
    spec, recipe = work.spec, SearchRecipe.from_json(work.spec.recipe)
    survey = survey_of(spec, config)
    trials = plan_round(recipe, seed=spec.seed, scores=_scores(work.rounds[:-1]))
    best = survivors(_scores(work.rounds)[-1], recipe.keep)
    kept = [(trials[place].recipe, _checkpoint(work.rounds[-1][place], work, config)) for place in best]
    publish = _publish_ensemble if recipe.keep_as == "ensemble" else _publish_runs
    runs = [run.run_id for run in publish(survey, recipe, kept, work, config)]
    table = table_of(recipe, work.rounds, seed=spec.seed, kept={trials[place].number for place in best})
    for result in (result for results in work.rounds for result in results):
        _checkpoint(result, work, config).unlink(missing_ok=True)
    write_file_atomically(work.folder / TRIALS, lambda path: (path.write_text(json.dumps(table, indent=1)), None)[1])
    return {"run": runs[0], "runs": runs, "survey": survey.name, "trials": table}


def table_of(recipe: SearchRecipe, rounds: Results, *, seed: int, kept: set[int] | None = None) -> list[dict[str, Any]]:
    """Each trial as it was at its end: the figures of the last round that it took part in.

    Parameters
    ----------
    recipe : SearchRecipe
    rounds : sequence of sequence of dict
        Results of the parts.
    seed : int
        Of the search.
    kept : set of int, optional
        Numbers of the trials that were published.

    Returns
    -------
    list of dict
        What `alignlab.services.trials.trial_facts` says, with `trial` (its number), `rounds` (how many it took part
        in), `seconds` (of all of them) and `kept`.
    """
    found: dict[int, dict[str, Any]] = {}
    scores = _scores(rounds)
    for number, results in enumerate(rounds):
        for trial, result in zip(plan_round(recipe, seed=seed, scores=scores[:number]), results, strict=True):
            found[trial.number] = {
                **{name: value for name, value in result.items() if name != "folder"},
                "trial": trial.number,
                "rounds": number + 1,
                "seconds": round(result["seconds"] + found.get(trial.number, {}).get("seconds", 0.0), 1),
                "kept": trial.number in (kept or set()),
            }
    return [found[number] for number in sorted(found)]


Kept = Sequence[tuple[AlignmentRecipe, Path]]


def _publish_runs(survey: Survey, recipe: SearchRecipe, kept: Kept, work: Work, config: Config) -> list[Run]:
    runs = []
    for number, (trial, checkpoint) in enumerate(kept):
        own = work.folder / f"kept-{number}.safetensors"
        go_on_from(own, checkpoint)
        step = part_of(work.on_step(), number / len(kept), (number + 1) / len(kept))
        runs.append(train_run(survey, trial, config=config, seed=work.spec.seed, checkpoint=own, on_step=step))
        own.unlink(missing_ok=True)
    return runs


def _publish_ensemble(survey: Survey, recipe: SearchRecipe, kept: Kept, work: Work, config: Config) -> list[Run]:
    members = tuple(EnsembleMember(recipe=trial, seed=work.spec.seed) for trial, _ in kept)
    run = combine(
        survey,
        EnsembleRecipe(name=recipe.name, members=members),
        config=config,
        seed=work.spec.seed,
        folder=work.folder,
        earlier=[checkpoint for _, checkpoint in kept],
        on_step=work.on_step(),
    )
    return [run]


def _checkpoint(result: dict[str, Any], work: Work, config: Config) -> Path:
    """Where a trial left its training."""
    return config.data_dir / str(result["folder"]) / work.checkpoint.name


def _scores(rounds: Results) -> list[list[float | None]]:
    return [[result["score"] for result in results] for results in rounds]
