from __future__ import annotations

from alignlab.literature.prices import estimated_tokens, most_tokens, price_of
from alignlab.literature.reading import Paper, papers_of, shortened, tokens_of
from alignlab.literature.sentences import cut_at_sentence, sentences_of


def papers(*lengths: int) -> list[Paper]:
    return [Paper(bibcode=f"b{i}", title="t", text="Word. " * n, year=2020 - i) for i, n in enumerate(lengths)]


def test_papers_come_newest_first_and_only_those_with_text():
    rows = {
        "a": {"title": "A", "abstract": "Old.", "year": 1999},
        "b": {"title": "B", "abstract": None, "full_text": "x" * 9_000, "year": "2020"},
        "c": {"title": "C", "abstract": "", "year": 2021},
        "d": {"title": None, "abstract": "No year."},
    }
    found = papers_of(rows)
    assert [(paper.bibcode, paper.year) for paper in found] == [("b", 2020), ("a", 1999), ("d", 0)]
    assert len(found[0].text) == 4_000


def test_whole_papers_are_read_until_there_is_no_more_room():
    several = papers(100, 100, 100)
    room = tokens_of(several[:2])
    assert not shortened(several, max_tokens=tokens_of(several)).is_shortened
    reading = shortened(several, max_tokens=room + 10)
    assert (len(reading.papers), reading.n_papers, reading.is_cut) == (2, 3, False)
    assert reading.is_shortened


def test_a_first_paper_that_is_too_long_is_cut_at_a_sentence():
    reading = shortened(papers(1_000), max_tokens=200)
    assert reading.is_cut and reading.papers[0].text.endswith("Word.")
    assert 100 < tokens_of(reading.papers) <= 200


def test_sentences_end_where_they_end():
    text = "We follow Smith et al. (2020). The flux is 1.5 erg, cf. Fig. 2. <P/>It varies! J. Doe agrees."
    assert sentences_of(text) == [
        "We follow Smith et al. (2020).", "The flux is 1.5 erg, cf. Fig. 2.", "It varies!", "J. Doe agrees.",
    ]  # fmt: skip
    assert cut_at_sentence("One two. Three four.", 12) == "One two."
    assert cut_at_sentence("Onetwothreefour", 8) == "Onetwot…"


def test_prices_are_those_of_the_table_or_those_given():
    assert price_of("gpt-4o-mini").usd(10**6, 10**6) == 0.75
    assert price_of("gpt-4o-mini-2024-07-18") == price_of("gpt-4o-mini")
    assert price_of("gpt-4o-mini").usd(10**6, is_batch=True) == 0.075
    assert price_of("mine") is None
    assert price_of("mine", input_usd=3).usd(10**6, 10**6) == 3


def test_a_token_is_at_least_a_byte():
    assert most_tokens("αβγ") >= 6 and estimated_tokens("four") == 1 and estimated_tokens("") == 0
