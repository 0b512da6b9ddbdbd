"""Facts: files and their ledger, what each document yielded, the analyst's corrections. One transaction a file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kg.errors import NotFoundError, StoreError
from kg.records import Document, Failure, Record
from kg.store.blocks import stream_locals as stream_locals
from kg.store.content import mark_dirty, printable, put_record
from kg.store.handle import Row, Store


@dataclass(frozen=True, slots=True)
class FileState:
    """A file as it is now. ``place``: absolute path, or a name that is no path; ``path``: as the user gave it."""

    place: str
    path: str
    maker: str  # version of kg and of the patterns
    hash: str | None = None  # SHA-256 of its bytes, hex
    size: int | None = None  # bytes
    mtime: int | None = None  # nanoseconds
    reader: str = ""  # how the user said to read it: "text=body"


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
        _put_results(store, key, results, maker=state.maker)


def extend_file(store: Store, state: FileState, first: int, results: Sequence[Record | Document | Failure]) -> None:
    """Add to what a file yielded, from place ``first`` on, in one transaction; and note the state it was read in.

    While more is to come the state has no hash, so that a build that is cut short reads the file again.
    """
    with store.transaction():
        key = store.value("SELECT key FROM file WHERE place = ?", (state.place,))
        _put_results(store, key, results, maker=state.maker, first=first)
        store.run(
            "UPDATE file SET hash = ?, size = ?, mtime = ? WHERE key = ?", (state.hash, state.size, state.mtime, key)
        )


def _put_results(
    store: Store, key: int, results: Sequence[Record | Document | Failure], *, maker: str, first: int = 0
) -> None:
    for number, result in enumerate(results, first):
        row = _skip(result) if isinstance(result, Failure) else _keep(store, result, maker)
        store.run("INSERT INTO source VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (key, number, *row))
        document = result.document if isinstance(result, Record) else result
        if isinstance(document, Document):
            places = ((key, number, start, printable(name)) for start, name in document.places)
            store.many("INSERT OR IGNORE INTO page VALUES (?, ?, ?, ?)", places)


def _skip(failure: Failure) -> Row:
    return (
        printable(failure.source), "skipped", failure.stage, printable(failure.reason), int(failure.passing),
        None, None, None, None, None, None, "[]",
    )  # fmt: skip


def _keep(store: Store, result: Record | Document, maker: str) -> Row:
    if isinstance(result, Record):
        document, key = result.document, put_record(store, result, maker)
    else:
        document, key = result, _find_document(store, result.id, maker)
    title = printable(document.title) if document.title else None
    return (
        printable(document.source), "read", None, None, 0, key, title, document.date,
        document.title_from, document.date_from, document.lang_from,
        json.dumps(document.guesses, ensure_ascii=False),
    )  # fmt: skip


def _put_file(store: Store, state: FileState) -> int:
    """The file's row, without rows of the ledger; what those showed is marked as changed."""
    mark_dirty(store, "SELECT s.document FROM source s JOIN file f ON f.key = s.file WHERE f.place = ?", (state.place,))
    _remember_file(store, state.place)
    store.run("DELETE FROM file WHERE place = ?", (state.place,))
    return store.run(
        "INSERT INTO file (place, path, hash, size, mtime, maker, reader, time) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (state.place, state.path, state.hash, state.size, state.mtime, state.maker, state.reader, _now()),
    )


def _remember_file(store: Store, place: str) -> None:
    """Keep until the next refresh what a file held: another may have got its text, by a rename or a copy."""
    store.run(
        "INSERT INTO temp.former SELECT f.hash, f.size, s.document FROM file f JOIN source s ON s.file = f.key "
        "WHERE f.place = ? AND s.document IS NOT NULL",
        (place,),
    )


def _find_document(store: Store, document: str, maker: str) -> int:
    key = store.value("SELECT max(key) FROM document WHERE id = ? AND maker = ?", (document, maker))
    if key is None:
        raise StoreError(f"the store {store.place} does not hold document {document}; read its file anew")
    mark_dirty(store, "SELECT ? AS document", (key,))
    return int(key)


def find_file(store: Store, place: str) -> StoredFile | None:
    """A file as it was last read, or None where it never was."""
    rows = store.rows(
        "SELECT key, place, path, maker, hash, size, mtime, reader, time FROM file WHERE place = ?", (place,)
    )
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
    sql = """SELECT d.id FROM document d WHERE d.maker = ? AND d.key IN (
        SELECT s.document FROM file f JOIN source s ON s.file = f.key WHERE f.place = ? OR f.hash = ?
        UNION SELECT document FROM temp.former WHERE hash = ?)"""
    return frozenset(row[0] for row in store.rows(sql, (state.maker, state.place, state.hash, state.hash)))


def has_size(store: Store, size: int) -> bool:
    """Whether any file of this size (bytes) was read: only then can one of the same bytes have been."""
    sql = "SELECT 1 FROM file WHERE size = ? UNION ALL SELECT 1 FROM temp.former WHERE size = ? LIMIT 1"
    return bool(store.rows(sql, (size, size)))


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


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
