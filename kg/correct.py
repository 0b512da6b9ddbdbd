"""The analyst's word on a store: made of names, looked at before it counts, kept, taken back, carried to other stores.

A correction is a fact like a document (see ``resolve.corrections``): the graph is derived anew with it, no document is
read again, and every later build applies it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from kg.errors import NotFoundError, UsageError
from kg.flow import refresh_graph
from kg.names import plain_key
from kg.query import find_entity
from kg.records import TYPES
from kg.resolve import (
    Correction,
    LocalEntity,
    Resolution,
    Suggestion,
    make_anchors,
    read_corrections,
    resolve_corpus,
    suggest_bare,
    write_corrections,
)
from kg.store import Store, facts, lookup, read_record
from kg.store.lookup import EntityRow


@dataclass(frozen=True, slots=True)
class Change:
    """What corrections do to the graph: entities that go, come, or stay with another name or type or other mentions."""

    gone: tuple[EntityRow, ...]
    new: tuple[EntityRow, ...]
    changed: tuple[tuple[EntityRow, EntityRow], ...]  # before, after
    edges: int  # that had ended at one of these entities and now end elsewhere, or nowhere
    unmatched: tuple[tuple[int, str], ...]  # corrections that match nothing now: number, why

    @property
    def empty(self) -> bool:
        return not (self.gone or self.new or self.changed)


class Withdrawn(Exception):
    """Ends the transaction of a preview."""


def plan_merge(store: Store, names: Sequence[str], *, name: str | None = None) -> list[Correction]:
    """These are all one entity. Raises UsageError, NotFoundError, AmbiguousError."""
    entities = list({row.id: row for row in (find_entity(store, given) for given in names)}.values())
    if len(entities) < 2:
        raise UsageError(f"{' and '.join(names)} are one entity already ({entities[0].id})")
    locals, resolution = resolve_store(store)
    first, *others = (find_anchors(locals, resolution, row) for row in entities)
    chosen = {"name": name} if name else {}
    return [Correction("merge", {"a": first, "b": other, **chosen}) for other in others]


def plan_distinct(store: Store, a: str, b: str) -> list[Correction]:
    """These two are not the same, now or in later documents. Raises NotFoundError, AmbiguousError."""
    one, two = find_entity(store, a), find_entity(store, b)
    if one.id == two.id:  # told apart by their names
        return [Correction("distinct", {"a": [{"name": a}], "b": [{"name": b}]})]
    locals, resolution = resolve_store(store)
    parts = {part: find_anchors(locals, resolution, row) for part, row in (("a", one), ("b", two))}
    return [Correction("distinct", parts)]


def plan_split(
    store: Store, name: str, documents: Iterable[str], *, as_name: str | None = None, mentions: Collection[int] = ()
) -> list[Correction]:
    """In these documents (paths or ids) it is another one; in a single document perhaps only in some of its
    ``mentions``, numbered from 1 in text order. Raises NotFoundError, AmbiguousError, UsageError.
    """
    entity = find_entity(store, name)
    locals, resolution = resolve_store(store)
    members = list_members(locals, resolution, entity)
    wanted = {document for given in documents for document in find_documents(store, given)}
    chosen = [local for local in members if local.document in wanted]
    if not chosen:
        raise NotFoundError(
            f"{entity.name} is in none of these documents; list its documents with: kg show {entity.id}"
        )
    called = {"name": as_name} if as_name else {}
    if mentions:
        return [Correction("split", {"of": [{"mentions": choose_mentions(store, chosen, mentions)}]} | called)]
    if len(chosen) == len(members):
        raise UsageError(f"{entity.name} is in no other document; to change its name use: kg rename {entity.id} NAME")
    anchors = [anchor.write() for anchor in make_anchors(chosen, members)]
    return [Correction("split", {"of": anchors} | called)]


def choose_mentions(store: Store, chosen: Sequence[LocalEntity], numbers: Collection[int]) -> list[list[Any]]:
    """[document, start, end] of an entity's mentions of these numbers. Raises UsageError."""
    documents = {local.document for local in chosen}
    if len(documents) > 1:
        raise UsageError("mentions can be set apart in one document at a time; name one document")
    ids = {local.entity.id for local in chosen}
    (document,) = documents
    here = [m for m in read_record(store, document).mentions if m.entity in ids]
    wrong = sorted(number for number in numbers if not 1 <= number <= len(here))
    if wrong:
        raise UsageError(f"there is no mention {wrong[0]}; the document names it {len(here)} times")
    if len(set(numbers)) == len(here):
        raise UsageError("these are all of its mentions there; leave them out to set the whole document apart")
    return [[document, here[n - 1].start, here[n - 1].end] for n in sorted(set(numbers))]


def plan_rename(store: Store, name: str, new_name: str) -> list[Correction]:
    """It is to be called ``new_name``. Raises NotFoundError, AmbiguousError."""
    return [Correction("rename", {"of": point_at(store, name), "name": new_name})]


def plan_retype(store: Store, name: str, type: str) -> list[Correction]:
    """It is of ``type``, one of TYPES. Raises UsageError, NotFoundError, AmbiguousError."""
    if type not in TYPES:
        raise UsageError(f"no type '{type}'; there are {', '.join(TYPES)}")
    return [Correction("retype", {"of": point_at(store, name), "type": type})]


