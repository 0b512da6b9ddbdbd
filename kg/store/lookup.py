"""What the questions read: entities, edges and their evidence, names, texts. Reads only what it answers with.

Keys are the store's own numbers of entities and edges, good within one snapshot; ids are for people.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from kg.records import ACROSS, TYPES
from kg.store.handle import Row, Store
from kg.store.schema import RANK_STATUS, STATUS_RANK, STRENGTH

GRAM_ROWS = 5_000  # names looked at for each three letters of a name not found: bounds the search for near names
NEAR_ROWS = 200  # names sharing most letters with it, to be compared in full


@dataclass(frozen=True, slots=True)
class EntityRow:
    """An entity of the graph."""

    id: str
    name: str
    type: str
    mentions: int
    documents: int
    degree: int  # entities it is linked to
    first_seen: str | None  # ISO date
    last_seen: str | None
    sentences: int  # that name it
    key: int


@dataclass(frozen=True, slots=True)
class EdgeData:
    """An edge between entity keys. ``together``: sentences that name both (0 for typed relations)."""

    key: int
    head: int
    relation: str
    tail: int
    weight: int
    documents: int
    together: int
    status: str
    first_seen: str | None
    last_seen: str | None


@dataclass(frozen=True, slots=True)
class EvidenceData:
    """One sentence that an edge rests on. Offsets are into the document's text; ``copies``: its other sources."""

    edge: int
    document_key: int
    document: str
    source: str
    title: str | None
    date: str | None
    start: int
    end: int
    predicate: str
    status: str
    rule: str
    speaker: str | None  # entity id
    print: int  # equal for near-copies of one sentence
    sources: str  # JSON: [[path, title, date], ...]
    date_from: str | None  # where the date was found


@dataclass(frozen=True, slots=True)
class Filter:
    """Which evidence and which edges count. ``relations`` choose edges; the rest choose evidence and recount it."""

    relations: tuple[str, ...] = ()  # empty: all
    statuses: tuple[str, ...] = ()
    since: str | None = None  # ISO dates, both included; undated evidence counts only when neither is given
    until: str | None = None

    @property
    def recounts(self) -> bool:
        return bool(self.statuses or self.since or self.until)

    @property
    def dated(self) -> bool:
        return bool(self.since or self.until)

    def dates(self, column: str) -> tuple[str, list[str]]:
        """SQL over a column of dates, and its values."""
        given = [(sign, date) for sign, date in ((">=", self.since), ("<=", self.until)) if date]
        return " AND ".join(["1", *(f"{column} {sign} ?" for sign, _ in given)]), [date for _, date in given]

    def edges(self) -> tuple[str, list[str]]:
        """SQL over edge g, and its values."""
        if not self.relations:
            return "1", []
        return "g.relation IN (SELECT value FROM json_each(?))", [json.dumps(self.relations)]

    def evidence(self) -> tuple[str, list[str]]:
        """SQL over link k and shown w, and its values."""
        dates, values = self.dates("w.date")
        if not self.statuses:
            return dates, values
        return f"{dates} AND k.status IN (SELECT value FROM json_each(?))", [*values, json.dumps(self.statuses)]


ALL = Filter()

_ENTITY = "e.id, e.name, e.type, e.mentions, e.documents, e.degree, e.first_seen, e.last_seen, e.sentences, e.key"
_EDGE = "g.key, g.head, g.relation, g.tail, g.weight, g.documents, g.together, g.status, g.first_seen, g.last_seen"
_DATED = """e.id, e.name, e.type, coalesce(sum(o.mentions), 0), count(DISTINCT o.document), e.degree, min(o.date),
    max(o.date), coalesce(sum(o.sentences), 0), e.key"""
_RECOUNTED = f"""g.key, g.head, g.relation, g.tail, count(DISTINCT o.print), count(DISTINCT k.document), %s,
    CASE min(CASE k.status {STATUS_RANK} END) {RANK_STATUS} END, min(w.date), max(w.date)"""
_TO_EVIDENCE = "JOIN edge_of o ON o.edge = g.key JOIN link k ON k.key = o.link JOIN shown w ON w.document = k.document"


