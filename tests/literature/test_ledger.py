from __future__ import annotations

from pathlib import Path

import pytest

from alignlab.literature.ledger import Answer, BudgetError, Ledger
from alignlab.store.rows import RowStore


def answer(usd: float | None) -> Answer:
    return Answer(
        text="{}", finish_reason="stop", refusal="", model="m", input_tokens=1, output_tokens=1, usd=usd
    )  # fmt: skip


@pytest.fixture
def rows(tmp_path: Path) -> RowStore:
    return RowStore(tmp_path / "answers.sqlite")


def test_what_is_promised_and_spent_never_passes_the_budget(rows):
    ledger = Ledger(rows, purpose="p", max_usd=1.0)
    ledger.reserve({"a": 0.6})
    with pytest.raises(BudgetError, match="--max-usd"):
        ledger.reserve({"b": 0.5})
    ledger.settle({"a": answer(0.1)})
    ledger.reserve({"b": 0.5, "c": 0.4})
    with pytest.raises(BudgetError):
        ledger.reserve({"d": 0.01})
    ledger.release(["b"])
    ledger.lose("c")
    assert ledger.spent_usd == pytest.approx(0.5) and ledger.left_usd == pytest.approx(0.5)
    assert ledger.find("a") == answer(0.1) and ledger.find("b") is None


def test_what_a_killed_process_had_promised_counts_as_spent_until_it_is_known_better(rows):
    first = Ledger(rows, purpose="p", max_usd=1.0)
    first.reserve({"a": 0.3, "b": 0.2})
    first.settle({"a": answer(0.05)})
    second = Ledger(rows, purpose="p", max_usd=1.0)
    assert second.spent_usd == pytest.approx(0.25)
    second.reserve({"b": 0.2})
    second.settle({"b": answer(0.01)})
    third = Ledger(rows, purpose="p")
    assert third.spent_usd == second.spent_usd == pytest.approx(0.26)
    assert third.find("b") == answer(0.01)


def test_what_is_still_under_way_is_not_lost(rows):
    Ledger(rows, purpose="p").reserve({"a": 0.3})
    second = Ledger(rows, purpose="p", max_usd=1.0)
    second.adopt(["a"])
    assert second.spent_usd == pytest.approx(0) and second.left_usd == pytest.approx(0.7)
    second.settle({"a": answer(0.1)})
    assert Ledger(rows, purpose="p").spent_usd == second.spent_usd == pytest.approx(0.1)


def test_each_purpose_has_its_own_purse_and_all_share_the_answers(rows):
    Ledger(rows, purpose="p").settle({"a": answer(0.4)})
    other = Ledger(rows, purpose="q", max_usd=0.1)
    assert other.spent_usd == 0 and other.find("a") == answer(0.4)
