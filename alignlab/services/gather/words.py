"""Plans, outcomes and collections in words, for a terminal and for pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from alignlab.services.gather.stage import StageOutcome, StagePlan
from alignlab.services.gather.stages import STAGES, STAGES_FACT, Stage
from alignlab.store.collection import PLACES, Collection

_UNITS = ("B", "kB", "MB", "GB", "TB")


def plan_lines(stage: Stage, plan: StagePlan) -> Iterator[str]:
    """What a stage would fetch: a line of figures, separated by tabs, and one per note."""
    yield "\t".join([stage.name, *plan_facts(plan)])
    for note in plan.notes:
        yield f"  {note}"


def plan_facts(plan: StagePlan) -> list[str]:
    """The figures of a plan, each with what it is of."""
    facts = [f"{plan.n_wanted:,} {plan.what}", f"{plan.n_there:,} there", f"{plan.n_to_do:,} to do"]
    if plan.n_requests is not None:
        facts.append(f"{plan.n_requests:,} requests")
    if plan.n_bytes is not None:
        facts.append(size(plan.n_bytes))
    if plan.usd is not None:
        facts.append(f"at most ${plan.usd:,.2f}")
    return facts


def outcome_line(stage: Stage, outcome: StageOutcome) -> str:
    """What a stage has done, in one line separated by tabs."""
    facts = [f"{name} {_number(value)}" for name, value in outcome.facts.items()]
    return "\t".join([stage.name, f"{outcome.n_there:,} {outcome.what}", f"{outcome.n_new:,} new", *facts])


def total_line(plans: Iterable[StagePlan]) -> str:
    """Requests, bytes and dollars of several plans together."""
    plans = list(plans)
    requests, n_bytes, usd = (
        sum(value for plan in plans if (value := getattr(plan, name)) is not None)
        for name in ("n_requests", "n_bytes", "usd")
    )
    return f"total\t{requests:,} requests\t{size(n_bytes)}\tat most ${usd:,.2f}"


def status_lines(collection: Collection) -> Iterator[str]:
    """What a collection holds, place by place, and which stages it has been through."""
    for place in PLACES:
        yield f"{place}\t{collection.count(place):,}"
    done: dict[str, dict[str, Any]] = collection.fact(STAGES_FACT) or {}
    for name in STAGES:
        if name in done:
            yield f"{name}\t{stage_state(done[name])}"


def stage_state(told: dict[str, Any]) -> str:
    """When a stage ended, or that it did not."""
    if "ended_utc" not in told:
        return f"begun {told['began_utc']}, not ended"
    return f"ended {told['ended_utc']}: {told['n_there']:,} {told['what']}"


def size(n_bytes: float) -> str:
    """Bytes, in the unit that suits them."""
    for unit in _UNITS:
        if n_bytes < 1000 or unit == _UNITS[-1]:
            return f"{n_bytes:.0f} {unit}" if unit == "B" else f"{n_bytes:.3g} {unit}"
        n_bytes /= 1000
    raise AssertionError


def _number(value: float | int | str) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}" if isinstance(value, float) else value
