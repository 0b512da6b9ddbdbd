"""Derived tables: the graph, as a pure function of the facts and the corrections, remade only where those changed.

``refresh`` is one transaction, so a reader sees the graph before it or after it. It starts from the documents whose
facts changed, resolves anew what hangs together with their entities, and recounts just the edges and entities that
this touches. Nothing is added to or taken from a count: each is counted again from its rows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg.records import ACROSS, SYMMETRIC, Record
from kg.store.blocks import Member, set_shapes, stream_blocks
from kg.store.content import carve_record
from kg.store.copies import forget_document, join_sentences, mark_copies, note_document
from kg.store.facts import CorrectionRow, list_corrections
from kg.store.handle import Store
from kg.store.schema import RANK_STATUS, STATUS_RANK, STRENGTH

if TYPE_CHECKING:
    from kg.resolve import LocalEntity, Resolution

COUNTED = 5_000  # entities whose names are counted at a time
_TOUCHED = ("touched_document", "touched_shape", "touched_entity", "touched_edge")
_SCRATCH = {
    **dict.fromkeys(_TOUCHED, "key INTEGER PRIMARY KEY"),
    "touched_copy": "date TEXT, id TEXT, document INTEGER, PRIMARY KEY (date, id)",
    "assigned": "local INTEGER PRIMARY KEY, entity TEXT, reason TEXT, moved INTEGER",
    "named": "id TEXT PRIMARY KEY, name TEXT, type TEXT",
    "linked": "link INTEGER PRIMARY KEY, head INTEGER, relation TEXT, tail INTEGER",
    "naming": "entity INTEGER, name TEXT, mentions INTEGER, PRIMARY KEY (entity, name)",
}
_SYMMETRIC = ", ".join(f"'{relation}'" for relation in sorted(SYMMETRIC))


@dataclass(frozen=True, slots=True)
class Resolver:
    """How documents' entities become the graph's, with the corrections that are in force."""

    resolve: Callable[[Sequence[LocalEntity]], Resolution]  # of entities that hang together by their keys
    keys: Callable[[LocalEntity], frozenset[str]]  # what shares no key, however indirectly, is resolved apart
    carve: Callable[[Record], Record] = lambda record: record  # sets apart what corrections say of single mentions
    carved: Collection[str] = ()  # ids of the documents that these corrections name


def is_stale(store: Store) -> bool:
    """Whether facts or corrections changed since the derived tables were made."""
    return bool(store.rows("SELECT 1 FROM dirty LIMIT 1"))


def refresh(store: Store, make_resolver: Callable[[Sequence[CorrectionRow]], Resolver]) -> bool:
    """Bring the derived tables up to date with the facts, in one transaction. Returns whether anything had changed.

    1 retire documents that no file holds any more; 2 show the others and tell the copies among them; 3 set single
    mentions apart, as corrections say; 4 resolve entities across documents, those that may have changed; 5 join links
    to edges; 6 count.
    """
    if not is_stale(store):
        return False
    with store.transaction():
        resolver = make_resolver(list_corrections(store))
        for name, columns in _SCRATCH.items():
            store.run(f"CREATE TEMP TABLE {name} ({columns})")
        retired = _retire_documents(store)  # 1
        _show_documents(store)  # 2
        mark_copies(store)
        _carve_documents(store, resolver)  # 3
        _set_shapes(store, resolver)  # 4
        for block in stream_blocks(store):
            _assign_entities(store, block, resolver.resolve([member.local for member in block]))
        _join_links(store)  # 5
        _count_edges(store)  # 6
        _count_entities(store)
        _count_names(store)
        named = "SELECT coalesce(sum(named), 0) FROM shown WHERE copy_of IS NULL"
        store.run(f"UPDATE meta SET value = ({named}) WHERE name = 'sentences'")
        store.run("DELETE FROM dirty")
        store.run("DELETE FROM temp.former")
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


def _forget_content(store: Store, document: int) -> None:
    """Take out all that is derived from a document's entities and links, and note what that changes."""
    of_locals = f"SELECT key FROM local WHERE document = {int(document)}"
    of_links = f"SELECT key FROM link WHERE document = {int(document)}"
    _touch(store, "touched_entity", f"SELECT entity FROM entity_of WHERE local IN ({of_locals})")
    _touch(store, "touched_edge", f"SELECT edge FROM edge_of WHERE link IN ({of_links})")
    _touch(store, "touched_shape", f"SELECT shape FROM shape_of WHERE local IN ({of_locals})")
    store.run(f"DELETE FROM entity_of WHERE local IN ({of_locals})")
    store.run(f"DELETE FROM edge_of WHERE link IN ({of_links})")
    store.run(f"DELETE FROM shape_of WHERE local IN ({of_locals})")


