"""Store -> networkx: what nodes and edges carry, around an entity, filtered."""

from __future__ import annotations

from collections.abc import Iterator

import networkx
import pytest

from kg._version import __version__
from kg.errors import NotFoundError
from kg.graph import read_graph, score_entities, simple
from kg.query import Filter, find_entity
from kg.settings import Settings
from kg.store import Store, open_store, refresh
from kg.text import document_id
from tests.stubs import CORPUS, add_text, resolve_by_id


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with open_store(":memory:", write=True) as opened:
        for number, (path, text) in enumerate(CORPUS.items()):
            add_text(opened, path, text, date=f"2026-01-{number + 1:02}")
        refresh(opened, resolve_by_id)
        yield opened


def test_nodes_and_edges_carry_what_the_design_says(store: Store) -> None:
    graph = read_graph(store)
    assert list(graph.nodes) == sorted(graph.nodes)
    assert graph.nodes["person:ola-strand"] == {
        "name": "Ola Strand",
        "type": "PERSON",
        "aliases": ["Ola Strand", "Strand"],
        "mentions": 3,
        "documents": 2,
        "first_seen": "2026-01-03",
        "last_seen": "2026-01-05",
    }
    assert graph.edges["person:kari-holm", "org:fjellbygg", "leads"] == {
        "relation": "leads",
        "weight": 1,
        "documents": 1,
        "npmi": None,
        "together": None,
        "expected": None,
        "first_seen": "2026-01-01",
        "last_seen": "2026-01-01",
        "symmetric": False,
        "status": "stated",
        "evidence": [
            {
                "document": document_id(CORPUS["a.txt"]),
                "source": "a.txt",
                "title": None,
                "date": "2026-01-01",
                "sentence": "Kari Holm leder Fjellbygg.",
                "start": 0,
                "end": 26,
                "predicate": "leder",
                "status": "stated",
                "rule": "verb leder",
                "speaker": None,
                "sources": ["a.txt"],
            }
        ],
    }
    both = graph.edges["org:kystkraft", "place:bratvik", "appears_with"]
    assert (both["symmetric"], both["weight"], both["documents"], both["npmi"]) == (True, 1, 2, 0.2623)
    assert both["evidence"][0]["sources"] == ["a.txt", "e.txt"]
    assert graph.graph == {"kg_version": __version__, "documents": 6, "pipelines": ["stub 1"]}
    assert len(graph) == 11 and graph.size() == 20


def test_same_store_same_graph_in_the_same_order(store: Store) -> None:
    one, other = read_graph(store), read_graph(store)
    assert list(one.nodes(data=True)) == list(other.nodes(data=True))
    assert list(one.edges(keys=True, data=True)) == list(other.edges(keys=True, data=True))


def test_around_an_entity(store: Store) -> None:
    lie = find_entity(store, "Per Lie")
    near = read_graph(store, around=lie)
    assert list(near.nodes) == ["person:kari-holm", "person:per-lie", "place:tromso"]
    assert sorted((a, b) for a, b, _ in near.edges) == [
        ("person:kari-holm", "person:per-lie"),
        ("person:kari-holm", "place:tromso"),
        ("person:per-lie", "place:tromso"),
    ]
    assert networkx.utils.graphs_equal(read_graph(store, around="person:per-lie", depth=9), wide(store))
    assert list(read_graph(store, around=lie, types=["PLACE"]).nodes) == ["person:per-lie", "place:tromso"]
    assert list(read_graph(store, around=lie, filter=Filter(relations=("owns",))).nodes) == ["person:per-lie"]
    with pytest.raises(NotFoundError, match="no entity with the id 'org:nobody'"):
        read_graph(store, around="org:nobody")


def wide(store: Store) -> networkx.MultiDiGraph:
    """All but the island of Nordmat and Storvik, and Holm who is linked to nobody."""
    graph = read_graph(store)
    graph.remove_nodes_from(["org:nordmat", "place:storvik", "org:holm"])
    return graph


def test_filters_leave_no_lonely_node(store: Store) -> None:
    owned = read_graph(store, filter=Filter(relations=("owns",), statuses=("stated",)))
    assert list(owned.edges) == [("org:fjellbygg", "org:kystkraft", "owns")]
    assert list(owned.nodes) == ["org:fjellbygg", "org:kystkraft"]
    late = read_graph(store, filter=Filter(since="2026-01-06"))
    assert sorted(late.nodes) == [
        "org:nordmat", "person:kari-holm", "person:per-lie", "place:storvik", "place:tromso",
    ]  # fmt: skip
    assert list(read_graph(store, min_weight=2).edges) == []
    assert read_graph(store, settings=Settings(evidence_per_edge=0)).size() == 20


def test_simple_adds_up_what_links_two(store: Store) -> None:
    plain = simple(read_graph(store))
    assert type(plain) is networkx.Graph
    assert plain["org:fjellbygg"]["org:kystkraft"] == {"weight": 2}
    assert plain.nodes["place:tromso"]["name"] == "Tromsø"


def test_scores_agree_with_networkx(store: Store) -> None:
    plain = simple(read_graph(store))
    for _, _, data in plain.edges(data=True):
        data["distance"] = 1 / data["weight"]
    expected = networkx.betweenness_centrality(plain, weight="distance")
    assert {row.id: score for row, score in score_entities(store, "betweenness")} == pytest.approx(expected, abs=1e-6)
    pages = {row.id: score for row, score in score_entities(store, "pagerank")}
    assert sum(pages.values()) == pytest.approx(1, abs=1e-4)
    assert max(pages, key=pages.__getitem__) == "org:kystkraft"
