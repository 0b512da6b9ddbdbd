"""Gathers the entities of many documents into clusters: one name, defined acronym, safe misspelling, homonyms apart."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from kg.names import load_kinds, strip_genitive
from kg.records import TYPES
from kg.resolve.homonyms import Part, split_homonyms
from kg.resolve.keys import BARE, LocalEntity, context_weight, head_key, initials_key, read_claim, sound_key
from kg.resolve.suggest import Suggestion

CONTEXT_KEYS = 40  # weightiest context keys of one document's entity that are kept; bounds memory
MINORITY = 0.34  # share of a name's documents up to which their type is taken for the recogniser's slip
SLIP_SUPPORT = 3  # documents that must spell a name usually before another spelling is taken for a slip of it
SLIP_SHARE = 0.2  # and at most this share of them may spell it the other way


@dataclass(slots=True)
class Item:
    """A document's entity while it is being resolved."""

    document: str
    id: str
    name: str
    type: str
    key: str
    mentions: int
    claims: tuple[tuple[str, str], ...]  # (key, why)
    context: tuple[str, ...]  # weighty keys only; of people with a full name only
    names: tuple[str, ...]  # other names, for corrections
    reason: str = ""
    odd: bool = False  # a misspelling or a genitive taken for a name: never the name to show

    def retype(self, type: str) -> None:
        """Another type, by an analyst's word; the key follows."""
        self.type, self.key = type, head_key(self.name, type)

    @classmethod
    def of(cls, local: LocalEntity) -> Item:
        name, type = local.entity.name, local.entity.type
        key = head_key(name, type)
        others = tuple(other for other, _ in local.names if other != name)
        claims = tuple(claim for other in others if (claim := read_claim(name, type, other))[0])
        if short := initials_key(name, type):
            claims += ((short, "initials"),)
        context: tuple[str, ...] = ()
        if type == "PERSON" and not key.startswith(BARE):
            weighty = (k for k in local.context if context_weight(k))
            context = tuple(sorted(weighty, key=lambda k: (-context_weight(k), k))[:CONTEXT_KEYS])
        mentions = sum(n for _, n in local.names) or 1
        return cls(local.document, local.entity.id, name, type, key, mentions, claims, context, others)


@dataclass(slots=True)
class Cluster:
    """One entity of the graph in the making; ``items`` by document and id. ``name``, ``type``: an analyst's word."""

    items: list[Item]
    bare: bool = False
    name: str = ""
    type: str = ""


@dataclass(slots=True)
class Keys:
    """Union of keys that name the same thing. ``why``: of a key that was joined to another, in words."""

    parent: dict[str, str] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)
    odd: set[str] = field(default_factory=set)

    def find(self, key: str) -> str:
        while (up := self.parent.get(key, key)) != key:
            self.parent[key] = self.parent.get(up, up)
            key = up
        return key

    def join(self, key: str, to: str, why: str, *, odd: bool = False) -> None:
        a, b = self.find(key), self.find(to)
        if a != b:
            self.parent[a] = b
            self.why[key] = why
            self.odd.update((key,) if odd else ())


def gather(items: Sequence[Item]) -> tuple[list[Cluster], list[Suggestion]]:
    """Clusters of ``items`` (given by document and id), and what was not dared."""
    by_key: dict[str, list[Item]] = defaultdict(list)
    clusters: list[Cluster] = []
    for item in items:
        if item.key.startswith(BARE):
            item.reason = "one name only: kept to its document"
            clusters.append(Cluster([item], bare=True))
        else:
            by_key[item.key].append(item)
    keys = Keys()
    hints: list[Suggestion] = []
    join_claims(by_key, keys, hints)
    join_genitives(by_key, keys)
    join_slips(by_key, keys, hints)
    groups: dict[str, list[Item]] = defaultdict(list)
    for key in sorted(by_key):
        groups[keys.find(key)] += by_key[key]
    for root in sorted(groups):
        for group in split_types(groups[root]):
            clusters += split_group(group, root, keys, hints)
    return clusters, hints


