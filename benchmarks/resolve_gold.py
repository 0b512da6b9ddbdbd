"""Resolution within a document on its own: gold mentions in, same-entity pairs out.

    python benchmarks/resolve_gold.py --data named-mentions.jsonl.xz [--part dev] [--errors 20]

The file is the one of ``benchmarks/README``: news articles with every named mention, its label and its cluster.
"""

from __future__ import annotations

import argparse
import collections
import itertools
import json
import lzma
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from kg.records import Document, Mention, Tagged
from kg.resolve import resolve_document


def read_articles(path: Path) -> Iterator[dict[str, Any]]:
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def resolve_gold(article: dict[str, Any]) -> list[Mention]:
    """The article's gold mentions, resolved, in the order given; one that is left out is alone."""
    text = article["text"]
    given = [Mention(m["start"], m["end"], text[m["start"] : m["end"]], m["label"]) for m in article["mentions"]]
    order = sorted(given, key=lambda m: (m.start, m.end))
    found, _ = resolve_document(Tagged(Document(article["id"], "", text), (), tuple(order), "gold"))
    at = {(m.start, m.end): m for m in found if not m.derived}
    return [at.get((m.start, m.end)) or replace(m, entity=f"none {m.start}") for m in given]


def count_pairs(article: dict[str, Any], found: list[Mention]) -> Iterator[tuple[str, bool, Mention, Mention]]:
    """(tp, fp or fn, whether the two are spelt differently, the two) for each pair that is one entity for anyone."""
    rows = zip(article["mentions"], found, strict=True)
    for (gold_a, a), (gold_b, b) in itertools.combinations(rows, 2):
        same_gold, same_mine = gold_a["cluster"] == gold_b["cluster"], a.entity == b.entity
        if same_gold or same_mine:
            kind = "tp" if same_gold and same_mine else "fn" if same_gold else "fp"
            yield kind, a.text.casefold() != b.text.casefold(), a, b


def show(title: str, counts: collections.Counter[str]) -> None:
    tp, fp, fn = counts["tp"], counts["fp"], counts["fn"]
    p, r = tp / max(tp + fp, 1), tp / max(tp + fn, 1)
    print(f"{title:<34} P {p:.4f}  R {r:.4f}  F {2 * p * r / max(p + r, 1e-9):.4f}   (gold {tp + fn}, found {tp + fp})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--part", action="append", choices=["train", "dev", "test"])
    parser.add_argument("--errors", type=int, default=0, help="list the pairs gone wrong of that many articles")
    args = parser.parse_args()
    articles = list(read_articles(args.data))
    for part in args.part or sorted({a["part"] for a in articles}):
        pairs: collections.Counter[str] = collections.Counter()
        hard: collections.Counter[str] = collections.Counter()
        wrong: dict[str, collections.Counter[tuple[str, ...]]] = {}
        for article in articles:
            if article["part"] != part:
                continue
            bad: collections.Counter[tuple[str, ...]] = collections.Counter()
            for kind, different, a, b in count_pairs(article, resolve_gold(article)):
                pairs[kind] += 1
                hard[kind] += different
                if kind != "tp":
                    bad[kind, *sorted((f"{a.text} {a.type}", f"{b.text} {b.type}"))] += 1
            wrong[article["id"]] = bad
        show(f"{part}: same-entity pairs", pairs)
        show("  of different spelling", hard)
        for name in sorted(wrong, key=lambda n: -wrong[n].total())[: args.errors]:
            print(f"{name}: {wrong[name].total()}")
            for row, n in wrong[name].most_common(8):
                print(f"    {n:4}  {'  '.join(row)}")


if __name__ == "__main__":
    main()
