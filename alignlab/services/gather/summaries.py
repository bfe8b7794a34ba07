"""Gathering: what the papers say of each source, in three aspects, by a language model or by choosing sentences."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, ClassVar

from alignlab.config import Config
from alignlab.errors import RecipeError
from alignlab.literature.llm import LanguageModel
from alignlab.literature.llm_client import KEY_VARIABLE, has_key
from alignlab.literature.naming import Names
from alignlab.literature.prices import price_of
from alignlab.literature.reading import Paper, papers_of
from alignlab.progress import OnStep, report
from alignlab.services.gather.stage import StageOutcome, StagePlan
from alignlab.store.collection import Collection
from alignlab.training.recipe_base import Range, Recipe

if TYPE_CHECKING:
    from alignlab.literature.summary_schema import Summary

EXTRACTIVE, OPENAI = "extractive", "openai:"
#: Changes when the sentences chosen from the same papers change.
_EXTRACTIVE_VERSION = "1"
_WHAT = "summaries"
_BLOCK = 50


@dataclass(frozen=True, kw_only=True)
class SummariesSettings(Recipe):
    """How the literature is summarised.

    Attributes
    ----------
    summariser : str
        ``extractive``, or ``openai:`` and the name of a model.
    base_url : str
        Address of an OpenAI-compatible service; empty for ``OPENAI_BASE_URL`` or OpenAI itself.
    """

    name: str = "summaries"
    summariser: str = EXTRACTIVE
    base_url: str = ""
    concurrency: int = 8
    use_batch: bool = False
    max_usd: float = 0.0
    max_input_tokens: int = 6_000
    max_output_tokens: int = 800
    temperature: float = 0.0
    input_usd: float = 0.0
    output_usd: float = 0.0
    timeout_s: float = 120.0
    poll_s: float = 30.0

    RANGES: ClassVar[dict[str, Range]] = {
        "concurrency": (1, 64),
        "max_usd": (0, 100_000),
        "max_input_tokens": (200, 1_000_000),
        "max_output_tokens": (100, 32_000),
        "temperature": (0, 2),
        "input_usd": (0, 10_000),
        "output_usd": (0, 10_000),
        "timeout_s": (1, 3_600),
        "poll_s": (0.05, 3_600),
    }
    MEANINGS: ClassVar[dict[str, str]] = {
        "name": "A word for these settings; the summaries do not depend on it.",
        "summariser": "extractive (no network: sentences are chosen), or openai:MODEL.",
        "base_url": "Address of an OpenAI-compatible service; empty for OPENAI_BASE_URL, or OpenAI itself.",
        "concurrency": "Questions under way at the same time.",
        "use_batch": "Ask through the Batch API: half the price, answers within a day.",
        "max_usd": "Most dollars that this collection's summaries may ever cost; 0 for no limit.",
        "max_input_tokens": "Room for papers in one question: the newest abstracts first, whole, until it is full.",
        "max_output_tokens": "Longest answer, the thoughts of a reasoning model included.",
        "temperature": "0 for the most likely words; 1 is the model's own and what reasoning models want.",
        "input_usd": "Dollars per million tokens read, if the model is not in our table of prices; 0 to use the table.",
        "output_usd": "Dollars per million tokens written, likewise.",
        "timeout_s": "Seconds to wait for one answer.",
        "poll_s": "Seconds between two looks at a batch.",
    }

    def _check_together(self) -> None:
        model = self.summariser.removeprefix(OPENAI)
        if self.summariser != EXTRACTIVE and (not self.summariser.startswith(OPENAI) or not model.strip()):
            raise RecipeError(f"summariser must be {EXTRACTIVE} or {OPENAI}MODEL, not {self.summariser!r}")
        if self.use_batch and self.summariser == EXTRACTIVE:
            raise RecipeError("use_batch is for language models; extractive summaries ask nobody")
        if self.max_usd and self.summariser != EXTRACTIVE and self.model().price is None:
            raise RecipeError(
                f"the price of {model} is not known, so no budget can be held; give input_usd and output_usd (dollars "
                "per million tokens), or leave max_usd at 0"
            )

    def model(self) -> LanguageModel:
        """The language model that is asked."""
        name = self.summariser.removeprefix(OPENAI)
        return LanguageModel(
            model=name,
            base_url=self.base_url,
            temperature=self.temperature,
            max_output_tokens=self.max_output_tokens,
            price=price_of(name, input_usd=self.input_usd, output_usd=self.output_usd),
            timeout_s=self.timeout_s,
        )

    def version(self) -> str:
        """What, besides the papers, decides what a summary says."""
        from alignlab.literature.summary_schema import PROMPT_VERSION

        if self.summariser == EXTRACTIVE:
            return f"{EXTRACTIVE} {_EXTRACTIVE_VERSION}"
        model = self.model()
        return json.dumps(
            [
                self.summariser,
                model.address,
                PROMPT_VERSION,
                self.max_input_tokens,
                model.max_output_tokens,
                model.temperature,
            ]
        )


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A source and what there is to read about it.

    Attributes
    ----------
    name : str
    names : tuple of str
        All its names, its own first.
    papers : tuple of Paper
        The newest first.
    digest : str
        Of all that its summary depends on.
    """

    name: str
    names: tuple[str, ...]
    papers: tuple[Paper, ...]
    digest: str


