"""The spaCy component behind the bundled pipelines: one encoder pass gives names, sentence bounds and syntax.

Registered as ``kg_encoder``; ``spacy.load`` of a pipeline folder finds it once this module is imported (kg.tag does).
ONNX Runtime runs one window at a time: int8 activations are scaled per call, so a window's scores depend on that
window alone and a document gets the same names in any batch, order or process.
"""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import spacy
from spacy.attrs import DEP, HEAD, LEMMA, POS, TAG  # type: ignore[import-not-found]
from spacy.language import Language
from spacy.tokens import Doc, Span

from kg.pipelines.decode import decode_names
from kg.pipelines.pieces import BOS, EOS, WordPieces
from kg.pipelines.trees import best_tree
from kg.pipelines.windows import SENTENCE_ENDS, Window, cut_windows

MODEL_FILE, LABELS_FILE = "encoder.onnx", "labels.json"
VOCABULARY_FILES = ("pieces.txt", "scores.npy", "vectors.npy")
WRAPPED = (60, 100)  # characters of a line that may be broken in mid-sentence; other lines end where they end
OUTPUTS = ("names", "starts", "tags", "deps", "lemmas", "arcs")


@dataclass(slots=True)
class Words:
    """The words of a Doc (blanks left out): token index, pieces, and whether a line breaks after the word."""

    tokens: list[int]
    pieces: list[tuple[int, ...]]
    breaks: list[int]  # after the word: 0 none, 1 line break, 2 one that ends a sentence for certain
    ends: list[bool]


@dataclass(slots=True)
class Scores:
    """Scores of every word, and each window's arc table with the words it covers."""

    names: npt.NDArray[np.float32]  # [words, labels]
    starts: npt.NDArray[np.float32]  # [words], log odds that a sentence begins
    tags: npt.NDArray[np.int64]
    deps: npt.NDArray[np.int64]
    lemmas: npt.NDArray[np.int64]
    arcs: list[tuple[Window, npt.NDArray[np.float32]]]  # [shown words, root + shown words] of each window


@Language.factory("kg_encoder", default_config={"vocabulary": None, "syntax": "names", "threads": 1})
def make_encoder(nlp: Language, name: str, vocabulary: str | None, syntax: str, threads: int) -> Encoder:
    return Encoder(nlp, vocabulary=vocabulary, syntax=syntax, threads=threads)


