"""Where things are, and the few settings that a person may change, all typed and in one place."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, kw_only=True)
class Config:
    """Paths and limits of one installation.

    Attributes
    ----------
    data_dir : Path
        Folder of all artefacts; ``ALIGNLAB_DATA`` moves it.
    max_upload_mb : int
        Largest file that a person may hand in through the app, in MB.
    jobs_url : str
        PostgreSQL database of the background jobs, for workers on many hosts: ``ALIGNLAB_JOBS_URL``, such as
        ``postgresql://alignlab@db.example.org/alignlab``. Empty for an SQLite file in the data folder.
    """

    data_dir: Path
    max_upload_mb: int = 200
    jobs_url: str = ""

    @property
    def surveys_dir(self) -> Path:
        """Folder with one sub-folder per survey."""
        return self.data_dir / "surveys"

    @property
    def runs_dir(self) -> Path:
        """Folder with one sub-folder per survey, each with one per run."""
        return self.data_dir / "runs"

    @property
    def lab_path(self) -> Path:
        """The SQLite file of people's labels, notes and choices."""
        return self.data_dir / "lab.sqlite"

    @property
    def encoders_dir(self) -> Path:
        """Folder of the spectrum encoders that were trained here, each with its provenance beside it."""
        return self.data_dir / "encoders"

    @property
    def collections_dir(self) -> Path:
        """Folder with one sub-folder per collection: what is gathered for surveys that are still to be made."""
        return self.data_dir / "collections"

    @property
    def papers_path(self) -> Path:
        """The SQLite file of what archives have told about papers, for all collections."""
        return self.data_dir / "papers.sqlite"

    @property
    def answers_path(self) -> Path:
        """The SQLite file of what language models and embedders were asked and answered: nothing is paid twice."""
        return self.data_dir / "answers.sqlite"

    @property
    def jobs_dir(self) -> Path:
        """Folder with one sub-folder per background job."""
        return self.data_dir / "jobs"

    @property
    def jobs_path(self) -> Path:
        """The SQLite file of the background jobs, used unless `jobs_url` names a database."""
        return self.data_dir / "jobs.sqlite"


def load_config() -> Config:
    """Read the configuration from the environment (``ALIGNLAB_DATA``, ``ALIGNLAB_JOBS_URL``), never cached."""
    data_dir = os.environ.get("ALIGNLAB_DATA")
    return Config(
        data_dir=Path(data_dir).expanduser() if data_dir else PROJECT_ROOT / "data",
        jobs_url=os.environ.get("ALIGNLAB_JOBS_URL", ""),
    )
