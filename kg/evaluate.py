"""Measures what kg makes of hand-annotated text: names, who is who, the graph, the relations.

A gold file is JSON lines (``.jsonl``, also ``.xz`` or ``.gz``), one text a line, of either kind:

- who is who: ``{"id", "text", "sentences": [[start, end]], "mentions": [{"start", "end", "label", "cluster"}]}``, where
  mentions of one cluster are one entity of that text. A mention's ``"entity"``, where given, names it across all texts,
  and ``"relations": [[cluster, relation, cluster, words]]`` may be there too.
- relations: ``{"id", "text", "entities": [{"start", "end", "type"}], "relations": [[head, relation, tail, words]]}``
  with numbers of entities as head and tail.

Offsets are characters, end exclusive; a line may have ``"title"``, ``"date"``, ``"lang"``. B³ is that of Bagga and
Baldwin (1998), over the gold mentions; a mention that kg does not see is alone.
"""

from __future__ import annotations

import gzip
import itertools
import json
import lzma
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from kg.errors import UsageError
from kg.records import RELATIONS, SYMMETRIC, TYPES, Document, Mention, Record
from kg.resolve import LocalEntity, resolve_corpus
from kg.text import document_id, fold

SCORED = ("PERSON", "ORG", "PLACE")
"""Types that the gold files annotate."""

Reader = Callable[[Sequence[Document]], Iterable[Record]]
"""Gives the record of each document, in their order."""


@dataclass(slots=True)
class Score:
    """Counts of what is right, what is too much and what is missing, and the shares they make (0 to 1)."""

    tp: int = 0
    fp: int = 0
    fn: int = 0

    @property
    def precision(self) -> float:
        return self.tp / max(self.tp + self.fp, 1)

    @property
    def recall(self) -> float:
        return self.tp / max(self.tp + self.fn, 1)

    @property
    def f(self) -> float:
        return 2 * self.tp / max(2 * self.tp + self.fp + self.fn, 1)

    def add(self, gold: bool, mine: bool) -> None:
        self.tp += gold and mine
        self.fp += mine and not gold
        self.fn += gold and not mine

    def add_sets(self, gold: set[Any], mine: set[Any]) -> None:
        self.tp += len(gold & mine)
        self.fp += len(mine - gold)
        self.fn += len(gold - mine)


@dataclass(slots=True)
class Mean:
    """A mean over mentions."""

    total: float = 0.0
    count: int = 0

    def add(self, value: float) -> None:
        self.total += value
        self.count += 1

    @property
    def value(self) -> float:
        return self.total / max(self.count, 1)


@dataclass(slots=True)
class Evaluation:
    """All figures of one gold file; a Score nothing was counted for is one the file has no annotation for."""

    documents: int = 0
    names: Score = field(default_factory=Score)  # exact span and type
    pairs: Score = field(default_factory=Score)  # two mentions of a text, one entity
    pairs_spelt: Score = field(default_factory=Score)  # those of them that are spelt differently
    pairs_across: Score = field(default_factory=Score)  # two mentions of different texts, where "entity" is given
    b3_precision: Mean = field(default_factory=Mean)
    b3_recall: Mean = field(default_factory=Mean)
    merged: int = 0  # entities of kg that hold mentions of several gold ones
    entities: int = 0  # entities of kg that hold any gold mention
    nodes: Score = field(default_factory=Score)
    edges: Score = field(default_factory=Score)  # two entities in one sentence
    relations: Score = field(default_factory=Score)  # head, relation and tail
    by_relation: dict[str, Score] = field(default_factory=lambda: defaultdict(Score))

    @property
    def b3_f(self) -> float:
        p, r = self.b3_precision.value, self.b3_recall.value
        return 2 * p * r / max(p + r, 1e-9)

    @property
    def false_merge_rate(self) -> float:
        """Share of kg's entities that hold mentions of more than one gold entity, 0 to 1."""
        return self.merged / max(self.entities, 1)


def evaluate(path: Path | str, read: Reader, *, part: str | None = None) -> Evaluation:
    """Score what ``read`` makes of the texts of a gold file. ``part``: only lines whose "part" it is.

    Raises UsageError where the file is not in a format that this module's heading describes.
    """
    rows = [row for row in read_gold(Path(path)) if part is None or row.get("part") == part]
    documents = [read_document(row) for row in rows]
    records = list(read(documents))
    if [record.document.id for record in records] != [document.id for document in documents]:
        raise UsageError("the records are not those of the gold file's texts, in their order")
    result = Evaluation(documents=len(rows))
    for row, record in zip(rows, records, strict=True):
        if "mentions" in row:
            score_entities(row, record, result)
        if "relations" in row:
            score_relations(row, record, result)
    score_across(rows, records, result)
    return result


