"""Near-copies among documents and among the sentences of an edge; see ``sketch`` for how they are told.

Both are a pure function of the facts. Documents are taken by date: one that is nearly the text of an earlier one, which
is no copy itself, is a copy of it. So copies never hang together by a chain of texts of which the ends are unlike.
"""

from __future__ import annotations

import json
from itertools import groupby

from kg.store.handle import Store
from kg.store.sketch import are_near, cut_bands, find_copies

_ORDER = "coalesce(w.date, '9999'), w.id"
_IN_BANDS = "SELECT value FROM json_each(?)"
_SHARING = "FROM json_each(?) j JOIN sketch_of s ON s.hash = j.value"


def note_document(store: Store, document: int, *, moved: bool) -> None:
    """Have it decided what a document that is shown is a copy of; ``moved``: its date was another before."""
    if moved:
        _note_sharing(store, document, "w.document <> ?")
    store.run(
        f"INSERT OR IGNORE INTO temp.touched_copy SELECT {_ORDER}, w.document FROM shown w WHERE w.document = ?",
        (document,),
    )


def forget_document(store: Store, document: int) -> None:
    """Take a document out; those that may have been copies of it are decided anew."""
    if store.rows("SELECT 1 FROM shown WHERE document = ? AND copy_of IS NULL", (document,)):
        _note_sharing(store, document, "w.document <> ?")
    store.run("DELETE FROM temp.touched_copy WHERE document = ?", (document,))
    store.run(
        f"DELETE FROM sketch_of WHERE document = ? AND hash IN ({_IN_BANDS})", (document, _bands(store, document))
    )


def mark_copies(store: Store) -> None:
    """Decide anew, by date, what the documents that were noted are copies of; what depends on that is noted on the way.

    Each is compared with earlier documents only, which have been decided when its turn comes.
    """
    turn = ("", "")
    sql = f"""SELECT t.date, t.id, t.document FROM temp.touched_copy t JOIN shown w ON w.document = t.document
        WHERE (t.date, t.id) > (?, ?) AND (t.date, t.id) = ({_ORDER}) ORDER BY t.date, t.id LIMIT 1"""
    while rows := store.rows(sql, turn):  # some were noted under the date that they had before
        date, id, document = rows[0]
        turn = (date, id)
        _decide_document(store, document, turn)


def _decide_document(store: Store, document: int, turn: tuple[str, str]) -> None:
    bands = _bands(store, document)
    original = _find_original(store, document, bands, turn)
    ((old,),) = store.rows("SELECT copy_of FROM shown WHERE document = ?", (document,))
    known = store.rows(f"SELECT copy {_SHARING} WHERE s.document = ? LIMIT 1", (bands, document))
    copy = int(original is not None)
    if known != [(copy,)]:
        store.run(f"DELETE FROM sketch_of WHERE document = ? AND hash IN ({_IN_BANDS})", (document, bands))
        store.run("INSERT INTO sketch_of SELECT value, ?, ? FROM json_each(?)", (copy, document, bands))
        if known or not copy:
            _note_sharing(store, document, f"({_ORDER}) > (?, ?)", *turn)
    if original != old:
        store.run("UPDATE shown SET copy_of = ? WHERE document = ?", (original, document))
        store.run("INSERT OR IGNORE INTO temp.touched_document VALUES (?)", (document,))
        store.run(
            """UPDATE entity_of SET sentences = CASE WHEN ? THEN 0 ELSE
                (SELECT l.sentences FROM local l WHERE l.key = entity_of.local) END
            WHERE local IN (SELECT key FROM local WHERE document = ?)""",
            (copy, document),
        )


def _find_original(store: Store, document: int, bands: str, turn: tuple[str, str]) -> str | None:
    """Id of the first of the earlier documents, themselves no copies, that it is nearly the text of."""
    sketch = _sketch(store, document)
    rows = store.stream(
        f"""SELECT DISTINCT {_ORDER}, d.sketch {_SHARING} AND s.copy = 0
            JOIN shown w ON w.document = s.document JOIN document d ON d.key = s.document
        WHERE ({_ORDER}) < (?, ?) ORDER BY {_ORDER}""",
        (bands, *turn),
    )
    return next((id for _, id, other in rows if are_near(sketch, other)), None)


def _note_sharing(store: Store, document: int, where: str, *values: str) -> None:
    """Note those documents that share a band with one and of which ``where`` holds."""
    store.run(
        f"""INSERT OR IGNORE INTO temp.touched_copy SELECT {_ORDER}, w.document {_SHARING}
            JOIN shown w ON w.document = s.document WHERE {where}""",
        (_bands(store, document), *(values or (document,))),
    )


def _sketch(store: Store, document: int) -> bytes:
    found: bytes = store.value("SELECT sketch FROM document WHERE key = ?", (document,))
    return found


def _bands(store: Store, document: int) -> str:
    return json.dumps(cut_bands(_sketch(store, document)))


def join_sentences(store: Store) -> None:
    """Give each near-copy among the sentences of a touched edge the fingerprint of the one that it is a copy of."""
    of_touched = "FROM temp.touched_edge x JOIN edge_of o ON o.edge = x.key JOIN link k ON k.key = o.link"
    changes: list[tuple[int, int]] = []
    rows = store.stream(f"SELECT o.edge, o.link, k.print, k.status, k.sketch, o.print {of_touched} ORDER BY o.edge")
    for _, same in groupby(rows, key=lambda row: row[0]):
        links: list[tuple[int, int, str, bytes, int]] = [row[1:] for row in same]
        sentences = ((print, status, sketch) for _, print, status, sketch, _ in links)
        joined = find_copies(sentences) if len(links) > 1 else {}
        changes += [
            (joined.get(print, print), link)
            for link, print, _, _, old in links
            if joined.get(print, print) != old
        ]  # fmt: skip
    store.many("UPDATE edge_of SET print = ? WHERE link = ?", changes)
