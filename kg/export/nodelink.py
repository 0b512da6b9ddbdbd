"""Node-link JSON as ``networkx.node_link_graph`` reads it, and D3: lists stay lists, evidence stays on its edge."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import networkx as nx

from kg.export.values import clean_nested, list_edges, list_nested
from kg.export.xml import check_ids


def render(graph: nx.Graph) -> Iterator[str]:
    """The file's text, a node or an edge a line."""
    yield f'{{"directed": {_write(graph.is_directed())}, "multigraph": true,\n'
    yield f'"graph": {_write(graph.graph)},\n"nodes": ['
    for number, (id, values) in enumerate(list_nested(graph)):
        yield ("," if number else "") + "\n" + _write({**values, "id": id})
    yield '\n],\n"edges": ['
    for number, edge in enumerate(list_edges(graph)):
        ends = {"source": edge.head, "target": edge.tail, "key": edge.key, "id": edge.id}
        yield ("," if number else "") + "\n" + _write({**edge.nested(), **ends})
    yield "\n]}\n"


def check(path: Path, graph: nx.Graph) -> None:
    """Reads the file back. ValueError: it is not JSON, or holds other nodes or edges than ``graph``."""
    data = json.loads(path.read_text(encoding="utf-8"))
    check_ids({tag: [row["id"] for row in data[f"{tag}s"]] for tag in ("node", "edge")}, graph)


def _write(value: object) -> str:
    return json.dumps(clean_nested(value), ensure_ascii=False, sort_keys=True, allow_nan=False)
