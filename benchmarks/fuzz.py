"""Readers against files that nobody would write: ``python -m benchmarks.fuzz [--minutes 10] [--corpus FOLDER]``.

atheris (libFuzzer with the coverage of our Python code) changes small valid files for the OGIP readers and the reader
of JSON lines, gzipped ones among them. Only errors for a person may come out. What makes a new way through the code is
kept in the corpus, so that the next run begins there; what breaks a reader is made as small as it can be, printed and
kept.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from astropy.io import fits

_LONGEST = 40_000
_MEMORY_MB, _SLOWEST_S = 2048, 20
_MINIMISING_S = 60.0


def ogip_seeds() -> dict[str, bytes]:
    """A spectrum with its background beside it, an ARF, an RMF and an event list, each as small as may be."""
    n = 12
    channels = fits.Column("CHANNEL", "J", array=np.arange(1, n + 1))
    counts = fits.Column("COUNTS", "J", array=np.arange(n))
    spectrum, background = (
        fits.BinTableHDU.from_columns([channels, counts], name="SPECTRUM") for _ in range(2)
    )  # fmt: skip
    for table in (spectrum, background):
        table.header.update({"EXPOSURE": 1e4, "BACKSCAL": 1e-3, "INSTRUME": "ACIS", "CHANTYPE": "PI"})
    background.header["HDUCLAS2"] = "BKG"
    spectrum.header["OBJECT"] = "X" * 75
    low, high = np.linspace(0.3, 9, n), np.linspace(0.3, 9, n) + (9 - 0.3) / (n - 1)
    energies = [fits.Column("ENERG_LO", "E", array=low), fits.Column("ENERG_HI", "E", array=high)]
    area = fits.BinTableHDU.from_columns([*energies, fits.Column("SPECRESP", "E", array=np.ones(n))], name="SPECRESP")
    rows = {name: np.empty(n, dtype=object) for name in ("F_CHAN", "N_CHAN", "MATRIX")}
    for row in range(n):
        rows["F_CHAN"][row], rows["N_CHAN"][row] = np.array([1], "i2"), np.array([row + 1], "i2")
        rows["MATRIX"][row] = np.full(row + 1, 1 / (row + 1), "f4")
    matrix = fits.BinTableHDU.from_columns(
        [*energies, fits.Column("N_GRP", "I", array=np.ones(n)), fits.Column("F_CHAN", "PI()", array=rows["F_CHAN"]),
         fits.Column("N_CHAN", "PI()", array=rows["N_CHAN"]), fits.Column("MATRIX", "PE()", array=rows["MATRIX"])],
        name="MATRIX",
    )  # fmt: skip
    bounds = fits.BinTableHDU.from_columns(
        [channels, fits.Column("E_MIN", "E", array=low), fits.Column("E_MAX", "E", array=high)], name="EBOUNDS"
    )
    events = fits.BinTableHDU.from_columns(
        [fits.Column("TIME", "D", array=np.arange(9.0)), fits.Column("ENERGY", "E", unit="eV", array=np.full(9, 2e3))],
        name="EVENTS",
    )
    made = {"a.pi": [spectrum, background], "a.arf": [area], "a.rmf": [matrix, bounds], "a.evt": [events]}
    seeds = {}
    for name, tables in made.items():
        buffer = io.BytesIO()
        fits.HDUList([fits.PrimaryHDU(), *tables]).writeto(buffer)
        seeds[name] = buffer.getvalue()
        seeds[f"{name}.gz"] = gzip.compress(buffer.getvalue())
    return seeds


def jsonl_seeds() -> dict[str, bytes]:
    """A few records, plain and gzipped."""
    record = {
        "source_name": "2CXO J1", "obsid": 7, "ra": 10.5, "dec": -5, "theta": 1.5, "gti_mjd_obs": 55197.5,
        "hard_hs": 0.25, "powlaw_nh": None, "_event_list_capped": True, "_event_list_original_size": 900,
        "event_list": [[0.0, 700.5], [2.5, 6e3]], "original_event_list": [[3e8, 700.5], [300000002.5, 6e3]],
    }  # fmt: skip
    text = json.dumps(record).encode() + b"\n" + json.dumps({"event_list": [[1, 0.9], [2, 1.5]]}).encode() + b"\n"
    return {"a.jsonl": text, "a.jsonl.gz": gzip.compress(text), "empty": b"\n\n{}\n"}


def read_ogip(path: Path) -> None:
    """Every reader of OGIP files on one file."""
    from alignlab.errors import InputFileError
    from alignlab.ingest.ogip import spectrum_piece
    from alignlab.spectra.events import read_events
    from alignlab.spectra.grid import energy_grid
    from alignlab.spectra.ogip import read_arf, read_rmf, read_spectra

    for read in (lambda: [spectrum_piece(one, energy_grid()) for one in read_spectra(path)], lambda: read_arf(path),
                 lambda: read_rmf(path), lambda: read_events(path)):  # fmt: skip
        try:
            read()
        except InputFileError:
            continue


def read_jsonl(path: Path) -> None:
    """The reader of corpora; it tells what is wrong and raises nothing once the file is open."""
    from alignlab.errors import InputFileError
    from alignlab.ingest.axia import read_axia, record_piece
    from alignlab.spectra.grid import energy_grid

    for record in read_axia(path):
        try:
            record_piece(record, path.name, energy_grid())
        except InputFileError:
            continue


TARGETS: dict[str, tuple[Callable[[Path], None], Callable[[], dict[str, bytes]]]] = {
    "ogip": (read_ogip, ogip_seeds),
    "jsonl": (read_jsonl, jsonl_seeds),
}


def fault_of(read: Callable[[Path], None], content: bytes, folder: Path) -> str:
    """What a reader raises that it should not, with the place; "" where all is well, or an error for a person."""
    path = folder / "fuzzed.pi"
    path.write_bytes(content)
    try:
        read(path)
    except Exception as error:  # noqa: BLE001 - that is the question
        here = error.__traceback__
        while here is not None and here.tb_next is not None:
            here = here.tb_next
        line = here.tb_lineno if here is not None else 0
        return f"{type(error).__name__} in line {line}"
    return ""


def minimised(read: Callable[[Path], None], content: bytes, folder: Path) -> bytes:
    """As few bytes as break the reader in the same way and place."""
    fault, size = fault_of(read, content, folder), len(content) // 2
    ends = time.monotonic() + _MINIMISING_S
    while size and fault:
        at = 0
        while at < len(content) and time.monotonic() < ends:
            shorter = content[:at] + content[at + size :]
            if fault_of(read, shorter, folder) == fault:
                content = shorter
            else:
                at += size
        size //= 2
    return content


def child(name: str, arguments: list[str]) -> None:
    """Fuzz one target in this process; never returns."""
    import atheris

    with atheris.instrument_imports(include=["alignlab"]):
        read, _ = TARGETS[name]
        with tempfile.TemporaryDirectory() as scratch:
            fault_of(read, b"", Path(scratch))  # imports what the reader needs, so that it is instrumented
    folder = Path(tempfile.mkdtemp(prefix="alignlab-fuzz-"))

    def one(content: bytes) -> None:
        path = folder / "fuzzed.pi"
        path.write_bytes(content)
        read(path)
        written = [entry.name for entry in folder.iterdir()]
        if written != ["fuzzed.pi"]:
            raise AssertionError(f"files were written: {written}")

    atheris.Setup([sys.argv[0], *arguments], one)
    atheris.Fuzz()


def fuzz(name: str, seconds: int, corpus: Path) -> bool:
    """Fuzz one target for so long; whether nothing broke it."""
    read, seeds = TARGETS[name]
    corpus.mkdir(parents=True, exist_ok=True)
    for seed, content in seeds().items():
        (corpus / seed).write_bytes(content)
    with tempfile.TemporaryDirectory() as scratch:
        process = subprocess.run(
            [sys.executable, "-m", "benchmarks.fuzz", "--child", name, str(corpus), f"-max_total_time={seconds}",
             f"-max_len={_LONGEST}", f"-rss_limit_mb={_MEMORY_MB}", f"-timeout={_SLOWEST_S}", "-print_final_stats=1",
             f"-artifact_prefix={scratch}/"],
            capture_output=True, text=True, errors="replace", check=False,
        )  # fmt: skip
        said = process.stderr + process.stdout
        runs = re.findall(r"stat::number_of_executed_units:\s*(\d+)", said) or re.findall(r"^#(\d+)\s", said, re.M)
        peak = re.findall(r"stat::peak_rss_mb:\s*(\d+)", said)
        found = sorted(Path(scratch).iterdir())
        kept = f"{len(list(corpus.iterdir()))} files in the corpus, {peak[-1] if peak else '?'} MB, {len(found)} found"
        print(f"{name}: {int(runs[-1]) if runs else 0:,} executions in {seconds} s, {kept}", flush=True)
        for path in found:
            content = path.read_bytes()
            with tempfile.TemporaryDirectory() as folder:
                fault = fault_of(read, content, Path(folder))
                small = minimised(read, content, Path(folder)) if fault else content
            example = corpus.parent / f"found-{path.name}"
            example.write_bytes(small)
            why = fault or "too slow, or too much memory"
            print(f"  {path.name.split('-')[0]}, {why}: {len(small)} bytes, kept as {example}")
            print(f"  {small[:400]!r}")
            print("  " + "\n  ".join(line for line in said.splitlines() if "Error" in line or "File " in line)[-2000:])
        if process.returncode and not found:
            print(said[-3000:])
        return not found and process.returncode == 0


def main() -> None:
    """Share the time among the targets."""
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], sys.argv[3:])
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="for all targets together")
    parser.add_argument("--target", choices=sorted(TARGETS), help="this one alone")
    parser.add_argument("--corpus", type=Path, default=Path("data/fuzz"), help="folder in which the corpus is kept")
    arguments = parser.parse_args()
    names = [arguments.target] if arguments.target else list(TARGETS)
    seconds = max(round(60 * arguments.minutes / len(names)), 1)
    sound = [fuzz(name, seconds, arguments.corpus / name) for name in names]
    sys.exit(0 if all(sound) else 1)


if __name__ == "__main__":
    main()
