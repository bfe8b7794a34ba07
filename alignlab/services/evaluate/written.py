"""A simulated literature as its generator knows it: what each text states, recomputed from the survey's seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.errors import AlignlabError
from alignlab.literature.aspects import ASPECTS
from alignlab.literature.claims import Claims, draw_claims
from alignlab.literature.fields import Fields, assign_fields
from alignlab.literature.generator import write_literature
from alignlab.literature.noise import TextNoise
from alignlab.services.demo import draw_split
from alignlab.store.survey import Survey
from alignlab.variables import VARIABLE_NAMES

#: Share of the texts that must come out as they are kept: a value kept in single precision may round otherwise.
_LEAST_SHARE_EQUAL = 0.999


@dataclass(frozen=True, eq=False, kw_only=True)
class Written:
    """A survey's literature as its generator knows it; row *i* of everything is source *i*.

    Attributes
    ----------
    truth, variables : DataFrame
    claims : Claims
    fields : Fields
    discussed : ndarray of bool, shape (n, 3)
    spectrum_texts : sequence of str
        What is written under the aspect ``spectrum``; empty where it is not discussed.
    noise : TextNoise
    """

    truth: pd.DataFrame
    variables: pd.DataFrame
    claims: Claims
    fields: Fields
    discussed: NDArray[np.bool_]
    spectrum_texts: Sequence[str]
    noise: TextNoise

    def is_discussed(self, aspect: str) -> NDArray[np.bool_]:
        """Whether each source has a text under that aspect, shape (n,)."""
        return np.asarray(self.discussed[:, ASPECTS.index(aspect)])

    def is_told(self, fact: str) -> NDArray[np.bool_]:
        """Whether each source's text under ``spectrum`` tells that fact, shape (n,)."""
        return self.is_discussed("spectrum") & np.array(self.claims.told[fact])


def written_again(survey: Survey) -> Written:
    """What the literature of a simulated survey states, drawn again from the survey's seed.

    All texts are written anew and compared with those that the survey keeps: only a literature that comes out the same
    is told of.

    Raises
    ------
    AlignlabError
        If the survey is not simulated, or its texts do not come out the same; the message says so to a person.
    """
    recipe = survey.meta.recipe.get("text_noise")
    if survey.truth is None or recipe is None or survey.meta.seed is None:
        raise AlignlabError(f"no simulator's truth is known of survey {survey.name!r} and its texts.")
    if unknown := set(recipe) ^ {dial.name for dial in fields(TextNoise)}:
        names = ", ".join(sorted(unknown))
        raise AlignlabError(f"the texts of survey {survey.name!r} were written by another version ({names}).")
    dials: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in recipe.items()}
    noise = TextNoise(**dials)
    truth, variables = survey.truth, pd.DataFrame(survey.variables.astype(float), columns=list(VARIABLE_NAMES))
    summaries = write_literature(truth, variables, rng=_generator(survey), settings=noise).summaries
    _check_equal(survey, summaries)
    rng = _generator(survey)
    claims = draw_claims(truth, variables, settings=noise, rng=rng)
    field_of = assign_fields(truth, probability=noise.field_paper, strength=noise.strength, rng=rng)
    spectral = summaries[summaries["aspect"] == "spectrum"]
    texts = np.full(survey.n_sources, "", dtype=object)
    texts[spectral["source_index"].to_numpy()] = spectral["text"].to_numpy()
    return Written(
        truth=truth,
        variables=variables,
        claims=claims,
        fields=field_of,
        discussed=np.asarray(survey.text_mask),
        spectrum_texts=texts.tolist(),
        noise=noise,
    )


def _generator(survey: Survey) -> np.random.Generator:
    """The generator as it stood when the literature was written."""
    split, rng = draw_split(survey.n_sources, seed=survey.meta.seed or 0)
    if not np.array_equal(split, survey.split):
        raise AlignlabError(f"survey {survey.name!r} cannot be drawn again from its seed: its split would be another.")
    return rng


def _check_equal(survey: Survey, summaries: pd.DataFrame) -> None:
    both = survey.summaries.merge(summaries, on=["source_index", "aspect"], how="outer", suffixes=("", "_again"))
    share = float((both["text"] == both["text_again"]).mean())
    if share < _LEAST_SHARE_EQUAL:
        raise AlignlabError(
            f"the texts of survey {survey.name!r} cannot be written again from its seed: {share:.1%} come out the same."
        )
