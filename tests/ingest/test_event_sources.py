from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alignlab.errors import InputFileError
from alignlab.ingest.event_sources import ApertureRules, event_sources
from alignlab.ingest.positions import Positions, read_positions
from alignlab.spectra.grid import energy_grid
from alignlab.spectra.sky_frame import SkyFrame
from tests.spectra.event_files import DEC, RA, STEP, events_hdu, gti_hdu, uniform
from tests.spectra.ogip_files import write

FRAME = SkyFrame(ra=RA, dec=DEC, x=4096.5, y=4096.5, step_x=-STEP, step_y=STEP)
GRID = energy_grid("log")


def at_pixels(*places, names=None) -> Positions:
    x, y = np.array(places, float).T
    ra, dec = FRAME.to_sky(x, y)
    names = names or tuple(f"S{k}" for k in range(len(places)))
    return Positions(names=names, source_classes=("",) * len(places), ra=ra, dec=dec, notes=(), problems=())


def cluster(x, y, n, *, rng, sigma=0.5):
    return (rng.normal(centre, sigma, n).astype(np.float32) for centre in (x, y))


def field(rng, *, sources=(), background=4000):
    """Photons of a square field: background and some sources (x, y, n)."""
    x, y = uniform(background, rng=rng)
    for place in sources:
        more_x, more_y = cluster(*place, rng=rng)
        x, y = np.append(x, more_x), np.append(y, more_y)
    return x, y


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), scale=st.floats(0.5, 6), n=st.integers(1, 5))
def test_photometry_is_that_of_every_event_by_itself(tmp_path, seed, scale, n):
    rng = np.random.default_rng(seed)
    x, y = uniform(3000, rng=rng, low=3900, high=4300)
    energy = rng.uniform(300, 9000, len(x)).astype(np.float32)
    path = write(tmp_path / "e.fits", events_hdu(x, y, energy_ev=energy), gti_hdu((0, 1000)))
    positions = at_pixels(*rng.uniform(3950, 4250, (n, 2)))
    rules = ApertureRules(aperture_scale=3 * scale)
    found = event_sources(path, positions, grid=GRID, rules=rules)
    assert len(found.pieces) + len(found.problems) == n

    axis = SkyCoord(RA, DEC, unit="deg")
    places = SkyCoord(positions.ra, positions.dec, unit="deg")
    theta = axis.separation(places).arcmin
    radius = 3 * scale * (1 + 10 * (theta / 10) ** 2) / 0.492
    centre_x, centre_y = FRAME.to_pixels(positions.ra, positions.dec)
    apart = np.hypot(x[:, None] - centre_x, y[:, None] - centre_y)
    inside = apart <= radius
    kev = energy / 1000
    in_band = (kev >= 0.5) & (kev < 8.0)
    in_channels = (kev >= 30 * 0.0146) & (kev < 554 * 0.0146)
    for piece in found.pieces:
        i = int(piece.name[1:])
        assert len(piece.time_s) == (inside[:, i] & in_band).sum()
        assert piece.channel_counts.sum() == (inside[:, i] & in_channels).sum()
        assert piece.theta_arcmin == pytest.approx(theta[i], rel=1e-6)
        outer = max(5 * radius[i], 20 / 0.492)
        ring = (apart[:, i] > 2 * radius[i]) & (apart[:, i] <= outer)
        ring &= ~np.delete(inside, i, axis=1).any(axis=1) & in_channels
        if piece.channel_background is None:
            continue
        told = piece.channel_background.sum()
        if n == 1 and 3900 + outer < centre_x[i] < 4300 - outer and 3900 + outer < centre_y[i] < 4300 - outer:
            area = outer**2 - (2 * radius[i]) ** 2
            assert told == pytest.approx(ring.sum() * radius[i] ** 2 / area, rel=0.02, abs=1e-9)
        assert (told > 0) == bool(ring.any())