def join_claims(by_key: dict[str, list[Item]], keys: Keys, hints: list[Suggestion]) -> None:
    """Acronyms and other forms to the name that some document gives with them, where no document says otherwise."""
    claimed: dict[str, dict[str, tuple[str, Item]]] = defaultdict(dict)
    for key in sorted(by_key):
        for item in by_key[key]:
            for other, why in item.claims:
                claimed[other].setdefault(key, (why, item))
    again = True
    while again:
        again = False
        for other in sorted(claimed, key=lambda k: (-len(k), k)):
            heads = claimed[other]
            if len({keys.find(head) for head in heads}) > 1 or is_contradicted(other, heads, by_key):
                continue
            head = min(heads, key=lambda h: (-len(by_key[h]), h))
            if keys.find(other) != keys.find(head):
                why, item = heads[head]
                keys.join(other, head, f"{why} of {item.name}, as document {item.document} says")
                again = True
    for other, heads in claimed.items():
        if len({keys.find(head) for head in heads}) > 1 and other in by_key:
            hints += [Suggestion.of_claim(by_key[other][0], item, why) for why, item in heads.values()]


def is_contradicted(other: str, heads: Iterable[str], by_key: dict[str, list[Item]]) -> bool:
    """Whether one document names both as two entities."""
    apart = {item.document for item in by_key.get(other, ())}
    return any(item.document in apart for head in heads for item in by_key[head]) if apart else False


def join_genitives(by_key: dict[str, list[Item]], keys: Keys) -> None:
    """ "Telenors" to Telenor where the corpus knows Telenor: what one document alone could not tell."""
    for key in sorted(by_key):
        if key.endswith("s") and key[:-1] in by_key and keys.find(key) == key:
            item = by_key[key][0]
            if strip_genitive(item.name, type=item.type, known={key[:-1]}) == item.name[:-1]:
                keys.join(
                    key, key[:-1], f"genitive of {by_key[key[:-1]][0].name}, which other documents name", odd=True
                )


def join_slips(by_key: dict[str, list[Item]], keys: Keys, hints: list[Suggestion]) -> None:
    """A rare spelling to the usual one it sounds like, when the two also share their company; else a suggestion."""
    sounds: dict[str, list[str]] = defaultdict(list)
    for key in sorted(by_key):
        if len(key) >= 8:
            sounds[sound_key(key)].append(key)
    for alike in sounds.values():
        usual, *others = sorted(alike, key=lambda k: (-len(by_key[k]), k))
        for key in others:
            if keys.find(key) == keys.find(usual):
                continue
            pair = Suggestion.of_slip(by_key[key], by_key[usual])
            if pair is None:
                continue
            few = len(by_key[key]) <= SLIP_SHARE * len(by_key[usual]) and len(by_key[usual]) >= SLIP_SUPPORT
            if few and pair.shared and keys.find(key) == key:
                why = f"another spelling of {by_key[usual][0].name}; both with {pair.shared}"
                keys.join(key, usual, why, odd=True)
            else:
                hints.append(pair)


def split_types(group: Sequence[Item]) -> list[list[Item]]:
    """A name's items, in one list where its type is settled by the most, in several where it may be two things."""
    counts = Counter(item.type for item in group)
    if len(counts) == 1:
        return [list(group)]
    main = max(counts, key=lambda t: (counts[t], -TYPES.index(t)))
    found: dict[str, list[Item]] = defaultdict(list)
    for item in group:
        often = counts[item.type] > MINORITY * len(group) and counts[item.type] > 1
        apart = often and {item.type, main} == {"ORG", "PLACE"} and " " not in item.key
        known = {item.type, main} == {"ORG", "PLACE"} and item.key in load_kinds() and counts[item.type] > 1
        found[item.type if apart or known else main].append(item)
    return [found[t] for t in TYPES if t in found]


def split_group(group: list[Item], root: str, keys: Keys, hints: list[Suggestion]) -> list[Cluster]:
    """Clusters of the items of one name: one, unless they are people whose contexts share nothing."""
    group.sort(key=lambda item: (item.document, item.id))
    for item in group:
        item.reason = keys.why.get(item.key, "same full name" if item.type == "PERSON" else "same name")
        item.odd = item.key in keys.odd
    people = sum(item.type == "PERSON" for item in group)
    if len(group) == 1 or 2 * people <= len(group):
        return [Cluster(group)]
    parts, apart = split_homonyms(root, [item.context for item in group])
    if not apart:
        if len(parts) > 1:
            hints += Suggestion.of_parts(group, parts)
        return [Cluster(group)]
    return [make_part(group, part, number) for number, part in enumerate(parts)]


def make_part(group: Sequence[Item], part: Part, number: int) -> Cluster:
    items = [group[place] for place in part.places]
    shared = ", ".join(key.partition(":")[2] for key in part.keys[:3])
    for item in items:
        item.reason += f"; kept from others of that name by its company: {shared}" if number or shared else ""
    return Cluster(items)
