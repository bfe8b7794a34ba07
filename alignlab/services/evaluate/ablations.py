"""Ablations: what each part of the recipe is good for, what shuffled pairs give, and what more pairs would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import AlignlabError
from alignlab.progress import OnStep, part_of, report
from alignlab.services.evaluate import Part
from alignlab.services.evaluate.context import EvaluationContext
from alignlab.services.evaluate.table import Cell, Column, Table

if TYPE_CHECKING:
    from alignlab.services.evaluate.ablation_variants import Variant
    from alignlab.services.evaluate.quality import Quality

VERSION = 1
#: Nothing is trained for these: the run's own space, with one half of a source left out of the estimates.
_ALONE = {"spectrum_aligned": "estimates from the spectrum alone", "text_aligned": "estimates from the text alone"}


def compute(context: EvaluationContext, *, on_step: OnStep | None = None) -> dict[str, Any]:
    """Train every variant on the training split, as the run was, and judge it on the context's split.

    Each training's figures are kept as soon as it is done; those of a run that was killed are not made again.
    """
    # Imported here: pages that read the tables need not wait for torch.
    from alignlab.services.evaluate.ablation_variants import base_recipe, variants
    from alignlab.services.evaluate.quality import chance, judge, quality_figures
    from alignlab.services.evaluate.resumable import kept_step
    from alignlab.training.recipe import AlignmentRecipe

    facts = context.run.recipe
    if "alignment" not in facts:
        raise AlignlabError(
            f"Run {context.run.run_id!r} was not made by an alignment recipe: there is nothing to take away from it.",
            remedy="Evaluate the ablations of a run that 'alignlab train align' made.",
        )
    recipe = AlignmentRecipe.from_json(facts["alignment"])
    base = base_recipe(recipe, context.run.metrics.get("training", {}).get("temperature"))
    trainings = variants(base, seed=int(facts.get("seed", 0)))
    n_steps = len(trainings) + 1
    report(on_step, 0, n_steps, "the run itself")
    reference = _reference(context, base, part_of(on_step, 0.0, 1 / n_steps))
    rows = [{"name": "base", "label": "the run's recipe", "group": "base", "share": 1.0}]
    rows[0] |= quality_figures(context, reference)
    for name, label in _ALONE.items():
        alone = judge(context, both=context.latents(name))
        rows.append({"name": name, "label": label, "group": "alone"} | quality_figures(context, alone, reference))
    for number, variant in enumerate(trainings, start=1):
        step = part_of(on_step, number / n_steps, (number + 1) / n_steps)
        report(step, 0, 1, variant.label)

        def figures(variant: Variant = variant, step: OnStep | None = step) -> dict[str, Any]:
            return quality_figures(context, _trained(context, variant, step), reference)

        told = kept_step(context, f"ablations-{variant.name}", figures, version=VERSION)
        rows.append(variant.facts() | told)
    report(on_step, n_steps, n_steps, "ablations")
    n_pairs = int((context.training & np.asarray(context.survey.text_mask).any(axis=1)).sum())
    return {
        "chance": chance(int(context.pairs.sum())),
        "n_training_pairs": n_pairs,
        "is_ensemble": "ensemble" in facts,
        "rows": rows,
    }


def shuffled_verdict(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Whether trainings on shuffled pairs are at chance, as they must be unless something leaks.

    Returns
    -------
    dict
        ``value``: mean recall@1% of the shuffled trainings; ``low``, ``high``: the lowest and the highest limit of
        their intervals; ``chance``; ``is_at_chance``; ``n``: how many trainings.
    """
    recalls = [row["recall_at_1_percent"] for row in figures["rows"] if row["group"] == "shuffled"]
    low, high = min(r["interval"][0] for r in recalls), max(r["interval"][1] for r in recalls)
    expected = figures["chance"]["recall_at_1_percent"]
    return {
        "value": float(np.mean([r["value"] for r in recalls])),
        "low": low,
        "high": high,
        "chance": expected,
        "is_at_chance": low <= expected <= high,
        "n": len(recalls),
    }


def tables(figures: Mapping[str, Any]) -> Sequence[Table]:
    """What each change does, and what fewer pairs do."""
    from alignlab.services.evaluate.quality import FIGURES, cell_of, change_cell

    changes = {"recall_at_1_percent", "error_ratio"}
    columns = [Column("what", "")]
    for column in FIGURES:
        columns.append(column)
        if column.name in changes:
            columns.append(Column(f"{column.name}_change", "change", f"+{column.spec}", as_percent=column.as_percent))
    rows = []
    for row in figures["rows"]:
        cells = [Cell(_label(row, figures))]
        for column in FIGURES:
            cells.append(cell_of(row[column.name]))
            if column.name in changes:
                cells.append(Cell(None) if row["group"] == "base" else change_cell(row[column.name]))
        rows.append(cells)
    return [
        Table(
            name="ablations",
            title="What each part of the recipe does",
            caption=caption(figures),
            columns=columns,
            rows=rows,
        )
    ]


