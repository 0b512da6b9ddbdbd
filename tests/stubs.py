"""Stages small enough to be predicted by eye: every capitalised word is a name, its type is told by its form."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Sequence
from itertools import combinations

from kg.records import Document, Entity, Link, Mention, Record, Sentence, Tagged
from kg.resolve import LocalEntity, Resolution
from kg.store import Resolver, Store, dump_graph, facts
from kg.text import document_id, fold
from kg.worker import Options, Stages, run_stages

NAME = re.compile(r"[A-ZÆØÅ][a-zæøå]+(?: [A-ZÆØÅ][a-zæøå]+)*")
VERBS = {"leder": "leads", "eier": "owns", "saksøker": "conflict_with"}
STATUS = {"skal ha": "alleged", "nekter": "denied"}


def tag(document: Document) -> Tagged:
    if "HENGER" in document.text:
        time.sleep(60)
    if "KRASJER" in document.text:
        os._exit(9)
    if "FEILER" in document.text:
        raise ValueError("no good")
    sentences = tuple(Sentence(found.start(), found.end()) for found in re.finditer(r"[^.\s][^.]*\.", document.text))
    mentions = tuple(
        Mention(found.start(), found.end(), found[0], type_of(found[0])) for found in NAME.finditer(document.text)
    )
    return Tagged(document, sentences, mentions, "stub 1")


def type_of(name: str) -> str:
    return "PERSON" if " " in name else "PLACE" if name.endswith(("vik", "sø")) else "ORG"


def resolve(tagged: Tagged) -> tuple[tuple[Mention, ...], tuple[Entity, ...]]:
    """Within the document a surname is its bearer's."""
    full = {m.text.split()[-1]: m.text for m in tagged.mentions if m.type == "PERSON"}
    mentions, entities = [], {}
    for m in tagged.mentions:
        name, rule = (full[m.text], f"surname of {full[m.text]}") if m.text in full else (m.text, "same name")
        entity = Entity(f"{type_of(name).lower()}:{fold(name).replace(' ', '-')}", name, type_of(name))
        entities[entity.id] = entity
        mentions.append(Mention(m.start, m.end, m.text, entity.type, entity.id, m.text, rule))
    return tuple(mentions), tuple(entities.values())


def relate(tagged: Tagged, mentions: Sequence[Mention]) -> tuple[Link, ...]:
    links = []
    for sentence in tagged.sentences:
        text = tagged.document.text[sentence.start : sentence.end]
        here = [m for m in mentions if sentence.start <= m.start < sentence.end]
        verb = next((verb for verb in VERBS if verb in text), "")
        status = next((STATUS[words] for words in STATUS if words in text), "stated")
        ids = list(dict.fromkeys(m.entity for m in here))
        for a, b in combinations(ids, 2):
            if verb and (a, b) == (ids[0], ids[1]):
                links.append(Link(a, VERBS[verb], b, verb, sentence.start, sentence.end, status, f"verb {verb}"))
            else:
                links.append(Link(min(a, b), "appears_with", max(a, b), "", sentence.start, sentence.end))
    return tuple(links)


def load_stubs(options: Options) -> Stages:
    return Stages(tag, resolve, relate)


def make_record(source: str, text: str, *, date: str | None = None, title: str | None = None) -> Record:
    record = run_stages(Document(document_id(text), source, text, title, date), Stages(tag, resolve, relate))
    assert isinstance(record, Record)
    return record


def add_text(store: Store, source: str, text: str, *, date: str | None = None, title: str | None = None) -> None:
    state = facts.FileState(source, source, "stub", document_id(text), len(text), 0)
    facts.add_file(store, state, [make_record(source, text, date=date, title=title)])


def resolve_by_id(rows: Sequence[facts.CorrectionRow]) -> Resolver:
    """One entity for each id that documents use; a correction of kind "merge" renames one to another."""
    renamed = {row.payload["a"]: row.payload["b"] for row in rows if row.kind == "merge"}

    def resolve(locals: Sequence[LocalEntity]) -> Resolution:
        assignment, entities, reasons = {}, {}, {}
        for local in locals:
            here = (local.document, local.entity.id)
            assignment[here] = renamed.get(local.entity.id, local.entity.id)
            reasons[here] = "same name" if assignment[here] == local.entity.id else "merged by hand"
            entities[local.entity.id] = local.entity
        return Resolution(assignment, entities, reasons)

    return Resolver(resolve, lambda local: frozenset({local.entity.id, renamed.get(local.entity.id, "")} - {""}))


def list_graph(store: Store, *tables: str) -> Iterator[list[object]]:
    """The rows of these derived tables, as ``dump_graph`` gives them."""
    import json

    for line in dump_graph(store):
        table, *row = json.loads(line)
        if table in tables:
            yield row


CORPUS = {
    "a.txt": "Kari Holm leder Fjellbygg. Fjellbygg og Kystkraft er i Bratvik.",
    "b.txt": "Fjellbygg eier Kystkraft. Holm er ikke der.",
    "c.txt": "Ola Strand leder Kystkraft i Tromsø. Strand og Kari Holm er i Bratvik.",
    "d.txt": "Fjellbygg nekter at Fjellbygg eier Havfisk. Havfisk saksøker Fjellbygg.",
    "e.txt": "Fjellbygg og Kystkraft er i Bratvik. Ola Strand skal ha sagt at Kystkraft eier Havfisk.",
    "f.txt": "Per Lie og Kari Holm er i Tromsø. Nordmat er i Storvik.",
}
