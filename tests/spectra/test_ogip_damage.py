"""Whatever is wrong with a file: an `InputFileError` that names it, never another exception, never a warning."""

import gzip

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alignlab.errors import InputFileError
from alignlab.spectra.ogip import read_arf, read_rmf, read_spectrum
from tests.spectra.ogip_files import N_CHANNELS, default_counts, write, write_arf, write_rmf, write_spectrum

QUIET = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def with_value(value, *, at=17):
    counts = default_counts().astype(float)
    counts[at] = value
    return counts


def image(path):
    return fits.PrimaryHDU(np.zeros((4, 4))).writeto(path) or path


WRONG = {
    "negative counts": (lambda p: write_spectrum(p, with_value(-1)), "COUNTS is negative in row 18"),
    "NaN": (lambda p: write_spectrum(p, with_value(np.nan)), "COUNTS is not a number in row 18"),
    "all zero": (lambda p: write_spectrum(p, np.zeros(N_CHANNELS, int)), "all 600 channels are zero"),
    "no counts": (lambda p: write_spectrum(p, drop=("COUNTS",)), r"HDU 1 \(SPECTRUM\): no column COUNTS or RATE"),
    "no exposure": (lambda p: write_spectrum(p, EXPOSURE=None), "no keyword EXPOSURE"),
    "negative exposure": (lambda p: write_spectrum(p, EXPOSURE=-3.0), "EXPOSURE is -3"),
    "zero backscal": (lambda p: write_spectrum(p, BACKSCAL=0.0), "BACKSCAL is 0"),
    "absurd counts": (lambda p: write_spectrum(p, with_value(1e300)), "which no X-ray spectrum does"),
    "an ARF": (write_arf, r"no spectrum in it \(tables: 1 \(SPECRESP\)\)"),
    "an RMF": (write_rmf, "no spectrum in it"),
    "an image": (image, "no table at all"),
    "empty": (lambda p: p.write_bytes(b""), "the file is empty"),
    "text": (lambda p: p.write_text("channel counts\n1 2\n"), "not a FITS file"),
    "zip": (lambda p: p.write_bytes(b"PK\x03\x04" + bytes(3000)), "not a FITS file"),
    "half a gzip": (lambda p: p.write_bytes(gzip.compress(write_spectrum(p).read_bytes())[:2000]), "truncated"),
    "rotten gzip": (
        lambda p: p.write_bytes(gzip.compress(write_spectrum(p).read_bytes())[:-8] + bytes(8)),
        "damaged gzip data",
    ),
    "truncated": (lambda p: p.write_bytes(write_spectrum(p).read_bytes()[:-3000]), "truncated"),
    "channels twice": (
        lambda p: write_spectrum(
            p, drop=("CHANNEL",), columns=[fits.Column("CHANNEL", "J", array=np.ones(N_CHANNELS, int))]
        ),
        "CHANNEL is not consecutive",
    ),
    "grating": (
        lambda p: write_spectrum(p, columns=[fits.Column("TG_M", "I", array=np.ones(N_CHANNELS, int))]),
        "a grating spectrum",
    ),
    "text column": (
        lambda p: write(
            p,
            fits.BinTableHDU.from_columns(
                [fits.Column("CHANNEL", "J", array=[1, 2]), fits.Column("COUNTS", "3A", array=["a", "b"])],
                name="SPECTRUM", header=fits.Header({"EXPOSURE": 1.0}),
            ),
        ),
        "column COUNTS holds",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", WRONG)
def test_each_wrong_file_is_named_with_what_was_expected(tmp_path, kind):
    build, words = WRONG[kind]
    path = tmp_path / "wrong.pi"
    build(path)
    with pytest.raises(InputFileError, match=words) as caught:
        read_spectrum(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(InputFileError, match="no such file"):
        read_spectrum(tmp_path / "a.pi")
    with pytest.raises(InputFileError, match="is a folder"):
        read_spectrum(tmp_path)


def test_channels_that_contradict_the_rmf(tmp_path):
    write_rmf(tmp_path / "a.rmf", n_channels=300)
    path = write_spectrum(tmp_path / "a.pi", RESPFILE="a.rmf")
    with pytest.raises(InputFileError, match=r"its channels are 1 to 600, those of its RMF a.rmf 1 to 300"):
        read_spectrum(path)


def test_a_damaged_companion_is_left_out_when_found_and_an_error_when_given(tmp_path):
    write_rmf(tmp_path / "a.rmf")
    broken = tmp_path / "a.arf"
    broken.write_bytes(write_arf(broken).read_bytes()[:-3000])
    path = write_spectrum(tmp_path / "a.pi", RESPFILE="a.rmf", ANCRFILE="a.arf")
    spectrum = read_spectrum(path)
    assert spectrum.arf is None
    assert any(note.startswith("ARF left out: a.arf") for note in spectrum.notes)
    with pytest.raises(InputFileError, match=r"a\.arf"):
        read_spectrum(path, arf=broken)


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        ([[(595, np.ones(20))]], r"row 1: channels 595 to 614 lie outside the 600"),
        ([[(5, np.array([0.1, np.nan]))]], "NaN or negative"),
        ([[(5, np.array([0.1, -0.5]))]], "NaN or negative"),
        ([[(5, np.zeros(3))]], "zero everywhere"),
    ],
)
def test_impossible_matrices_are_refused(tmp_path, groups, words):
    with pytest.raises(InputFileError, match=words):
        read_rmf(write_rmf(tmp_path / "a.rmf", groups=groups))


@pytest.mark.parametrize("area", [-1.0, np.nan, 0.0])
def test_impossible_areas_are_refused(tmp_path, area):
    values = np.full(80, 0.0 if area == 0 else 100.0)
    values[3] = area
    with pytest.raises(InputFileError, match="SPECRESP"):
        read_arf(write_arf(tmp_path / "a.arf", area=values))


def attempt(read, path, content):
    path.write_bytes(content)
    try:
        read(path)
    except InputFileError as problem:
        assert str(path) in str(problem)
        assert len(str(problem)) < 600


def damage(data, content):
    """Flip some bytes of a file, mostly in its headers, and perhaps cut it."""
    content = bytearray(content)
    for _ in range(data.draw(st.integers(0, 6))):
        end = data.draw(st.sampled_from([len(content), min(len(content), 12_000)]))
        content[data.draw(st.integers(0, end - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content))) :]
    return bytes(content)