def caption(figures: Mapping[str, Any]) -> str:
    """What the figures are of, with n, split, seed, chance and what the intervals hold."""
    told, expected = figures["provenance"], figures["chance"]
    ensemble = " The run is an ensemble: its first member's recipe was trained anew." if figures["is_ensemble"] else ""
    return (
        f"Each row was trained anew with one thing changed, at the run's own temperature, and is judged on the "
        f"{told['split']} split, n = {told['n']:,} ({told['n_pairs']:,} with a text; spectrum → text), run "
        f"{told['run']}, seed {told['seed']}. Change against the run's recipe on the same sources. 95% bootstrap "
        f"intervals over sources, paired for the changes; they do not hold the luck of a random start, which the row "
        f"'another random start' shows. Chance: recall@1% {expected['recall_at_1_percent']:.1%}, recall@5% "
        f"{expected['recall_at_5_percent']:.1%}, median rank {expected['median_rank']:.0f}. Error / mean's: mean "
        f"absolute error of estimates from the three nearest training sources over that of always answering the mean, "
        f"averaged over variables. Shuffled pairs: every text given to another source, in training and in validation."
        f"{ensemble}"
    )


def _label(row: Mapping[str, Any], figures: Mapping[str, Any]) -> str:
    if row["group"] == "shuffled":
        is_as_it_must = shuffled_verdict(figures)["is_at_chance"]
        return f"SHUFFLED PAIRS {row['name'][-1]}: " + ("at chance, as it must" if is_as_it_must else "NOT AT CHANCE")
    if row["group"] == "share":
        return f"{row['label']}, draw {row['name'][-1]}"
    return str(row["label"])


def _reference(context: EvaluationContext, base: Any, on_step: OnStep | None) -> Quality:
    """The run itself; of an ensemble, a single training with its recipe."""
    from alignlab.services.evaluate.ablation_variants import Variant
    from alignlab.services.evaluate.quality import judge

    facts = context.run.recipe
    if "ensemble" in facts:
        seed = int(facts.get("seed", 0))
        return _trained(context, Variant(name="base", label="base", group="base", recipe=base, seed=seed), on_step)
    return judge(
        context,
        both=context.latents("both"),
        spectrum=context.latents("spectrum_aligned"),
        text=context.latents("text_aligned"),
    )


def _trained(context: EvaluationContext, variant: Variant, on_step: OnStep | None) -> Quality:
    """Train a variant, carry all sources into its space, and judge it; the split itself is never trained on."""
    from alignlab.models.heads import apply_heads
    from alignlab.models.spectrum_input import spectrum_inputs
    from alignlab.services.evaluate.quality import judge
    from alignlab.training.alignment import train_alignment

    survey = context.survey
    latents, text, mask = context.latents("spectrum"), np.asarray(survey.text), np.asarray(survey.text_mask)
    rows = training_rows(survey.split, mask, share=variant.share, seed=variant.seed)
    other = shuffled_rows(survey.split, mask, seed=variant.seed)[rows] if variant.is_shuffled else rows
    seen = spectrum_inputs(variant.recipe.spectrum_input, latents, survey.spectra, survey.counts)
    result = train_alignment(
        variant.recipe,
        spectrum=seen[rows],
        text=text[other],
        mask=mask[other],
        split=survey.split[rows],
        seed=variant.seed,
        on_step=on_step,
    )
    spectrum_aligned, text_aligned = apply_heads(
        result.weights, spectrum=latents, bins=survey.spectra, counts=survey.counts, text=text, mask=mask
    )
    assert spectrum_aligned is not None and text_aligned is not None  # both were given
    both = np.hstack([spectrum_aligned, text_aligned])
    return judge(context, both=both, spectrum=spectrum_aligned, text=text_aligned)


def training_rows(split: NDArray[np.str_], mask: NDArray[np.bool_], *, share: float, seed: int) -> NDArray[np.int64]:
    """Sources that a training is given: of the training split a share, drawn at random; of the others all.

    Parameters
    ----------
    split : ndarray of str, shape (n,)
    mask : ndarray of bool, shape (n, 3)
        Only sources with a text count as pairs.
    share : float
        0 to 1; at least two pairs stay.
    seed : int
    """
    pairs = np.flatnonzero((split == "train") & mask.any(axis=1))
    n_kept = max(2, round(share * len(pairs)))
    kept = np.random.default_rng(seed).permutation(pairs)[:n_kept]
    return np.sort(np.concatenate([kept, np.flatnonzero(split != "train")]))


def shuffled_rows(split: NDArray[np.str_], mask: NDArray[np.bool_], *, seed: int) -> NDArray[np.int64]:
    """For every source the source whose text it gets: another one of its own split, each text once.

    Texts of the split that is asked about are shuffled as well, but no training reads them.
    """
    rng, other = np.random.default_rng(seed), np.arange(len(split))
    for name in np.unique(split):
        pairs = rng.permutation(np.flatnonzero((split == name) & mask.any(axis=1)))
        other[pairs] = np.roll(pairs, 1)
    return other


def estimate_s(n_sources: int) -> float:
    """Seconds on two cores, roughly."""
    return 15 + 260 * n_sources / 10_000


PART = Part(
    name="ablations",
    label="Ablations",
    version=VERSION,
    compute=compute,
    tables=tables,
    estimate_s=estimate_s,
    is_quick=False,
)
