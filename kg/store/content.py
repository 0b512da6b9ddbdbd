"""What documents yielded: records in and out, one row for each entity, mention and link."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import TypeVar

from kg.errors import NotFoundError, StoreError
from kg.records import Document, Entity, Link, Mention, Record
from kg.store.handle import Row, Store
from kg.store.sketch import sketch_document, sketch_sentence
from kg.text import fold

T = TypeVar("T")


class RecordError(StoreError):
    """A record that contradicts itself: a fault of the stage that made it, not of the store."""


def mark_dirty(store: Store, select: str, values: Sequence[object] = ()) -> None:
    """Note that what these documents' graph shows may have changed."""
    store.run(f"INSERT OR IGNORE INTO dirty SELECT * FROM ({select}) WHERE 1 AND document IS NOT NULL", values)


def put_record(store: Store, record: Record, maker: str) -> int:
    """Store a record unless it is there; sources of the same text that an older maker read now show this one."""
    document = record.document
    same = (document.id, record.pipeline, maker)
    key = store.value("SELECT key FROM document WHERE id = ? AND pipeline = ? AND maker = ?", same)
    if key is None:
        key = _insert_document(store, record, maker)
        insert_content(store, key, record)
    older = "SELECT key AS document FROM document WHERE id = ? AND key <> ?"
    mark_dirty(store, f"{older} UNION ALL SELECT ?", (document.id, key, key))
    store.run(f"UPDATE source SET document = ? WHERE document IN ({older})", (key, document.id, key))
    return int(key)


def _insert_document(store: Store, record: Record, maker: str) -> int:
    document = record.document
    named = len(set(_place_mentions(record)))
    sentences = json.dumps([edge for bounds in record.sentences for edge in bounds], separators=(",", ":"))
    key = store.run(
        "INSERT INTO document (id, pipeline, maker, lang, named, sentences, sketch, text) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            document.id,
            record.pipeline,
            maker,
            document.lang,
            named,
            sentences,
            sketch_document(document.text),
            document.text,
        ),
    )
    store.run("INSERT INTO document_words (rowid, fold) VALUES (?, ?)", (key, fold(document.text)))
    return key


def _place_mentions(record: Record) -> list[int]:
    """The number of each mention's sentence."""
    starts = [start for start, _ in record.sentences]
    return [bisect_right(starts, mention.start) for mention in record.mentions]


def insert_content(store: Store, key: int, record: Record) -> None:
    """Store the entities, mentions and links of the document of this key. Raises RecordError."""
    document = record.document
    by_entity: dict[str, list[tuple[Mention, int]]] = {entity.id: [] for entity in record.entities}
    for mention, sentence in zip(record.mentions, _place_mentions(record), strict=True):
        _known(by_entity, mention.entity, document.id).append((mention, sentence))
    local = {entity.id: _insert_local(store, key, entity, by_entity[entity.id]) for entity in record.entities}
    bounds = {(link.start, link.end) for link in record.links}
    prints = {(start, end): _print_sentence(document.text[start:end]) for start, end in bounds}
    store.many(
        'INSERT INTO link (document, head, relation, tail, predicate, start, "end", status, rule, speaker, print, '
        "sketch) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (key, _known(local, link.head, document.id), link.relation, _known(local, link.tail, document.id),
             link.predicate, link.start, link.end, link.status, link.rule, local.get(link.speaker),
             *prints[link.start, link.end])
            for link in record.links
        ),
    )  # fmt: skip


def _known(held: Mapping[str, T], entity: str, document: str) -> T:
    if entity not in held:
        raise RecordError(f"the record of document {document} names the entity '{entity}', which it does not hold")
    return held[entity]


def _insert_local(store: Store, document: int, entity: Entity, mentions: Sequence[tuple[Mention, int]]) -> int:
    names = Counter(mention.name or mention.text for mention, _ in mentions)
    counts = json.dumps(dict(sorted(names.items())), ensure_ascii=False, separators=(",", ":"))
    key = store.run(
        "INSERT INTO local (document, id, name, type, fold, names, mentions, sentences) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (document, entity.id, entity.name, entity.type, fold(entity.name), counts, len(mentions),
         len({sentence for _, sentence in mentions})),
    )  # fmt: skip
    store.many(
        "INSERT OR IGNORE INTO mention VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        ((key, m.start, m.end, m.text, m.name or m.text, m.type, m.rule, int(m.derived)) for m, _ in mentions),
    )
    return key