def test_a_faint_source_on_a_background_gives_its_net_counts(tmp_path):
    rng = np.random.default_rng(5)
    x, y = field(rng, sources=[(4200, 4000, 400)], background=40_000)
    path = write(tmp_path / "e.fits", events_hdu(x, y), gti_hdu((0, 1000)))
    (piece,) = event_sources(path, at_pixels((4200, 4000)), grid=GRID).pieces
    net = piece.channel_counts.sum() - piece.channel_background.sum()
    # A Gaussian of half a pixel lies within 2 pixels to 99.97%.
    assert net == pytest.approx(400, abs=6)
    density = 40_000 / 2200**2
    radius = (1 + 10 * (piece.theta_arcmin / 10) ** 2) / 0.492
    assert piece.channel_background.sum() == pytest.approx(np.pi * radius**2 * density, rel=0.5)
    assert (piece.exposure_s, piece.span_s, piece.obsid, piece.detector) == (900, 1000, 77, "ACIS-S")
    assert any("about 90%" in note for note in piece.notes)


def test_sources_outside_or_without_a_photon_are_reported(tmp_path):
    rng = np.random.default_rng(6)
    x, y = field(rng, sources=[(4200, 4000, 50)], background=20_000)
    hole = np.hypot(x - 3500, y - 3500) > 6
    path = write(tmp_path / "e.fits", events_hdu(x[hole], y[hole]), gti_hdu((0, 1000)))
    positions = at_pixels((4200, 4000), (6500, 6500), (3500, 3500), names=("seen", "outside", "dark"))
    far = Positions(
        names=(*positions.names, "behind"), source_classes=("",) * 4, ra=np.append(positions.ra, (RA + 180) % 360),
        dec=np.append(positions.dec, -DEC), notes=(), problems=(),
    )  # fmt: skip
    found = event_sources(path, far, grid=GRID, rules=ApertureRules(aperture_scale=0.5))
    assert [piece.name for piece in found.pieces] == ["seen"]
    told = {problem.where: problem.message for problem in found.problems}
    assert "outside the field" in told["outside"]
    assert "not one photon between 0.5 and 8 keV" in told["dark"]
    assert "other side" in told["behind"]


def test_overlaps_and_edges_are_told(tmp_path):
    rng = np.random.default_rng(7)
    x, y = field(rng, sources=[(4100, 4100, 90), (4102, 4100, 90), (3003, 4000, 90)], background=60_000)
    path = write(tmp_path / "e.fits", events_hdu(x, y), gti_hdu((0, 1000)))
    positions = at_pixels((4100, 4100), (4102, 4100), (3003, 4000), names=("one", "two", "edge"))
    one, two, edge = event_sources(path, positions, grid=GRID).pieces
    assert any("of its aperture lies in that of two; photons there count for each" in note for note in one.notes)
    assert any("overlap" in note for note in two.notes)
    assert not any("overlap" in note for note in edge.notes)
    assert any("of its background ring lies where no photon fell" in note for note in edge.notes)
    assert len(one.time_s) + len(two.time_s) > 180


def test_grades_status_and_good_times_decide_which_events_count(tmp_path):
    x = y = np.full(10, 4096.5, np.float32)
    status = np.zeros((10, 32), bool)
    status[2, 5] = True
    grade = np.array([0, 7, 0, 2, 3, 4, 6, 1, 5, 0])
    time = np.array([10, 10, 10, 10, 10, 10, 150, 10, 10, 250.0])
    hdu = events_hdu(x, y, time=time, grade=grade, status=status)
    path = write(tmp_path / "e.fits", hdu, gti_hdu((0, 100), (200, 300), chip=7))
    found = event_sources(path, at_pixels((4096.5, 4096.5)), grid=GRID)
    (piece,) = found.pieces
    assert len(piece.time_s) == 5
    assert found.facts == {"events": 5, "events of bad grade": 3, "events of bad status": 1,
                           "events outside the good times": 1, "notes": ""}  # fmt: skip
    # The clock runs in the good times alone: 250 s is 50 s into the second interval.
    assert piece.time_s.tolist() == [10, 10, 10, 10, 150]
    assert (piece.exposure_s, piece.span_s) == (180, 200)
    assert any("1 gaps in the good times, 100 s in all" in note for note in piece.notes)


