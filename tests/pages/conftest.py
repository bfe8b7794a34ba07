"""Pages without a browser are pages without a worker: what they submit stays in the queue."""

from __future__ import annotations

import pytest

from alignlab.services import jobs


@pytest.fixture(autouse=True)
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "ensure_worker", lambda config: False)