def _retire_documents(store: Store) -> int:
    gone = """SELECT d.key FROM dirty x JOIN document d ON d.key = x.document
        WHERE NOT EXISTS (SELECT 1 FROM source s WHERE s.document = d.key)"""
    keys = [row[0] for row in store.rows(gone)]
    for key in keys:
        _forget_content(store, key)
        forget_document(store, key)
        store.run("DELETE FROM shown WHERE document = ?", (key,))
        store.run(
            "INSERT INTO document_words (document_words, rowid, fold) "
            "SELECT 'delete', key, fold(text) FROM document WHERE key = ?",
            (key,),
        )
        store.run("DELETE FROM document WHERE key = ?", (key,))
    return len(keys)


def _show_documents(store: Store) -> None:
    sql = "SELECT d.key, d.id, d.named FROM dirty x JOIN document d ON d.key = x.document"
    for key, id, named in store.stream(sql):
        rows = store.rows(
            "SELECT path, title, date, date_from FROM source WHERE document = ? ORDER BY path, number, title, date",
            (key,),
        )
        sources = [row[:3] for row in rows]
        title = next((title for _, title, _ in sources if title), None)
        date, date_from = min(((row[2], row[3]) for row in rows if row[2]), key=str, default=(None, None))
        old = store.rows("SELECT date FROM shown WHERE document = ?", (key,))
        if old != [(date,)]:
            store.run("INSERT OR IGNORE INTO temp.touched_document VALUES (?)", (key,))
            store.run(
                "UPDATE entity_of SET date = ? WHERE local IN (SELECT key FROM local WHERE document = ?)", (date, key)
            )
        row = (key, id, sources[0][0], title, date, named, date_from, json.dumps(sources, ensure_ascii=False))
        kept = "(SELECT copy_of FROM shown WHERE document = ?1)"
        store.run(f"INSERT OR REPLACE INTO shown VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, {kept})", row)
        if old != [(date,)]:
            note_document(store, key, moved=bool(old))


def _corrections_changed(store: Store) -> bool:
    return bool(store.rows("SELECT 1 FROM dirty WHERE document = 0"))


def _carve_documents(store: Store, resolver: Resolver) -> None:
    """Only documents that a correction of single mentions names, or named, are looked at."""
    named = json.dumps(sorted(resolver.carved))
    sql = "SELECT w.document FROM shown w JOIN json_each(?) j ON j.value = w.id UNION SELECT document FROM carved"
    if not _corrections_changed(store):
        sql = f"SELECT * FROM ({sql}) WHERE document IN (SELECT key FROM temp.touched_document)"
    for (key,) in store.rows(sql, (named,)):
        _forget_content(store, key)
        carve_record(store, key, resolver.carve)
        store.run("INSERT OR IGNORE INTO temp.touched_document VALUES (?)", (key,))


