"""Object types of SIMBAD and our classes: the shipped table, a person's own, and the agreement with real classes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from alignlab.errors import InputFileError
from alignlab.ingest.csc_table import CLASS_OF
from alignlab.ingest.simbad_classes import SimbadClasses
from alignlab.spectra.population import CLASSES


@pytest.fixture(scope="module")
def classes() -> SimbadClasses:
    return SimbadClasses()


@pytest.mark.parametrize(
    ("otype", "source_class"),
    [
        ("QSO", "QSO"), ("Sy2", "AGN"), ("Seyfert_2", "AGN"), ("Seyfert2", "AGN"), ("BLL", "AGN"), ("LIN", "AGN"),
        ("HXB", "HMXB"), ("LXB", "LMXB"), ("CV*", "CV"), ("CataclyV*", "CV"), ("AM*", "CV"), ("No*", "CV"),
        ("Psr", "pulsar"), ("N*", "pulsar"), ("TT*", "YSO"), ("Or*", "YSO"), ("Y*O", "YSO"), ("*", "star"),
        ("RS*", "star"), ("WR*", "star"), ("Er*", "star"), ("ULX", "ULX"), ("SNR", "SNR"), ("ClG", "galaxy cluster"),
        ("G", ""), ("XB*", ""), ("X", ""), ("GlC", ""), ("WD*", ""), ("Rad", ""), ("?", ""),
        ("of no such type", ""), ("", ""),
    ],
)  # fmt: skip
def test_a_type_has_its_own_class_or_that_of_the_type_above_it(classes, otype, source_class):
    assert classes.class_of(otype) == source_class


def test_candidates_have_a_class_only_when_that_is_wanted(classes):
    generous = SimbadClasses(with_candidates=True)
    for otype in ("AG?", "AGN_Candidate"):
        assert classes.class_of(otype) == "" and generous.class_of(otype) == "AGN"
    assert generous.class_of("CV?") == "CV" and generous.class_of("BL?") == "AGN" and generous.class_of("G?") == ""
    assert classes.digest() != generous.digest()


def test_types_that_only_name_a_band_say_nothing_of_what_it_is(classes):
    assert not any(classes.tells_nature(otype) for otype in ("X", "Rad", "cm", "NIR", "UV", "?", "AG?", "nonsense"))
    assert all(classes.tells_nature(otype) for otype in ("QSO", "G", "*", "XB*", "GlC", "PN"))


def test_the_same_names_mean_the_same_in_tables_of_classes(classes):
    names = set(CLASS_OF) - {"NS", "NS_BIN", "PULSAR", "LM-STAR", "HM-STAR", "STAR"}
    known = {name for name in names if classes.tells_nature(name)}
    assert len(known) > 20
    assert {name: classes.class_of(name) for name in known} == {name: CLASS_OF[name] for name in known}


def table(folder: Path, text: str) -> Path:
    path = folder / "classes.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_persons_table_overrides_types_and_those_below_them(tmp_path, classes):
    path = table(tmp_path, "otype,class,why\nWD*,star,hot ones shine\nAGN,obscured AGN,\nSeyfert1,AGN,\nG,-,\nX,?,\n")
    mine = SimbadClasses(override=path)
    assert mine.class_of("WD*") == "star" and classes.class_of("WD*") == ""
    assert mine.class_of("AGN") == mine.class_of("Sy2") == "obscured AGN"
    assert mine.class_of("Sy1") == "AGN" and mine.class_of("QSO") == "QSO"
    assert mine.digest() != classes.digest()


@pytest.mark.parametrize(
    ("text", "says", "helps"),
    [
        ("otype,class\nQSO,quasar\n", "line 2: 'quasar' is no class", "QSO"),
        ("otype,class\n\nSeyfret1,AGN\n", "line 3: 'Seyfret1' is no object type", "Seyfert1"),
        ("otype,class\nQSO,AGN\nQSO,QSO\n", "line 3: 'QSO' comes a second time", "one"),
        ("type,klass\nQSO,AGN\n", "has no column otype, class", "first line"),
        ('otype,class\n"QSO,AGN\n', "cannot be read as CSV", "UTF-8"),
        ("", "has no column", "otype"),
    ],
)
def test_a_bad_table_is_refused_with_its_line_and_what_would_be_right(tmp_path, text, says, helps):
    path = table(tmp_path, text)
    with pytest.raises(InputFileError) as caught:
        SimbadClasses(override=path)
    assert says in caught.value.problem and helps in caught.value.remedy and "classes.csv" in str(caught.value)


def test_a_table_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputFileError, match="absent"):
        SimbadClasses(override=tmp_path / "absent.csv")


@pytest.mark.real_data
def test_classes_agree_with_those_of_muwclass_and_of_catalogues(real_data: Path, classes):
    known = pd.read_parquet(real_data / "csc20_classes.parquet")
    known["ours"] = [classes.class_of(otype) if isinstance(otype, str) else "" for otype in known["simbad_type"]]
    # Those do not tell quasars from other active galaxies.
    known["ours"] = known["ours"].replace("QSO", "AGN")
    assert set(known["ours"]) - {""} <= set(CLASSES)
    for column, least in (("muw_class", 0.94), ("cat_class", 0.96)):
        theirs = known[column].map(CLASS_OF)
        both = known[theirs.notna() & (known["ours"] != "")]
        assert len(both) > 1000
        assert (both["ours"] == theirs[both.index]).mean() > least, column
