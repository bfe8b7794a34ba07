from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from alignlab.services.sky_links import sky_links


def links(ra: float = 187.2779154, dec: float = 2.0523883) -> dict[str, str]:
    return {link.label: link.url for link in sky_links(ra, dec)}


def query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def test_every_archive_is_asked_for_the_position_in_its_own_way():
    found = links()
    assert list(found) == ["CSC", "SIMBAD", "NED", "ADS", "ESASky"]
    csc = query(found["CSC"])
    assert (float(csc["RA"]), float(csc["DEC"])) == (187.277915, 2.052388)
    assert float(csc["SR"]) == pytest.approx(10 / 3600, abs=1e-6)
    assert query(found["SIMBAD"]) == {"Coord": "187.277915 +2.052388", "Radius": "10", "Radius.unit": "arcsec"}
    ned = query(found["NED"])
    assert ned["coordinates"] == "187.277915d +2.052388d"
    assert float(ned["radius"]) == pytest.approx(10 / 60, abs=1e-4)
    assert unquote(found["ADS"]).endswith('/search/q=object:"187.277915 +2.052388:0.002778"')
    assert query(found["ESASky"])["target"] == "187.277915 +2.052388"


def test_the_sign_of_a_declination_is_always_written():
    found = links(10.0, -0.5)
    assert query(found["SIMBAD"])["Coord"] == "10.000000 -0.500000"
    assert query(found["CSC"])["DEC"] == "-0.500000"


def test_no_link_leads_nowhere():
    with pytest.raises(ValueError, match="no position"):
        sky_links(float("nan"), 2.0)