def _set_shapes(store: Store, resolver: Resolver) -> None:
    if _corrections_changed(store):
        store.run("DELETE FROM shape_of")
        store.run("DELETE FROM shape_key")
        set_shapes(store, "SELECT document FROM shown", resolver.keys)
        return
    set_shapes(store, "SELECT key FROM temp.touched_document", resolver.keys)
    unused = "SELECT key FROM temp.touched_shape EXCEPT SELECT shape FROM shape_of"
    around = f"SELECT o.shape FROM shape_key k JOIN shape_key o ON o.key = k.key WHERE k.shape IN ({unused})"
    _touch(store, "touched_shape", around)  # what a retired entity held together
    store.run(f"DELETE FROM shape_key WHERE shape IN ({unused})")


def _assign_entities(store: Store, block: Sequence[Member], resolution: Resolution) -> None:
    store.run("DELETE FROM temp.named")
    store.run("DELETE FROM temp.assigned")
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
    store.many("INSERT INTO temp.assigned VALUES (?, ?, ?, ?)", _list_changes(block, resolution))
    moved = "SELECT local FROM temp.assigned WHERE moved"
    _touch(store, "touched_entity", f"SELECT entity FROM entity_of WHERE local IN ({moved})")
    _touch(store, "touched_document", f"SELECT document FROM local WHERE key IN ({moved})")
    store.run("DELETE FROM entity_of WHERE local IN (SELECT local FROM temp.assigned)")
    store.run(
        """INSERT INTO entity_of
        SELECT e.key, l.key, l.document, l.mentions, iif(w.copy_of IS NULL, l.sentences, 0), w.date, l.names, a.reason
        FROM temp.assigned a JOIN entity e ON e.id = a.entity JOIN local l ON l.key = a.local
            JOIN shown w ON w.document = l.document"""
    )


def _list_changes(block: Sequence[Member], resolution: Resolution) -> list[tuple[int, str | None, str, bool]]:
    """(local key, entity id or None where it is dropped, reason, whether the entity is another) of what changed."""
    changes = []
    for member in block:
        here = (member.local.document, member.local.entity.id)
        new = resolution.assignment.get(here)
        new = new if new in resolution.entities else None
        reason = resolution.reasons.get(here, "")
        if new != member.old or (new is not None and reason != member.reason):
            changes.append((member.key, new, reason, new != member.old))
    return changes


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
        "INSERT INTO edge_of SELECT n.link, g.key, k.print FROM temp.linked n JOIN link k ON k.key = n.link "
        "JOIN edge g ON g.head = n.head AND g.tail = n.tail AND g.relation = n.relation"
    )
    _touch(store, "touched_edge", "SELECT o.edge FROM temp.linked n JOIN edge_of o ON o.link = n.link")


def _count_edges(store: Store) -> None:
    ends = "FROM temp.touched_edge x JOIN edge g ON g.key = x.key"
    _touch(store, "touched_entity", f"SELECT head {ends}")
    _touch(store, "touched_entity", f"SELECT tail {ends}")
    for a, b in (("head", "tail"), ("tail", "head")):  # what is said of two changes how often they are together
        _touch(store, "touched_edge", f"SELECT p.key {ends} JOIN edge p ON p.head = g.{a} AND p.tail = g.{b}")
    store.run(
        "DELETE FROM edge WHERE key IN (SELECT key FROM temp.touched_edge) "
        "AND NOT EXISTS (SELECT 1 FROM edge_of o WHERE o.edge = edge.key)"
    )
    join_sentences(store)
    store.run(
        f"""UPDATE edge SET (weight, documents, first_seen, last_seen, status) = (
            SELECT count(DISTINCT o.print), count(DISTINCT k.document), min(w.date), max(w.date),
                CASE min(CASE k.status {STATUS_RANK} END) {RANK_STATUS} END
            FROM edge_of o JOIN link k ON k.key = o.link JOIN shown w ON w.document = k.document
            WHERE o.edge = edge.key)
        WHERE key IN (SELECT key FROM temp.touched_edge)"""
    )
    store.run(
        f"""UPDATE edge SET together = (
            SELECT count(DISTINCT (k.document << 32) + k.start) FROM (
                SELECT key FROM edge p WHERE p.head = edge.head AND p.tail = edge.tail
                UNION ALL SELECT key FROM edge p WHERE p.head = edge.tail AND p.tail = edge.head) p
            JOIN edge_of o ON o.edge = p.key JOIN link k ON k.key = o.link
            JOIN shown w ON w.document = k.document WHERE w.copy_of IS NULL AND k.rule <> '{ACROSS}')
        WHERE relation = 'appears_with' AND key IN (SELECT key FROM temp.touched_edge)"""
    )
    store.run(
        f"""UPDATE edge SET (strength, most_documents) = (
            SELECT sum(weight * {STRENGTH}), max(documents) FROM (
                SELECT * FROM edge p WHERE p.head = edge.head AND p.tail = edge.tail
                UNION ALL SELECT * FROM edge p WHERE p.head = edge.tail AND p.tail = edge.head))
        WHERE key IN (SELECT key FROM temp.touched_edge)"""
    )