_TOGETHER = f"""CASE g.relation WHEN 'appears_with' THEN (SELECT count(DISTINCT (k.document << 32) + k.start) FROM (
        SELECT key FROM edge p WHERE p.head = g.head AND p.tail = g.tail
        UNION ALL SELECT key FROM edge p WHERE p.head = g.tail AND p.tail = g.head) p
    JOIN edge_of o ON o.edge = p.key JOIN link k ON k.key = o.link
    JOIN shown w ON w.document = k.document WHERE w.copy_of IS NULL AND k.rule <> '{ACROSS}' AND %s) ELSE 0 END"""


def get_entity(store: Store, id: str) -> EntityRow | None:
    rows = store.rows(f"SELECT {_ENTITY} FROM entity e WHERE e.id = ?", (id,))
    return EntityRow(*rows[0]) if rows else None


def get_entities(store: Store, keys: Iterable[int], filter: Filter = ALL) -> dict[int, EntityRow]:
    """By key; where the filter has dates, what is counted of them (but the degree) is counted within those."""
    sql, values = _select_entities(filter)
    sql = sql.replace("FROM entity e", "FROM json_each(?) j JOIN entity e ON e.key = j.value", 1)
    return {row[-1]: EntityRow(*row) for row in store.rows(sql, (json.dumps(list(keys)), *values))}


def stream_entities(store: Store, *, type: str | None = None, filter: Filter = ALL) -> Iterator[EntityRow]:
    """All entities, by id, counted as ``get_entities`` does."""
    sql, values = _select_entities(filter, "e.type = ?" if type else "1")
    for row in store.stream(f"{sql} ORDER BY e.id", (*values, type) if type else values):
        yield EntityRow(*row)


def _select_entities(filter: Filter, where: str = "1") -> tuple[str, list[str]]:
    if not filter.dated:
        return f"SELECT {_ENTITY} FROM entity e WHERE {where}", []
    dates, values = filter.dates("o.date")
    joined = f"FROM entity e LEFT JOIN entity_of o ON o.entity = e.key AND {dates}"
    return f"SELECT {_DATED} {joined} WHERE {where} GROUP BY e.key", values


def rank_entities(store: Store, by: str, *, type: str | None = None, limit: int) -> list[EntityRow]:
    """The entities with most of ``by``: "mentions", "documents" or "degree"."""
    order = {"mentions": "e.mentions", "documents": "e.documents", "degree": "e.degree"}[by]
    where, values = ("e.type = ?", [type]) if type else ("1", [])
    sql = f"SELECT {_ENTITY} FROM entity e WHERE {where} ORDER BY {order} DESC, e.id LIMIT ?"
    return [EntityRow(*row) for row in store.rows(sql, (*values, limit))]


def list_aliases(store: Store, keys: Iterable[int]) -> dict[int, list[tuple[str, int]]]:
    """Of each entity its names with their mentions, the most frequent first."""
    sql = """SELECT a.entity, a.name, a.mentions FROM json_each(?) j JOIN alias a ON a.entity = j.value
        ORDER BY a.entity, a.mentions DESC, a.name"""
    found: dict[int, list[tuple[str, int]]] = {}
    for key, name, mentions in store.stream(sql, (json.dumps(list(keys)),)):
        found.setdefault(key, []).append((name, mentions))
    return found


def list_edges(store: Store, entities: Iterable[int], filter: Filter = ALL) -> list[EdgeData]:
    """The edges at these entities, each once."""
    keys = json.dumps(list(entities))
    ends = (f"SELECT key FROM edge WHERE {end} IN (SELECT value FROM json_each(?))" for end in ("head", "tail"))
    return list(_read_edges(store, f"g.key IN ({' UNION '.join(ends)})", [keys, keys], filter))


