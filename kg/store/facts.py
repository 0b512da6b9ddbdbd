"""Facts: files and their ledger, what each document yielded, the analyst's corrections. One transaction a file."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from kg.errors import NotFoundError, StoreError
from kg.records import Document, Entity, Failure, Link, Mention, Record
from kg.store.handle import Row, Store
from kg.text import fold

if TYPE_CHECKING:
    from kg.resolve import LocalEntity

T = TypeVar("T")

CONTEXT_NAMES = 100  # most mentioned names of a document that count as each other's context; bounds n² on long lists


class RecordError(StoreError):
    """A record that contradicts itself: a fault of the stage that made it, not of the store."""


@dataclass(frozen=True, slots=True)
class FileState:
    """A file as it is now. ``place``: absolute path, or a name that is no path; ``path``: as the user gave it."""

    place: str
    path: str
    maker: str  # version of kg and of the patterns
    hash: str | None = None  # SHA-256 of its bytes, hex
    size: int | None = None  # bytes
    mtime: int | None = None  # nanoseconds


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """What became of one document."""

    path: str
    status: str  # "read" or "skipped"
    stage: str | None  # of a skipped one: "read", "tag", "resolve", "relate", "store"
    reason: str | None
    passing: bool  # worth trying again
    document: str | None  # id
    lang: str | None
    pipeline: str | None
    maker: str | None  # that of the document
    hash: str | None  # of the file's bytes
    time: str  # UTC


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file as it was when last read, and its rows of the ledger."""

    state: FileState
    time: str
    rows: tuple[LedgerRow, ...]


@dataclass(frozen=True, slots=True)
class CorrectionRow:
    """One word of the analyst; what it means is ``resolve``'s to say."""

    id: int
    time: str
    kind: str
    payload: Mapping[str, Any]


def add_file(store: Store, state: FileState, results: Sequence[Record | Document | Failure]) -> None:
    """Put what a file yielded in place of what it yielded before, in one transaction.

    A Record is stored; a bare Document is one whose record by the same maker the store already holds; a Failure becomes
    a skipped row. Raises RecordError where a record contradicts itself.
    """
    with store.transaction():
        key = _put_file(store, state)
        for number, result in enumerate(results):
            row = _skip(result) if isinstance(result, Failure) else _keep(store, result, state.maker)
            store.run("INSERT INTO source VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (key, number, *row))


def _skip(failure: Failure) -> Row:
    return (
        printable(failure.source), "skipped", failure.stage, printable(failure.reason), int(failure.passing),
        None, None, None,
    )  # fmt: skip


def _keep(store: Store, result: Record | Document, maker: str) -> Row:
    if isinstance(result, Record):
        document, key = result.document, _put_record(store, result, maker)
    else:
        document, key = result, _find_document(store, result.id, maker)
    title = printable(document.title) if document.title else None
    return (printable(document.source), "read", None, None, 0, key, title, document.date)


def _put_file(store: Store, state: FileState) -> int:
    """The file's row, without rows of the ledger; what those showed is marked as changed."""
    mark_dirty(store, "SELECT s.document FROM source s JOIN file f ON f.key = s.file WHERE f.place = ?", (state.place,))
    store.run("DELETE FROM file WHERE place = ?", (state.place,))
    return store.run(
        "INSERT INTO file (place, path, hash, size, mtime, maker, time) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (state.place, state.path, state.hash, state.size, state.mtime, state.maker, _now()),
    )


def mark_dirty(store: Store, select: str, values: Sequence[Any] = ()) -> None:
    """Note that what these documents' graph shows may have changed."""
    store.run(f"INSERT OR IGNORE INTO dirty SELECT * FROM ({select}) WHERE 1 AND document IS NOT NULL", values)


def _find_document(store: Store, document: str, maker: str) -> int:
    key = store.value("SELECT max(key) FROM document WHERE id = ? AND maker = ?", (document, maker))
    if key is None:
        raise StoreError(f"the store {store.place} does not hold document {document}; read its file anew")
    mark_dirty(store, "SELECT ? AS document", (key,))
    return int(key)


def _put_record(store: Store, record: Record, maker: str) -> int:
    """Store a record unless it is there; sources of the same text that an older maker read now show this one."""
    document = record.document
    same = (document.id, record.pipeline, maker)
    key = store.value("SELECT key FROM document WHERE id = ? AND pipeline = ? AND maker = ?", same)
    if key is None:
        key = _insert_record(store, record, maker)
    older = "SELECT key AS document FROM document WHERE id = ? AND key <> ?"
    mark_dirty(store, f"{older} UNION ALL SELECT ?", (document.id, key, key))
    store.run(f"UPDATE source SET document = ? WHERE document IN ({older})", (key, document.id, key))
    return int(key)


def _insert_record(store: Store, record: Record, maker: str) -> int:
    document = record.document
    starts = [start for start, _ in record.sentences]
    place = [bisect_right(starts, mention.start) for mention in record.mentions]
    sentences = json.dumps([edge for bounds in record.sentences for edge in bounds], separators=(",", ":"))
    key = store.run(
        "INSERT INTO document (id, pipeline, maker, lang, named, sentences, text) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (document.id, record.pipeline, maker, document.lang, len(set(place)), sentences, document.text),
    )
    store.run("INSERT INTO document_words (rowid, fold) VALUES (?, ?)", (key, fold(document.text)))
    by_entity: dict[str, list[tuple[Mention, int]]] = {entity.id: [] for entity in record.entities}
    for mention, sentence in zip(record.mentions, place, strict=True):
        _known(by_entity, mention.entity, document.id).append((mention, sentence))
    local = {entity.id: _insert_local(store, key, entity, by_entity[entity.id]) for entity in record.entities}
    store.many(
        'INSERT INTO link (document, head, relation, tail, predicate, start, "end", status, rule, speaker, print) '
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (key, _known(local, link.head, document.id), link.relation, _known(local, link.tail, document.id),
             link.predicate, link.start, link.end, link.status, link.rule, local.get(link.speaker),
             fingerprint(document.text[link.start : link.end]))
            for link in record.links
        ),
    )  # fmt: skip
    return key


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