def _count_entities(store: Store) -> None:
    in_touched = "SELECT key FROM local WHERE document IN (SELECT key FROM temp.touched_document)"
    _touch(store, "touched_entity", f"SELECT entity FROM entity_of WHERE local IN ({in_touched})")
    store.run(
        "DELETE FROM entity WHERE (key IN (SELECT key FROM temp.touched_entity) OR mentions = 0) "
        "AND NOT EXISTS (SELECT 1 FROM entity_of o WHERE o.entity = entity.key)"
    )
    store.run(
        """UPDATE entity SET (mentions, documents, sentences, first_seen, last_seen) = (
            SELECT sum(mentions), count(DISTINCT document), sum(sentences), min(date), max(date)
            FROM entity_of o WHERE o.entity = entity.key)
        WHERE key IN (SELECT key FROM temp.touched_entity)"""
    )
    store.run(
        """UPDATE entity SET degree = (SELECT count(*) FROM (
            SELECT tail FROM edge WHERE head = entity.key UNION SELECT head FROM edge WHERE tail = entity.key))
        WHERE key IN (SELECT key FROM temp.touched_entity)"""
    )


def _count_names(store: Store) -> None:
    first = "SELECT key FROM temp.touched_entity WHERE key > ? ORDER BY key LIMIT ?"
    low = 0
    while high := store.value(
        f"SELECT max(key) FROM ({first})", (low, COUNTED)
    ):  # some at a time: sorting takes memory
        store.run(
            """INSERT INTO temp.naming SELECT entity, n.key, sum(n.value * times)
            FROM (SELECT o.entity, o.names, count(*) AS times FROM temp.touched_entity x
                JOIN entity_of o ON o.entity = x.key WHERE x.key > ? AND x.key <= ? GROUP BY o.entity, o.names) g,
                json_each(g.names) n
            GROUP BY entity, n.key""",
            (low, high),
        )
        low = high
    store.run(
        "INSERT OR IGNORE INTO temp.naming "
        "SELECT e.key, e.name, 0 FROM temp.touched_entity x JOIN entity e ON e.key = x.key"
    )
    unused = """FROM alias a WHERE a.entity IN (SELECT key FROM temp.touched_entity)
        AND NOT EXISTS (SELECT 1 FROM temp.naming n WHERE n.entity = a.entity AND n.name = a.name)"""
    for index in ("alias_words", "alias_grams"):
        store.run(f"INSERT INTO {index} ({index}, rowid, fold) SELECT 'delete', a.key, a.fold {unused}")
    store.run(f"DELETE FROM alias WHERE key IN (SELECT a.key {unused})")
    last = store.value("SELECT coalesce(max(key), 0) FROM alias")
    store.run(
        """INSERT INTO alias (entity, name, fold, mentions) SELECT entity, name, fold(name), mentions
        FROM temp.naming WHERE 1 ON CONFLICT (entity, name) DO UPDATE SET mentions = excluded.mentions"""
    )
    for index in ("alias_words", "alias_grams"):
        store.run(f"INSERT INTO {index} (rowid, fold) SELECT key, fold FROM alias WHERE key > ?", (last,))
