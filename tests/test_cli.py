from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner, Result

from alignlab.cli import main
from alignlab.config import PROJECT_ROOT, Config, load_config
from alignlab.errors import AlignlabError
from alignlab.services.workspace import Catalogue
from tests.conftest import SMALL_DEMO_SOURCES
from tests.services.evaluate.toys import put_toys
from tests.services.observed import cut_out
from tests.spectra.ogip_files import default_counts, write_spectrum

COMMANDS = (
    (), ("demo",), ("surveys",), ("runs",), ("evaluate",), ("neighbors",), ("papers",), ("project",), ("apply",),
    ("compare",), ("promote",), ("delete-run",),
    ("jobs",), ("submit",), ("cancel",), ("retry",), ("worker",), ("train", "small-heads"),
    ("contrast",), ("source",), ("search",), ("interpret",), ("train", "heads"),
    ("ingest",), ("ingest", "ogip"), ("ingest", "axia"), ("ingest", "csc-table"), ("ingest", "events"),
    ("ingest", "table"), ("ingest", "csc"), ("ingest", "simbad"), ("ingest", "ads"), ("ingest", "products"),
    ("ingest", "summaries"), ("ingest", "assemble"), ("ingest", "real"), ("ingest", "status"),
    ("outliers",), ("triage",), ("triage", "label"), ("triage", "undo"), ("triage", "labels"), ("triage", "agreement"),
    ("follow-up",), ("follow-up", "list"), ("follow-up", "add"), ("follow-up", "remove"), ("follow-up", "export"),
    ("follow-up", "import"), ("follow-up", "share"), ("clusters",), ("network",), ("population",), ("check-real",),
    ("export",), ("train",), ("train", "encoder"),
)  # fmt: skip


@pytest.fixture
def call(small_demo, monkeypatch):
    """Run a command in this process on the small demo, or on another data folder."""

    def run(*arguments: object, config: Config = small_demo) -> Result:
        monkeypatch.setenv("ALIGNLAB_DATA", str(config.data_dir))
        result = CliRunner().invoke(main, [str(argument) for argument in arguments])
        if not isinstance(result.exception, SystemExit | None):
            raise result.exception
        return result

    return run


def is_one_line_error(result: Result, *words: str) -> bool:
    lines = [line for line in result.stderr.splitlines() if line.startswith("alignlab: ")]
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert len(lines) == 1, result.stderr
    assert "Traceback" not in result.stderr
    for word in words:
        assert word in lines[0], lines[0]
    return True


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_tells_every_option_and_argument(command):
    result = CliRunner().invoke(main, [*command, "--help"])
    assert result.exit_code == 0
    assert result.stdout.startswith("Usage:")
    found = main
    for name in command:
        found = command_of(found, name)
    assert found.help
    for parameter in found.params:
        if getattr(parameter, "hidden", False):
            continue
        if parameter.param_type_name == "option":
            assert parameter.opts[0] in result.stdout
            # click's own options know what they do; ours must say so or be named after their choices.
            assert getattr(parameter, "help", None) or hasattr(parameter.type, "choices"), parameter.name
        else:
            assert (parameter.metavar or parameter.name.upper()).split("]")[0].strip("[.") in result.stdout.upper()
    for name in names_in(found):
        assert name in result.stdout


def names_in(group) -> list[str]:
    """Names of the commands of a group, also of those that are made when they are asked for."""
    return group.list_commands(click.Context(group)) if hasattr(group, "commands") else []


def command_of(group, name: str):
    return group.get_command(click.Context(group), name)


def test_every_command_is_known_here():
    def below(group, path=()):
        for name in names_in(group):
            command = command_of(group, name)
            yield (*path, name)
            if hasattr(command, "commands"):
                yield from below(command, (*path, name))

    assert set(below(main)) == set(COMMANDS) - {()}


def test_the_data_folder_moves(monkeypatch, tmp_path):
    monkeypatch.delenv("ALIGNLAB_DATA", raising=False)
    assert load_config().data_dir == PROJECT_ROOT / "data"
    monkeypatch.setenv("ALIGNLAB_DATA", str(tmp_path / "elsewhere"))
    config = load_config()
    assert config.surveys_dir == tmp_path / "elsewhere" / "surveys"
    assert config.runs_dir == tmp_path / "elsewhere" / "runs"
    assert config.lab_path.parent == tmp_path / "elsewhere"
    monkeypatch.setenv("ALIGNLAB_DATA", "~/x")
    assert "~" not in str(load_config().data_dir)


