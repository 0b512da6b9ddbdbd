"""The analyst's word: corrections as facts, and what they make of the clusters.

A correction points at names or at mentions, never at ids or clusters, which later documents may change. The graph is
a function of the documents and of the corrections in their order, so a chain of merges loses nothing, undoing one is
leaving it out, and a rebuild cannot forget any.

| kind | payload | meaning |
|---|---|---|
| merge | a, b, name? | what ``a`` and ``b`` point at is one entity |
| distinct | a, b | they are two, whatever the rules say |
| split | of, name? | what ``of`` points at is an entity of its own |
| rename | of, name | its name |
| retype | of, type | its type |
| drop | of | no entity at all |

``a``, ``b`` and ``of`` are anchors: ``{"name": "Sam Altman", "type": "PERSON"}`` points at every document's entity of
that name; with ``"documents": [id, ...]`` at those documents' only; with ``"mentions": [[id, start, end], ...]`` at
single mentions, which ``correct_record`` first makes entities of their own within the document. Several anchors
stand in a list. A name anchor finds the entities that a document calls mainly by that name.
"""

from __future__ import annotations

import functools
import json
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kg.errors import UsageError
from kg.names import plain_key, slug
from kg.records import TYPES, Link, Mention, Record
from kg.resolve.cluster import Cluster, Item
from kg.resolve.keys import LocalEntity, local_keys

CARVED = re.compile(r"@(\d+)-(\d+)$")  # ends the id of an entity carved out of a document by its mention
KINDS = {
    "merge": ("a", "b"),
    "distinct": ("a", "b"),
    "split": ("of",),
    "rename": ("of",),
    "retype": ("of",),
    "drop": ("of",),
}
"""Each kind with the parts of its payload that hold anchors."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """What a correction points at; either ``name`` or ``mentions`` is given."""

    name: str = ""
    type: str = ""  # "": any
    documents: frozenset[str] = frozenset()  # empty: every document
    mentions: tuple[tuple[str, int, int], ...] = ()  # (document id, start, end)

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Anchor:
        """Raises UsageError where the anchor points at nothing."""
        try:
            mentions = tuple((str(d), int(start), int(end)) for d, start, end in data.get("mentions", ()))
        except (TypeError, ValueError) as error:
            raise UsageError("a mention of a correction is written [document id, start, end]") from error
        anchor = cls(data.get("name", ""), data.get("type", ""), frozenset(data.get("documents", ())), mentions)
        if not (anchor.name or anchor.mentions):
            raise UsageError("an anchor of a correction needs a name or mentions")
        if anchor.type and anchor.type not in TYPES:
            raise UsageError(f"no entity type '{anchor.type}'; the types are {', '.join(TYPES)}")
        return anchor

    def write(self) -> dict[str, Any]:
        data: dict[str, Any] = {"name": self.name} if self.name else {}
        if self.type:
            data["type"] = self.type
        if self.documents:
            data["documents"] = sorted(self.documents)
        if self.mentions:
            data["mentions"] = [list(mention) for mention in sorted(self.mentions)]
        return data


@dataclass(frozen=True, slots=True)
class Correction:
    """One word of the analyst. ``number``: its place in the list, by which it is undone and reported."""

    kind: str
    payload: Mapping[str, Any]
    number: int = 0

    def anchors(self) -> dict[str, tuple[Anchor, ...]]:
        """Anchors by part of the payload. Raises UsageError where the correction cannot be understood."""
        if self.kind not in KINDS:
            raise UsageError(f"no correction '{self.kind}'; there are {', '.join(KINDS)}")
        if self.kind == "rename" and not str(self.payload.get("name", "")).strip():
            raise UsageError("the correction 'rename' needs a 'name'")
        if self.kind == "retype" and self.payload.get("type") not in TYPES:
            raise UsageError(f"the correction 'retype' needs a 'type': one of {', '.join(TYPES)}")
        found: dict[str, tuple[Anchor, ...]] = {}
        for part in KINDS[self.kind]:
            given = self.payload.get(part)
            listed = [given] if isinstance(given, Mapping) else given
            if not isinstance(listed, Sequence) or isinstance(listed, str) or not listed:
                raise UsageError(f"the correction '{self.kind}' needs '{part}'")
            found[part] = tuple(map(Anchor.read, listed))
        return found


class CorrectionIndex:
    """Finds the corrections that point at a document's entity. A correction that cannot be read points at nothing."""

    def __init__(self, corrections: Iterable[Correction]) -> None:
        self.corrections = tuple(corrections)
        self.by_name: dict[str, list[tuple[int, str, Anchor]]] = defaultdict(list)
        self.by_mention: dict[tuple[str, int], list[tuple[int, str]]] = defaultdict(list)
        self.unread: dict[int, str] = {}
        for place, correction in enumerate(self.corrections):
            try:
                parts = correction.anchors()
            except UsageError as error:
                self.unread[place] = str(error)
                continue
            for part, anchor in ((name, anchor) for name, anchors in parts.items() for anchor in anchors):
                for document, start, _ in anchor.mentions:
                    self.by_mention[document, start].append((place, part))
                if not anchor.mentions:
                    self.by_name[plain_key(anchor.name)].append((place, part, anchor))

    def find(self, document: str, id: str, *, name: str, type: str) -> list[tuple[int, str]]:
        """(place of the correction, part of its payload) of each that points at this entity."""
        carved = CARVED.search(id)
        if carved:
            return list(self.by_mention.get((document, int(carved[1])), ()))
        return [
            (place, part)
            for place, part, anchor in self.by_name.get(cached_key(name), ())
            if (not anchor.documents or document in anchor.documents) and anchor.type in ("", type)
        ]

    def keys(self, local: LocalEntity) -> frozenset[str]:
        """Keys that hang ``local`` together with all else that its corrections point at, its new name and new type."""
        entity = local.entity
        keys: set[str] = set()
        for place, _ in self.find(local.document, entity.id, name=entity.name, type=entity.type):
            keys.add(f"correction {place}")
            if name := self.corrections[place].payload.get("name"):
                keys.add("id " + slug(str(name)))
            if self.corrections[place].kind == "retype":
                keys |= local_keys(replace(local, entity=replace(entity, type=self.corrections[place].payload["type"])))
        return frozenset(keys)


