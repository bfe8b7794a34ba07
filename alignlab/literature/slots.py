"""What stands in a phrase's slots: believed measurements, names of classes, and figures that no spectrum shows."""

from __future__ import annotations

import math
from collections.abc import Callable

from alignlab.literature.claims import Claims
from alignlab.literature.grammar import Pen
from alignlab.literature.phrases_environment import FIELDS
from alignlab.literature.phrases_nature import GROUP_NOUNS, GROUP_OF, NOUNS
from alignlab.literature.phrases_papers import UNKNOWN as UNKNOWN_NOUNS
from alignlab.literature.phrases_spectrum import BLACKBODY_WORDS, PHOTON_INDEX_WORDS, PLASMA_WORDS
from alignlab.literature.phrases_variability import AMPLITUDE_WORDS

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_CONTINUUM_WORDS = {"power law": PHOTON_INDEX_WORDS, "plasma": PLASMA_WORDS, "blackbody": BLACKBODY_WORDS}

#: Figures without a bearing on the spectrum: slot → (smallest, largest, decimals).
_ANY: dict[str, tuple[float, float, int]] = {
    "age_kyr": (1, 40, 0), "age_myr": (1, 12, 0), "alpha_ox": (-1.7, -1.1, 2), "any_mag": (14, 25, 1),
    "arcsec_small": (0.8, 2.5, 1), "bright_mag": (6, 12, 1), "bubble_pc": (100, 400, 0), "delay": (20, 150, 0),
    "density": (0.1, 5, 1), "dist_kpc": (2, 12, 1), "dist_mpc": (3, 30, 1),
    "dist_pc": (15, 400, 0), "dist_sat": (45, 65, 0), "dist_yso": (140, 900, 0), "dm": (20, 500, 0),
    "edd": (0.01, 0.6, 2), "efficiency": (0.01, 0.3, 2), "extinction": (0.1, 8, 1), "n_members": (12, 240, 0),
    "offset_arcsec": (2, 15, 0), "orbit_d": (3, 90, 1), "orbit_h": (1.2, 12, 1), "percent": (1, 40, 0),
    "proper_motion": (20, 300, 0), "radio_digit": (3, 8, 0), "radio_mjy": (0.1, 30, 1), "rotation_d": (0.5, 12, 1),
    "snr_size": (0.5, 12, 1), "star_mass": (0.2, 3, 1), "vel_disp": (300, 1100, 0), "vmag": (12, 21, 1),
    "wd_mass": (0.6, 1.1, 2), "year": (1994, 2024, 0), "year_before": (1992, 1998, 0), "pulse_ms": (40, 900, 0),
}  # fmt: skip
#: The same as powers of ten: slot → smallest and largest exponent.
_ANY_POWER: dict[str, tuple[float, float]] = {"bh_mass": (6.3, 9.0), "edot": (33.0, 37.0), "ulx_lum": (39.3, 40.5)}
_ANY_WORD: dict[str, tuple[str, ...]] = {
    "ob_type": ("B0", "B1", "B2", "O6.5", "O9"),
    "sptype": ("G5", "K2", "K7", "M1", "M3", "M4.5", "F8"),
    "yso_class": ("I", "II", "III"),
}


