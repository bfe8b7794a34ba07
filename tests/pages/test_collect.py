"""The Collect page without a browser: what is counted, what is begun, and what collections hold."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from streamlit.testing.v1 import AppTest

from alignlab import cli_ingest
from alignlab.cli import main
from alignlab.config import Config
from alignlab.services import jobs
from alignlab.services.collections import lack_of_room
from alignlab.services.gather.stage import StagePlan
from alignlab.services.gather.stages import settings_of_all
from alignlab.services.job_kinds.ingest import IngestRecipe
from alignlab.ui.collect_page.wish import Wish
from tests.archives.whole_sky import Archives, archives
from tests.conftest import PROJECT
from tests.pages.test_atlas import html
from tests.services.gathered import gathered, templates_in
from tests.services.synchronous import run_synchronously


@pytest.fixture
def data(finished_demo: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """The demo by links, with collections and a queue of its own; no worker comes for what is submitted."""
    for name in ("surveys", "runs"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "demo").symlink_to(finished_demo.data_dir / name / "demo")
    monkeypatch.setenv("ALIGNLAB_DATA", str(tmp_path))
    for name in ("ALIGNLAB_ADS_TOKEN", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(jobs, "ensure_worker", lambda config: False)
    return Config(data_dir=tmp_path)


@pytest.fixture
def sky(monkeypatch: pytest.MonkeyPatch) -> Iterator[Archives]:
    with archives(16) as found:
        for name, value in found.environment.items():
            monkeypatch.setenv(name, value)
        yield found


def open_collect() -> AppTest:
    app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=120).run()
    app.switch_page("pages/collect.py").run()
    assert not app.exception
    return app


def press(app: AppTest, key: str) -> AppTest:
    next(button for button in app.button if button.key == key).click().run()
    assert not app.exception
    return app


def test_without_keys_it_says_what_is_not_possible(data: Config):
    text = html(open_collect())
    assert "Nothing has been collected yet" in text
    assert "<code>ALIGNLAB_ADS_TOKEN</code> is not set where the app runs: papers cannot be asked for" in text


def test_what_is_not_said_is_asked_for_before_anything_happens(data: Config):
    app = open_collect()
    app.text_input(key="collect_cone").set_value(" ").run()
    assert "Give the circle" in html(app)
    assert all(button.disabled for button in app.button if button.key in ("collect_count", "collect_start"))
    app.text_input(key="collect_cone").set_value("somewhere").run()
    press(app, "collect_count")
    assert "A circle on the sky has three numbers, not 'somewhere'" in app.error[0].value
    assert not data.collections_dir.exists() and not data.jobs_path.exists()


def test_it_counts_then_collects_and_shows_what_came(data: Config, sky: Archives):
    app = open_collect()
    app.segmented_control(key="collect_where").set_value("Whole catalogue").run()
    assert next(button for button in app.button if button.key == "collect_start").disabled
    press(app, "collect_count")
    text = html(app)
    assert f"{len(sky.wanted)} detections" in text and f"Estimated for {len(sky.wanted)} sources" in text
    assert not data.collections_dir.exists()
    press(app, "collect_start")
    (job,) = jobs.jobs(data)
    assert (job.spec.kind, job.spec.survey) == ("ingest", "chandra")
    assert "waiting" in html(app)
    run_synchronously(job.spec, data)
    app.run()
    text = html(app)
    assert "survey chandra" in text and f"<td>{len(sky.names)}</td>" in text
    jobs.cancel(data, job.id)
    press(app, "collect_lay_chandra")
    press(app, "collect_train_chandra")
    assert {(each.spec.kind, each.spec.survey) for each in jobs.jobs(data)} >= {("apply", "demo"), ("align", "chandra")}


def test_a_collection_says_what_comes_next(data: Config, tmp_path: Path):
    gathered(data, templates_in(tmp_path / "templates"), name="field", n=2)
    text = html(open_collect())
    assert "<td>field</td><td>2</td>" in text and "next: catalogue" in text


def test_what_does_not_fit_on_the_disk_is_told(tmp_path: Path):
    config = Config(data_dir=tmp_path)
    assert lack_of_room(config, [StagePlan(what="files", n_wanted=1, n_bytes=1000)]) == ""
    assert "That is 1e+06 TB, and " in lack_of_room(config, [StagePlan(what="files", n_wanted=1, n_bytes=10**18)])


@pytest.mark.parametrize(
    "wish",
    [
        Wish(name="orion", cone="83.8 -5.4 20", min_significance=7.5),
        Wish(name="two", where="Names", names="2CXO J1\n\n2CXO J2", summariser="openai:gpt-4o-mini", max_usd=3.0),
        Wish(name="all", where="Whole catalogue", only_with_texts=False),
    ],
)
def test_the_command_it_copies_says_the_same_as_the_form(wish: Wish, monkeypatch: pytest.MonkeyPatch):
    told = {}
    monkeypatch.setattr(cli_ingest, "_gather", lambda name, settings: told.update({name: settings}))
    result = CliRunner().invoke(main, shlex.split(wish.command)[1:])
    assert result.exit_code == 0, result.output
    assert IngestRecipe.of(told[wish.name]) == IngestRecipe.of(settings_of_all(wish.given))
