"""Questions to a store: plain rows out. Loads neither spaCy nor the graph, and reads only what it answers with."""

from __future__ import annotations

import heapq
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kg.errors import AmbiguousError, NotFoundError
from kg.records import STATUSES
from kg.store import Store, lookup
from kg.store.lookup import ALL, EdgeData, EntityRow, EvidenceData, Filter
from kg.text import fold

SUGGESTIONS = 5
NEAR = 60.0  # least similarity (0-100, normalised Levenshtein) of a name that is suggested
SNIPPET = 60  # characters of text shown on each side of a mention
PATH_ENTITIES = 50_000  # entities looked at before a path is given up


@dataclass(frozen=True, slots=True)
class Relation:
    """One edge as seen from an entity. ``direction``: "out" from it, "in" to it, "both" for symmetric ones."""

    relation: str
    direction: str
    weight: int
    documents: int
    status: str
    npmi: float | None
    expected: float | None  # appears_with: sentences that chance predicts
    together: int
    first_seen: str | None
    last_seen: str | None


@dataclass(frozen=True, slots=True)
class NeighbourRow:
    """An entity linked to the one asked about, with the strongest relation first. ``depth``: steps away."""

    id: str
    name: str
    type: str
    depth: int
    weight: int  # evidence sentences of all relations
    documents: int
    relations: tuple[Relation, ...]
    via: str | None = None  # name of the neighbour it was reached through


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """A sentence that links two entities. ``sources``: every (path, title, date) that prints it."""

    head: str
    relation: str
    tail: str
    status: str
    predicate: str
    sentence: str
    document: str
    source: str
    title: str | None
    date: str | None
    start: int
    end: int
    rule: str
    speaker: str | None
    sources: tuple[tuple[str, str | None, str | None], ...]


@dataclass(frozen=True, slots=True)
class PathStep:
    """One step of a path and the best sentence for it."""

    head: str
    tail: str
    head_name: str
    tail_name: str
    relation: Relation
    evidence: EvidenceRow


@dataclass(frozen=True, slots=True)
class AliasRow:
    """A name of an entity, how often, why it was taken for the entity's, and one place where it stands."""

    name: str
    mentions: int
    rules: tuple[tuple[str, int], ...]
    example: str
    source: str


@dataclass(frozen=True, slots=True)
class DocumentRow:
    id: str
    source: str
    title: str | None
    date: str | None
    mentions: int


@dataclass(frozen=True, slots=True)
class EntityDetail:
    entity: EntityRow
    aliases: tuple[AliasRow, ...]
    merges: tuple[tuple[str, int], ...]  # (reason across documents, documents)
    neighbours: tuple[NeighbourRow, ...]
    documents: tuple[DocumentRow, ...]


@dataclass(frozen=True, slots=True)
class SearchResult:
    entities: tuple[EntityRow, ...]
    sentences: tuple[tuple[str, DocumentRow], ...]  # (sentence, its document)


def find_entity(store: Store, name: str, *, type: str | None = None) -> EntityRow:
    """The entity that ``name`` means: an id, or any alias in any case, with or without æøå.

    A match of the whole name comes before one of another alias, that before one of some words. Raises AmbiguousError
    listing the matches, NotFoundError suggesting near names.
    """
    if found := lookup.get_entity(store, name):
        return found
    folded = fold(name)
    for matches in (lookup.match_names(store, folded), lookup.match_names(store, folded, prefix=True)):
        unique = {row.id: row for row, _ in matches if type in (None, row.type)}
        named = {row.id: row for row in unique.values() if fold(row.name) == folded}
        chosen = list((named or unique).values())
        if len(chosen) == 1:
            return chosen[0]
        if chosen:
            chosen.sort(key=lambda row: (-row.mentions, row.id))
            listed = [(row.id, row.name, row.type) for row in chosen]
            raise AmbiguousError(f"'{name}' may be any of {len(chosen)} entities; name one by its id", listed)
    near = suggest_names(store, folded)
    hint = f"; did you mean {', '.join(near)}?" if near else "; try: kg search"
    raise NotFoundError(f"nothing in the graph is called '{name}'{hint}", near)


