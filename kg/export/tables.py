"""Nodes, edges and evidence as CSV or TSV (RFC 4180), for spreadsheets and for whoever reads tables.

A spreadsheet runs a cell that begins like a formula, so such a text gets an apostrophe in front (OWASP, CSV
Injection); so does one that begins with apostrophes before such a sign, and taking one away gives back each text
exactly. A byte order mark tells Excel that it is UTF-8. ``raw`` files, for programs, have neither.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import networkx as nx

from kg.export.values import Plain, clean_row, find_columns, list_edges, list_nodes, write_value

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
BOM = "\ufeff"
FIRST = {"nodes": ("id", "name", "type"), "edges": ("id", "source", "target", "relation"), "evidence": ("edge",)}

Row = Mapping[str, Plain]


def list_rows(graph: nx.Graph, table: str) -> Iterator[dict[str, Plain]]:
    """Rows of "nodes", "edges" or "evidence" (one a sentence of an edge, whose id stands in ``edge``)."""
    if table == "nodes":
        for id, values in list_nodes(graph):
            yield {**_keep_apart(values, ("id",)), "id": id}
        return
    for edge in list_edges(graph):
        if table == "edges":
            values = edge.values
            if edge.evidence():  # it has a table of its own
                values = {name: value for name, value in values.items() if name != "evidence"}
            ends = {"id": edge.id, "source": edge.head, "target": edge.tail, "relation": edge.relation}
            yield {**_keep_apart(values, ("id", "source", "target")), **ends}
        else:
            yield from ({**_keep_apart(clean_row(item), ("edge",)), "edge": edge.id} for item in edge.evidence())


def order_columns(rows: Iterable[Row], table: str) -> dict[str, type]:
    """Column -> type: those that say which row it is first, always there; the rest by name."""
    columns = find_columns(rows)
    return {name: columns.pop(name, str) for name in FIRST[table]} | columns


def render(graph: nx.Graph, *, table: str, delimiter: str = ",", raw: bool = False) -> Iterator[str]:
    """The table's text, a row at a time."""
    given = list(list_rows(graph, table))
    columns = order_columns(given, table)
    if not raw:
        yield BOM
    yield write_row(list(columns), delimiter)
    for row in given:
        yield write_row([write_cell(row.get(name, ""), raw=raw) for name in columns], delimiter)


def write_row(cells: Sequence[str], delimiter: str = ",") -> str:
    """A line of CSV. A line end, a quote or a blank at an end of a cell is kept by quotes."""
    line = io.StringIO()
    plain = csv.writer(line, delimiter=delimiter, lineterminator="\n")
    plain.writerow(cells)
    return line.getvalue()


def write_cell(value: Plain, *, raw: bool) -> str:
    """Text, numbers as they are; a text that a spreadsheet would run is defused unless ``raw``."""
    text = write_value(value)
    return text if raw or not isinstance(value, str) or not is_formula(text) else f"'{text}"


def is_formula(text: str) -> bool:
    return text.lstrip("'").startswith(FORMULA)


def read_cell(text: str) -> str:
    """What `write_cell` was given."""
    return text[1:] if text.startswith("'") and is_formula(text) else text


def check(path: Path, graph: nx.Graph, *, table: str, delimiter: str = ",", raw: bool = False) -> None:
    """Reads the table back. ValueError: it holds other rows than ``graph``."""
    before = csv.field_size_limit(sys.maxsize)
    try:
        with path.open(encoding="utf-8" if raw else "utf-8-sig", newline="") as file:
            head, *rows = list(csv.reader(file, delimiter=delimiter, strict=True)) or [[]]
    except csv.Error as error:
        raise ValueError(f"it is no table ({error})") from error
    finally:
        csv.field_size_limit(before)
    given = list(list_rows(graph, table))
    columns = order_columns(given, table)
    wanted = [[write_value(row.get(name, "")) for name in columns] for row in given]
    cells = rows if raw else [[read_cell(cell) for cell in row] for row in rows]
    if head != list(columns) or cells != wanted:
        raise ValueError(f"it holds {len(rows):,} rows where the graph has {len(wanted):,} {table}, or others")


def make_files(
    suffix: str, delimiter: str, *, raw: bool = False
) -> dict[str, tuple[partial[Iterator[str]], partial[None]]]:
    """Ending -> (render, check) of the three tables."""
    return {
        f"-{table}{suffix}": (
            partial(render, table=table, delimiter=delimiter, raw=raw),
            partial(check, table=table, delimiter=delimiter, raw=raw),
        )
        for table in FIRST
    }


def _keep_apart(values: Row, taken: Sequence[str]) -> dict[str, Plain]:
    """Attributes named as a column of ours get ``_`` behind."""
    return {f"{name}_" if name in taken else name: value for name, value in values.items()}