def fingerprint(sentence: str) -> int:
    """64 bits of a sentence's letters and digits, folded: the same for copies that differ in case or punctuation."""
    letters = "".join(c for c in fold(sentence) if c.isalnum())
    digest = hashlib.blake2b((letters or sentence).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def find_file(store: Store, place: str) -> StoredFile | None:
    """A file as it was last read, or None where it never was."""
    rows = store.rows("SELECT key, place, path, maker, hash, size, mtime, time FROM file WHERE place = ?", (place,))
    if not rows:
        return None
    key, *state, time = rows[0]
    return StoredFile(FileState(*state), time, tuple(list_sources(store, "s.file = ?", (key,))))


def touch_file(store: Store, state: FileState) -> None:
    """Note the new time, size and spelling of a file whose bytes are unchanged."""
    with store.transaction():
        store.run(
            "UPDATE file SET size = ?, mtime = ?, time = ? WHERE place = ?",
            (state.size, state.mtime, _now(), state.place),
        )


def find_held(store: Store, state: FileState) -> frozenset[str]:
    """Ids of the documents that this file held when last read, or another of the same bytes, by the same maker."""
    sql = """SELECT d.id FROM file f JOIN source s ON s.file = f.key JOIN document d ON d.key = s.document
        WHERE (f.place = ? OR f.hash = ?) AND d.maker = ?"""
    return frozenset(row[0] for row in store.rows(sql, (state.place, state.hash, state.maker)))


def has_size(store: Store, size: int) -> bool:
    """Whether any file of this size (bytes) was read: only then can one of the same bytes have been."""
    return bool(store.rows("SELECT 1 FROM file WHERE size = ? LIMIT 1", (size,)))


def list_sources(store: Store, where: str = "1", values: Sequence[Any] = ()) -> Iterator[LedgerRow]:
    """Rows of the ledger, by file and place in it. ``where`` is SQL over source s, file f, document d."""
    sql = f"""SELECT s.path, s.status, s.stage, s.reason, s.passing, d.id, d.lang, d.pipeline, d.maker, f.hash, f.time
        FROM source s JOIN file f ON f.key = s.file LEFT JOIN document d ON d.key = s.document
        WHERE {where} ORDER BY f.place, s.number"""
    for path, status, stage, reason, passing, *rest in store.stream(sql, values):
        yield LedgerRow(path, status, stage, reason, bool(passing), *rest)


def list_skipped(store: Store) -> list[LedgerRow]:
    """The skipped documents, each with stage, reason and the hash of its file."""
    return list(list_sources(store, "s.status = 'skipped'"))


def list_places(store: Store, folder: str | None = None) -> list[str]:
    """Places of the files read, of those in ``folder`` (absolute) and below when given."""
    if folder is None:
        return [row[0] for row in store.rows("SELECT place FROM file ORDER BY place")]
    below = folder.rstrip("/") + "/"
    sql = "SELECT place FROM file WHERE place = ? OR place >= ? AND place < ? ORDER BY place"
    return [row[0] for row in store.rows(sql, (folder, below, below[:-1] + "0"))]


def remove_files(store: Store, places: Iterable[str]) -> int:
    """Forget files; the next refresh takes what no other file holds out of the store. Returns how many were there."""
    removed = 0
    with store.transaction():
        for place in places:
            mark_dirty(
                store, "SELECT s.document FROM source s JOIN file f ON f.key = s.file WHERE f.place = ?", (place,)
            )
            removed += len(store.rows("DELETE FROM file WHERE place = ? RETURNING key", (place,)))
    return removed


def find_places(store: Store, document: str) -> list[str]:
    """Places of the files that hold the document of this id."""
    sql = """SELECT DISTINCT f.place FROM document d JOIN source s ON s.document = d.key JOIN file f ON f.key = s.file
        WHERE d.id = ? ORDER BY f.place"""
    return [row[0] for row in store.rows(sql, (document,))]


def read_record(store: Store, document: str) -> Record:
    """All that the document of this id yielded, as it was stored. Raises NotFoundError."""
    sql = """SELECT d.key, d.id, w.path, d.text, w.title, w.date, d.lang, d.sentences, d.pipeline
        FROM document d JOIN shown w ON w.document = d.key WHERE d.id = ?"""
    rows = store.rows(sql, (document,))
    if not rows:
        raise NotFoundError(f"there is no document {document} in the store; list them with: kg stats")
    key, *fields, sentences, pipeline = rows[0]
    bounds = json.loads(sentences)
    locals_ = store.rows("SELECT key, id, name, type FROM local WHERE document = ? ORDER BY key", (key,))
    ids = {row[0]: row[1] for row in locals_}
    return Record(
        Document(*fields),
        tuple(zip(bounds[::2], bounds[1::2], strict=True)),
        tuple(_read_mention(ids, row) for row in store.rows(_MENTIONS, (key,))),
        tuple(Entity(*row[1:]) for row in locals_),
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


def stream_locals(store: Store) -> Iterator[LocalEntity]:
    """Every document's entities, by document id and entity id, for resolution across documents."""
    from kg.resolve import LocalEntity

    sql = """SELECT d.id, w.date, l.id, l.name, l.type, l.fold, l.names, l.mentions
        FROM document d JOIN shown w ON w.document = d.key JOIN local l ON l.document = d.key ORDER BY d.id, l.id"""
    for rows in _groups(store.stream(sql)):
        keys = {row[2]: f"{row[4].lower()}:{row[5]}" for row in rows}
        frequent = sorted(rows, key=lambda row: (-row[7], row[2]))[:CONTEXT_NAMES]
        context = frozenset(keys[row[2]] for row in frequent)
        for document, date, entity, name, kind, _, names, _ in rows:
            counts = tuple(json.loads(names).items())
            yield LocalEntity(document, Entity(entity, name, kind), counts, date, context - {keys[entity]})


def _groups(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Neighbouring rows with one first column, together."""
    group: list[Row] = []
    for row in rows:
        if group and group[0][0] != row[0]:
            yield group
            group = []
        group.append(row)
    if group:
        yield group


def add_correction(store: Store, kind: str, payload: Mapping[str, Any], *, time: str | None = None) -> int:
    """Keep a correction; the next refresh applies it. Returns its number, which is never given again."""
    text = json.dumps(payload, ensure_ascii=False, sort_keys=True)
    with store.transaction():
        mark_dirty(store, "SELECT 0 AS document")
        return store.run("INSERT INTO correction (time, kind, payload) VALUES (?, ?, ?)", (time or _now(), kind, text))


def remove_correction(store: Store, number: int) -> CorrectionRow:
    """Take a correction back. Raises NotFoundError."""
    found = [row for row in list_corrections(store) if row.id == number]
    if not found:
        raise NotFoundError(f"there is no correction {number}; list them with: kg corrections")
    with store.transaction():
        mark_dirty(store, "SELECT 0 AS document")
        store.run("DELETE FROM correction WHERE key = ?", (number,))
    return found[0]


def list_corrections(store: Store) -> list[CorrectionRow]:
    """The corrections in the order in which they were given."""
    rows = store.rows("SELECT key, time, kind, payload FROM correction ORDER BY key")
    return [CorrectionRow(key, time, kind, json.loads(payload)) for key, time, kind, payload in rows]


def printable(text: str) -> str:
    """``text`` with what UTF-8 cannot hold (bytes of an undecodable file name) written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
