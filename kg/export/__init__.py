"""Graph -> files that others read. The suffix tells the format; every file is whole, or is not there.

Adding a format: a module with ``render`` (graph -> pieces of text) and ``check`` (file, graph -> None or ValueError),
and a row in `FORMATS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import networkx as nx

from kg.errors import UsageError
from kg.export import graphml, html
from kg.export.files import replace_files

Render = Callable[[nx.Graph], Iterable[str]]
Check = Callable[[Path, nx.Graph], None]


@dataclass(frozen=True, slots=True)
class Format:
    """``files``: ending of each file that the format makes -> its text; "" is the path as given."""

    title: str
    suffixes: tuple[str, ...]
    files: Mapping[str, tuple[Render, Check]]


FORMATS = {
    "graphml": Format("GraphML: Gephi, Cytoscape, Neo4j, igraph", (".graphml",), {"": (graphml.render, graphml.check)}),
    "html": Format("one page, for any browser", (".html", ".htm"), {"": (html.render, html.check)}),
}


def write(graph: nx.Graph, path: str | Path, *, format: str | None = None) -> list[Path]:
    """Writes ``graph`` to ``path`` and returns the files made.

    ``format`` is a key of `FORMATS`; without it the suffix of ``path`` decides. The same graph always gives the same
    bytes. Files are written beside their place, read back, and only then moved there: what was there before stays
    when anything fails.

    Raises:
        UsageError: no such format or suffix; ``path`` is a folder, or its folder does not exist.
        KGError: the file cannot be written.
    """
    path = Path(path)
    chosen = FORMATS[format or find_format(path)] if format is None or format in FORMATS else None
    if chosen is None:
        raise UsageError(f"There is no format {format!r}: use {_list_words(FORMATS)}.")
    places = {_end_name(path, ending): pair for ending, pair in chosen.files.items()}

    def check_all(parts: list[Path]) -> None:
        for part, (_, check) in zip(parts, places.values(), strict=True):
            check(part, graph)

    replace_files({place: render(graph) for place, (render, _) in places.items()}, check_all)
    return list(places)


def find_format(path: Path) -> str:
    """The format that the suffix of ``path`` names.

    Raises:
        UsageError: none does.
    """
    for name, format in FORMATS.items():
        if path.name.lower().endswith(format.suffixes):
            return name
    suffixes = _list_words([suffix for format in FORMATS.values() for suffix in format.suffixes])
    raise UsageError(f"The name {path.name!r} does not tell the format: let it end in {suffixes}, or use --format.")


def render(graph: nx.Graph, format: str) -> str:
    """The text that `write` would write, for standard output and notebooks; formats of one file only.

    Raises:
        UsageError: no such format, or one of several files.
    """
    chosen = FORMATS.get(format)
    if chosen is None:
        raise UsageError(f"There is no format {format!r}: use {_list_words(FORMATS)}.")
    if len(chosen.files) > 1:
        raise UsageError(f"The format {format} makes {len(chosen.files)} files: give a path to write them to.")
    ((make, _),) = chosen.files.values()
    return "".join(make(graph))


def _end_name(path: Path, ending: str) -> Path:
    return path if not ending else path.with_name(path.name.removesuffix(path.suffix) + ending)


def _list_words(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last
