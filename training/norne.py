"""Reads NorNE (Jørgensen et al. 2020; names over the Norwegian Dependency Treebank, CC0) and lays it out for training.

Sentences of one file become words with gold names, syntax and lemma rules; consecutive sentences become windows of
word pieces, the same shape that the pipeline sees at run time.
"""

from __future__ import annotations

import lzma
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from kg.pipelines.pieces import BOS, EOS, WordPieces

NAMES = ("PER", "ORG", "GPE_LOC", "GPE_ORG", "LOC", "PROD", "EVT", "DRV")
BIO = ("O", *(f"{p}-{n}" for n in NAMES for p in "BI"))
VERB_FORMS = ("pass", "perf-part", "pres", "pret", "inf", "imp")
UPOS = {
    "verb": "VERB", "prep": "ADP", "det": "DET", "pron": "PRON", "adj": "ADJ", "adv": "ADV", "konj": "CCONJ",
    "sbu": "SCONJ", "inf-merke": "PART", "interj": "INTJ", "symb": "SYM", "ukjent": "X",
}  # fmt: skip
NO_SPACE_BEFORE = set(".,:;!?)]}»%…")
NO_SPACE_AFTER = set("([{«")
LENGTHS = (32, 48, 64, 96, 128, 160, 192)


@dataclass(slots=True)
class Sentence:
    words: list[str]
    spaced: list[bool]  # a blank stands before the word
    names: list[str]  # BIO
    tags: list[str]
    lemmas: list[str]
    heads: list[int]  # index of the head, -1 for the root
    deps: list[str]
    heading: bool = False


@dataclass(slots=True)
class Article:
    name: str
    sentences: list[Sentence] = field(default_factory=list)


def fine_tag(pos: str, feats: str) -> str:
    """Our tag: universal part of speech, with the form of verbs and definiteness and genitive of nouns."""
    marks = set(feats.split("|"))
    if pos == "subst":
        case = "|gen" if "gen" in marks else ""
        if "prop" in marks:
            return "PROPN" + case
        return "NOUN" + ("|be" if "be" in marks else "|ub") + case
    if pos == "verb":
        return "VERB|" + next((f for f in VERB_FORMS if f in marks), "inf")
    if pos == "adj" and "<perf-part>" in marks:
        return "ADJ|perf-part"
    if pos == "det" and "kvant" in marks:
        return "NUM"
    return UPOS.get(pos, "PUNCT")


def lemma_rule(form: str, lemma: str) -> str:
    """How ``form`` becomes ``lemma``: "n-suffix" cuts n letters and adds the suffix; "=" before it keeps case."""
    keep, base = ("=", form) if lemma != lemma.lower() else ("", form.lower())
    same = 0
    while same < min(len(base), len(lemma)) and base[same] == lemma[same]:
        same += 1
    return f"{keep}{len(base) - same}-{lemma[same:]}"


def space_words(words: list[str]) -> list[bool]:
    spaced, glue, quote_open = [], True, False
    for word in words:
        closing = word == '"' and quote_open
        spaced.append(not glue and word not in NO_SPACE_BEFORE and not closing)
        if word == '"':
            quote_open = not quote_open
        glue = word in NO_SPACE_AFTER or (word == '"' and quote_open)
    spaced[0] = True
    return spaced


def make_sentence(rows: list[list[str]]) -> Sentence | None:
    heading = rows[-1][1] == "|"
    rows = rows[:-1] if heading else rows
    if not rows:
        return None
    words = [r[1] for r in rows]
    names = [next((x[5:] for x in r[9].split("|") if x.startswith("name=")), "O") for r in rows]
    heads = [int(r[6]) - 1 for r in rows]
    return Sentence(
        words,
        space_words(words),
        [n if n in BIO else "O" for n in names],
        [fine_tag(r[3], r[5]) for r in rows],
        [lemma_rule(r[1], r[2]) for r in rows],
        [h if h < len(rows) else -1 for h in heads],
        [r[7] for r in rows],
        heading,
    )


def read_articles(folder: Path, part: str) -> list[Article]:
    """Articles of ``part`` ("nob-train", "nno-dev", ...), from PART.conllu.xz or PART.conllu."""
    path = next((p for p in (folder / f"{part}.conllu.xz", folder / f"{part}.conllu") if p.exists()), None)
    if path is None:
        raise SystemExit(f"no {part}.conllu.xz in {folder}: see training/README.md for where the data lives")
    articles: list[Article] = []
    rows: list[list[str]] = []
    with lzma.open(path, "rt", encoding="utf8") if path.suffix == ".xz" else path.open(encoding="utf8") as lines:
        for line in lines:
            line = line.rstrip("\n")
            if line.startswith("# newdoc"):
                articles.append(Article(line.split("=")[1].strip()))
            elif line and line[0] != "#":
                rows.append(line.split("\t"))
            elif not line and rows:
                sentence = make_sentence(rows)
                if sentence:
                    articles[-1].sentences.append(sentence)
                rows = []
    if rows and (sentence := make_sentence(rows)):
        articles[-1].sentences.append(sentence)
    return articles


