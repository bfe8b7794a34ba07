"""A network as files for other programs: GraphML, or Parquet of its nodes and of its edges."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from alignlab.errors import InputFileError
from alignlab.store.artefact import write_file_atomically
from alignlab.store.survey import Survey

if TYPE_CHECKING:
    from alignlab.services.discover.networks import Network

#: Edges that are written at once.
_EDGES_AT_ONCE = 100_000
_GRAPHML_TYPES = {"f": "double", "i": "long", "u": "long", "b": "boolean", "O": "string"}


def write_graph(network: Network, survey: Survey, path: Path) -> list[Path]:
    """Write a network.

    Parameters
    ----------
    network : Network
    survey : Survey
        Whose sources its nodes are.
    path : Path
        ``<name>.graphml``, or ``<name>.parquet``: then ``<name>.nodes.parquet`` and ``<name>.edges.parquet`` are
        written. Files of these names are replaced.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    InputFileError
        If the name ends otherwise.
    """
    if path.suffix == ".graphml":
        write_file_atomically(path, lambda partial: _write_graphml(network, survey, partial))
        return [path]
    if path.suffix != ".parquet":
        raise InputFileError(path, "not a format of graphs", remedy="End the name in .graphml or .parquet.")
    nodes, edges = path.with_suffix(".nodes.parquet"), path.with_suffix(".edges.parquet")
    write_file_atomically(nodes, lambda partial: _write_nodes(network, survey, partial))
    write_file_atomically(edges, lambda partial: _write_edges(network, survey, partial))
    return [nodes, edges]


def node_table(network: Network, survey: Survey) -> pd.DataFrame:
    """One row per node: source, place on the sky (deg), and everything the network knows of it."""
    rows = network.graph.rows
    sources = survey.sources.iloc[rows]
    return pd.DataFrame(
        {
            "name": sources["name"].astype(str).to_numpy(),
            "source_index": rows,
            "source_class": sources["source_class"].astype(str).to_numpy(),
            "ra": sources["ra"].to_numpy(np.float64),
            "dec": sources["dec"].to_numpy(np.float64),
            "degree": network.degree,
            "component": network.component,
            "core_number": network.core_number,
            "core": network.core,
            "community": network.community,
            **{name: values for name, values in network.centralities.items() if name != "degree"},
            "x": network.positions[:, 0],
            "y": network.positions[:, 1],
        }
    )


def _write_nodes(network: Network, survey: Survey, path: Path) -> None:
    table = pa.Table.from_pandas(node_table(network, survey), preserve_index=False)
    pq.write_table(table.replace_schema_metadata(_metadata(network)), path)


def _write_edges(network: Network, survey: Survey, path: Path) -> None:
    graph, names = network.graph, survey.sources["name"].astype(str).to_numpy()[network.graph.rows]
    schema = pa.schema(
        [("source", pa.string()), ("target", pa.string()), ("similarity", pa.float32())],
        metadata=_metadata(network),
    )
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, max(graph.n_edges, 1), _EDGES_AT_ONCE):
            some = slice(start, start + _EDGES_AT_ONCE)
            first, second = names[graph.edges[some]].T if graph.n_edges else (names[:0], names[:0])
            columns = [pa.array(first), pa.array(second), pa.array(graph.similarity[some])]
            writer.write_table(pa.table([c.cast(f.type) for c, f in zip(columns, schema, strict=True)], schema=schema))


def _metadata(network: Network) -> dict[str, str]:
    told = network.told
    return {key: str(told[key]) for key in ("survey", "origin", "run", "joined_by", "alignlab_version") if key in told}


def _write_graphml(network: Network, survey: Survey, path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(_graphml(network, survey))


def _graphml(network: Network, survey: Survey) -> Iterator[str]:
    nodes = node_table(network, survey)
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'
    for name in nodes:
        kind = _GRAPHML_TYPES[nodes[name].to_numpy(object if nodes[name].dtype == object else None).dtype.kind]
        yield f'<key id="{name}" for="node" attr.name="{name}" attr.type="{kind}"/>\n'
    yield '<key id="similarity" for="edge" attr.name="similarity" attr.type="double"/>\n'
    told = "; ".join(f"{key}: {value}" for key, value in _metadata(network).items())
    yield f'<graph edgedefault="undirected">\n<desc>{escape(told)}</desc>\n'
    for number, row in enumerate(nodes.itertuples(index=False)):
        data = "".join(f'<data key="{name}">{_text(value)}</data>' for name, value in zip(nodes, row, strict=True))
        yield f'<node id="n{number}">{data}</node>\n'
    edges, similarity = network.graph.edges, network.graph.similarity
    for start in range(0, len(edges), _EDGES_AT_ONCE):
        some = slice(start, start + _EDGES_AT_ONCE)
        for (first, second), value in zip(edges[some].tolist(), similarity[some].tolist(), strict=True):
            yield f'<edge source="n{first}" target="n{second}"><data key="similarity">{value:.6g}</data></edge>\n'
    yield "</graph>\n</graphml>\n"


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool | np.bool_) else escape(str(value))
