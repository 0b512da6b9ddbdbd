"""Derived tables: the graph, as a pure function of the facts and the corrections, remade only where those changed.

``refresh`` is one transaction, so a reader sees the graph before it or after it. It starts from the documents whose
facts changed, adds the documents whose entities resolve differently now, and recounts just the edges and entities that
those touch. Nothing is added to or taken from a count: each is counted again from its rows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from kg.records import SYMMETRIC
from kg.store.facts import CorrectionRow, list_corrections, stream_locals
from kg.store.handle import Store
from kg.store.schema import RANK_STATUS, STATUS_RANK

if TYPE_CHECKING:
    from kg.resolve import LocalEntity, Resolution

    Resolve = Callable[[Iterable[LocalEntity], Sequence[CorrectionRow]], Resolution]

_TOUCHED = ("touched_document", "touched_entity", "touched_edge")
_SCRATCH = {
    **dict.fromkeys(_TOUCHED, "key INTEGER PRIMARY KEY"),
    "assigned": "local INTEGER PRIMARY KEY, entity TEXT, reason TEXT, moved INTEGER",
    "named": "id TEXT PRIMARY KEY, name TEXT, type TEXT",
    "linked": "link INTEGER PRIMARY KEY, head INTEGER, relation TEXT, tail INTEGER",
    "naming": "entity INTEGER, name TEXT, mentions INTEGER, documents INTEGER, PRIMARY KEY (entity, name)",
}
_SYMMETRIC = ", ".join(f"'{relation}'" for relation in sorted(SYMMETRIC))


def is_stale(store: Store) -> bool:
    """Whether facts or corrections changed since the derived tables were made."""
    return bool(store.rows("SELECT 1 FROM dirty LIMIT 1"))


def refresh(store: Store, resolve: Resolve) -> bool:
    """Bring the derived tables up to date with the facts, in one transaction. Returns whether anything had changed.

    1 retire documents that no file holds any more; 2 show the others; 3 resolve entities across documents;
    4 assign each document's entities to the graph's; 5 join links to edges; 6 count.
    """
    if not is_stale(store):
        return False
    with store.transaction():
        for name, columns in _SCRATCH.items():
            store.run(f"CREATE TEMP TABLE {name} ({columns})")
        retired = _retire_documents(store)  # 1
        _show_documents(store)  # 2
        resolution = resolve(stream_locals(store), list_corrections(store))  # 3
        _assign_entities(store, resolution)  # 4
        _join_links(store)  # 5
        _count_edges(store)  # 6
        _count_entities(store)
        _count_names(store)
        store.run("UPDATE meta SET value = (SELECT coalesce(sum(named), 0) FROM shown) WHERE name = 'sentences'")
        store.run("DELETE FROM dirty")
        for name in _SCRATCH:
            store.run(f"DROP TABLE temp.{name}")
    if retired:
        erase_words(store)
    return True


def erase_words(store: Store) -> None:
    """Rewrite the word indexes, which otherwise keep the words of deleted texts for some time."""
    for index in ("document_words", "alias_words", "alias_grams"):
        store.run(f"INSERT INTO {index} ({index}) VALUES ('optimize')")


def _touch(store: Store, table: str, select: str) -> None:
    store.run(f"INSERT OR IGNORE INTO temp.{table} {select}")


def _retire_documents(store: Store) -> int:
    gone = """SELECT d.key FROM dirty x JOIN document d ON d.key = x.document
        WHERE NOT EXISTS (SELECT 1 FROM source s WHERE s.document = d.key)"""
    keys = [row[0] for row in store.rows(gone)]
    for key in keys:
        of_locals = f"SELECT key FROM local WHERE document = {int(key)}"
        of_links = f"SELECT key FROM link WHERE document = {int(key)}"
        _touch(store, "touched_entity", f"SELECT entity FROM entity_of WHERE local IN ({of_locals})")
        _touch(store, "touched_edge", f"SELECT edge FROM edge_of WHERE link IN ({of_links})")
        store.run(f"DELETE FROM entity_of WHERE local IN ({of_locals})")
        store.run(f"DELETE FROM edge_of WHERE link IN ({of_links})")
        store.run("DELETE FROM shown WHERE document = ?", (key,))
        store.run(
            "INSERT INTO document_words (document_words, rowid, fold) "
            "SELECT 'delete', key, fold(text) FROM document WHERE key = ?",
            (key,),
        )
        store.run("DELETE FROM document WHERE key = ?", (key,))
    return len(keys)


def _show_documents(store: Store) -> None:
    for key, named in store.rows("SELECT d.key, d.named FROM dirty x JOIN document d ON d.key = x.document"):
        sources = store.rows(
            "SELECT path, title, date FROM source WHERE document = ? ORDER BY path, number, title, date", (key,)
        )
        path = sources[0][0]
        title = next((title for _, title, _ in sources if title), None)
        date = min((date for _, _, date in sources if date), default=None)
        if store.rows("SELECT 1 FROM shown WHERE document = ? AND date IS NOT ?", (key, date)) or not store.rows(
            "SELECT 1 FROM shown WHERE document = ?", (key,)
        ):
            store.run("INSERT OR IGNORE INTO temp.touched_document VALUES (?)", (key,))
        row = (key, path, title, date, json.dumps(sources, ensure_ascii=False), named)
        store.run("INSERT OR REPLACE INTO shown VALUES (?, ?, ?, ?, ?, ?)", row)


def _assign_entities(store: Store, resolution: Resolution) -> None:
    store.many(
        "INSERT INTO temp.named VALUES (?, ?, ?)",
        ((key, entity.name, entity.type) for key, entity in resolution.entities.items()),
    )
    differs = "FROM temp.named n JOIN entity e ON e.id = n.id WHERE e.name <> n.name OR e.type <> n.type"
    _touch(store, "touched_entity", f"SELECT e.key {differs}")
    store.run(
        "INSERT INTO entity (id, name, type) SELECT id, name, type FROM temp.named WHERE 1 ORDER BY id "
        "ON CONFLICT (id) DO UPDATE SET name = excluded.name, type = excluded.type"
    )
    store.many("INSERT INTO temp.assigned VALUES (?, ?, ?, ?)", _changed_assignments(store, resolution))
    moved = "SELECT local FROM temp.assigned WHERE moved"
    _touch(store, "touched_entity", f"SELECT entity FROM entity_of WHERE local IN ({moved})")
    _touch(store, "touched_document", f"SELECT document FROM local WHERE key IN ({moved})")
    store.run("DELETE FROM entity_of WHERE local IN (SELECT local FROM temp.assigned)")
    store.run(
        "INSERT INTO entity_of SELECT a.local, e.key, a.reason FROM temp.assigned a JOIN entity e ON e.id = a.entity"
    )
    in_touched = "SELECT l.key FROM temp.touched_document x JOIN local l ON l.document = x.key"
    _touch(store, "touched_entity", f"SELECT entity FROM entity_of WHERE local IN ({in_touched})")


def _changed_assignments(store: Store, resolution: Resolution) -> Iterator[tuple[int, str | None, str, bool]]:
    sql = """SELECT l.key, d.id, l.id, e.id, o.reason
        FROM shown w JOIN document d ON d.key = w.document JOIN local l ON l.document = d.key
        LEFT JOIN entity_of o ON o.local = l.key LEFT JOIN entity e ON e.key = o.entity"""
    for local, document, name, old, old_reason in store.stream(sql):
        new = resolution.assignment.get((document, name))
        new = new if new in resolution.entities else None  # None: the analyst dropped it
        reason = resolution.reasons.get((document, name), "")
        if new != old or (new is not None and reason != old_reason):
            yield local, new, reason, new != old


def _join_links(store: Store) -> None:
    of_touched = "SELECT k.key FROM temp.touched_document x JOIN link k ON k.document = x.key"
    _touch(store, "touched_edge", f"SELECT edge FROM edge_of WHERE link IN ({of_touched})")
    store.run(f"DELETE FROM edge_of WHERE link IN ({of_touched})")
    turned = f"k.relation IN ({_SYMMETRIC}) AND h.id > t.id"
    store.run(
        f"""INSERT INTO temp.linked SELECT k.key,
            CASE WHEN {turned} THEN t.key ELSE h.key END, k.relation, CASE WHEN {turned} THEN h.key ELSE t.key END
        FROM temp.touched_document x JOIN link k ON k.document = x.key
            JOIN entity_of ho ON ho.local = k.head JOIN entity h ON h.key = ho.entity
            JOIN entity_of too ON too.local = k.tail JOIN entity t ON t.key = too.entity
        WHERE h.key <> t.key"""
    )
    store.run("INSERT OR IGNORE INTO edge (head, relation, tail) SELECT DISTINCT head, relation, tail FROM temp.linked")
    store.run(
        "INSERT INTO edge_of SELECT n.link, g.key FROM temp.linked n "
        "JOIN edge g ON g.head = n.head AND g.tail = n.tail AND g.relation = n.relation"
    )
    _touch(store, "touched_edge", "SELECT o.edge FROM temp.linked n JOIN edge_of o ON o.link = n.link")


def _count_edges(store: Store) -> None:
    ends = "FROM temp.touched_edge x JOIN edge g ON g.key = x.key"
    _touch(store, "touched_entity", f"SELECT head {ends}")
    _touch(store, "touched_entity", f"SELECT tail {ends}")
    for a, b in (("head", "tail"), ("tail", "head")):  # what is said of two changes how often they are together
        _touch(
            store,
            "touched_edge",
            f"SELECT p.key {ends} JOIN edge p ON p.head = g.{a} AND p.tail = g.{b} AND p.relation = 'appears_with'",
        )
    store.run(
        "DELETE FROM edge WHERE key IN (SELECT key FROM temp.touched_edge) "
        "AND NOT EXISTS (SELECT 1 FROM edge_of o WHERE o.edge = edge.key)"
    )
    store.run(
        f"""UPDATE edge SET (weight, documents, first_seen, last_seen, status) = (
            SELECT count(DISTINCT k.print), count(DISTINCT k.document), min(w.date), max(w.date),
                CASE min(CASE k.status {STATUS_RANK} END) {RANK_STATUS} END
            FROM edge_of o JOIN link k ON k.key = o.link JOIN shown w ON w.document = k.document
            WHERE o.edge = edge.key)
        WHERE key IN (SELECT key FROM temp.touched_edge)"""
    )
    store.run(
        """UPDATE edge SET together = (
            SELECT count(DISTINCT (k.document << 32) + k.start) FROM (
                SELECT key FROM edge p WHERE p.head = edge.head AND p.tail = edge.tail
                UNION ALL SELECT key FROM edge p WHERE p.head = edge.tail AND p.tail = edge.head) p
            JOIN edge_of o ON o.edge = p.key JOIN link k ON k.key = o.link)
        WHERE relation = 'appears_with' AND key IN (SELECT key FROM temp.touched_edge)"""
    )


def _count_entities(store: Store) -> None:
    store.run(
        "DELETE FROM entity WHERE (key IN (SELECT key FROM temp.touched_entity) OR mentions = 0) "
        "AND NOT EXISTS (SELECT 1 FROM entity_of o WHERE o.entity = entity.key)"
    )
    store.run(
        """UPDATE entity SET (mentions, documents, sentences, first_seen, last_seen) = (
            SELECT sum(l.mentions), count(DISTINCT l.document), sum(l.sentences), min(w.date), max(w.date)
            FROM entity_of o JOIN local l ON l.key = o.local JOIN shown w ON w.document = l.document
            WHERE o.entity = entity.key)
        WHERE key IN (SELECT key FROM temp.touched_entity)"""
    )
    store.run(
        """UPDATE entity SET degree = (SELECT count(*) FROM (
            SELECT tail FROM edge WHERE head = entity.key UNION SELECT head FROM edge WHERE tail = entity.key))
        WHERE key IN (SELECT key FROM temp.touched_entity)"""
    )


def _count_names(store: Store) -> None:
    store.run(
        """INSERT INTO temp.naming SELECT o.entity, n.key, sum(n.value), count(DISTINCT l.document)
        FROM temp.touched_entity x JOIN entity_of o ON o.entity = x.key JOIN local l ON l.key = o.local,
            json_each(l.names) n
        GROUP BY o.entity, n.key"""
    )
    store.run(
        "INSERT OR IGNORE INTO temp.naming "
        "SELECT e.key, e.name, 0, 0 FROM temp.touched_entity x JOIN entity e ON e.key = x.key"
    )
    unused = """FROM alias a WHERE a.entity IN (SELECT key FROM temp.touched_entity)
        AND NOT EXISTS (SELECT 1 FROM temp.naming n WHERE n.entity = a.entity AND n.name = a.name)"""
    for index in ("alias_words", "alias_grams"):
        store.run(f"INSERT INTO {index} ({index}, rowid, fold) SELECT 'delete', a.key, a.fold {unused}")
    store.run(f"DELETE FROM alias WHERE key IN (SELECT a.key {unused})")
    last = store.value("SELECT coalesce(max(key), 0) FROM alias")
    store.run(
        """INSERT INTO alias (entity, name, fold, mentions, documents)
        SELECT entity, name, fold(name), mentions, documents FROM temp.naming WHERE 1
        ON CONFLICT (entity, name) DO UPDATE SET mentions = excluded.mentions, documents = excluded.documents"""
    )
    for index in ("alias_words", "alias_grams"):
        store.run(f"INSERT INTO {index} (rowid, fold) SELECT key, fold FROM alias WHERE key > ?", (last,))
