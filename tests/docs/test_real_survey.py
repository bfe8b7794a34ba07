"""What docs/real-survey.md tells a person to type is typed, in its order, from an empty folder, against our servers."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from alignlab.cli import main
from alignlab.config import Config
from alignlab.services import jobs
from alignlab.services.workspace import Catalogue
from tests.archives.ads_server import TOKEN
from tests.archives.llm_server import KEY
from tests.archives.whole_sky import Archives, archives
from tests.conftest import PROJECT

DOCUMENT = (PROJECT / "docs" / "real-survey.md").read_text()


def commands() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", DOCUMENT, re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.startswith("alignlab ")]


@pytest.fixture(scope="module")
def sky() -> Iterator[Archives]:
    with archives() as found:
        yield found


@pytest.fixture(scope="module")
def walked(sky: Archives, tmp_path_factory: pytest.TempPathFactory) -> tuple[Config, dict[str, str]]:
    """The data folder after the walk, and what each command printed."""
    config = Config(data_dir=tmp_path_factory.mktemp("walk") / "data")
    told = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs, "ensure_worker", lambda config: False)
        patch.setenv("ALIGNLAB_DATA", str(config.data_dir))
        for name, value in sky.environment.items():
            patch.setenv(name, value)
        for command in commands():
            result = CliRunner().invoke(main, shlex.split(command)[1:])
            assert result.exit_code == 0, f"{command}\n{result.output}"
            assert result.stdout.strip(), command
            told[command] = result.stdout
    return config, told


def line_of(told: dict[str, str], command: str, stage: str) -> list[str]:
    (line,) = [line for line in told[command].splitlines() if line.startswith(f"{stage}\t")]
    return line.split("\t")


def test_the_walk_ends_with_the_real_survey(walked, sky: Archives):
    config, _ = walked
    survey = Catalogue(config).survey("chandra")
    assert list(survey.sources["name"]) == sky.names
    assert survey.origin == "observed" and survey.text_mask.any()
    assert set(survey.sources["source_class"]) <= {"QSO", "CV", "YSO"} and (survey.sources["source_class"] != "").all()
    assert (survey.n_papers == 2).all()
    recipe = survey.meta.recipe
    assert recipe["summariser"] == "openai:gpt-4o-mini"
    assert set(recipe["stages"]) == {"csc", "simbad", "ads", "products", "summaries", "assemble"}
    every = Catalogue(config).survey("chandra-all")
    assert sorted(every.sources["obsid"]) == sorted(sky.wanted["obsid"])
    survey.close()
    every.close()


def test_a_dry_run_before_counts_what_is_then_done(walked, sky: Archives):
    _, told = walked
    dry, whole = (command for command in commands() if "gpt-4o-mini" in command and "--job" not in command)
    n, n_sources = len(sky.wanted), len(sky.names)
    assert line_of(told, dry, "csc")[1:4] == [f"{n} detections", "0 there", f"{n} to do"]
    assert line_of(told, dry, "summaries")[-1].startswith("at most $0.0")
    assert line_of(told, whole, "csc")[1:3] == [f"{n} detections", f"{n} new"]
    assert line_of(told, whole, "summaries")[1:3] == [f"{n_sources} summaries", f"{n_sources} new"]
    assert line_of(told, whole, "assemble")[1:4] == [f"{n_sources} sources", f"{n_sources} new", "survey chandra"]


def test_no_archive_was_asked_for_the_same_twice_but_by_two_collections(walked, sky: Archives):
    # Papers are kept for all collections; files of the small field are asked for by both.
    assert sky.ads.n_repeated() == 0
    assert sky.model.n_repeated() == 0
    assert sky.simbad.n_repeated() == 0


def test_no_key_is_in_any_file(walked):
    config, _ = walked
    for path in config.data_dir.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert TOKEN.encode() not in content and KEY.encode() not in content, path


def test_the_document_names_every_stage_and_what_it_links_to_is_there():
    for stage in ("csc", "simbad", "ads", "products", "summaries", "assemble"):
        assert re.search(rf"^\| `{stage}` \|", DOCUMENT, re.MULTILINE), stage
    linked = re.findall(r"\]\((?!https?:)([^)#]+)", DOCUMENT)
    assert [path for path in linked if not (PROJECT / "docs" / path).exists()] == []
    assert Path(PROJECT / "docs" / "real-survey.md").is_file()
