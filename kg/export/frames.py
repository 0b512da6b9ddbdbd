"""Graph -> pandas, for notebooks. Needs pandas, the extra ``notebook``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import networkx as nx

from kg.errors import UsageError
from kg.export.values import list_edges, list_nested

if TYPE_CHECKING:
    import pandas


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
            {**edge.nested, "id": edge.id, "source": edge.head, "target": edge.tail, "relation": edge.relation}
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
