import gzip

import numpy as np
import pytest
from astropy.io import fits

from alignlab.errors import InputFileError
from alignlab.spectra.grid import energy_grid
from alignlab.spectra.ogip import fold, read_arf, read_rmf, read_spectra, read_spectrum
from tests.spectra.ogip_files import (
    CHANNEL_KEV,
    N_CHANNELS,
    N_ENERGIES,
    default_counts,
    spectrum_hdu,
    write,
    write_arf,
    write_rmf,
    write_spectrum,
)


def slow_fold(rmf_path, photons, area=None):
    """Folding by the format's definition, one number at a time."""
    with fits.open(rmf_path, memmap=False) as hdus:
        table = next(h for h in hdus if h.name in {"MATRIX", "RSP_MATRIX", "SPECRESP MATRIX"})
        index = 1 + [c.upper() for c in table.columns.names].index("F_CHAN")
        first = int(table.header.get(f"TLMIN{index}", 1))
        rates = [0.0] * len(hdus["EBOUNDS"].data)
        for i, row in enumerate(table.data):
            starts, lengths = np.atleast_1d(row["F_CHAN"]).tolist(), np.atleast_1d(row["N_CHAN"]).tolist()
            values = np.atleast_1d(row["MATRIX"]).tolist()
            k = 0
            for group in range(int(row["N_GRP"])):
                for channel in range(starts[group], starts[group] + lengths[group]):
                    rates[channel - first] += photons[i] * (1.0 if area is None else float(area[i])) * values[k]
                    k += 1
        return np.array(rates)


@pytest.mark.parametrize("first", [0, 1])
def test_fold_is_the_formats_definition(tmp_path, first):
    rmf_path = write_rmf(tmp_path / "a.rmf", first=first)
    arf_path = write_arf(tmp_path / "a.arf")
    photons = np.random.default_rng(1).uniform(0, 1e-4, N_ENERGIES)
    arf, rmf = read_arf(arf_path), read_rmf(rmf_path)
    with fits.open(arf_path) as hdus:
        area = hdus[1].data["SPECRESP"].astype(float)
    assert fold(photons, arf=arf, rmf=rmf) == pytest.approx(slow_fold(rmf_path, photons, area), rel=1e-12, abs=1e-18)
    both = fold(np.stack([photons, 2 * photons]), arf=arf, rmf=rmf)
    assert both[1] == pytest.approx(2 * both[0], rel=1e-12)


def test_a_diagonal_response_gives_flux_times_area(tmp_path):
    groups = [[(i + 1, np.ones(1))] for i in range(N_ENERGIES)]
    rmf = read_rmf(write_rmf(tmp_path / "d.rmf", groups=groups, n_channels=N_ENERGIES))
    arf = read_arf(write_arf(tmp_path / "d.arf", area=np.full(N_ENERGIES, 250.0)))
    flux = np.linspace(1, 2, N_ENERGIES)
    assert fold(flux, arf=arf, rmf=rmf) == pytest.approx(250 * flux, rel=1e-15)


def test_folding_through_mismatched_responses_is_refused(tmp_path):
    rmf = read_rmf(write_rmf(tmp_path / "a.rmf"))
    arf = read_arf(write_arf(tmp_path / "a.arf", edges=np.linspace(0.2, 9, N_ENERGIES + 1)))
    with pytest.raises(ValueError, match="different energy bins"):
        fold(np.ones(N_ENERGIES), arf=arf, rmf=rmf)
    with pytest.raises(ValueError, match="needs an effective area"):
        fold(np.ones(N_ENERGIES), arf=None, rmf=rmf)
    with pytest.raises(ValueError, match="3 energy bins"):
        fold(np.ones(3), arf=arf, rmf=rmf)


def test_a_full_response_needs_no_arf(tmp_path):
    groups = [[(5, np.full(3, 100.0))] for _ in range(N_ENERGIES)]
    path = write_rmf(tmp_path / "full.rsp", groups=groups, name="SPECRESP MATRIX")
    rmf = read_rmf(path)
    assert rmf.includes_area
    assert fold(np.ones(N_ENERGIES), arf=None, rmf=rmf) == pytest.approx(slow_fold(path, np.ones(N_ENERGIES)))
    write_arf(tmp_path / "x.arf")
    spectrum = read_spectrum(write_spectrum(tmp_path / "x.pi", RESPFILE="full.rsp", ANCRFILE="x.arf"))
    assert spectrum.arf is None
    assert any("includes the effective area" in note for note in spectrum.notes)


