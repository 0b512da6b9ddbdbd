"""One cleaner for the values of every export, and the table of columns that they make."""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import networkx as nx

from kg.errors import UsageError
from kg.text import clean_text

Plain = str | int | float | bool
"""What every format can hold."""

TYPE_COLOURS = {
    "PERSON": (57, 106, 177),
    "ORG": (204, 120, 34),
    "PLACE": (46, 139, 98),
    "PRODUCT": (139, 92, 182),
    "EVENT": (190, 64, 110),
}
"""Red, green, blue of each type, in the files as on the page; told apart with any colour vision, and by shape there."""
OTHER_COLOUR = (120, 126, 138)


@dataclass(frozen=True, slots=True)
class Edge:
    """One edge, cleaned. ``id`` is unique in the graph and reads as what it says: ``org:aker owns org:orkla``."""

    id: str
    head: str
    tail: str
    relation: str
    values: dict[str, Plain]
    key: str  # as in the graph
    data: Mapping[str, object]  # the attributes as they are

    def nested(self) -> dict[str, Any]:
        """The attributes cleaned, with lists and tables as such."""
        return {clean_text(str(name)): clean_nested(value) for name, value in self.data.items()}

    def evidence(self) -> list[dict[str, Any]]:
        """The sentences that it rests on, each with document, source, title, date, start, end, predicate, ..."""
        found = self.data.get("evidence")
        return [clean_nested(item) for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def clean_value(value: object) -> Plain | None:
    """``value`` as text, number or truth value; lists and tables as JSON; None where there is nothing to write.

    Texts lose what XML and UTF-8 cannot hold (`kg.text.clean_text`); numpy's numbers become Python's; dates ISO 8601;
    NaN and the infinities are nothing.
    """
    if hasattr(value, "item") and not isinstance(value, (str, bytes)):
        value = value.item() if getattr(value, "size", 1) == 1 else value.tolist()  # type: ignore[attr-defined]
    if isinstance(value, str):
        return clean_text(value)
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    if isinstance(value, (Mapping, list, tuple, set, frozenset)):
        return json.dumps(clean_nested(value), ensure_ascii=False, sort_keys=True)
    return clean_text(str(value))


def clean_nested(value: object) -> Any:
    """``value`` as JSON can hold it, every text in it cleaned; sets in sorted order."""
    if isinstance(value, Mapping):
        return {clean_text(str(key)): clean_nested(inner) for key, inner in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted((clean_nested(inner) for inner in value), key=str)
    if isinstance(value, (list, tuple)):
        return [clean_nested(inner) for inner in value]
    return clean_value(value)


def clean_row(attributes: Mapping[str, object]) -> dict[str, Plain]:
    """The attributes that hold something, each cleaned."""
    cleaned = ((clean_text(str(name)), clean_value(value)) for name, value in attributes.items())
    return {name: value for name, value in cleaned if value is not None}


def list_nodes(graph: nx.Graph) -> Iterator[tuple[str, dict[str, Plain]]]:
    """(id, attributes) of each node, by id."""
    for id, node in _order_ids(graph).items():
        yield id, clean_row(graph.nodes[node])


def list_nested(graph: nx.Graph) -> Iterator[tuple[str, dict[str, Any]]]:
    """As ``list_nodes``, with lists and tables as such."""
    for id, node in _order_ids(graph).items():
        yield id, clean_nested(graph.nodes[node])


def list_edges(graph: nx.Graph) -> Iterator[Edge]:
    """Each edge, by head, tail and relation. In an undirected graph the smaller id is the head."""
    for id, head, tail, key, data in _order_edges(graph):
        yield Edge(id, head, tail, clean_text(str(data.get("relation", key))), clean_row(data), key, data)


def list_ids(graph: nx.Graph) -> tuple[list[str], list[str]]:
    """The ids of all nodes and of all edges, in the order of every export."""
    return list(_order_ids(graph)), [row[0] for row in _order_edges(graph)]


def _order_edges(graph: nx.Graph) -> Iterator[tuple[str, str, str, str, Mapping[str, object]]]:
    """(id, head, tail, key, attributes) of each edge."""
    ids = {node: id for id, node in _order_ids(graph).items()}
    keyed = graph.edges(keys=True, data=True) if graph.is_multigraph() else _key_edges(graph)
    rows = []
    for u, v, key, data in keyed:
        head, tail = (ids[u], ids[v]) if graph.is_directed() else sorted((ids[u], ids[v]))
        rows.append((head, tail, clean_text(str(key)), data))
    rows.sort(key=lambda row: row[:3])
    seen: dict[str, int] = {}
    for head, tail, relation, data in rows:
        id = f"{head} {relation} {tail}"
        seen[id] = seen.get(id, 0) + 1
        id = id if seen[id] == 1 else f"{id} {seen[id]}"
        yield id, head, tail, relation, data


def find_columns(rows: Iterable[Mapping[str, Plain]]) -> dict[str, type]:
    """Every attribute's name -> bool, int, float or str, whichever holds all its values; names in sorted order."""
    found: dict[str, type] = {}
    for row in rows:
        for name, value in row.items():
            kind = found.setdefault(name, type(value))
            if kind is not type(value):
                found[name] = float if {kind, type(value)} == {int, float} else str
    return dict(sorted(found.items()))


def write_value(value: Plain) -> str:
    """As text: true and false in small letters, numbers as Python writes them."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _order_ids(graph: nx.Graph) -> dict[str, Hashable]:
    """Clean id -> node, by id.

    Raises:
        UsageError: two nodes would get one id, as 1 and "1" would.
    """
    nodes: dict[str, Hashable] = {}
    for node in graph.nodes:
        id = clean_text(str(node))
        if id in nodes:
            raise UsageError(f"Two nodes would be written with one id, {id!r}: rename one of them.")
        nodes[id] = node
    return dict(sorted(nodes.items()))


def _key_edges(graph: nx.Graph) -> Iterator[tuple[Hashable, Hashable, str, dict[str, object]]]:
    for u, v, data in graph.edges(data=True):
        yield u, v, str(data.get("relation", "")), data