def test_surveys_and_runs_are_listed(call, small_demo):
    assert call("surveys").stdout == f"demo\tsimulated\t{SMALL_DEMO_SOURCES} sources\t1 runs\n"
    (line,) = call("runs").stdout.splitlines()
    (run_id,) = Catalogue(small_demo).run_ids("demo")
    assert line.startswith(f"* {run_id}\tdemo\trecall@1% ")


@pytest.mark.parametrize("command", ["surveys", "runs"])
def test_an_empty_folder_is_no_error_and_says_what_to_do(call, tmp_path, command):
    result = call(command, config=Config(data_dir=tmp_path))
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "alignlab demo" in result.stderr


@pytest.mark.parametrize("command", [("evaluate",), ("neighbors", "0"), ("papers", "0"), ("project",)])
def test_without_a_demo_the_remedy_is_told(call, tmp_path, command):
    assert is_one_line_error(call(*command, config=Config(data_dir=tmp_path)), "alignlab demo")


def test_neighbours_are_one_per_line(call):
    lines = [line.split("\t") for line in call("neighbors", "42", "-k", 3).stdout.splitlines()]
    assert len(lines) == 3
    assert all(len(line) == 4 and line[1].startswith("SIM J") for line in lines)
    similarity = [float(line[3]) for line in lines]
    assert similarity == sorted(similarity, reverse=True)
    by_text = call("neighbors", lines[0][1], "--representation", "text")
    assert len(by_text.stdout.splitlines()) == 5


def test_papers_come_with_their_summaries_and_the_word_simulated(call, small_demo):
    survey = Catalogue(small_demo).survey("demo")
    result = call("papers", "42")
    assert "simulated" in result.stderr
    for title in survey.papers_of(42)["title"]:
        assert title in result.stdout
    for text in survey.summaries_of(42).values():
        assert text in result.stdout
    assert survey.sources["name"][42] not in result.stdout


def test_evaluate_shows_a_table_or_one_json_object(call):
    assert "recall@1%" in call("evaluate").stdout
    figures = json.loads(call("evaluate", "--json", "--split", "validation").stdout)
    assert figures["split"] == "validation"


def test_parts_of_an_evaluation_are_computed_once_and_told_in_every_form(call, demo_copy, monkeypatch, tmp_path):
    toys = put_toys(monkeypatch)
    (run_id,) = Catalogue(demo_copy).run_ids("demo")
    first = call("evaluate", run_id, "--part", "latents", config=demo_copy)
    assert f"# Results of run {run_id}" in first.stdout and "## Toy latents" in first.stdout
    assert "25.0% (20.0–30.0)" in first.stdout
    assert "%" in first.stderr
    figures = json.loads(call("evaluate", "--part", "latents", "--part", "fusion", "--json", config=demo_copy).stdout)
    assert list(figures) == ["latents", "fusion"]
    assert figures["latents"]["provenance"]["split"] == "test"
    assert toys["latents"].times == 1
    call("evaluate", "--part", "latents", "--again", config=demo_copy)
    assert toys["latents"].times == 2
    call("evaluate", "--part", "latents", "--split", "validation", config=demo_copy)
    assert toys["latents"].times == 3

    out, report = tmp_path / "out", tmp_path / "docs" / "results.md"
    told = call("evaluate", "--output", out, "--report", report, config=demo_copy)
    quick = [name for name in toys if name != "ablations"]
    assert told.stdout.splitlines() == [f"{3 * len(quick) + 2} files in {out}", f"{len(quick)} parts in {report}"]
    assert report.read_text() == (out / "results.md").read_text()
    assert re.findall(r"^## Toy (.*)", report.read_text(), re.MULTILINE) == quick
    assert (out / "latents.csv").read_text().splitlines()[1:] == [
        "what,share,share_low,share_high", "latents,0.25,0.2,0.3",
    ]  # fmt: skip
    assert toys["ablations"].times == 0
    everything = call("evaluate", "--all", "--output", out, "--json", config=demo_copy)
    assert list(json.loads(everything.stdout)) == list(toys)
    assert toys["ablations"].times == 1


