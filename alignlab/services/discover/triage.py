"""Triage: one person's labels of the sources of a survey, kept in the Lab, and how far two people agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignlab.analysis.agreement import Kappa, contingency_table, weighted_kappa
from alignlab.errors import AlignlabError
from alignlab.services.number_words import plural
from alignlab.store.lab import Lab, LabelChange, Note

UNSURE = "unsure"
#: What a person may say of a source: 0 is of no interest, 5 is what they look for.
VALUES: tuple[str, ...] = ("0", "1", "2", "3", "4", "5", UNSURE)
Change = LabelChange
_LONGEST_NAME = 40
#: Sources below which a kappa says nothing.
_FEWEST = 5
#: Of the interval of the agreement: the same labels always give the same one.
_SEED = 0


@dataclass(frozen=True, kw_only=True)
class Disagreement:
    """A source that two people judge differently."""

    source_name: str
    first: str
    second: str

    @property
    def steps(self) -> float:
        """How far apart on the scale; NaN where one of them is unsure."""
        return np.nan if UNSURE in (self.first, self.second) else abs(int(self.first) - int(self.second))


@dataclass(frozen=True, eq=False, kw_only=True)
class Agreement:
    """Two people's labels of the sources that both have labelled.

    Attributes
    ----------
    first, second : str
        The people.
    n_both : int
        Sources that both have labelled.
    kappa : Kappa
        With quadratic weights, of the sources of which neither is unsure (`kappa.n`).
    table : ndarray of int64, shape (7, 7)
        How often which pair of `VALUES` was given; rows are the first person's.
    disagreements : tuple of Disagreement
        Farthest apart first; those with an unsure one last.
    """

    first: str
    second: str
    n_both: int
    kappa: Kappa
    table: NDArray[np.int64]
    disagreements: tuple[Disagreement, ...]

    @property
    def sentence(self) -> str:
        """What a person wants to know first."""
        if not self.n_both:
            return f"{self.first} and {self.second} have labelled no source in common."
        same = self.n_both - len(self.disagreements)
        told = (
            f"{self.first} and {self.second} have both labelled {plural(self.n_both, 'source')}, {same:,} of them alike"
        )
        if self.kappa.n < _FEWEST or not np.isfinite(self.kappa.low):
            return f"{told}; too few labels, or too like each other, for a kappa."
        value, low, high = (f"{x:.2f}".replace("-", "−") for x in (self.kappa.value, self.kappa.low, self.kappa.high))
        return f"{told}; weighted kappa {value} (95%: {low} to {high}, n {self.kappa.n:,})."


class Triage:
    """What one person says of the sources of a survey. Kept in the Lab at once; safe to share between threads.

    Parameters
    ----------
    lab : Lab
    survey_name, person : str

    Raises
    ------
    AlignlabError
        If nobody can be called so.
    """

    def __init__(self, lab: Lab, survey_name: str, person: str) -> None:
        self._lab = lab
        self.survey_name = survey_name
        self.person = check_person(person)

    def labels(self) -> dict[str, str]:
        """This person's labels by the source's name."""
        everybody = self._lab.labels(self.survey_name)
        return {name: said[self.person] for name, said in everybody.items() if self.person in said}

    def give(self, source_name: str, value: str) -> None:
        """Label a source; a label that it has is replaced.

        Raises
        ------
        AlignlabError
            If it is not one of `VALUES`.
        """
        if value not in VALUES:
            raise AlignlabError(f"There is no label {value!r}.", remedy=f"Give one of {', '.join(VALUES)}.")
        self._lab.label(self.survey_name, source_name, person=self.person, value=value)

    def clear(self, source_name: str) -> None:
        """Remove this person's label of a source, if there is one."""
        self._lab.unlabel(self.survey_name, source_name, person=self.person)

    def undo(self) -> Change | None:
        """Take back the last change of this person, also one made before a restart; None where none is left."""
        return self._lab.undo_label(self.survey_name, person=self.person)

    def changes(self) -> list[Change]:
        """What this person did and has not taken back, oldest first."""
        return self._lab.label_changes(self.survey_name, person=self.person)

    def note(self, source_name: str, text: str) -> None:
        """Attach a remark to a source; nothing but blanks is no remark."""
        if text.strip():
            self._lab.add_note(self.survey_name, source_name, person=self.person, text=text.strip())

    def notes(self, source_name: str) -> list[Note]:
        """This person's remarks about a source, oldest first."""
        return [note for note in self._lab.notes(self.survey_name, source_name) if note.person == self.person]


def people(lab: Lab, survey_name: str) -> list[str]:
    """Everybody who has labelled a source of a survey, in alphabetical order."""
    return sorted({person for said in lab.labels(survey_name).values() for person in said}, key=str.casefold)


def check_person(person: str) -> str:
    """The name of a person without blanks around it.

    Raises
    ------
    AlignlabError
        If nobody can be called so.
    """
    name = person.strip()
    if not (0 < len(name) <= _LONGEST_NAME and name.isprintable() and not set(name) & set(":;|")):
        raise AlignlabError(
            f"{person[:60]!r} cannot be a person's name.",
            remedy=f"Use 1 to {_LONGEST_NAME} characters, none of them ':', ';' or '|'.",
        )
    return name


def agreement(lab: Lab, survey_name: str, first: str, second: str) -> Agreement:
    """Compare two people's labels of a survey's sources.

    Parameters
    ----------
    lab : Lab
    survey_name, first, second : str

    Returns
    -------
    Agreement
    """
    both = {
        name: (said[first], said[second])
        for name, said in sorted(lab.labels(survey_name).items())
        if first in said and second in said and {said[first], said[second]} <= set(VALUES)
    }
    places = np.array([[VALUES.index(value) for value in pair] for pair in both.values()], np.int64).reshape(-1, 2)
    table = contingency_table(places[:, 0], places[:, 1], len(VALUES))
    differing = [
        Disagreement(source_name=name, first=one, second=other) for name, (one, other) in both.items() if one != other
    ]
    return Agreement(
        first=first,
        second=second,
        n_both=len(both),
        kappa=weighted_kappa(table[:-1, :-1], rng=np.random.default_rng(_SEED)),
        table=table,
        disagreements=tuple(sorted(differing, key=lambda d: -d.steps if np.isfinite(d.steps) else 1.0)),
    )