def test_a_spectrum_with_all_its_companions(tmp_path):
    write_rmf(tmp_path / "a.rmf")
    write_arf(tmp_path / "a.arf")
    background = np.random.default_rng(5).poisson(1.0, N_CHANNELS)
    write_spectrum(tmp_path / "a_bg.pi", background, BACKSCAL=4e-6, EXPOSURE=2000.0, AREASCAL=0.5)
    path = write_spectrum(tmp_path / "a.pi", BACKFILE="a_bg.pi", ANCRFILE="a.arf", RESPFILE="a.rmf")
    spectrum = read_spectrum(path)
    seen = spectrum.observation
    assert spectrum.notes == ()
    assert (seen.object_name, seen.ra, seen.dec, seen.obsid, seen.detector) == ("Test A", 10.5, -20.25, 123, "ACIS-S")
    assert seen.year == pytest.approx(2010.5, abs=0.01)
    assert spectrum.counts.tolist() == default_counts().tolist()
    # Expected background: ratio of exposures, of extraction areas and of area scalings.
    assert spectrum.background_counts == pytest.approx(background * (1000 / 2000) * (1 / 4) * (1.0 / 0.5))
    grid = energy_grid("linear", n_bins=10)
    counts, under = spectrum.to_grid(grid)
    inside = (np.arange(N_CHANNELS) + 0.5) * CHANNEL_KEV
    assert counts.sum() == pytest.approx(spectrum.counts[(inside > 0.5) & (inside < 8)].sum(), abs=8)
    assert under.sum() == pytest.approx(spectrum.background_counts[(inside > 0.5) & (inside < 8)].sum(), abs=1)


def test_gzipped_files_are_found_whatever_the_header_calls_them(tmp_path):
    for file in (write_rmf(tmp_path / "a.rmf"), write_arf(tmp_path / "A.ARF")):
        (tmp_path / (file.name + ".gz")).write_bytes(gzip.compress(file.read_bytes()))
        file.unlink()
    plain = write_spectrum(tmp_path / "a.pi", RESPFILE="/elsewhere/a.rmf", ANCRFILE="a.arf.gz[SPECRESP]")
    packed = tmp_path / "b.pi"  # gzipped, though its name does not say so
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    for path in (plain, packed):
        spectrum = read_spectrum(path)
        assert spectrum.rmf is not None
        assert spectrum.arf is not None
        assert spectrum.notes == ("the header names no background",)


def test_another_version_of_a_catalogue_product_is_taken_and_said(tmp_path):
    write_rmf(tmp_path / "acisf04487_001N022_r0009_rmf3.fits")
    write_rmf(tmp_path / "acisf04487_001N022_r0010_rmf3.fits")
    path = write_spectrum(
        tmp_path / "acisf04487_001N023_r0009_pha3.fits", RESPFILE="acisf04487_001N023_r0009_rmf3.fits"
    )
    spectrum = read_spectrum(path)
    assert spectrum.rmf.path.name == "acisf04487_001N022_r0009_rmf3.fits"
    assert any("acisf04487_001N022_r0009_rmf3.fits taken instead" in note for note in spectrum.notes)


def test_missing_companions_are_said_and_acis_channels_assumed(tmp_path):
    spectrum = read_spectrum(write_spectrum(tmp_path / "a.pi", BACKFILE="b.pi", ANCRFILE="a.arf", RESPFILE="a.rmf"))
    said = " / ".join(spectrum.notes)
    for words in ("RMF a.rmf (named in the header) is missing", "ARF a.arf", "background b.pi", "14.6 eV assumed"):
        assert words in said
    assert spectrum.edges_kev == pytest.approx(CHANNEL_KEV * np.arange(N_CHANNELS + 1))
    counts, background = spectrum.to_grid(energy_grid())
    assert counts.sum() > 0
    assert background is None
    assert np.isnan(spectrum.background_scale).all()


def test_without_rmf_other_channels_have_no_energies(tmp_path):
    with pytest.raises(InputFileError, match=r"no RMF.*CHANTYPE PHA"):
        read_spectrum(write_spectrum(tmp_path / "a.pha", CHANTYPE="PHA"))


def test_source_and_background_in_one_file(tmp_path):
    background = spectrum_hdu(np.full(N_CHANNELS, 4), HDUCLAS2="BKG", BACKSCAL=1e-5)
    path = write_spectrum(tmp_path / "a_pha3.fits", None, background, BACKFILE="a_pha3.fits")
    spectrum = read_spectrum(path)
    assert spectrum.background_counts == pytest.approx(np.full(N_CHANNELS, 0.4))


def test_a_file_that_names_itself_as_background_has_none(tmp_path):
    spectrum = read_spectrum(write_spectrum(tmp_path / "a.pi", BACKFILE="a.pi"))
    assert spectrum.background is None
    assert any("names the spectrum itself" in note for note in spectrum.notes)