def read_gold(path: Path) -> Iterator[dict[str, Any]]:
    """Lines of a gold file, checked. Raises UsageError with the number of the line."""
    try:
        with open_text(path) as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield check_row(line, f"{path.name}, line {number}")
    except (OSError, lzma.LZMAError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the gold file {path}: {error}") from error


def open_text(path: Path) -> IO[str]:
    if path.suffix == ".xz":
        return lzma.open(path, "rt", encoding="utf-8")
    return gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")


def check_row(line: str, where: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
        size = len(row["text"])
        spans = row["mentions"] if "mentions" in row else row["entities"]
        ends = [(int(span["start"]), int(span["end"])) for span in spans]
        known = [relation for _, relation, _, *_ in row.get("relations", ())]
        if not all(0 <= start < end <= size for start, end in ends):
            raise ValueError("a span lies outside the text")
        if "mentions" in row:
            labels = [(span["label"], span["cluster"]) for span in spans]
            if any(label not in TYPES for label, _ in labels):
                raise ValueError(f"a label is not one of {', '.join(TYPES)}")
        if unknown := set(known) - set(RELATIONS) - {"other"}:
            raise ValueError(f"no relation '{min(unknown)}'")
    except (ValueError, KeyError, TypeError) as error:
        reason = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise UsageError(f"{where}: not a line of a gold file: {reason}") from error
    return dict(row)


def read_document(row: Mapping[str, Any]) -> Document:
    text = row["text"]
    source, lang = str(row.get("id", "")), row.get("lang", "nb")
    return Document(document_id(text), source, text, row.get("title"), row.get("date"), lang)


def find_entity(mentions: Iterable[Mention], span: Mapping[str, Any]) -> str | None:
    """The entity whose mention overlaps a gold span most; of equals, a whole name before one in a compound."""
    found = [
        (min(span["end"], m.end) - max(span["start"], m.start), not m.derived, m.entity)
        for m in mentions
        if m.start < span["end"] and m.end > span["start"]
    ]
    return max(found)[2] if found else None


def score_entities(row: Mapping[str, Any], record: Record, result: Evaluation) -> None:
    """Names, same-entity pairs, B³, merges, nodes and edges of one text."""
    mine = [m for m in record.mentions if m.type in SCORED and not m.derived]
    gold = [span for span in row["mentions"] if span["label"] in SCORED]
    result.names.add_sets(
        {(span["start"], span["end"], span["label"]) for span in gold}, {(m.start, m.end, m.type) for m in mine}
    )
    found = [find_entity(mine, span) for span in gold]
    texts = [row["text"][span["start"] : span["end"]].casefold() for span in gold]
    for (a, x, s), (b, y, t) in itertools.combinations(zip(gold, found, texts, strict=True), 2):
        same_gold, same_mine = a["cluster"] == b["cluster"], x is not None and x == y
        result.pairs.add(same_gold, same_mine)
        if s != t:
            result.pairs_spelt.add(same_gold, same_mine)
    score_b3([span["cluster"] for span in gold], found, result)
    score_graph(gold, found, mine, bounds=row.get("sentences") or record.sentences, result=result)


def score_b3(gold: Sequence[object], found: Sequence[str | None], result: Evaluation) -> None:
    """B³ of one text, and how many of kg's entities hold several gold ones."""
    mine: list[object] = [place if entity is None else entity for place, entity in enumerate(found)]
    both, of_gold, of_mine = Counter(zip(gold, mine, strict=True)), Counter(gold), Counter(mine)
    for pair in zip(gold, mine, strict=True):
        result.b3_precision.add(both[pair] / of_mine[pair[1]])
        result.b3_recall.add(both[pair] / of_gold[pair[0]])
    held: dict[str, set[object]] = defaultdict(set)
    for cluster, entity in zip(gold, found, strict=True):
        if entity is not None:
            held[entity].add(cluster)
    result.entities += len(held)
    result.merged += sum(len(clusters) > 1 for clusters in held.values())


def score_graph(
    gold: Sequence[Mapping[str, Any]],
    found: Sequence[str | None],
    mine: Sequence[Mention],
    *,
    bounds: Sequence[Sequence[int]],
    result: Evaluation,
) -> None:
    """Nodes and edges of one text: a gold entity is found when its mentions meet an entity of its type."""
    matched = match_entities(gold, found, {m.entity: m.type for m in reversed(mine)})
    clusters = {span["cluster"] for span in gold}
    result.nodes.tp += len(matched)
    result.nodes.fn += len(clusters) - len(matched)
    result.nodes.fp += len({m.entity for m in mine}) - len(matched)
    wanted = {
        frozenset(matched.get(cluster, ("missed", cluster)) for cluster in pair)
        for pair in pair_up(((span["cluster"], span["start"]) for span in gold), bounds)
    }
    result.edges.add_sets(wanted, set(pair_up(((m.entity, m.start) for m in mine), bounds)))


def match_entities(
    gold: Sequence[Mapping[str, Any]], found: Sequence[str | None], types: Mapping[str, str]
) -> dict[object, str]:
    """Gold cluster -> the entity of its type that most of its mentions met, each entity once, largest cluster first."""
    votes: dict[object, Counter[str]] = defaultdict(Counter)
    labels: dict[object, Counter[str]] = defaultdict(Counter)
    for span, entity in zip(gold, found, strict=True):
        labels[span["cluster"]][span["label"]] += 1
        if entity is not None:
            votes[span["cluster"]][entity] += 1
    matched: dict[object, str] = {}
    for cluster in sorted(votes, key=lambda c: -votes[c].total()):
        label = labels[cluster].most_common(1)[0][0]
        free = (e for e, _ in votes[cluster].most_common() if types[e] == label and e not in matched.values())
        if entity := next(free, None):
            matched[cluster] = entity
    return matched


def pair_up(places: Iterable[tuple[Any, int]], bounds: Sequence[Sequence[int]]) -> set[frozenset[Any]]:
    """Pairs of keys that stand in one sentence; ``places``: (key, offset)."""
    by_sentence: dict[int, set[Any]] = defaultdict(set)
    for key, at in places:
        number = next((n for n, (start, end) in enumerate(bounds) if start <= at < end), -1)
        by_sentence[number].add(key)
    return {frozenset(pair) for keys in by_sentence.values() for pair in itertools.combinations(keys, 2)}


def score_relations(row: Mapping[str, Any], record: Record, result: Evaluation) -> None:
    """Typed relations of one text. One between a gold pair that is only annotated as "other" is counted as wrong."""
    spans: dict[Any, Any] = defaultdict(list)
    if "mentions" in row:
        for span in row["mentions"]:
            spans[span["cluster"]].append(span)
    else:
        spans.update((place, [span]) for place, span in enumerate(row["entities"]))

    def entity_of(key: object) -> object:
        votes = Counter(e for span in spans[key] if (e := find_entity(record.mentions, span)))
        return votes.most_common(1)[0][0] if votes else ("missed", key)

    gold = {
        name_relation(entity_of(head), relation, entity_of(tail))
        for head, relation, tail, *_ in row["relations"]
        if relation != "other"
    }
    mine = {name_relation(x.head, x.relation, x.tail) for x in record.links if x.relation != "appears_with"}
    result.relations.add_sets(gold, mine)
    for relation in sorted({key[0] for key in gold | mine}):
        result.by_relation[relation].add_sets(
            {key for key in gold if key[0] == relation}, {key for key in mine if key[0] == relation}
        )


def name_relation(head: object, relation: str, tail: object) -> tuple[str, object]:
    return relation, frozenset((head, tail)) if relation in SYMMETRIC else (head, tail)


def list_locals(record: Record) -> list[LocalEntity]:
    """The document's entities as resolution across documents takes them."""
    names: dict[str, Counter[str]] = defaultdict(Counter)
    for mention in record.mentions:
        names[mention.entity][mention.name or mention.text] += 1
    keys = {entity.id: f"{entity.type.lower()}:{fold(entity.name)}" for entity in record.entities}
    everyone = frozenset(keys.values())
    document = record.document
    return [
        LocalEntity(
            document.id, entity, tuple(sorted(names[entity.id].items())), document.date, everyone - {keys[entity.id]}
        )
        for entity in record.entities
    ]


def score_across(rows: Sequence[Mapping[str, Any]], records: Sequence[Record], result: Evaluation) -> None:
    """Pairs of mentions of different texts, for those whose entity the gold file names across texts."""
    unique = {record.document.id: record for record in records}
    resolution = resolve_corpus(local for record in unique.values() for local in list_locals(record))
    known: list[tuple[int, object, str | None]] = []
    for number, (row, record) in enumerate(zip(rows, records, strict=True)):
        mine = [m for m in record.mentions if m.type in SCORED and not m.derived]
        for span in row.get("mentions", ()):
            if "entity" in span:
                local = find_entity(mine, span)
                known.append((number, span["entity"], resolution.assignment.get((record.document.id, local or ""))))
    for (i, a, x), (j, b, y) in itertools.combinations(known, 2):
        if i != j:
            result.pairs_across.add(a == b, x is not None and x == y)