def plan_drop(store: Store, name: str) -> list[Correction]:
    """It is no entity at all. Raises NotFoundError, AmbiguousError."""
    return [Correction("drop", {"of": point_at(store, name)})]


def point_at(store: Store, name: str) -> list[dict[str, Any]]:
    entity = find_entity(store, name)
    locals, resolution = resolve_store(store)
    return find_anchors(locals, resolution, entity)


def plan_import(text: str) -> list[Correction]:
    """The corrections of a file. Raises UsageError with the number of one that cannot be understood."""
    return read_corrections(text)


def apply_corrections(store: Store, corrections: Iterable[Correction], *, keep: bool = True) -> Change:
    """Add corrections to the store and derive the graph with them; not ``keep``: only tell what that would do."""
    return change_store(
        store, lambda: [facts.add_correction(store, c.kind, dict(c.payload)) for c in corrections], keep=keep
    )


def undo_correction(store: Store, number: int, *, keep: bool = True) -> Change:
    """Take a correction back. Raises NotFoundError."""
    return change_store(store, lambda: facts.remove_correction(store, number), keep=keep)


def change_store(store: Store, change: Callable[[], object], *, keep: bool) -> Change:
    made: list[Change] = []
    try:
        with store.transaction():
            before, edges = read_entities(store), read_edges(store)
            change()
            refresh_graph(store)
            made.append(
                compare(before, read_entities(store), edges - read_edges(store), resolve_store(store)[1].unmatched)
            )
            if not keep:
                raise Withdrawn
    except Withdrawn:
        pass
    return made[0]


def compare(
    before: dict[str, EntityRow], after: dict[str, EntityRow], moved: set[int], unmatched: tuple[tuple[int, str], ...]
) -> Change:
    changed = [(before[id], after[id]) for id in before if id in after and strip(before[id]) != strip(after[id])]
    return Change(
        tuple(row for id, row in before.items() if id not in after),
        tuple(row for id, row in after.items() if id not in before),
        tuple(changed),
        len(moved),
        unmatched,
    )


def strip(row: EntityRow) -> tuple[object, ...]:
    """What makes it another entity; that a neighbour of it went is no change of its own."""
    return (row.name, row.type, row.mentions, row.documents)


def read_entities(store: Store) -> dict[str, EntityRow]:
    return {row.id: row for row in lookup.stream_entities(store)}


def read_edges(store: Store) -> set[int]:
    """The edges by the ids of their ends, as hashes: a million take little memory, and only their number is wanted."""
    ids = {row.key: row.id for row in lookup.stream_entities(store)}
    return {hash((ids[edge.head], edge.relation, ids[edge.tail])) for edge in lookup.stream_edges(store)}


def resolve_store(store: Store) -> tuple[list[LocalEntity], Resolution]:
    """Every document's entities, and who is who among them."""
    locals = list(facts.stream_locals(store))
    return locals, resolve_corpus(locals, corrections=list_corrections(store))


def list_corrections(store: Store) -> list[Correction]:
    """The store's corrections in their order."""
    return [Correction(row.kind, dict(row.payload), row.id) for row in facts.list_corrections(store)]


def list_unmatched(store: Store) -> dict[int, str]:
    """Corrections that match nothing in the documents any more, by number, each with the reason."""
    return dict(resolve_store(store)[1].unmatched)


def export_corrections(store: Store) -> str:
    """All corrections as one readable file that ``plan_import`` reads."""
    return write_corrections(list_corrections(store))


def list_suggestions(store: Store, *, limit: int | None = None) -> list[Suggestion]:
    """Merges and splits that resolution did not dare, best first."""
    locals, resolution = resolve_store(store)
    found = [*resolution.suggestions, *suggest_bare(locals, resolution.assignment)]
    unique: dict[tuple[str, str, str], Suggestion] = {}
    for suggestion in sorted(found, key=lambda s: (-s.score, s.kind, s.a, s.b)):
        unique.setdefault((suggestion.kind, suggestion.a, suggestion.b), suggestion)
    return list(unique.values())[:limit]


def find_paths(store: Store, documents: Iterable[str]) -> dict[str, str]:
    """Where each of these documents was read."""
    wanted = set(documents)
    return {row.document: row.path for row in facts.list_sources(store) if row.document and row.document in wanted}


def list_members(locals: Iterable[LocalEntity], resolution: Resolution, entity: EntityRow) -> list[LocalEntity]:
    """The documents' entities that an entity of the graph is made of."""
    return [local for local in locals if resolution.assignment.get((local.document, local.entity.id)) == entity.id]


def find_anchors(locals: Sequence[LocalEntity], resolution: Resolution, entity: EntityRow) -> list[dict[str, Any]]:
    members = list_members(locals, resolution, entity)
    keys = {plain_key(member.entity.name) for member in members}
    namesakes = (local for local in locals if plain_key(local.entity.name) in keys)
    return [anchor.write() for anchor in make_anchors(members, namesakes)]


def find_documents(store: Store, given: str) -> set[str]:
    """Ids of the documents that a path or id means. Raises NotFoundError."""
    found = {row.document for row in facts.list_sources(store) if row.document and given in (row.document, row.path)}
    if not found:
        raise NotFoundError(f"the store holds no document '{given}'; list those of an entity with: kg show NAME")
    return found
