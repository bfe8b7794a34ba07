"""Jobs in words."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from alignlab.jobs.spec import Job, JobState
from alignlab.ui import words

STATE_WORDS: Mapping[JobState, str] = {
    "queued": "waiting",
    "running": "running",
    "succeeded": "done",
    "failed": "failed",
    "cancelled": "cancelled",
}


def title(job: Job, label: str) -> str:
    """What a job is: ``Alignment heads · paper · seed 8``; of one that makes a survey, ``Collect · chandra · real``."""
    name = str(job.spec.recipe.get("name", ""))
    if not job.spec.survey_digest:
        return " · ".join(filter(None, [label, job.spec.survey, name]))
    return " · ".join(filter(None, [label, name, f"seed {job.spec.seed}"]))


def state_line(job: Job) -> str:
    """Its state with what belongs to it: ``running · 43% · about 20 s left``."""
    parts = [STATE_WORDS[job.state]]
    if job.state == "running":
        parts.append(f"{job.progress.fraction:.0%}")
        if job.progress.remaining_s is not None:
            parts.append(f"about {words.duration(job.progress.remaining_s)} left")
    elif job.has_ended and (took := _seconds(job.started_utc, job.ended_utc)) is not None:
        parts.append(f"took {words.duration(took)}")
    return " · ".join(parts)


def provenance(job: Job) -> str:
    """The line that the job and what it made can be traced by."""
    parts = [f"job {job.id}", _of(job), f"seed {job.spec.seed}"]
    if job.spec.run:
        parts.append(f"on run {job.spec.run}")
    if job.worker:
        parts.append(f"worker {job.worker}")
    for word, when in (("submitted", job.created_utc), ("begun", job.started_utc), ("ended", job.ended_utc)):
        if when:
            parts.append(f"{word} {_clock(when)}")
    return " · ".join(parts)


def _of(job: Job) -> str:
    digest = job.spec.survey_digest[:8]
    return f"survey {job.spec.survey} ({digest})" if digest else f"collection {job.spec.survey}"


@dataclass(frozen=True)
class Made:
    """What a job has made: a word for it, and its name; both empty where that is nothing."""

    kind: str = ""
    name: str = ""


def made(result: Mapping[str, Any]) -> Made:
    """What the result of a job says that it made."""
    if heads := result.get("heads"):
        return Made("set of heads", str(heads))
    if collection := result.get("collection"):
        survey = result.get("survey")
        return Made("survey", str(survey)) if survey else Made("collection", str(collection))
    if evaluated := result.get("evaluated"):
        return Made("evaluation", f"({evaluated}) of run {result.get('run', '')}")
    if clusters := result.get("clusters"):
        return Made("set of clusters", f"{clusters} of run {result.get('run', '')}")
    if applied := result.get("applied"):
        return Made("view", f"{applied} through run {result.get('run', '')}")
    if encoder := result.get("encoder"):
        return Made("encoder", str(encoder))
    if method := result.get("method"):
        return Made("map", f"{method} of {result.get('representation', '')}, run {result.get('run', '')}")
    return Made("run", str(result["run"])) if result.get("run") else Made()


def ago(when_utc: str) -> str:
    """How long ago, such as ``3 min ago``; empty where it has not happened."""
    told = _parsed(when_utc)
    if told is None:
        return ""
    seconds = max(0.0, time.time() - told.timestamp())
    if seconds < 60:
        return "just now"
    if seconds < 3600:
        return f"{round(seconds / 60)} min ago"
    return f"{round(seconds / 3600)} h ago" if seconds < 86_400 else f"{told:%d %b}"


def ran_for_s(job: Job) -> float:
    """Seconds since it began; 0 where it has not."""
    began = _parsed(job.started_utc)
    return 0.0 if began is None else max(0.0, time.time() - began.timestamp())


def _seconds(first_utc: str, last_utc: str) -> float | None:
    first, last = _parsed(first_utc), _parsed(last_utc)
    return None if first is None or last is None else (last - first).total_seconds()


def _clock(when_utc: str) -> str:
    told = _parsed(when_utc)
    return "" if told is None else f"{told:%Y-%m-%d %H:%M:%S} UTC"


def _parsed(when_utc: str) -> datetime | None:
    if not when_utc:
        return None
    told = datetime.fromisoformat(when_utc)
    return told if told.tzinfo else told.replace(tzinfo=UTC)
