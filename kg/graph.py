"""Store -> networkx.MultiDiGraph, whole or around an entity, evidence attached; documents -> graph in one call."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import networkx

from kg._version import __version__
from kg.errors import NotFoundError, UsageError
from kg.flow import Options, add_texts, update_store
from kg.formats import READERS
from kg.records import SYMMETRIC
from kg.settings import DEFAULTS, Settings
from kg.store import Store, lookup, open_store
from kg.store.evidence import EvidenceRow, compute_npmi, rank_evidence, read_evidence
from kg.store.lookup import ALL, EdgeData, EntityRow, Filter

BATCH = 2_000  # edges whose evidence is read at once: bounds what is held beside the graph
SAMPLED_STEPS = 20_000_000  # steps along edges that betweenness may take; beyond them it is sampled
EXACT_ENTITIES = 2_000  # entities up to which betweenness is never sampled


class Graph(networkx.MultiDiGraph):  # type: ignore[misc]
    """A networkx.MultiDiGraph that a notebook shows: what it holds, and its page in a frame that can reach nothing."""

    def _repr_html_(self) -> str:
        import kg  # the rooms of the page come after this one; the package's front door knows them

        return str(kg.show_graph(self))


def build(paths_or_texts: Iterable[Any] | str | os.PathLike[str], *, options: Options | None = None) -> Graph:
    """Documents in, graph out, in memory: the front door for notebooks.

    ``paths_or_texts``: files, folders or globs; or texts themselves (a string with blanks in it that names no file).
    Documents that could not be read are listed in ``graph.graph["skipped"]``. Raises UsageError where none could.

    >>> graph = build(["Kari Nordmann leder Fjellbygg i Bodø."])  # doctest: +SKIP
    """
    options = options or Options(workers=0)
    given = [paths_or_texts] if isinstance(paths_or_texts, (str, os.PathLike)) else list(paths_or_texts)
    texts = [str(item) for item in given if is_text(item)]
    paths = [os.fspath(item) for item in given if not is_text(item)]
    with open_store(":memory:", write=True) as store:
        summary = update_store(store, paths, options)
        if texts:
            add_texts(store, texts, options, summary)
        if not summary.seen - len(summary.skipped):
            reasons = "; ".join(f"{failure.source}: {failure.reason}" for failure in summary.skipped[:3])
            raise UsageError(f"none of the documents could be read ({reasons or 'none was named'})")
        graph = read_graph(store)
        graph.graph["skipped"] = [(failure.source, failure.stage, failure.reason) for failure in summary.skipped]
        return graph


def is_text(item: object) -> bool:
    if not isinstance(item, str):
        return False
    if len(item) > 4_000 or "\n" in item:  # no path is that long
        return True
    return " " in item.strip() and not Path(item).exists() and Path(item).suffix.lower() not in READERS


def read_graph(
    store: Store,
    *,
    around: EntityRow | str | None = None,
    depth: int = 1,
    types: Collection[str] = (),
    filter: Filter = ALL,
    min_weight: int = 1,
    settings: Settings = DEFAULTS,
) -> Graph:
    """The graph of a store, or what lies within ``depth`` steps of the entity ``around`` (a row or an id).

    Nodes are entity ids with name, type, aliases, mentions, documents, first_seen, last_seen. Edges are keyed by
    relation, with relation, weight, documents, npmi, together, expected, status, symmetric, first_seen, last_seen and
    evidence: up to ``settings.evidence_per_edge`` sentences, strongest first. The graph has kg_version, documents and
    pipelines.
    ``types``, ``filter`` and ``min_weight`` leave out what does not match, and entities that this leaves without any
    edge. Same store, same graph, in the same order. Raises NotFoundError where ``around`` is no entity's id.
    """
    with store.snapshot():
        centre = find_centre(store, around)
        entities = choose_entities(store, centre, depth=depth, types=types, filter=filter)
        graph = Graph()
        add_nodes(graph, store, entities)
        read = lookup.list_edges(store, entities, filter) if centre else lookup.stream_edges(store, filter)
        edges = [e for e in read if e.head in entities and e.tail in entities and e.weight >= min_weight]
        edges.sort(key=lambda edge: (entities[edge.head].id, entities[edge.tail].id, edge.relation))
        for at in range(0, len(edges), BATCH):
            add_edges(graph, store, edges[at : at + BATCH], entities=entities, filter=filter, settings=settings)
        if filter != ALL or types or min_weight > 1:
            keep = centre.id if centre else None
            graph.remove_nodes_from([node for node in networkx.isolates(graph) if node != keep])
        pipelines = sorted({str(row[0]) for row in lookup.count_by(store, "pipelines")})
        documents = lookup.count_all(store)["documents"]
        graph.graph.update(kg_version=__version__, documents=documents, pipelines=pipelines)
        return graph


def find_centre(store: Store, around: EntityRow | str | None) -> EntityRow | None:
    if not isinstance(around, str):
        return around
    found = lookup.get_entity(store, around)
    if found is None:
        raise NotFoundError(f"there is no entity with the id '{around}'; find its id with: kg search")
    return found


def choose_entities(
    store: Store, centre: EntityRow | None, *, depth: int, types: Collection[str], filter: Filter
) -> dict[int, EntityRow]:
    """By key: all entities, or those within ``depth`` steps of one; of these ``types``, the centre always."""
    if centre is None:
        rows: Iterable[EntityRow] = lookup.stream_entities(store, filter=filter)
        return {row.key: row for row in rows if not types or row.type in types}
    chosen = lookup.get_entities(store, [centre.key], filter)
    frontier = set(chosen)
    for _ in range(depth):
        edges = lookup.list_edges(store, frontier, filter)
        frontier = {key for edge in edges for key in (edge.head, edge.tail)} - set(chosen)
        found = lookup.get_entities(store, frontier, filter)
        chosen.update({key: row for key, row in found.items() if not types or row.type in types})
        frontier &= set(chosen)
    return chosen


def add_nodes(graph: networkx.MultiDiGraph, store: Store, entities: dict[int, EntityRow]) -> None:
    aliases = lookup.list_aliases(store, entities)
    for row in sorted(entities.values(), key=lambda row: row.id):
        graph.add_node(
            row.id,
            name=row.name,
            type=row.type,
            aliases=[name for name, _ in aliases.get(row.key, ())],
            mentions=row.mentions,
            documents=row.documents,
            first_seen=row.first_seen,
            last_seen=row.last_seen,
        )


def add_edges(
    graph: networkx.MultiDiGraph,
    store: Store,
    edges: list[EdgeData],
    *,
    entities: dict[int, EntityRow],
    filter: Filter,
    settings: Settings,
) -> None:
    evidence: dict[tuple[str, str, str], list[EvidenceRow]] = {}
    for row in read_evidence(store, edges, filter):
        evidence.setdefault((row.head, row.relation, row.tail), []).append(row)
    total = lookup.count_sentences(store, filter)
    for edge in edges:
        head, tail = entities[edge.head], entities[edge.tail]
        rows = sorted(evidence[head.id, edge.relation, tail.id], key=rank_evidence)
        loose = edge.relation == "appears_with"
        graph.add_edge(
            head.id,
            tail.id,
            key=edge.relation,
            relation=edge.relation,
            weight=edge.weight,
            documents=edge.documents,
            npmi=compute_npmi(edge.together, head.sentences, tail.sentences, total) if loose else None,
            together=edge.together if loose else None,
            expected=round(head.sentences * tail.sentences / total, 2) if loose and total else None,
            first_seen=edge.first_seen,
            last_seen=edge.last_seen,
            symmetric=edge.relation in SYMMETRIC,
            status=edge.status,
            evidence=[describe_evidence(row) for row in rows[: settings.evidence_per_edge]],
        )


def describe_evidence(row: EvidenceRow) -> dict[str, Any]:
    """An evidence sentence as it hangs on an edge."""
    return {
        "document": row.document,
        "source": row.source,
        "title": row.title,
        "date": row.date,
        "sentence": row.sentence,
        "start": row.start,
        "end": row.end,
        "predicate": row.predicate,
        "status": row.status,
        "rule": row.rule,
        "speaker": row.speaker,
        "sources": [path for path, _, _ in row.sources],
    }


def read_plain(store: Store, filter: Filter = ALL) -> networkx.Graph:
    """``simple`` of a store's graph with no more than names and weights: enough to find communities."""
    with store.snapshot():
        plain = read_simple(store, filter)
        rows = {row.key: row for row in lookup.stream_entities(store)}
    networkx.set_node_attributes(plain, {key: row.name for key, row in rows.items()}, "name")
    return networkx.relabel_nodes(plain, {key: row.id for key, row in rows.items()})


