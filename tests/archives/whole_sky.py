"""All archives at once on this machine, telling of one small sky: what the way to a real survey is walked with."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from tests.archives.ads_server import TOKEN, AdsServer, ads_paper
from tests.archives.csc_archive import csc_server, sky
from tests.archives.llm_server import KEY, LlmServer
from tests.archives.product_server import ProductServer, small_fits
from tests.archives.serving import ArchiveServer
from tests.archives.simbad_tables import Sky, SkyObject, simbad_server
from tests.archives.tap_server import TapServer
from tests.spectra.ogip_files import N_CHANNELS, write_arf, write_rmf, write_spectrum

#: Type of SIMBAD → an abstract, of which each aspect finds something.
_ABSTRACTS = {
    "QSO": "The source is identified with a quasar at redshift 1.5 by optical spectroscopy. Its X-ray spectrum is an "
    "absorbed power law with photon index 1.8. It lies behind a young stellar cluster.",
    "CV*": "The source is identified as a cataclysmic variable of the intermediate polar type. Its X-ray spectrum is a "
    "hot thermal plasma with an iron line, pulsed at 600 s. The accretion is from a late companion.",
    "Y*O": "The source is identified as a T Tauri star with an infrared excess. Its X-ray spectrum is a two-"
    "temperature plasma, and the light curve shows a flare. It belongs to the young cluster in the nebula.",
}


@dataclass(frozen=True, kw_only=True)
class Archives:
    """The servers, and the detections that pass the usual limits."""

    csc: TapServer
    simbad: TapServer
    ads: AdsServer
    products: ProductServer
    model: LlmServer
    wanted: pd.DataFrame

    @property
    def servers(self) -> dict[str, ArchiveServer]:
        """By the stage that asks them."""
        return {
            "csc": self.csc, "simbad": self.simbad, "ads": self.ads, "products": self.products, "summaries": self.model,
        }  # fmt: skip

    @property
    def environment(self) -> dict[str, str]:
        """What leads the command line to them."""
        return {
            "ALIGNLAB_CSC_ADDRESS": self.csc.url,
            "ALIGNLAB_SIMBAD_ADDRESS": self.simbad.url,
            "ALIGNLAB_ADS_ADDRESS": self.ads.address,
            "ALIGNLAB_PRODUCTS_ADDRESS": self.products.url,
            "OPENAI_BASE_URL": self.model.address,
            "ALIGNLAB_ADS_TOKEN": TOKEN,
            "OPENAI_API_KEY": KEY,
        }

    @property
    def names(self) -> list[str]:
        """The sources of the detections, in order."""
        return sorted(self.wanted["name"].unique())


@contextmanager
def archives(n: int = 40) -> Iterator[Archives]:
    """Archives of a sky of `n` detections around 83.8 -5.4, all of whose sources are in SIMBAD and have two papers."""
    table = sky(n)
    is_wanted = (table["instrument"] == "ACIS") & (table["grating"] == "NONE")
    wanted = table[is_wanted & (table["flux_significance_b"] >= 5) & (table["theta"] <= 5)]
    objects = [_object(i, row) for i, row in enumerate(table.drop_duplicates("name").itertuples())]
    papers = {b: _paper(i, of.otype, b) for of in objects for i, b in enumerate(of.bibcodes)}
    with ExitStack() as stack:
        yield Archives(
            csc=stack.enter_context(csc_server(table)),
            simbad=stack.enter_context(simbad_server(Sky(objects=objects))),
            ads=stack.enter_context(AdsServer(papers)),
            products=stack.enter_context(ProductServer(_file)),
            model=stack.enter_context(LlmServer()),
            wanted=wanted,
        )


def _object(i: int, row: object) -> SkyObject:
    otype = list(_ABSTRACTS)[i % 3]
    bibcodes = (f"2001ApJ...{i:03d}....1A", f"2015MNRAS.{i:03d}....2B")
    return SkyObject(main_id=f"Obj {i}", ra=row.ra, dec=row.dec, otype=otype, bibcodes=bibcodes)


def _paper(i: int, otype: str, bibcode: str) -> dict[str, object]:
    return ads_paper(bibcode, abstract=f"{_ABSTRACTS[otype]} Paper {i} on it.", title=[f"X-ray observations {bibcode}"])


def _file(obsid: int, obi: int, region_id: int, ending: str) -> bytes:
    """A spectrum of its own for each detection, and one response for all."""
    if ending == "pha3":
        return _spectrum(obsid * 10_000 + region_id)
    return _response(ending) if ending in ("arf3", "rmf3") else small_fits(obsid, obi, region_id, ending)


@lru_cache(maxsize=1024)
def _spectrum(seed: int) -> bytes:
    # Few have the counts that models are fitted to: fits take most of the time.
    rate = 0.2 if seed % 5 else 1.0
    with TemporaryDirectory() as folder:
        path = write_spectrum(Path(folder) / "pha.fits", np.random.default_rng(seed).poisson(rate, N_CHANNELS))
        return gzip.compress(path.read_bytes(), mtime=0)


@lru_cache
def _response(ending: str) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "response.fits"
        (write_arf if ending == "arf3" else write_rmf)(path)
        return gzip.compress(path.read_bytes(), mtime=0)
