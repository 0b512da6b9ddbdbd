"""Who is linked to whom, how strongly, and by which sentences."""

from __future__ import annotations

from collections.abc import Iterable

from kg.query.rows import NeighbourRow, Relation
from kg.records import STATUSES, SYMMETRIC
from kg.store import Store, lookup
from kg.store.evidence import EvidenceRow, compute_npmi, read_evidence
from kg.store.lookup import ALL, EdgeData, EntityRow, Filter

TYPED_STRENGTH = (
    3  # a sentence that says how two are linked counts as this many that only name both; as schema.STRENGTH
)


def list_neighbours(
    store: Store,
    entity: EntityRow,
    *,
    type: str | None = None,
    filter: Filter = ALL,
    depth: int = 1,
    limit: int | None = None,
) -> list[NeighbourRow]:
    """Entities within ``depth`` steps, nearest first, then the strongest: by the sentences that link them, of which one
    that says how counts ``TYPED_STRENGTH`` times; then by documents.
    """
    with store.snapshot():
        if (
            depth == 1 and not filter.recounts
        ):  # the store itself can rank a hub's neighbours and give out just the first
            keys = lookup.rank_neighbours(store, entity.key, type=type, relations=filter.relations, limit=limit)
            edges = lookup.list_edges_to(store, entity.key, keys, filter)
            return group_neighbours(store, {entity.key}, edges, filter=filter)
        seen, frontier = {entity.key}, {entity.key}
        rows: list[NeighbourRow] = []
        for step in range(1, depth + 1):
            found = [e for e in lookup.list_edges(store, frontier, filter) if (e.head in seen) != (e.tail in seen)]
            rows += group_neighbours(store, frontier, found, filter=filter, depth=step)
            frontier = {edge.tail if edge.head in seen else edge.head for edge in found}
            seen |= frontier
        return [row for row in rows if type in (None, row.type)][:limit]


def group_neighbours(
    store: Store, frontier: set[int], edges: Iterable[EdgeData], *, filter: Filter, depth: int = 1
) -> list[NeighbourRow]:
    """The other ends of edges that lead out of ``frontier``, strongest first."""
    found: dict[int, dict[int, list[EdgeData]]] = {}
    for edge in edges:
        here, there = (edge.head, edge.tail) if edge.head in frontier else (edge.tail, edge.head)
        found.setdefault(there, {}).setdefault(here, []).append(edge)
    ends = lookup.get_entities(store, {*found, *(here for by_here in found.values() for here in by_here)}, filter)
    total = lookup.count_sentences(store, filter)
    rows = [make_neighbour(ends[there], by_here, ends, total=total, depth=depth) for there, by_here in found.items()]
    return sorted(rows, key=lambda row: (-rate_relations(row.relations), -row.documents, row.id))


def make_neighbour(
    row: EntityRow, by_here: dict[int, list[EdgeData]], ends: dict[int, EntityRow], *, total: int, depth: int
) -> NeighbourRow:
    """A neighbour with the relations to the one entity of the frontier that it is linked to most strongly."""
    seen_from = {
        here: sorted((view_relation(edge, here, ends, total) for edge in edges), key=rank_relation)
        for here, edges in by_here.items()
    }
    via = min(seen_from, key=lambda here: (-rate_relations(seen_from[here]), ends[here].id))
    relations = tuple(seen_from[via])
    return NeighbourRow(
        row.id,
        row.name,
        row.type,
        depth,
        sum(relation.weight for relation in relations),
        max(relation.documents for relation in relations),
        relations,
        ends[via].name if depth > 1 else None,
    )


def view_relation(edge: EdgeData, here: int, ends: dict[int, EntityRow], total: int) -> Relation:
    """An edge as seen from entity ``here``; ``total``: sentences that hold a name."""
    a, b = ends[edge.head].sentences, ends[edge.tail].sentences
    loose = edge.relation == "appears_with"
    return Relation(
        edge.relation,
        "both" if edge.relation in SYMMETRIC else "out" if edge.head == here else "in",
        edge.weight,
        edge.documents,
        edge.status,
        compute_npmi(edge.together, a, b, total) if loose else None,
        round(a * b / total, 2) if loose and total else None,
        edge.together,
        edge.first_seen,
        edge.last_seen,
    )


def rank_relation(relation: Relation) -> tuple[object, ...]:
    """Sort key: typed before appears_with, firmer before weaker, more evidence before less."""
    loose = relation.relation == "appears_with"
    return (loose, STATUSES.index(relation.status), -relation.weight, relation.relation, relation.direction)


def rate_relations(relations: Iterable[Relation]) -> int:
    """How strongly two are linked; see ``list_neighbours``."""
    return sum(
        r.weight * (TYPED_STRENGTH if r.relation != "appears_with" and r.status != "denied" else 1) for r in relations
    )


def list_relations_to(store: Store, a: EntityRow, b: EntityRow, *, filter: Filter = ALL) -> list[Relation]:
    """The edges between two entities as seen from the first, the strongest first."""
    with store.snapshot():
        edges = lookup.list_edges_to(store, a.key, [b.key], filter)
        rows = group_neighbours(store, {a.key}, edges, filter=filter)
    return [relation for row in rows for relation in row.relations]


def list_evidence(store: Store, a: EntityRow, b: EntityRow, *, filter: Filter = ALL) -> list[EvidenceRow]:
    """Every sentence that links two entities, newest first; copies of one text come once with all their sources.

    A sentence that says how they are linked is not listed again as one that names both.
    """
    with store.snapshot():
        rows = read_evidence(store, lookup.list_edges_to(store, a.key, [b.key], filter), filter)
    typed = {row.sentence for row in rows if row.relation != "appears_with"}
    rows = [row for row in rows if row.relation != "appears_with" or row.sentence not in typed]
    rows.sort(key=lambda row: (row.document, row.start, row.relation, row.head, row.predicate))
    rows.sort(key=lambda row: row.date or "", reverse=True)
    return rows