def simple(graph: networkx.MultiDiGraph) -> networkx.Graph:
    """The undirected graph for algorithms: one edge a pair, ``weight`` the sum of all its relations' weights."""
    plain = networkx.Graph(**graph.graph)
    plain.add_nodes_from(graph.nodes(data=True))
    for head, tail, weight in graph.edges(data="weight"):
        if plain.has_edge(head, tail):
            plain[head][tail]["weight"] += weight
        else:
            plain.add_edge(head, tail, weight=weight)
    return plain


def read_simple(store: Store, filter: Filter = ALL) -> networkx.Graph:
    """``simple`` of a store's graph by entity keys, without names and evidence."""
    plain = networkx.Graph()
    order = {row.key: place for place, row in enumerate(lookup.stream_entities(store))}
    plain.add_nodes_from(order)
    pairs: dict[tuple[int, int], int] = {}
    for edge in lookup.stream_edges(store, filter):
        head, tail = sorted((edge.head, edge.tail), key=order.__getitem__)
        pairs[head, tail] = pairs.get((head, tail), 0) + edge.weight
    for head, tail in sorted(pairs, key=lambda pair: (order[pair[0]], order[pair[1]])):
        plain.add_edge(head, tail, weight=pairs[head, tail], distance=1 / pairs[head, tail])
    return plain