def rank_neighbours(
    store: Store, entity: int, *, type: str | None = None, relations: tuple[str, ...] = (), limit: int | None = None
) -> list[int]:
    """Keys of the entities linked to one, strongest first (see ``STRENGTH``); by these relations, where some are given.

    The strongest come out of an index one after the other, so that a hub's first are found without the rest.
    """
    if relations:
        return _rank_related(store, entity, type=type, relations=relations, limit=limit)
    sides = " UNION ALL ".join(
        f"SELECT g.strength, g.most_documents, e.id, e.key FROM edge g CROSS JOIN entity e ON e.key = g.{there} "
        f"WHERE g.{here} = ? AND ? IN ('', e.type)"  # CROSS: in the order of edge's index
        for here, there in (("head", "tail"), ("tail", "head"))
    )
    found: dict[int, tuple[int, int, str]] = {}
    last = None
    for strength, documents, id, other in store.stream(f"{sides} ORDER BY 1 DESC, 2 DESC", (entity, type or "") * 2):
        if limit is not None and len(found) >= limit and (strength, documents) != last:
            break
        last = strength, documents
        found[other] = -strength, -documents, id
    return sorted(found, key=lambda other: found[other])[:limit]


def _rank_related(
    store: Store, entity: int, *, type: str | None, relations: tuple[str, ...], limit: int | None
) -> list[int]:
    edges, values = Filter(relations).edges()
    sides = " UNION ALL ".join(
        f"SELECT g.{there} AS other, g.weight * {STRENGTH} AS strength, g.documents AS seen FROM edge g "
        f"WHERE g.{here} = ? AND {edges}"
        for here, there in (("head", "tail"), ("tail", "head"))
    )
    sql = f"""SELECT other FROM ({sides}) JOIN entity e ON e.key = other WHERE ? IN ('', e.type)
        GROUP BY other ORDER BY sum(strength) DESC, max(seen) DESC, e.id LIMIT ?"""
    side = [entity, *values]
    return [row[0] for row in store.rows(sql, (*side, *side, type or "", -1 if limit is None else limit))]


def list_edges_to(store: Store, entity: int, others: Iterable[int], filter: Filter = ALL) -> list[EdgeData]:
    """The edges between an entity and some others, in either direction."""
    keys = json.dumps(list(others))
    where = " OR ".join(
        f"g.{a} = ? AND g.{b} IN (SELECT value FROM json_each(?))" for a, b in (("head", "tail"), ("tail", "head"))
    )
    return list(_read_edges(store, f"({where})", [entity, keys, entity, keys], filter))


def list_steps(store: Store, entity: int, filter: Filter = ALL) -> list[tuple[EdgeData, str, int]]:
    """The edges at an entity, each with the id and the degree of its other end."""
    edges = list_edges(store, [entity], filter)
    others = {edge.tail if edge.head == entity else edge.head for edge in edges}
    sql = "SELECT e.key, e.id, e.degree FROM json_each(?) j JOIN entity e ON e.key = j.value"
    known = {row[0]: row[1:] for row in store.rows(sql, (json.dumps(list(others)),))}
    return [(edge, *known[edge.tail if edge.head == entity else edge.head]) for edge in edges]


def stream_edges(store: Store, filter: Filter = ALL) -> Iterator[EdgeData]:
    """All edges."""
    return _read_edges(store, "1", [], filter)


def _read_edges(store: Store, where: str, values: Sequence[object], filter: Filter) -> Iterator[EdgeData]:
    edges, edge_values = filter.edges()
    if filter.recounts:
        evidence, evidence_values = filter.evidence()
        dates, date_values = filter.dates("w.date")
        counts = _RECOUNTED % (_TOGETHER % dates)
        sql = f"SELECT {counts} FROM edge g {_TO_EVIDENCE} WHERE {where} AND {edges} AND {evidence} GROUP BY g.key"
    else:
        date_values, evidence_values = [], []
        sql = f"SELECT {_EDGE} FROM edge g WHERE {where} AND {edges}"
    for row in store.stream(sql, (*date_values, *values, *edge_values, *evidence_values)):
        yield EdgeData(*row)


