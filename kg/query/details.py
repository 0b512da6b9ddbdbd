"""One entity in full, the entities that matter most, and what the store holds."""

from __future__ import annotations

from collections import Counter

from kg.errors import UsageError
from kg.query.neighbours import list_neighbours
from kg.query.rows import AliasRow, DocumentRow, EntityDetail, TopRow
from kg.store import Store, lookup
from kg.store.lookup import ALL, EntityRow, Filter

SNIPPET = 60  # characters of text shown on each side of a mention
ORDERS = ("mentions", "documents", "degree", "pagerank", "betweenness")


def show_entity(store: Store, entity: EntityRow, *, limit: int = 10) -> EntityDetail:
    """An entity with its aliases and why they are its, its strongest neighbours and its newest documents."""
    merges: Counter[str] = Counter()
    types: Counter[str] = Counter()
    with store.snapshot():
        for reason, documents, type in lookup.count_reasons(store, entity.key):
            merges[reason] += documents
            types[type] += documents
        return EntityDetail(
            entity,
            tuple(list_aliases(store, entity)),
            tuple(sorted(merges.items(), key=lambda pair: (-pair[1], pair[0]))),
            tuple(sorted(types.items(), key=lambda pair: (-pair[1], pair[0]))),
            tuple(list_neighbours(store, entity, limit=limit)),
            tuple(DocumentRow(*row) for row in lookup.list_entity_documents(store, entity.key, limit)),
        )


def list_aliases(store: Store, entity: EntityRow) -> list[AliasRow]:
    """An entity's names, the most frequent first, with the rules that made them its and an example of each."""
    rules: dict[str, Counter[str]] = {}
    examples: dict[str, tuple[int, int, int, str]] = {}
    for name, rule, source, document, start, end in lookup.stream_naming(store, entity.key):
        rules.setdefault(name, Counter())[rule] += 1
        examples.setdefault(name, (document, max(0, start - SNIPPET), end + SNIPPET, source))
    texts = lookup.read_texts(store, (span[:3] for span in examples.values()))
    rows = [
        AliasRow(
            name,
            counts.total(),
            tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))),
            " ".join(texts[examples[name][:3]].split()),
            examples[name][3],
        )
        for name, counts in rules.items()
    ]
    return sorted(rows, key=lambda row: (-row.mentions, row.name))


def top_entities(
    store: Store, *, by: str = "mentions", type: str | None = None, limit: int = 20, filter: Filter = ALL
) -> list[TopRow]:
    """Who matters: by "mentions", "documents" or "degree" (entities it is linked to), which the store has at hand; by
    "pagerank" or "betweenness", which load the whole graph, as every filter does: it leaves entities that have
    an edge in it. Raises UsageError for another order.
    """
    if by not in ORDERS:
        raise UsageError(f"cannot order by '{by}'; choose one of {', '.join(ORDERS)}")
    if filter != ALL or by in ("pagerank", "betweenness"):
        from kg.graph import score_entities

        scored = score_entities(store, by, filter)
        scored = [(row, score) for row, score in scored if type in (None, row.type)][:limit]
    else:
        rows = lookup.rank_entities(store, by, type=type, limit=limit)
        scored = [(row, float(getattr(row, by))) for row in rows]
    return [TopRow(r.id, r.name, r.type, score, r.mentions, r.documents, r.degree) for r, score in scored]


def stats(store: Store) -> dict[str, object]:
    """Counts of what the graph holds."""
    with store.snapshot():
        first, last, dated, copies = lookup.count_by(store, "dates")[0]
        return {
            **lookup.count_all(store),
            "types": {row[0]: row[1] for row in lookup.count_by(store, "types")},
            "relations": {row[0]: row[1] for row in lookup.count_by(store, "relations")},
            "pipelines": [list(row) for row in lookup.count_by(store, "pipelines")],
            "near_copies": copies,  # documents that are nearly the text of an older one
            "dated": dated,
            "first_date": first,
            "last_date": last,
        }
