"""Making an ensemble's run: several trainings, combined so that a similarity is the mean of theirs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from alignlab.analysis.retrieval import retrieval_metrics
from alignlab.config import Config
from alignlab.models.ensemble import combine_vectors, ensemble_weights
from alignlab.progress import OnStep, part_of, report
from alignlab.services.encoded import encoder_file, prepare_spectra
from alignlab.services.runs import existing_run, finish_run, make_first_maps, run_id_of
from alignlab.services.trials import go_on_from, train_heads
from alignlab.store.artefact import sha256_of
from alignlab.store.run import Run
from alignlab.store.survey import Survey
from alignlab.training.alignment import AlignmentResult
from alignlab.training.search_recipe import EnsembleMember, EnsembleRecipe


def ensemble_run_id(survey_digest: str, recipe: EnsembleRecipe, *, seed: int, encoder_path: Path) -> str:
    """Id of the ensemble's run: the same members on the same survey are the same run, in whatever way they are said."""
    members = [f"{member.recipe.identity()}|{member.seed}" for member in recipe.trainings(seed)]
    return run_id_of(recipe.name, *members, inputs={"survey": survey_digest, "encoder": sha256_of(encoder_path)})


def combine(
    survey: Survey,
    recipe: EnsembleRecipe,
    *,
    config: Config,
    seed: int,
    folder: Path | None = None,
    earlier: Sequence[Path | None] = (),
    on_step: OnStep | None = None,
) -> Run:
    """Train the members, or take up their trainings, and publish them as one run.

    Its `spectrum_aligned` and `text_aligned` are the members' vectors side by side, divided by the square root of their
    number (`alignlab.models.ensemble`): one matrix product gives the mean of the members' similarities.

    Parameters
    ----------
    survey : Survey
        With texts.
    recipe : EnsembleRecipe
    config : Config
        Where runs are kept.
    seed : int
        Of the first member, unless the members have seeds of their own; also of the bootstrap.
    folder : Path, optional
        Where the members' checkpoints are written, so that a killed job goes on.
    earlier : sequence of Path or None
        Checkpoints of the members' finished trainings, in their order. What is missing is trained here, to the same
        weights.

    Returns
    -------
    Run
        An identical one that exists is returned instead.
    """
    encoder_path = encoder_file(recipe.base.encoder, config=config)
    run_id = ensemble_run_id(survey.digest, recipe, seed=seed, encoder_path=encoder_path)
    if run := existing_run(survey, run_id, config=config):
        make_first_maps(survey, run)
        return run
    report(on_step, 0, 100, "encoding spectra")
    encoder, spectrum, reconstruction = prepare_spectra(survey, config=config, encoder_path=encoder_path)
    members, results, started = recipe.trainings(seed), [], time.monotonic()
    for number, member in enumerate(members):
        checkpoint = None if folder is None else folder / f"member-{number}.safetensors"
        if checkpoint is not None:
            go_on_from(checkpoint, earlier[number] if number < len(earlier) else None)
        share = 0.75 / len(members)
        step = part_of(on_step, 0.1 + number * share, 0.1 + (number + 1) * share)
        results.append(
            train_heads(survey, member.recipe, spectrum, seed=member.seed, on_step=step, checkpoint=checkpoint)
        )
    spectrum_aligned = combine_vectors([result.spectrum_aligned for result in results])
    text_aligned = combine_vectors([result.text_aligned for result in results])
    held_out = (survey.split == "validation") & np.asarray(survey.text_mask).any(axis=1)
    validation = retrieval_metrics(spectrum_aligned[held_out], text_aligned[held_out], rng=np.random.default_rng(seed))
    run = finish_run(
        survey,
        config=config,
        name=run_id,
        seed=seed,
        facts=_facts(survey.name, recipe, seed),
        inputs={"survey": survey.digest, "encoder": sha256_of(encoder_path)},
        encoder=encoder,
        spectrum=spectrum,
        reconstruction=reconstruction,
        spectrum_aligned=spectrum_aligned,
        text_aligned=text_aligned,
        heads_weights=ensemble_weights([result.weights for result in results]),
        history=_history(results),
        training={
            "seconds": round(time.monotonic() - started, 1),
            "members": [_member_facts(*pair) for pair in zip(members, results, strict=True)],
            "validation": validation.to_dict(),
        },
        on_step=part_of(on_step, 0.85, 1.0),
    )
    for path in () if folder is None else folder.glob("member-*.safetensors"):
        path.unlink()
    return run


def _facts(survey: str, recipe: EnsembleRecipe, seed: int) -> dict[str, Any]:
    """How the run was made: the base recipe, the number of members, and in what each member differs from the base."""
    base = asdict(recipe.base)
    ensemble: dict[str, Any] = {"members": recipe.n_members}
    if recipe.members:
        ensemble["varied"] = {
            str(number): {k: v for k, v in asdict(member.recipe).items() if v != base[k]} | {"seed": member.seed}
            for number, member in enumerate(recipe.members, start=1)
        }
    return {"survey": survey, "seed": seed, "alignment": base, "ensemble": ensemble}


def _history(results: Sequence[AlignmentResult]) -> pd.DataFrame:
    """The members' epochs one after the other, with the member's number."""
    lines = [{"member": number, **asdict(epoch)} for number, result in enumerate(results) for epoch in result.history]
    return pd.DataFrame(lines)


def _member_facts(member: EnsembleMember, result: AlignmentResult) -> dict[str, object]:
    return {
        "seed": member.seed,
        "best_epoch": result.best_epoch,
        "temperature": result.temperature,
        "validation": result.validation.to_dict(),
    }
