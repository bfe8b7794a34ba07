"""How long a spectrum takes from its files to its latent: ``python -m benchmarks.ogip_to_latent FOLDER``.

Of every spectrum in FOLDER: PHA, ARF, RMF and background are read, counts and responses binned, the spectrum normalised
and encoded. Warm: the first round is not counted. The bar is a median of 30 ms for each set.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import statistics
import time
from pathlib import Path

import numpy as np
import torch

from alignlab.errors import InputFileError
from alignlab.ingest.assemble import SourcePiece, encoder_ratio
from alignlab.ingest.ogip import spectrum_piece
from alignlab.models.autoencoder import SpectrumAutoencoder
from alignlab.spectra.grid import EnergyGrid, energy_grid, minmax_normalise
from alignlab.spectra.ogip import read_spectrum
from alignlab.training.encoder import load_encoder

BAR_MS = 30.0


def latent_of(path: Path, encoder: SpectrumAutoencoder, grid: EnergyGrid) -> np.ndarray:
    """The whole way of one set of files."""
    piece: SourcePiece = spectrum_piece(read_spectrum(path), grid)
    return encoder.encode_in_batches(minmax_normalise((piece.counts * encoder_ratio(piece, grid)[0])[None]))


def spectra_in(folder: Path) -> list[Path]:
    """The files of the folder that are spectra of sources with an RMF."""
    found = []
    for path in sorted(folder.iterdir()):
        try:
            spectrum = read_spectrum(path)
        except InputFileError:
            continue
        if spectrum.rmf is not None and not any("calls itself a background" in note for note in spectrum.notes):
            found.append(path)
    return found


def main() -> None:
    """Measure and print a line per set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--profile", action="store_true", help="print where the time goes")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    encoder, grid = load_encoder(), energy_grid()
    for path in spectra_in(arguments.folder):
        times, processor = [], []
        for _ in range(arguments.rounds + 1):
            begin, begin_cpu = time.perf_counter(), time.thread_time()
            latent_of(path, encoder, grid)
            times.append(1e3 * (time.perf_counter() - begin))
            processor.append(1e3 * (time.thread_time() - begin_cpu))
        median, cpu = statistics.median(times[1:]), statistics.median(processor[1:])
        verdict = "within" if median <= BAR_MS else "ABOVE"
        print(f"{path.name:45s} {median:6.1f} ms ({cpu:.1f} of the processor), {verdict} {BAR_MS:g} ms", flush=True)
    if arguments.profile:
        with cProfile.Profile() as profile:
            for path in spectra_in(arguments.folder):
                latent_of(path, encoder, grid)
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)


if __name__ == "__main__":
    main()
