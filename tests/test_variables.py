from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest
from astropy.io.votable.ucd import parse_ucd

from alignlab.variables import (
    BANDS,
    BY_NAME,
    MIN_NET_COUNTS_FOR_FITS,
    NH_UNIT,
    VARIABLE_NAMES,
    VARIABLES,
    variable,
)

#: Table 1 of the paper, in its order.
TABLE_1 = (
    "hard_hs", "hard_ms", "hard_hm", "var_prob_b", "var_index_b", "powlaw_gamma", "powlaw_nh", "powlaw_stat",
    "bb_kt", "bb_nh", "bb_stat", "brems_kt", "brems_nh", "brems_stat", "apec_kt", "apec_abund", "apec_z", "apec_nh",
    "apec_stat", "flux_significance_b",
)  # fmt: skip

each_variable = pytest.mark.parametrize("wanted", VARIABLES, ids=VARIABLE_NAMES)


def test_the_twenty_variables_stand_in_the_order_of_the_paper():
    assert VARIABLE_NAMES == TABLE_1
    assert tuple(BY_NAME) == TABLE_1
    assert variable("powlaw_nh") is VARIABLES[6]


def test_bands_are_those_of_the_catalogue():
    assert BANDS == {"soft": (0.5, 1.2), "medium": (1.2, 2.0), "hard": (2.0, 7.0), "broad": (0.5, 7.0)}
    assert MIN_NET_COUNTS_FOR_FITS == 150


@each_variable
def test_unit_and_ucd_are_those_of_the_standards(wanted):
    u.Unit(wanted.unit, parse_strict="raise")
    words = parse_ucd(wanted.ucd, check_controlled_vocabulary=True)
    assert words


@each_variable
def test_labels_and_descriptions_can_be_read(wanted):
    assert wanted.label
    assert wanted.description.endswith(".")
    assert len(wanted.description.split()) >= 5
    assert wanted.label_with_unit == (f"{wanted.label} ({wanted.display_unit})" if wanted.unit else wanted.label)


@each_variable
def test_ranges_and_scales_fit_each_other(wanted):
    low, high = wanted.valid_range
    assert low < high
    assert np.isfinite([low, high]).all()
    assert wanted.scale in ("linear", "log", "asinh")
    if wanted.scale == "log":
        assert low >= 0
    if wanted.diverging:
        assert low == -high


def test_units_of_columns_and_temperatures():
    for wanted in VARIABLES:
        if wanted.name.endswith("_nh"):
            assert wanted.unit == NH_UNIT
            assert u.Unit(wanted.unit).to(u.cm**-2) == pytest.approx(1e20)
        elif wanted.name.endswith("_kt"):
            assert u.Unit(wanted.unit) == u.keV
        else:
            assert wanted.unit == ""


def test_variables_of_fits_are_those_of_the_four_models():
    assert {v.name for v in VARIABLES if v.from_fit} == {
        name for name in TABLE_1 if name.startswith(("powlaw_", "bb_", "brems_", "apec_"))
    }


@pytest.mark.parametrize(("name", "first", "second"), [
    ("hard_hs", "hard", "soft"), ("hard_ms", "medium", "soft"), ("hard_hm", "hard", "medium"),
])  # fmt: skip
def test_a_hardness_names_its_bands_with_their_energies(name, first, second):
    hardness = variable(name)
    assert hardness.diverging
    assert hardness.valid_range == (-1.0, 1.0)
    assert "photon fluxes" in hardness.description
    for band in (first, second):
        assert f"{band} ({BANDS[band][0]}–{BANDS[band][1]} keV)" in hardness.description
    assert hardness.description.index(first) < hardness.description.index(f"and {second}")


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(KeyError, match="flux_significance_b"):
        variable("hardness")
