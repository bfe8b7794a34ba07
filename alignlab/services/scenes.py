"""Scenes for a talk: views of the Atlas with a title and a note. A tour of the demo is shipped; people add others."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

import numpy as np
from numpy.typing import NDArray

from alignlab.services.selections import keep_for_link
from alignlab.services.sources import representation_latents
from alignlab.services.workspace import Workspace
from alignlab.store.lab import Lab

#: Neighbours that a class is judged by.
N_NEIGHBOURS = 15
#: What a scene offers beside its view.
NOTHING, DROP, RETRAIN = "", "drop", "retrain"


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A view of the Atlas with what the speaker says about it.

    Attributes
    ----------
    title, note : str
    address : str
        Query string of the view.
    action : str
        `NOTHING`, `DROP` (a spectrum can be dropped here) or `RETRAIN` (heads can be trained here).
    id : int or None
        Its number in the Lab; None for a scene of the tour.
    """

    title: str
    note: str
    address: str
    action: str = NOTHING
    id: int | None = None


def saved_scenes(workspace: Workspace, lab: Lab) -> list[Scene]:
    """The scenes that people saved for this survey, in their order."""
    return [
        Scene(title=scene.title, note=scene.note, address=scene.address, id=scene.id)
        for scene in lab.scenes(workspace.survey.name)
    ]


def tour(workspace: Workspace, lab: Lab) -> list[Scene]:
    """Six scenes through the demo; empty for a survey that is not simulated, since nothing is known of it beforehand.

    The sentences hold figures of this very survey and run.
    """
    truth = workspace.survey.truth
    if truth is None:
        return []
    return [
        _hardness(workspace),
        _absorption(workspace),
        _rarities(workspace, lab, truth["rarity"].astype(str).to_numpy()),
        _text_against_spectrum(workspace, lab),
        _quasar(workspace),
        Scene(
            title="Retraining, live",
            note="The two heads that align spectra with texts are small: train them again while the map stays in use.",
            address="",
            action=RETRAIN,
        ),
    ]


def _hardness(workspace: Workspace) -> Scene:
    n = workspace.survey.n_sources
    return Scene(
        title="Hardness runs through the map",
        note=f"{n:,} simulated sources, placed by spectrum and papers together. Nobody told the map the hardness.",
        address=urlencode({"colour": "hard_hs"}),
    )


def _absorption(workspace: Workspace) -> Scene:
    from alignlab.variables import VARIABLE_NAMES

    column = workspace.survey.variables[:, VARIABLE_NAMES.index("powlaw_nh")]
    known = column[np.isfinite(column)]
    heavy = int(np.sum(known > 100))
    return Scene(
        title="Absorption: N_H sorts the hard end",
        note=f"{heavy:,} of the {known.size:,} sources with a power-law fit lie behind more than 10²² cm⁻².",
        address=urlencode({"colour": "powlaw_nh", "stretch": "log"}),
    )


def _rarities(workspace: Workspace, lab: Lab, kinds: NDArray[np.object_]) -> Scene:
    planted = kinds != ""
    names, counts = np.unique(kinds[planted], return_counts=True)
    listed = ", ".join(f"{count} × {name}" for name, count in zip(names, counts, strict=True))
    return Scene(
        title="Where the rarities are",
        note=f"The simulator hid {int(planted.sum())} among {planted.size:,}: {listed}.",
        address=urlencode({"selection": keep_for_link(lab, workspace.survey.name, planted)}),
    )


def _text_against_spectrum(workspace: Workspace, lab: Lab) -> Scene:
    """The class whose members find each other better by their papers than by their spectra, by the widest margin."""
    classes = workspace.survey.sources["source_class"].astype(str).to_numpy()
    by_spectrum, by_text = (_purity(workspace, name, classes) for name in ("spectrum_aligned", "text_aligned"))
    best = max(by_text, key=lambda name: by_text[name] - by_spectrum[name])
    members = classes == best
    return Scene(
        title="Papers know what spectra cannot tell",
        note=(
            f"{best} (n {int(members.sum()):,}), selected on both maps. Of a source's {N_NEIGHBOURS} nearest, "
            f"{by_spectrum[best]:.0%} share its class by spectrum (left), {by_text[best]:.0%} by text (right)."
        ),
        address=urlencode(
            {
                "view": "two",
                "representation": "spectrum_aligned",
                "representation2": "text_aligned",
                "projection": "umap",
                "projection2": "umap",
                "selection": keep_for_link(lab, workspace.survey.name, members),
            }
        ),
    )


def _purity(workspace: Workspace, representation: str, classes: NDArray[np.object_]) -> dict[str, float]:
    """Share of each class's neighbours that are of the same class, by the name of the class."""
    from alignlab.analysis.similarity import top_k

    latents = representation_latents(workspace.survey, workspace.run, representation)
    found = top_k(latents, latents, min(N_NEIGHBOURS, len(latents) - 1), exclude_self=True)
    same = (classes[found.index] == classes[:, None]).mean(axis=1)
    return {name: float(same[classes == name].mean()) for name in np.unique(classes) if name}


def _quasar(workspace: Workspace) -> Scene:
    observed = [
        str(name)
        for applied in workspace.overlays
        if not applied.survey.simulated
        for name in applied.survey.sources["name"]
    ]
    quasar = next((name for name in observed if name == "3C 186"), next(iter(observed), None))
    if quasar is None:
        note = "Drop an observed spectrum (a PHA file with its ARF and RMF) anywhere on this page."
        return Scene(title="A real quasar on the map", note=note, address="", action=DROP)
    return Scene(
        title="A real quasar on the map",
        note=f"{quasar}, observed by Chandra (◇), among simulated sources. Drop another spectrum anywhere here.",
        address=urlencode({"source": quasar}),
        action=DROP,
    )
