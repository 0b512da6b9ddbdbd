"""render and export: the graph as a page or a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from kg.cli import options
from kg.cli.printing import write_lines, write_out

if TYPE_CHECKING:
    import networkx

    from kg.store.lookup import Filter

STDOUT = "-"

Title = Annotated[str, typer.Option("--title", metavar="TEXT", help="Heading of the page.")]
Cap = Annotated[int, typer.Option("--cap", metavar="N", min=1, help="Most entities drawn: the most mentioned.")]
Format = Annotated[str | None, typer.Option("--format", metavar="NAME", help="Where the suffix does not tell it.")]
Raw = Annotated[bool, typer.Option("--raw", help="CSV, TSV: leave cells that a spreadsheet would run as they are.")]


def load_graph(
    store: str,
    *,
    around: str | None,
    depth: int,
    types: list[str] | None,
    min_weight: int,
    filter: Filter,
) -> networkx.MultiDiGraph:
    """The graph asked for. Raises NotFoundError, AmbiguousError, StoreError."""
    from kg.graph import read_graph
    from kg.query import find_entity, open_store

    with open_store(store) as opened, opened.snapshot():
        centre = find_entity(opened, around) if around else None
        return read_graph(opened, around=centre, depth=depth, types=types or (), filter=filter, min_weight=min_weight)


def render(
    out: Annotated[str, typer.Argument(metavar="OUT.html", help="The page to write.")],
    store: options.Store = "kg.db",
    around: options.Around = None,
    depth: options.Depth = 1,
    type: options.Types = None,
    relation: options.Relations = None,
    status: options.Statuses = None,
    since: options.Since = None,
    until: options.Until = None,
    min_weight: options.MinWeight = 1,
    title: Title = "Knowledge graph",
    cap: Cap = 1500,
) -> None:
    """Write the graph as one page that needs no network: search, filters, quoted evidence, a table.

    \b
    kg render graph.html
    kg render narvik.html --around Narvik --depth 2 --since 2024
    """
    from kg.export.html import write_page

    chosen = options.make_filter(relation, status, since, until)
    graph = load_graph(store, around=around, depth=depth, types=type, min_weight=min_weight, filter=chosen)
    write_page(graph, out, title=title, cap=cap)
    write_lines([(describe_output(graph, out), "")])


def export(
    out: Annotated[
        str, typer.Argument(metavar="OUT", help="The file to write; its suffix tells the format; - prints it.")
    ],
    store: options.Store = "kg.db",
    format: Format = None,
    around: options.Around = None,
    depth: options.Depth = 1,
    type: options.Types = None,
    relation: options.Relations = None,
    status: options.Statuses = None,
    since: options.Since = None,
    until: options.Until = None,
    min_weight: options.MinWeight = 1,
    raw: Raw = False,
) -> None:
    """Write the graph for another tool. What was in the file before stays unless the whole new one is good.

    \b
    kg export graph.graphml                       Gephi, Cytoscape, Neo4j, networkx, igraph
    kg export graph.yed.graphml                   yEd, drawn
    kg export graph.gexf                          Gephi, with dates
    kg export graph.json                          networkx, D3
    kg export graph.csv                           graph-nodes.csv, graph-edges.csv, graph-evidence.csv; so .tsv
    kg export graph.neo4j                         tables for neo4j-admin import; graph.cypher is a script
    kg export graph.ttl                           RDF: schema.org and PROV
    kg export graph.ftm.json                      FollowTheMoney: OpenAleph
    kg export graph.parquet                       the tables, typed (pip install 'kg[parquet]')
    kg export aker.graphml --around Aker --depth 2
    kg export - --format graphml | xmllint --format -
    """
    from kg.export import render as render_text
    from kg.export import write

    chosen = options.make_filter(relation, status, since, until)
    graph = load_graph(store, around=around, depth=depth, types=type, min_weight=min_weight, filter=chosen)
    if out == STDOUT:
        write_out(render_text(graph, format or "graphml"))
        return
    for path in write(graph, out, format=format, raw=raw):
        write_lines([(describe_output(graph, str(path)), "")])


def describe_output(graph: networkx.MultiDiGraph, path: str) -> str:
    return f"{path}: {graph.number_of_nodes():,} entities, {graph.number_of_edges():,} edges"
