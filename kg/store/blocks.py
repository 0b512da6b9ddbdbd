"""The documents' entities as resolution takes them: all of them, or block by block.

Two entities meet only if they share a key, or each shares one with a third, and so on. What hangs together like that
is resolved together, and anew only when one of it changed. Entities with equal keys have one *shape*, so that what
30,000 documents say of Norway is one row in the search for what hangs together.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from kg.records import Entity
from kg.store.handle import Row, Store

if TYPE_CHECKING:
    from kg.resolve import LocalEntity

CONTEXT_NAMES = 100  # most mentioned names of a document that count as each other's context; bounds n² on long lists
BATCH = 1_000  # entities whose shapes are set at once
BLOCK_SHAPES = 2_000  # shapes resolved at once, more only where more hang together: bounds what a build holds


@dataclass(frozen=True, slots=True)
class Member:
    """A document's entity, and which entity of the graph it has been so far."""

    key: int
    local: LocalEntity
    old: str | None  # entity id
    reason: str | None


def stream_locals(store: Store) -> Iterator[LocalEntity]:
    """Every document's entities, by document id and entity id, with their context."""
    sql = """SELECT w.id, w.date, l.id, l.name, l.type, l.names, l.fold, l.mentions
        FROM shown w JOIN local l ON l.document = w.document ORDER BY w.id, l.id"""
    for rows in _groups(store.stream(sql)):
        around = [(kind, fold, mentions, id) for _, _, id, _, kind, _, fold, mentions in rows]
        for document, date, id, name, kind, names, fold, _ in rows:
            yield make_local(
                document, Entity(id, name, kind), names, date=date, context=find_context(around, kind, fold)
            )


def make_local(document: str, entity: Entity, names: str, *, date: str | None, context: frozenset[str]) -> LocalEntity:
    from kg.resolve import LocalEntity

    return LocalEntity(document, entity, tuple(json.loads(names).items()), date, context)


def find_context(around: list[Row], type: str, fold: str) -> frozenset[str]:
    """Keys of the other entities of a document; ``around``: type, folded name, mentions and id of each."""
    frequent = (
        sorted(around, key=lambda row: (-row[2], row[3]))[:CONTEXT_NAMES] if len(around) > CONTEXT_NAMES else around
    )
    return frozenset(f"{row[0].lower()}:{row[1]}" for row in frequent) - {f"{type.lower()}:{fold}"}


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


def set_shapes(store: Store, documents: str, keys: Callable[[LocalEntity], frozenset[str]]) -> None:
    """Note the shape of each entity of some documents (SQL that selects their keys), and that it is to be resolved."""
    sql = f"""SELECT l.key, w.id, w.date, l.id, l.name, l.type, l.names
        FROM shown w JOIN local l ON l.document = w.document WHERE w.document IN ({documents})"""
    for rows in _batches(store.stream(sql)):
        found: list[tuple[int, int]] = []
        for key, document, date, id, name, kind, names in rows:
            local = make_local(document, Entity(id, name, kind), names, date=date, context=frozenset())
            prints = sorted(map(_fingerprint, keys(local)))
            shape = _fingerprint(str(prints))
            found.append((key, shape))
            store.many("INSERT OR IGNORE INTO shape_key VALUES (?, ?)", ((shape, print) for print in prints))
        store.many("INSERT OR REPLACE INTO shape_of VALUES (?, ?)", found)
        store.many("INSERT OR IGNORE INTO temp.touched_shape VALUES (?)", ((shape,) for _, shape in found))


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


def _fingerprint(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


def stream_blocks(store: Store) -> Iterator[list[Member]]:
    """The entities that hang together with those of touched shapes, block by block; see the module's head."""
    block: list[int] = []
    while (start := store.value("SELECT min(key) FROM temp.touched_shape")) is not None:
        together = [row[0] for row in store.rows(_TOGETHER, (start,))]
        store.many("DELETE FROM temp.touched_shape WHERE key = ?", ((shape,) for shape in together))
        block += together
        if len(block) >= BLOCK_SHAPES:
            yield read_members(store, block)
            block = []
    if block:
        yield read_members(store, block)


_TOGETHER = """WITH RECURSIVE found(shape) AS (
        SELECT ? UNION
        SELECT other.shape FROM found JOIN shape_key mine ON mine.shape = found.shape
            JOIN shape_key other ON other.key = mine.key)
    SELECT shape FROM found"""


def read_members(store: Store, shapes: list[int]) -> list[Member]:
    """The entities of these shapes. People have their context; nothing else is told apart by it."""
    from_shapes = "FROM json_each(?) j JOIN shape_of s ON s.shape = j.value JOIN local l ON l.key = s.local"
    given = (json.dumps(shapes),)
    sql = f"""SELECT l.key, w.id, w.date, l.id, l.name, l.type, l.names, l.fold, l.document, e.id, o.reason
        {from_shapes} JOIN shown w ON w.document = l.document
        LEFT JOIN entity_of o ON o.local = l.key LEFT JOIN entity e ON e.key = o.entity ORDER BY w.id, l.id"""
    around: dict[int, list[Row]] = {}
    people = f"SELECT l.document {from_shapes} WHERE l.type = 'PERSON'"
    for document, *row in store.stream(
        f"SELECT document, type, fold, mentions, id FROM local WHERE document IN ({people})", given
    ):
        around.setdefault(document, []).append(tuple(row))
    members = []
    for key, document, date, id, name, kind, names, fold, place, old, reason in store.stream(sql, given):
        context = find_context(around[place], kind, fold) if kind == "PERSON" else frozenset()
        local = make_local(document, Entity(id, name, kind), names, date=date, context=context)
        members.append(Member(key, local, old, reason))
    return members
