"""A data-package service as that of the Chandra Source Catalog: tar packages of the files of detections."""

from __future__ import annotations

import gzip
import io
import re
import tarfile
import time
from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np
from astropy.io import fits

from tests.archives.serving import ArchiveServer, Reply, Request

_ENDINGS = {"spectrum": "pha3", "arf": "arf3", "rmf": "rmf3", "regevt3": "regevt3"}
#: What a file holds: of ObsID, ObI, region and ending; None where the archive has no such file.
Content = Callable[[int, int, int, str], bytes | None]


def file_name(obsid: int, obi: int, region_id: int, ending: str, *, version: int = 1) -> str:
    return f"acisf{obsid:05d}_{obi:03d}N{version:03d}_r{region_id:04d}_{ending}.fits.gz"


@lru_cache(maxsize=4096)
def small_fits(obsid: int, obi: int, region_id: int, ending: str) -> bytes:
    """A gzipped FITS file with checksums, another for each detection and kind."""
    numbers = np.arange(50) + obsid + region_id
    table = fits.BinTableHDU.from_columns([fits.Column("N", "J", array=numbers)], name=ending.upper())
    table.add_datasum()
    out = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(out)
    return gzip.compress(out.getvalue(), mtime=0)


def tar_of(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return out.getvalue()


class ProductServer(ArchiveServer):
    """Sends packages of files.

    Parameters
    ----------
    content : callable, optional
        What is in a file; small FITS files otherwise.

    Attributes
    ----------
    package_s : float
        How long a package takes.
    versions : set of str
        Releases that are known.
    served : list
        (ObsID, ObI, region, type) of all files that were asked for, in whole packages.
    packed : callable
        What is done to a package before it is sent.
    """

    def __init__(self, content: Content = small_fits) -> None:
        super().__init__()
        self.content, self.package_s = content, 0.0
        self.versions = {"rel2.0", "rel2.1", "cur"}
        self.packed: Callable[[Mapping[str, bytes]], bytes] = tar_of
        self.n_most = 1000

    def answer(self, request: Request) -> Reply:
        time.sleep(self.package_s)
        if request.path != "/retrieve" or request.parameters.get("version") not in self.versions:
            return Reply(status=404, body=b"no such service or release")
        items = request.parameters.get("packageset", "").split(",")
        found = [re.fullmatch(r"(\d+)\.(\d+)\.(\d+)/(\w+)/b?", item) for item in items]
        if not all(found) or len(items) > self.n_most:
            return Reply(status=400, body=b"cannot read the packageset")
        files = {}
        for item in filter(None, found):
            obsid, obi, region, ending = *(int(item[i]) for i in (1, 2, 3)), _ENDINGS[item[4]]
            if (content := self.content(obsid, obi, region, ending)) is not None:
                files[f"package/{file_name(obsid, obi, region, ending)}"] = content
        return Reply(body=self.packed(files), content_type="application/x-tar")