class Encoder:
    """``syntax``: "none", "names" (sentences with two names or more get tags, lemmas and heads) or "all".

    ``vocabulary``: a pipeline folder beside this one whose vocabulary is used; None for one's own.
    """

    def __init__(self, nlp: Language, *, vocabulary: str | None, syntax: str, threads: int) -> None:
        self.vocab = nlp.vocab
        self.vocabulary, self.syntax, self.threads = vocabulary, syntax, threads
        self.session: onnxruntime.InferenceSession | None = None
        self.pieces: WordPieces | None = None
        self.labels: dict[str, list[str]] = {}
        self.folder: Path | None = None

    def __call__(self, doc: Doc) -> Doc:
        words = self.read_words(doc)
        if not words.tokens:
            return doc
        scores = self.score(words)
        spans = cut_names(decode_names(scores.names, self.labels["names"]), words.breaks)
        starts = sentence_starts(words, scores.starts, spans)
        self.annotate(doc, words, scores, starts, spans)
        doc.set_ents([Span(doc, words.tokens[a], words.tokens[b - 1] + 1, label) for a, b, label in spans])
        return doc

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 1) -> Iterator[Doc]:
        for doc in stream:
            yield self(doc)

    def read_words(self, doc: Doc) -> Words:
        assert self.pieces is not None, "the component is not loaded: use spacy.load"
        words = Words([], [], [], [])
        spaced, line = True, 0
        for token in doc:
            if token.is_space:
                lines = token.text.count("\n")
                if words.breaks:
                    words.breaks[-1] = max(words.breaks[-1], min(lines, 2))
                spaced = True
                continue
            text = token.text
            if words.tokens:
                previous = doc[words.tokens[-1]]
                if words.breaks[-1]:
                    length = previous.idx + len(previous) - line
                    if not text[0].islower() and not WRAPPED[0] <= length <= WRAPPED[1]:
                        words.breaks[-1] = 2
                    line = token.idx
                ends = previous.text[-1] in SENTENCE_ENDS and not text[0].islower()
                words.ends[-1] = bool(words.breaks[-1]) or ends
            words.tokens.append(token.i)
            words.pieces.append(self.pieces.ids(text, spaced=spaced))
            words.breaks.append(0)
            words.ends.append(True)
            spaced = bool(token.whitespace_)
        return words

    def score(self, words: Words) -> Scores:
        sizes = [len(p) + bool(b) for p, b in zip(words.pieces, words.breaks, strict=True)]
        n = len(sizes)
        labels = len(self.labels["names"])
        tags, deps, lemmas = (np.empty(n, np.int64) for _ in range(3))
        scores = Scores(np.empty((n, labels), np.float32), np.empty(n, np.float32), tags, deps, lemmas, [])
        for window in cut_windows(sizes, words.ends):
            out, firsts = self.run(words, window)
            inside = slice(window.start, window.end)
            at = firsts[window.start - window.context_start : window.end - window.context_start]
            scores.names[inside] = out["names"][at]
            scores.starts[inside] = out["starts"][at, 0]
            scores.tags[inside] = out["tags"][at]
            scores.deps[inside] = out["deps"][at]
            scores.lemmas[inside] = out["lemmas"][at]
            if self.syntax != "none":
                scores.arcs.append((window, out["arcs"][firsts][:, np.concatenate(([0], firsts))]))
        return scores

    def run(self, words: Words, window: Window) -> tuple[dict[str, npt.NDArray[Any]], npt.NDArray[np.int64]]:
        assert self.pieces is not None and self.session is not None
        ids, firsts = [BOS], []
        for i in range(window.context_start, window.context_end):
            firsts.append(len(ids))
            ids += words.pieces[i]
            if words.breaks[i]:
                ids.append(EOS)
        ids.append(EOS)
        vectors = self.pieces.vectors(np.array(ids, dtype=np.int64))
        out = self.session.run(OUTPUTS, {"vectors": vectors})
        return dict(zip(OUTPUTS, out, strict=True)), np.array(firsts, dtype=np.int64)

    def annotate(
        self, doc: Doc, words: Words, scores: Scores, starts: list[int], spans: list[tuple[int, int, str]]
    ) -> None:
        """Write sentence bounds and, where asked for, tags, lemmas and heads into ``doc``."""
        n = len(words.tokens)
        heads = [0] * n
        parsed = [False] * n
        bounds = [*starts, n]
        for a, b in itertools.pairwise(bounds):
            names = sum(a <= s < b for s, _, _ in spans) if self.syntax == "names" else 2
            if self.syntax != "none" and names >= 2:
                heads[a:b] = self.parse(scores, a, b)
                parsed[a:b] = [True] * (b - a)
            else:
                heads[a:b] = [a] * (b - a)
        self.write(doc, words, scores, heads=heads, parsed=parsed)

    def parse(self, scores: Scores, start: int, end: int) -> list[int]:
        """Head of each word in ``[start, end)``; the root's is itself."""
        n = end - start
        table = np.full((n, n + 1), -1e4, dtype=np.float32)  # column 0 is the root
        for window, arcs in scores.arcs:
            a, b = max(start, window.start), min(end, window.end)
            if a >= b:
                continue
            c, d = max(start, window.context_start), min(end, window.context_end)
            rows = arcs[a - window.context_start : b - window.context_start]
            table[a - start : b - start, 0] = rows[:, 0]
            columns = slice(1 + c - window.context_start, 1 + d - window.context_start)
            table[a - start : b - start, 1 + c - start : 1 + d - start] = rows[:, columns]
        return [start + (i if h < 0 else h) for i, h in enumerate(best_tree(table))]

    def write(self, doc: Doc, words: Words, scores: Scores, *, heads: list[int], parsed: list[bool]) -> None:
        strings = self.vocab.strings
        attributes = [HEAD, DEP, POS, TAG, LEMMA]
        values = np.zeros((len(doc), len(attributes)), dtype=np.uint64)
        previous = words.tokens[0]
        place = dict(zip(words.tokens, range(len(words.tokens)), strict=True))
        for token in doc:
            k = place.get(token.i)
            if k is None:  # blanks hang on the word before them
                values[token.i, 0] = np.int64(previous - token.i).astype(np.uint64)
                continue
            previous = token.i
            values[token.i, 0] = np.int64(words.tokens[heads[k]] - token.i).astype(np.uint64)
            if parsed[k]:
                tag = self.labels["tags"][scores.tags[k]]
                lemma = apply_rule(token.text, self.labels["lemmas"][scores.lemmas[k]])
                row = (self.labels["deps"][scores.deps[k]], tag.split("|")[0], tag, lemma)
                values[token.i, 1:] = [strings.add(s) for s in row]
            else:
                values[token.i, 1] = strings.add("dep")
        doc.from_array(attributes, values)  # type: ignore[arg-type]

    def from_disk(self, path: Path, *, exclude: Iterable[str] = ()) -> Encoder:
        """Load weights from the component's folder (called by ``spacy.load``)."""
        self.folder = Path(path)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(
            str(self.folder / MODEL_FILE), options, providers=["CPUExecutionProvider"]
        )
        self.labels = json.loads((self.folder / LABELS_FILE).read_text(encoding="utf-8"))
        home = self.folder if self.vocabulary is None else Path(__file__).parent / self.vocabulary / self.folder.name
        self.pieces = WordPieces.load(home)
        return self

    def to_disk(self, path: Path, *, exclude: Iterable[str] = ()) -> None:
        """Copy the weights that were loaded to ``path``."""
        Path(path).mkdir(exist_ok=True, parents=True)
        for file in sorted(self.folder.iterdir()) if self.folder else []:
            shutil.copyfile(file, Path(path) / file.name)


