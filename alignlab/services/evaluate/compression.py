"""Compression: bytes of a source, and what its vectors are still good for, from raw numbers down to single bits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from alignlab.progress import OnStep, report
from alignlab.services.evaluate import Part
from alignlab.services.evaluate.context import EvaluationContext
from alignlab.services.evaluate.paper import PAPER
from alignlab.services.evaluate.table import Cell, Column, Table

if TYPE_CHECKING:
    from alignlab.analysis.quantise import Coding

#: Raw numbers of a source in the paper: 400 energy bins and three text vectors of 1,536 numbers; its encoder's latents.
_PAPER_BINS, _PAPER_TEXT, _PAPER_LATENT, _PAPER_SHARED = 400, 4608, 64, 128
_FLOAT_BYTES = 4
#: Of the shared space's dimensions, what is kept: a whole, a half, a quarter, an eighth.
_PARTS = (1, 2, 4, 8)
#: With fewer dimensions bits fail (one that hardly varies counts as much as any), and 16-bit numbers lose nothing.
_CODINGS_OF_FEWER: tuple[Coding, ...] = ("float32", "int8")
CODING_LABELS: Mapping[str, str] = {
    "float32": "32-bit numbers",
    "float16": "16-bit numbers",
    "int8": "8-bit numbers",
    "binary": "single bits",
}


def compute(context: EvaluationContext, *, on_step: OnStep | None = None) -> dict[str, Any]:
    """Judge raw numbers, latents before alignment, and the aligned ones in every coding and number of dimensions.

    Everything that a coding learns it learns from the training split.
    """
    # Imported here: pages that read the tables need not wait for torch.
    from alignlab.analysis.quantise import CODINGS, bytes_per_row
    from alignlab.services.evaluate.quality import chance, judge, quality_figures

    survey, shared = context.survey, context.run.shared_dimension
    spectrum, text = context.latents("spectrum_aligned"), context.latents("text_aligned")
    reference = judge(context, both=context.latents("both"), spectrum=spectrum, text=text)
    kept = [max(1, shared // part) for part in _PARTS]
    n_steps = 2 + len(CODINGS) + len(_CODINGS_OF_FEWER) * (len(kept) - 1)
    steps: list[dict[str, Any]] = []
    for name, label, halves in (
        ("raw", "raw spectrum and text", (survey.spectra, survey.text)),
        ("latents", "spectrum's latent and text, before alignment", (context.latents("spectrum"), survey.text)),
    ):
        report(on_step, len(steps), n_steps, label)
        both = _side_by_side(*halves)
        numbers = both.shape[1]
        facts = {"name": name, "label": label, "coding": "float32", "numbers": numbers, "bytes": _FLOAT_BYTES * numbers}
        steps.append(facts | quality_figures(context, judge(context, both=both), reference))
    for n_directions in kept:
        halves = _fewer_directions(context, spectrum, text, n_directions)
        for coding in CODINGS if n_directions == shared else _CODINGS_OF_FEWER:
            report(on_step, len(steps), n_steps, f"{2 * n_directions} numbers, {coding}")
            a, b = (_coded(context, half, coding) for half in halves)
            found = judge(context, both=np.hstack([a, b]), spectrum=a, text=b)
            facts = {
                "name": f"{coding}-{2 * n_directions}",
                "label": f"{2 * n_directions} {CODING_LABELS[coding]}",
                "coding": coding,
                "numbers": 2 * n_directions,
                "bytes": 2 * bytes_per_row(n_directions, coding),
            }
            steps.append(facts | quality_figures(context, found, reference))
    report(on_step, n_steps, n_steps, "compressed")
    dimensions = {
        "bins": survey.spectra.shape[1],
        "text": survey.text.shape[1],
        "latent": context.latents("spectrum").shape[1],
        "shared": 2 * shared,
    }
    return {
        "dimensions": dimensions,
        "reference": f"float32-{2 * shared}",
        "chance": chance(int(context.pairs.sum())),
        "steps": steps,
    }


def tables(figures: Mapping[str, Any]) -> Sequence[Table]:
    """How many numbers are saved, what quality each step keeps, and what it loses."""
    return [_numbers_table(figures), _quality_table(figures), _loss_table(figures)]


def step_named(figures: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The step of that name, such as ``int8-128``; ``KeyError`` if there is none."""
    found: dict[str, dict[str, Any]] = {step["name"]: step for step in figures["steps"]}
    return found[name]


def smallest_without_loss(figures: Mapping[str, Any]) -> dict[str, Any]:
    """The step with the fewest bytes whose recall and error are not worse than the reference's beyond the interval."""
    reference = step_named(figures, figures["reference"])
    fit = [step for step in figures["steps"] if step["recall_at_1_percent"] is not None and not _is_worse(step)]
    return min([reference, *fit], key=lambda step: int(step["bytes"]))


def _is_worse(step: Mapping[str, Any]) -> bool:
    recalls = [step[f"recall_at_{percent}_percent"] for percent in (1, 5)]
    loses_recall = any(recall["change_interval"][1] < 0 for recall in recalls)
    error = step["error_ratio"]
    return loses_recall or (error is not None and error["change_interval"][0] > 0)