def stream_evidence(store: Store, edges: Iterable[int], filter: Filter = ALL) -> Iterator[EvidenceData]:
    """The evidence of these edges, by edge."""
    evidence, values = filter.evidence()
    sql = f"""SELECT o.edge, d.key, d.id, w.path, w.title, w.date, k.start, k."end", k.predicate, k.status, k.rule,
            s.id, o.print, w.sources, w.date_from
        FROM json_each(?) j JOIN edge_of o ON o.edge = j.value JOIN link k ON k.key = o.link
            JOIN shown w ON w.document = k.document JOIN document d ON d.key = k.document
            LEFT JOIN entity_of p ON p.local = k.speaker LEFT JOIN entity s ON s.key = p.entity
        WHERE {evidence} ORDER BY o.edge"""
    for row in store.stream(sql, (json.dumps(list(edges)), *values)):
        yield EvidenceData(*row)


def read_texts(store: Store, spans: Iterable[tuple[int, int, int]]) -> dict[tuple[int, int, int], str]:
    """The texts at (document key, start, end), each document read once."""
    texts: dict[tuple[int, int, int], str] = {}
    current, text = -1, ""
    for span in sorted(set(spans)):
        if span[0] != current:
            current, text = span[0], store.value("SELECT text FROM document WHERE key = ?", (span[0],)) or ""
        texts[span] = text[span[1] : span[2]]
    return texts


def read_pages(store: Store, documents: Iterable[int]) -> dict[tuple[int, str], list[tuple[int, str]]]:
    """By document key and path: (offset, "page 2") from where on the text stands there; of those that have pages."""
    sql = """SELECT s.document, s.path, p.start, p.name FROM json_each(?) j JOIN source s ON s.document = j.value
            JOIN page p ON p.file = s.file AND p.number = s.number
        ORDER BY s.document, s.path, p.start, p.name"""
    pages: dict[tuple[int, str], list[tuple[int, str]]] = {}
    for document, path, start, name in store.stream(sql, (json.dumps(sorted(set(documents))),)):
        pages.setdefault((document, path), []).append((start, name))
    return pages


def match_names(store: Store, folded: str, *, prefix: bool = False) -> list[tuple[EntityRow, str]]:
    """Entities with an alias whose search key is ``folded``, or holds all its words (the last as a prefix)."""
    if prefix:
        words = "".join(c if c.isalnum() else " " for c in folded).split()
        if not words:
            return []
        match = " ".join(f'"{word}"' for word in words)
        sql = f"""SELECT {_ENTITY}, a.name FROM alias_words x JOIN alias a ON a.key = x.rowid
            JOIN entity e ON e.key = a.entity WHERE alias_words MATCH ?"""
        rows = store.rows(sql, (match,)) or store.rows(sql, (f"{match}*",))
    else:
        sql = f"SELECT {_ENTITY}, a.name FROM alias a JOIN entity e ON e.key = a.entity WHERE a.fold = ?"
        rows = store.rows(sql, (folded,))
    return [(EntityRow(*row[:-1]), row[-1]) for row in rows]


def list_near_names(store: Store, folded: str) -> list[tuple[str, str, EntityRow]]:
    """Names that share most groups of three letters with ``folded``: (search key, name, entity)."""
    shared: Counter[int] = Counter()
    for gram in sorted({folded[i : i + 3] for i in range(len(folded) - 2)}):
        quoted = gram.replace('"', '""')
        rows = store.rows("SELECT rowid FROM alias_grams WHERE alias_grams MATCH ? LIMIT ?", (f'"{quoted}"', GRAM_ROWS))
        shared.update(row[0] for row in rows)
    best = sorted(shared, key=lambda key: (-shared[key], key))[:NEAR_ROWS]
    sql = f"""SELECT a.fold, a.name, {_ENTITY} FROM json_each(?) j JOIN alias a ON a.key = j.value
        JOIN entity e ON e.key = a.entity"""
    return [(row[0], row[1], EntityRow(*row[2:])) for row in store.rows(sql, (json.dumps(best),))]


