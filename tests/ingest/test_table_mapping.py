from __future__ import annotations

import gzip

import numpy as np
import pytest
from astropy import units as u
from astropy.io import fits
from astropy.table import MaskedColumn, Table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alignlab.errors import AlignlabError, InputFileError
from alignlab.ingest.source_table import read_source_table
from alignlab.ingest.table_mapping import map_table, parse_pairs
from alignlab.ingest.table_quantities import QUANTITIES
from alignlab.services.table_files import write_table

SUFFIXES = ("fits", "vot", "ecsv", "csv", "parquet")


def csv_of(tmp_path, text, name="t.csv"):
    (tmp_path / name).write_text(text)
    return read_source_table(tmp_path / name)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_format_gives_the_same_table(tmp_path, suffix):
    table = Table(
        {
            "name": ["Cyg X-1", "M 82, X-1", ""],
            "ra": np.array([299.59, 148.96, 10.0]) * u.deg,
            "HS": [0.5, np.nan, -0.25],
            "n": MaskedColumn([3, 4, 5], mask=[False, True, False]),
        }
    )
    table["HS"].info.meta = {"ucd": "phot.color"}
    write_table(table, tmp_path / f"t.{suffix}")
    read = read_source_table(tmp_path / f"t.{suffix}")
    columns = {name.lower(): column for name, column in read.columns.items()}
    assert read.n_rows == 3
    assert columns["name"].values.tolist() == ["Cyg X-1", "M 82, X-1", ""]
    assert np.array_equal(columns["hs"].values, [0.5, np.nan, -0.25], equal_nan=True)
    assert np.array_equal(columns["n"].values, [3, np.nan, 5], equal_nan=True)
    if suffix != "csv":
        assert columns["ra"].unit == "deg"
        assert columns["hs"].ucd == "phot.color"


def test_a_mapping_in_a_persons_words(tmp_path):
    table = csv_of(tmp_path, "id;HS;kT [K];NH (cm-2)\nA;0.25;1.16e7;3e21\nB;;2.32e7;\n")
    mapped = map_table(table, mapping={"hard_hs": "hs", "bb_kt": "kT", "powlaw_nh": "NH", "name": "id"})
    assert mapped.columns == {"hard_hs": "HS", "bb_kt": "kT", "powlaw_nh": "NH", "name": "id"}
    assert mapped.text("name").tolist() == ["A", "B"]
    assert np.array_equal(mapped.number("hard_hs"), [0.25, np.nan], equal_nan=True)
    assert mapped.number("bb_kt") == pytest.approx([1.0, 2.0], rel=1e-3)  # k is 8.617e-5 eV/K
    assert mapped.number("powlaw_nh")[0] == pytest.approx(30)
    assert np.isnan(mapped.number("powlaw_gamma")).all()


#: Units that a column may have, and by hand what turns them into ours.
BY_HAND = {
    "powlaw_nh": {"cm-2": 1e-20, "1e22 cm-2": 100.0, "1/m2": 1e-24, "1e20 cm**-2": 1.0, "10**21 cm**-2": 10.0},
    "exposure_s": {"s": 1.0, "ks": 1000.0, "h": 3600.0, "ksec": 1000.0, "d": 86400.0},
    "bb_kt": {"keV": 1.0, "eV": 1e-3, "MeV": 1e3, "erg": 6.241509074e8, "K": 8.617333262e-8},
    "theta_arcmin": {"arcmin": 1.0, "deg": 60.0, "arcsec": 1 / 60, "rad": 60 * 180 / np.pi},
    "ra": {"deg": 1.0, "rad": 180 / np.pi, "h": 15.0, "hourangle": 15.0, "arcmin": 1 / 60},
    "hard_hs": {"": 1.0, "%": 0.01},
}


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), ours=st.sampled_from(sorted(BY_HAND)), share=st.floats(0.001, 0.9), by_option=st.booleans())
def test_units_are_converted_as_by_hand(tmp_path, data, ours, share, by_option):
    unit = data.draw(st.sampled_from(sorted(BY_HAND[ours])))
    factor = BY_HAND[ours][unit]
    known = QUANTITIES[ours]
    wanted = share * min(known.highest, 1e4)
    title = "V" if by_option or not unit else f"V [{unit}]"
    table = csv_of(tmp_path, f"name,{title}\na,{wanted / factor!r}\nb,\n")
    units = {"V": unit} if by_option and unit else {}
    mapped = map_table(table, mapping={ours: "V"}, units=units)
    assert mapped.number(ours)[0] == pytest.approx(wanted, rel=1e-6)
    assert np.isnan(mapped.number(ours)[1])


