from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from alignlab.config import Config
from alignlab.errors import RecipeError
from alignlab.literature.aspects import ASPECTS
from alignlab.literature.llm_client import LanguageModelError
from alignlab.progress import StoppedError
from alignlab.services.gather.summaries import SummariesSettings, gather_summaries, plan_summaries
from alignlab.services.gather.summaries_cost import answers_of
from alignlab.store.collection import Collection
from tests.archives.faults import cut, disguise, drip, expired_token, refuse, reset
from tests.archives.llm_server import KEY, LlmServer, honest, told

N = 12


def fill(config: Config, n: int = N) -> Collection:
    collection = Collection(config.collections_dir / "sky")
    papers, sourced, matches = {}, {}, {}
    for i in range(n):
        bibcodes = [f"20{10 + j:02d}ApJ...{i:05d}" for j in range(3)]
        for j, bibcode in enumerate(bibcodes):
            papers[bibcode] = {
                "title": f"On source {i}, part {j}", "year": 2010 + j,
                "abstract": f"We identify 2CXO J{100000 + i}.0-{200000 + i} as a quasar of kind {i}. The X-ray "
                f"spectrum of Obj {i} is a power law with a photon index of 1.{j}. Its host galaxy is at a redshift of "
                f"0.{i + 1}. "
                "The flux varies by a factor of two between the observations, without a change of the spectrum.",
            }  # fmt: skip
        name = f"2CXO J{100000 + i}.0-{200000 + i}"
        sourced[name] = {"bibcodes": bibcodes}
        matches[name] = {"main_id": f"Obj {i}", "aliases": [f"Obj {i}", f"XRS {i:04d}"]}
    sourced["2CXO J999999.0-999999"] = {"bibcodes": []}
    collection.put("papers", papers)
    collection.put("sourced", sourced)
    collection.put("matches", matches)
    return collection


@pytest.fixture
def collection(config: Config) -> Collection:
    return fill(config)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LlmServer]:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with LlmServer() as server:
        yield server


def asking(server: LlmServer, **settings) -> SummariesSettings:
    defaults = {"summariser": "openai:gpt-4o-mini", "base_url": server.address, "poll_s": 0.05, "concurrency": 4}
    return SummariesSettings(**{**defaults, **settings})


def test_extractive_summaries_need_nothing_and_name_nobody(config, collection):
    outcome = gather_summaries(collection, SummariesSettings(), config=config)
    assert (outcome.n_there, outcome.n_new, outcome.problems) == (N, N, ())
    assert outcome.facts["n_without_papers"] == 1
    rows = dict(collection.rows("summaries"))
    assert set(rows) == {f"2CXO J{100000 + i}.0-{200000 + i}" for i in range(N)}
    row = rows["2CXO J100003.0-200003"]
    assert row["summariser"] == "extractive"
    assert row["bibcodes"] == [f"20{year}ApJ...00003" for year in (12, 11, 10)]
    assert "quasar" in row["nature"] and "photon index" in row["spectrum"] and "redshift" in row["environment"]
    assert not any("Obj" in row[aspect] or "J100003" in row[aspect] for aspect in ASPECTS)
    again = gather_summaries(collection, SummariesSettings(), config=config)
    assert (again.n_there, again.n_new) == (N, 0)


def test_a_summary_is_made_anew_when_its_papers_change_and_no_other_is(config, collection):
    gather_summaries(collection, SummariesSettings(), config=config)
    collection.put(
        "papers", {"2012ApJ...00005": {"year": 2012, "abstract": "A flaring T Tauri star in the Orion nebula."}}
    )
    assert plan_summaries(collection, SummariesSettings(), config=config).n_to_do == 1
    assert gather_summaries(collection, SummariesSettings(), config=config).n_new == 1


def test_each_source_is_asked_about_once_and_its_answer_is_kept_with_its_cost(config, collection, server):
    settings = asking(server)
    plan = plan_summaries(collection, settings, config=config)
    assert (plan.n_wanted, plan.n_there, plan.n_requests) == (N, 0, N)
    outcome = gather_summaries(collection, settings, config=config)
    assert (outcome.n_new, outcome.problems) == (N, ())
    row = collection.get("summaries", ["2CXO J100002.0-200002"])["2CXO J100002.0-200002"]
    assert row["spectrum"] == "A power law of photon index 1.8 fits it." and row["environment"] is None
    assert row["summariser"] == "openai:gpt-4o-mini"
    used = [json.loads(a.request.body) for a in server.asked]
    assert all(body["response_format"]["json_schema"]["strict"] for body in used)
    assert 0 < outcome.facts["usd"] <= plan.usd
    expected = (outcome.facts["input_tokens"] * 0.15 + outcome.facts["output_tokens"] * 0.6) / 1e6
    assert outcome.facts["usd"] == pytest.approx(expected, abs=1e-6)
    again = gather_summaries(collection, settings, config=config)
    assert (again.n_there, again.n_new, server.n_asked()) == (N, 0, N)
    # A second collection with the same papers pays nothing either.
    other = Collection(config.collections_dir / "other")
    for place in ("papers", "sourced", "matches"):
        other.put(place, dict(collection.rows(place)))
    assert gather_summaries(other, settings, config=config).n_new == N
    assert server.n_asked() == N


