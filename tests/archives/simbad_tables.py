"""A sky for SIMBAD's TAP service: a few objects with identifiers and papers, served under SIMBAD's own table names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from tests.archives.tap_server import TapServer

NAN = float("nan")


@dataclass(frozen=True, kw_only=True)
class SkyObject:
    """One object: position in deg, error in mas (none where it is None), identifiers, bibcodes of its papers."""

    main_id: str
    ra: float
    dec: float
    otype: str = "QSO"
    error_mas: float | None = 50.0
    motion_mas_yr: float = 0.0
    aliases: tuple[str, ...] = ()
    bibcodes: tuple[str, ...] = ()
    redshift: float | None = None


@dataclass(frozen=True, kw_only=True)
class Sky:
    objects: Sequence[SkyObject]
    #: Bibcode → number of objects that its paper is about, where it is not counted here.
    n_objects: dict[str, int] = field(default_factory=dict)

    def tables(self) -> dict[str, pd.DataFrame]:
        basic, ident, ids, has_ref = [], [], [], []
        bibcodes = sorted({b for o in self.objects for b in o.bibcodes})
        for oid, o in enumerate(self.objects, start=1000):
            basic.append(
                (oid, o.main_id, o.ra, o.dec, o.error_mas, o.motion_mas_yr, 0.0, o.otype, len(o.bibcodes), o.redshift)
            )
            names = (o.main_id, *o.aliases)
            ident += [(oid, name) for name in names]
            ids.append((oid, "|".join(names)))
            has_ref += [(oid, bibcodes.index(b)) for b in o.bibcodes]
        counted = {b: sum(b in o.bibcodes for o in self.objects) for b in bibcodes}
        ref = [(i, b, self.n_objects.get(b, counted[b])) for i, b in enumerate(bibcodes)]
        columns = ["oid", "main_id", "ra", "dec", "coo_err_maj", "pmra", "pmdec", "otype", "nbref", "rvz_redshift"]
        basic_table = pd.DataFrame(basic, columns=columns)
        numbers = ["coo_err_maj", "pmra", "pmdec", "rvz_redshift"]
        basic_table[numbers] = basic_table[numbers].astype(float)
        return {
            "basic": basic_table,
            "ident": pd.DataFrame(ident, columns=["oidref", "id"]),
            "ids": pd.DataFrame(ids, columns=["oidref", "ids"]),
            "has_ref": pd.DataFrame(has_ref, columns=["oidref", "oidbibref"]).astype("int64"),
            "ref": pd.DataFrame(ref, columns=["oidbib", "bibcode", "nbobject"]).astype(
                {"oidbib": "int64", "nbobject": "int64"}
            ),
        }


def simbad_server(sky: Sky, *, max_rows: int = 100_000) -> TapServer:
    """SIMBAD with that sky alone."""
    return TapServer(sky.tables(), units={"ra": "deg", "dec": "deg", "coo_err_maj": "mas"}, max_rows=max_rows)
