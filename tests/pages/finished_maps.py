"""A trained demo whose maps are all there, so that an app opened on it starts no work in the background."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from alignlab.config import Config
from alignlab.services.maps import FIRST_MAPS, INSTANT_METHOD, judge_maps
from alignlab.services.workspace import Catalogue
from alignlab.store.run import Run
from alignlab.store.survey import Survey


def with_finished_maps(demo: Config, folder: Path) -> Config:
    """Copy a demo into `folder`; its UMAP and t-SNE are its PCA's places."""
    config = Config(data_dir=Path(shutil.copytree(demo.data_dir, folder / "data")))
    workspace = Catalogue(config).open_workspace()
    finish_maps(workspace.survey, workspace.run)
    workspace.survey.close()
    workspace.run.close()
    return config


def finish_maps(survey: Survey, run: Run) -> None:
    """Give a run the maps that the app would compute in the background."""
    for representation, method in FIRST_MAPS:
        if not run.has_projection(representation, method):
            projection = run.projection(representation, INSTANT_METHOD)
            run.add_projection(replace(projection, method=method, arrays={}))
    judge_maps(survey, run)