def test_faults_that_pass_are_not_noticed_and_nothing_answered_is_asked_twice(config, collection, server):
    server.faults.order(
        refuse(429, retry_after="0.01"),
        refuse(500),
        cut(),
        reset(0.5),
        reset(),
        disguise(),
        refuse(429),
        cut(chunked=True),
    )
    outcome = gather_summaries(collection, asking(server), config=config)
    assert (outcome.n_new, outcome.problems) == (N, ())
    good = [a for a in server.asked if a.is_answered and a.status == 200 and b"gpt" in a.request.body]
    assert server.n_asked() == N + 8
    assert len({a.request.body for a in good}) == N


def test_an_independent_judge_of_clients_finds_no_fault(config, collection, llmock):
    llmock.rate_limit(times=2, retry_after=0.2).fail(500).fail(503, times=2)
    settings = SummariesSettings(summariser="openai:gpt-4o-mini", base_url=llmock.base_url(), concurrency=2)
    outcome = gather_summaries(collection, settings, config=config)
    assert (outcome.n_new, outcome.problems, len(llmock.requests)) == (N, (), N + 5)
    llmock.assert_resilient(strict=True)


def test_a_dripping_answer_is_given_up(config, server):
    collection = fill(config, 1)
    server.faults.order(drip(0.1))
    outcome = gather_summaries(collection, asking(server, timeout_s=1), config=config)
    assert (outcome.n_new, server.n_asked()) == (1, 2)


def test_a_key_that_is_refused_ends_the_work_and_is_shown_nowhere(config, collection, server, caplog):
    server.keys = {"another"}
    with pytest.raises(LanguageModelError, match="OPENAI_API_KEY") as problem:
        gather_summaries(collection, asking(server), config=config)
    assert KEY not in str(problem.value) and "nobody-may-see" not in str(problem.value)
    server.keys = {KEY}
    server.faults.order(expired_token())
    with pytest.raises(LanguageModelError, match="401"):
        gather_summaries(collection, asking(server, concurrency=1), config=config)
    gather_summaries(collection, asking(server), config=config)
    kept = b"".join(path.read_bytes() for path in config.data_dir.rglob("*") if path.is_file())
    assert KEY.encode() not in kept and KEY not in caplog.text


