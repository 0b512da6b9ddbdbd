"""Merges and splits that resolution did not dare, each with its evidence, best first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rapidfuzz.distance import OSA

from kg.names import name_key
from kg.resolve.homonyms import Part
from kg.resolve.keys import LocalEntity, context_weight, is_bare

if TYPE_CHECKING:
    from kg.resolve.cluster import Item

LOOKED_AT = 50  # entities of a name whose context is compared with another name's; bounds the work
SPLIT_WEIGHT = 3.0  # weight of context from which an unconnected part of a name is worth an analyst's look
SHOWN = 5  # documents given as evidence


@dataclass(frozen=True, slots=True)
class Suggestion:
    """``kind`` "merge": ``a`` and ``b`` may be one. "split": ``a`` may be two; ``documents`` speak of the other."""

    kind: str
    a: str  # entity id
    b: str  # entity id; of a split, the same as a
    score: float  # 0 to 1, likelier first; a rank, not a probability
    reason: str  # in words
    documents: tuple[str, ...] = ()
    left: tuple[str, str] = ("", "")  # (document id, local entity id) that stands for a
    right: tuple[str, str] = ("", "")
    shared: str = ""  # what both are mentioned with

    @classmethod
    def of_claim(cls, other: Item, item: Item, why: str) -> Suggestion:
        reason = f"{other.name} may be {item.name} ({why} in document {item.document}), but other documents contradict"
        ends = ((other.document, other.id), (item.document, item.id))
        return cls("merge", "", "", 0.6, reason, (item.document,), *ends)

    @classmethod
    def of_slip(cls, rare: Sequence[Item], usual: Sequence[Item]) -> Suggestion | None:
        """None where the names differ by more than one letter in ten, or are of different types."""
        a, b = rare[0], usual[0]
        limit = 1 + (len(a.key) >= 10)
        distance = OSA.distance(a.key, b.key, score_cutoff=limit)
        if distance > limit or a.type != b.type or a.key.count(" ") != b.key.count(" "):
            return None
        if any(c.isdigit() for c in a.key + b.key):
            return None
        company = {key for item in usual[:LOOKED_AT] for key in item.context if context_weight(key) >= 1}
        common = sorted(company.intersection(*[{key for item in rare[:LOOKED_AT] for key in item.context}]))
        shared = common[0].partition(":")[2] if common else ""
        reason = f"{a.name} ({len(rare)} documents) and {b.name} ({len(usual)}) are {distance} letter apart"
        reason += f" and both appear with {shared}" if shared else ""
        score = 0.8 - 0.2 * distance + (0.2 if shared else 0)
        ends = ((a.document, a.id), (b.document, b.id))
        return cls("merge", "", "", score, reason, (a.document, b.document), *ends, shared)

    @classmethod
    def of_parts(cls, group: Sequence[Item], parts: Sequence[Part]) -> list[Suggestion]:
        found = []
        for part in parts[1:]:
            if part.weight < SPLIT_WEIGHT:
                continue
            items = [group[place] for place in part.places]
            company = ", ".join(key.partition(":")[2] for key in part.keys[:3])
            reason = (
                f"{len(items)} of {len(group)} documents about {group[0].name} share nothing with the others: {company}"
            )
            documents = tuple(dict.fromkeys(item.document for item in items))[:SHOWN]
            end = (items[0].document, items[0].id)
            found.append(cls("split", "", "", min(0.5, 0.02 * part.weight), reason, documents, end, end))
        return found


def suggest(
    hints: Iterable[Suggestion], assignment: Mapping[tuple[str, str], str], namesakes: Iterable[Sequence[str]] = ()
) -> tuple[Suggestion, ...]:
    """``hints`` with the ids that their ends have now, without those that are settled, best first."""
    found: dict[tuple[str, str, str], Suggestion] = {}
    for hint in hints:
        a, b = assignment.get(hint.left, ""), assignment.get(hint.right, "")
        if not a or not b or (a == b) != (hint.kind == "split"):
            continue
        known = found.get((hint.kind, a, b))
        if known is None or known.score < hint.score:
            found[hint.kind, a, b] = replace(hint, a=a, b=b)
    for ids in namesakes:
        for other in ids[1:]:
            reason = "the same full name, in documents that share nothing else"
            found.setdefault(("merge", other, ids[0]), Suggestion("merge", other, ids[0], 0.3, reason))
    return tuple(sorted(found.values(), key=lambda s: (-s.score, s.kind, s.a, s.b)))


def suggest_bare(locals: Iterable[LocalEntity], assignment: Mapping[tuple[str, str], str]) -> tuple[Suggestion, ...]:
    """Whose full name a bare surname or given name may be: people of that name with the same company, best first; or
    the organisation of just that name, which one document took for a person.

    Not part of ``resolve_corpus``, which works name by name: this looks across all names, on demand.
    """
    bare: list[tuple[str, LocalEntity]] = []
    bearers: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))  # name part -> id -> company
    for local in locals:
        id = assignment.get((local.document, local.entity.id), "")
        if local.entity.type == "ORG" and id:
            bearers[name_key(local.entity.name, "ORG")][id] |= local.context
        if local.entity.type != "PERSON" or not id:
            continue
        words = name_key(local.entity.name, "PERSON").split()
        if is_bare(local.entity.name, "PERSON"):
            bare.append((id, local))
            continue
        for word in {words[0], words[-1]}:
            bearers[word][id] |= local.context
    found = []
    for id, local in bare:
        known = bearers.get(name_key(local.entity.name, "PERSON"), {})
        ranked = sorted((-weigh_shared(local, company), other) for other, company in known.items() if other != id)
        if not ranked or ranked[0][0] == 0 or (len(ranked) > 1 and ranked[1][0] * 2 < ranked[0][0]):
            continue
        weight, other = -ranked[0][0], ranked[0][1]
        shared = sorted(local.context & known[other], key=lambda key: (-context_weight(key), key))[:3]
        company = ", ".join(key.partition(":")[2] for key in shared)
        reason = f"{local.entity.name} in document {local.document} appears with {company}"
        found.append(Suggestion("merge", id, other, min(0.9, 0.3 + 0.1 * weight), reason, (local.document,)))
    return tuple(sorted(found, key=lambda s: (-s.score, s.a, s.b)))


def weigh_shared(local: LocalEntity, company: set[str]) -> float:
    return sum(map(context_weight, local.context & company))