@pytest.mark.parametrize(
    ("title", "mapping", "units", "words"),
    [
        ("NH [furlong2]", {"powlaw_nh": "NH"}, {}, "column NH is in 'furlong2', a unit that nobody knows"),
        ("NH [keV]", {"powlaw_nh": "NH"}, {}, "column NH is in 'keV', which is no 1e20"),
        ("NH", {"powlaw_nh": "NH"}, {}, "column NH has no unit; powlaw_nh needs one.*--unit 'NH=1e20"),
        ("NH", {"powlaw_nh": "NH"}, {"NH": "smoots"}, "column NH is in 'smoots'"),
        ("NH [cm-2]", {"powlaw_nh": "HN"}, {}, "no column 'HN'. Choose from name, NH"),
        ("NH [cm-2]", {"powlaw_n": "NH"}, {}, "nothing is called 'powlaw_n' here. Did you mean .*powlaw_nh"),
        ("NH [cm-2]", {}, {"N": "cm-2"}, "--unit N: the table has no column 'N'"),
        ("HS [cm]", {"hard_hs": "HS"}, {}, "column HS is in 'cm', which is no pure number"),
        ("HS", {"hard_hs": "HS"}, {}, "column HS: no value lies within what hard_hs can be"),
        ("HS", {"hard_hs": "name"}, {}, "column name holds text such as 'a'"),
    ],
)
def test_wrong_units_and_names_are_errors_that_name_the_column(tmp_path, title, mapping, units, words):
    table = csv_of(tmp_path, f"name,{title}\na,3e21\n")
    with pytest.raises(AlignlabError, match=words):
        map_table(table, mapping=mapping, units=units)


def test_guesses_are_told_and_never_made_twice(tmp_path):
    votable = Table({"obj": ["x"], "alpha": [12.0], "delta": [-3.0], "G": [1.7], "z": [0.5]})
    ucds = {"obj": "meta.id;meta.main", "alpha": "pos.eq.ra;meta.main", "delta": "pos.eq.dec;meta.main",
            "G": "spect.index;em.X-ray", "z": "src.redshift"}  # fmt: skip
    for name, ucd in ucds.items():
        votable[name].info.meta = {"ucd": ucd}
    votable["alpha"].unit = votable["delta"].unit = "deg"
    write_table(votable, tmp_path / "t.vot")
    mapped = map_table(read_source_table(tmp_path / "t.vot"))
    # A redshift is not that of a plasma's fit: nobody said so.
    assert mapped.columns == {"name": "obj", "ra": "alpha", "dec": "delta", "powlaw_gamma": "G"}
    assert "column G taken for powlaw_gamma (by its UCD spect.index;em.X-ray)" in mapped.notes
    mapped = map_table(read_source_table(tmp_path / "t.vot"), mapping={"hard_hs": "z"}, units={})
    assert mapped.number("hard_hs").tolist() == [0.5]


def test_two_columns_of_one_ucd_are_not_guessed(tmp_path):
    table = Table({"a": [1.0], "b": [2.0]})
    for name in "ab":
        table[name].info.meta = {"ucd": "pos.eq.ra"}
    write_table(table, tmp_path / "t.vot")
    assert map_table(read_source_table(tmp_path / "t.vot")).columns == {}


