"""Questions and their answers, on a corpus small enough to check by eye."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kg.errors import AmbiguousError, NotFoundError, UsageError
from kg.query import (
    Filter,
    NeighbourRow,
    Relation,
    find_entity,
    find_path,
    list_evidence,
    list_neighbours,
    open_store,
    search,
    show_entity,
    stats,
    top_entities,
)
from kg.query.answers import Answers
from kg.store import Store, add_correction, refresh
from kg.store import open_store as open_plain_store
from tests.stubs import CORPUS, add_text, resolve_by_id

DATES = dict(zip(CORPUS, ["2026-01-01", "2026-01-02", "2026-01-03", None, "2026-01-05", "2026-01-06"], strict=True))


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with open_plain_store(":memory:", write=True) as opened:
        fill(opened)
        yield opened


def fill(store: Store) -> None:
    for path, text in CORPUS.items():
        add_text(store, path, text, date=DATES[path], title=path.upper())
    refresh(store, resolve_by_id)


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("place:tromso", "place:tromso"),
        ("Tromsø", "place:tromso"),
        ("tromso", "place:tromso"),
        ("TROMSØ", "place:tromso"),
        ("kari  holm", "person:kari-holm"),
        ("Strand", "person:ola-strand"),
        ("lie", "person:per-lie"),
        ("fjell", "org:fjellbygg"),
        ("holm kari", "person:kari-holm"),
    ],
)
def test_name_as_people_type_it(store: Store, name: str, id: str) -> None:
    assert find_entity(store, name).id == id


def test_case_tells_aliases_apart() -> None:
    with open_plain_store(":memory:", write=True) as other:
        add_text(other, "a.txt", "Kari Holm er der.")
        refresh(other, resolve_by_id)
        for name in ("Ap", "AP"):
            other.run("INSERT INTO entity (id, name, type) VALUES (?, ?, 'ORG')", (f"org:{name}", f"Long {name}"))
            other.run(
                "INSERT INTO alias (entity, name, fold, mentions) SELECT key, ?, 'ap', 1 FROM entity WHERE id = ?",
                (name, f"org:{name}"),
            )
        assert [find_entity(other, name).id for name in ("Ap", "AP")] == ["org:Ap", "org:AP"]
        with pytest.raises(AmbiguousError):
            find_entity(other, "ap")


def test_exact_name_comes_before_alias_and_part(store: Store) -> None:
    assert find_entity(store, "Holm").id == "org:holm"
    with pytest.raises(NotFoundError, match="nothing in the graph is called 'Holm'"):
        find_entity(store, "Holm", type="PLACE")
    assert find_entity(store, "Holm", type="PERSON").id == "person:kari-holm"


def test_unclear_name_lists_its_matches(store: Store) -> None:
    with pytest.raises(AmbiguousError, match="'k' may be any of 2 entities") as caught:
        find_entity(store, "k")
    assert caught.value.matches == (
        ("org:kystkraft", "Kystkraft", "ORG"),
        ("person:kari-holm", "Kari Holm", "PERSON"),
    )


@pytest.mark.parametrize("name", ["Fjelbygg", "felbygg", "Fiellbygg", "FJELLBYGG AS"])
def test_unknown_name_suggests_near_ones(store: Store, name: str) -> None:
    with pytest.raises(NotFoundError, match="did you mean Fjellbygg") as caught:
        find_entity(store, name)
    assert caught.value.suggestions == ("Fjellbygg",)


@pytest.mark.parametrize(
    "name", ["", " ", "*", '"', 'AT&T "', "foo-bar", "NEAR(", "'; DROP TABLE entity", "Æ", "日本語"]
)
def test_name_of_any_kind_is_only_a_name(store: Store, name: str) -> None:
    with pytest.raises(NotFoundError):
        find_entity(store, name)
    assert search(store, name).sentences == ()


def relation(name: str, direction: str, weight: int, documents: int, *dates: str, status: str = "stated") -> Relation:
    return Relation(name, direction, weight, documents, status, None, None, 0, *dates)


def test_neighbours_strongest_first_with_all_relations(store: Store) -> None:
    rows = list_neighbours(store, find_entity(store, "Fjellbygg"))
    told = [
        (r.name, r.weight, r.documents, [(x.relation, x.direction, x.weight, x.status) for x in r.relations])
        for r in rows
    ]
    assert told == [
        ("Kystkraft", 2, 2, [("owns", "out", 1, "stated"), ("appears_with", "both", 1, "stated")]),
        ("Havfisk", 2, 1, [("conflict_with", "both", 1, "stated"), ("owns", "out", 1, "denied")]),
        ("Kari Holm", 1, 1, [("leads", "in", 1, "stated")]),
        ("Bratvik", 1, 2, [("appears_with", "both", 1, "stated")]),
    ]
    assert rows[0].relations[1] == Relation(
        "appears_with", "both", 1, 2, "stated", 0.1315, 2.5, 3, "2026-01-01", "2026-01-05"
    )
    assert rows[2] == NeighbourRow(
        "person:kari-holm", "Kari Holm", "PERSON", 1, 1, 1, (relation("leads", "in", 1, 1, "2026-01-01", "2026-01-01"),)
    )


@pytest.mark.parametrize("seed", range(5))
def test_first_neighbours_are_those_of_the_whole_list_after_any_history(seed: int) -> None:
    rng = random.Random(seed)
    names = ["Fjellbygg", "Kystkraft", "Havfisk", "Kari Holm", "Ola Strand", "Bratvik", "Nordmat", "Per Lie"]
    with open_plain_store(":memory:", write=True) as store:
        for number in range(60):
            verb = rng.choice(["eier", "og", "leder", "saksøker", "og"])
            text = f"{rng.choice(names[:3])} {verb} {rng.choice(names)}. Nummer {number}."
            add_text(store, f"{rng.randrange(40)}.txt", text, date="2026-01-01")
            if number % 20 == 19:
                refresh(store, resolve_by_id)
        for name in names[:3]:
            entity = find_entity(store, name)
            for type in (None, "ORG", "PERSON"):
                whole = list_neighbours(store, entity, type=type)
                recounted = list_neighbours(store, entity, type=type, filter=Filter(since="2026-01-01"))
                assert [row.id for row in whole] == [row.id for row in recounted]
                assert all(list_neighbours(store, entity, type=type, limit=n) == whole[:n] for n in range(1, 9))


@pytest.mark.parametrize(
    ("filter", "type", "names"),
    [
        (Filter(relations=("owns",)), None, ["Kystkraft", "Havfisk"]),
        (Filter(relations=("owns",), statuses=("stated",)), None, ["Kystkraft"]),
        (Filter(statuses=("denied",)), None, ["Havfisk"]),
        (Filter(since="2026-01-02"), None, ["Kystkraft", "Bratvik"]),
        (Filter(until="2026-01-01"), None, ["Kari Holm", "Kystkraft", "Bratvik"]),
        (Filter(since="2027-01-01"), None, []),
        (Filter(), "PLACE", ["Bratvik"]),
        (Filter(until="2026-01-01"), "PERSON", ["Kari Holm"]),
    ],
)
def test_neighbours_filtered(store: Store, filter: Filter, type: str | None, names: list[str]) -> None:
    rows = list_neighbours(store, find_entity(store, "Fjellbygg"), filter=filter, type=type)
    assert [row.name for row in rows] == names
    limited = list_neighbours(store, find_entity(store, "Fjellbygg"), filter=filter, type=type, limit=1)
    assert limited == rows[:1]


def test_dates_hold_for_every_count(store: Store) -> None:
    """As in a store that holds only the documents of those days."""
    filter = Filter(since="2026-01-02", until="2026-01-05")
    with open_plain_store(":memory:", write=True) as other:
        for path, date in DATES.items():
            if date and "2026-01-02" <= date <= "2026-01-05":
                add_text(other, path, CORPUS[path], date=date, title=path.upper())
        refresh(other, resolve_by_id)
        for name in ("Fjellbygg", "Kystkraft", "Bratvik"):
            here, there = find_entity(store, name), find_entity(other, name)
            assert list_neighbours(store, here, filter=filter) == list_neighbours(other, there)
        a, b = (find_entity(store, name) for name in ("Kystkraft", "Fjellbygg"))
        assert find_path(store, a, b, filter=filter)[0].relation == find_path(other, a, b)[0].relation
        for by in ("degree", "mentions", "pagerank", "betweenness"):
            linked = [row for row in top_entities(other, by=by) if row.degree]
            assert [replace(row, score=0) for row in top_entities(store, by=by, filter=filter)] == [
                replace(row, score=0) for row in linked
            ]


def test_neighbours_two_steps_away_say_through_whom(store: Store) -> None:
    rows = list_neighbours(store, find_entity(store, "Per Lie"), depth=2)
    assert [(row.name, row.depth, row.via) for row in rows] == [
        ("Kari Holm", 1, None),
        ("Tromsø", 1, None),
        ("Fjellbygg", 2, "Kari Holm"),
        ("Kystkraft", 2, "Tromsø"),
        ("Ola Strand", 2, "Kari Holm"),
        ("Bratvik", 2, "Kari Holm"),
    ]


def test_evidence_newest_first_and_each_sentence_once(store: Store) -> None:
    a, b = find_entity(store, "Kystkraft"), find_entity(store, "Fjellbygg")
    rows = list_evidence(store, a, b)
    assert [(r.date, r.relation, r.sentence, r.source, [s[0] for s in r.sources]) for r in rows] == [
        ("2026-01-02", "owns", "Fjellbygg eier Kystkraft.", "b.txt", ["b.txt"]),
        ("2026-01-01", "appears_with", "Fjellbygg og Kystkraft er i Bratvik.", "a.txt", ["a.txt", "e.txt"]),
    ]
    assert list_evidence(store, a, b, filter=Filter(since="2026-01-03"))[0].source == "e.txt"
    for row in rows:
        assert CORPUS[row.source][row.start : row.end] == row.sentence


def test_path_prefers_what_is_stated_and_quotes_it(store: Store) -> None:
    steps = find_path(store, find_entity(store, "Havfisk"), find_entity(store, "Per Lie"))
    assert [
        (s.head_name, s.relation.relation, s.relation.direction, s.tail_name, s.evidence.sentence) for s in steps
    ] == [
        ("Havfisk", "conflict_with", "both", "Fjellbygg", "Havfisk saksøker Fjellbygg."),
        ("Fjellbygg", "leads", "in", "Kari Holm", "Kari Holm leder Fjellbygg."),
        ("Kari Holm", "appears_with", "both", "Per Lie", "Per Lie og Kari Holm er i Tromsø."),
    ]
    back = find_path(store, find_entity(store, "Per Lie"), find_entity(store, "Havfisk"))
    assert [step.tail for step in back] == [step.head for step in reversed(steps)]


def test_no_path_is_said(store: Store) -> None:
    with pytest.raises(NotFoundError, match="no path links Nordmat and Havfisk"):
        find_path(store, find_entity(store, "Nordmat"), find_entity(store, "Havfisk"))
    with pytest.raises(NotFoundError, match="the same entity"):
        find_path(store, find_entity(store, "Nordmat"), find_entity(store, "Nordmat"))
    with pytest.raises(NotFoundError, match="no path"):
        find_path(
            store, find_entity(store, "Per Lie"), find_entity(store, "Fjellbygg"), filter=Filter(until="2026-01-02")
        )


def test_show_tells_each_alias_and_why(store: Store) -> None:
    detail = show_entity(store, find_entity(store, "Ola Strand"))
    assert [(a.name, a.mentions, a.rules, a.source) for a in detail.aliases] == [
        ("Ola Strand", 2, (("same name", 2),), "c.txt"),
        ("Strand", 1, (("surname of Ola Strand", 1),), "c.txt"),
    ]
    assert detail.aliases[1].example == CORPUS["c.txt"]
    assert detail.merges == (("same name", 2),)
    assert detail.types == (("PERSON", 2),)
    assert [(d.source, d.title, d.date, d.mentions) for d in detail.documents] == [
        ("e.txt", "E.TXT", "2026-01-05", 1),
        ("c.txt", "C.TXT", "2026-01-03", 2),
    ]
    assert detail.neighbours == tuple(list_neighbours(store, detail.entity, limit=10))


def test_search_finds_names_and_sentences(store: Store) -> None:
    found = search(store, "BRATVIK")
    assert [row.id for row in found.entities] == ["place:bratvik"]
    assert [(text, row.source) for text, row in found.sentences] == [
        ("Fjellbygg og Kystkraft er i Bratvik.", "e.txt"),
        ("Strand og Kari Holm er i Bratvik.", "c.txt"),
        ("Fjellbygg og Kystkraft er i Bratvik.", "a.txt"),
    ]
    assert [text for text, _ in search(store, "i Tromsø", limit=1).sentences] == ["Per Lie og Kari Holm er i Tromsø."]
    near = search(store, "Kystkrft")
    assert (near.near, [row.id for row in near.entities]) == (True, ["org:kystkraft"])
    assert [row.id for row in search(store, "kyst").entities] == ["org:kystkraft"]


def test_top_by_every_order(store: Store) -> None:
    assert [(row.id, row.score) for row in top_entities(store, by="degree", limit=3)] == [
        ("org:kystkraft", 5.0),
        ("person:kari-holm", 5.0),
        ("person:ola-strand", 5.0),
    ]
    assert [(row.id, row.score) for row in top_entities(store, by="documents", type="PLACE")] == [
        ("place:bratvik", 3.0),
        ("place:tromso", 2.0),
        ("place:storvik", 1.0),
    ]
    assert top_entities(store, by="mentions", limit=1)[0].id == "org:fjellbygg"
    ranked = top_entities(store, by="pagerank", limit=99)
    assert len(ranked) == 11 and abs(sum(row.score for row in ranked) - 1) < 1e-4
    assert [row.id for row in top_entities(store, by="betweenness", limit=2)] == ["org:fjellbygg", "person:kari-holm"]
    with pytest.raises(UsageError, match="cannot order by 'fame'"):
        top_entities(store, by="fame")


def test_stats(store: Store) -> None:
    assert stats(store) == {
        "documents": 6, "mentions": 30, "entities": 11, "edges": 20, "links": 23, "skipped": 0, "corrections": 0,
        "types": {"PERSON": 3, "ORG": 5, "PLACE": 3},
        "relations": {"appears_with": 14, "owns": 3, "leads": 2, "conflict_with": 1},
        "pipelines": [["stub 1", "nb", 6]],
        "near_copies": 0, "dated": 5, "first_date": "2026-01-01", "last_date": "2026-01-06",
    }  # fmt: skip


def test_answers_do_not_depend_on_the_order_of_reading(store: Store) -> None:
    with open_plain_store(":memory:", write=True) as other:
        for path in reversed(CORPUS):
            add_text(other, path, CORPUS[path], date=DATES[path], title=path.upper())
        add_correction(other, "none", {})
        refresh(other, resolve_by_id)
        for name in ("Fjellbygg", "Kari Holm", "Tromsø"):
            assert list_neighbours(other, find_entity(other, name), depth=3) == list_neighbours(
                store, find_entity(store, name), depth=3
            )
        ends = ("Per Lie", "Havfisk")
        assert find_path(other, *(find_entity(other, e) for e in ends)) == find_path(
            store, *(find_entity(store, e) for e in ends)
        )


def test_open_store_answers_by_name(tmp_path: Path) -> None:
    with open_plain_store(tmp_path / "kg.db", write=True) as made:
        fill(made)
    with open_store(tmp_path / "kg.db") as store:
        assert isinstance(store, Answers)
        assert [row.name for row in store.neighbours("fjellbygg", relation="leads")] == ["Kari Holm"]
        assert [step.tail_name for step in store.path("Lie", "Fjellbygg")] == ["Kari Holm", "Fjellbygg"]
        assert store.evidence("Fjellbygg", "Kari Holm")[0].predicate == "leder"
        assert store.show("Strand").entity.id == "person:ola-strand"
        assert store.search("storvik").sentences[0][0] == "Nordmat er i Storvik."
        assert store.top(limit=1)[0].name == "Fjellbygg"
        assert store.stats()["documents"] == 6
        assert sorted(store.ego("Per Lie").nodes) == ["person:kari-holm", "person:per-lie", "place:tromso"]
        assert len(store.graph()) == 11


LIGHT = """
import sys
from kg.query import *
with open_store(sys.argv[1]) as store:
    a, b = find_entity(store, "fjellbygg"), find_entity(store, "tromso")
    assert list_neighbours(store, a, depth=2) and find_path(store, a, b)
    assert list_evidence(store, a, find_entity(store, "kari holm"))
    assert show_entity(store, a) and search(store, "kyst") and top_entities(store) and stats(store)
print(*sorted(m for m in sys.modules if m.split(".")[0] in
    ("spacy", "networkx", "numpy", "rapidfuzz", "rustworkx", "py3langid", "trafilatura", "lxml", "kg")))
"""


def test_look_ups_load_nothing_heavy(tmp_path: Path) -> None:
    with open_plain_store(tmp_path / "kg.db", write=True) as made:
        fill(made)
    done = subprocess.run(
        [sys.executable, "-c", LIGHT, str(tmp_path / "kg.db")],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent,
    )  # fmt: skip
    assert {module.split(".")[0] for module in done.stdout.split()} == {"kg"}
    assert not {"kg.resolve", "kg.flow", "kg.graph", "kg.tag"} & set(done.stdout.split())