def suggest_names(store: Store, folded: str) -> list[str]:
    from rapidfuzz.distance import Levenshtein

    scored: dict[str, tuple[float, str]] = {}
    for key, name, row in lookup.list_near_names(store, folded):
        score = 100 * max(
            Levenshtein.normalized_similarity(folded, part) for part in (key, *key.split()) if part
        )
        if score >= NEAR and score > scored.get(row.id, (0.0, ""))[0]:
            scored[row.id] = (score, name)
    best = sorted(scored.values(), key=lambda pair: (-pair[0], pair[1]))
    return [name for _, name in best[:SUGGESTIONS]]


def compute_npmi(together: int, a: int, b: int, total: int) -> float | None:
    """Normalised pointwise mutual information (Bouma 2009) of two names over sentences that hold a name, in [-1, 1]."""
    if not together or not total:
        return None
    if together >= total:
        return 1.0
    joint = together / total
    return round(math.log(joint * total * total / (a * b)) / -math.log(joint), 4)


def view_relation(edge: EdgeData, here: int, ends: dict[int, EntityRow], total: int) -> Relation:
    a, b = ends[edge.head].sentences, ends[edge.tail].sentences
    loose = edge.relation == "appears_with"
    direction = "both" if is_symmetric(edge.relation) else "out" if edge.head == here else "in"
    return Relation(
        edge.relation,
        direction,
        edge.weight,
        edge.documents,
        edge.status,
        compute_npmi(edge.together, a, b, total) if loose else None,
        round(a * b / total, 2) if loose and total else None,
        edge.together,
        edge.first_seen,
        edge.last_seen,
    )


def is_symmetric(relation: str) -> bool:
    from kg.records import SYMMETRIC

    return relation in SYMMETRIC


def rank_relation(relation: Relation) -> tuple[bool, int, int, str]:
    """Typed before appears_with, firmer before weaker, more evidence before less."""
    return (relation.relation == "appears_with", STATUSES.index(relation.status), -relation.weight, relation.relation)


def list_neighbours(
    store: Store,
    entity: EntityRow,
    *,
    type: str | None = None,
    filter: Filter = ALL,
    depth: int = 1,
    limit: int | None = None,
) -> list[NeighbourRow]:
    """Entities within ``depth`` steps, nearest first, then by strength: typed links, evidence, documents."""
    total = lookup.count_sentences(store)
    seen = {entity.key}
    frontier = {entity.key: entity}
    rows: list[NeighbourRow] = []
    for step in range(1, depth + 1):
        edges = lookup.list_edges(store, frontier, filter)
        ends = lookup.get_entities(store, {k for e in edges for k in (e.head, e.tail)})
        grouped: dict[int, list[tuple[int, EdgeData]]] = {}
        for edge in edges:
            for here, there in ((edge.head, edge.tail), (edge.tail, edge.head)):
                if here in frontier and there not in seen:
                    grouped.setdefault(there, []).append((here, edge))
        for there, found in grouped.items():
            rows.append(make_neighbour(there, found, ends, total=total, depth=step))
        frontier = {key: ends[key] for key in grouped}
        seen.update(frontier)
    rows = [row for row in rows if type in (None, row.type)]
    rows.sort(key=rank_neighbour)
    return rows[:limit]


def make_neighbour(
    there: int, found: Sequence[tuple[int, EdgeData]], ends: dict[int, EntityRow], *, total: int, depth: int
) -> NeighbourRow:
    best: dict[int, list[EdgeData]] = {}
    for here, edge in found:
        best.setdefault(here, []).append(edge)
    via = min(best, key=lambda k: (-sum(e.weight for e in best[k]), ends[k].id))
    relations = sorted((view_relation(e, via, ends, total) for e in best[via]), key=rank_relation)
    row = ends[there]
    return NeighbourRow(
        row.id,
        row.name,
        row.type,
        depth,
        sum(r.weight for r in relations),
        max(r.documents for r in relations),
        tuple(relations),
        ends[via].name if depth > 1 else None,
    )


def rank_neighbour(row: NeighbourRow) -> tuple[object, ...]:
    typed = any(r.relation != "appears_with" for r in row.relations)
    return (row.depth, not typed, -row.weight, -row.documents, row.id)


