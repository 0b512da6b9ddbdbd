"""Graph -> files that others read. The suffix tells the format; every file is whole, or is not there.

Adding a format: a module with ``render`` (graph -> pieces of text) and ``check`` (file, graph -> None or ValueError),
and a row in `FORMATS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import networkx as nx

from kg.errors import UsageError
from kg.export import ftm, gexf, graphml, html, neo4j, nodelink, parquet, tables, turtle, yed
from kg.export.files import replace_files

Render = Callable[[nx.Graph], Iterable[str] | Iterable[bytes]]
Check = Callable[[Path, nx.Graph], None]


@dataclass(frozen=True, slots=True)
class Format:
    """``files``: ending of each file that the format makes -> its text; "" is the path as given.

    ``raw``: the files with texts that a spreadsheet might run left as they are; none where no spreadsheet reads it.
    """

    title: str
    suffixes: tuple[str, ...]
    files: Mapping[str, tuple[Render, Check]]
    raw: Mapping[str, tuple[Render, Check]] = field(default_factory=dict)


FORMATS = {
    "graphml": Format("GraphML: Gephi, Cytoscape, Neo4j, igraph", (".graphml",), {"": (graphml.render, graphml.check)}),
    "yed": Format("GraphML as yEd draws it", (".yed.graphml", ".yed"), {"": (yed.render, graphml.check)}),
    "gexf": Format("GEXF 1.3: Gephi, with dates", (".gexf",), {"": (gexf.render, gexf.check)}),
    "ftm": Format("FollowTheMoney: OpenAleph", (".ftm.json", ".ftm.jsonl", ".ftm"), {"": (ftm.render, ftm.check)}),
    "json": Format("node-link JSON: networkx, D3", (".json",), {"": (nodelink.render, nodelink.check)}),
    "neo4j": Format(
        "tables for neo4j-admin import",
        (".neo4j", ".neo4j.csv"),
        {
            "-nodes.csv": (neo4j.render_nodes, neo4j.check_nodes),
            "-relationships.csv": (neo4j.render_relationships, neo4j.check_relationships),
        },
    ),
    "csv": Format(
        "tables of nodes, edges and evidence",
        (".csv",),
        tables.make_files(".csv", ","),
        tables.make_files(".csv", ",", raw=True),
    ),
    "tsv": Format(
        "the same, parted by tabs",
        (".tsv",),
        tables.make_files(".tsv", "\t"),
        tables.make_files(".tsv", "\t", raw=True),
    ),
    "cypher": Format("a script for Neo4j", (".cypher", ".cql"), {"": (neo4j.render_script, neo4j.check_script)}),
    "turtle": Format("RDF Turtle: schema.org and PROV", (".ttl",), {"": (turtle.render, turtle.check)}),
    "parquet": Format(
        "the tables as Parquet",
        (".parquet",),
        {
            f"-{table}.parquet": (partial(parquet.render, table=table), partial(parquet.check, table=table))
            for table in tables.FIRST
        },
    ),
    "html": Format("one page, for any browser", (".html", ".htm"), {"": (html.render, html.check)}),
}


def write(graph: nx.Graph, path: str | Path, *, format: str | None = None, raw: bool = False) -> list[Path]:
    """Writes ``graph`` to ``path`` and returns the files made: several beside ``path``, or in it where it is a folder.

    ``format`` is a key of `FORMATS`; without it the suffix of ``path`` decides. The same graph always gives the same
    bytes. Files are written beside their place, read back, and only then moved there: what was there before stays
    when anything fails. ``raw`` leaves cells that a spreadsheet would take for formulas as they are (CSV and TSV).

    Raises:
        UsageError: no such format or suffix; ``path`` is a folder, or its folder does not exist; ``raw`` means nothing.
        KGError: the file cannot be written.
    """
    path = Path(path)
    chosen = FORMATS[format or find_format(path)] if format is None or format in FORMATS else None
    if chosen is None:
        raise UsageError(f"There is no format {format!r}: use {_list_words(FORMATS)}.")
    if raw and not chosen.raw:
        raise UsageError("--raw is for csv and tsv: in the other formats every text is as it was.")
    files = chosen.raw if raw else chosen.files
    places = {_end_name(path, ending): pair for ending, pair in files.items()}

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
    suffix, _ = _split_name(path)
    for name, format in FORMATS.items():
        if suffix in format.suffixes:
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
    return "".join(piece if isinstance(piece, str) else piece.decode() for piece in make(graph))


def _end_name(path: Path, ending: str) -> Path:
    if not ending:
        return path
    if path.is_dir():
        return path / f"kg{ending}"
    suffix, stem = _split_name(path)
    return path.with_name((stem if suffix else path.stem) + ending)


def _split_name(path: Path) -> tuple[str, str]:
    """The longest suffix of a format that ``path`` ends in, or "", and what stands before it."""
    name = path.name.lower()
    known = [suffix for format in FORMATS.values() for suffix in format.suffixes if name.endswith(suffix)]
    suffix = max(known, key=len, default="")
    return suffix, path.name[: len(path.name) - len(suffix)]


def _list_words(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last
