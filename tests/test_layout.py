"""Positions: the same for the same graph, spread out, nothing on top of anything."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from itertools import combinations

import networkx as nx
import pytest

from kg import layout
from kg.layout import CHAR_WIDTH, LABEL_CHARS, LABEL_HEIGHT, LARGEST, SMALLEST, Layout, place_nodes
from tests.sample_graphs import add_edge, add_node, make_large, make_small


def find_overlaps(graph: nx.MultiDiGraph, placed: Layout) -> list[tuple[object, object]]:
    """Pairs whose shape or name, as the page draws it at zoom 1, cover one another."""
    boxes = {}
    for node, (x, y) in placed.positions.items():
        radius = placed.radii[node]
        half = max(radius, CHAR_WIDTH * min(len(graph.nodes[node]["name"]), LABEL_CHARS) / 2)
        tall = radius + LABEL_HEIGHT / 2
        boxes[node] = (x - half, y - tall, x + half, y + tall)
    pairs = combinations(boxes.items(), 2)
    return [(a, b) for (a, p), (b, q) in pairs if p[0] < q[2] and q[0] < p[2] and p[1] < q[3] and q[1] < p[3]]


@pytest.mark.parametrize("size", [12, 60, 150, 300])
def test_nothing_overlaps_in_a_small_graph(size: int) -> None:
    graph = make_small() if size == 12 else make_large(size)
    placed = place_nodes(graph)
    assert set(placed.positions) == set(graph)
    assert find_overlaps(graph, placed) == []


def test_a_star_does_not_become_a_knot() -> None:
    graph = nx.MultiDiGraph()
    for i in range(60):
        add_node(graph, f"person:{i}", name=f"Person nummer {i}", type="PERSON")
        add_edge(graph, f"person:{i}", "org:hub", relation="works_for")
    add_node(graph, "org:hub", name="Navet", mentions=60)
    placed = place_nodes(graph)
    assert find_overlaps(graph, placed) == []
    hub = placed.positions["org:hub"]
    xs, ys = zip(*placed.positions.values(), strict=True)
    assert min(xs) < hub[0] < max(xs)
    assert min(ys) < hub[1] < max(ys)


def test_linked_nodes_lie_nearer_than_others() -> None:
    graph = make_small()
    positions = place_nodes(graph).positions

    def mean_distance(pairs: list[tuple[str, str]]) -> float:
        lengths = [
            ((positions[a][0] - positions[b][0]) ** 2 + (positions[a][1] - positions[b][1]) ** 2) ** 0.5
            for a, b in pairs
        ]
        return sum(lengths) / len(lengths)

    linked = [(a, b) for a, b in combinations(graph, 2) if graph.has_edge(a, b) or graph.has_edge(b, a)]
    others = [pair for pair in combinations(graph, 2) if pair not in linked]
    assert mean_distance(linked) < 0.7 * mean_distance(others)


def test_large_graph_is_spread_and_quick_enough_to_draw() -> None:
    graph = make_large(1_500)
    placed = place_nodes(graph)
    assert len(set(placed.positions.values())) == 1_500
    xs, ys = zip(*placed.positions.values(), strict=True)
    assert 1_000 < max(xs) - min(xs) < 6_000
    assert 1 < (max(xs) - min(xs)) / (max(ys) - min(ys)) < 2.2
    touching = sum(
        abs(a[0] - b[0]) < SMALLEST and abs(a[1] - b[1]) < SMALLEST
        for a, b in combinations(placed.positions.values(), 2)
    )
    assert touching < 15


def test_community_of_more_nodes_than_stress_takes() -> None:
    graph = nx.MultiDiGraph()
    dense = nx.gnm_random_graph(layout.STRESS_MAX + 60, 6_000, seed=3)
    for a, b in dense.edges:
        add_edge(graph, f"org:{a}", f"org:{b}", relation="meets")
    for a in range(5):
        add_edge(graph, f"org:{a}", f"place:{a}", relation="located_in")
    for node in graph:
        add_node(graph, node)
    placed = place_nodes(graph)
    assert len(set(placed.positions.values())) == len(graph)


@pytest.mark.parametrize("size", [12, 200, 700])
def test_order_of_the_graph_does_not_matter(size: int) -> None:
    graph = make_small() if size == 12 else make_large(size)
    shuffled = nx.MultiDiGraph()
    nodes, edges = list(graph.nodes(data=True)), list(graph.edges(keys=True, data=True))
    random.Random(1).shuffle(nodes)
    random.Random(2).shuffle(edges)
    shuffled.add_nodes_from(nodes)
    shuffled.add_edges_from(edges)
    assert place_nodes(shuffled) == place_nodes(graph)


def test_another_process_places_alike() -> None:
    code = (
        "from tests.sample_graphs import make_large; from kg.layout import place_nodes; "
        "print(sorted(place_nodes(make_large(400)).positions.items()))"
    )
    shown = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": ".", "OPENBLAS_NUM_THREADS": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert shown[0] == shown[1] == f"{sorted(place_nodes(make_large(400)).positions.items())}\n"


def test_communities_are_named_after_their_strongest_members() -> None:
    placed = place_nodes(make_small())
    assert placed.communities[0].name == "Havdal, Nordlys, Øyvind Strand"
    assert placed.communities[0].members[:2] == ("org:havdal", "org:nordlys")
    assert sorted(node for community in placed.communities for node in community.members) == sorted(make_small())
    assert [len(c.members) for c in placed.communities] == sorted(len(c.members) for c in placed.communities)[::-1]


def test_size_grows_with_mentions() -> None:
    graph = make_small()
    placed = place_nodes(graph)
    ranked = sorted(graph, key=lambda node: graph.nodes[node]["mentions"])
    sizes = [placed.radii[node] for node in ranked]
    assert sizes == sorted(sizes)
    assert SMALLEST < sizes[0] < sizes[-1] <= LARGEST


def test_nodes_without_links_stand_beside_the_rest() -> None:
    graph = make_small()
    for i in range(8):
        add_node(graph, f"event:{i}", name=f"Løs hendelse {i}", type="EVENT")
    placed = place_nodes(graph)
    assert find_overlaps(graph, placed) == []
    assert all(node in make_small() for community in placed.communities for node in community.members)


def test_graphs_of_nothing_or_little() -> None:
    empty = place_nodes(nx.MultiDiGraph())
    assert (empty.positions, empty.communities) == ({}, ())
    lone = nx.MultiDiGraph()
    lone.add_node("org:alene")
    assert place_nodes(lone).positions == {"org:alene": (0, 0)}
    lone.add_edge("org:alene", "org:alene", "meets", weight=None)
    assert place_nodes(lone).positions == {"org:alene": (0, 0)}