def test_each_chip_has_its_own_exposure(tmp_path):
    rng = np.random.default_rng(8)
    x, y = field(rng, sources=[(3400, 4000, 30), (4800, 4000, 30)], background=9000)
    path = write(
        tmp_path / "e.fits", events_hdu(x, y, chip=np.where(x < 4096, 3, 7)), gti_hdu((0, 1000), chip=3),
        gti_hdu((0, 800), chip=7),
    )  # fmt: skip
    found = event_sources(path, at_pixels((3400, 4000), (4800, 4000)), grid=GRID)
    assert [(piece.detector, piece.exposure_s) for piece in found.pieces] == [("ACIS-I", 900), ("ACIS-S", 720)]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ({"INSTRUME": "HRC"}, "CHANDRA HRC; expected Chandra ACIS"),
        ({"TELESCOP": "XMM", "INSTRUME": "EPN"}, "XMM EPN"),
        ({"TCTYP3": ""}, "nothing and DEC--TAN"),
    ],
)
def test_other_event_files_are_refused(tmp_path, header, words):
    path = write(tmp_path / "e.fits", events_hdu(np.ones(3), np.ones(3), **header))
    with pytest.raises(InputFileError, match=words):
        event_sources(path, at_pixels((1, 1)), grid=GRID)
    with pytest.raises(InputFileError, match="no table EVENTS"):
        event_sources(write(tmp_path / "g.fits", gti_hdu((0, 1))), at_pixels((1, 1)), grid=GRID)


def test_crowded_frames_are_told(tmp_path):
    x = y = np.full(500, 4096.5, np.float32)
    for frame, is_told in ((3.2, True), (0.1, False)):
        path = write(tmp_path / f"{frame}.fits", events_hdu(x, y, TIMEDEL=frame), gti_hdu((0, 1000)))
        (piece,) = event_sources(path, at_pixels((4096.5, 4096.5)), grid=GRID).pieces
        assert any("1.8 photons in a frame of 3.2 s: pile-up" in note for note in piece.notes) == is_told


def test_without_good_times_or_correction_the_header_tells_and_the_notes_say_so(tmp_path):
    x = y = np.full(4, 4096.5, np.float32)
    hdu = events_hdu(x, y, time=np.array([5.0, 6, 7, 9]), DTCOR=0.0, TSTART=9.0, TSTOP=5.0, EXPOSURE=77.0)
    path = write(tmp_path / "e.fits", hdu)
    (piece,) = event_sources(path, at_pixels((4096.5, 4096.5)), grid=GRID).pieces
    assert (piece.exposure_s, piece.span_s) == (77, 4)
    assert any("no good time intervals" in note for note in piece.notes)
    assert any("DTCOR" in note for note in piece.notes)


@pytest.mark.parametrize("suffix", ["fits", "vot", "ecsv", "parquet", "csv"])
def test_positions_in_any_format(tmp_path, suffix):
    from astropy.table import Table

    from alignlab.services.table_files import write_table

    table = Table({"name": ["a", "b"], "ra": [10.5, 359.9], "dec": [-3.25, 88.0]})
    write_table(table, tmp_path / f"p.{suffix}")
    read = read_positions(tmp_path / f"p.{suffix}")
    assert (read.names, read.ra.tolist(), read.dec.tolist()) == (("a", "b"), [10.5, 359.9], [-3.25, 88.0])