def list_evidence(store: Store, a: EntityRow, b: EntityRow, *, filter: Filter = ALL) -> list[EvidenceRow]:
    """Every sentence that links two entities, newest first; copies of one text come once with all their sources."""
    edges = lookup.list_edges_between(store, a.key, b.key, filter)
    rows = read_evidence(store, edges, filter)
    rows.sort(key=lambda row: (row.document, row.start, row.relation))
    rows.sort(key=lambda row: row.date or "", reverse=True)
    return rows


def read_evidence(store: Store, edges: Iterable[EdgeData], filter: Filter = ALL) -> list[EvidenceRow]:
    known = {edge.key: edge for edge in edges}
    ends = lookup.get_entities(store, {k for e in known.values() for k in (e.head, e.tail)})
    found = list(lookup.stream_evidence(store, known, filter))
    texts = lookup.read_texts(store, ((e.document_key, e.start, e.end) for e in found))
    grouped: dict[tuple[int, int], list[EvidenceData]] = {}
    for item in found:
        grouped.setdefault((item.edge, item.print), []).append(item)
    rows = []
    for copies in grouped.values():
        copies.sort(key=lambda e: (e.date or "9999", e.document, e.start))
        first = copies[0]
        edge = known[first.edge]
        sources = sorted({tuple(s) for e in copies for s in json.loads(e.sources)}, key=lambda s: (s[2] or "", s[0]))
        rows.append(
            EvidenceRow(
                ends[edge.head].id, edge.relation, ends[edge.tail].id, first.status, first.predicate,
                texts[first.document_key, first.start, first.end], first.document, first.source, first.title, first.date,
                first.start, first.end, first.rule, first.speaker, tuple(sources),
            )
        )  # fmt: skip
    return rows


def rank_evidence(row: EvidenceRow) -> tuple[object, ...]:
    """Firm before weak, printed often before once, then the short and plain sentence."""
    return (STATUSES.index(row.status), -len(row.sources), len(row.sentence), row.document, row.start)


def find_path(store: Store, a: EntityRow, b: EntityRow, *, filter: Filter = ALL) -> list[PathStep]:
    """The most convincing path between two entities: bidirectional Dijkstra (Pohl 1971) over the cost of its steps.

    A typed, stated link costs 1, appears_with more the weaker it is. Raises NotFoundError where there is none.
    """
    if a.key == b.key:
        raise NotFoundError(f"{a.name} and {b.name} are the same entity in this graph ({a.id})")
    chain = join_searches(store, a.key, b.key, filter)
    if chain is None:
        raise NotFoundError(f"no path links {a.name} and {b.name}")
    total = lookup.count_sentences(store)
    ends = lookup.get_entities(store, chain)
    steps = []
    for here, there in zip(chain, chain[1:], strict=False):
        edges = lookup.list_edges_between(store, here, there, filter)
        best = min(edges, key=lambda e: (cost_edge(e), -e.weight, e.relation))
        evidence = min(read_evidence(store, [best], filter), key=rank_evidence)
        relation = view_relation(best, here, ends, total)
        steps.append(PathStep(ends[here].id, ends[there].id, ends[here].name, ends[there].name, relation, evidence))
    return steps


def cost_edge(edge: EdgeData) -> float:
    base = 1.0 if edge.relation != "appears_with" else 2.0
    return base + STATUSES.index(edge.status) * 0.5 + 1.0 / (1 + edge.weight)


def join_searches(store: Store, a: int, b: int, filter: Filter) -> list[int] | None:
    cost = ({a: 0.0}, {b: 0.0})
    back: tuple[dict[int, int], dict[int, int]] = ({}, {})
    heaps: tuple[list[tuple[float, int]], list[tuple[float, int]]] = ([(0.0, a)], [(0.0, b)])
    settled: tuple[set[int], set[int]] = (set(), set())
    best, middle = math.inf, -1
    while heaps[0] and heaps[1] and heaps[0][0][0] + heaps[1][0][0] < best:
        side = 0 if len(heaps[0]) <= len(heaps[1]) else 1
        spent, here = heapq.heappop(heaps[side])
        if here in settled[side]:
            continue
        settled[side].add(here)
        if len(settled[0]) + len(settled[1]) > PATH_ENTITIES:
            return None
        for edge in lookup.list_edges(store, [here], filter):
            there = edge.tail if edge.head == here else edge.head
            reach = spent + cost_edge(edge)
            if reach < cost[side].get(there, math.inf):
                cost[side][there], back[side][there] = reach, here
                heapq.heappush(heaps[side], (reach, there))
            if there in cost[1 - side] and cost[side][there] + cost[1 - side][there] < best:
                best, middle = cost[side][there] + cost[1 - side][there], there
    if middle < 0:
        return None
    chain = [middle]
    while chain[0] in back[0]:
        chain.insert(0, back[0][chain[0]])
    while chain[-1] in back[1]:
        chain.append(back[1][chain[-1]])
    return chain