cached_key = functools.lru_cache(maxsize=5_000)(plain_key)


def make_anchors(members: Sequence[LocalEntity], namesakes: Iterable[LocalEntity] = ()) -> list[Anchor]:
    """Anchors for an entity of the graph: its names where only it has them, else its documents, or carved mentions.

    ``members``: the documents' entities that it is made of. ``namesakes``: any others of one of its names.
    """
    mine = {(local.document, local.entity.id) for local in members}
    taken = {cached_key(o.entity.name) for o in namesakes if (o.document, o.entity.id) not in mine}
    documents: dict[tuple[str, str], set[str]] = defaultdict(set)
    shown: dict[tuple[str, str], str] = {}
    mentions: list[tuple[str, int, int]] = []
    for local in sorted(members, key=lambda m: (m.document, m.entity.id)):
        if carved := CARVED.search(local.entity.id):
            mentions.append((local.document, int(carved[1]), int(carved[2])))
            continue
        key = (cached_key(local.entity.name), local.entity.type)
        shown.setdefault(key, local.entity.name)
        documents[key].add(local.document)
    anchors = [
        Anchor(shown[key], key[1], frozenset(documents[key]) if key[0] in taken else frozenset())
        for key in sorted(documents)
    ]
    return [*anchors, Anchor(mentions=tuple(mentions))] if mentions else anchors


