"""Colour scales and class colours, shared by the map in the browser, the figures and the cards.

Scales are laid out anew from a few published anchors so that equal steps of value are equal steps of OKLab distance
(Ottosson 2020, https://bottosson.github.io/posts/oklab/): perceptually uniform by construction. The class colours were
chosen by maximising the smallest OKLab distance between any two of them for normal, deuteranope and protanope vision
(Viénot, Brettel & Mollon 1999); a test holds the distances.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

LEVELS = 256
#: cividis: Nuñez, Anderton & Renslow 2018 (doi:10.1371/journal.pone.0199239); ten colours of it.
_CIVIDIS = ("00224e", "123570", "3b496c", "575d6d", "707173", "8a8678", "a59c74", "c3b369", "e1cc55", "fee838")
#: batlow: Crameri 2018 (doi:10.5281/zenodo.1243862), its ten-colour version.
_BATLOW = ("011959", "103f60", "1c5a62", "3c6d56", "687b3e", "9d892b", "d29343", "f8a17b", "fdb7bc", "faccfa")
#: Ends and centre of our diverging scales; the centre is a grey that no missing value has.
_DIVERGING = {
    "light": ("08306b", "2f79b5", "aaa69e", "c8702a", "6b2503"),
    "dark": ("9fd0ff", "3f86c9", "6e6a64", "c9742e", "ffcb94"),
}
_MISSING = {"light": "ced3da", "dark": "403c3e"}
#: Part of a sequential scale that stands out from a light and from a dark page.
_PART = {"light": (0.0, 0.94), "dark": (0.14, 1.0)}
_ORDER = (
    "AGN",
    "obscured AGN",
    "QSO",
    "star",
    "YSO",
    "HMXB",
    "LMXB",
    "CV",
    "ULX",
    "pulsar",
    "SNR",
    "galaxy cluster",
)
#: In the order above, six digits each.
_CLASSES = {
    "light": "0c7beb511ca5006c9a836501dd927085131bae0062c9769cb999f86bd6a674a701245758",
    "dark": "56a7ff7f79f00369c3f1af00a34607e58e79c86a9ea14b8ff5d1fe35705b659f004bc0c5",
}
MAX_CLASSES = len(_ORDER)
OTHER = "other classes"

_RGB_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_LMS_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def to_rgb(colours: ArrayLike) -> NDArray[np.float64]:
    """Turn hexadecimal colours (with or without ``#``) into sRGB in 0–1, shape (n, 3)."""
    digits = [str(c).removeprefix("#") for c in np.atleast_1d(colours)]
    return np.array([[int(d[i : i + 2], 16) / 255 for i in (0, 2, 4)] for d in digits])


def to_linear(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """Remove the sRGB transfer curve (IEC 61966-2-1)."""
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def linear_to_oklab(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convert linear sRGB, shape (n, 3), to OKLab."""
    return np.cbrt(linear @ _RGB_TO_LMS.T) @ _LMS_TO_LAB.T


def oklab_to_hex(lab: NDArray[np.float64]) -> list[str]:
    """Convert OKLab, shape (n, 3), to hexadecimal sRGB without ``#``, clipped to what a screen can show."""
    linear = np.clip(((lab @ np.linalg.inv(_LMS_TO_LAB).T) ** 3) @ np.linalg.inv(_RGB_TO_LMS).T, 0, 1)
    rgb = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return ["".join(f"{round(255 * c):02x}" for c in row) for row in rgb]


def uniform_scale(anchors: tuple[str, ...], n: int = LEVELS, *, part: tuple[float, float] = (0.0, 1.0)) -> list[str]:
    """Lay `n` colours along a `part` of the path through `anchors` in equal steps of OKLab distance."""
    lab = linear_to_oklab(to_linear(to_rgb(anchors)))
    fine = np.linspace(0, len(lab) - 1, 4096)
    path = np.stack([np.interp(fine, np.arange(len(lab)), lab[:, k]) for k in range(3)], axis=1)
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    wanted = np.linspace(*part, n) * length[-1]
    return oklab_to_hex(np.stack([np.interp(wanted, length, path[:, k]) for k in range(3)], axis=1))


@cache
def scale(name: str, shade: str = "light") -> tuple[str, ...]:
    """One of the scales ``cividis``, ``batlow`` or ``diverging``, as it suits a page of this `shade`.

    Returns
    -------
    tuple of str
        256 colours as six hexadecimal digits.
    """
    if name == "diverging":
        anchors = _DIVERGING[shade]
        middle = len(anchors) // 2
        below = uniform_scale(anchors[: middle + 1], LEVELS // 2)
        above = uniform_scale(anchors[middle:], LEVELS // 2)
        return (*below, *above)
    return tuple(uniform_scale({"cividis": _CIVIDIS, "batlow": _BATLOW}[name], part=_PART[shade]))


def class_order(counts: dict[str, int]) -> list[str]:
    """The classes of a survey in the order of their colours: the known ones first, then others by their number.

    A survey with more than twelve classes keeps its eleven most frequent; the rest share `OTHER`.

    Parameters
    ----------
    counts : dict
        Sources per class.
    """
    known = [name for name in _ORDER if name in counts]
    strange = sorted((name for name in counts if name not in _ORDER), key=lambda name: -counts[name])
    if len(known) + len(strange) <= MAX_CLASSES:
        return known + strange
    kept = set(sorted(counts, key=lambda name: -counts[name])[: MAX_CLASSES - 1])
    return [name for name in known + strange if name in kept] + [OTHER]


def class_colours(names: list[str], shade: str = "light") -> list[str]:
    """Colours for class names from `class_order`: a known class has the same colour in every survey."""
    wheel = {name: _CLASSES[shade][6 * k : 6 * k + 6] for k, name in enumerate(_ORDER)}
    spare = [colour for name, colour in wheel.items() if name not in names]
    return [wheel[name] if name in wheel else spare.pop(0) for name in names]


def category_colours(classes: list[str], shade: str = "light") -> list[str]:
    """All hues in the order in which the values of a category take them: those of the classes first, then the rest.

    Parameters
    ----------
    classes : list of str
        Of the survey, from `class_order`.
    """
    return class_colours([*classes, *(f"{place}" for place in range(MAX_CLASSES - len(classes)))], shade)


def missing_colour(shade: str = "light") -> str:
    """The grey of what has no value."""
    return _MISSING[shade]