def plan_summaries(collection: Collection, settings: SummariesSettings, *, config: Config) -> StagePlan:
    """What summarising would ask and cost; nobody is asked."""
    done = _digests(collection)
    subjects = list(subjects_of(collection, settings))
    todo = [subject for subject in subjects if done.get(subject.name) != subject.digest]
    n_silent = collection.count("sourced") - len(subjects)
    notes = [f"{n_silent:,} sources have no paper with an abstract; they get no summary."] if n_silent else []
    if settings.summariser == EXTRACTIVE:
        notes.append("Sentences are chosen on this computer; nothing is asked and nothing is paid.")
        return StagePlan(
            what=_WHAT, n_wanted=len(subjects), n_there=len(subjects) - len(todo), n_requests=0, n_bytes=0,
            notes=tuple(notes),
        )  # fmt: skip
    from alignlab.services.gather.summaries_cost import estimate

    expected = estimate(todo, settings, config=config, purpose=purpose_of(collection))
    if not has_key(settings.base_url):
        notes.append(f"{KEY_VARIABLE} is not set: set it before you begin.")
    return StagePlan(
        what=_WHAT, n_wanted=len(subjects), n_there=len(subjects) - len(todo), n_requests=expected.n_requests,
        n_bytes=expected.n_bytes, usd=expected.usd, notes=(*notes, *expected.notes),
    )  # fmt: skip


def gather_summaries(
    collection: Collection, settings: SummariesSettings, *, config: Config, on_step: OnStep | None = None
) -> StageOutcome:
    """Summarise the papers of every source that has some, and keep each summary as it comes.

    A summary is made anew when the papers, the summariser or its settings have changed since.

    Raises
    ------
    LanguageModelError
        If the service of the language model cannot be asked at all.
    StoppedError
        If `on_step` returned False; what was made is kept.
    """
    done = _digests(collection)
    subjects = list(subjects_of(collection, settings))
    todo = [subject for subject in subjects if done.get(subject.name) != subject.digest]
    facts: dict[str, float | int | str] = {
        "summariser": settings.summariser,
        "n_without_papers": collection.count("sourced") - len(subjects),
    }
    report(on_step, len(subjects) - len(todo), len(subjects), "summarising")
    problems: tuple[str, ...] = ()
    if settings.summariser == EXTRACTIVE:
        _choose_sentences(collection, settings, todo, n_all=len(subjects), on_step=on_step)
    else:
        from alignlab.services.gather.summaries_llm import ask_about

        problems, told = ask_about(todo, collection, settings, config=config, n_all=len(subjects), on_step=on_step)
        facts |= told
    there = _digests(collection)
    wanted = {subject.name: subject.digest for subject in subjects}
    n_there = sum(there.get(name) == digest for name, digest in wanted.items())
    report(on_step, n_there, len(subjects), "summarised")
    n_new = sum(there.get(subject.name) == subject.digest for subject in todo)
    return StageOutcome(what=_WHAT, n_there=n_there, n_new=n_new, problems=problems, facts=facts)


def subjects_of(collection: Collection, settings: SummariesSettings) -> Iterator[Subject]:
    """The sources that have papers to read, in the order of their names."""
    version = settings.version()
    for block in _blocks(collection.rows("sourced")):
        bibcodes = {name: sourced.get("bibcodes") or [] for name, sourced in block}
        rows = collection.get("papers", chain.from_iterable(bibcodes.values()))
        matches = collection.get("matches", bibcodes)
        for name in bibcodes:
            papers = tuple(papers_of({code: rows[code] for code in bibcodes[name] if code in rows}))
            if not papers:
                continue
            match = matches.get(name, {})
            names = tuple(dict.fromkeys(filter(None, [name, match.get("main_id"), *(match.get("aliases") or [])])))
            written = json.dumps([version, names, [[p.bibcode, p.title, p.text, p.year] for p in papers]])
            digest = hashlib.sha256(written.encode()).hexdigest()[:16]
            yield Subject(name=name, names=names, papers=papers, digest=digest)


def _blocks(rows: Iterator[tuple[str, dict[str, Any]]]) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    while block := list(islice(rows, _BLOCK)):
        yield block


def summary_row(subject: Subject, summary: Summary, settings: SummariesSettings, *, n_read: int) -> dict[str, Any]:
    """The row of the place ``summaries``."""
    return {
        **summary.texts,
        "summariser": settings.summariser,
        "bibcodes": [paper.bibcode for paper in subject.papers[:n_read]],
        "n_redacted": summary.n_redacted,
        "digest": subject.digest,
    }


def purpose_of(collection: Collection) -> str:
    """For what the ledger counts a collection's summaries."""
    return f"summaries of {collection.name}"


def _digests(collection: Collection) -> dict[str, str]:
    return {name: row.get("digest", "") for name, row in collection.rows("summaries")}


def _choose_sentences(
    collection: Collection, settings: SummariesSettings, todo: list[Subject], *, n_all: int, on_step: OnStep | None
) -> None:
    from alignlab.literature.extractive import summarise

    n_before = n_all - len(todo)
    for start in range(0, len(todo), _BLOCK):
        rows = {}
        for subject in todo[start : start + _BLOCK]:
            summary = summarise(subject.papers, names=Names(subject.names))
            rows[subject.name] = summary_row(subject, summary, settings, n_read=len(subject.papers))
        collection.put("summaries", rows)
        report(on_step, n_before + start + len(rows), n_all, "choosing sentences")
