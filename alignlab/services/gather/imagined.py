"""What stages would take for a collection that is still to be gathered: they count on one that is imagined."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from alignlab.config import Config
from alignlab.services.gather.stage import StagePlan
from alignlab.store.collection import Collection, detection_key

#: Assumed of each source. Papers per source differ widely; an abstract about X-ray sources has so many characters.
PAPERS_PER_SOURCE, ABSTRACT_CHARACTERS = 5, 1400
#: So many sources are imagined; the figures are multiplied.
_MOST = 500


@contextmanager
def imagined(n_sources: int) -> Iterator[tuple[Collection, Config, float]]:
    """A collection of sources with a detection, a match and papers each; its data folder; the factor to the whole."""
    n = min(n_sources, _MOST)
    with TemporaryDirectory(prefix="alignlab.") as folder:
        config = Config(data_dir=Path(folder))
        collection = Collection(config.collections_dir / "imagined")
        for place, rows in _places(n).items():
            collection.put(place, rows)
        yield collection, config, n_sources / n


def _places(n: int) -> dict[str, dict[str, dict[str, Any]]]:
    names = [f"2CXO J{i:06d}.0+000000" for i in range(n)]
    bibcodes = {name: [f"2001ApJ.{i:05d}...{k:02d}A" for k in range(PAPERS_PER_SOURCE)] for i, name in enumerate(names)}
    return {
        "sources": {name: {"ra": i / 100, "dec": 0.0} for i, name in enumerate(names)},
        "detections": {
            detection_key(i + 1, 0, 1): {"name": name, "obsid": i + 1, "obi": 0, "region_id": 1}
            for i, name in enumerate(names)
        },
        "matches": {name: {"main_id": name, "bibcodes": bibcodes[name]} for name in names},
        "sourced": {name: {"bibcodes": bibcodes[name]} for name in names},
        "papers": {
            bibcode: {"title": "A title of the usual length", "year": 2001, "abstract": _abstract(bibcode)}
            for name in names
            for bibcode in bibcodes[name]
        },
    }


def _abstract(bibcode: str) -> str:
    """Another one for each paper: the same question is asked once."""
    return (f"{bibcode} " + "The words that an abstract has. " * ABSTRACT_CHARACTERS)[:ABSTRACT_CHARACTERS]


def scaled(plan: StagePlan, factor: float, n_sources: int) -> StagePlan:
    """A plan for the imagined collection as one for the whole, with what was assumed."""

    def times(value: int | None) -> int | None:
        return None if value is None else math.ceil(value * factor)

    return replace(
        plan,
        n_wanted=round(plan.n_wanted * factor),
        n_there=0,
        n_requests=times(plan.n_requests),
        n_bytes=times(plan.n_bytes),
        usd=None if plan.usd is None else plan.usd * factor,
        # The other notes have figures, which are those of the imagined one.
        notes=(
            f"Estimated for {n_sources:,} sources, one detection and {PAPERS_PER_SOURCE} papers each.",
            *(note for note in plan.notes if "is not set" in note),
        ),
    )
