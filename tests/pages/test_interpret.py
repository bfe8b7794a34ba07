"""The Interpret page without a browser: the invitation, an answer in all its parts, and what goes wrong."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from alignlab.config import Config
from alignlab.services.workspace import Catalogue
from tests.archives.llm_server import KEY, LlmServer
from tests.conftest import PROJECT
from tests.pages.test_atlas import html
from tests.services.test_drop import JPEG, spectrum_csv

SPECTRUM = ("my quasar.csv", spectrum_csv().encode())
PARTS = (
    "Where it lies", "What class it may be", "Variables, measured and estimated", "Papers most aligned",
    "What distinguishes it", "What to look at next", "Digest", "Limits",
)  # fmt: skip


@pytest.fixture(scope="module")
def brightest_held_out(finished_demo: Config) -> tuple[str, str]:
    """Name and class of the test source with the most counts."""
    workspace = Catalogue(finished_demo).open_workspace()
    sources = workspace.survey.sources
    row = sources[sources["split"] == "test"].sort_values("counts").iloc[-1]
    workspace.survey.close()
    workspace.run.close()
    return str(row["name"]), str(row["source_class"])


@pytest.fixture
def page(finished_demo: Config, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return opened(finished_demo.data_dir, monkeypatch)


def opened(data: Path, monkeypatch: pytest.MonkeyPatch, **query: str) -> AppTest:
    monkeypatch.setenv("ALIGNLAB_DATA", str(data))
    app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=120)
    app.run()
    app.switch_page("pages/interpret.py")
    for name, value in query.items():
        app.query_params[name] = value
    return ran(app.run())


def ran(app: AppTest) -> AppTest:
    assert not app.exception
    return app


def hand_in(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    return ran(app.get("file_uploader")[0].set_value([(name, content, "") for name, content in files]).run())


def ids_cited_and_shown(text: str) -> tuple[set[str], set[str]]:
    return set(re.findall(r'href="#(evidence-E\d+)"', text)), set(re.findall(r'id="(evidence-E\d+)"', text))


def test_before_a_source_it_invites_to_drop_one(page):
    assert "What is your source?" in html(page)
    assert len(page.get("file_uploader")) == 2
    assert "simulated, of the test split" in html(page)


def test_the_example_is_answered_as_if_it_were_new(page, brightest_held_out):
    name, source_class = brightest_held_out
    ran(page.button("interpret_example").click().run())
    text = html(page)
    assert page.query_params["source"] == name
    assert "interpret_write" not in [button.key for button in page.button]
    assert f"<h1>{name}</h1>" in text
    assert "as if it were new" in text
    assert f"<small>class in the survey</small><span>{source_class}</span>" in text
    assert "Its photons are simulated" in text
    assert all(part in text for part in PARTS)
    assert 'class="al-skeleton' not in text
    assert len(re.findall(r"<tr[^>]* id=\"evidence", text)) == 20


def test_each_id_that_is_cited_leads_to_something_on_the_page(page):
    ran(page.button("interpret_example").click().run())
    components = "".join(str(element.proto) for element in page.get("bidi_component"))
    cited, shown = ids_cited_and_shown(html(page) + components.replace("\\", ""))
    assert cited
    assert cited <= shown


def test_a_link_opens_the_answer_and_a_name_that_is_none_says_so(finished_demo, brightest_held_out, monkeypatch):
    name, _ = brightest_held_out
    assert f"<h1>{name}</h1>" in html(opened(finished_demo.data_dir, monkeypatch, source=name))
    lost = opened(finished_demo.data_dir, monkeypatch, source="no such thing")
    assert "no such thing" in lost.warning[0].value
    assert "What is your source?" in html(lost)


def test_a_dropped_spectrum_is_answered_where_it_was_dropped(page):
    hand_in(page, SPECTRUM)
    text = html(page)
    assert page.query_params["source"] == "my quasar"
    assert "<h1>my quasar</h1>" in text
    assert '<span class="al-word">yours</span>' in text
    assert all(part in text for part in PARTS)
    assert 'class="al-dropped"' not in text


def test_several_dropped_spectra_have_a_switch(page):
    hand_in(page, SPECTRUM)
    hand_in(page, ("another.csv", spectrum_csv(200).encode()))
    (which,) = [pills for pills in page.get("button_group") if pills.key == "interpret_which"]
    assert "<h1>another</h1>" in html(page)
    assert [option.content for option in which.proto.options] == ["my quasar", "another"]
    which.set_value("0 dropped-myquasar").run()
    assert "<h1>my quasar</h1>" in html(ran(page))


def test_a_position_that_was_given_belongs_to_the_next_source(page):
    page.text_input("interpret_next_position").set_value("nowhere at all").run()
    assert "is no position" in page.error[0].value
    page.text_input("interpret_next_position").set_value("06 30 00.0 -12 12 00").run()
    hand_in(page, SPECTRUM)
    assert "97.50000° −12.20000°" in html(page)


def test_a_bad_file_is_a_sentence_and_the_page_lives(page):
    hand_in(page, ("ph[o]to_1.jpg", JPEG))
    (message,) = [error.value for error in page.error]
    assert r"ph\[o\]to\_1\.jpg" in message
    assert "What is your source?" in html(page)
    hand_in(page, SPECTRUM)
    assert "<h1>my quasar</h1>" in html(page)


def test_the_card_of_a_source_offers_it(page, brightest_held_out):
    page.switch_page("pages/atlas.py")
    page.query_params["source"] = brightest_held_out[0]
    ran(page.run())
    assert "Interpret" in [link.proto.label for link in page.get("page_link")]


def test_a_language_model_is_asked_when_somebody_wants_it(finished_demo, tmp_path, monkeypatch):
    answer = json.dumps({"sentences": [{"text": "It lies among others.", "cites": ["E2"]}]})
    data = Path(shutil.copytree(finished_demo.data_dir, tmp_path / "data"))
    with LlmServer(lambda body: answer) as server:
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("OPENAI_BASE_URL", server.address)
        page = opened(data, monkeypatch)
        ran(page.button("interpret_example").click().run())
        assert not server.asked
        assert "sent to 127.0.0.1" in " ".join(caption.value for caption in page.caption)
        ran(page.button("interpret_write").click().run())
        assert len(server.asked) == 1
    text = html(page)
    assert 'In words <span class="al-word">gpt-4o-mini</span>' in text
    assert re.search(r'It lies among others\. <span class="al-cites"><a class="al-cite" href="#evidence-E2"', text)
    assert "Digest" in text
