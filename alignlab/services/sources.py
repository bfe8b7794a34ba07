"""Everything known about one source, and its neighbours: what a source card shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.errors import AlignlabError, MissingArtefactError
from alignlab.services.workspace import Workspace
from alignlab.spectra.grid import EnergyGrid, energy_grid
from alignlab.store.run import Overlay, Run
from alignlab.store.survey import Survey
from alignlab.variables import VARIABLES, Variable

N_NEIGHBOURS = 5


@dataclass(frozen=True, kw_only=True)
class Neighbour:
    """A source near another one in a representation.

    Attributes
    ----------
    index : int
        Its `source_index` in the run's survey.
    name, source_class : str
    similarity : float
        Cosine similarity, at most 1.
    """

    index: int
    name: str
    source_class: str
    similarity: float


@dataclass(frozen=True, kw_only=True)
class VariableReading:
    """One variable of one source: what was measured, what a catalogue says, what the neighbours suggest.

    Attributes
    ----------
    variable : Variable
    value, low, high : float
        Measured value with its 68% limits; NaN where missing.
    catalogued : float
        Value in the catalogue that the file came with; NaN where there is none.
    estimate, estimate_low, estimate_high : float
        Estimated from neighbours in the latent space (the source itself left out), with a 68% interval.
    """

    variable: Variable
    value: float
    low: float
    high: float
    catalogued: float
    estimate: float
    estimate_low: float
    estimate_high: float


@dataclass(frozen=True, eq=False, kw_only=True)
class SourceSpectrum:
    """Counts of one source on the survey's grid, with the autoencoder's reconstruction.

    Attributes
    ----------
    grid : EnergyGrid
        400 bins from 0.5 to 8 keV.
    counts, background : ndarray of float32, shape (400,)
        Counts in the aperture, and the background expected among them.
    reconstruction : ndarray of float32, shape (400,)
        In counts: the reconstruction taken back from the min–max scale.
    exposure_s : float
        Exposure in seconds; NaN where unknown.
    """

    grid: EnergyGrid
    counts: NDArray[np.float32]
    background: NDArray[np.float32]
    reconstruction: NDArray[np.float32]
    exposure_s: float


@dataclass(frozen=True, eq=False, kw_only=True)
class SourceCard:
    """What is known about one source.

    Attributes
    ----------
    index : int
        Its `source_index` in its own survey.
    facts : Series
        Its row of the survey's table of sources.
    simulated : bool
        Whether its photons are simulated.
    survey_name : str
        The survey that it belongs to.
    spectrum : SourceSpectrum
    readings : tuple of VariableReading
        The 20 variables, in their order.
    papers : DataFrame
        paper_id, title, year, identifier, abstract; newest first.
    summaries : dict
        Text by aspect; an aspect that no paper discusses is absent.
    neighbours : tuple of Neighbour
        Nearest sources of the run's survey.
    novelty_percent : float
        For a source that the run was applied to: how far it lies from what the run was trained on; else NaN.
    """

    index: int
    facts: pd.Series
    simulated: bool
    survey_name: str
    spectrum: SourceSpectrum
    readings: tuple[VariableReading, ...]
    papers: pd.DataFrame
    summaries: dict[str, str]
    neighbours: tuple[Neighbour, ...]
    novelty_percent: float = float("nan")

    @property
    def name(self) -> str:
        """The source's name."""
        return str(self.facts["name"])

    @property
    def source_class(self) -> str:
        """Its class, or 'unclassified'."""
        return str(self.facts["source_class"]) or "unclassified"


def find_source(survey: Survey, query: str) -> int:
    """Find a source by its name (spaces and case do not matter, a unique beginning will do) or by its index.

    Raises
    ------
    AlignlabError
        If there is none, or several begin so; the message names some.
    """
    wanted = _folded(query)
    names = [_folded(name) for name in survey.sources["name"]]
    if wanted in names:
        return names.index(wanted)
    if wanted.isdigit() and int(wanted) < survey.n_sources:
        return int(wanted)
    matches = [i for i, name in enumerate(names) if wanted and wanted in name]
    if len(matches) == 1:
        return matches[0]
    if not matches:
        raise AlignlabError(
            f"No source of survey {survey.name!r} is called {query!r}.",
            remedy="Give a name, a unique part of one, or an index from 0.",
        )
    some = ", ".join(survey.sources["name"].iloc[matches[:5]])
    raise AlignlabError(f"{len(matches)} sources match {query!r}: {some}…", remedy="Give more of the name.")


def representation_latents(survey: Survey, run: Run, representation: str) -> NDArray[np.float32]:
    """Latents of a run's survey in any representation, the survey's own text vectors included; shape (n, d)."""
    return np.asarray(survey.text) if representation == "text" else run.latents(representation)


def neighbours_of(
    workspace: Workspace, index: int, *, representation: str = "both", k: int = N_NEIGHBOURS
) -> tuple[Neighbour, ...]:
    """The `k` sources nearest to source `index` of the run's survey, by cosine similarity, itself left out."""
    # Imported here, as below: torch takes seconds, which drawing a map need not wait for.
    from alignlab.analysis.similarity import top_k

    latents = representation_latents(workspace.survey, workspace.run, representation)
    found = top_k(latents[index : index + 1], latents, min(k + 1, len(latents)))
    pairs = zip(found.index[0], found.similarity[0], strict=True)
    return _as_neighbours(workspace.survey, [(i, s) for i, s in pairs if i != index][:k])


