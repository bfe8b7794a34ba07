"""The command line of collections: options made from settings, dry runs, jobs, and what a collection has."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import click
import pytest
from click.testing import CliRunner, Result

from alignlab.cli import main
from alignlab.cli_settings import given_settings, settings_options
from alignlab.config import Config
from alignlab.errors import AlignlabError, RecipeError
from alignlab.jobs.spec import JobSpec
from alignlab.services import jobs
from alignlab.services.gather.stages import STAGES, in_order
from alignlab.services.job_kinds.ingest import IngestRecipe
from alignlab.services.workspace import Catalogue
from alignlab.training.recipe_base import Range, Recipe
from tests.services.gathered import gathered, templates_in
from tests.services.synchronous import run_synchronously
from tests.spectra.ogip_files import default_counts, write_spectrum


@dataclass(frozen=True, kw_only=True)
class _Toy(Recipe):
    name: str = "toy"
    address: str = "https://example.org"
    fast: bool = True
    words: tuple[str, ...] = ()
    colour: str = "red"
    share: float = 0.5
    n: int = 3

    RANGES: ClassVar[dict[str, Range]] = {"share": (0, 1), "n": (1, 9)}
    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = {"colour": ("red", "blue")}
    MEANINGS: ClassVar[dict[str, str]] = dict.fromkeys(
        ("name", "address", "fast", "words", "colour", "share", "n"), "A sentence."
    )


def parsed(*arguments: str, with_prefix: bool = False) -> Recipe:
    found: dict[str, Recipe] = {}

    def keep(**values: object) -> None:
        found["settings"] = given_settings(_Toy, values, stage="toy")

    options = settings_options(_Toy, stage="toy", with_prefix=with_prefix)
    result = CliRunner().invoke(click.Command("toy", params=options, callback=keep), arguments)
    if result.exception is not None:
        raise result.exception
    return found["settings"]


def test_what_nobody_says_is_at_its_default():
    assert parsed() == _Toy()


def test_every_kind_of_setting_has_its_option(tmp_path: Path):
    listed = tmp_path / "words.txt"
    listed.write_text("two\n# not this\n\n three \n")
    arguments = [
        "--no-fast",
        "--words",
        "one",
        "--words",
        f"@{listed}",
        "--colour",
        "blue",
        "--share",
        "0.25",
        "--n",
        "9",
    ]
    expected = _Toy(fast=False, words=("one", "two", "three"), colour="blue", share=0.25, n=9)
    assert parsed(*arguments) == expected
    assert parsed("--no-toy-fast", with_prefix=True) == _Toy(fast=False)


def test_an_address_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ALIGNLAB_TOY_ADDRESS", "http://127.0.0.1:9")
    monkeypatch.setenv("ALIGNLAB_TOY_COLOUR", "blue")
    assert parsed() == _Toy(address="http://127.0.0.1:9")
    assert parsed("--address", "http://127.0.0.1:8") == _Toy(address="http://127.0.0.1:8")


def test_a_value_out_of_range_is_told_in_the_settings_words():
    with pytest.raises(RecipeError, match="share must be a number from 0 to 1, not 2"):
        parsed("--share", "2")
    with pytest.raises(AlignlabError, match=r"nowhere\.txt: cannot be read"):
        parsed("--words", "@nowhere.txt")


@pytest.fixture
def collected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """A folder with a collection of ten whole sources, where the command line looks."""
    config = Config(data_dir=tmp_path / "data")
    gathered(config, templates_in(tmp_path / "templates"), n=10)
    monkeypatch.setenv("ALIGNLAB_DATA", str(config.data_dir))
    return config


def typed(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["ingest", *arguments])


def test_a_dry_run_counts_and_makes_nothing(collected: Config):
    result = typed("assemble", "field", "--dry-run")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[0].split("\t") == [
        "assemble", "10 sources", "0 there", "10 to do", "0 requests",
    ]  # fmt: skip
    assert not collected.surveys_dir.exists()
    assert typed("status", "field").stdout.count("assemble") == 0


def test_a_stage_is_done_and_told_with_its_provenance(collected: Config):
    result = typed("assemble", "field", "--survey", "sky", "--seed", "3")
    assert result.exit_code == 0, result.output
    line = result.stdout.splitlines()[-1].split("\t")
    assert line[:4] == ["assemble", "10 sources", "10 new", "survey sky"]
    survey = Catalogue(collected).survey("sky")
    stages = survey.meta.recipe["stages"]
    assert stages["assemble"]["settings"]["seed"] == 3 and stages["assemble"]["began_utc"]
    survey.close()
    told = typed("status", "field").stdout
    assert "sources\t10\n" in told and "assemble\tended " in told
    assert typed("status").stdout == "field\t10 sources\t10 detections\n"
    again = typed("assemble", "field", "--survey", "sky", "--seed", "3")
    assert again.stdout.splitlines()[-1].split("\t")[:3] == ["assemble", "10 sources", "0 new"]


def test_a_collection_that_is_not_there_is_an_error_and_no_folder(collected: Config):
    result = typed("assemble", "nothing")
    assert result.exit_code == 2
    assert "There is no collection 'nothing'" in result.stderr
    assert not (collected.collections_dir / "nothing").exists()
    assert typed("status", "nothing").exit_code == 2


def test_two_never_gather_into_one_collection(collected: Config):
    from alignlab.store.collection import open_collection

    with open_collection(collected, "field").gathering():
        result = typed("assemble", "field")
    assert result.exit_code == 2 and "Something else is gathering into collection 'field'" in result.stderr


def test_stages_are_taken_in_their_order_whatever_the_order_they_are_named_in():
    assert [each.name for each in in_order(["assemble", "csc"])] == ["csc", "assemble"]
    with pytest.raises(AlignlabError, match=r"no stage 'dream'.*csc, simbad"):
        in_order(["dream"])


def test_a_job_carries_the_settings_and_no_more(collected: Config, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(jobs, "ensure_worker", lambda config: False)
    monkeypatch.setenv("ALIGNLAB_ADS_TOKEN", "a-secret")
    result = typed("assemble", "field", "--survey", "sky", "--job")
    assert result.exit_code == 0, result.output
    job_id, state = result.stdout.strip().split("\t")
    assert state == "queued"
    job = jobs.job(collected, job_id)
    assert (job.spec.kind, job.spec.survey, job.spec.survey_digest) == ("ingest", "field", "")
    assert IngestRecipe.from_json(job.spec.recipe).settings == {"assemble": {"survey": "sky"}}
    assert "a-secret" not in job.spec.to_json()
    assert typed("assemble", "field", "--survey", "sky", "--job").stdout == f"{job_id}\tunder way already\n"
    assert jobs.cancel(collected, job_id).state == "cancelled"
    assert jobs.retry(collected, job_id).is_new


def test_every_stage_says_what_its_settings_mean():
    for each in STAGES.values():
        fields = json.loads(each.settings().to_json()).keys() - {"kind"}
        assert set(each.settings.MEANINGS) == fields, each.name
        assert each.settings.from_json(each.settings().to_json()) == each.settings()
        assert not [field for field in fields if field in ("token", "key", "password")]


def test_help_names_every_stage_and_option():
    told = CliRunner().invoke(main, ["ingest", "--help"]).stdout
    for name in (*STAGES, "real", "status", "ogip", "axia"):
        assert f"\n  {name} " in told
    options = CliRunner().invoke(main, ["ingest", "real", "--help"]).stdout
    assert "--csc-cone" in options and "--summaries-max-usd" in options and "ALIGNLAB_ADS_ADDRESS" in options


def test_files_become_a_survey_in_the_background_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    config = Config(data_dir=tmp_path / "data")
    monkeypatch.setenv("ALIGNLAB_DATA", str(config.data_dir))
    monkeypatch.setattr(jobs, "ensure_worker", lambda config: False)
    write_spectrum(tmp_path / "a.pi", default_counts(1))
    monkeypatch.chdir(tmp_path)
    assert typed("ogip", "a.pi", "gone.pi", "--name", "mine", "--dry-run").stdout.startswith("2 files\t")
    job_id = typed("ogip", "a.pi", "--name", "mine", "--job").stdout.partition("\t")[0]
    job = jobs.job(config, job_id)
    # The worker may sit in another folder.
    assert job.spec.recipe["settings"]["files"] == [str(tmp_path / "a.pi")]
    made = run_synchronously(job.spec, config)
    assert made == {"collection": "mine", "survey": "mine", "n_sources": 1, "n_problems": 0}
    # Killed after it had published, it finds its own survey.
    assert run_synchronously(job.spec, config)["survey"] == "mine"
    assert "exists already" in typed("ogip", "a.pi", "--name", "mine").stderr


def test_a_job_of_stages_ends_with_the_survey_and_what_each_has_done(collected: Config):
    recipe = IngestRecipe(stages=("assemble",), settings={"assemble": {"survey": "sky"}})
    spec = JobSpec(kind="ingest", survey="field", survey_digest="", recipe=json.loads(recipe.to_json()))
    made = run_synchronously(spec, collected)
    assert (made["collection"], made["survey"]) == ("field", "sky")
    assert made["outcomes"]["assemble"]["n_there"] == 10
    again = run_synchronously(spec, collected)
    assert again["outcomes"]["assemble"]["n_new"] == 0
    with pytest.raises(RecipeError, match="settings are given for csc, which is not among the stages"):
        IngestRecipe(stages=("assemble",), settings={"csc": {}})
