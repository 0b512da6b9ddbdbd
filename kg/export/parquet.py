"""Parquet: nodes, edges and evidence as typed columns. Needs pyarrow, the extra ``parquet``."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import networkx as nx

from kg.errors import UsageError
from kg.export.tables import list_rows, order_columns
from kg.export.values import write_value


def render(graph: nx.Graph, *, table: str) -> Iterator[bytes]:
    """The file's bytes.

    Raises:
        UsageError: pyarrow is not installed.
    """
    arrow, parquet = _load()
    rows = list(list_rows(graph, table))
    types = {bool: arrow.bool_(), int: arrow.int64(), float: arrow.float64(), str: arrow.string()}
    columns = order_columns(rows, table)
    values = {
        name: arrow.array(
            [None if name not in row else write_value(row[name]) if kind is str else kind(row[name]) for row in rows],
            type=types[kind],
        )
        for name, kind in columns.items()
    }
    held = io.BytesIO()
    parquet.write_table(arrow.table(values), held, compression="zstd")
    yield held.getvalue()


def check(path: Path, graph: nx.Graph, *, table: str) -> None:
    """Reads the file back. ValueError: it is not Parquet, or holds other rows than ``graph``."""
    arrow, parquet = _load()
    first = "edge" if table == "evidence" else "id"
    try:
        found = parquet.read_table(path, partitioning=None)[first].to_pylist()
    except (arrow.ArrowException, KeyError) as error:
        raise ValueError(f"it is no Parquet file ({error})") from error
    wanted = [row[first] for row in list_rows(graph, table)]
    if found != wanted:
        raise ValueError(f"it holds {len(found):,} rows where the graph has {len(wanted):,} {table}, or others")


def _load() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise UsageError("Parquet needs pyarrow: install it with: pip install 'kg[parquet]'.") from error
    return pyarrow, pyarrow.parquet
