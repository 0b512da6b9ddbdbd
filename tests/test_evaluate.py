"""The scores, on texts small enough to count by hand."""

from __future__ import annotations

import gzip
import json
import lzma
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from kg.errors import UsageError
from kg.evaluate import Score, evaluate, list_locals, read_document
from kg.records import Document, Entity, Link, Mention, Record

TEXT = "Kari Vik leder Fjellbygg. Vik bor i Bodø. Ola Vik er bror."
#       0-8           15-24       26-29     36-40  42-49


def span(start: int, end: int, label: str, cluster: int, **more: Any) -> dict[str, Any]:
    return {"start": start, "end": end, "label": label, "cluster": cluster, **more}


GOLD = {
    "id": "one", "text": TEXT, "sentences": [[0, 25], [26, 41], [42, 58]],
    "mentions": [span(0, 8, "PERSON", 0), span(15, 24, "ORG", 1), span(26, 29, "PERSON", 0), span(36, 40, "PLACE", 2),
                 span(42, 49, "PERSON", 3)],
}  # fmt: skip


def make_record(rows: Sequence[tuple[int, int, str, str]], text: str = TEXT, *, links: Sequence[Link] = ()) -> Record:
    """Rows: start, end, type, entity; a trailing hyphen on the entity marks a derived mention."""
    mentions = tuple(
        Mention(start, end, text[start:end], kind, id.rstrip("-"), text[start:end], "", id.endswith("-"))
        for start, end, kind, id in rows
    )
    ids = {mention.entity: mention for mention in reversed(mentions)}
    entities = tuple(Entity(id, mention.text, mention.type) for id, mention in ids.items())
    document = read_document({"text": text, "id": "one"})
    return Record(document, ((0, 25), (26, 41), (42, 58)), mentions, entities, tuple(links), "test")


PERFECT = [(0, 8, "PERSON", "k"), (15, 24, "ORG", "f"), (26, 29, "PERSON", "k"), (36, 40, "PLACE", "b"),
           (42, 49, "PERSON", "o")]  # fmt: skip
MERGED = [(0, 8, "PERSON", "k"), (15, 24, "PERSON", "f"), (26, 29, "PERSON", "k"), (42, 49, "PERSON", "k")]


def write_gold(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def counts(score: Score) -> tuple[int, int, int]:
    return score.tp, score.fp, score.fn


def test_all_right_is_all_ones(tmp_path: Path) -> None:
    result = evaluate(write_gold(tmp_path / "g.jsonl", GOLD), lambda _: [make_record(PERFECT)])
    assert counts(result.names) == (5, 0, 0)
    assert counts(result.pairs) == counts(result.pairs_spelt) == (1, 0, 0)
    assert (result.b3_precision.value, result.b3_recall.value, result.b3_f) == (1, 1, 1)
    assert counts(result.nodes) == (4, 0, 0) and counts(result.edges) == (2, 0, 0)
    assert result.false_merge_rate == 0
    assert counts(result.pairs_across) == counts(result.relations) == (0, 0, 0)


def test_a_merge_of_two_people_a_wrong_type_and_a_missing_place(tmp_path: Path) -> None:
    result = evaluate(write_gold(tmp_path / "g.jsonl", GOLD), lambda _: [make_record(MERGED)])
    assert counts(result.names) == (3, 1, 2)
    assert counts(result.pairs) == (1, 2, 0)
    # of the three merged mentions two have 2 of 3 right and one 1 of 3; Fjellbygg and the missing Bodø are alone
    assert result.b3_precision.value == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1 + 1) / 5)
    assert result.b3_recall.value == 1
    assert result.false_merge_rate == 1 / 2
    assert counts(result.nodes) == (1, 1, 3)  # Kari Vik is found; Fjellbygg has the wrong type
    assert counts(result.edges) == (0, 1, 2)


def test_derived_names_and_other_types_do_not_count(tmp_path: Path) -> None:
    rows = [*PERFECT, (50, 52, "ORG", "x-"), (53, 57, "PRODUCT", "y")]
    result = evaluate(write_gold(tmp_path / "g.jsonl", GOLD), lambda _: [make_record(rows)])
    assert counts(result.names) == (5, 0, 0) and counts(result.nodes) == (4, 0, 0)