def test_rates_become_counts(tmp_path):
    counts = default_counts()
    spectrum = read_spectrum(write_spectrum(tmp_path / "a.pi", counts / 1000.0, column="RATE"))
    assert spectrum.counts.tolist() == counts.tolist()
    assert any("RATE times EXPOSURE" in note for note in spectrum.notes)


def test_type_two_files_hold_several_spectra(tmp_path):
    rows = np.stack([default_counts(1), default_counts(2)])
    columns = [
        fits.Column("SPEC_NUM", "I", array=[1, 2]),
        fits.Column("CHANNEL", f"{N_CHANNELS}J", array=np.tile(np.arange(1, N_CHANNELS + 1), (2, 1))),
        fits.Column("COUNTS", f"{N_CHANNELS}J", array=rows),
        fits.Column("EXPOSURE", "D", array=[500.0, 700.0]),
    ]
    hdu = fits.BinTableHDU.from_columns(columns, name="SPECTRUM")
    hdu.header.update({"INSTRUME": "ACIS", "CHANTYPE": "PI", "HDUCLAS1": "SPECTRUM"})
    path = write(tmp_path / "two.pha2", hdu)
    first, second = read_spectra(path)
    assert (first.counts.tolist(), second.counts.tolist()) == (rows[0].tolist(), rows[1].tolist())
    assert (first.exposure_s, second.exposure_s) == (500, 700)
    assert any("type II file with 2 spectra" in note for note in read_spectrum(path).notes)


def test_bad_channels_are_noted_and_kept(tmp_path):
    quality = np.zeros(N_CHANNELS, dtype=int)
    quality[:7], quality[10] = 5, 3
    column = fits.Column("QUALITY", "I", array=quality)
    spectrum = read_spectrum(write_spectrum(tmp_path / "a.pi", columns=[column]))
    assert any(f"7 of {N_CHANNELS} channels are flagged as bad" in note for note in spectrum.notes)
    assert spectrum.counts.sum() == default_counts().sum()


def test_a_spectrum_of_fewer_channels_than_its_rmf(tmp_path):
    write_rmf(tmp_path / "a.rmf")
    spectrum = read_spectrum(write_spectrum(tmp_path / "a.pi", default_counts()[:300], first=101, RESPFILE="a.rmf"))
    assert len(spectrum.counts) == N_CHANNELS
    assert spectrum.counts[100:400].tolist() == default_counts()[:300].tolist()
    assert any("300 of the 600 channels" in note for note in spectrum.notes)


def test_an_arf_on_other_energies_is_averaged(tmp_path):
    write_rmf(tmp_path / "a.rmf")
    write_arf(tmp_path / "a.arf", edges=np.linspace(0.1, 10, 500), area=np.full(499, 321.0))
    spectrum = read_spectrum(write_spectrum(tmp_path / "a.pi", RESPFILE="a.rmf", ANCRFILE="a.arf"))
    assert spectrum.arf.area_cm2 == pytest.approx(np.full(N_ENERGIES, 321.0), rel=1e-4)
    assert any("different energy bins" in note for note in spectrum.notes)


SPECTRA = {
    "12845.pi.gz": (1687, None, {"background 12845_bkg.pi"}),
    "179.pi.gz": (2488, 264.8, {"52 observations", "no position"}),
    "3c273.pi.gz": (658, 12.7, set()),
    "9774.pi.gz": (4036, 40.7, {"no usable channel numbers"}),
    "acisf01575_001N001_r0085_pha3.fits.gz": (836, 4.1, set()),
    "acisf04487_001N023_r0009_pha3.fits.gz": (381, 1.9, set()),
}


@pytest.mark.real_data
@pytest.mark.parametrize("name", SPECTRA)
def test_real_spectra_are_read_and_folded(real_data, name):
    counts, background, said = SPECTRA[name]
    spectrum = read_spectrum(real_data / "spectra" / name)
    ours, under = spectrum.to_grid(energy_grid())
    assert ours.sum() == pytest.approx(counts, abs=1)
    assert under is None if background is None else under.sum() == pytest.approx(background, abs=0.1)
    assert all(any(words in note for note in spectrum.notes) for words in said)
    assert len(spectrum.notes) >= len(said)
    assert spectrum.rmf is not None
    energy = 0.5 * (spectrum.rmf.energy_edges_kev[1:] + spectrum.rmf.energy_edges_kev[:-1])
    photons = 1e-4 * energy**-1.7 * np.diff(spectrum.rmf.energy_edges_kev)
    expected = slow_fold(spectrum.rmf.path, photons, spectrum.arf.area_cm2)
    assert fold(photons, arf=spectrum.arf, rmf=spectrum.rmf) == pytest.approx(expected, rel=1e-11, abs=1e-18)
