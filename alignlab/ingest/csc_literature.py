"""Literature about catalogued sources: simulated, from their real class and the fit of their brightest detection."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from astropy import units as u
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from alignlab.ingest.csc_spectra import aperture_background, fitted_population
from alignlab.literature.generator import Literature, write_literature
from alignlab.literature.noise import TextNoise
from alignlab.spectra.sky import galactic_column

#: Class that sources of unknown class are written about with; none of its words is used, since no class is told.
_NEVER_TOLD = "AGN"
#: Variability index from which the catalogue calls a source variable.
_VARIABLE_INDEX = 6
_USUAL_AMPLITUDE = 0.3


def write_csc_literature(
    sources: pd.DataFrame, variables: pd.DataFrame, *, rng: np.random.Generator, settings: TextNoise
) -> Literature:
    """Write papers and summaries about each source once; all of its detections share them.

    A source of unknown class gets one paper, which tells no class, and a summary of its spectrum alone.

    Parameters
    ----------
    sources, variables : DataFrame
        As in `alignlab.ingest.csc_table.Detections`.
    rng : numpy.random.Generator
        Same state, same texts.
    settings : TextNoise

    Returns
    -------
    Literature
        By detection (``source_index``).
    """
    names = sources["name"].to_numpy(dtype=str)
    brightest = np.sort(sources.sort_values("total_counts", kind="stable").drop_duplicates("name", keep="last").index)
    told = _told(sources.loc[brightest], variables.loc[brightest])
    measured = variables.loc[brightest].reset_index(drop=True)
    is_known = sources.loc[brightest, "source_class"].to_numpy(dtype=str) != ""
    silent = replace(settings, class_told=0.0, environment_fact=0.0, missing_aspect=(1.0, 0.0, 1.0))
    parts = []
    for rows, dials in ((np.flatnonzero(is_known), settings), (np.flatnonzero(~is_known), silent)):
        if len(rows):
            part = write_literature(told.iloc[rows], measured.iloc[rows], rng=rng, settings=dials)
            parts.append((rows, part if dials is settings else _first_papers(part)))
    return _by_detection(_merged(parts), names[brightest], names)


def _told(sources: pd.DataFrame, variables: pd.DataFrame) -> pd.DataFrame:
    """What the literature can know, as the simulator has it: class, fit, counts, variability, column in front."""
    sky = SkyCoord(sources["ra"].to_numpy() * u.deg, sources["dec"].to_numpy() * u.deg).galactic
    column = sources["n_h_1e20"].to_numpy()
    in_front = np.minimum(column, galactic_column(np.array(sky.b.deg), np.array(sky.l.deg)))
    is_variable = variables["var_index_b"].to_numpy() >= _VARIABLE_INDEX
    model = sources["spectral_model"].to_numpy(dtype=str)
    return fitted_population(sources).assign(
        source_class=np.where(sources["source_class"] == "", _NEVER_TOLD, sources["source_class"]),
        # Papers call thermal bremsstrahlung a hot plasma.
        spectral_model=np.where(model == "bremsstrahlung", "plasma", model),
        redshift=sources["redshift"].to_numpy(),
        n_h_galactic=in_front,
        n_h_intrinsic=column - in_front,
        expected_counts=sources["total_counts"].to_numpy() - aperture_background(sources),
        flux_cgs=sources["flux_cgs"].to_numpy(),
        light_curve=np.where(is_variable, "stochastic", "constant"),
        variability_amplitude=np.where(is_variable, _USUAL_AMPLITUDE, 0.0),
    )


def _first_papers(written: Literature) -> Literature:
    """The same with one paper per source."""
    kept = written.source_papers.drop_duplicates("source_index")
    papers = written.papers[written.papers["paper_id"].isin(kept["paper_id"])]
    return Literature(papers, kept, written.summaries)


def _merged(parts: list[tuple[NDArray[np.int64], Literature]]) -> Literature:
    """Literatures of parts of the sources as one: their own rows, and papers numbered through."""
    papers, pairs, summaries, n_before = [], [], [], 0
    for rows, part in parts:
        ids = {old: f"sim-{n_before + i:06d}" for i, old in enumerate(part.papers["paper_id"])}
        numbers = [f"sim:{year % 100:02d}:{n_before + i:06d}" for i, year in enumerate(part.papers["year"])]
        papers.append(part.papers.assign(paper_id=list(ids.values()), identifier=numbers))
        pairs.append(
            part.source_papers.assign(
                source_index=rows[part.source_papers["source_index"]],
                paper_id=part.source_papers["paper_id"].map(ids),
            )
        )
        summaries.append(part.summaries.assign(source_index=rows[part.summaries["source_index"]]))
        n_before += len(ids)
    return Literature(*(pd.concat(tables, ignore_index=True) for tables in (papers, pairs, summaries)))


def _by_detection(literature: Literature, source_names: NDArray[np.str_], names: NDArray[np.str_]) -> Literature:
    """Give every detection what was written about its source."""
    number = pd.Series(np.arange(len(source_names)), index=source_names)
    owner = pd.DataFrame({"source": number.reindex(names).to_numpy(), "source_index": np.arange(len(names))})

    def spread(table: pd.DataFrame) -> pd.DataFrame:
        joined = table.rename(columns={"source_index": "source"}).merge(owner, on="source").drop(columns="source")
        columns = ["source_index", *(name for name in table.columns if name != "source_index")]
        return joined[columns].sort_values("source_index", kind="stable", ignore_index=True)

    return Literature(literature.papers, spread(literature.source_papers), spread(literature.summaries))
