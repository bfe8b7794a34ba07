"""A collection becomes a survey: ``python -m benchmarks.assemble [--sources 12000] [--read 60] [--spectra FOLDER]``.

Real spectra with their ARFs and RMFs (FOLDER, default ../shared/data/spectra) are read and measured `--read` times; the
other sources get copies of what was measured, so that the making of the survey itself is timed at full size. Prints
seconds and peak memory of both.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

from alignlab.config import Config
from alignlab.services.gather.assemble import AssembleSettings, gather_assemble
from alignlab.services.measured_spectra import measure_spectra, product_files
from alignlab.store.collection import Collection, detection_key
from alignlab.variables import VARIABLE_NAMES

SETS = tuple(
    tuple(f"{name}.gz" for name in names.split())
    for names in (
        "acisf01575_001N001_r0085_pha3.fits acisf01575_001N001_r0085_arf3.fits acisf01575_001N001_r0085_rmf3.fits",
        "acisf04487_001N023_r0009_pha3.fits acisf04487_001N022_r0009_arf3.fits acisf04487_001N022_r0009_rmf3.fits",
        "9774.pi 9774.arf 9774.rmf",
        "3c273.pi 3c273.arf 3c273.rmf",
    )
)
_PLACE = "measured:log:1"
_BLOCK = 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", type=int, default=12_000)
    parser.add_argument("--read", type=int, default=60)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--spectra", type=Path, default=Path("../shared/data/spectra"))
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        config = Config(data_dir=Path(folder))
        collection = Collection(config.collections_dir / "sky")
        gather(collection, chosen.sources, chosen.spectra.resolve())
        files = product_files(collection)
        first = dict(list(files.items())[: chosen.read])
        started, worked = time.monotonic(), time.process_time()
        measure_spectra(collection, first, grid_kind="log", n_processes=chosen.processes)
        each, cpu = (1000 * s / chosen.read for s in (time.monotonic() - started, time.process_time() - worked))
        print(f"read and measured: {each:.0f} ms a spectrum ({cpu:.0f} of a core), peak {peak_mb():.0f} MB", flush=True)
        copy_measured(collection, list(files), list(first))
        started = time.monotonic()
        outcome = gather_assemble(collection, AssembleSettings(), config=config)
        seconds = time.monotonic() - started
        print(f"survey of {outcome.n_there} sources: {seconds:.1f} s, peak {peak_mb():.0f} MB", flush=True)


def gather(collection: Collection, n: int, spectra: Path) -> None:
    """Everything that the stages before would have gathered; products are links to the same few files."""
    collection.products_folder.mkdir(parents=True)
    for start in range(0, n, _BLOCK):
        numbers = range(start, min(start + _BLOCK, n))
        names = {i: f"2CXO J{i:06d}.0+000000" for i in numbers}
        keys = {i: detection_key(i + 1, 0, 1) for i in numbers}
        products = {}
        for i in numbers:
            for kind, name in zip(("pha", "arf", "rmf"), SETS[i % len(SETS)], strict=True):
                path = f"{keys[i]}_{kind}.fits.gz"
                (collection.products_folder / path).symlink_to(spectra / name)
                # Files of one content have one sum: what is measured of one holds for its copies.
                products[path] = {"detection_key": keys[i], "kind": kind, "bytes": 1, "sha256": name}
        said = {
            i: f"It is source {i % 997} of its kind, with a power law and an iron line at {i % 67} keV."
            for i in numbers
        }
        collection.put("sources", {names[i]: {"ra": i / 100, "dec": 0.0} for i in numbers})
        collection.put("detections", {keys[i]: detection(i, names[i]) for i in numbers})
        collection.put("products", products)
        collection.put("matches", {names[i]: {"source_class": "AGN", "is_ambiguous": False} for i in numbers})
        papers = {
            f"2001ApJ.{i:05d}...{k}A": {"title": "On it", "year": 2001, "abstract": said[i] * 20}
            for i in numbers
            for k in range(5)
        }
        collection.put("papers", papers)
        collection.put(
            "sourced", {names[i]: {"bibcodes": [f"2001ApJ.{i:05d}...{k}A" for k in range(5)]} for i in numbers}
        )
        texts = {"nature": "said", "spectrum": "said", "environment": "said"}
        collection.put(
            "summaries",
            {
                names[i]: {**{aspect: f"{aspect}: {said[i]}" for aspect in texts}, "summariser": "extractive"}
                for i in numbers
            },
        )


def detection(i: int, name: str) -> dict[str, object]:
    measured = dict.fromkeys(VARIABLE_NAMES, 0.5 + i % 7)
    return {"name": name, "obsid": i + 1, "obi": 0, "region_id": 1, "detector": "ACIS-S", "year": 2005.0, **measured}


def copy_measured(collection: Collection, keys: list[str], known: list[str]) -> None:
    """Give the sources that were not read what was measured of one of the same files."""
    rows = list(collection.get(_PLACE, known[: len(SETS)]).values())
    rest = keys[len(known) :]
    for start in range(0, len(rest), _BLOCK):
        block = {key: rows[(int(key[:5]) - 1) % len(SETS)] for key in rest[start : start + _BLOCK]}
        collection.put(_PLACE, block)


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
