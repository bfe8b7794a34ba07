"""Whether a search for words finds the right sources: precision among the first 20, judged by the demo's classes.

python benchmarks/search_words.py    (the data folder's demo, or where ALIGNLAB_DATA points)
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignlab.literature.embedders import load_embedder
from alignlab.models.ensemble import apply_aligned
from alignlab.services.runs import run_weights
from alignlab.services.word_search import find_by_words, search_index
from alignlab.services.workspace import Workspace, open_workspace

N = 20
QUERIES = {
    "soft thermal source with strong iron line, young star": "YSO",
    "young star with a hot thermal spectrum and flares": "YSO",
    "heavily absorbed active nucleus with strong iron line": "obscured AGN",
    "Compton-thick obscured AGN": "obscured AGN",
    "hot gas in a cluster of galaxies, extended": "galaxy cluster",
    "ultraluminous X-ray source in a spiral galaxy": "ULX",
    "nearby star with soft coronal emission": "star",
    "accreting white dwarf, hard thermal bremsstrahlung, iron lines": "CV",
    "supernova remnant with silicon and sulphur lines": "SNR",
    "distant quasar, unabsorbed power law": "QSO",
    "neutron star pulsations, blackbody": "pulsar",
    "low-mass X-ray binary in a globular cluster": "LMXB",
    "supergiant high-mass X-ray binary, hard, absorbed": "HMXB",
}


@dataclass(frozen=True)
class Precision:
    """Share of the right class among the first N: by papers, by the bare query's spectra, by the spectra, combined.

    ``silent`` is that among sources of which no paper says so, ``silent_share`` the class's share of them.
    """

    papers: float
    bare: float
    spectrum: float
    combined: float
    silent: float
    silent_share: float


def measure(workspace: Workspace, query: str, wanted: str) -> Precision:
    survey = workspace.survey
    right = (survey.sources["source_class"] == wanted).to_numpy()
    index = search_index(workspace)
    best, _ = index.best_papers(index.words.scores(query), survey.n_sources)
    reading = find_by_words(workspace, query, limit=survey.n_sources)
    by_spectrum = sorted(reading.hits, key=lambda hit: hit.spectrum_rank)
    unsaid = [right[hit.source.index] for hit in reading.silent if hit.source.overlay is None]

    def among_first(hits: list) -> float:
        own = [hit for hit in hits if hit.source.overlay is None]
        return float(np.mean([right[hit.source.index] for hit in own[:N]]))

    return Precision(
        papers=float(right[np.argsort(-best, kind="stable")[:N]].mean()),
        bare=float(right[_by_bare_query(workspace, query)[:N]].mean()),
        spectrum=among_first(by_spectrum),
        combined=among_first(list(reading.hits)),
        silent=float(np.mean(unsaid[:N])),
        silent_share=float(np.mean(unsaid)),
    )


def _by_bare_query(workspace: Workspace, query: str) -> NDArray[np.intp]:
    vector = load_embedder(*workspace.survey.embedder()).transform([query])
    _, heads = run_weights(workspace.run)
    _, place = apply_aligned(heads, text=np.tile(vector, (1, 3)), mask=np.ones((1, 3), bool))
    assert place is not None
    return np.argsort(-(workspace.run.latents("spectrum_aligned") @ place[0]))


def main() -> None:
    workspace = open_workspace()
    started = time.perf_counter()
    index = search_index(workspace)
    print(f"{index.words.n_texts:,} papers, {len(index.words.columns):,} terms: {time.perf_counter() - started:.2f} s")
    print(f"{'query':<64} papers  bare  spectrum  combined  silent (class's share)  ms")
    rows = []
    for query, wanted in QUERIES.items():
        p = measure(workspace, query, wanted)
        started = time.perf_counter()
        find_by_words(workspace, query)
        ms = 1000 * (time.perf_counter() - started)
        rows.append([p.papers, p.bare, p.spectrum, p.combined, p.silent, p.silent_share, ms])
        print(
            f"{query:<64} {p.papers:6.2f} {p.bare:5.2f} {p.spectrum:9.2f} {p.combined:9.2f} "
            f"{p.silent:7.2f} ({p.silent_share:.3f}) {ms:17.0f}"
        )
    print("mean", np.round(np.mean(rows, axis=0), 3))


if __name__ == "__main__":
    main()