def _numbers_table(figures: Mapping[str, Any]) -> Table:
    own, told = figures["dimensions"], figures["provenance"]
    rows = []
    for label, raw, kept in (
        ("paper: raw spectrum and text", _PAPER_BINS + _PAPER_TEXT, _PAPER_SHARED),
        ("paper: spectrum's latent and text", _PAPER_LATENT + _PAPER_TEXT, _PAPER_SHARED),
        (f"{told['survey']}: raw spectrum and text", own["bins"] + own["text"], own["shared"]),
        (f"{told['survey']}: spectrum's latent and text", own["latent"] + own["text"], own["shared"]),
    ):
        bytes_before, bytes_after = _FLOAT_BYTES * raw, _FLOAT_BYTES * kept
        cells = [label, raw, kept, bytes_before, bytes_after, 1 - kept / raw]
        rows.append([Cell(value) for value in cells])
    return Table(
        name="compression-numbers",
        title="Numbers that describe a source",
        caption=(
            f"The paper saves {PAPER['compression_saved']:.0%}: {_PAPER_BINS} energy bins and {_PAPER_TEXT:,} numbers "
            f"of text, or the encoder's {_PAPER_LATENT} instead of the bins, become {_PAPER_SHARED}. Texts of this "
            f"survey have {own['text']:,} numbers, so that there is less to save. Bytes as 32-bit numbers. Survey "
            f"{told['survey']}, run {told['run']}; counted, not estimated, hence no interval."
        ),
        columns=[
            Column("what", ""),
            Column("numbers_before", "numbers before", ",d"),
            Column("numbers_after", "after", ",d"),
            Column("bytes_before", "bytes before", ",d"),
            Column("bytes_after", "after", ",d"),
            Column("saved", "saved", ".1f", as_percent=True),
        ],
        rows=rows,
    )


def _quality_table(figures: Mapping[str, Any]) -> Table:
    from alignlab.services.evaluate.quality import FIGURES, cell_of

    raw = figures["steps"][0]["bytes"]
    return Table(
        name="compression",
        title="Bytes of a source, and what they are good for",
        caption=f"{caption(figures)} Raw numbers have no space in common, hence no recall.",
        columns=[
            Column("what", ""),
            Column("bytes", "bytes", ",d"),
            Column("saved", "saved", ".1f", as_percent=True),
            *FIGURES,
        ],
        rows=[
            [Cell(step["label"]), Cell(step["bytes"]), Cell(1 - step["bytes"] / raw)]
            + [cell_of(step[column.name]) for column in FIGURES]
            for step in figures["steps"]
        ],
    )


def _loss_table(figures: Mapping[str, Any]) -> Table:
    from alignlab.services.evaluate.quality import FIGURES, change_cell

    columns = [Column(c.name, f"{c.label}, change", f"+{c.spec}", as_percent=c.as_percent) for c in FIGURES]
    return Table(
        name="compression-loss",
        title=f"What is lost against {figures['dimensions']['shared']} 32-bit numbers",
        caption=f"Paired on the same sources. {caption(figures)}",
        columns=[Column("what", ""), Column("bytes", "bytes", ",d"), *columns],
        rows=[
            [Cell(step["label"]), Cell(step["bytes"]), *(change_cell(step[column.name]) for column in FIGURES)]
            for step in figures["steps"]
            if step["name"] != figures["reference"]
        ],
    )


def caption(figures: Mapping[str, Any]) -> str:
    """What the figures are of, with n, split, seed and what the intervals are."""
    told = figures["provenance"]
    return (
        f"{told['split'].capitalize()} split, n = {told['n']:,} ({told['n_pairs']:,} with a text), run {told['run']}, "
        f"seed {told['seed']}; 95% bootstrap intervals. Recall and median rank of spectrum → text; error / mean's: "
        "mean absolute error of the variables, from the three nearest training sources, over that of always answering "
        "the mean, averaged over variables. Steps, thresholds and directions come from the training split."
    )


def _side_by_side(*halves: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each half brought to length 1, so that neither decides alone who is a neighbour."""
    from alignlab.analysis.similarity import normalise_rows

    return np.hstack([normalise_rows(half) for half in halves])


def _fewer_directions(
    context: EvaluationContext, spectrum: NDArray[np.float32], text: NDArray[np.float32], n_directions: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    from alignlab.analysis.quantise import principal_directions

    if n_directions == spectrum.shape[1]:
        return spectrum, text
    training = context.training
    directions = principal_directions(spectrum[training], text[training], n_directions=n_directions)
    return spectrum @ directions, text @ directions


def _coded(context: EvaluationContext, vectors: NDArray[np.float32], coding: Coding) -> NDArray[np.float32]:
    from alignlab.analysis.quantise import Quantiser

    return Quantiser.fit(vectors[context.training], coding).round_trip(vectors)


def estimate_s(n_sources: int) -> float:
    """Seconds on two cores, roughly."""
    return 4 + 12 * n_sources / 10_000


PART = Part(
    name="compression",
    label="Compression",
    version=1,
    compute=compute,
    tables=tables,
    estimate_s=estimate_s,
)
