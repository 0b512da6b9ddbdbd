"""Questions to a store: plain rows out. Loads neither spaCy nor networkx, and reads only what it answers with."""

from __future__ import annotations

from kg.query.answers import Answers, open_store
from kg.query.details import list_aliases, show_entity, stats, top_entities
from kg.query.names import find_entity, search, suggest_names
from kg.query.neighbours import list_evidence, list_neighbours, list_relations_to
from kg.query.paths import find_path
from kg.query.rows import (
    AliasRow,
    DocumentRow,
    EntityDetail,
    NeighbourRow,
    PathStep,
    Relation,
    SearchResult,
    TopRow,
)
from kg.store.evidence import EvidenceRow
from kg.store.lookup import ALL, EntityRow, Filter

__all__ = [
    "ALL",
    "AliasRow",
    "Answers",
    "DocumentRow",
    "EntityDetail",
    "EntityRow",
    "EvidenceRow",
    "Filter",
    "NeighbourRow",
    "PathStep",
    "Relation",
    "SearchResult",
    "TopRow",
    "find_entity",
    "find_path",
    "list_aliases",
    "list_evidence",
    "list_neighbours",
    "list_relations_to",
    "open_store",
    "search",
    "show_entity",
    "stats",
    "suggest_names",
    "top_entities",
]