def score_entities(store: Store, by: str, filter: Filter = ALL) -> list[tuple[EntityRow, float]]:
    """Entities with their weighted "pagerank" (Page 1999), "betweenness" (Brandes 2001), "degree", "mentions" or
    "documents", the highest first; under a filter those that have an edge in the graph that it leaves.

    Betweenness takes a step as the shorter the more sentences link two; in a large graph it is estimated from as many
    starting points, drawn with a fixed seed, as ``SAMPLED_STEPS`` allow (Brandes and Pich 2007).
    """
    with store.snapshot():
        plain = read_simple(store, filter)
        entities = lookup.stream_entities(store, filter=filter)
        rows = {row.key: replace(row, degree=plain.degree(row.key)) for row in entities}
    if filter != ALL:
        plain.remove_nodes_from(list(networkx.isolates(plain)))
    if by in ("pagerank", "betweenness"):
        scores = rank_pages(plain) if by == "pagerank" else measure_betweenness(plain)
    else:
        scores = {key: float(getattr(rows[key], by)) for key in plain}
    scored = [(rows[key], round(score, 6)) for key, score in scores.items()]
    return sorted(scored, key=lambda pair: (-pair[1], pair[0].id))


def measure_betweenness(plain: networkx.Graph) -> dict[int, float]:
    nodes = len(plain)
    sample = None if nodes <= EXACT_ENTITIES else min(nodes, max(16, SAMPLED_STEPS // (nodes + plain.size())))
    return dict(networkx.betweenness_centrality(plain, k=sample, weight="distance", seed=0))


def rank_pages(plain: networkx.Graph) -> dict[int, float]:
    """Weighted PageRank, damping 0.85, by rustworkx (networkx's needs SciPy)."""
    import rustworkx

    nodes = list(plain)
    place = {node: index for index, node in enumerate(nodes)}
    directed = rustworkx.PyDiGraph()
    directed.add_nodes_from(nodes)
    for a, b, weight in plain.edges(data="weight"):
        directed.add_edges_from([(place[a], place[b], float(weight)), (place[b], place[a], float(weight))])
    scores = rustworkx.pagerank(directed, weight_fn=float) if nodes else {}
    return {node: scores[index] for index, node in enumerate(nodes)}
