"""The sample articles and the gold set: what README says of them, and offsets that hold."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from kg.read import Source, read_source
from kg.records import RELATIONS, SYMMETRIC, TYPES
from tests.conftest import ROOT

ARTICLES = sorted((ROOT / "data" / "articles").iterdir())
GOLD = ROOT / "data" / "gold"


def read_gold(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (GOLD / name).read_text(encoding="utf-8").splitlines()]


def test_languages_and_formats() -> None:
    languages = Counter(row["lang"] for row in read_gold("articles.jsonl"))
    assert languages == {"nb": 9, "nn": 3, "en": 5}
    assert Counter(path.suffix for path in ARTICLES) == {".txt": 7, ".md": 5, ".html": 5}


@pytest.mark.parametrize("path", ARTICLES, ids=[path.stem for path in ARTICLES])
def test_article(path: Path) -> None:
    (document,) = read_source(Source(str(path)))
    (gold,) = (row for row in read_gold("articles.jsonl") if row["id"] == path.stem)
    assert document.lang == gold["lang"]
    assert document.date is not None and document.date[:2] == "20"
    assert document.title == gold["text"].split("\n")[0]
    assert 120 <= len(document.text.split()) <= 250
    assert " ".join(document.text.split()) == " ".join(gold["text"].split())


@pytest.mark.parametrize("name", ["articles.jsonl", "english.jsonl"])
def test_mentions_and_sentences(name: str) -> None:
    for row in read_gold(name):
        text, bounds = row["text"], row["sentences"]
        assert all(text[start:end] == text[start:end].strip() != "" for start, end in bounds)
        kinds: dict[int, str] = {}
        for mention in row["mentions"]:
            start, end = mention["start"], mention["end"]
            assert text[start:end] == text[start:end].strip() != ""
            assert any(a <= start < end <= b for a, b in bounds)
            assert kinds.setdefault(mention["cluster"], mention["label"]) == mention["label"] in TYPES
    assert sum(len(row["sentences"]) for row in read_gold(name)) >= 60


def test_relations() -> None:
    rows = read_gold("relations.jsonl")
    used = set()
    for row in rows:
        assert all(row["text"][e["start"] : e["end"]] == e["text"] and e["type"] in TYPES for e in row["entities"])
        for head, relation, tail, words in row["relations"]:
            assert {head, tail} <= set(range(len(row["entities"]))) and head != tail and words
            used.add(relation)
        assert not (row["relations"] and row.get("unsaid"))
    assert used == set(RELATIONS) - {"appears_with"}
    assert used > SYMMETRIC - {"appears_with"}
    assert len(rows) >= 60 and sum(row.get("unsaid", False) for row in rows) >= 20
