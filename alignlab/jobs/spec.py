"""What a job is: the wish (`JobSpec`) and what has become of it (`Job`)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from alignlab.errors import AlignlabError

JobState = Literal["queued", "running", "succeeded", "failed", "cancelled"]
JOB_STATES: tuple[JobState, ...] = get_args(JobState)
#: A job in one of these has ended, and never changes again.
FINAL_STATES: frozenset[JobState] = frozenset({"succeeded", "failed", "cancelled"})


class JobError(AlignlabError):
    """A job cannot be submitted, found, cancelled or carried out."""


@dataclass(frozen=True, kw_only=True)
class JobSpec:
    """A piece of background work, as plain JSON: the same spec on the same survey is the same work.

    Attributes
    ----------
    kind : str
        One of `alignlab.services.job_kinds.KINDS`, such as "align".
    survey : str
        Name of the survey that it works on, or of the survey or collection that it makes.
    survey_digest : str
        The survey's digest when the job was submitted: a survey that has been replaced since is another one. Empty
        where the job makes one.
    recipe : dict
        The validated recipe, as JSON.
    seed : int
    run : str
        Id of the run that it works on; empty where it makes one.
    """

    kind: str
    survey: str
    survey_digest: str
    recipe: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    run: str = ""

    def to_json(self) -> str:
        """One line of JSON with sorted keys."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> JobSpec:
        """Read what `to_json` wrote.

        Raises
        ------
        JobError
            If it is no JSON object with these fields.
        """
        try:
            return cls(**json.loads(text))
        except (ValueError, TypeError) as error:
            raise JobError(f"this is no job: {error}") from error

    def digest(self) -> str:
        """Twelve hexadecimal digits that change with any value."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:12]


@dataclass(frozen=True, kw_only=True)
class JobProgress:
    """How far a job is.

    Attributes
    ----------
    fraction : float
        From 0 to 1.
    message : str
        What it is doing, in words.
    remaining_s : float or None
        Estimated seconds to the end; None while that is not known.
    """

    fraction: float = 0.0
    message: str = ""
    remaining_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class Job:
    """A submitted piece of work.

    Attributes
    ----------
    id : str
        ``<kind>-<digest of the spec>-<attempt>``, such as ``align-3f9a01c2d4e5-1``.
    spec : JobSpec
    state : {"queued", "running", "succeeded", "failed", "cancelled"}
    progress : JobProgress
    created_utc, started_utc, ended_utc : str
        ISO 8601; empty for what has not happened.
    error : str
        Why it failed, in words, with the remedy.
    result : dict
        What it made, such as ``{"run": "paper-7f3a12"}``; empty until it succeeded.
    parent : str
        Id of the job that it is a part of (grid search, ensemble); empty for a job of its own.
    worker : str
        Name of the worker that has it, or had it last.
    """

    id: str
    spec: JobSpec
    state: JobState
    progress: JobProgress = JobProgress()
    created_utc: str = ""
    started_utc: str = ""
    ended_utc: str = ""
    error: str = ""
    result: dict[str, Any] = field(default_factory=dict)
    parent: str = ""
    worker: str = ""

    @property
    def has_ended(self) -> bool:
        """Whether it is in a final state."""
        return self.state in FINAL_STATES
