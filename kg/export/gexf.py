"""GEXF 1.3 (https://gexf.net), Gephi's own format: dates as ``start`` and ``end``, relations as ``kind``.

A symmetric relation is written as directed with the attribute ``symmetric``, as in GraphML: networkx refuses a file of
both sorts. No date of writing is put in, so that one graph gives one file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import networkx as nx

from kg.export.values import OTHER_COLOUR, TYPE_COLOURS, Plain, find_columns, list_edges, list_nodes
from kg.export.xml import check, quote

__all__ = ["check", "render"]

NAMESPACE = "http://gexf.net/1.3"
TYPES = {bool: "boolean", int: "long", float: "double", str: "string"}
DAY = re.compile(r"\d{4}-\d\d-\d\d")


def render(graph: nx.Graph) -> Iterator[str]:
    """The file's text, piece by piece."""
    node_columns = find_columns(values for _, values in list_nodes(graph))
    edge_columns = find_columns(edge.values for edge in list_edges(graph))
    edge_columns.pop("weight", None)  # an attribute of the edge itself
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<gexf xmlns="{NAMESPACE}" xmlns:viz="{NAMESPACE}/viz" version="1.3">\n'
    yield "<meta><creator>kg</creator></meta>\n"
    direction = "directed" if graph.is_directed() else "undirected"
    yield f'<graph defaultedgetype="{direction}" mode="dynamic" timeformat="date" timerepresentation="interval">\n'
    yield from _write_columns(node_columns, "node")
    yield from _write_columns(edge_columns, "edge")
    yield "<nodes>\n"
    for id, values in list_nodes(graph):
        r, g, b = TYPE_COLOURS.get(str(values.get("type")), OTHER_COLOUR)
        yield f"<node id={quote(id)} label={quote(values.get('name', id))}{_write_dates(values)}>"
        yield f'{_write_values(values, node_columns)}<viz:color r="{r}" g="{g}" b="{b}"/></node>\n'
    yield "</nodes>\n<edges>\n"
    for edge in list_edges(graph):
        weight = edge.values.get("weight", 1)
        number = weight if isinstance(weight, (int, float)) else 1
        ends = f"id={quote(edge.id)} source={quote(edge.head)} target={quote(edge.tail)}"
        words = f"kind={quote(edge.relation)} label={quote(edge.relation.replace('_', ' '))} weight={quote(number)}"
        yield f"<edge {ends} {words}{_write_dates(edge.values)}>{_write_values(edge.values, edge_columns)}</edge>\n"
    yield "</edges>\n</graph>\n</gexf>\n"


def _write_columns(columns: Mapping[str, type], owner: str) -> Iterator[str]:
    yield f'<attributes class="{owner}" mode="static">\n'
    for name, kind in columns.items():
        yield f'<attribute id={quote(name)} title={quote(name)} type="{TYPES[kind]}"/>\n'
    yield "</attributes>\n"


def _write_values(values: Mapping[str, Plain], columns: Mapping[str, type]) -> str:
    parts = []
    for name, kind in columns.items():
        if name in values:
            value = values[name] if kind is str else kind(values[name])
            parts.append(f"<attvalue for={quote(name)} value={quote(value)}/>")
    return f"<attvalues>{''.join(parts)}</attvalues>"


def _write_dates(values: Mapping[str, Plain]) -> str:
    """The days of the first and last document, both included."""
    ends = (("start", values.get("first_seen")), ("end", values.get("last_seen")))
    return "".join(f' {name}="{day}"' for name, day in ends if isinstance(day, str) and DAY.fullmatch(day))
