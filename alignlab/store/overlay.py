"""A run's view of another survey, written to any folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from alignlab.store.artefact import Meta, check_name, publish
from alignlab.store.run import Overlay, OverlayContents
from alignlab.store.tables import vectors_table, write_tables


def write_overlay(contents: OverlayContents, meta: Meta, root: Path, *, replace: bool = True) -> Overlay:
    """Publish a run's view of the survey ``meta.name`` as ``root / meta.name``."""

    def write(folder: Path) -> None:
        tables = {
            "latents": vectors_table(contents.latents),
            "estimates": contents.estimates.astype("float32"),
            "novelty": pd.DataFrame({"novelty_percent": contents.novelty_percent.astype(np.float32)}),
        }
        write_tables(folder / "overlay.duckdb", tables)
        np.save(folder / "reconstruction.npy", contents.reconstruction.astype(np.float32), allow_pickle=False)

    folder = root / check_name(meta.name)
    publish(folder, meta, write, replace=replace)
    return Overlay.open(folder)
