"""Near-copies among documents and among the sentences of an edge; see ``sketch`` for how they are told.

Both are a pure function of the facts: documents that share a hash of their sketches hang together, and all but the
oldest of them are copies of it; sentences are joined among those of one edge, as often as it is counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from kg.store.handle import Store
from kg.store.sketch import join_copies, unpack_hashes


def note_sketches(store: Store, documents: Iterable[int]) -> None:
    """Enter documents that are shown among those that are compared."""
    for document in documents:
        store.run("INSERT OR IGNORE INTO temp.touched_copy VALUES (?)", (document,))
        hashes = _read_hashes(store, document)
        store.many("INSERT OR IGNORE INTO sketch_of VALUES (?, ?)", ((hash, document) for hash in hashes))


def forget_sketch(store: Store, document: int) -> None:
    """Take a document out; those that hung together with it are to be looked at again."""
    hashes = _read_hashes(store, document)
    store.many("DELETE FROM sketch_of WHERE hash = ? AND document = ?", ((hash, document) for hash in hashes))
    store.many(
        "INSERT OR IGNORE INTO temp.touched_copy SELECT document FROM sketch_of WHERE hash = ?",
        ((hash,) for hash in hashes),
    )
    store.run("DELETE FROM temp.touched_copy WHERE key = ?", (document,))


def _read_hashes(store: Store, document: int) -> tuple[int, ...]:
    return unpack_hashes(store.value("SELECT sketch FROM document WHERE key = ?", (document,)) or b"")


def mark_copies(store: Store) -> None:
    """Find anew what the documents that were noted are copies of, and mark those of which that changed as touched."""
    seen: set[int] = set()
    for (document,) in store.rows("SELECT key FROM temp.touched_copy ORDER BY key"):
        if document not in seen:
            together = _gather(store, document)
            seen |= together
            _mark_group(store, together)


def _gather(store: Store, document: int) -> set[int]:
    """All documents that hang together with this one. Each hash is looked up once, so this is linear."""
    found, waiting, looked = {document}, [document], set[int]()
    while waiting:
        for hash in _read_hashes(store, waiting.pop()):
            if hash not in looked:
                looked.add(hash)
                new = {row[0] for row in store.rows("SELECT document FROM sketch_of WHERE hash = ?", (hash,))} - found
                found |= new
                waiting += new
    return found


def _mark_group(store: Store, together: set[int]) -> None:
    rows = []
    for document in together:
        rows += store.rows("SELECT document, id, date, copy_of FROM shown WHERE document = ?", (document,))
    oldest = min((date or "9999", id) for _, id, date, _ in rows)[1] if rows else None
    for document, id, _, old in rows:
        new = None if id == oldest else oldest
        if new == old:
            continue
        store.run("UPDATE shown SET copy_of = ? WHERE document = ?", (new, document))
        store.run("INSERT OR IGNORE INTO temp.touched_document VALUES (?)", (document,))
        store.run(
            """UPDATE entity_of SET sentences = CASE WHEN ? THEN 0 ELSE
                (SELECT l.sentences FROM local l WHERE l.key = entity_of.local) END
            WHERE local IN (SELECT key FROM local WHERE document = ?)""",
            (new is not None, document),
        )


def join_sentences(store: Store) -> None:
    """Give the near-copies among the sentences of each touched edge one fingerprint."""
    of_touched = "FROM temp.touched_edge x JOIN edge_of o ON o.edge = x.key JOIN link k ON k.key = o.link"
    changes: list[tuple[int, int]] = []
    rows = store.stream(f"SELECT o.edge, o.link, k.print, k.status, k.sketch, o.print {of_touched} ORDER BY o.edge")
    for _, same in groupby(rows, key=lambda row: row[0]):
        links: list[tuple[int, int, str, bytes, int]] = [row[1:] for row in same]
        sentences = ((print, status, sketch) for _, print, status, sketch, _ in links)
        joined = join_copies(sentences) if len(links) > 1 else {}
        changes += [
            (joined.get(print, print), link)
            for link, print, _, _, old in links
            if joined.get(print, print) != old
        ]  # fmt: skip
    store.many("UPDATE edge_of SET print = ? WHERE link = ?", changes)
