"""How much the literature says, and how well: the dials of the simulated texts."""

from __future__ import annotations

from dataclasses import dataclass, fields

from alignlab.errors import RecipeError
from alignlab.literature.aspects import ASPECTS


@dataclass(frozen=True, kw_only=True)
class TextNoise:
    """Dials of the simulated literature; each acts monotonically on how much a text tells about its source's spectrum.

    Attributes
    ----------
    strength : float
        Master dial in 0…1. It multiplies the probability of every fact; at 0 a text is independent of its source.
    class_told : float
        Probability that the class is discussed at all.
    vagueness : float
        Probability that a fact is told in coarse words ("a hard spectrum", "some accreting binary").
    number_quoting : float
        Probability that a fact not told vaguely quotes a value.
    scatter : float
        Scale of the errors of quoted values; 1 is about the statistical error of a typical observation.
    class_error : float
        Probability that the class told is wrong.
    outdated : float
        Probability that another class is mentioned beside the one told.
    spectral_fact : float
        Probability that the continuum is described; other spectral facts are told less often, in proportion.
    environment_fact : float
        Probability that host, companion or mechanism are described.
    missing_aspect : tuple of float
        Probability that an aspect (nature, spectrum, environment) is not discussed.
    filler : float
        Mean number of sentences without diagnostic value per aspect.
    field_paper : float
        Probability that a source belongs to a field of 5 to 60 sources that share a paper.
    other_mission : float
        Probability that a further, less accurate measurement is quoted.
    rarity_told : float
        Probability that a planted rarity is described.
    """

    strength: float = 1.0
    class_told: float = 0.95
    vagueness: float = 0.1
    number_quoting: float = 0.2
    scatter: float = 0.4
    class_error: float = 0.04
    outdated: float = 0.08
    spectral_fact: float = 1.0
    environment_fact: float = 0.7
    missing_aspect: tuple[float, float, float] = (0.04, 0.02, 0.15)
    filler: float = 0.5
    field_paper: float = 0.35
    other_mission: float = 0.15
    rarity_told: float = 0.8

    def __post_init__(self) -> None:
        if len(self.missing_aspect) != len(ASPECTS):
            raise RecipeError(f"missing_aspect needs {len(ASPECTS)} probabilities, not {self.missing_aspect!r}")
        for field in fields(self):
            given = getattr(self, field.name)
            largest = 5.0 if field.name in ("scatter", "filler") else 1.0
            for value in given if isinstance(given, tuple) else (given,):
                if not 0 <= value <= largest:
                    raise RecipeError(f"{field.name} must be from 0 to {largest:g}, not {value!r}")
