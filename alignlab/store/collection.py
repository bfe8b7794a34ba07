"""A collection: what has been gathered for a survey that is still to be made, stage by stage.

One folder ``data/collections/<name>/``: ``collection.sqlite`` with the rows, ``products/`` with the files. Mutable, and
resumable at any moment; a survey is made of it in one go (`alignlab.services.collected_survey`).

Places, their keys and columns (a column may be absent or null where nothing is known):

==============  ==============  ========================================================================================
place           key             columns
==============  ==============  ========================================================================================
``sources``     name            ra, dec (deg), error_arcsec (radius of the 95% error circle)
``detections``  detection_key   name, obsid, obi, region_id, ra, dec, detector, theta_arcmin, exposure_s, year, the 20
                                variables of `alignlab.variables` with ``_lolim`` and ``_hilim``, in the units there,
                                pileup_flag, sat_src_flag, streak_src_flag (true or false)
``products``    path            detection_key, kind (pha, arf, rmf, evt), bytes, sha256; path relative to ``products/``
``matches``     name            main_id, otype, source_class, separation_arcsec, is_ambiguous, candidates, aliases,
                                n_references, bibcodes, objects_in_papers (beside them: how many objects each paper is
                                about), redshift; a source that SIMBAD does not have has no main_id
``papers``      bibcode         title, year, abstract, full_text, doi, authors, n_citations, n_objects, is_catalogue
``sourced``     name            bibcodes (those of ``papers`` that are about the source)
``summaries``   name            one text per aspect, null where it is not discussed; summariser, bibcodes (those read),
                                n_redacted (aspects from which names were taken out), digest (of what it was made from)
==============  ==============  ========================================================================================
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alignlab.config import Config
from alignlab.errors import AlignlabError, MissingArtefactError
from alignlab.store.artefact import check_name
from alignlab.store.rows import RowStore

PLACES = ("sources", "detections", "products", "matches", "papers", "sourced", "summaries")
_FACTS = "facts"


def detection_key(obsid: int, obi: int, region_id: int) -> str:
    """The key of a detection, as in the names of CSC's files: ``acisf01575_001N_r0085`` is ``01575_001_0085``."""
    return f"{obsid:05d}_{obi:03d}_{region_id:04d}"


class Collection(RowStore):
    """Open the collection in `folder`, or make it.

    Raises
    ------
    DamagedArtefactError
        If its file is damaged or newer than this version.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.name = folder, check_name(folder.name)
        self._is_gathering = False
        super().__init__(folder / "collection.sqlite")

    @property
    def products_folder(self) -> Path:
        """Where downloaded files lie."""
        return self.folder / "products"

    def fact(self, name: str) -> Any:
        """Something known about the whole collection, such as the selection it was made with; None if it is not."""
        found = self.get(_FACTS, [name])
        return found[name]["value"] if name in found else None

    def set_fact(self, name: str, value: Any) -> None:
        """Remember something about the whole collection, as JSON."""
        self.put(_FACTS, {name: {"value": json.loads(json.dumps(value))}})

    def facts(self) -> dict[str, Any]:
        """Everything that is known about the whole collection."""
        return {name: row["value"] for name, row in self.rows(_FACTS)}

    @contextmanager
    def gathering(self) -> Iterator[None]:
        """Be the only process that gathers into this collection; stages of one gathering may nest.

        Raises
        ------
        AlignlabError
            If another one does.
        """
        if self._is_gathering:
            yield
            return
        with (self.folder / "lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as problem:
                raise AlignlabError(
                    f"Something else is gathering into collection {self.name!r} already.",
                    remedy="Wait for it, or cancel that job.",
                ) from problem
            self._is_gathering = True
            try:
                yield
            finally:
                self._is_gathering = False


def collection_folder(config: Config, name: str) -> Path:
    """Where the collection of that name lies, or would."""
    return config.collections_dir / check_name(name)


def open_collection(config: Config, name: str) -> Collection:
    """Open a collection that exists.

    Raises
    ------
    MissingArtefactError
        If there is none of that name.
    """
    folder = collection_folder(config, name)
    if not (folder / "collection.sqlite").is_file():
        raise MissingArtefactError(
            f"There is no collection {name!r}.", remedy="Begin one with 'alignlab ingest csc', or check the name."
        )
    return Collection(folder)


def collection_names(config: Config) -> list[str]:
    """All collections, by name."""
    if not config.collections_dir.is_dir():
        return []
    return sorted(path.parent.name for path in config.collections_dir.glob("*/collection.sqlite"))
