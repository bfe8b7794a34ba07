"""Files of detections from the catalogue's data-package service: spectra, responses and events of source regions.

The service (csccli/retrieve at the Chandra Data Archive) takes a list of ``<obsid>.<obi>.<region>/<type>/<band>`` and
sends a tar package of FITS files, mostly gzipped; they are kept as they come.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from astropy.io import fits

from alignlab.errors import InputFileError
from alignlab.ingest.csc_selection import DetectionId
from alignlab.ingest.tar_stream import TarMember, tar_members
from alignlab.store.collection import detection_key

SERVICE = "Chandra Data Archive"
ADDRESS = "https://cda.cfa.harvard.edu/csccli"
#: Kind of ours → type of the service; the ending of its files; bytes of one, roughly, gzipped.
KINDS: dict[str, tuple[str, str, int]] = {
    "pha": ("spectrum", "pha3", 22_000),
    "arf": ("arf", "arf3", 16_000),
    "rmf": ("rmf", "rmf3", 1_060_000),
    "evt": ("regevt3", "regevt3", 40_000),
}
_KIND_OF_ENDING = {ending: kind for kind, (_, ending, _) in KINDS.items()}
_NAME = re.compile(
    r"acisf(?P<obsid>\d{5})_(?P<obi>\d{3})N\d{3}_r(?P<region>\d{4,6})b?_(?P<ending>[a-z]+3)\.fits(?:\.gz)?", re.ASCII
)
_MAX_FILE_BYTES = 512 * 1024**2
_PIECE = 1 << 16
_FITS_BLOCK = 2880


@dataclass(frozen=True, kw_only=True)
class Product:
    """A file of a detection.

    Attributes
    ----------
    path : str
        Below the folder of products.
    detection_key, kind, sha256 : str
    bytes : int
    """

    path: str
    detection_key: str
    kind: str
    bytes: int
    sha256: str


def package_parameters(wanted: Mapping[DetectionId, Iterable[str]], version: str) -> dict[str, str]:
    """Parameters that ask for kinds of files of some detections of a release."""
    items = [f"{of.obsid}.{of.obi}.{of.region_id}/{KINDS[kind][0]}/b" for of, kinds in wanted.items() for kind in kinds]
    return {"version": version, "packageset": ",".join(items)}


def unpack(
    package: Path, folder: Path, wanted: Mapping[str, Iterable[str]], *, max_bytes: int
) -> tuple[list[Product], dict[tuple[str, str], str]]:
    """Put the wanted files of a package in their places below `folder`, each when it is whole and proved.

    Parameters
    ----------
    wanted : mapping of str to iterable of str
        Detection → kinds of files.
    max_bytes : int
        Of the whole package when it is unpacked.

    Returns
    -------
    products : list of Product
        The newest version of each, where a package has several.
    damaged : dict
        (Detection, kind) → what was wrong with a file that is left out.

    Raises
    ------
    InputFileError
        If the package itself cannot be read.
    """
    found, damaged = dict[tuple[str, str], Product](), dict[tuple[str, str], str]()
    wishes = {(key, kind) for key, kinds in wanted.items() for kind in kinds}
    for member in tar_members(package, max_bytes=max_bytes):
        of = _whose(member.name)
        if of is None or of not in wishes:
            continue
        try:
            product = _place(member, of, folder)
        except InputFileError as problem:
            damaged[of] = f"{member.name} {problem.problem}"
            continue
        if of not in found or found[of].path < product.path:
            found[of] = product
    return list(found.values()), damaged


def check_fits(path: Path) -> None:
    """Prove that a file is FITS, whole, and has the checksums that it tells.

    Raises
    ------
    InputFileError
    """
    size = _unpacked_size(path)
    if size % _FITS_BLOCK:
        raise InputFileError(path, f"is cut off: {size:,} bytes are no whole FITS blocks")
    try:
        with fits.open(path, memmap=False) as hdus:
            for hdu in hdus:
                told = str(hdu.header.get("DATASUM", "")).strip()
                if told.isdigit() and hdu.verify_datasum() == 0:
                    raise InputFileError(path, f"HDU {hdu.name} has another checksum than it tells")
    except InputFileError:
        raise
    except Exception as error:
        # Astropy has no one error for a file that is damaged.
        raise InputFileError(path, f"is no readable FITS file ({type(error).__name__})") from error


def _whose(name: str) -> tuple[str, str] | None:
    """Detection and kind of a file, by the catalogue's way to name them; None for any other name."""
    match = _NAME.fullmatch(name)
    kind = _KIND_OF_ENDING.get(match["ending"]) if match else None
    if match is None or kind is None:
        return None
    return detection_key(int(match["obsid"]), int(match["obi"]), int(match["region"])), kind


def _place(member: TarMember, of: tuple[str, str], folder: Path) -> Product:
    key, kind = of
    path = folder / key / member.name
    if member.size > _MAX_FILE_BYTES:
        raise InputFileError(path, f"is larger than {_MAX_FILE_BYTES:,} bytes")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    digest = sha256()
    try:
        with part.open("wb") as file:
            for piece in member.pieces():
                file.write(piece)
                digest.update(piece)
        check_fits(part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return Product(
        path=f"{key}/{member.name}", detection_key=key, kind=kind, bytes=member.size, sha256=digest.hexdigest()
    )


def _unpacked_size(path: Path) -> int:
    """Bytes of a file, unpacked if it is gzipped, which is proved on the way."""
    with path.open("rb") as file:
        is_packed = file.read(2) == b"\x1f\x8b"
    if not is_packed:
        return path.stat().st_size
    size, unpacker = 0, zlib.decompressobj(wbits=31)
    try:
        with path.open("rb") as file:
            while piece := unpacker.unconsumed_tail or file.read(_PIECE):
                size += len(unpacker.decompress(piece, _PIECE))
                if size > _MAX_FILE_BYTES:
                    raise InputFileError(path, f"unpacks to more than {_MAX_FILE_BYTES:,} bytes")
                if unpacker.eof:
                    return size
    except zlib.error as error:
        raise InputFileError(path, f"is damaged ({error})") from error
    raise InputFileError(path, "is cut off")
