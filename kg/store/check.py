"""Whether a store is whole, what it holds in one fixed order, and its size on the disk."""

from __future__ import annotations

import json
from collections.abc import Iterator

from kg.errors import StoreError
from kg.store.handle import Store

_DUMPS = {
    "document": "SELECT d.id, d.pipeline, w.path, w.title, w.date, w.date_from, w.sources, w.copy_of FROM shown w "
    "JOIN document d ON d.key = w.document",
    "entity": "SELECT id, name, type, mentions, documents, sentences, degree, first_seen, last_seen FROM entity",
    "assignment": "SELECT d.id, l.id, e.id, o.reason FROM entity_of o JOIN local l ON l.key = o.local "
    "JOIN document d ON d.key = l.document JOIN entity e ON e.key = o.entity",
    "alias": "SELECT e.id, a.name, a.fold, a.mentions FROM alias a JOIN entity e ON e.key = a.entity",
    "edge": "SELECT head, relation, tail, weight, documents, together, status, first_seen, last_seen, expected "
    "FROM edges",
    "strength": "SELECT head, tail, relation, strength, most_documents FROM edges",
    "evidence": 'SELECT head, relation, tail, document, start, "end", predicate, status, rule, speaker, sentence, page '
    "FROM evidence",
}


def dump_graph(store: Store) -> Iterator[str]:
    """The derived tables, one JSON line a row, in an order that no history of the store can change."""
    for table, select in _DUMPS.items():
        columns = select[: select.index(" FROM ")].count(",") + 1
        order = ", ".join(str(column + 1) for column in range(columns))
        for row in store.stream(f"{select} ORDER BY {order}"):
            yield json.dumps([table, *row], ensure_ascii=False)


def check_store(store: Store) -> list[str]:
    """What is wrong with the store, one sentence each; empty for a sound one. Reads all of it."""
    try:
        problems = [row[0] for row in store.rows("PRAGMA integrity_check") if row[0] != "ok"]
    except StoreError as error:
        return [str(error)]
    problems += [f"{row[0]} rows of {row[1]} lack what they refer to" for row in store.rows(_DANGLING)]
    return problems


_DANGLING = """SELECT count(*), "table" FROM pragma_foreign_key_check GROUP BY 2
    UNION ALL SELECT * FROM (SELECT count(*) AS n, 'edge_of' FROM edge_of o LEFT JOIN link k ON k.key = o.link
        LEFT JOIN edge g ON g.key = o.edge WHERE k.key IS NULL OR g.key IS NULL) WHERE n
    UNION ALL SELECT * FROM (SELECT count(*) AS n, 'entity_of' FROM entity_of o LEFT JOIN local l ON l.key = o.local
        LEFT JOIN entity e ON e.key = o.entity WHERE l.key IS NULL OR e.key IS NULL) WHERE n"""


def compact_store(store: Store) -> None:
    """Give the space of deleted documents back to the disk. Needs as much free space as the store takes."""
    store.run("VACUUM")
