"""ADS over real HTTP: records by bibcode, papers about an object, and limits that are honoured."""

from __future__ import annotations

import json
import time

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from alignlab.errors import AlignlabError
from alignlab.ingest.ads import AdsClient, AdsLimitError, is_bibcode, token_of_environment
from alignlab.ingest.archive import ArchiveError, Manners
from tests.archives.ads_server import TOKEN, AdsServer, ads_paper
from tests.archives.faults import PASSING, cut, disguise, expired_token, refuse

QUICK = Manners(backoff_s=0.01, longest_wait_s=3.0, silence_s=5.0, concurrency=1)
FIELDS = (
    "numFound",
    "docs",
    "response",
    "bibcode",
    "identifier",
    "title",
    "year",
    "author",
    "citation_count",
    "body",
    "doi",
)
PUBLISHED, PREPRINT = "2012ApJ...756...27L", "2012arXiv1206.1234L"


def bibcodes(n: int) -> list[str]:
    return [f"{1980 + i % 40}ApJ..{i:04d}..{i % 900:03d}L" for i in range(n)]


@pytest.fixture
def ads():
    papers = {b: ads_paper(b, citation_count=i) for i, b in enumerate(bibcodes(30))}
    papers[PUBLISHED] = ads_paper(PUBLISHED, alternate_bibcode=[PREPRINT], body="The whole text.")
    with AdsServer(papers) as server:
        yield server


class Answering(AdsClient):
    """A client that is given this answer, without a server: for many forms of it."""

    def __init__(self, content: object) -> None:
        super().__init__("")
        self._response = requests.Response()
        self._response.status_code, self._response._content = 200, json.dumps(content).encode()
        self._session.request = lambda *_, **__: self._response  # type: ignore[method-assign]


def client(server: AdsServer, token: str = TOKEN) -> AdsClient:
    return AdsClient(token, address=server.address, manners=QUICK)


def test_bibcodes_are_nineteen_characters_that_lead_to_no_other_folder():
    assert all(is_bibcode(b) for b in [PUBLISHED, PREPRINT, "2019A&A...622A..30K", *bibcodes(5)])
    assert not any(
        is_bibcode(b) for b in ["", "2012ApJ", "../../../etc/passwd", "2012/../../../../ab", '2012ApJ..."OR...27L']
    )


def test_records_come_with_what_ads_says_of_them(ads: AdsServer):
    (paper,) = client(ads).papers(["1980ApJ..0000..000L"])
    assert paper.title == "On what 1980ApJ..0000..000L is about" and paper.year == 1980
    assert paper.authors == ("Leavitt, H. S.", "Cannon, A. J.") and paper.doi == "10.1000/1980apj..0000..000l"
    assert "Chandra" in paper.abstract and paper.full_text == ""


def test_a_paper_is_found_by_the_bibcode_of_its_preprint_and_what_ads_lacks_is_absent(ads: AdsServer):
    found = client(ads).papers([PREPRINT, "1999Natur.400..123X"])
    assert [paper.bibcode for paper in found] == [PUBLISHED] and found[0].other_bibcodes == (PREPRINT,)


def test_markup_in_titles_and_abstracts_is_taken_out(ads: AdsServer):
    ads.papers[PUBLISHED].update(
        title=["N<SUB>H</SUB> &amp; the <I>Chandra</I> view"],
        abstract="<P />At 0.5 &lt; E &lt; 7 keV, \n <E>  is <inline-formula><tex-math>$x$</tex-math></inline-formula>.",
    )
    (paper,) = client(ads).papers([PUBLISHED])
    assert paper.title == "NH & the Chandra view"
    assert paper.abstract == "At 0.5 < E < 7 keV, <E> is $x$."


def test_records_without_most_fields_are_records(ads: AdsServer):
    ads.papers[PUBLISHED] = {"bibcode": PUBLISHED, "citation_count": 0, "year": "2012", "title": None, "author": None}
    (paper,) = client(ads).papers([PUBLISHED])
    assert (paper.title, paper.abstract, paper.doi, paper.authors, paper.year) == ("", "", "", (), 2012)


def test_a_list_longer_than_an_answer_comes_in_pages_and_whole(ads: AdsServer):
    ads.most_rows = 7
    assert {paper.bibcode for paper in client(ads).papers(bibcodes(30))} == set(bibcodes(30))
    assert ads.n_asked("bigquery") == 5