def list_entity_documents(store: Store, entity: int, limit: int) -> list[Row]:
    """(id, source, title, date, mentions, date_from) of the documents that name an entity, newest first."""
    sql = """SELECT d.id, w.path, w.title, w.date, sum(l.mentions), w.date_from
        FROM entity_of o JOIN local l ON l.key = o.local
            JOIN shown w ON w.document = l.document JOIN document d ON d.key = l.document
        WHERE o.entity = ? GROUP BY d.key ORDER BY w.date IS NULL, w.date DESC, d.id LIMIT ?"""
    return store.rows(sql, (entity, limit))


def count_reasons(store: Store, entity: int) -> list[Row]:
    """(reason, documents, type in the document) by which an entity's parts were joined."""
    sql = """SELECT o.reason, count(DISTINCT l.document), l.type FROM entity_of o JOIN local l ON l.key = o.local
        WHERE o.entity = ? GROUP BY o.reason, l.type ORDER BY 2 DESC, 1, 3"""
    return store.rows(sql, (entity,))


def stream_naming(store: Store, entity: int) -> Iterator[Row]:
    """(name, rule, source, document key, start, end) of each mention of an entity."""
    sql = """SELECT m.name, m.rule, w.path, d.key, m.start, m."end"
        FROM entity_of o JOIN mention m ON m.local = o.local JOIN local l ON l.key = o.local
            JOIN shown w ON w.document = l.document JOIN document d ON d.key = l.document
        WHERE o.entity = ? ORDER BY d.id, m.start, m."end" """
    return store.stream(sql, (entity,))


def read_sentences(store: Store, document: int) -> tuple[str, list[tuple[int, int]]]:
    """A document's text and the bounds of its sentences."""
    text, packed = store.rows("SELECT text, sentences FROM document WHERE key = ?", (document,))[0]
    bounds = json.loads(packed)
    return text, list(zip(bounds[::2], bounds[1::2], strict=True))


def match_documents(store: Store, words: Sequence[str], limit: int) -> list[Row]:
    """(key, id, source, title, date) of documents that hold all these folded words, newest first."""
    sql = """SELECT d.key, d.id, w.path, w.title, w.date FROM document_words x JOIN shown w ON w.document = x.rowid
            JOIN document d ON d.key = w.document
        WHERE document_words MATCH ? ORDER BY w.date IS NULL, w.date DESC, d.id LIMIT ?"""
    return store.rows(sql, (" ".join(f'"{word}"' for word in words), limit))


def count_all(store: Store) -> dict[str, int]:
    """How many of each thing the graph and the ledger hold."""
    sql = """SELECT (SELECT count(*) FROM shown), (SELECT coalesce(sum(mentions), 0) FROM entity),
        (SELECT count(*) FROM entity), (SELECT count(*) FROM edge), (SELECT count(*) FROM edge_of),
        (SELECT count(*) FROM source WHERE status = 'skipped'), (SELECT count(*) FROM correction)"""
    names = ("documents", "mentions", "entities", "edges", "links", "skipped", "corrections")
    return dict(zip(names, store.rows(sql)[0], strict=True))


def count_by(store: Store, what: str) -> list[Row]:
    """How many "types" of entities, "relations" of edges, or documents by "pipelines" and language."""
    sql = {
        "types": "SELECT type, count(*) FROM entity GROUP BY 1",
        "relations": "SELECT relation, count(*), sum(weight) FROM edge GROUP BY 1 ORDER BY 3 DESC, 1",
        "pipelines": """SELECT d.pipeline, d.lang, count(*) FROM shown w JOIN document d ON d.key = w.document
            GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2""",
        "dates": "SELECT min(date), max(date), count(date), count(copy_of) FROM shown",
    }[what]
    rows = store.rows(sql)
    return sorted(rows, key=lambda row: TYPES.index(row[0])) if what == "types" else rows


def count_sentences(store: Store, filter: Filter = ALL) -> int:
    """How many sentences of the documents that are no copies name anything, within the dates of the filter."""
    if filter.dated:
        dates, values = filter.dates("date")
        return int(store.value(f"SELECT coalesce(sum(named), 0) FROM shown WHERE copy_of IS NULL AND {dates}", values))
    return int(store.value("SELECT value FROM meta WHERE name = 'sentences'"))
