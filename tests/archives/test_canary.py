"""Keys are canaries: after the whole way from the archives to a survey, in fair weather and in foul, none sings."""

from __future__ import annotations

import base64
import json
import logging
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from alignlab.config import Config
from alignlab.errors import AlignlabError
from alignlab.jobs.spec import JobSpec
from alignlab.jobs.work import Work
from alignlab.services.job_kinds.ingest import perform
from tests.archives.ads_server import TOKEN
from tests.archives.faults import expired_token, refuse
from tests.archives.llm_server import KEY
from tests.archives.real_way import small_steps
from tests.archives.whole_sky import Archives, archives

#: The keys as they are, and as a header of basic authentication would hold them.
CANARIES = [
    form
    for key in (TOKEN, KEY)
    for form in (key.encode(), base64.b64encode(key.encode()), base64.b64encode(f":{key}".encode()).rstrip(b"="))
]


@pytest.fixture
def sky(monkeypatch: pytest.MonkeyPatch) -> Iterator[Archives]:
    monkeypatch.setenv("ALIGNLAB_ADS_TOKEN", TOKEN)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with archives(8) as found:
        yield found


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(data_dir=tmp_path / "data")


def collect(sky: Archives, config: Config) -> None:
    spec = JobSpec(kind="ingest", survey="sky", survey_digest="", recipe=json.loads(small_steps(sky).to_json()))
    perform(Work(spec, config.jobs_dir / "one"), config)


def assert_silent(folder: Path, said: str) -> None:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) >= 3
    for canary in CANARIES:
        assert [path.name for path in files if canary in path.read_bytes()] == []
        assert canary.decode() not in said


def all_that_was_said(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> str:
    records = "\n".join(f"{record.name} {record.getMessage()} {record.__dict__}" for record in caplog.records)
    return records + "".join(capfd.readouterr())


def test_no_file_no_log_and_no_output_holds_a_key(sky, config, caplog, capfd):
    with caplog.at_level(logging.DEBUG):
        collect(sky, config)
    assert sky.ads.n_asked() and sky.model.n_asked()
    assert (config.surveys_dir / "sky").is_dir()
    assert_silent(config.data_dir, all_that_was_said(caplog, capfd))


@pytest.mark.parametrize("server", ["ads", "model"])
@pytest.mark.parametrize("echo", [False, True])
def test_no_error_holds_a_key_even_if_the_service_repeats_it(sky, config, caplog, capfd, server, echo):
    key = {"ads": TOKEN, "model": KEY}[server]
    fault = refuse(401, body=f'{{"error": "Incorrect key provided: {key}"}}'.encode()) if echo else expired_token()
    getattr(sky, server).faults.order(*[fault] * 40)
    with caplog.at_level(logging.DEBUG), pytest.raises(AlignlabError) as told:
        collect(sky, config)
    shown = "".join(traceback.format_exception(told.value)) + str(told.value) + repr(told.value) + told.value.remedy
    assert_silent(config.data_dir, all_that_was_said(caplog, capfd) + str(told.value) + told.value.remedy)
    assert key not in shown
