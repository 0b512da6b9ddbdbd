"""What the questions answer with: frozen rows, plain values."""

from __future__ import annotations

from dataclasses import dataclass

from kg.store.evidence import EvidenceRow
from kg.store.lookup import EntityRow


@dataclass(frozen=True, slots=True)
class Relation:
    """One edge as seen from an entity. ``direction``: "out" from it, "in" to it, "both" for symmetric ones."""

    relation: str
    direction: str
    weight: int  # evidence sentences
    documents: int
    status: str
    npmi: float | None
    expected: float | None  # appears_with: sentences that chance predicts
    together: int
    first_seen: str | None
    last_seen: str | None


@dataclass(frozen=True, slots=True)
class NeighbourRow:
    """An entity linked to the one asked about, with the strongest relation first. ``depth``: steps away."""

    id: str
    name: str
    type: str
    depth: int
    weight: int  # evidence sentences of all relations
    documents: int
    relations: tuple[Relation, ...]
    via: str | None = None  # name of the neighbour it was reached through


@dataclass(frozen=True, slots=True)
class PathStep:
    """One step of a path and the best sentence for it."""

    head: str
    tail: str
    head_name: str
    tail_name: str
    relation: Relation
    evidence: EvidenceRow


@dataclass(frozen=True, slots=True)
class AliasRow:
    """A name of an entity, how often, why it was taken for the entity's, and one place where it stands."""

    name: str
    mentions: int
    rules: tuple[tuple[str, int], ...]
    example: str
    source: str


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document, and how often it names the entity that was asked about (0 where none was)."""

    id: str
    source: str
    title: str | None
    date: str | None
    mentions: int
    date_from: str | None = None  # where the date was found: "metadata", "file name", "dateline", ...


@dataclass(frozen=True, slots=True)
class EntityDetail:
    """All that ``kg show`` tells of an entity."""

    entity: EntityRow
    aliases: tuple[AliasRow, ...]
    merges: tuple[tuple[str, int], ...]  # (reason across documents, documents)
    types: tuple[tuple[str, int], ...]  # (type that a document gave it, documents)
    neighbours: tuple[NeighbourRow, ...]
    documents: tuple[DocumentRow, ...]


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Entities by name and sentences by their words; ``near``: no name matched, these are spelt alike."""

    entities: tuple[EntityRow, ...]
    sentences: tuple[tuple[str, DocumentRow], ...]  # (sentence, its document)
    near: bool = False


@dataclass(frozen=True, slots=True)
class TopRow:
    """An entity and its score in the order asked for."""

    id: str
    name: str
    type: str
    score: float
    mentions: int
    documents: int
    degree: int
