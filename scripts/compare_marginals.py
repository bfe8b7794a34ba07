"""Compare the demo survey's variables with real CSC 2.0 detections; writes the table into docs/demo-survey.md.

Usage: python scripts/compare_marginals.py [--sources 11447] [--seed 7] [--data ../shared/data] [--print-only]

The distance is Kolmogorov and Smirnov's: the largest difference between two cumulative distributions. Real detections
are chosen as for the priors (derive_priors.py: ACIS, significance of 8 or more, no pile-up), one weight per source
name, and only up to the counts at which the survey is cut. All simulated sources enter: their counts were drawn from
those of the same real detections.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
from derive_priors import MAX_NET_COUNTS, load_detections

from alignlab.spectra.simulate import SimulatedSurvey, simulate_survey
from alignlab.variables import VARIABLE_NAMES

MARKERS = ("<!-- marginals -->", "<!-- /marginals -->")
PROJECT = Path(__file__).resolve().parents[1]
COMPARED = tuple(name for name in VARIABLE_NAMES if not name.startswith("apec"))
#: Classes with enough real sources for a comparison of their own.
CLASSES = ("CV", "pulsar", "LMXB", "star", "HMXB")
MIN_SOURCES = 12
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
#: Below this a column density is zero for every purpose (fits end anywhere between 0 and it).
SMALLEST_N_H = 0.1


def ks_distance(x: np.ndarray, y: np.ndarray, weights_x: np.ndarray, weights_y: np.ndarray) -> float:
    """Largest difference between the weighted cumulative distributions of `x` and `y`."""
    points = np.concatenate([x, y])
    order = np.argsort(points, kind="stable")
    steps = np.concatenate([weights_x / weights_x.sum(), -weights_y / weights_y.sum()])[order]
    difference = np.cumsum(steps)
    last = np.append(np.diff(points[order]) > 0, True)
    return float(np.abs(difference[last]).max())


def quantiles(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted quantiles at `QUANTILES`."""
    order = np.argsort(values)
    return np.interp(QUANTILES, (np.cumsum(weights[order]) - weights[order] / 2) / weights.sum(), values[order])


def _prepared(frame: pd.DataFrame, name: str) -> tuple[np.ndarray, np.ndarray]:
    rows = frame[frame[name].notna()]
    values = rows[name].to_numpy(dtype=float)
    if name.endswith("_nh"):
        values = np.maximum(values, SMALLEST_N_H)
    weights = (1.0 / rows.groupby("name").name.transform("size")).to_numpy() if "name" in rows else np.ones(len(rows))
    return values, weights


def comparison(real: pd.DataFrame, simulated: pd.DataFrame) -> pd.DataFrame:
    """Tabulate KS distances overall and per class, and the quantiles of both."""
    rows = []
    for name in COMPARED:
        (x, wx), (y, wy) = _prepared(real, name), _prepared(simulated, name)
        row: dict[str, object] = {"variable": name, "KS": ks_distance(x, y, wx, wy)}
        row["real"], row["simulated"] = quantiles(x, wx), quantiles(y, wy)
        for source_class in CLASSES:
            part, other = (frame[frame.source_class == source_class] for frame in (real, simulated))
            (a, wa), (b, wb) = _prepared(part, name), _prepared(other, name)
            enough = part.loc[part[name].notna(), "name"].nunique() >= MIN_SOURCES
            row[source_class] = ks_distance(a, b, wa, wb) if enough and len(b) else np.nan
        rows.append(row)
    return pd.DataFrame(rows)


def as_markdown(table: pd.DataFrame, facts: str) -> str:
    """Render the table as Markdown."""

    def numbers(values: np.ndarray) -> str:
        return " ".join(f"{v:.3g}" for v in values)

    head = ["variable", "KS", *CLASSES, "real 5–25–50–75–95%", "simulated 5–25–50–75–95%"]
    lines = [facts, "", "| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for row in table.to_dict("records"):
        classes = ["–" if np.isnan(row[c]) else f"{row[c]:.2f}" for c in CLASSES]
        cells = [
            f"`{row['variable']}`",
            f"**{row['KS']:.2f}**",
            *classes,
            numbers(row["real"]),
            numbers(row["simulated"]),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def simulated_table(survey: SimulatedSurvey) -> pd.DataFrame:
    """Measured variables with the class of each source."""
    return survey.variables.assign(source_class=survey.sources["source_class"].to_numpy())


def main() -> None:
    """Simulate, compare, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sources", type=int, default=11_447)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--data", type=Path, default=PROJECT.parent / "shared" / "data")
    parser.add_argument("--document", type=Path, default=PROJECT / "docs" / "demo-survey.md")
    parser.add_argument("--print-only", action="store_true")
    arguments = parser.parse_args()
    start = time.perf_counter()
    survey = simulate_survey(arguments.sources, seed=arguments.seed)
    seconds = time.perf_counter() - start
    real = load_detections(arguments.data)
    real = real[real.net <= MAX_NET_COUNTS]
    simulated = simulated_table(survey)
    share = (survey.variables.powlaw_gamma.notna()).mean()
    facts = (
        f"{len(simulated):,} simulated sources (of {arguments.sources:,}, seed {arguments.seed}) against "
        f"{len(real):,} real detections of {real.name.nunique():,} sources; "
        f"{share:.0%} of the simulated ones have spectral fits, "
        f"{np.average(real.powlaw_gamma.notna(), weights=real.weight):.0%} of the real ones."
    )
    text = as_markdown(comparison(real, simulated), facts)
    print(text)
    print(f"simulated in {seconds:.1f} s")
    if not arguments.print_only:
        document = arguments.document.read_text(encoding="utf-8")
        before, rest = document.split(MARKERS[0])
        after = rest.split(MARKERS[1])[1]
        arguments.document.write_text(f"{before}{MARKERS[0]}\n{text}\n{MARKERS[1]}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