def test_an_evaluation_that_would_mislead_is_refused(call, demo_copy, monkeypatch):
    toys = put_toys(monkeypatch)
    by_training = call("evaluate", "--part", "latents", "--split", "train", config=demo_copy)
    assert is_one_line_error(by_training, "training split", "validation")
    assert is_one_line_error(call("evaluate", "--part", "latents", "--all", config=demo_copy), "--part", "--all")
    assert not any(toy.times for toy in toys.values())
    assert call("evaluate", "--part", "dreams", config=demo_copy).exit_code == 2


def test_maps_are_computed_and_listed(call, demo_copy):
    result = call("project", "text:pca", config=demo_copy)
    assert result.exit_code == 0
    figures = {line.split("\t")[0]: line.split("\t")[1:] for line in result.stdout.splitlines()}
    assert figures.keys() >= {"text:pca", "both:pca"}
    assert all(line[0].startswith("trustworthiness 0.") and line[2].endswith("%") for line in figures.values())
    assert is_one_line_error(call("project", "both:isomap", config=demo_copy), "isomap", "umap")


def test_some_sources_are_compared_with_the_rest(call, demo_copy):
    survey = Catalogue(demo_copy).survey("demo")
    of_class = (survey.sources["source_class"] == "AGN").to_numpy()
    by_class = call("contrast", "--class", "AGN").stdout
    table, words = (part.splitlines() for part in by_class.split("\n\n"))
    assert table[0].startswith("variable\tunit\tmedian_selection")
    assert len(table) == 21
    effects = [abs(float(line.split("\t")[5])) for line in table[1:]]
    assert effects == sorted(effects, reverse=True)
    assert any(line.startswith("AGN\t") for line in words)
    Catalogue(demo_copy).lab.save_selection("demo", "mine", of_class)
    assert call("contrast", "--selection", "mine", config=demo_copy).stdout == by_class
    assert is_one_line_error(call("contrast"), "--class or --selection")
    assert is_one_line_error(call("contrast", "--class", "quark"), "AGN")
    assert is_one_line_error(call("contrast", "--selection", "nobody's"), "not kept")


@pytest.mark.parametrize("suffix", [".vot", ".csv", ".parquet"])
def test_export_writes_the_sources_asked_for(call, small_demo, tmp_path, suffix):
    sources = Catalogue(small_demo).survey("demo").sources
    path = tmp_path / f"agn{suffix}"
    wanted = ((sources["source_class"] == "AGN") & (sources["split"] == "train")).sum()
    result = call("export", path, "--source-class", "AGN", "--split", "train")
    assert result.stdout == f"{wanted} sources in {path}\n"
    assert path.stat().st_size > 0
    assert is_one_line_error(call("export", path), "exists already")


def test_ingest_apply_and_list(call, demo_copy, tmp_path):
    good = write_spectrum(tmp_path / "good.pi", default_counts(1))
    bad = tmp_path / "bad.pi"
    bad.write_bytes(b"")
    result = call("ingest", "ogip", good, bad, "--name", "mine", config=demo_copy)
    assert result.exit_code == 0
    assert result.stdout.startswith("1 sources in ")
    assert [line for line in result.stderr.splitlines() if line.startswith("alignlab: ")] == [
        "alignlab: bad.pi: the file is empty; expected a FITS file"
    ]
    (run_id,) = Catalogue(demo_copy).run_ids("demo")
    applied = call("apply", "--run", run_id, "--survey", "mine", config=demo_copy)
    (line,) = applied.stdout.splitlines()
    assert line.startswith("Test A\t")
    assert line.count(", ") == 4
    assert call("surveys", config=demo_copy).stdout.splitlines()[1] == "mine\tobserved\t1 sources\t0 runs"


