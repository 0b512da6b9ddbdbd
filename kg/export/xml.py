"""What the XML formats share: attributes quoted so that they come back, and the reading back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

import networkx as nx

from kg.export.values import Plain, list_ids, write_value


def quote(value: Plain) -> str:
    """As an attribute's value; line ends and tabs would otherwise be read as blanks."""
    return quoteattr(write_value(value), {"\n": "&#10;", "\t": "&#9;", "\r": "&#13;"})


def check(path: Path, graph: nx.Graph) -> None:
    """Reads the file back. ValueError: it is not XML, or holds other nodes or edges than ``graph``."""
    found: dict[str, list[str]] = {"node": [], "edge": []}
    try:
        for _, element in ElementTree.iterparse(path):
            tag = element.tag.rpartition("}")[2]
            if tag in found:
                found[tag].append(element.get("id", ""))
                element.clear()
    except ElementTree.ParseError as error:
        raise ValueError(f"it is not XML ({error})") from error
    check_ids(found, graph)


def check_ids(found: Mapping[str, list[str]], graph: nx.Graph) -> None:
    """ValueError: the ids of "node" and "edge" are not those of ``graph`` in the order of every export."""
    for tag, expected in zip(("node", "edge"), list_ids(graph), strict=True):
        if found[tag] != expected:
            raise ValueError(f"it holds {len(found[tag]):,} {tag}s where the graph has {len(expected):,}, or others")
