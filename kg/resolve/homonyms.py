"""Two people of one name: documents about them share nothing else.

Documents that name one person are joined by what else they name: one weighty thing (another person, a company, a small
place) or several light ones. Where that leaves groups apart, they stay apart as candidates only if each has context
enough to be told apart and the name is common enough for two bearers; otherwise one full name is one person.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from kg.names import load_words
from kg.resolve.keys import context_weight

ENOUGH = {2: (3.0, 1), 1: (6.0, 2), 0: (12.0, 3)}
"""(weight of context, documents) that each side must have before a name is given to two people, by how many of its
first and last names are common, one less for each middle name; see ``benchmarks/resolve_scale.py``."""
LIGHT = 8  # light keys of a document that are combined with each other; bounds the work of long lists


@dataclass(frozen=True, slots=True)
class Part:
    """Documents (by place in the group) that one bearer of a name is in, and the context that they have together."""

    places: tuple[int, ...]
    weight: float
    keys: tuple[str, ...]  # the weightiest, for show


def split_homonyms(name: str, contexts: Sequence[Sequence[str]]) -> tuple[list[Part], bool]:
    """Parts of a group of documents that give one full name, the largest first, and whether to keep them apart.

    ``contexts``: of each document, the keys of what else it names. Parts with too little context are in the largest.
    """
    parts = [make_part(places, contexts) for places in connect(contexts)]
    parts.sort(key=lambda part: (-len(part.places), -part.weight, part.places))
    if len(parts) == 1:
        return parts, False
    weight, documents = ENOUGH[count_common(name)]
    solid = [part for part in parts if part.weight >= weight and len(part.places) >= documents]
    if len(solid) < 2:
        return parts, False
    kept = set().union(*(part.places for part in solid))
    rest = [place for place in range(len(contexts)) if place not in kept]
    solid[0] = make_part(tuple(sorted([*solid[0].places, *rest])), contexts)
    return solid, True


def count_common(key: str) -> int:
    """How many of a person's first and last name are common ones, less the number of middle names: 0 to 2."""
    words = key.split()
    common = (words[0] in load_words("given_names")) + (words[-1] in load_words("surnames"))
    return max(0, common - len(words) + 2)


def make_part(places: Sequence[int], contexts: Sequence[Sequence[str]]) -> Part:
    keys = Counter(key for place in places for key in contexts[place])
    ranked = sorted(keys, key=lambda key: (-context_weight(key), -keys[key], key))
    return Part(tuple(places), sum(map(context_weight, keys)), tuple(ranked[:5]))


def connect(contexts: Sequence[Sequence[str]]) -> list[tuple[int, ...]]:
    """Places joined by a shared weighty key, two half-weighty ones (surnames) or three light ones (Oslo, EU, NRK)."""
    parent = list(range(len(contexts)))

    def find(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first: dict[object, int] = {}
    for place, keys in enumerate(contexts):
        weights = [(key, context_weight(key)) for key in keys]
        strong: list[object] = [key for key, weight in weights if weight >= 1]
        half = sorted(key for key, weight in weights if 0.5 <= weight < 1)[:LIGHT]
        light = sorted(key for key, weight in weights if 0 < weight < 0.5)[:LIGHT]
        for key in [*strong, *itertools.combinations(half, 2), *itertools.combinations(light, 3)]:
            a, b = find(first.setdefault(key, place)), find(place)
            parent[max(a, b)] = min(a, b)
    groups: dict[int, list[int]] = defaultdict(list)
    for place in range(len(contexts)):
        groups[find(place)].append(place)
    return [tuple(places) for places in groups.values()]