def show_entity(store: Store, entity: EntityRow, *, limit: int = 10) -> EntityDetail:
    """An entity with its aliases and why they are its, strongest neighbours and newest documents."""
    merges: dict[str, int] = {}
    for reason, documents, _ in lookup.count_reasons(store, entity.key):
        merges[reason] = merges.get(reason, 0) + documents
    documents = lookup.list_entity_documents(store, entity.key, limit)
    return EntityDetail(
        entity,
        tuple(list_aliases(store, entity)),
        tuple(sorted(merges.items(), key=lambda pair: (-pair[1], pair[0]))),
        tuple(list_neighbours(store, entity, limit=limit)),
        tuple(DocumentRow(*row) for row in documents),
    )


def list_aliases(store: Store, entity: EntityRow) -> list[AliasRow]:
    rules: dict[str, dict[str, int]] = {}
    examples: dict[str, tuple[int, int, int, str]] = {}
    for name, rule, _, _, source, document, start, end in lookup.stream_naming(store, entity.key):
        counts = rules.setdefault(name, {})
        counts[rule] = counts.get(rule, 0) + 1
        examples.setdefault(name, (document, start, end, source))
    spans = {name: (d, max(0, s - SNIPPET), e + SNIPPET) for name, (d, s, e, _) in examples.items()}
    texts = lookup.read_texts(store, spans.values())
    rows = [
        AliasRow(
            name,
            sum(counts.values()),
            tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))),
            " ".join(texts[spans[name]].split()),
            examples[name][3],
        )
        for name, counts in rules.items()
    ]
    return sorted(rows, key=lambda row: (-row.mentions, row.name))


def search(store: Store, text: str, *, limit: int = 20) -> SearchResult:
    """Entities whose names hold the words of ``text`` (the last as a prefix; near names where none does), and sentences."""
    folded = fold(text)
    matches = lookup.match_names(store, folded) + lookup.match_names(store, folded, prefix=True)
    entities = {row.id: row for row, _ in matches}
    if not entities:
        entities = {row.id: row for _, _, row in lookup.list_near_names(store, folded)[:limit]}
        near = set(suggest_names(store, folded))
        entities = {k: v for k, v in entities.items() if v.name in near}
    ranked = sorted(entities.values(), key=lambda row: (fold(row.name) != folded, -row.mentions, row.id))
    words = "".join(c if c.isalnum() else " " for c in folded).split()
    sentences = find_sentences(store, words, limit) if words else []
    return SearchResult(tuple(ranked[:limit]), tuple(sentences))


def find_sentences(store: Store, words: list[str], limit: int) -> list[tuple[str, DocumentRow]]:
    found = []
    for key, *row in lookup.match_documents(store, words, limit):
        text, bounds = lookup.read_sentences(store, key)
        for start, end in bounds:
            sentence = text[start:end]
            if len(found) < limit and all(word in fold(sentence) for word in words):
                found.append((sentence, DocumentRow(*row, 0)))
    return found


def top_entities(store: Store, *, by: str = "mentions", type: str | None = None, limit: int = 20) -> list[EntityRow]:
    """The entities with most "mentions", "documents" or "degree" (entities they are linked to)."""
    return lookup.rank_entities(store, by, type=type, limit=limit)


def stats(store: Store) -> dict[str, object]:
    """Counts of what the graph holds."""
    first, last, dated = lookup.count_by(store, "dates")[0]
    return {
        **lookup.count_all(store),
        "types": {row[0]: row[1] for row in lookup.count_by(store, "types")},
        "relations": {row[0]: row[1] for row in lookup.count_by(store, "relations")},
        "pipelines": [list(row) for row in lookup.count_by(store, "pipelines")],
        "dated": dated,
        "first_date": first,
        "last_date": last,
    }
