"""Neo4j: tables for ``neo4j-admin database import full``, and a Cypher script with its rows as parameters.

    neo4j-admin database import full --multiline-fields=true --nodes=kg-nodes.csv --relationships=kg-relationships.csv
    cypher-shell -f kg.cypher

In the script no text is ever part of a statement: it stands as a quoted literal in a ``:param`` line; labels and
relationship types are letters, digits and ``_``. Lists are JSON. Neo4j up to 5 reads ``\\uXXXX`` before it looks for
quotes, so no backslash of a text stands before a ``u``: such a text is joined from two literals.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

import networkx as nx

from kg.export.tables import write_row
from kg.export.values import Plain, find_columns, list_edges, list_ids, list_nodes, write_value
from kg.export.xml import check_ids

TYPES = {bool: "boolean", int: "long", float: "double", str: "string"}
BATCH = 500  # rows of one statement
ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'", "\n": "\\n", "\t": "\\t", "\r": "\\r"})
LITERAL = r"'(?:[^'\\]|\\.)*'(?: \+ '(?:[^'\\]|\\.)*')*"
ROW = re.compile(rf"[\[ ]{{id: ({LITERAL}), (head|values)")
UNESCAPED = {"n": "\n", "t": "\t", "r": "\r"}

Row = Mapping[str, Plain]


def name_safely(text: str) -> str:
    """A label, type or property: ASCII letters, digits and ``_``, not beginning with a digit."""
    name = re.sub(r"[^A-Za-z0-9_]+", "_", text).strip("_") or "Entity"
    return f"_{name}" if name[0].isdigit() else name


def name_properties(columns: Iterable[str]) -> dict[str, str]:
    """Attribute -> property, no two alike, none named ``id``, which is the entity's or link's own."""
    names: dict[str, str] = {}
    for column in columns:
        name = name_safely(column)
        while name in names.values() or name.lower() == "id":
            name += "_"
        names[column] = name
    return names


def list_relationships(graph: nx.Graph) -> Iterator[tuple[str, str, str, str, dict[str, Plain]]]:
    """(id, head, tail, type, attributes) of each edge."""
    for edge in list_edges(graph):
        yield edge.id, edge.head, edge.tail, name_safely(edge.relation.upper()), edge.values


def name_type(values: Row) -> str:
    return name_safely(str(values.get("type", "Entity")).capitalize())


def render_nodes(graph: nx.Graph) -> Iterator[str]:
    """The table of nodes, with types in its header."""
    columns = find_columns(values for _, values in list_nodes(graph))
    yield write_row(["id:ID", *_write_head(columns), ":LABEL"])
    for id, values in list_nodes(graph):
        label = name_type(values)
        labels = "Entity" if label == "Entity" else f"Entity;{label}"
        yield write_row([id, *_write_cells(values, columns), labels])


def render_relationships(graph: nx.Graph) -> Iterator[str]:
    """The table of relationships, with types in its header."""
    columns = find_columns(edge.values for edge in list_edges(graph))
    yield write_row([":START_ID", ":END_ID", ":TYPE", "id", *_write_head(columns)])
    for id, head, tail, kind, values in list_relationships(graph):
        yield write_row([head, tail, kind, id, *_write_cells(values, columns)])


def check_nodes(path: Path, graph: nx.Graph) -> None:
    """Reads the table back. ValueError: it holds other nodes than ``graph``."""
    check_ids({"node": _read_column(path, 0), "edge": list_ids(graph)[1]}, graph)


def check_relationships(path: Path, graph: nx.Graph) -> None:
    """Reads the table back. ValueError: it holds other edges than ``graph``."""
    check_ids({"node": list_ids(graph)[0], "edge": _read_column(path, 3)}, graph)


def render_script(graph: nx.Graph) -> Iterator[str]:
    """The Cypher script. It may be run again: what is there is brought up to date."""
    yield "CREATE CONSTRAINT kg_entity IF NOT EXISTS FOR (n:Entity) REQUIRE n.id IS UNIQUE;\n"
    properties = name_properties(find_columns(values for _, values in list_nodes(graph)))
    nodes: dict[str, list[str]] = {}
    for id, values in list_nodes(graph):
        row = f"{{id: {write_literal(id)}, values: {_write_map(values, properties)}}}"
        nodes.setdefault(name_type(values), []).append(row)
    for label, rows in sorted(nodes.items()):
        yield from _write_batches(rows, f"MERGE (n:Entity {{id: row.id}}) SET n:{label} SET n += row.values")
    properties = name_properties(find_columns(edge.values for edge in list_edges(graph)))
    links: dict[str, list[str]] = {}
    for id, head, tail, kind, values in list_relationships(graph):
        ends = f"id: {write_literal(id)}, head: {write_literal(head)}, tail: {write_literal(tail)}"
        links.setdefault(kind, []).append(f"{{{ends}, values: {_write_map(values, properties)}}}")
    for kind, rows in sorted(links.items()):
        match = "MATCH (a:Entity {id: row.head}) MATCH (b:Entity {id: row.tail})"
        yield from _write_batches(rows, f"{match} MERGE (a)-[r:{kind} {{id: row.id}}]->(b) SET r += row.values")
    yield ":param rows => []\n"


def check_script(path: Path, graph: nx.Graph) -> None:
    """Reads the script back. ValueError: its parameters are not the nodes and edges of ``graph``."""
    found: dict[str, list[str]] = {"values": [], "head": []}
    last = ""
    with path.open(encoding="utf-8", newline="\n") as file:
        for line in file:
            last = line
            if line.startswith(":param"):
                for literal, kind in ROW.findall(line):
                    found[kind].append(read_literal(literal))
    if not last.startswith(":param rows => []"):
        raise ValueError("its end is missing")
    nodes, edges = list_ids(graph)
    wanted = {"values": sorted(nodes), "head": sorted(edges)}
    if {kind: sorted(ids) for kind, ids in found.items()} != wanted:
        raise ValueError("it holds other nodes or edges than the graph")


def write_literal(text: str) -> str:
    """A Cypher string; see above for ``u`` after a backslash."""
    return "'" + text.translate(ESCAPES).replace("\\u", "\\' + 'u") + "'"


def read_literal(literal: str) -> str:
    """What `write_literal` was given."""
    parts = re.findall(r"'((?:[^'\\]|\\.)*)'", literal)
    return re.sub(r"\\(.)", lambda found: UNESCAPED.get(found[1], found[1]), "".join(parts))


def _write_batches(rows: Iterable[str], statement: str) -> Iterator[str]:
    left = iter(rows)
    while some := list(islice(left, BATCH)):
        yield f":param rows => [{', '.join(some)}]\n"
        yield f"UNWIND $rows AS row {statement};\n"


def _write_map(values: Row, properties: Mapping[str, str]) -> str:
    pairs = (f"{name}: {_write_plain(values[column])}" for column, name in properties.items() if column in values)
    return "{" + ", ".join(pairs) + "}"


def _write_plain(value: Plain) -> str:
    return write_literal(value) if isinstance(value, str) else write_value(value)


def _write_head(columns: Mapping[str, type]) -> list[str]:
    return [f"{name}:{TYPES[columns[column]]}" for column, name in name_properties(columns).items()]


def _write_cells(values: Row, columns: Mapping[str, type]) -> list[str]:
    return [write_value(values[name]) if name in values else "" for name in columns]


def _read_column(path: Path, number: int) -> list[str]:
    before = csv.field_size_limit(sys.maxsize)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            _, *rows = list(csv.reader(file, strict=True)) or [[]]
    except csv.Error as error:
        raise ValueError(f"it is no table ({error})") from error
    finally:
        csv.field_size_limit(before)
    return [row[number] if len(row) > number else "" for row in rows]
