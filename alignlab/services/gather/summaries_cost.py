"""What summaries by a language model would cost, counted without asking anybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from alignlab.config import Config
from alignlab.literature.ledger import Ledger
from alignlab.literature.llm import LanguageModel, Question
from alignlab.literature.prices import prices_as_of
from alignlab.literature.reading import Reading, shortened
from alignlab.literature.summary_schema import PROMPT_VERSION, answer_schema, messages_about
from alignlab.services.gather.summaries import Subject, SummariesSettings
from alignlab.store.rows import RowStore

#: What a summary of the length that is asked for has in tokens.
_USUAL_ANSWER_TOKENS = 350


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What questions would take; see `alignlab.services.gather.stage.StagePlan`."""

    n_requests: int
    n_bytes: int
    usd: float | None
    notes: tuple[str, ...]


def answers_of(config: Config) -> RowStore:
    """The store of all answers that were ever paid for here."""
    return RowStore(config.answers_path)


def question_about(model: LanguageModel, reading: Reading, *, is_batch: bool, attempt: int) -> Question:
    """What is asked about a source; another attempt is another question, with an answer of its own."""
    version = PROMPT_VERSION if attempt == 1 else f"{PROMPT_VERSION}, attempt {attempt}"
    messages = messages_about(reading.papers)
    return model.question(messages, schema=answer_schema(), prompt_version=version, is_batch=is_batch)


def estimate(subjects: Sequence[Subject], settings: SummariesSettings, *, config: Config, purpose: str) -> Estimate:
    """Count tokens and dollars of what is still to be asked; answers that are kept cost nothing."""
    model, ledger = settings.model(), Ledger(answers_of(config), purpose=purpose)
    questions = {}
    n_shortened = 0
    for subject in subjects:
        reading = shortened(subject.papers, max_tokens=settings.max_input_tokens)
        n_shortened += reading.is_shortened
        question = question_about(model, reading, is_batch=settings.use_batch, attempt=1)
        questions[question.key] = (question.estimated_input_tokens, question.most_usd, len(str(question.body)))
    for key in ledger.find_all(questions):
        del questions[key]
    read = sum(tokens for tokens, _, _ in questions.values())
    written = len(questions) * settings.max_output_tokens
    notes = [
        f"About {read:,} tokens to read (four characters to a token) and at most {written:,} to write; an answer has "
        f"{_USUAL_ANSWER_TOKENS} or so."
    ]
    usd = None
    if model.price is None:
        notes.append(f"The price of {model.model} is not known; give --input-usd and --output-usd to see the cost.")
    else:
        usd = model.price.usd(read, written, is_batch=settings.use_batch)
        usual = model.price.usd(read, len(questions) * _USUAL_ANSWER_TOKENS, is_batch=settings.use_batch)
        most = sum(dollars for _, dollars, _ in questions.values())
        notes.append(f"Likely about ${usual:.2f}, at prices noted in {prices_as_of()}; they change.")
        if settings.max_usd and ledger.spent_usd + most > settings.max_usd:
            notes.append(
                f"The budget of ${settings.max_usd:g} is held by the worst case, a token for each byte (${most:.2f} "
                f"for all; ${ledger.spent_usd:.2f} are spent), so it may end before the last source."
            )
        if not settings.max_usd:
            notes.append("No budget is set; --max-usd sets one.")
    if n_shortened:
        notes.append(
            f"Of {n_shortened:,} sources not all papers fit: the newest abstracts are read, "
            f"{settings.max_input_tokens:,} tokens of them."
        )
    n_bytes = sum(size for _, _, size in questions.values())
    return Estimate(n_requests=len(questions), n_bytes=n_bytes, usd=usd, notes=tuple(notes))
