"""GraphML, read back by programs that are not ours."""

from __future__ import annotations

import datetime
import json
import xml.etree.ElementTree as ElementTree
from itertools import pairwise
from pathlib import Path

import igraph
import networkx as nx
import numpy as np
import pytest

from kg import export
from kg.errors import UsageError
from kg.text import clean_text
from tests.hostile import make_hostile
from tests.sample_graphs import add_edge, add_node, make_large, make_small

XMLNS = "{http://graphml.graphdrawing.org/xmlns}"
SHOWN = {"label", "r", "g", "b"}  # added for those who draw
HARD = [
    "\"Ord\" i 'hermetegn'", "Smith & Sønn <AS>", "]]> og <!-- og ?>", "👩‍👩‍👧‍👦 🇳🇴", "linje\nskift\tog tab",
    "\x00\x08\x1b[31m\x85", "\ud800 alene", "\ufffe\uffff\U0001ffff",
    "Ø" * 500, " rom foran og bak ", "", "{\"json\": [1]}", "&amp;lt;", "مرحبا", "e\u0301", "a\u2028b",
]  # fmt: skip


def read_both(path: Path) -> tuple[nx.MultiDiGraph, igraph.Graph]:
    return nx.read_graphml(path, force_multigraph=True), igraph.Graph.Read_GraphML(str(path))


def expect(attributes: dict[str, object]) -> dict[str, object]:
    """What a reader should find: nothing for None, JSON for lists, the rest as it was but cleaned."""
    plain = {}
    for name, value in attributes.items():
        if isinstance(value, (list, dict)):
            plain[name] = json.loads(json.dumps(value).replace("\\u0000", "\\ufffd"))
        elif value is not None:
            plain[name] = clean_text(value) if isinstance(value, str) else value
    return plain


def unfold(attributes: dict[str, object]) -> dict[str, object]:
    """Without what is for drawing, and with lists as lists."""
    kept = {name: value for name, value in attributes.items() if name not in SHOWN}
    return {name: json.loads(value) if name in ("aliases", "evidence") else value for name, value in kept.items()}


@pytest.mark.parametrize("make", [make_small, lambda: make_large(300)], ids=["small", "large"])
def test_networkx_reads_the_same_graph(make: object, tmp_path: Path) -> None:
    graph = make()  # type: ignore[operator]
    export.write(graph, tmp_path / "graph.graphml")
    back, _ = read_both(tmp_path / "graph.graphml")
    assert {node: unfold(data) for node, data in back.nodes(data=True)} == {
        node: expect(data) for node, data in graph.nodes(data=True)
    }
    found = {(head, data["relation"], tail): unfold(data) for head, tail, data in back.edges(data=True)}
    assert found == {(head, key, tail): expect(data) for head, tail, key, data in graph.edges(keys=True, data=True)}


def test_igraph_reads_the_same_graph(tmp_path: Path) -> None:
    graph = make_small()
    export.write(graph, tmp_path / "graph.graphml")
    _, back = read_both(tmp_path / "graph.graphml")
    assert back.is_directed()
    for vertex in back.vs:
        attributes = unfold({name: value for name, value in vertex.attributes().items() if name != "id"})
        assert attributes == expect(graph.nodes[vertex["id"]])
    names = back.vs["id"]
    found = {(names[edge.source], edge["relation"], names[edge.target]): edge.attributes() for edge in back.es}
    assert set(found) == {(head, key, tail) for head, tail, key in graph.edges(keys=True)}
    for (head, relation, tail), attributes in found.items():
        given = expect(graph.edges[head, tail, relation])
        for name, value in unfold(attributes).items():
            absent = value == "" or value != value  # igraph has no None: empty text, not-a-number
            assert name == "id" or (absent and name not in given) or given[name] == value


def test_difficult_names_survive(tmp_path: Path) -> None:
    graph = nx.MultiDiGraph()
    for i, name in enumerate(HARD):
        add_node(graph, f"org:{i}", name=name, aliases=[name, f"{name}{i}"])
        evidence = [{"sentence": name, "source": name, "title": None, "date": None}]
        add_edge(graph, f"org:{i}", f"org:{(i + 1) % len(HARD)}", relation="meets", evidence=evidence)
    export.write(graph, tmp_path / "graph.graphml")
    back, other = read_both(tmp_path / "graph.graphml")
    vertices = {vertex["id"]: vertex for vertex in other.vs}
    for i, name in enumerate(HARD):
        assert back.nodes[f"org:{i}"]["name"] == vertices[f"org:{i}"]["name"] == clean_text(name)
        assert json.loads(back.nodes[f"org:{i}"]["aliases"]) == [clean_text(name), clean_text(f"{name}{i}")]
    sentences = {json.loads(data["evidence"])[0]["sentence"] for _, _, data in back.edges(data=True)}
    assert sentences == {clean_text(name) for name in HARD}


def test_ten_thousand_hostile_names_come_back(tmp_path: Path) -> None:
    names = make_hostile(10_000)
    graph = nx.MultiDiGraph()
    for i, name in enumerate(names):
        add_node(graph, f"person:{i}", name=name, type="PERSON", aliases=[name])
    export.write(graph, tmp_path / "graph.graphml")
    back, other = read_both(tmp_path / "graph.graphml")
    wanted = {f"person:{i}": clean_text(name) for i, name in enumerate(names)}
    assert {node: data["name"] for node, data in back.nodes(data=True)} == wanted
    assert dict(zip(other.vs["id"], other.vs["name"], strict=True)) == wanted