def retype_items(items: Sequence[Item], index: CorrectionIndex) -> dict[int, dict[str, list[Item]]]:
    """What each correction points at, by part; items that a "retype" points at have their new type and key."""
    found: dict[int, dict[str, list[Item]]] = defaultdict(lambda: defaultdict(list))
    if not index.corrections:
        return found
    for item in items:
        for place, part in index.find(item.document, item.id, name=item.name, type=item.type):
            found[place][part].append(item)
    for place in sorted(found):
        correction = index.corrections[place]
        if correction.kind == "retype":
            for item in found[place]["of"]:
                item.retype(correction.payload["type"])
    return found


def apply_corrections(
    clusters: Sequence[Cluster], index: CorrectionIndex, found: Mapping[int, Mapping[str, list[Item]]]
) -> tuple[list[Cluster], list[tuple[int, str]]]:
    """``clusters`` after the corrections in their order, and (number, why) of those that changed nothing."""
    if not index.corrections:
        return list(clusters), []
    board = Board(clusters)
    unmatched: list[tuple[int, str]] = []
    for place, correction in enumerate(index.corrections):
        parts = found.get(place, {})
        missing = [part for part in KINDS.get(correction.kind, ()) if not parts.get(part)]
        if place in index.unread:
            unmatched.append((correction.number, index.unread[place]))
        elif missing:
            unmatched.append((correction.number, f"nothing in the documents matches '{missing[0]}' of this correction"))
        else:
            board.apply(correction, parts)
    return board.clusters(), unmatched


class Board:
    """Clusters while corrections move items between them."""

    def __init__(self, clusters: Sequence[Cluster]) -> None:
        self.all = list(clusters)
        self.of = {id(item): cluster for cluster in clusters for item in cluster.items}

    def clusters(self) -> list[Cluster]:
        return [cluster for cluster in self.all if cluster.items]

    def touched(self, items: Iterable[Item]) -> list[Cluster]:
        return list({id(c): c for item in items if (c := self.of.get(id(item))) is not None}.values())

    def apply(self, correction: Correction, parts: Mapping[str, list[Item]]) -> None:
        why, payload = f"correction {correction.number}", correction.payload
        if correction.kind == "merge":
            self.join([*parts["a"], *parts["b"]], why, str(payload.get("name", "")))
        elif correction.kind == "distinct":
            self.part(parts["a"], parts["b"], why)
        elif correction.kind == "split":
            self.carve(parts["of"], why, str(payload.get("name", "")))
        elif correction.kind == "drop":
            self.carve(parts["of"], why, "").items.clear()
        else:
            for cluster in self.touched(parts["of"]):
                setattr(cluster, "name" if correction.kind == "rename" else "type", str(payload[correction.kind[2:]]))

    def join(self, items: Iterable[Item], why: str, name: str) -> None:
        """All clusters that these items are in become the first of them, whole: nothing that was merged is lost."""
        first, *others = self.touched(items)
        for other in others:
            for item in other.items:
                item.reason = f"merged by {why}; before: {item.reason}"
                self.of[id(item)] = first
            first.items = sorted([*first.items, *other.items], key=lambda item: (item.document, item.id))
            first.bare = first.bare and other.bare
            first.name, first.type = first.name or other.name, first.type or other.type
            other.items = []
        first.name = name or first.name

    def carve(self, items: Iterable[Item], why: str, name: str) -> Cluster:
        """A new cluster of just these items."""
        gone = {id(item) for item in items if id(item) in self.of}
        moved: list[Item] = []
        types: set[str] = set()
        bare = True
        for cluster in {id(self.of[key]): self.of[key] for key in gone}.values():
            moved += [item for item in cluster.items if id(item) in gone]
            cluster.items = [item for item in cluster.items if id(item) not in gone]
            types.add(cluster.type)
            bare = bare and cluster.bare
        moved.sort(key=lambda item: (item.document, item.id))
        new = Cluster(moved, bare=bare, name=name, type=types.pop() if len(types) == 1 else "")
        for item in moved:
            item.reason = f"set apart by {why}; before: {item.reason}"
            self.of[id(item)] = new
        self.all.append(new)
        return new

    def part(self, a: Sequence[Item], b: Sequence[Item], why: str) -> None:
        """In each cluster that holds some of both, those of ``b`` leave; what neither points at stays with ``a``."""
        held = {id(cluster) for cluster in self.touched(a)}
        mine = {id(item) for item in a}
        for cluster in self.touched(b):
            if id(cluster) in held:
                leaving = [item for item in b if self.of.get(id(item)) is cluster and id(item) not in mine]
                if leaving:
                    self.carve(leaving, why, "")