def test_without_a_key_it_says_which_variable_to_set(config, collection, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    settings = SummariesSettings(summariser="openai:gpt-4o-mini")
    assert any("OPENAI_API_KEY" in note for note in plan_summaries(collection, settings, config=config).notes)
    with pytest.raises(LanguageModelError, match="OPENAI_API_KEY is not set"):
        gather_summaries(collection, settings, config=config)


def test_the_budget_is_never_passed_and_what_is_left_is_done_when_it_is_raised(config, collection, server):
    budget = 0.0015
    outcome = gather_summaries(collection, asking(server, max_usd=budget, concurrency=1), config=config)
    assert 0 < outcome.n_new < N
    assert outcome.facts["usd_so_far"] <= budget
    assert f"{N - outcome.n_new} sources are left" in outcome.problems[-1] and "--max-usd" in outcome.problems[-1]
    second = gather_summaries(collection, asking(server, max_usd=1.0), config=config)
    assert second.n_there == N and server.n_asked() == N
    assert second.facts["usd_so_far"] == pytest.approx(outcome.facts["usd"] + second.facts["usd"], abs=1e-5)


def test_an_answer_that_got_lost_counts_against_the_budget(config, server):
    collection = fill(config, 1)
    server.faults.order(cut())
    outcome = gather_summaries(collection, asking(server), config=config)
    spent = outcome.facts["input_tokens"] * 0.15e-6 + outcome.facts["output_tokens"] * 0.6e-6
    assert outcome.facts["usd_so_far"] > 2 * spent


def test_a_budget_for_a_model_of_unknown_price_needs_prices(server):
    with pytest.raises(RecipeError, match="input_usd"):
        asking(server, summariser="openai:something-local", max_usd=1.0)
    assert asking(server, summariser="openai:something-local", max_usd=1.0, input_usd=1.0).model().price.usd(10**6) == 1
    with pytest.raises(RecipeError, match="summariser"):
        SummariesSettings(summariser="openai:")


def test_an_unknown_price_is_told_and_costs_are_not_made_up(config, collection, server):
    settings = asking(server, summariser="openai:something-local")
    plan = plan_summaries(collection, settings, config=config)
    assert plan.usd is None and any("price of something-local is not known" in note for note in plan.notes)
    assert "usd" not in gather_summaries(collection, settings, config=config).facts


@pytest.mark.parametrize(
    ("choice", "why"),
    [
        ({"finish_reason": "stop", "message": {"content": None, "refusal": "I cannot help with that"}}, "refused"),
        ({"finish_reason": "content_filter", "message": {"content": "{"}}, "content filter"),
        ({"finish_reason": "length", "message": {"content": '{"nature": {"disc'}}, "--max-output-tokens"),
        ({"finish_reason": "stop", "message": {"content": "Sure! Here you are."}}, "not of the schema"),
    ],
)
def test_an_answer_that_is_none_is_told_of_its_source_and_paid_once(config, collection, server, choice, why):
    server.say = lambda body: choice if "source 3," in body["messages"][-1]["content"] else honest(body)
    outcome = gather_summaries(collection, asking(server), config=config)
    assert outcome.n_new == N - 1
    assert len(outcome.problems) == 1 and "J100003" in outcome.problems[0] and why in outcome.problems[0]
    n_asked = server.n_asked()
    assert n_asked == N + (why == "not of the schema")
    assert gather_summaries(collection, asking(server), config=config).problems == outcome.problems
    assert server.n_asked() == n_asked


def test_papers_that_do_not_fit_are_left_out_the_oldest_first(config, collection, server):
    settings = asking(server, max_input_tokens=200)
    assert any("newest abstracts" in note for note in plan_summaries(collection, settings, config=config).notes)
    outcome = gather_summaries(collection, settings, config=config)
    assert outcome.facts["n_shortened"] == N
    row = collection.get("summaries", ["2CXO J100001.0-200001"])["2CXO J100001.0-200001"]
    assert row["bibcodes"] == ["2012ApJ...00001", "2011ApJ...00001"]


def test_a_question_too_long_for_the_model_is_asked_with_fewer_papers(config, server):
    collection = fill(config, 1)
    server.context_characters = 2_300
    outcome = gather_summaries(collection, asking(server, max_input_tokens=400), config=config)
    assert outcome.n_new == 1 and outcome.facts["n_shortened"] == 1
    assert server.asked[0].status == 400


def test_stopping_keeps_what_is_there(config, collection, server):
    seen = []
    with pytest.raises(StoppedError):
        gather_summaries(
            collection,
            asking(server, concurrency=1),
            config=config,
            on_step=lambda *step: seen.append(step) or len(seen) < 4,
        )
    n_there = collection.count("summaries")
    assert 0 < n_there < N
    assert gather_summaries(collection, asking(server), config=config).n_new == N - n_there
    assert server.n_repeated() == 0


def test_a_batch_costs_half_and_is_made_once(config, collection, server):
    settings = asking(server, use_batch=True)
    server.batch_looks = 3
    plan = plan_summaries(collection, settings, config=config)
    assert plan.usd == pytest.approx(plan_summaries(collection, asking(server), config=config).usd / 2)
    outcome = gather_summaries(collection, settings, config=config)
    assert (outcome.n_new, outcome.problems) == (N, ())
    assert len(server.batches) == 1 and server.n_asked("/chat/") == 0
    expected = (outcome.facts["input_tokens"] * 0.15 + outcome.facts["output_tokens"] * 0.6) / 2e6
    assert outcome.facts["usd"] == pytest.approx(expected, abs=1e-6)
    assert gather_summaries(collection, settings, config=config).n_new == 0
    assert len(server.batches) == 1


@pytest.mark.parametrize("moment", ["upload", "create", "poll"])
def test_a_batch_that_was_left_is_taken_up_and_not_made_again(config, collection, server, moment):
    settings = asking(server, use_batch=True)
    server.batch_looks = 10**6 if moment == "poll" else 1
    if moment == "create":
        with pytest.raises(LanguageModelError):
            _lose_creation(server, collection, settings, config)
    elif moment == "upload":
        server.faults.order(refuse(401), path="/files")
        with pytest.raises(LanguageModelError):
            gather_summaries(collection, settings, config=config)
    else:
        stop = iter(range(20))
        with pytest.raises(StoppedError):
            gather_summaries(collection, settings, config=config, on_step=lambda *_: next(stop) < 3)
        server.batch_looks = 1
    server.faults.__init__()
    outcome = gather_summaries(collection, settings, config=config)
    assert (outcome.n_there, outcome.problems) == (N, ())
    assert len(server.batches) == 1
    paid = sum(row["answer"]["usd"] for _, row in answers_of(config).rows("answers"))
    assert outcome.facts["usd_so_far"] == pytest.approx(paid, abs=1e-6)


def _lose_creation(server: LlmServer, collection: Collection, settings: SummariesSettings, config: Config) -> None:
    """The batch is created, but its id does not arrive, and then nothing answers any more."""
    created = server._created

    def lost(body):
        reply = created(body)
        server.faults.order(*[refuse(401) for _ in range(5)])
        return type(reply)(body=b"<html>", content_type="text/html", status=reply.status)

    server._created = lost
    try:
        gather_summaries(collection, settings, config=config)
    finally:
        server._created = created


def test_what_a_batch_could_not_answer_is_told_and_asked_for_in_the_next(config, collection, server):
    settings = asking(server, use_batch=True)
    first = server._uploaded

    def uploaded(body):
        reply = first(body)
        lines = [json.loads(line) for line in server.files["file-0"].splitlines()]
        server.batch_errors = {
            lines[0]["custom_id"]: {"response": {"status_code": 500, "body": {"error": {"message": "it broke"}}}},
            lines[1]["custom_id"]: {"response": None, "error": {"code": "batch_expired", "message": "too late"}},
        }
        return reply

    server._uploaded = uploaded
    outcome = gather_summaries(collection, settings, config=config)
    assert outcome.n_new == N - 2
    assert sorted(problem.split(": ")[1] for problem in outcome.problems) == ["it broke", "too late"]
    server._uploaded, server.batch_errors = first, {}
    assert gather_summaries(collection, settings, config=config).n_new == 2
    assert len(server.batches) == 2


def test_a_batch_takes_no_more_than_the_budget(config, collection, server):
    settings = asking(server, use_batch=True, max_usd=0.002)
    outcome = gather_summaries(collection, settings, config=config)
    assert 0 < outcome.n_new < N and outcome.facts["usd_so_far"] <= 0.002
    assert f"{N - outcome.n_new} sources are left" in outcome.problems[-1]


_WORK = """
import sys
from pathlib import Path
from alignlab.config import Config
from alignlab.services.gather.summaries import SummariesSettings, gather_summaries
from alignlab.store.collection import open_collection
config = Config(data_dir=Path(sys.argv[1]))
settings = SummariesSettings(summariser="openai:gpt-4o-mini", base_url=sys.argv[2], concurrency=2)
gather_summaries(open_collection(config, "sky"), settings, config=config)
"""


def test_killed_in_the_midst_it_goes_on_and_asks_again_at_most_what_was_under_way(config, server):
    collection = fill(config, N)

    def slowly(body):
        time.sleep(0.05)
        return honest(body)

    server.say = slowly
    command = [sys.executable, "-c", _WORK, str(config.data_dir), server.address]
    with subprocess.Popen(command, env={**os.environ, "OPENAI_API_KEY": KEY}) as process:
        while process.poll() is None and server.n_asked() < N // 2:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
    gather_summaries(collection, asking(server), config=config)
    assert collection.count("summaries") == N
    rows = dict(answers_of(config).rows("answers"))
    assert len(rows) == N and all(row["answer"] is not None for row in rows.values())
    assert N <= server.n_asked() <= N + 2
    # What may have been paid in vain is in the accounts.
    paid = sum(row["answer"]["usd"] for row in rows.values())
    in_vain = sum(row["usd"] for row in rows.values()) - paid
    assert (in_vain > paid / N) == (server.n_asked() > N)


def test_no_source_reaches_the_summary_of_another(config, collection, server):
    def gullible(body):
        asked = body["messages"][-1]["content"]
        if "source 3," not in asked:
            return honest(body)
        answer = json.loads(told(nature="Obj 3 is 2CXO J100003.0-200003, see http://evil.example/x"))
        return json.dumps({**answer, "2CXO J100004.0-200004": {"discussed": True, "summary": "It is fake."}})

    server.say = gullible
    outcome = gather_summaries(collection, asking(server), config=config)
    assert [problem.split(": ")[0] for problem in outcome.problems] == ["2CXO J100003.0-200003"]
    rows = dict(collection.rows("summaries"))
    assert len(rows) == N - 1 and not any("fake" in str(row) for row in rows.values())
