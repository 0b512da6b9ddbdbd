"""Entities of many documents -> the graph's, as a pure function of the documents' entities and the corrections.

What an added document can change: the entities that share a key with one of its own (``block_keys``), those that share
a key with these, and so on; nothing else. Resolving such a connected set alone gives what resolving everything gives.
Nothing depends on the order in which documents come.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from kg.names import is_abbreviation, rank_spelling, slug
from kg.records import TYPES, Entity
from kg.resolve.cluster import Cluster, Item, gather
from kg.resolve.corrections import Correction, CorrectionIndex, apply_corrections, retype_items
from kg.resolve.keys import LocalEntity, is_bare, local_keys
from kg.resolve.suggest import Suggestion, suggest
from kg.settings import DEFAULTS, Settings

LONG_FORM_SHARE = 0.05  # of an organisation's documents that must spell it out before it goes by its long name


@dataclass(frozen=True, slots=True)
class Resolution:
    """Which entity of the graph each document's entity is, and why."""

    assignment: Mapping[tuple[str, str], str]  # (document id, local entity id) -> id; what is dropped has none
    entities: Mapping[str, Entity]  # by id, in order of id
    reasons: Mapping[tuple[str, str], str]  # (document id, local entity id) -> why, in words
    suggestions: tuple[Suggestion, ...] = ()  # merges and splits not dared, best first
    unmatched: tuple[tuple[int, str], ...] = ()  # (number of a correction, why it changed nothing)
    homonyms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # id -> ids of others of that name


def block_keys(local: LocalEntity, corrections: CorrectionIndex | None = None) -> frozenset[str]:
    """Keys by which ``local`` hangs together with others: two that share none, however indirectly, never meet."""
    return local_keys(local) | corrections.keys(local) if corrections else local_keys(local)


def resolve_corpus(
    locals: Iterable[LocalEntity], *, corrections: Sequence[Correction] = (), settings: Settings = DEFAULTS
) -> Resolution:
    """One entity for each real person, organisation and place of the documents that ``locals`` come from.

    1 read each document's entities; 2 gather them by name, acronym and context; 3 let the corrections speak, in their
    order; 4 give each cluster its type, name and id. Takes seconds for a million mentions; see
    ``benchmarks/resolve_scale.py``.
    """
    items = sorted((Item.of(local) for local in locals), key=lambda item: (item.document, item.id))  # 1
    index = CorrectionIndex(corrections)
    found = retype_items(items, index)
    clusters, hints = gather(items)  # 2
    clusters, unmatched = apply_corrections(clusters, index, found)  # 3
    return name_clusters(clusters, hints, unmatched)  # 4


def name_clusters(
    clusters: Sequence[Cluster], hints: Sequence[Suggestion], unmatched: Sequence[tuple[int, str]]
) -> Resolution:
    by_base: dict[str, list[tuple[Cluster, Entity]]] = defaultdict(list)
    for cluster in clusters:
        kind = vote_type(cluster)
        name = choose_name(cluster, kind)
        base = f"{kind.lower()}:{slug(name)}"
        by_base[base].append((cluster, Entity(base, name, kind)))
    assignment: dict[tuple[str, str], str] = {}
    reasons: dict[tuple[str, str], str] = {}
    entities: dict[str, Entity] = {}
    namesakes: dict[str, tuple[str, ...]] = {}
    for base in sorted(by_base):
        same = sorted(by_base[base], key=lambda pair: rank_cluster(pair[0]))
        ids = tuple(base if n == 0 else f"{base}-{n + 1}" for n in range(len(same)))
        for id, (cluster, entity) in zip(ids, same, strict=True):
            entities[id] = Entity(id, entity.name, entity.type)
            if len(ids) > 1:
                namesakes[id] = ids
            for item in cluster.items:
                assignment[item.document, item.id] = id
                reasons[item.document, item.id] = item.reason
    full = sorted({ids for ids in namesakes.values() if is_homonym(entities[ids[0]])})
    suggestions = suggest(hints, assignment, full)
    return Resolution(assignment, entities, reasons, suggestions, tuple(unmatched), namesakes)


def is_homonym(entity: Entity) -> bool:
    return entity.type == "PERSON" and not is_bare(entity.name, entity.type)


def rank_cluster(cluster: Cluster) -> tuple[int, int, str, str]:
    """Order of namesakes: in most documents, then first document id. Bare names: a document each, so by its id."""
    first = cluster.items[0]
    return (cluster.bare, -len(cluster.items), first.document, first.id)


def vote_type(cluster: Cluster) -> str:
    """The type in most documents; of equals, the one with most mentions, then the first in ``TYPES``."""
    if cluster.type:
        return cluster.type
    documents: Counter[str] = Counter()
    mentions: Counter[str] = Counter()
    for item in cluster.items:
        documents[item.type] += 1
        mentions[item.type] += item.mentions
    return max(documents, key=lambda t: (documents[t], mentions[t], -TYPES.index(t)))


def choose_name(cluster: Cluster, kind: str) -> str:
    """The name most documents know it by; a spelt-out name rather than an acronym, a whole name rather than a bare."""
    if cluster.name:
        return cluster.name
    sound = [item for item in cluster.items if not item.odd] or cluster.items
    documents: Counter[str] = Counter(item.name for item in sound)
    if len(documents) == 1:
        return sound[0].name
    total = sum(documents.values())
    usual = [name for name in documents if not is_bare(name, kind)] or list(documents)
    if kind != "PERSON":
        long = [name for name in usual if not is_abbreviation(name) and documents[name] >= LONG_FORM_SHARE * total]
        usual = long or usual
    return min(usual, key=lambda name: (-documents[name], -len(name.split()), rank_spelling(name)))