def test_relations_are_scored_by_kind_whichever_way_they_are_annotated(tmp_path: Path) -> None:
    links = [Link("k", "leads", "f", "leder", 0, 25), Link("k", "appears_with", "b", "", 26, 41),
             Link("k", "works_for", "f", "leder", 0, 25), Link("o", "family_of", "k", "bror", 42, 58)]  # fmt: skip
    marked = {**GOLD, "relations": [[0, "leads", 1, "leder"], [0, "lives_in", 2, "bor i"], [0, "family_of", 3, "bror"]]}
    entities = [{"start": m["start"], "end": m["end"], "type": m["label"]} for m in GOLD["mentions"]]  # type: ignore[attr-defined]
    numbered = {"id": "two", "text": TEXT, "entities": entities,
                "relations": [[0, "leads", 1, "leder"], [2, "lives_in", 3, "bor i"], [0, "family_of", 4, "bror"],
                              [0, "other", 1, "kjenner"]]}  # fmt: skip
    for gold in (marked, numbered):
        result = evaluate(write_gold(tmp_path / "g.jsonl", gold), lambda _: [make_record(PERFECT, links=links)])
        assert counts(result.relations) == (2, 1, 1)
        assert {name: counts(score) for name, score in result.by_relation.items()} == {
            "family_of": (1, 0, 0), "leads": (1, 0, 0), "lives_in": (0, 0, 1), "works_for": (0, 1, 0),
        }  # fmt: skip


def test_pairs_across_texts_where_the_gold_file_names_entities(tmp_path: Path) -> None:
    other = "Kari Vik er i Bodø."
    kari = span(0, 8, "PERSON", 0, entity="kari")
    gold = [
        {"id": "1", "text": TEXT, "mentions": [kari, span(42, 49, "PERSON", 1, entity="ola")]},
        {"id": "2", "text": other, "mentions": [kari, span(14, 18, "PLACE", 1, entity="bodo")]},
    ]
    records = [make_record(PERFECT), make_record([(0, 8, "PERSON", "k"), (14, 18, "PLACE", "b")], other)]
    result = evaluate(write_gold(tmp_path / "g.jsonl", *gold), lambda _: records)
    assert counts(result.pairs_across) == (1, 0, 0)


def test_part_and_packed_files(tmp_path: Path) -> None:
    lines = json.dumps({**GOLD, "part": "dev"}) + "\n\n" + json.dumps({**GOLD, "part": "train"}) + "\n"
    for path, opener in ((tmp_path / "g.jsonl.xz", lzma.open), (tmp_path / "g.jsonl.gz", gzip.open)):
        with opener(path, "wt", encoding="utf-8") as file:
            file.write(lines)
        result = evaluate(path, lambda documents: [make_record(PERFECT) for _ in documents], part="dev")
        assert result.documents == 1 and counts(result.names) == (5, 0, 0)


def test_locals_of_a_record_carry_names_and_company() -> None:
    kari = next(one for one in list_locals(make_record(PERFECT)) if one.entity.id == "k")
    assert kari.names == (("Kari Vik", 1), ("Vik", 1))
    assert kari.context == {"org:fjellbygg", "place:bodo", "person:ola vik"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 1: not a line of a gold file"),
        ("[]", "line 1: not a line of a gold file"),
        ('{"text": "x"}', "it lacks 'entities'"),
        ('{"mentions": []}', "it lacks 'text'"),
        (json.dumps({**GOLD, "text": "short"}), "a span lies outside the text"),
        (json.dumps({**GOLD, "mentions": [span(0, 8, "PER", 0)]}), "a label is not one of PERSON"),
        (json.dumps({**GOLD, "relations": [[0, "likes", 1, ""]]}), "no relation 'likes'"),
    ],
)
def test_a_gold_file_that_is_wrong_says_where(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "g.jsonl"
    path.write_text(line + "\n" if line != "[]" else "[]\n", encoding="utf-8")
    with pytest.raises(UsageError, match=message.replace("(", r"\(")):
        evaluate(path, lambda _: [])


def test_no_such_file_or_records_of_other_texts(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read the gold file"):
        evaluate(tmp_path / "none.jsonl", lambda _: [])
    path = write_gold(tmp_path / "g.jsonl", GOLD)
    with pytest.raises(UsageError, match="not those of the gold file"):
        evaluate(path, lambda _: [Record(Document("x", "", ""), (), (), (), (), "")])