def list_labels(articles: list[Article]) -> dict[str, list[str]]:
    """Label lists of every head, most frequent first; rare lemma rules fall back on "0-" (the form itself)."""
    tags, deps, rules = Counter(), Counter(), Counter()
    for article in articles:
        for s in article.sentences:
            tags.update(s.tags)
            deps.update(s.deps)
            rules.update(s.lemmas)
    return {
        "names": list(BIO),
        "tags": [t for t, _ in tags.most_common()],
        "deps": [d for d, _ in deps.most_common()],
        "lemmas": [r for r, n in rules.most_common() if n >= 8],
    }


@dataclass(slots=True)
class Window:
    """Piece ids with gold at each word's first piece, -100 elsewhere; ``sentence`` numbers the sentences."""

    ids: np.ndarray
    gold: dict[str, np.ndarray]
    sentence: np.ndarray


class Layout:
    """Turns sentences into windows; with ``noise`` None nothing is random."""

    def __init__(self, pieces: WordPieces, labels: dict[str, list[str]]) -> None:
        self.pieces = pieces
        self.index = {head: {label: i for i, label in enumerate(names)} for head, names in labels.items()}

    def build(self, sentences: list[Sentence], noise: random.Random | None = None, limit: int = LENGTHS[-1]) -> Window:
        ids, firsts, numbers = [BOS], [], []
        gold: dict[str, list[int]] = {"names": [], "tags": [], "deps": [], "lemmas": [], "heads": [], "starts": []}
        for number, s in enumerate(sentences):
            upper = noise is not None and noise.random() < 0.02
            where: list[int] = []
            for i, word in enumerate(s.words):
                where.append(len(ids))
                ids += self.pieces.ids(word.upper() if upper else word, spaced=s.spaced[i])
                if noise and noise.random() < 0.01:
                    ids.append(EOS)  # a line break within the sentence
            firsts += where
            numbers += [number] * len(where)
            gold["names"] += [self.index["names"][n] for n in s.names]
            gold["tags"] += [self.index["tags"].get(t, -100) for t in s.tags]
            gold["deps"] += [self.index["deps"].get(d, -100) for d in s.deps]
            gold["lemmas"] += [-100 if upper else self.index["lemmas"].get(r, -100) for r in s.lemmas]
            gold["heads"] += [0 if h < 0 else where[h] for h in s.heads]
            gold["starts"] += [int(i == 0) for i in range(len(where))]
            if s.heading if noise is None else noise.random() < (0.7 if s.heading else 0.15):
                ids.append(EOS)
        ids.append(EOS)
        ids = ids[:limit]
        inside = [k for k, f in enumerate(firsts) if f < len(ids)]
        spread: dict[str, np.ndarray] = {}
        at = np.array([firsts[k] for k in inside], dtype=np.int64)
        for name, values in gold.items():
            row = np.full(len(ids), -100, dtype=np.int64)
            row[at] = [values[k] for k in inside]
            if name == "heads":
                row[row >= len(ids)] = -100
            spread[name] = row
        sentence = np.full(len(ids), -1, dtype=np.int64)
        sentence[at] = [numbers[k] for k in inside]
        return Window(np.array(ids, dtype=np.int64), spread, sentence)

    def length(self, s: Sentence) -> int:
        return sum(len(self.pieces.ids(w, spaced=b)) for w, b in zip(s.words, s.spaced, strict=True)) + 1

    def windows(self, articles: list[Article], noise: random.Random | None) -> Iterator[Window]:
        """Every sentence once; with ``noise`` the windows' lengths vary, single sentences among them."""
        for article in articles:
            part: list[Sentence] = []
            used, target = 2, LENGTHS[-1]
            for s in article.sentences:
                if not part and noise:
                    target = noise.choices((0, 96, 192), (0.15, 0.25, 0.6))[0]
                if part and used + self.length(s) + 1 > target:
                    yield self.build(part, noise)
                    part, used = [], 2
                part.append(s)
                used += self.length(s) + 1
            if part:
                yield self.build(part, noise)


def batches(windows: list[Window], pieces: int, noise: random.Random | None) -> list[list[Window]]:
    """Windows of like length together, each batch padded to one of LENGTHS and about ``pieces`` in all."""
    buckets: dict[int, list[Window]] = {}
    for w in windows:
        buckets.setdefault(next(n for n in LENGTHS if len(w.ids) <= n), []).append(w)
    out = []
    for length, members in sorted(buckets.items()):
        if noise:
            noise.shuffle(members)
        size = max(1, pieces // length)
        out += [members[i : i + size] for i in range(0, len(members), size)]
    if noise:
        noise.shuffle(out)
    return out
