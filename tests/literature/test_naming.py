from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.literature.naming import Names

ALIASES = (
    "2CXO J174540.0-290027", "NAME Sgr A*", "V* V1033 Cas", "* alf Cen", "NGC  1275", "X Per", "3C 273", "4U 1820-30",
    "NAME Crab Nebula", "1RXS J170849.0-400910", "[KRL2007b] 2", "Cen X-4", "NAME Kepler's SNR",
)  # fmt: skip


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("Sgr A* flares daily.", "The source flares daily."),
        ("We observed the Crab nebula.", "We observed the source."),
        ("The optical counterpart of V1033 Cas is a dwarf.", "The optical counterpart of the source is a dwarf."),
        ("NGC1275, NGC 1275 and NGC-1275 are one.", "The source and the source are one."),
        ("Kepler’s SNR is young.", "The source is young."),
        ("X Persei and X Per are Be stars.", "The source and the source are Be stars."),
        ("alpha Centauri or α Cen", "The source or the source"),
        ("4U 1820$-$30, also 4U1820–30, bursts.", "The source, also the source, bursts."),
        ("Another source, NGC 4889, is near.", "Another source, a catalogued object, is near."),
        ("CXOU J170849.0-400910 pulsates.", "A catalogued object pulsates."),
        ("It lies at 17h45m40.04s -29d00m28.1s in the bulge.", "It lies at its position in the bulge."),
        ("It lies at RA = 266.4168.", "It lies at its position."),
    ],
)
def test_names_designations_and_positions_are_taken_out(written, left):
    names = Names(ALIASES)
    assert names.found_in(written)
    assert names.removed_from(written) == left
    assert not names.found_in(left)


@pytest.mark.parametrize(
    "plain",
    [
        "It emits 30% X per cent more.",
        "A power law with Γ = 1.8, kT = 2.1 keV, 10^21 cm^-2 at 2.3 kpc; an M1 dwarf of type Ia.",
        "The cluster has z = 0.0179 and a mass of 3 × 10^14 solar masses.",
        "The ratio 3:2 of the 2-8 keV and 0.5-2 keV bands.",
        "The crab-like remnant of a supernova.",
    ],
)
def test_physics_stays(plain):
    assert Names(ALIASES).removed_from(plain) == plain


_PIECES = st.tuples(st.text(alphabet="ABCXYZ", min_size=2, max_size=4), st.integers(10, 9_999), st.sampled_from(" -~"))


@given(_PIECES, st.sampled_from(["", " ", "-"]), st.sampled_from(["{}", "We see {} flare.", "({})", "{}'s flux, {}."]))
def test_a_name_is_found_however_its_parts_are_joined(pieces, gap, frame):
    letters, number, joined = pieces
    left = Names([f"{letters}{joined}{number}"]).removed_from(frame.format(*[f"{letters}{gap}{number}"] * 2))
    assert letters not in left and str(number) not in left and "source" in left.lower()


@given(st.lists(st.text(max_size=30), max_size=6), st.text(max_size=200))
def test_any_names_and_any_text_are_taken(names, text):
    assert isinstance(Names(names).removed_from(text), str)