def correct_record(record: Record, corrections: Sequence[Correction]) -> Record:
    """``record`` with every mention that a correction points at carved out into an entity of its own.

    The mentions of one correction that were one entity stay one. Links follow where all of the entity's mentions in
    their sentence were carved out. A record that nothing points at is returned as it is.
    """
    groups = carve_mentions(record, corrections)
    if not groups:
        return record
    mentions = list(record.mentions)
    entities = {entity.id: entity for entity in record.entities}
    links = list(record.links)
    for places in groups:
        first = mentions[places[0]]
        old = entities[first.entity]
        new = replace(old, id=f"{old.id}@{first.start}-{first.end}", name=first.name or first.text)
        entities[new.id] = new
        for place in places:
            mentions[place] = replace(mentions[place], entity=new.id, rule="set apart by a correction")
        links = [move_link(link, old.id, new.id, mentions) for link in links]
    used = {mention.entity for mention in mentions}
    kept = tuple(entity for entity in entities.values() if entity.id in used)
    return replace(record, mentions=tuple(mentions), entities=kept, links=tuple(dict.fromkeys(links)))


def carve_mentions(record: Record, corrections: Sequence[Correction]) -> list[list[int]]:
    """Places of the mentions to carve out, together where one correction and one entity hold them together."""
    at = {(m.start, m.end): place for place, m in enumerate(record.mentions)}
    taken: set[int] = set()
    groups: list[list[int]] = []
    for correction in corrections:
        try:
            anchors = [anchor for part in correction.anchors().values() for anchor in part]
        except UsageError:
            continue
        for anchor in anchors:
            here = sorted({at[s, e] for d, s, e in anchor.mentions if d == record.document.id and (s, e) in at} - taken)
            taken.update(here)
            by_entity: dict[str, list[int]] = defaultdict(list)
            for place in here:
                by_entity[record.mentions[place].entity].append(place)
            groups += by_entity.values()
    return groups


def move_link(link: Link, old: str, new: str, mentions: Sequence[Mention]) -> Link:
    inside = {m.entity for m in mentions if link.start <= m.start < link.end}
    if old in inside or new not in inside:
        return link
    head, tail, speaker = (new if entity == old else entity for entity in (link.head, link.tail, link.speaker))
    return replace(link, head=head, tail=tail, speaker=speaker)


def write_corrections(corrections: Iterable[Correction]) -> str:
    """The corrections as one TOML file, in their order, that ``read_corrections`` gives back."""
    lines = [
        "# Corrections of a kg store, in the order in which they apply. Read them in with: kg corrections import",
        "",
    ]
    for correction in corrections:
        lines += ["[[correction]]", f"kind = {toml_value(correction.kind)}"]
        lines += [f"{key} = {toml_value(value)}" for key, value in correction.payload.items()]
        lines.append("")
    return "\n".join(lines)


def toml_value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {toml_value(item)}" for key, item in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    if isinstance(value, (bool, int, float)):
        return json.dumps(value)
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007F")


def read_corrections(text: str) -> list[Correction]:
    """Corrections of a file written by ``write_corrections`` or by hand, numbered from 1. Raises UsageError."""
    try:
        rows = tomllib.loads(text).get("correction", [])
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"the file of corrections is not TOML: {error}") from error
    found = []
    for number, row in enumerate(rows, 1):
        payload = {key: value for key, value in row.items() if key != "kind"}
        correction = Correction(str(row.get("kind", "")), payload, number)
        try:
            correction.anchors()
        except UsageError as error:
            raise UsageError(f"correction {number} of the file: {error}") from error
        found.append(correction)
    return found
