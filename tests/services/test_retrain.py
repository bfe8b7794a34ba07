"""Training again gives another run beside the one that is shown."""

from __future__ import annotations

import time

import numpy as np

from alignlab.services import retrain as service
from alignlab.services.workspace import Catalogue


def test_a_retraining_in_the_background_joins_the_runs_and_is_shown_when_asked(demo_copy):
    catalogue = Catalogue(demo_copy)
    workspace = catalogue.open_workspace()
    before = workspace.run
    service.start_retraining(workspace)
    end = time.monotonic() + 120
    while service.retraining(workspace).is_running and time.monotonic() < end:
        time.sleep(0.3)
    now = service.retraining(workspace)
    assert now.progress.done, now.progress
    assert now.newest_run != before.run_id
    assert catalogue.active_run_id("demo") == before.run_id
    service.show_run(workspace, now.newest_run)
    after = catalogue.open_workspace().run
    assert after.run_id == now.newest_run
    assert after.recipe["alignment"] == before.recipe["alignment"]
    assert after.meta.seed == before.meta.seed + 1
    assert np.array_equal(after.latents("spectrum"), before.latents("spectrum"))
    assert not np.array_equal(after.latents("both"), before.latents("both"))
