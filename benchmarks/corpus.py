"""Corpora made here for the benchmarks: records for a large store, files for builds, and a tagger that costs nothing.

Everything is drawn with a fixed seed. Names are those of ``resolve_scale``; entities stand in circles that are written
about together, and a few are named everywhere, as Norway and the government are in the news.
"""

from __future__ import annotations

import os
import random
import re
import signal
import time
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

from resolve_scale import Truth, make_truth, pick

from kg.names import slug
from kg.records import Document, Entity, Link, Mention, Record, Sentence, Tagged
from kg.text import document_id
from kg.worker import Options, Stages

CIRCLE = 40  # entities that are written about together
HUBS = 400  # entities named everywhere
SENTENCES = 4  # a document; each names three
VERBS = {"leder": "leads", "eier": "owns", "støtter": "invests_in", "møter": "meets"}
LONG_AGO = 1_700_000_000  # file times: long settled, so that a second look need not read the bytes

Found = tuple[Truth, str]


def make_records(rng: random.Random, *, documents: int, entities: int) -> Iterator[Record]:
    """One record after another, as a tagger would have made it of a short article."""
    truths = make_truth(rng, entities)
    circles = [truths[i : i + CIRCLE] for i in range(0, len(truths), CIRCLE)]
    for number in range(documents):
        circle = circles[number % len(circles)]
        yield make_record(rng, number, [pick_three(rng, circle, truths) for _ in range(SENTENCES)])


def pick_three(rng: random.Random, circle: Sequence[Truth], truths: Sequence[Truth]) -> list[Truth]:
    three = rng.sample(circle, min(3, len(circle)))
    if rng.random() < 0.1:
        hub = pick(rng, truths[:HUBS], 3.0)
        three[2] = hub if hub not in three else three[2]
    return three


def make_word(rng: random.Random) -> str:
    """A word like no other, so that no two articles are taken for copies of each other."""
    return "".join(rng.choice("bdfghklmnprstv") + rng.choice("aeiouyøå") for _ in range(4))


def make_record(rng: random.Random, number: int, sentences: Sequence[Sequence[Truth]]) -> Record:
    text, bounds, mentions, links = "", [], [], []
    entities: dict[str, Entity] = {}
    for truths in sentences:
        start, verb, ids = len(text), rng.choice(list(VERBS)), []
        for place, truth in enumerate(truths):
            entity = Entity(f"{truth.type.lower()}:{slug(truth.name)}", truth.name, truth.type)
            entities[entity.id] = entity
            ids.append(entity.id)
            at = len(text)
            mentions.append(Mention(at, at + len(truth.name), truth.name, truth.type, entity.id, truth.name, "name"))
            filler = f"{make_word(rng)} {make_word(rng)}"
            text += truth.name + (f" {verb} ", f" i {filler} ", f" {filler}. ")[place]
        bounds.append((start, len(text) - 1))
        for pair in combinations(dict.fromkeys(ids), 2):
            said = pair == (ids[0], ids[1]) and rng.random() < 0.4
            relation, words = (VERBS[verb], verb) if said else ("appears_with", "")
            head, tail = pair if relation in ("leads", "owns", "invests_in") else sorted(pair)
            links.append(Link(head, relation, tail, words, *bounds[-1], "stated", "made"))
    date = f"20{10 + number % 15}-0{1 + number % 9}-1{number % 10}"
    document = Document(document_id(text), f"news/{number:06}.txt", text, None, date)
    return Record(document, tuple(bounds), tuple(mentions), tuple(entities.values()), tuple(links), "made 1")


def write_files(folder: Path, *, documents: int, seed: int = 0, new_words: bool = False) -> None:
    """Short articles, one a file. ``new_words``: names that no other article has, so that nothing can be reused."""
    rng = random.Random(seed)
    truths = make_truth(rng, max(40, documents if new_words else documents // 5))
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(documents):
        if new_words:
            names = [f"Ny{word}{number}x{rng.randrange(10**9)}" for word in ("firma", "stad", "bygg")]
            text = " ".join(f"{name} eier {names[0]}." for name in names)
        else:
            text = "".join(make_article(rng, truths) for _ in range(3))
        write_file(folder / f"{number:05}.txt", text)


def make_article(rng: random.Random, truths: Sequence[Truth]) -> str:
    a, b, c = (pick(rng, truths, 1.5).name for _ in range(3))
    return f"{a} {rng.choice(list(VERBS))} {b}. {c} og {a} var der, ble det sagt. "


def write_file(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    os.utime(path, (LONG_AGO, LONG_AGO + len(text)))


NAME = re.compile(r"[A-ZÆØÅ][\wæøå]*(?: [A-ZÆØÅ][\wæøå]*)*")
MISBEHAVIOURS = ("hang", "exit", "segv", "memory", "recursion")


def tag(document: Document) -> Tagged:
    """A stub: every capitalised word is a name. A text may order it to misbehave: "BAD hang"."""
    if document.text.startswith("BAD "):
        misbehave(document.text.split()[1])
    text = document.text
    sentences = tuple(Sentence(found.start(), found.end()) for found in re.finditer(r"[^.\s][^.]*\.", text))
    mentions = tuple(Mention(f.start(), f.end(), f[0], type_of(f[0])) for f in NAME.finditer(text))
    return Tagged(document, sentences, mentions, "stub 1")


def misbehave(way: str) -> None:
    if way == "hang":
        time.sleep(600)
    elif way == "exit":
        os._exit(3)
    elif way == "segv":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif way == "memory":
        len(bytearray(20_000_000_000))
    elif way == "recursion":
        misbehave(way)


def type_of(name: str) -> str:
    return "PERSON" if " " in name else "PLACE" if name.endswith(("vik", "stad")) else "ORG"


def relate(tagged: Tagged, mentions: Sequence[Mention]) -> tuple[Link, ...]:
    links = []
    for sentence in tagged.sentences:
        text = tagged.document.text[sentence.start : sentence.end]
        ids = list(dict.fromkeys(m.entity for m in mentions if sentence.start <= m.start < sentence.end))
        verb = next((verb for verb in VERBS if verb in text), "")
        for a, b in combinations(ids[:8], 2):
            said = bool(verb) and VERBS[verb] != "meets" and [a, b] == ids[:2]
            head, tail = (a, b) if said else sorted((a, b))
            words = (VERBS[verb], head, tail, verb) if said else ("appears_with", head, tail, "")
            links.append(Link(words[1], words[0], words[2], words[3], sentence.start, sentence.end))
    return tuple(links)


def load_stubs(options: Options) -> Stages:
    """Stages without a pipeline; resolution is the real one."""
    from kg.resolve import resolve_document

    return Stages(tag, resolve_document, relate)
