"""``python -m alignlab.jobs``: a worker process, without the imports of the command line or of any kind of job."""

from __future__ import annotations

import argparse
import sys

from alignlab.config import load_config
from alignlab.errors import AlignlabError
from alignlab.jobs.presence import LOCAL
from alignlab.jobs.worker import run_worker


def main() -> int:
    """Run the worker that the arguments describe; see `run_worker`."""
    parser = argparse.ArgumentParser(prog="python -m alignlab.jobs")
    parser.add_argument("--kinds", required=True)
    parser.add_argument("--preload", action="append", default=[])
    parser.add_argument("--name", default=LOCAL)
    parser.add_argument("--slots", type=int)
    parser.add_argument("--idle-exit", type=float)
    chosen = parser.parse_args()
    try:
        run_worker(
            load_config(),
            kinds=chosen.kinds,
            preload=chosen.preload,
            name=chosen.name,
            slots=chosen.slots,
            idle_exit_s=chosen.idle_exit,
        )
    except AlignlabError as error:
        print(f"alignlab: {error}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