def cut_names(spans: list[tuple[int, int, str]], breaks: list[int]) -> list[tuple[int, int, str]]:
    """No name runs on over the end of a line that ends a sentence."""
    whole = []
    for a, b, label in spans:
        for i in range(a, b - 1):
            if breaks[i] == 2:
                whole.append((a, i + 1, label))
                a = i + 1
        whole.append((a, b, label))
    return whole


def sentence_starts(words: Words, odds: npt.NDArray[np.float32], spans: list[tuple[int, int, str]]) -> list[int]:
    """First word of each sentence: where the encoder says so or a line ends for certain, never within a name."""
    inside = {i for a, b, _ in spans for i in range(a + 1, b)}
    return [0] + [
        i for i in range(1, len(words.tokens)) if words.breaks[i - 1] == 2 or (odds[i] > 0 and i not in inside)
    ]


def apply_rule(form: str, rule: str) -> str:
    """Undo inflection: "2-e" cuts two letters and adds an e; "=" before it keeps upper case.

    >>> apply_rule("Kjøpte", "2-e"), apply_rule("Narviks", "=1-")
    ('kjøpe', 'Narvik')
    """
    base = form if rule.startswith("=") else form.lower()
    cut, _, suffix = rule.removeprefix("=").partition("-")
    return base[: max(0, len(base) - int(cut))] + suffix


def write_pipeline(
    folder: Path, model: Path, labels: dict[str, list[str]], *, version: str, vocabulary: Path, share: str | None
) -> None:
    """Make a spaCy pipeline folder around an exported model; called by training/export.py."""
    nlp = spacy.blank("nb")
    nlp.meta.update(name="kg-" + folder.name, version=version, description="Norwegian names, sentences and syntax")
    nlp.add_pipe("kg_encoder", config={"vocabulary": share})
    parts = folder / "kg_encoder"
    shutil.rmtree(parts, ignore_errors=True)
    nlp.to_disk(folder)
    parts.mkdir(exist_ok=True)
    shutil.copyfile(model, parts / MODEL_FILE)
    (parts / LABELS_FILE).write_text(json.dumps(labels, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
    for name in VOCABULARY_FILES if share is None else ():
        shutil.copyfile(vocabulary / name, parts / name)