def test_what_cannot_be_is_missing_and_told(tmp_path):
    table = csv_of(tmp_path, "name,hard_hs,class\na,0.5,Seyfert_1\nb,-999,my class\nc,inf,\n")
    mapped = map_table(table)
    assert np.array_equal(mapped.number("hard_hs"), [0.5, np.nan, np.nan], equal_nan=True)
    assert mapped.text("source_class").tolist() == ["AGN", "my class", ""]
    assert "column hard_hs: 1 values outside -1 to 1 are taken as missing" in mapped.notes
    assert "classes renamed: Seyfert_1 to AGN" in mapped.notes


def test_pairs_as_people_type_them():
    assert parse_pairs([" a = b ", "c=d=e"], option="--map", example="x=y") == {"a": "b", "c": "d=e"}
    with pytest.raises(AlignlabError, match="--map 'ab' is no pair"):
        parse_pairs(["ab"], option="--map", example="x=y")
    with pytest.raises(AlignlabError, match="names 'a' twice"):
        parse_pairs(["a=b", "a=c"], option="--map", example="x=y")


def test_columns_of_nothing_but_nan_and_magic_integers(tmp_path):
    columns = [
        fits.Column("name", "5A", array=np.array(["a", "b"])),
        fits.Column("powlaw_gamma", "E", array=np.array([np.nan, np.nan])),
        fits.Column("obsid", "J", null=-99, array=np.array([-99, 5])),
        fits.Column("hard_hs", "2E", array=np.zeros((2, 2))),
    ]
    fits.BinTableHDU.from_columns(columns).writeto(tmp_path / "t.fits")
    mapped = map_table(read_source_table(tmp_path / "t.fits"))
    assert np.isnan(mapped.number("powlaw_gamma")).all()
    assert np.array_equal(mapped.number("obsid"), [np.nan, 5], equal_nan=True)
    assert "hard_hs" not in mapped.columns  # an array is not one number
    with pytest.raises(InputFileError, match="column HARD_HS holds arrays"):
        map_table(read_source_table(tmp_path / "t.fits"), mapping={"hard_hs": "hard_hs"})


@pytest.fixture(scope="module")
def small_files(tmp_path_factory):
    """One small table in each format, as bytes."""
    folder = tmp_path_factory.mktemp("formats")
    table = Table({"name": ["a", "b"], "ra": [1.0, 2.0] * u.deg, "dec": [3.0, 4.0] * u.deg, "hard_hs": [0.5, 0.25]})
    for suffix in SUFFIXES:
        write_table(table, folder / f"t.{suffix}")
    return {suffix: (folder / f"t.{suffix}").read_bytes() for suffix in SUFFIXES}


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    suffix=st.sampled_from(SUFFIXES), at=st.integers(0, 20_000), given_bytes=st.binary(min_size=0, max_size=30),
    cut=st.booleans(), packed=st.booleans(),
)  # fmt: skip
def test_whatever_the_damage_only_our_errors_come_out(tmp_path, small_files, suffix, at, given_bytes, cut, packed):
    content = bytearray(small_files[suffix])
    at %= len(content)
    content[at : len(content) if cut else at + len(given_bytes)] = given_bytes
    path = tmp_path / f"t.{suffix}"
    path.write_bytes(gzip.compress(bytes(content), 1) if packed else bytes(content))
    try:
        map_table(read_source_table(path))
    except AlignlabError as problem:
        assert str(path) in str(problem)


def test_the_real_catalogue_needs_no_mapping(real_data):
    mapped = map_table(read_source_table(real_data / "csc20_detections.parquet"))
    assert mapped.table.n_rows == 34_649
    held = [name for name in QUANTITIES if name in mapped.columns and name.startswith(("hard_", "powlaw_", "bb_"))]
    assert len(held) == 3 * 3 + 2 * 3 + 1 + 2 * 3 + 1
    assert np.isfinite(mapped.number("powlaw_gamma")).sum() == 3295