ERRORS = {
    "no such run": (("evaluate", "paper-000000"), ("paper-000000", "Choose one of paper-")),
    "no such survey": (("neighbors", "0", "--survey", "nowhere"), ("nowhere", "Choose one of demo")),
    "no such source": (("neighbors", "Cygnus X-1"), ("Cygnus X-1",)),
    "several sources": (("papers", "SIM J"), ("400 sources match", "Give more of the name")),
    "no such representation": (("neighbors", "0", "--representation", "image"), ("image", "spectrum_aligned")),
    "no such class": (("export", "x.csv", "--source-class", "blazar"), ("blazar", "QSO")),
    "no such format": (("export", "x.xlsx"), (".xlsx", ".vot")),
    "absent file": (("ingest", "ogip", "absent.pi", "--name", "mine"), ("absent.pi", "Nothing was written")),
    "absent corpus": (("ingest", "axia", "absent.jsonl", "--name", "mine"), ("absent.jsonl",)),
    "taken name": (("ingest", "ogip", "absent.pi", "--name", "demo"), ("exists already", "--replace")),
    "own survey": (("apply", "--run", "RUN", "--survey", "demo"), ("nothing to apply",)),
}


@pytest.mark.parametrize("what", ERRORS)
def test_an_error_is_one_line_with_a_remedy_and_exit_code_2(call, small_demo, monkeypatch, tmp_path, what):
    monkeypatch.chdir(tmp_path)
    arguments, words = ERRORS[what]
    (run_id,) = Catalogue(small_demo).run_ids("demo")
    result = call(*(run_id if argument == "RUN" else argument for argument in arguments))
    assert is_one_line_error(result, *words)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [
    ("neighbors",), ("evaluate", "--split", "all"), ("demo", "--sources", "3"), ("frobnicate",), ("runs", "--nope"),
])  # fmt: skip
def test_wrong_usage_exits_with_2_and_says_how(call, arguments):
    result = call(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Usage:" in result.stderr


def test_the_demo_that_is_there_is_kept_and_never_passed_off_as_another(call, small_demo):
    before = {path: path.stat().st_mtime_ns for path in small_demo.data_dir.rglob("*")}
    assert call("demo").stdout.startswith("The demo is there")
    assert call("demo", "--sources", SMALL_DEMO_SOURCES, "--seed", 7).exit_code == 0
    for options in (("--seed", 8), ("--sources", 500), ("--seed", 0)):
        assert is_one_line_error(call("demo", *options), "seed 7", "Remove")
    assert {path: path.stat().st_mtime_ns for path in small_demo.data_dir.rglob("*")} == before


def test_a_demo_survey_without_its_run_is_completed_but_not_passed_off_as_another(call, demo_copy):
    shutil.rmtree(demo_copy.runs_dir)
    assert is_one_line_error(call("demo", "--seed", 8, config=demo_copy), "seed 7", "Remove")
    assert call("demo", config=demo_copy).stdout.startswith("The demo is ready")
    assert len(Catalogue(demo_copy).run_ids("demo")) == 1


def test_another_survey_does_not_stand_in_for_the_demo(demo_copy):
    catalogue = Catalogue(demo_copy)
    cut_out(catalogue.survey("demo"), range(5), config=demo_copy, name="aaa")
    assert catalogue.default_survey_name() == "demo"
    with pytest.raises(AlignlabError, match="'aaa' has no run"):
        catalogue.open_workspace("aaa")


def in_a_process(config: Config, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "alignlab", *arguments],
        env={**os.environ, "ALIGNLAB_DATA": str(config.data_dir)},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_json_stands_alone_on_standard_output(small_demo):
    done = in_a_process(small_demo, "evaluate", "--json")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert done.stdout.count("\n") == 1
    retrieval = figures["retrieval"]
    assert 0 <= retrieval["recall_at_1_percent"] <= retrieval["recall_at_5_percent"] <= 1
    assert retrieval["median_rank"] >= 1
    assert retrieval["n_candidates"] == int((Catalogue(small_demo).survey("demo").split == "test").sum())


def test_progress_and_errors_go_to_standard_error(demo_copy, tmp_path):
    path = write_spectrum(tmp_path / "good.pi", default_counts(1))
    done = in_a_process(demo_copy, "ingest", "ogip", str(path), "--name", "mine")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1 sources in ")
    assert "%" in done.stderr
    failed = in_a_process(demo_copy, "evaluate", "paper-000000")
    assert (failed.returncode, failed.stdout) == (2, "")
    assert failed.stderr.count("\n") == 1
    assert failed.stderr.startswith("alignlab: ")