@given(data=st.data())
@QUIET
def test_damaged_spectra_never_surprise(tmp_path, data):
    background = fits.BinTableHDU.from_columns(
        [fits.Column("CHANNEL", "J", array=np.arange(1, 601)), fits.Column("COUNTS", "J", array=default_counts(3))],
        name="SPECTRUM", header=fits.Header({"HDUCLAS2": "BKG", "EXPOSURE": 100.0}),
    )  # fmt: skip
    sound = write_spectrum(tmp_path / "sound.pi", None, background).read_bytes()
    attempt(read_spectrum, tmp_path / "damaged.pi", damage(data, sound))


@given(data=st.data())
@QUIET
def test_damaged_responses_never_surprise(tmp_path, data):
    attempt(read_rmf, tmp_path / "damaged.rmf", damage(data, write_rmf(tmp_path / "sound.rmf").read_bytes()))
    attempt(read_arf, tmp_path / "damaged.arf", damage(data, write_arf(tmp_path / "sound.arf").read_bytes()))


@pytest.mark.real_data
@given(data=st.data())
@settings(QUIET, max_examples=60)
def test_damaged_catalogue_products_never_surprise(real_data, tmp_path, data):
    packed = (real_data / "spectra" / "acisf04487_001N023_r0009_pha3.fits.gz").read_bytes()
    content = packed if data.draw(st.booleans()) else gzip.decompress(packed)
    attempt(read_spectrum, tmp_path / "damaged_pha3.fits", damage(data, content))
