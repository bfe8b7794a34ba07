"""What every stage of gathering says before it begins and when it has ended."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class StagePlan:
    """What a stage would fetch: its dry run.

    Attributes
    ----------
    n_wanted : int
        Rows, files or texts that the settings ask for.
    n_there : int
        How many of them are there already.
    n_requests : int or None
        Requests that the rest would take; None where nobody can know.
    n_bytes : int or None
        Bytes that the rest would take, roughly.
    usd : float or None
        What the rest would cost at most; None where nothing is paid.
    what : str
        What is counted, in the plural, such as "detections".
    notes : tuple of str
        Sentences for a person: assumptions, limits, what is missing.
    """

    what: str
    n_wanted: int
    n_there: int = 0
    n_requests: int | None = None
    n_bytes: int | None = None
    usd: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def n_to_do(self) -> int:
        """How many are still to be fetched."""
        return max(self.n_wanted - self.n_there, 0)


@dataclass(frozen=True, kw_only=True)
class StageOutcome:
    """What a stage has done.

    Attributes
    ----------
    what : str
        What is counted, in the plural, such as "detections".
    n_there : int
        How many of them the collection now has.
    n_new : int
        How many of them this call has fetched.
    problems : tuple of str
        One message for each thing that could not be had, with what it was; the rest went on.
    facts : dict
        Other figures for a person, as JSON: bytes, tokens, dollars, ambiguous matches.
    """

    what: str
    n_there: int
    n_new: int = 0
    problems: tuple[str, ...] = ()
    facts: dict[str, float | int | str] = field(default_factory=dict)