class Slots(dict[str, str]):
    """The slots of one source, filled when a phrase first asks for one, so that a text does not contradict itself.

    Parameters
    ----------
    claims : Claims
        What is believed about all sources.
    row : int
        The source.
    pen : Pen
        Turned to the source.
    surroundings : str
        Key of `phrases_environment.FIELDS`.
    year : int
        Of the paper.
    """

    def __init__(self, claims: Claims, row: int, *, pen: Pen, surroundings: str, year: int) -> None:
        super().__init__(year=str(year), year_before=str(year - 3))
        self._claims, self._row, self._pen, self._surroundings = claims, row, pen, surroundings

    def __missing__(self, name: str) -> str:
        text = self._fill(name)
        self[name] = text
        return text

    def _fill(self, name: str) -> str:
        if name in _ANY:
            low, high, decimals = _ANY[name]
            return _signed(low + (high - low) * self._pen.draw(), decimals)
        if name in _ANY_POWER:
            low, high = _ANY_POWER[name]
            return scientific(10 ** (low + (high - low) * self._pen.draw()))
        if name in _ANY_WORD:
            return self._pen.pick(_ANY_WORD[name])
        return _BELIEVED[name](self)

    def value(self, name: str) -> float:
        """A believed value."""
        return float(self._claims.values[name][self._row])

    def noun(self, source_class: str) -> str:
        """A class in a few words."""
        return NOUNS[source_class].write_within(self._pen, {})

    def _believed_class(self) -> str:
        return self._claims.believed_class[self._row]

    def _redshift(self) -> str:
        known = self.value("redshift")
        return f"{known if math.isfinite(known) and known > 0.005 else 0.02 + 1.4 * self._pen.draw() ** 2:.2f}"

    def _spin(self) -> str:
        period = self.value("period")
        if not math.isfinite(period) or period <= 0:
            period = 10 ** (3 * self._pen.draw())
        if period < 1:
            return f"{1000 * period:.0f} ms"
        return f"{period:.1f} s" if period < 1000 else f"{period / 3600:.1f} h"

    def _continuum_word(self) -> str:
        words = _CONTINUUM_WORDS[self._claims.continuum[self._row]]
        level = min(self._claims.level["continuum"][self._row], len(words) - 1)
        return words[level].write_within(self._pen, {})

    def _amplitude_word(self) -> str:
        return AMPLITUDE_WORDS[self._claims.level["amplitude"][self._row]].write_within(self._pen, {})

    def _other_value(self) -> str:
        scatter = self.value("other") / 1.8
        if self._claims.continuum[self._row] == "power law":
            return f"a photon index of {self.value('gamma') + 0.25 * scatter:.1f}"
        return f"a temperature of {self.value('kt') * math.exp(0.25 * scatter):.1g} keV"

    def _flare_factor(self) -> str:
        return f"{max(1.0 + self.value('amplitude'), 1.3):.1f}"

    def _pulsed(self) -> str:
        return f"{min(max(100 * self.value('amplitude'), 5), 95):.0f}"

    def _what(self) -> str:
        return self._pen.pick(UNKNOWN_NOUNS).write_within(self._pen, {})

    def _field(self) -> str:
        return self._pen.pick(FIELDS[self._surroundings]).write_within(self._pen, self)

    def _group(self) -> str:
        return GROUP_NOUNS[GROUP_OF[self._believed_class()]].write_within(self._pen, {})

    def _old(self) -> str:
        return self.noun(self._claims.old_class[self._row])


_BELIEVED: dict[str, Callable[[Slots], str]] = {
    "abundance": lambda s: f"{s.value('abundance'):.1f}",
    "amplitude_word": Slots._amplitude_word,
    "column": lambda s: f"{scientific(1e20 * s.value('column'))} cm⁻²",
    "continuum_word": Slots._continuum_word,
    "counts": lambda s: f"{_round_to(s.value('counts'), 2):.0f}",
    "fe_ew": lambda s: f"{_round_to(s.value('fe_ew'), 2):.0f}",
    "field": Slots._field,
    "flare_factor": Slots._flare_factor,
    "flux": lambda s: scientific(s.value("flux")),
    "gamma": lambda s: _signed(s.value("gamma"), 2 if s.value("gamma_error") < 0.1 else 1),
    "gamma_error": lambda s: f"{max(s.value('gamma_error'), 0.01):.2f}",
    "group": Slots._group,
    "hardness": lambda s: _signed(s.value("hardness"), 1),
    "kt": lambda s: f"{_round_to(s.value('kt'), 2):g}",
    "kt2": lambda s: f"{_round_to(s.value('kt2'), 2):g}",
    "kt_error": lambda s: f"{_round_to(max(s.value('kt_error'), 0.01), 1):g}",
    "noun": lambda s: s.noun(s._believed_class()),
    "old": Slots._old,
    "other_value": Slots._other_value,
    "pulse": lambda s: f"{s['pulse_ms']} ms",
    "pulsed": Slots._pulsed,
    "spin": Slots._spin,
    "what": Slots._what,
    "z": Slots._redshift,
}


def scientific(value: float) -> str:
    """A number as ``3 × 10²¹``, or ``2.5 × 10²¹`` below three."""
    exponent = math.floor(math.log10(value))
    mantissa = value / 10**exponent
    digits = f"{mantissa:.0f}" if mantissa >= 3 else f"{mantissa:.1f}"
    if digits == "10":
        digits, exponent = "1", exponent + 1
    return f"{digits} × 10{str(exponent).translate(_SUPERSCRIPTS)}"


def _signed(value: float, decimals: int) -> str:
    text = f"{value:.{decimals}f}"
    return (text if float(text) else text.lstrip("-")).replace("-", "−")


def _round_to(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")
