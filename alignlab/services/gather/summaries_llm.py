"""Summaries by a language model: one question for each source, asked side by side or in batches, never twice."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from alignlab.config import Config
from alignlab.literature.ledger import Answer, BudgetError, Ledger
from alignlab.literature.llm import Conversation, Question
from alignlab.literature.llm_client import LanguageModelError, QuestionError
from alignlab.literature.naming import Names
from alignlab.literature.reading import Reading, shortened
from alignlab.literature.summary_schema import AnswerError, Summary, read_answer
from alignlab.progress import OnStep, report
from alignlab.services.gather.summaries import Subject, SummariesSettings, purpose_of, summary_row
from alignlab.services.gather.summaries_cost import answers_of, question_about
from alignlab.store.collection import Collection
from alignlab.store.rows import RowStore

#: An answer that is not of the schema is asked for once more, in other words.
_ATTEMPTS = 2
#: A question that is too long for the model is halved so often.
_HALVINGS = 3
#: After so many questions in a row that the service did not answer it is left alone.
_PATIENCE = 3
_TICK_S = 0.5
Rows = dict[str, dict[str, Any]]
#: What is under way when the work is stopped gets so long to arrive.
_GRACE_S = 5.0


@dataclass(kw_only=True)
class _Told:
    """What is told of the work when it has ended."""

    problems: list[str] = field(default_factory=list)
    n_shortened: int = 0
    n_redacted: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


def ask_about(
    subjects: Sequence[Subject],
    collection: Collection,
    settings: SummariesSettings,
    *,
    config: Config,
    n_all: int,
    on_step: OnStep | None,
) -> tuple[tuple[str, ...], dict[str, float | int | str]]:
    """Ask about all of them and keep each summary; see `alignlab.services.gather.summaries.gather_summaries`.

    Returns
    -------
    problems : tuple of str
        One for each source without a summary, and one if the budget ended.
    facts : dict
        Tokens, dollars, how many readings were shortened, how many names were taken out.
    """
    rows = answers_of(config)
    ledger = Ledger(rows, purpose=purpose_of(collection), max_usd=settings.max_usd)
    before = ledger.spent_usd
    told = _Told()
    with Conversation(settings.model(), ledger) as conversation:
        inquiry = _Inquiry(conversation, collection, settings, told)
        if settings.use_batch:
            inquiry.in_batches(subjects, rows, n_all=n_all, on_step=on_step)
        else:
            inquiry.side_by_side(subjects, n_all=n_all, on_step=on_step)
    facts: dict[str, float | int | str] = {
        "n_shortened": told.n_shortened,
        "n_redacted": told.n_redacted,
        "input_tokens": told.input_tokens,
        "output_tokens": told.output_tokens,
    }
    if settings.model().price is not None:
        facts |= {"usd": round(ledger.spent_usd - before, 6), "usd_so_far": round(ledger.spent_usd, 6)}
    return tuple(told.problems), facts


class _Inquiry:
    """One call's questions; what is told is written by one thread alone."""

    def __init__(
        self, conversation: Conversation, collection: Collection, settings: SummariesSettings, told: _Told
    ) -> None:
        self._conversation, self._collection, self._settings, self._told = conversation, collection, settings, told

    def side_by_side(self, subjects: Sequence[Subject], *, n_all: int, on_step: OnStep | None) -> None:
        """Ask with as many threads as the settings allow, and stop at the budget's end or when the service is gone."""
        n_done, n_failed = n_all - len(subjects), 0
        todo = iter(subjects)
        under_way: dict[Future[tuple[Summary, Reading, Answer]], Subject] = {}
        threads = ThreadPoolExecutor(self._settings.concurrency, thread_name_prefix="ask")
        try:
            while True:
                for subject in islice(todo, 2 * self._settings.concurrency - len(under_way)):
                    under_way[threads.submit(self._asked, subject)] = subject
                if not under_way:
                    return
                ended, _ = wait(under_way, timeout=_TICK_S, return_when=FIRST_COMPLETED)
                rows: Rows = {}
                try:
                    for future in ended:
                        n_failed = self._taken(under_way.pop(future), future, n_failed, rows)
                        n_done += 1
                finally:
                    # The answers are kept already, so that these may be written together.
                    self._collection.put("summaries", rows)
                report(on_step, n_done, n_all, f"asking {self._conversation.model.model}")
        except BudgetError as problem:
            n_done += self._ended(under_way)
            self._told.problems.append(f"{n_all - n_done:,} sources are left. {problem}")
        except BaseException:
            self._ended(under_way)
            raise
        finally:
            threads.shutdown(wait=False, cancel_futures=True)

    def _taken(
        self, subject: Subject, future: Future[tuple[Summary, Reading, Answer]], n_failed: int, rows: Rows
    ) -> int:
        """Add the row that a thread brings; returns how many in a row the service did not answer."""
        try:
            rows[subject.name] = self._row(subject, *future.result())
        except (QuestionError, AnswerError) as problem:
            self._told.problems.append(f"{subject.name}: {problem}")
        except LanguageModelError as problem:
            if n_failed + 1 >= _PATIENCE or not problem.may_pass:
                raise
            self._told.problems.append(f"{subject.name}: {problem}")
            return n_failed + 1
        return 0

    def in_batches(self, subjects: Sequence[Subject], rows: RowStore, *, n_all: int, on_step: OnStep | None) -> None:
        """Ask all at once through the Batch API, wait, and keep what came."""
        from alignlab.literature.llm_batch import Batches

        readings = {s.name: shortened(s.papers, max_tokens=self._settings.max_input_tokens) for s in subjects}
        questions = {name: self._open_question(reading) for name, reading in readings.items()}
        n_before = n_all - len(subjects)

        def on_wait(done: int, _total: int, info: str) -> None:
            report(on_step, n_before + done, n_all, info)

        batches = Batches(self._conversation, rows, poll_s=self._settings.poll_s)
        outcome = batches.answer(list(questions.values()), on_wait=on_wait)
        kept: Rows = {}
        for subject in subjects:
            question = questions[subject.name]
            answer = self._conversation.ledger.find(question.key)
            if answer is None:
                if question.key in outcome.refused:
                    self._told.problems.append(f"{subject.name}: {outcome.refused[question.key]}")
                continue
            try:
                summary = self._read(subject, answer)
                kept[subject.name] = self._row(subject, summary, readings[subject.name], answer)
            except (QuestionError, AnswerError) as problem:
                self._told.problems.append(f"{subject.name}: {problem}")
        self._collection.put("summaries", kept)
        if outcome.n_left:
            self._told.problems.append(
                f"{outcome.n_left:,} sources are left: the budget of ${self._settings.max_usd:g} does not suffice for "
                "them. Raise --max-usd to go on; what has been paid is kept."
            )

    def _open_question(self, reading: Reading) -> Question:
        """The question to put into a batch: the next attempt, where the answer to the first was not of the schema."""
        model = self._conversation.model
        question = question_about(model, reading, is_batch=True, attempt=1)
        kept = self._conversation.ledger.find(question.key)
        if kept is not None and kept.finish_reason == "stop" and not kept.refusal:
            try:
                read_answer(kept.text, names=Names(()))
            except AnswerError:
                return question_about(model, reading, is_batch=True, attempt=_ATTEMPTS)
        return question

    def _ended(self, under_way: dict[Future[tuple[Summary, Reading, Answer]], Subject]) -> int:
        """Send nothing more, and keep what is answered within a few seconds: it is paid. Returns how many were."""
        self._conversation.stop()
        sent = {future: subject for future, subject in under_way.items() if not future.cancel()}
        answered, _ = wait(sent, timeout=_GRACE_S)
        good = [future for future in answered if future.exception() is None]
        self._collection.put(
            "summaries", {sent[future].name: self._row(sent[future], *future.result()) for future in good}
        )
        return len(good)

    def _asked(self, subject: Subject) -> tuple[Summary, Reading, Answer]:
        """Ask about a source, with fewer papers if they are too many for the model."""
        room = self._settings.max_input_tokens
        for halving in range(_HALVINGS + 1):
            reading = shortened(subject.papers, max_tokens=room)
            try:
                return self._answered(subject, reading)
            except QuestionError as problem:
                if not problem.is_too_long or halving == _HALVINGS:
                    raise
                room //= 2
        raise QuestionError("was not asked")

    def _answered(self, subject: Subject, reading: Reading) -> tuple[Summary, Reading, Answer]:
        problem = AnswerError("was not asked")
        for attempt in range(1, _ATTEMPTS + 1):
            question = question_about(self._conversation.model, reading, is_batch=False, attempt=attempt)
            answer = self._conversation.ask(question)
            try:
                return self._read(subject, answer), reading, answer
            except AnswerError as error:
                problem = error
        raise problem

    def _read(self, subject: Subject, answer: Answer) -> Summary:
        """What the answer says of a source.

        Raises
        ------
        QuestionError
            If the model refused, was filtered or was cut.
        AnswerError
            If the answer is not of the schema.
        """
        if answer.refusal:
            raise QuestionError(f"the model refused ({' '.join(answer.refusal.split())[:120]})")
        if answer.finish_reason == "content_filter":
            raise QuestionError("the service's content filter cut the answer")
        if answer.finish_reason == "length":
            raise QuestionError(
                f"the answer is longer than {self._settings.max_output_tokens} tokens",
                remedy="Raise --max-output-tokens; reasoning models think in the same room.",
            )
        return read_answer(answer.text, names=Names(subject.names))

    def _row(self, subject: Subject, summary: Summary, reading: Reading, answer: Answer) -> dict[str, Any]:
        self._told.n_shortened += reading.is_shortened
        self._told.n_redacted += summary.n_redacted
        self._told.input_tokens += answer.input_tokens
        self._told.output_tokens += answer.output_tokens
        return summary_row(subject, summary, self._settings, n_read=len(reading.papers))
