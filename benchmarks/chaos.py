"""200 jobs while the worker is killed 20 times and the app 10 times: no job is lost, doubled or half-published.

python benchmarks/chaos.py [--postgres | --url postgresql://…] [--jobs 200] [--worker-kills 20] [--app-kills 10]

Killed means SIGKILL at a random moment. With PostgreSQL three workers share the queue; `--postgres` starts a cluster of
its own from the installed programs, `--url` takes an empty database.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from alignlab.config import Config
from tests.jobs.chaos import chaos, postgres_problems
from tests.jobs.postgres import postgres_cluster, postgres_programs


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--steps", type=int, default=40, help="of 0.02 s, each with a checkpoint")
    parser.add_argument("--worker-kills", type=int, default=20)
    parser.add_argument("--app-kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--postgres", action="store_true", help="three workers on a PostgreSQL cluster of its own")
    where.add_argument("--url", default="", help="three workers on this PostgreSQL database")
    options = parser.parse_args()
    programs = postgres_programs()
    if options.postgres and programs is None:
        parser.error("PostgreSQL is not installed")
    with TemporaryDirectory(prefix="alignlab.chaos.") as folder, contextlib.ExitStack() as stack:
        url = stack.enter_context(postgres_cluster(programs)) if options.postgres else options.url
        outcome = chaos(
            Config(data_dir=Path(folder), jobs_url=url),
            n_jobs=options.jobs,
            steps=options.steps,
            workers=["a", "b", "c"] if url else ["local"],
            worker_kills=options.worker_kills,
            app_kills=options.app_kills,
            seed=options.seed,
        )
        problems = outcome.problems + tuple(postgres_problems(programs, url) if url and programs else ())
    print(f"{options.jobs} jobs in {outcome.seconds:.0f} s: {outcome.states}")
    print(f"workers killed {outcome.worker_kills} times, apps {outcome.app_kills} times; {len(problems)} problems")
    print(*problems, sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
