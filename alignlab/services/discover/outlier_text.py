"""Outlier scores in a terminal and in a file: the strangest sources, and the classes."""

from __future__ import annotations

import astropy.units as u
import numpy as np
from astropy.table import Table
from numpy.typing import NDArray

from alignlab.services.discover.artefacts import ArtefactScores, believable
from alignlab.services.discover.outlier_classes import ClassScores
from alignlab.services.discover.outliers import COMBINED, METHODS, OutlierScores
from alignlab.services.export import Described, described_table
from alignlab.services.number_words import MISSING, number, percent, plural
from alignlab.services.workspace import Workspace


def believed_ranking(
    scores: OutlierScores, artefacts: ArtefactScores, method: str, *, strength: float
) -> NDArray[np.int64]:
    """Rows of the sources that have a score, strangest first, likely artefacts demoted with that strength."""
    believed = believable(scores.of(method), artefacts, strength)
    order = scores.ranking(method)
    return order[np.argsort(-believed[order], kind="stable")]


def outliers_title(workspace: Workspace, scores: OutlierScores, method: str, *, strength: float) -> str:
    """One line: what the ranking is of."""
    what = "all methods combined" if method == COMBINED else METHODS[method].label.lower()
    doubt = "" if strength == 0 else ", likely artefacts demoted"
    seed = scores.told["seed"]
    return (
        f"{workspace.title} · run {workspace.run.run_id} · seed {seed} · {what}{doubt}, representation "
        f"{scores.representation}, n {scores.told['n']:,}"
    )


def outlier_lines(
    workspace: Workspace, scores: OutlierScores, artefacts: ArtefactScores, method: str, rows: NDArray[np.int64]
) -> list[str]:
    """One line per source, tabs between: rank, name, class, score, percentile, how likely an artefact."""
    sources = workspace.survey.sources
    percentile = scores.percentile(method)
    lines = ["rank\tname\tclass\tscore\tpercentile\tartefact"]
    for rank, row in enumerate(rows, 1):
        lines.append(
            f"{rank}\t{sources['name'].iloc[row]}\t{sources['source_class'].iloc[row] or 'unclassified'}\t"
            f"{number(float(scores.of(method)[row]), digits=4)}\t{percentile[row]:.3f}\t"
            f"{percent(float(artefacts.score[row]))}"
        )
    return lines


def class_lines(classes: list[ClassScores]) -> list[str]:
    """One line per class, tabs between: class, n, median with its error, middle 68%."""
    lines = ["class\tn\tmedian\tmiddle 68%"]
    for each in classes:
        spread = f"{number(each.low)} to {number(each.high)}" if each.n > 1 else MISSING
        lines.append(f"{each.source_class or 'unclassified'}\t{each.n:,}\t{_with_error(each)}\t{spread}")
    return lines


def outliers_table(
    workspace: Workspace, scores: OutlierScores, artefacts: ArtefactScores, method: str, rows: NDArray[np.int64]
) -> Table:
    """The ranked sources with every score, for a file."""
    sources = workspace.survey.sources.iloc[rows]
    place = f"in the representation {scores.representation}, scope {scores.scope}"
    columns = {
        "rank": Described(values=np.arange(1, len(rows) + 1), ucd="stat.rank", description="1 is the strangest."),
        "source_index": Described(values=rows, ucd="meta.record", description="Row of the source in its survey."),
        "name": Described(values=sources["name"], ucd="meta.id;meta.main", description="Name of the source."),
        "ra": Described(values=sources["ra"], ucd="pos.eq.ra;meta.main", description="Right ascension.", unit=u.deg),
        "dec": Described(values=sources["dec"], ucd="pos.eq.dec;meta.main", description="Declination.", unit=u.deg),
        "source_class": Described(values=sources["source_class"], ucd="src.class", description="Class of the source."),
        "percentile": Described(
            values=scores.percentile(method)[rows],
            ucd="stat.percentile",
            description=f"Of the score {method} among {plural(scores.told['n'], 'source')}, artefacts not demoted.",
        ),
        COMBINED: Described(
            values=scores.combined[rows], ucd="stat.percentile", description=f"All methods combined, {place}."
        ),
        **{
            name: Described(values=scores.of(name)[rows], ucd="stat.likelihood", description=known.description)
            for name, known in METHODS.items()
        },
        "artefact": Described(
            values=artefacts.score[rows], ucd="stat.likelihood", description="How likely an artefact: 0 to 1."
        ),
        "concerns": Described(
            values=[" ".join(artefacts.reasons(int(row))) for row in rows],
            ucd="meta.note",
            description="Why it may be an artefact of its observation.",
        ),
    }
    return described_table(workspace, columns, name="outliers", selection=f"outliers by {method}, {place}")


def _with_error(each: ClassScores) -> str:
    """A median in the digits that its error allows."""
    error = each.median_error
    if not error > 0:
        return number(each.median)
    decimals = max(0, 1 - int(np.floor(np.log10(error))))
    return f"{each.median:.{decimals}f} ± {error:.{decimals}f}".replace("-", "−")