def test_papers_about_an_object_are_the_newest_first_and_its_name_may_hold_quotes(ads: AdsServer):
    ads.objects['NAME "Odd" \\ one'] = bibcodes(12)
    found = client(ads).about('NAME  "Odd" \\ one', most=5)
    assert found == sorted(bibcodes(12), key=lambda b: (b[:4], b), reverse=True)[:5]
    assert client(ads).about("nothing of that name") == []


def test_full_texts_come_to_tokens_that_may_read_them(ads: AdsServer):
    assert client(ads).papers([PUBLISHED], with_full_text=True)[0].full_text == ""
    ads.may_read_all.add(TOKEN)
    assert client(ads).papers([PUBLISHED], with_full_text=True)[0].full_text == "The whole text."


@pytest.mark.parametrize("fault", [*PASSING, cut(0.0)], ids=str)
def test_faults_that_pass_are_got_over(ads: AdsServer, fault):
    ads.faults.order(fault)
    assert len(client(ads).papers(bibcodes(30))) == 30
    assert ads.n_asked() == 2


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4),
    max_leaves=12,
)


@given(JSON, st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_records_of_any_form_are_read_or_refused(answer, record):
    """Oracle: nothing but our own error comes out, and what comes out has a bibcode."""
    for content in (
        answer,
        {"response": answer},
        {"response": {"numFound": 1, "docs": [{"bibcode": PUBLISHED, **record}]}},
    ):
        try:
            papers = Answering(content).papers([PUBLISHED])
        except ArchiveError:
            continue
        assert all(is_bibcode(paper.bibcode) and isinstance(paper.year, int) for paper in papers)


def test_a_token_that_has_expired_is_told_at_once_and_not_shown(ads: AdsServer):
    ads.faults.order(expired_token())
    with pytest.raises(ArchiveError, match="401") as caught:
        client(ads).papers([PUBLISHED])
    assert "token" in caught.value.remedy and ads.n_asked() == 1
    with pytest.raises(ArchiveError) as caught:
        client(ads, token="another-secret").papers([PUBLISHED])
    assert "another-secret" not in str(caught.value)


@pytest.mark.parametrize(
    "fault", [disguise(), refuse(200, body=b'{"responseHeader": {}}'), refuse(200, body=b"[1")], ids=str
)
def test_answers_that_are_not_of_ads_are_errors_and_no_records(ads: AdsServer, fault):
    ads.faults.order(fault)
    with pytest.raises(ArchiveError, match="ADS"):
        client(ads).papers([PUBLISHED])


def test_a_limit_that_ends_another_day_is_told_with_its_end_and_not_asked_against(ads: AdsServer):
    ads.limits["/v1/search/bigquery"] = 2
    asking = client(ads)
    asking.papers([PUBLISHED])
    asking.papers([PREPRINT])
    with pytest.raises(AdsLimitError, match=r"2 requests a day to search/bigquery is used up until .* UTC") as caught:
        asking.papers([PUBLISHED])
    assert "kept" in caught.value.remedy
    assert ads.n_asked() == 2, "the headers had said that none was left"
    with pytest.raises(AdsLimitError, match="used up until"):
        client(ads).papers([PUBLISHED])
    assert ads.n_asked() == 3, "a refusal that lasts until another day is not tried again"


def test_too_many_requests_without_headers_are_told_as_a_limit(ads: AdsServer):
    ads.faults.order(*[refuse(429)] * 6)
    with pytest.raises(AdsLimitError, match="too many requests") as caught:
        client(ads).papers([PUBLISHED])
    assert "kept" in caught.value.remedy


def test_a_limit_that_ends_soon_is_waited_for(ads: AdsServer):
    ads.limits["/v1/search/query"], ads.resets_in_s = 1, 1.0
    asking = client(ads)
    began = time.time()
    asking.about("M31")
    asking.about("M31")
    assert time.time() - began < 4
    assert [asked.status for asked in ads.asked] == [200, 200]


def test_limits_of_lists_and_of_searches_are_apart(ads: AdsServer):
    ads.limits["/v1/search/bigquery"] = 1
    asking = client(ads)
    asking.papers([PUBLISHED])
    assert asking.about("M31") == []


def test_without_a_token_the_error_says_where_to_get_one(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("ALIGNLAB_ADS_TOKEN", raising=False)
    with pytest.raises(AlignlabError, match="ALIGNLAB_ADS_TOKEN") as caught:
        token_of_environment()
    assert "https://ui.adsabs.harvard.edu/user/settings/token" in caught.value.remedy
