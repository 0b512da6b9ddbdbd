"""Step 4. Score a pipeline on NorNE with gold tokens, as spaCy scores it, and note the figures beside its weights.

python training/score.py --norne DATA/norne --pipeline nb
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from norne import Article, read_articles
from spacy.scorer import Scorer
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.vocab import Vocab

from kg.pipelines import FOLDER
from kg.tag import load_pipeline


def gold_doc(article: Article, vocab: Vocab) -> tuple[Doc, Doc]:
    """(the article with gold tokens only, the same with gold names); a heading ends in a line break."""
    words: list[str] = []
    spaces: list[bool] = []
    names: list[str] = []
    for s in article.sentences:
        for i, word in enumerate(s.words):
            words.append(word)
            names.append(s.names[i])
            spaces.append((i + 1 == len(s.words) and not s.heading) or (i + 1 < len(s.words) and s.spaced[i + 1]))
        if s.heading:
            words.append("\n")
            spaces.append(False)
            names.append("O")
    reference = Doc(vocab, words=words, spaces=spaces, ents=names)
    return Doc(vocab, words=words, spaces=spaces), reference


def score_language(articles: list[Article], pipeline: str) -> dict[str, object]:
    nlp = load_pipeline(pipeline, syntax="all").nlp
    examples = []
    right = {"tags": 0, "uas": 0, "las": 0}
    words = starts = found_starts = common = 0
    for article in articles:
        blank, reference = gold_doc(article, nlp.vocab)
        doc = nlp(blank)
        examples.append(Example(doc, reference))
        at = 0
        for s in article.sentences:
            starts += 1
            common += bool(doc[at].is_sent_start)
            for i, head in enumerate(s.heads):
                token = doc[at + i]
                good = token.head.i == (at + head if head >= 0 else token.i)
                right["tags"] += token.tag_ == s.tags[i]
                right["uas"] += good
                right["las"] += good and token.dep_ == s.deps[i]
            words += len(s.heads)
            at += len(s.words) + s.heading
        found_starts += sum(1 for t in doc if t.is_sent_start and not t.is_space)
    scores = Scorer.score_spans(examples, "ents", allow_overlap=False)
    merged = merge_types(examples)
    return {
        "names F": round(scores["ents_f"], 4), "P": round(scores["ents_p"], 4), "R": round(scores["ents_r"], 4),
        "merged F": round(merged, 4),
        "by type": {k: round(v["f"], 4) for k, v in sorted(scores["ents_per_type"].items())},
        **{k: round(v / words, 4) for k, v in right.items()},
        "sentence start F": round(2 * common / (starts + found_starts), 4),
    }  # fmt: skip


def merge_types(examples: list[Example]) -> float:
    """F with LOC, GPE_LOC and GPE_ORG as one type, over PERSON, ORG and PLACE alone."""
    kinds = {"PER": "PERSON", "ORG": "ORG", "LOC": "PLACE", "GPE_LOC": "PLACE", "GPE_ORG": "PLACE"}

    def spans(doc: Doc) -> set[tuple[int, int, str]]:
        names: tuple[Span, ...] = doc.ents
        return {(s.start, s.end, kinds[s.label_]) for s in names if s.label_ in kinds}

    tp = fp = fn = 0
    for e in examples:
        mine, gold = spans(e.predicted), spans(e.reference)
        tp, fp, fn = tp + len(mine & gold), fp + len(mine - gold), fn + len(gold - mine)
    return 2 * tp / (2 * tp + fp + fn)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--norne", type=Path, required=True)
    parser.add_argument("--pipeline", default="nb")
    parser.add_argument("--part", default="dev")
    args = parser.parse_args()
    scores = {}
    for lang in ("nob", "nno"):
        scores[f"{lang}-{args.part}"] = score_language(read_articles(args.norne, f"{lang}-{args.part}"), args.pipeline)
        print(lang, json.dumps(scores[f"{lang}-{args.part}"]), flush=True)
    if (folder := FOLDER / args.pipeline).is_dir():
        (folder / "scores.json").write_text(json.dumps(scores, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
