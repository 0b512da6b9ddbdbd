"""Store -> networkx.MultiDiGraph, whole or around an entity, evidence attached."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import networkx

from kg._version import __version__
from kg.query import compute_npmi, is_symmetric, list_neighbours, rank_evidence, read_evidence
from kg.settings import DEFAULTS, Settings
from kg.store import Store, lookup
from kg.store.lookup import ALL, EdgeData, EntityRow, Filter

BATCH = 2_000  # edges whose evidence is read at once


def read_graph(
    store: Store,
    *,
    around: EntityRow | None = None,
    depth: int = 1,
    types: Iterable[str] = (),
    filter: Filter = ALL,
    min_weight: int = 1,
    settings: Settings = DEFAULTS,
) -> networkx.MultiDiGraph:
    """The graph of a store, or what lies within ``depth`` steps of an entity.

    Nodes are entity ids with name, type, aliases, mentions, documents, first_seen, last_seen; edges are keyed by
    relation, with relation, weight, documents, npmi, status, symmetric, first_seen, last_seen and up to
    ``settings.evidence_per_edge`` sentences, strongest first. Same store, same graph, same order.
    """
    graph = networkx.MultiDiGraph()
    entities = choose_entities(store, around, depth, filter)
    wanted = set(types)
    chosen = {row.key: row for row in entities if not wanted or row.type in wanted}
    aliases = lookup.list_aliases(store, chosen)
    for row in sorted(chosen.values(), key=lambda row: row.id):
        graph.add_node(
            row.id,
            name=row.name,
            type=row.type,
            aliases=[name for name, _, _ in aliases.get(row.key, [])],
            mentions=row.mentions,
            documents=row.documents,
            first_seen=row.first_seen,
            last_seen=row.last_seen,
        )
    stream = lookup.stream_edges(store, filter) if around is None else lookup.list_edges(store, chosen, filter)
    edges = [e for e in stream if e.head in chosen and e.tail in chosen and e.weight >= min_weight]
    edges.sort(key=lambda e: (chosen[e.head].id, chosen[e.tail].id, e.relation))
    total = lookup.count_sentences(store)
    for at in range(0, len(edges), BATCH):
        add_edges(graph, store, edges[at : at + BATCH], chosen, total=total, filter=filter, settings=settings)
    if filter is not ALL or min_weight > 1:
        keep = around.id if around else None
        graph.remove_nodes_from([n for n in networkx.isolates(graph) if n != keep])
    counts = lookup.count_all(store)
    pipelines = sorted({str(row[0]) for row in lookup.count_by(store, "pipelines")})
    graph.graph.update(kg_version=__version__, documents=counts["documents"], pipelines=pipelines)
    return graph


def choose_entities(store: Store, around: EntityRow | None, depth: int, filter: Filter) -> list[EntityRow]:
    if around is None:
        return list(lookup.stream_entities(store))
    near = [row.id for row in list_neighbours(store, around, depth=depth, filter=filter)]
    found = (lookup.get_entity(store, key) for key in near)
    return [around, *(row for row in found if row)]


def add_edges(
    graph: networkx.MultiDiGraph,
    store: Store,
    edges: list[EdgeData],
    entities: dict[int, EntityRow],
    *,
    total: int,
    filter: Filter,
    settings: Settings,
) -> None:
    evidence: dict[tuple[str, str, str], list[Any]] = {}
    for row in read_evidence(store, edges, filter):
        evidence.setdefault((row.head, row.tail, row.relation), []).append(row)
    for edge in edges:
        head, tail = entities[edge.head], entities[edge.tail]
        rows = sorted(evidence.get((head.id, tail.id, edge.relation), []), key=rank_evidence)
        loose = edge.relation == "appears_with"
        graph.add_edge(
            head.id,
            tail.id,
            key=edge.relation,
            relation=edge.relation,
            weight=edge.weight,
            documents=edge.documents,
            npmi=compute_npmi(edge.together, head.sentences, tail.sentences, total) if loose else None,
            first_seen=edge.first_seen,
            last_seen=edge.last_seen,
            symmetric=is_symmetric(edge.relation),
            status=edge.status,
            evidence=[
                {key: value for key, value in asdict(row).items() if key not in ("head", "tail", "relation")}
                for row in rows[: settings.evidence_per_edge]
            ],
        )


def simple(graph: networkx.MultiDiGraph) -> networkx.Graph:
    """The undirected graph for algorithms: one edge a pair, ``weight`` the sum of all relations' weights."""
    plain = networkx.Graph()
    plain.add_nodes_from(graph.nodes(data=True))
    for head, tail, weight in graph.edges(data="weight"):
        if plain.has_edge(head, tail):
            plain[head][tail]["weight"] += weight
        else:
            plain.add_edge(head, tail, weight=weight)
    return plain
