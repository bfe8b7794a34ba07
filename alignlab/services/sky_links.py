"""Where else to look at a place on the sky."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

import numpy as np

#: Chandra's positions are good to about an arcsecond; 10 arcsec holds the optical counterpart and little else.
RADIUS_ARCSEC = 10.0


@dataclass(frozen=True, kw_only=True)
class SkyLink:
    """A page of an archive about a position.

    Attributes
    ----------
    label : str
        The archive.
    what : str
        What is found there.
    url : str
    """

    label: str
    what: str
    url: str


def sky_links(ra_deg: float, dec_deg: float, *, radius_arcsec: float = RADIUS_ARCSEC) -> tuple[SkyLink, ...]:
    """Links to the Chandra Source Catalog, SIMBAD, NED, ADS and ESASky at an ICRS position.

    The CSC is asked by its cone search (a VOTable), SIMBAD by ``sim-coo``, NED by ``conesearch`` (in arcminutes),
    ADS by a position in its ``object`` field (radius in degrees), ESASky by its ``target``.

    Raises
    ------
    ValueError
        If it is no position.
    """
    if not (np.isfinite(ra_deg) and np.isfinite(dec_deg) and abs(dec_deg) <= 90):
        raise ValueError(f"no position: {ra_deg}, {dec_deg}")
    ra, dec = f"{ra_deg % 360:.6f}", f"{dec_deg:+.6f}"
    degrees = f"{radius_arcsec / 3600:.6f}"
    place = quote(f"{ra} {dec}")
    ads_query = quote(f'object:"{ra} {dec}:{degrees}"', safe="")
    within = f"within {radius_arcsec:g}″"
    return (
        SkyLink(
            label="CSC",
            what=f"Chandra Source Catalog 2.1, {within} (VOTable)",
            url=f"https://cda.cfa.harvard.edu/csc21scs/coneSearch?RA={ra}&DEC={quote(dec)}&SR={degrees}&VERB=2",
        ),
        SkyLink(
            label="SIMBAD",
            what=f"objects {within}",
            url=(
                f"https://simbad.cds.unistra.fr/simbad/sim-coo?Coord={place}"
                f"&Radius={radius_arcsec:g}&Radius.unit=arcsec"
            ),
        ),
        SkyLink(
            label="NED",
            what=f"extragalactic objects {within}",
            url=(
                "https://ned.ipac.caltech.edu/conesearch?search_type=Near%20Position%20Search&in_csys=Equatorial"
                f"&in_equinox=J2000&coordinates={quote(f'{ra}d {dec}d')}&radius={radius_arcsec / 60:.4f}"
            ),
        ),
        SkyLink(
            label="ADS",
            what=f"papers about objects {within}",
            url=f"https://ui.adsabs.harvard.edu/search/q={ads_query}",
        ),
        SkyLink(
            label="ESASky",
            what="images of all wavelengths",
            url=f"https://sky.esa.int/esasky/?target={place}&hips=DSS2%20color&fov=0.1&cooframe=J2000&sci=true",
        ),
    )