def source_card(workspace: Workspace, index: int, *, representation: str = "both", k: int = N_NEIGHBOURS) -> SourceCard:
    """Collect what is known about source `index` of the run's survey.

    Raises
    ------
    AlignlabError
        If there is no such source.
    """
    survey, run = workspace.survey, workspace.run
    _check_index(survey, index)
    return SourceCard(
        index=index,
        facts=survey.sources.iloc[index],
        simulated=survey.simulated,
        survey_name=survey.name,
        spectrum=_spectrum(survey, run, index),
        readings=_readings(survey, run, index),
        papers=survey.papers_of(index),
        summaries=survey.summaries_of(index),
        neighbours=neighbours_of(workspace, index, representation=representation, k=k),
    )


def applied_source_card(
    workspace: Workspace, survey_name: str, index: int, *, representation: str = "both", k: int = N_NEIGHBOURS
) -> SourceCard:
    """Collect what is known about source `index` of a survey that the run was applied to.

    Its neighbours are sources of the run's survey, in `representation`, or in the aligned spectrum space where that
    representation needs papers that it does not have.
    """
    from alignlab.analysis.similarity import top_k

    applied = next((a for a in workspace.overlays if a.survey.name == survey_name), None)
    if applied is None:
        raise MissingArtefactError(
            f"Run {workspace.run.run_id!r} was not applied to {survey_name!r}.",
            remedy=f"Run 'alignlab apply --run {workspace.run.run_id} --survey {survey_name}'.",
        )
    survey, overlay = applied.survey, applied.overlay
    _check_index(survey, index)
    usable = overlay_representation(overlay, representation)
    latents = overlay.latents(usable)[index : index + 1]
    base = representation_latents(workspace.survey, workspace.run, usable)
    found = top_k(latents, base, min(k, len(base)))
    return SourceCard(
        index=index,
        facts=survey.sources.iloc[index],
        simulated=survey.simulated,
        survey_name=survey.name,
        spectrum=_spectrum(survey, overlay, index),
        readings=_readings(survey, overlay, index),
        papers=survey.papers_of(index),
        summaries=survey.summaries_of(index),
        neighbours=_as_neighbours(workspace.survey, list(zip(found.index[0], found.similarity[0], strict=True))),
        novelty_percent=float(overlay.novelty_percent[index]),
    )


def overlay_representation(overlay: Overlay, representation: str) -> str:
    """The representation in which an overlay can be compared: the one asked for, or the spectrum's share of it."""
    try:
        overlay.latents(representation)
    except MissingArtefactError:
        return "spectrum_aligned"
    return representation


def reconstruction_in_counts(
    reconstruction: NDArray[np.float32], counts: NDArray[np.float32], response_ratio: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """Take a reconstruction back from the min–max scale of its spectrum to counts; all of shape (400,).

    With a `response_ratio`, the encoder has seen the counts times it (`alignlab.ingest.encoder_response`).
    """
    ratio = np.ones_like(counts) if response_ratio is None else response_ratio
    seen = counts * ratio
    low, high = float(seen.min()), float(seen.max())
    scaled = low + np.asarray(reconstruction) * (high - low)
    return np.divide(scaled, ratio, out=np.zeros_like(scaled), where=ratio > 0).astype(np.float32)


def _spectrum(survey: Survey, encoded: Run | Overlay, index: int) -> SourceSpectrum:
    counts = np.asarray(survey.counts[index])
    facts = survey.sources.iloc[index]
    ratio = np.asarray(survey.array("response_ratio")[index]) if survey.has_array("response_ratio") else None
    return SourceSpectrum(
        grid=energy_grid(survey.meta.recipe.get("grid_kind", "log")),
        counts=counts,
        background=np.asarray(survey.background[index]),
        reconstruction=reconstruction_in_counts(encoded.reconstruction[index], counts, ratio),
        exposure_s=float(facts.get("exposure_s", np.nan)),
    )


def _readings(survey: Survey, encoded: Run | Overlay, index: int) -> tuple[VariableReading, ...]:
    limits, estimates = survey.limits.iloc[index], encoded.estimates.iloc[index]
    nan = float("nan")
    return tuple(
        VariableReading(
            variable=variable,
            value=float(survey.variables[index, column]),
            low=float(limits.get(f"{variable.name}_lolim", nan)),
            high=float(limits.get(f"{variable.name}_hilim", nan)),
            catalogued=nan if survey.catalogued is None else float(survey.catalogued[index, column]),
            estimate=float(estimates[variable.name]),
            estimate_low=float(estimates[f"{variable.name}_low"]),
            estimate_high=float(estimates[f"{variable.name}_high"]),
        )
        for column, variable in enumerate(VARIABLES)
    )


def _as_neighbours(survey: Survey, pairs: list[tuple[int, float]]) -> tuple[Neighbour, ...]:
    names, classes = survey.sources["name"], survey.sources["source_class"]
    return tuple(
        Neighbour(index=int(i), name=str(names.iloc[i]), source_class=str(classes.iloc[i]), similarity=float(s))
        for i, s in pairs
    )


def _check_index(survey: Survey, index: int) -> None:
    if not 0 <= index < survey.n_sources:
        raise AlignlabError(
            f"Survey {survey.name!r} has no source {index}.", remedy=f"Its sources are 0 to {survey.n_sources - 1}."
        )


def _folded(name: str) -> str:
    return name.replace(" ", "").casefold()