def test_sexagesimal_positions_names_and_gaps(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text('Source,RAJ2000,DEJ2000\n"Cyg X-1, the hole",19:58:21.7,+35:12:06\n,5h34m32s,22d00m52s\nempty,,\n')
    read = read_positions(path)
    where = SkyCoord("19h58m21.7s +35d12m06s")
    assert (read.ra[0], read.dec[0]) == pytest.approx((where.ra.deg, where.dec.deg))
    assert read.names == ("Cyg X-1, the hole", "J83.63333+22.01444")
    assert [str(problem) for problem in read.problems] == ["p.csv: row 3 has no position"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name,x,y\na,1,2\n", r"no column of ra or dec \(columns: name, x, y\)"),
        ("name,ra,dec\na,twelve,3\n", "column ra, row 1: 'twelve' is no angle"),
        ("name,ra,dec\na,1:2:3,99:00:00\n", "column dec, row 1: '99:00:00'"),
        ("name,ra,dec\na,1,200\n", "column dec: no value lies within"),
        ("name,ra,dec\na,,\n", "none of 1 rows has a position"),
        ("name,ra,dec\na,1\n", "line 2 has 2 cells where 3 were expected"),
        ("1,2,3\n4,5,6\n", "names of the columns were expected"),
        ("", "the file is empty"),
    ],
)
def test_bad_tables_of_positions_are_one_clear_error(tmp_path: Path, text, words):
    path = tmp_path / "p.csv"
    path.write_text(text)
    with pytest.raises(InputFileError, match=words):
        read_positions(path)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(2880, 40_000), given_bytes=st.binary(min_size=1, max_size=40), packed=st.booleans())
def test_whatever_the_damage_only_our_errors_come_out(tmp_path, at, given_bytes, packed):
    path = tmp_path / "whole.fits"
    if not path.exists():
        rng = np.random.default_rng(10)
        status = rng.random((300, 32)) < 0.001
        write(path, events_hdu(*uniform(300, rng=rng, low=4000, high=4200), status=status), gti_hdu((0, 1000), chip=7))
    content = bytearray(path.read_bytes())
    at %= len(content)
    content[at : at + len(given_bytes)] = given_bytes
    damaged = tmp_path / "damaged.fits"
    damaged.write_bytes(gzip.compress(bytes(content), 1) if packed else bytes(content))
    try:
        found = event_sources(damaged, at_pixels((4100, 4100), (4050, 4150)), grid=GRID)
    except InputFileError as problem:
        assert str(damaged) in str(problem)
        return
    for piece in found.pieces:
        assert piece.exposure_s > 0 and piece.span_s > 0
        assert ((piece.time_s >= 0) & (piece.time_s <= piece.span_s * (1 + 1e-6))).all()
        assert np.isfinite(piece.channel_counts).all()


def test_columns_of_nonsense_are_left_out_and_counted(tmp_path):
    odd = np.array([np.nan, np.inf, -np.inf, 3e38, -3e38, 0.0], np.float32)
    good = np.full(20, 4096.5, np.float32)
    x, y = np.append(good, odd), np.append(good, odd[::-1])
    energy = np.append(np.full(20, 1500.0), odd).astype(np.float32)
    path = write(tmp_path / "e.fits", events_hdu(x, y, energy_ev=energy), gti_hdu((0, 1000)))
    found = event_sources(path, at_pixels((4096.5, 4096.5)), grid=GRID)
    assert len(found.pieces[0].time_s) == 20
    assert found.facts["events without time, place or energy"] == 6
    nothing = events_hdu(np.full(5, np.nan), np.full(5, np.nan), time=np.full(5, np.nan))
    found = event_sources(write(tmp_path / "n.fits", nothing), at_pixels((4096.5, 4096.5)), grid=GRID)
    assert (found.pieces, len(found.problems)) == ((), 1)
    empty = events_hdu(np.zeros(0), np.zeros(0))
    found = event_sources(write(tmp_path / "0.fits", empty), at_pixels((4096.5, 4096.5)), grid=GRID)
    assert (found.pieces, len(found.problems)) == ((), 1)
