"""Training again, as a job, gives another run beside the one that is shown."""

from __future__ import annotations

import numpy as np

from alignlab.services import jobs as queue
from alignlab.services import retrain as service
from alignlab.services.workspace import Catalogue
from tests.jobs.workers import wait_until, working


def test_a_retraining_joins_the_runs_and_is_shown_when_asked(demo_copy):
    catalogue = Catalogue(demo_copy)
    workspace = catalogue.open_workspace()
    before = workspace.run
    with working(demo_copy, kinds=queue.KINDS):
        wait_until(lambda: queue.worker_is_alive(demo_copy))
        submitted = service.retrain_heads(workspace)
        wait_until(lambda: queue.job(demo_copy, submitted.job).has_ended, within_s=120)
    job = service.latest_retraining(workspace)
    assert job.id == submitted.job
    assert job.state == "succeeded", job.error
    made = job.result["run"]
    assert service.runs_of(workspace) == [before.run_id, made]
    assert catalogue.active_run_id("demo") == before.run_id
    service.show_run(workspace, made)
    after = catalogue.open_workspace().run
    assert after.run_id == made
    assert after.recipe["alignment"] == before.recipe["alignment"]
    assert after.meta.seed == before.meta.seed + 1
    assert np.array_equal(after.latents("spectrum"), before.latents("spectrum"))
    assert not np.array_equal(after.latents("both"), before.latents("both"))
    assert service.next_seed(workspace) == after.meta.seed + 1
