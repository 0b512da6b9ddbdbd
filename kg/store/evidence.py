"""Evidence as people read it: each sentence once, with every source that prints it; and how strong an edge is."""

from __future__ import annotations

import json
import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kg.records import STATUSES
from kg.store import lookup
from kg.store.handle import Store
from kg.store.lookup import ALL, EdgeData, EvidenceData, Filter


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """A sentence that links two entities.

    ``source``: where it stands, with the page where there are pages: "report.pdf, page 12". ``sources``: every
    (such place, title, date) that prints it, oldest first. ``date_from``: where the date was found.
    """

    head: str
    relation: str
    tail: str
    status: str
    predicate: str
    sentence: str
    document: str
    source: str
    title: str | None
    date: str | None
    start: int
    end: int
    rule: str
    speaker: str | None
    sources: tuple[tuple[str, str | None, str | None], ...]
    date_from: str | None = None


def read_evidence(store: Store, edges: Iterable[EdgeData], filter: Filter = ALL) -> list[EvidenceRow]:
    """The sentences that these edges rest on, in no order. Copies of one text are one row, the oldest's."""
    known = {edge.key: edge for edge in edges}
    ends = lookup.get_entities(store, {key for edge in known.values() for key in (edge.head, edge.tail)})
    found = list(lookup.stream_evidence(store, known, filter))
    texts = lookup.read_texts(store, ((item.document_key, item.start, item.end) for item in found))
    pages = lookup.read_pages(store, (item.document_key for item in found))
    copies: dict[tuple[int, int], list[EvidenceData]] = {}
    for item in found:
        copies.setdefault((item.edge, item.print), []).append(item)
    rows = []
    for same in copies.values():
        first = min(same, key=_rank_copy)
        edge = known[first.edge]
        rows.append(
            EvidenceRow(
                head=ends[edge.head].id,
                relation=edge.relation,
                tail=ends[edge.tail].id,
                status=first.status,
                predicate=first.predicate,
                sentence=texts[first.document_key, first.start, first.end],
                document=first.document,
                source=_find_place(first, first.source, pages),
                title=first.title,
                date=first.date,
                start=first.start,
                end=first.end,
                rule=first.rule,
                speaker=first.speaker,
                sources=_join_sources(same, pages),
                date_from=first.date_from,
            )
        )
    return rows


def _rank_copy(item: EvidenceData) -> tuple[object, ...]:
    return (
        STATUSES.index(item.status), item.date or "9999", item.document, item.start, item.end, item.predicate,
        item.rule, item.speaker or "",
    )  # fmt: skip


Pages = Mapping[tuple[int, str], Sequence[tuple[int, str]]]  # by document key and path


def _join_sources(copies: Iterable[EvidenceData], pages: Pages) -> tuple[tuple[str, str | None, str | None], ...]:
    sources = {
        (_find_place(item, path, pages), title, date)
        for item in copies
        for path, title, date in json.loads(item.sources)
    }
    return tuple(sorted(sources, key=lambda source: (source[2] or "9999", source[0], source[1] or "")))


def _find_place(item: EvidenceData, path: str, pages: Pages) -> str:
    """The document at ``path``, with the page on which the sentence begins where it has pages."""
    held = pages.get((item.document_key, path), ())
    at = bisect_right(held, item.start, key=lambda page: page[0])
    return f"{path}, {held[at - 1][1]}" if at and held[at - 1][1] else path


def rank_evidence(row: EvidenceRow) -> tuple[object, ...]:
    """Sort key, strongest first: firm before weak, printed often before once, short before long."""
    return (
        STATUSES.index(row.status), -len(row.sources), len(row.sentence), row.date or "9999", row.document, row.start,
        row.end, row.predicate,
    )  # fmt: skip


def compute_npmi(together: int, a: int, b: int, total: int) -> float | None:
    """Normalised pointwise mutual information of two names (Bouma 2009), in [-1, 1]: 0 is what chance gives.

    ``together``: sentences with both; ``a``, ``b``: with each; ``total``: with any name. None where not defined.
    """
    if not (together and a and b and total):
        return None
    if together >= total:
        return 1.0
    joint = together / total
    return round(math.log(joint * total * total / (a * b)) / -math.log(joint), 4)