def test_hostile_ids_come_back(tmp_path: Path) -> None:
    ids = sorted({clean_text(name) for name in make_hostile(2_000)} - {""})
    graph = nx.MultiDiGraph()
    for a, b in pairwise(ids):
        add_edge(graph, a, b, relation="meets")
    export.write(graph, tmp_path / "graph.graphml")
    back, other = read_both(tmp_path / "graph.graphml")
    assert sorted(back) == ids
    # libxml2 hands igraph "&" of an XML attribute as "&#38;"; ids that kg makes hold none.
    assert sorted(id.replace("&#38;", "&") for id in other.vs["id"]) == ids
    assert back.number_of_edges() == len(ids) - 1


def test_gephi_finds_its_properties(tmp_path: Path) -> None:
    """Gephi takes a key by id before name, and of these ids for its own; the others must not be among them."""
    export.write(make_small(), tmp_path / "graph.graphml")
    root = ElementTree.parse(tmp_path / "graph.graphml").getroot()
    keys = {key.get("id"): (key.get("for"), key.get("attr.name")) for key in root.findall(f"{XMLNS}key")}
    assert len(keys) == len(root.findall(f"{XMLNS}key"))
    node = {"label", "d3", "x", "y", "xpos", "ypos", "z", "size", "r", "g", "b"}
    edge = {"label", "edgelabel", "d7", "weight", "Edge Weight", "id", "edgeid", "r", "g", "b"}
    assert not set(keys) & (node | edge)
    assert {name for owner, name in keys.values() if owner == "node" and name in node} == SHOWN
    assert {name for owner, name in keys.values() if owner == "edge" and name in edge} == {"label", "weight"}
    assert {owner for owner, _ in keys.values()} == {"node", "edge"}
    edges = root.findall(f".//{XMLNS}edge")
    assert len({element.get("id") for element in edges}) == 15
    assert [e.find(f"{XMLNS}data[@key='e_weight']").text for e in edges if "agreement_with" in e.get("id")] == [
        "4",
        "2",
    ]
    havdal = root.find(f".//{XMLNS}node[@id='org:havdal']")
    values = {data.get("key"): data.text for data in havdal}
    assert values["n_label"] == values["n_name"] == "Havdal"
    assert all(0 <= int(values[f"n_{band}"]) <= 255 for band in "rgb")


def test_neo4j_finds_labels_types_and_lists(tmp_path: Path) -> None:
    export.write(make_small(), tmp_path / "graph.graphml")
    root = ElementTree.parse(tmp_path / "graph.graphml").getroot()
    assert root.find(f".//{XMLNS}node[@id='person:maja-lind']").get("labels") == ":Person"
    leads = root.find(f".//{XMLNS}edge[@source='person:maja-lind']")
    assert (leads.get("label"), leads.get("target")) == ("LEADS", "org:nordlys")
    aliases = root.find(f"{XMLNS}key[@id='n_aliases']")
    assert (aliases.get("attr.type"), aliases.get("attr.list")) == ("string", "string")
    assert json.loads(root.find(f".//{XMLNS}node[@id='org:nordlys']/{XMLNS}data[@key='n_aliases']").text) == [
        "Nordlys",
        "Nordlys AS",
    ]


def test_values_that_graphml_has_no_word_for(tmp_path: Path) -> None:
    graph = nx.MultiDiGraph(made=datetime.date(2026, 1, 2))
    add_node(graph, "a", score=np.float32(0.5), flag=np.bool_(True), day=datetime.date(2026, 1, 2), odd=float("nan"))
    add_node(graph, "b", score=3, flag=False, mixed=1, tags={"y", "x"}, vector=np.array([1, 2]))
    add_node(graph, "c", mixed="to", object=Path("a"))
    export.write(graph, tmp_path / "graph.graphml")
    back, _ = read_both(tmp_path / "graph.graphml")
    assert (back.nodes["a"]["score"], back.nodes["b"]["score"]) == (0.5, 3.0)
    assert (back.nodes["a"]["flag"], back.nodes["b"]["flag"]) == (True, False)
    assert (back.nodes["b"]["mixed"], back.nodes["c"]["mixed"]) == ("1", "to")
    assert (back.nodes["a"]["day"], back.nodes["b"]["tags"]) == ("2026-01-02", '["x", "y"]')
    assert (back.nodes["b"]["vector"], back.nodes["c"]["object"]) == ("[1, 2]", "a")
    assert "odd" not in back.nodes["a"]


def test_undirected_and_simple_graphs(tmp_path: Path) -> None:
    graph = nx.Graph()
    graph.add_edge("b", "a", weight=2)
    export.write(graph, tmp_path / "graph.graphml")
    back = nx.read_graphml(tmp_path / "graph.graphml")
    assert not back.is_directed()
    assert back.edges["a", "b"]["weight"] == 2


def test_two_nodes_of_one_id_are_refused(tmp_path: Path) -> None:
    graph = nx.MultiDiGraph()
    graph.add_nodes_from([1, "1"])
    with pytest.raises(UsageError, match="one id, '1'"):
        export.write(graph, tmp_path / "graph.graphml")
    assert list(tmp_path.iterdir()) == []


def test_origin_is_told(tmp_path: Path) -> None:
    export.write(make_small(), tmp_path / "graph.graphml")
    told = ElementTree.parse(tmp_path / "graph.graphml").getroot().find(f"{XMLNS}desc").text
    assert json.loads(told) == {"documents": 3, "kg_version": "0.1.0", "pipelines": ["kg-nb 1.0.0"]}
