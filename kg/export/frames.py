"""Graph -> what notebooks show: pandas' frames (the extra ``notebook``), a summary above the page."""

from __future__ import annotations

import html
from collections import Counter
from typing import TYPE_CHECKING

import networkx as nx

from kg.errors import UsageError
from kg.export.html import LOOKS, inline_page
from kg.export.values import list_edges, list_nested
from kg.records import RELATIONS, TYPES
from kg.text import clean_text

if TYPE_CHECKING:
    import pandas


SHOWN = 300  # entities drawn in a notebook: a cell's output is kept in its file
NAMED = 5  # of each type in the summary


def show_graph(graph: nx.MultiDiGraph, *, cap: int = SHOWN) -> str:
    """HTML of a table of what ``graph`` holds and, below, its page in a frame without a way out.

    ``cap``: most entities drawn; of a larger graph the most mentioned.
    """
    named: dict[str, list[tuple[int, str]]] = {}
    for node, data in graph.nodes(data=True):
        mentions = data.get("mentions")
        weight = mentions if isinstance(mentions, int) else 0
        named.setdefault(str(data.get("type")), []).append((-weight, clean_text(str(data.get("name", node)))))
    counted = Counter(str(data.get("relation")) for _, _, data in graph.edges(data=True))
    lines = []
    for kind in [*(k for k in TYPES if k in named), *sorted(set(named) - set(TYPES))]:
        title = LOOKS[kind][0] if kind in LOOKS else clean_text(kind)
        lines.append((title, len(named[kind]), ", ".join(name for _, name in sorted(named[kind])[:NAMED])))
    kinds = [*(r for r in RELATIONS if r in counted), *sorted(set(counted) - set(RELATIONS))]
    said = ", ".join(f"{clean_text(relation).replace('_', ' ')} {counted[relation]:,}" for relation in kinds)
    lines.append(("Links", graph.number_of_edges(), said))
    rows = "".join(
        f"<tr><th style='text-align:left'>{html.escape(title)}</th><td>{number:,}</td>"
        f"<td style='text-align:left'><bdi>{html.escape(text)}</bdi></td></tr>"
        for title, number, text in lines
    )
    return f"<table>{rows}</table>{inline_page(graph, cap=cap) if len(graph) else ''}"


def to_pandas(graph: nx.Graph) -> tuple[pandas.DataFrame, pandas.DataFrame]:
    """(nodes, edges) as DataFrames: nodes by ``id``; edges with ``source``, ``target``, ``relation``, by their id.

    Lists, as aliases and evidence, stay lists; first_seen and last_seen become dates. Texts are cleaned as in exports.

    Raises:
        UsageError: pandas is not installed.
    """
    try:
        import pandas
    except ImportError as error:
        raise UsageError("to_pandas needs pandas: install it with: pip install 'kg[notebook]'.") from error
    columns = {"nodes": ["id", "name", "type"], "edges": ["id", "source", "target", "relation"]}
    rows = {
        "nodes": [{**values, "id": id} for id, values in list_nested(graph)],
        "edges": [
            {**edge.nested(), "id": edge.id, "source": edge.head, "target": edge.tail, "relation": edge.relation}
            for edge in list_edges(graph)
        ],
    }
    frames = []
    for name, first in columns.items():
        rest = [column for row in rows[name] for column in row if column not in first]
        frame = pandas.DataFrame(rows[name], columns=[*first, *dict.fromkeys(rest)]).set_index("id")
        for column in ("first_seen", "last_seen"):
            if column in frame:
                frame[column] = pandas.to_datetime(frame[column], errors="coerce")
        frames.append(frame)
    return frames[0], frames[1]
