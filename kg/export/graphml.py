"""GraphML that Gephi, Cytoscape, yEd, Neo4j APOC, igraph and networkx each read as it is meant.

Gephi takes a key's *id* for a property before its name (``d3`` is a node's label, ``d7`` an edge's), drops edges of
weight 0 or of an id seen before, and colours nodes by ``r``, ``g``, ``b``. APOC takes ``labels`` of a node and
``label`` of an edge from XML attributes, and lists from JSON where a key has ``attr.list``. Cytoscape shows ``name``.
networkx refuses undirected edges in a directed graph: a symmetric relation has the attribute ``symmetric`` instead.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

import networkx as nx

from kg.export.values import (
    OTHER_COLOUR,
    TYPE_COLOURS,
    Edge,
    Plain,
    clean_nested,
    find_columns,
    list_edges,
    list_nodes,
    write_value,
)
from kg.export.xml import check, quote

__all__ = ["Flavour", "check", "name_label", "render"]

NAMESPACE = "http://graphml.graphdrawing.org/xmlns"
SCHEMA = f"{NAMESPACE} {NAMESPACE}/1.0/graphml.xsd"
TYPES = {bool: "boolean", int: "long", float: "double", str: "string"}
LISTS = {"aliases": "string"}  # attributes that are JSON lists, and of what


@dataclass(frozen=True, slots=True)
class Flavour:
    """What a program of its own namespace wants beside the plain data, as XML."""

    namespaces: str
    keys: str
    node: Callable[[str, Mapping[str, Plain]], str]  # (id, attributes) -> data elements
    edge: Callable[[Edge], str]


PLAIN = Flavour("", "", lambda id, values: "", lambda edge: "")


def render(graph: nx.Graph, flavour: Flavour = PLAIN) -> Iterator[str]:
    """The file's text, piece by piece. Nodes and edges in order of their ids, so that one graph gives one text."""
    node_columns = find_columns(_show_node(values) for _, values in list_nodes(graph))
    edge_columns = find_columns(_show_edge(edge.relation, edge.values) for edge in list_edges(graph))
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<graphml xmlns="{NAMESPACE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    yield f'{flavour.namespaces} xsi:schemaLocation="{SCHEMA}">\n'
    yield f"<desc>{escape(json.dumps(clean_nested(graph.graph), ensure_ascii=False, sort_keys=True))}</desc>\n"
    yield from _write_keys(node_columns, "node")
    yield from _write_keys(edge_columns, "edge")
    yield flavour.keys
    yield f'<graph id="kg" edgedefault="{"directed" if graph.is_directed() else "undirected"}">\n'
    for id, values in list_nodes(graph):
        label = name_label(str(values.get("type", "Entity")).capitalize())
        yield f"<node id={quote(id)} labels={quote(':' + label)}>{_write_data(_show_node(values), node_columns, 'n')}"
        yield f"{flavour.node(id, values)}</node>\n"
    for edge in list_edges(graph):
        ends = f"id={quote(edge.id)} source={quote(edge.head)} target={quote(edge.tail)}"
        data = _write_data(_show_edge(edge.relation, edge.values), edge_columns, "e")
        yield f"<edge {ends} label={quote(name_label(edge.relation.upper()))}>{data}{flavour.edge(edge)}</edge>\n"
    yield "</graph>\n</graphml>\n"


def name_label(text: str) -> str:
    """A Neo4j label or relationship type: letters, digits and ``_`` alone, as APOC splits at colons and blanks."""
    return re.sub(r"\W+", "_", text).strip("_") or "Entity"


def _show_node(values: Mapping[str, Plain]) -> dict[str, Plain]:
    """With what Gephi shows: its label, its colour."""
    r, g, b = TYPE_COLOURS.get(str(values.get("type")), OTHER_COLOUR)
    shown = {**values, "r": r, "g": g, "b": b}
    return {"label": values["name"], **shown} if "name" in values else shown


def _show_edge(relation: str, values: Mapping[str, Plain]) -> dict[str, Plain]:
    return {"label": relation.replace("_", " "), **values}


def _write_keys(columns: Mapping[str, type], owner: str) -> Iterator[str]:
    for name, kind in columns.items():
        lists = f' attr.list="{LISTS[name]}"' if name in LISTS else ""
        key = quote(f"{owner[0]}_{name}")
        yield f'<key id={key} for="{owner}" attr.name={quote(name)} attr.type="{TYPES[kind]}"{lists}/>\n'


def _write_data(values: Mapping[str, Plain], columns: Mapping[str, type], prefix: str) -> str:
    parts = []
    for name in columns:
        if name in values:
            value = values[name] if columns[name] is str else columns[name](values[name])
            parts.append(f"<data key={quote(f'{prefix}_{name}')}>{escape(write_value(value))}</data>")
    return "".join(parts)