def _print_sentence(sentence: str) -> tuple[int, bytes]:
    return fingerprint(sentence), sketch_sentence(sentence)


def fingerprint(sentence: str) -> int:
    """64 bits of a sentence's letters and digits, folded: the same for copies that differ in case or punctuation."""
    letters = "".join(c for c in fold(sentence) if c.isalnum())
    digest = hashlib.blake2b((letters or sentence).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def read_record(store: Store, document: str) -> Record:
    """All that the document of this id yielded, with what corrections set apart. Raises NotFoundError."""
    key = store.value("SELECT d.key FROM document d JOIN shown w ON w.document = d.key WHERE d.id = ?", (document,))
    if key is None:
        raise NotFoundError(f"there is no document {document} in the store; list them with: kg stats")
    return load_record(store, key)


def load_record(store: Store, key: int) -> Record:
    """As ``read_record``, of a document by its key."""
    sql = """SELECT d.id, coalesce(w.path, ''), d.text, w.title, w.date, d.lang, d.sentences, d.pipeline
        FROM document d LEFT JOIN shown w ON w.document = d.key WHERE d.key = ?"""
    *fields, sentences, pipeline = store.rows(sql, (key,))[0]
    bounds = json.loads(sentences)
    found = store.rows("SELECT key, id, name, type FROM local WHERE document = ? ORDER BY key", (key,))
    ids = {row[0]: row[1] for row in found}
    return Record(
        Document(*fields),
        tuple(zip(bounds[::2], bounds[1::2], strict=True)),
        tuple(_read_mention(ids, row) for row in store.rows(_MENTIONS, (key,))),
        tuple(Entity(*row[1:]) for row in found),
        tuple(_read_link(ids, row) for row in store.rows(_LINKS, (key,))),
        pipeline,
    )


_MENTIONS = """SELECT m.start, m."end", m.text, m.type, m.local, m.name, m.rule, m.derived
    FROM local l JOIN mention m ON m.local = l.key WHERE l.document = ? ORDER BY m.start, m."end", m.local"""
_LINKS = """SELECT head, relation, tail, predicate, start, "end", status, rule, speaker
    FROM link WHERE document = ? ORDER BY key"""


def _read_mention(ids: Mapping[int, str], row: Row) -> Mention:
    start, end, text, kind, local, name, rule, derived = row
    return Mention(start, end, text, kind, ids[local], name, rule, bool(derived))


def _read_link(ids: Mapping[int, str], row: Row) -> Link:
    head, relation, tail, predicate, start, end, status, rule, speaker = row
    return Link(ids[head], relation, ids[tail], predicate, start, end, status, rule, ids.get(speaker, ""))


def carve_record(store: Store, key: int, carve: Callable[[Record], Record]) -> None:
    """Store what ``carve`` makes of a document's record in the place of what it yielded; that is kept for later.

    Only what is derived from the document's entities has to be taken out before, and made anew afterwards.
    """
    kept = store.value("SELECT record FROM carved WHERE document = ?", (key,))
    record = load_record(store, key)
    original = _unpack_content(record, kept) if kept else record
    wanted = carve(original)
    store.run("DELETE FROM carved WHERE document = ?", (key,))
    if wanted != original:
        packed = {name: [asdict(row) for row in getattr(original, name)] for name in _CONTENT}
        store.run("INSERT INTO carved VALUES (?, ?)", (key, json.dumps(packed, ensure_ascii=False)))
    store.run("DELETE FROM link WHERE document = ?", (key,))
    store.run("DELETE FROM local WHERE document = ?", (key,))
    insert_content(store, key, wanted)


_CONTENT = ("mentions", "entities", "links")


def _unpack_content(record: Record, packed: str) -> Record:
    rows = json.loads(packed)
    return replace(
        record,
        mentions=tuple(Mention(**row) for row in rows["mentions"]),
        entities=tuple(Entity(**row) for row in rows["entities"]),
        links=tuple(Link(**row) for row in rows["links"]),
    )


def printable(text: str) -> str:
    """``text`` with what UTF-8 cannot hold (bytes of an undecodable file name) written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
