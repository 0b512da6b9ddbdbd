"""Each export, read back by a program that is not ours: names, links and evidence are as they were."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import networkx as nx
import pyarrow.parquet
import pytest
import rdflib

import kg
from kg import export
from kg.errors import UsageError
from kg.export import FORMATS
from kg.export.neo4j import read_literal, write_literal
from kg.export.tables import read_cell
from kg.text import clean_text
from tests.conftest import Run
from tests.hostile import make_hostile
from tests.sample_graphs import add_edge, add_node, make_large, make_small

SCHEMA = rdflib.Namespace("https://schema.org/")
PROV = rdflib.Namespace("http://www.w3.org/ns/prov#")
TERM = rdflib.Namespace("urn:kg:term:")
Y = "{http://www.yworks.com/xml/graphml}"


def write(graph: nx.MultiDiGraph, folder: Path, format: str, *, raw: bool = False) -> list[Path]:
    return export.write(graph, folder / f"graph{FORMATS[format].suffixes[0]}", raw=raw)


def read_table(path: Path, *, delimiter: str = ",") -> list[dict[str, str]]:
    csv.field_size_limit(10_000_000)
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


# What each independent reader calls the name of an entity


def read_xml_names(paths: list[Path]) -> dict[str, str]:
    return {node: data["name"] for node, data in nx.read_graphml(paths[0], force_multigraph=True).nodes(data=True)}


def read_gexf_names(paths: list[Path]) -> dict[str, str]:
    return {node: data["name"] for node, data in nx.read_gexf(paths[0], version="1.3").nodes(data=True)}


def read_json_names(paths: list[Path]) -> dict[str, str]:
    graph = nx.node_link_graph(json.loads(paths[0].read_text(encoding="utf-8")), edges="edges")
    return {node: data["name"] for node, data in graph.nodes(data=True)}


def read_csv_names(paths: list[Path]) -> dict[str, str]:
    return {row["id"]: read_cell(row["name"]) for row in read_table(paths[0])}


def read_tsv_names(paths: list[Path]) -> dict[str, str]:
    return {row["id"]: read_cell(row["name"]) for row in read_table(paths[0], delimiter="\t")}


def read_neo4j_names(paths: list[Path]) -> dict[str, str]:
    return {row["id:ID"]: row["name:string"] for row in read_table(paths[0])}


def read_cypher_names(paths: list[Path]) -> dict[str, str]:
    """As Neo4j does: escapes of Unicode first, then one character after another; nothing but literals may be left."""
    found = {}
    for line in paths[0].read_text(encoding="utf-8").split("\n"):
        if line.startswith(":param"):
            literals, rest = split_literals(line)
            assert re.fullmatch(r"[\w :,=>\[\]{}.?-]*", rest.replace(" + ", "")), rest
            found.update(literals)
    return found


def split_literals(line: str) -> tuple[dict[str, str], str]:
    line = re.sub(r"\\u([0-9a-fA-F]{4})", lambda code: chr(int(code[1], 16)), line)
    names, rest, id, at = {}, "", "", 0
    while at < len(line):
        if line[at] != "'":
            rest += line[at]
            at += 1
            continue
        text, at = scan_literal(line, at + 1)
        while line.startswith(" + '", at):
            more, at = scan_literal(line, at + 4)
            text += more
        if rest.endswith("{id: "):
            id = text
        elif rest.endswith(" name: "):
            names[id] = text
        rest += "?"
    return names, rest


def scan_literal(line: str, at: int) -> tuple[str, int]:
    text = ""
    while line[at] != "'":
        if line[at] == "\\":
            at += 1
            text += {"n": "\n", "t": "\t"}.get(line[at], line[at])
        else:
            text += line[at]
        at += 1
    return text, at + 1


def read_turtle(path: Path) -> rdflib.Graph:
    return rdflib.Graph().parse(path, format="turtle")


def read_turtle_names(paths: list[Path]) -> dict[str, str]:
    graph = read_turtle(paths[0])
    return {str(id): str(graph.value(node, SCHEMA.name)) for node, id in graph.subject_objects(SCHEMA.identifier)}


def read_ftm_names(paths: list[Path]) -> dict[str, str]:
    rows = [json.loads(line) for line in paths[0].read_text(encoding="utf-8").split("\n") if line]
    return {row["kg_id"]: row["properties"]["name"][0] for row in rows if "kg_id" in row}


def read_parquet_names(paths: list[Path]) -> dict[str, str]:
    table = pyarrow.parquet.read_table(paths[0])
    return dict(zip(table["id"].to_pylist(), table["name"].to_pylist(), strict=True))


READERS: dict[str, Callable[[list[Path]], dict[str, str]]] = {
    "graphml": read_xml_names,
    "yed": read_xml_names,
    "gexf": read_gexf_names,
    "json": read_json_names,
    "csv": read_csv_names,
    "tsv": read_tsv_names,
    "neo4j": read_neo4j_names,
    "cypher": read_cypher_names,
    "turtle": read_turtle_names,
    "ftm": read_ftm_names,
    "parquet": read_parquet_names,
}


def make_graph_of(names: list[str]) -> tuple[nx.MultiDiGraph, dict[str, str]]:
    graph = nx.MultiDiGraph()
    for i, name in enumerate(names):
        add_node(graph, f"person:{i}", name=name, type="PERSON", aliases=[name])
    return graph, {f"person:{i}": clean_text(name) for i, name in enumerate(names)}


def test_every_format_has_a_reader() -> None:
    assert set(READERS) | {"html"} == set(FORMATS)


@pytest.mark.parametrize("format", READERS)
def test_a_thousand_hostile_names_come_back(format: str, tmp_path: Path) -> None:
    graph, wanted = make_graph_of(make_hostile(10_000)[::10])
    assert READERS[format](write(graph, tmp_path, format)) == wanted


@pytest.mark.slow
@pytest.mark.parametrize("format", READERS)
def test_ten_thousand_hostile_names_come_back_from_each(format: str, tmp_path: Path) -> None:
    graph, wanted = make_graph_of(make_hostile(10_000))
    assert READERS[format](write(graph, tmp_path, format)) == wanted


@pytest.mark.parametrize("format", READERS)
def test_hostile_sentences_sources_and_ids_are_written_whole(format: str, tmp_path: Path) -> None:
    texts = make_hostile(10_000)[5::100]
    graph = nx.MultiDiGraph()
    for i, text in enumerate(texts):
        add_node(graph, f"{i} {text}", name=text, aliases=[text, "x"])
        evidence = [{"document": f"d{i}", "source": text, "title": text, "date": text, "sentence": text}]
        add_edge(graph, f"{i} {text}", f"{i} {text}", relation=text, status=text, evidence=evidence)
    names = READERS[format](write(graph, tmp_path, format))
    if format in ("csv", "tsv"):
        names = {read_cell(id): name for id, name in names.items()}
    assert names == {clean_text(f"{i} {text}"): clean_text(text) for i, text in enumerate(texts)}


# GEXF and JSON


def test_gexf_has_dates_kinds_and_parallel_edges(tmp_path: Path) -> None:
    (path,) = write(make_small(), tmp_path, "gexf")
    back = nx.read_gexf(path, version="1.3")
    assert back.nodes["org:havdal"]["start"] == "2025-07-31"
    assert back.nodes["org:havdal"]["end"] == "2025-08-14"
    assert back.number_of_edges("org:havdal", "org:nordlys") == 2
    weights = {data["relation"]: data["weight"] for data in back.get_edge_data("org:havdal", "org:nordlys").values()}
    assert weights == {"agreement_with": 4, "appears_with": 5}
    edges = ElementTree.parse(path).getroot().findall(".//{http://gexf.net/1.3}edge")
    assert {edge.get("kind") for edge in edges} == {data["relation"] for _, _, data in back.edges(data=True)}
    assert len({edge.get("id") for edge in edges}) == len(edges) == 15
    assert {edge.get("start") for edge in edges} == {"2025-07-31"}


def test_json_gives_back_the_graph(tmp_path: Path) -> None:
    graph = make_small()
    (path,) = write(graph, tmp_path, "json")
    back = nx.node_link_graph(json.loads(path.read_text(encoding="utf-8")), edges="edges")
    for _, _, data in back.edges(data=True):
        del data["id"]
    assert nx.utils.graphs_equal(back, graph)


def test_yed_draws_every_entity_and_link(tmp_path: Path) -> None:
    (path,) = write(make_small(), tmp_path, "yed")
    root = ElementTree.parse(path).getroot()
    assert sorted(label.text or "" for label in root.iter(f"{Y}NodeLabel"))[:2] == ["Ankenes", "Brikka"]
    assert len({(box.get("x"), box.get("y")) for box in root.iter(f"{Y}Geometry")}) == 12
    assert {shape.get("type") for shape in root.iter(f"{Y}Shape")} == {
        "ellipse", "rectangle", "triangle", "diamond", "star5",
    }  # fmt: skip
    assert {line.get("type") for line in root.iter(f"{Y}LineStyle")} == {"line", "dashed", "dashed_dotted", "dotted"}
    assert nx.read_graphml(path, force_multigraph=True).nodes["org:havdal"]["shape_type"] == "rectangle"


# Tables


def test_tables_hold_nodes_edges_and_evidence(tmp_path: Path) -> None:
    graph = make_small()
    nodes, edges, evidence = write(graph, tmp_path, "csv")
    assert [path.name for path in (nodes, edges, evidence)] == [
        "graph-nodes.csv", "graph-edges.csv", "graph-evidence.csv",
    ]  # fmt: skip
    assert {row["id"]: int(row["mentions"]) for row in read_table(nodes)}["org:havdal"] == 14
    found = {(row["source"], row["relation"], row["target"]): int(row["weight"]) for row in read_table(edges)}
    assert found == {(a, key, b): data["weight"] for a, b, key, data in graph.edges(keys=True, data=True)}
    known = {row["id"] for row in read_table(edges)}
    rows = read_table(evidence)
    assert {row["edge"] for row in rows} == known
    assert {row["sentence"] for row in rows if row["edge"] == "org:havdal owns product:polarport"} == {
        "Havdal avviser å eie Polarport Norge alene."
    }


def test_no_cell_is_a_formula_but_in_raw_tables(tmp_path: Path) -> None:
    names = ["=1+1", "+47 12", "-x", "@SUM(1)", "\tx", "'=1", "''@x", "＝1", "Vanlig", "'s-Gravenhage", "-5"]
    graph, wanted = make_graph_of(names)
    for format, delimiter in (("csv", ","), ("tsv", "\t")):
        path = write(graph, tmp_path, format)[0]
        cells = [row["name"] for row in read_table(path, delimiter=delimiter)]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "＝"))]
        assert sorted(map(read_cell, cells)) == sorted(names)
        assert path.read_bytes().startswith(b"\xef\xbb\xbf")
        path = write(graph, tmp_path, format, raw=True)[0]
        assert {row["id"]: row["name"] for row in read_table(path, delimiter=delimiter)} == wanted
        assert path.read_bytes().startswith(b"id")
    with pytest.raises(UsageError, match="raw is for csv and tsv"):
        write(graph, tmp_path, "json", raw=True)


def test_tables_go_into_a_folder(tmp_path: Path) -> None:
    made = export.write(make_small(), tmp_path, format="tsv")
    assert [path.name for path in made] == ["kg-nodes.tsv", "kg-edges.tsv", "kg-evidence.tsv"]


def test_parquet_keeps_types(tmp_path: Path) -> None:
    nodes, edges, _ = write(make_small(), tmp_path, "parquet")
    types = {field.name: str(field.type) for field in pyarrow.parquet.read_schema(edges)}
    assert (types["weight"], types["npmi"], types["symmetric"]) == ("int64", "double", "bool")
    assert pyarrow.parquet.read_table(nodes).num_rows == 12


# Neo4j


def test_neo4j_import_tables(tmp_path: Path) -> None:
    nodes, relationships = write(make_small(), tmp_path, "neo4j")
    rows = read_table(nodes)
    assert {row[":LABEL"] for row in rows} == {
        "Entity;Person", "Entity;Org", "Entity;Place", "Entity;Product", "Entity;Event",
    }  # fmt: skip
    links = read_table(relationships)
    assert {row[":START_ID"] for row in links} | {row[":END_ID"] for row in links} <= {row["id:ID"] for row in rows}
    assert ("person:maja-lind", "LEADS", "2") in {(r[":START_ID"], r[":TYPE"], r["weight:long"]) for r in links}


def test_cypher_keeps_texts_out_of_statements(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export.neo4j, "BATCH", 50)
    (path,) = write(make_large(200), tmp_path, "cypher")
    lines = path.read_text(encoding="utf-8").split("\n")
    statements = [line for line in lines if line and not line.startswith(":param")]
    assert all(re.fullmatch(r"(CREATE CONSTRAINT|UNWIND \$rows AS row) [\w .(){}:$\[\]=>+-]*;", s) for s in statements)
    assert len(statements) > 15
    assert len(statements) == 1 + sum(line.startswith(":param rows => [{") for line in lines)


@pytest.mark.parametrize("text", ["\\u0027) DETACH DELETE n //", "\\", "\\\\u0027", "'", "\\'u0027", "a\nb", "u\\u"])
def test_no_text_ends_its_literal(text: str) -> None:
    literal = write_literal(text)
    assert read_literal(literal) == text
    assert split_literals(f"{{id: 'x', values: {{z: 1, name: {literal}}}")[0] == {"x": text}


# RDF


def test_turtle_keeps_links_with_their_sentences(tmp_path: Path) -> None:
    (path,) = write(make_small(), tmp_path, "turtle")
    graph = read_turtle(path)
    maja, nordlys = (rdflib.URIRef(f"urn:kg:entity:{id}") for id in ("person:maja-lind", "org:nordlys"))
    assert (maja, rdflib.RDF.type, SCHEMA.Person) in graph
    assert (maja, TERM.leads, nordlys) in graph
    assert (TERM.member_of, rdflib.RDFS.subPropertyOf, SCHEMA.memberOf) not in graph  # no such link here
    (link,) = graph.subjects(rdflib.RDF.subject, maja)
    texts = {str(graph.value(quoted, SCHEMA.text)) for quoted in graph.objects(link, PROV.wasDerivedFrom)}
    assert texts == {"Nordlys-sjef Maja Lind kaller det et stort steg."}
    documents = [graph.value(q, PROV.wasQuotedFrom) for q in graph.objects(link, PROV.wasDerivedFrom)]
    assert "Strand svarer kritikerne" in {str(graph.value(document, SCHEMA.name)) for document in documents}
    days = {graph.value(document, SCHEMA.datePublished) for document in documents} - {None}
    assert {day.datatype for day in days} == {rdflib.XSD.date}


def test_turtle_does_not_assert_what_is_denied(tmp_path: Path) -> None:
    (path,) = write(make_small(), tmp_path, "turtle")
    graph = read_turtle(path)
    havdal, polarport = rdflib.URIRef("urn:kg:entity:org:havdal"), rdflib.URIRef("urn:kg:entity:product:polarport")
    assert (havdal, TERM.owns, polarport) not in graph
    links = [s for s in graph.subjects(rdflib.RDF.subject, havdal) if graph.value(s, rdflib.RDF.predicate) == TERM.owns]
    assert [str(graph.value(link, TERM.status)) for link in links] == ["denied"]


# FollowTheMoney


def make_money() -> nx.MultiDiGraph:
    """Links of each kind, some that fit no schema."""
    graph = make_small()
    add_node(graph, "org:fjordkraft", name="Fjordkraft AS", aliases=["Fjordkraft"])
    add_node(graph, "org:lia-kommune", name="Lia kommune", aliases=[])
    evidence = [
        {"document": "d9", "source": "https://avisa.example/1", "date": "2025-01-02", "sentence": "Slik er det."}
    ]
    for head, relation, tail in (
        ("person:maja-lind", "works_for", "org:lia-kommune"),
        ("person:maja-lind", "member_of", "org:havdal"),
        ("person:maja-lind", "owns", "org:fjordkraft"),
        ("person:maja-lind", "owns", "org:lia-kommune"),
        ("person:maja-lind", "leads", "place:narvik"),
        ("person:kari-nes-holm", "family_of", "person:maja-lind"),
    ):
        add_edge(graph, head, tail, relation=relation, evidence=evidence)
    return graph


def read_lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def test_ftm_schemata(tmp_path: Path) -> None:
    (path,) = write(make_money(), tmp_path, "ftm")
    rows = read_lines(path)
    schemata = {row.get("kg_id") or row.get("kg_link"): row["schema"] for row in rows}
    assert {schemata[id] for id in ("person:maja-lind", "place:narvik", "event:isfestivalen", "product:polarport")} == {
        "Person", "Address", "Event", "Asset",
    }  # fmt: skip
    assert [schemata[f"org:{id}"] for id in ("fjordkraft", "lia-kommune", "brikka")] == [
        "Company", "PublicBody", "Organization",
    ]  # fmt: skip
    assert {link: schemata[f"person:maja-lind {link}"] for link in (
        "works_for org:lia-kommune", "member_of org:havdal", "owns org:fjordkraft", "owns org:lia-kommune",
        "leads place:narvik", "leads org:nordlys",
    )} == {
        "works_for org:lia-kommune": "Employment", "member_of org:havdal": "Membership",
        "owns org:fjordkraft": "Ownership", "owns org:lia-kommune": "UnknownLink", "leads place:narvik": "UnknownLink",
        "leads org:nordlys": "Directorship",
    }  # fmt: skip
    assert schemata["person:kari-nes-holm family_of person:maja-lind"] == "Family"
    assert schemata["org:havdal owns product:polarport"] == "UnknownLink"  # denied
    known = {row["id"] for row in rows}
    proofs = [proof for row in rows for proof in row["properties"].get("proof", ())]  # type: ignore[attr-defined]
    assert proofs and set(proofs) <= known


def test_ftm_is_valid_to_followthemoney(tmp_path: Path) -> None:
    followthemoney = pytest.importorskip("followthemoney", reason="needs ICU to build")
    graph = make_money()
    for i, name in enumerate(make_hostile(300)):
        add_node(graph, f"org:h{i}", name=name, aliases=[name])
    (path,) = write(graph, tmp_path, "ftm")
    schemata = {}
    for row in read_lines(path):
        followthemoney.model.get(row["schema"]).validate(row)
        proxy = followthemoney.ValueEntity.from_dict(row)
        schemata[proxy.id] = proxy.schema
        for prop, value in proxy.itervalues():
            assert prop.type.name in ("name", "string", "text", "address", "url") or prop.type.validate(value)
    for row in read_lines(path):  # each end is of a kind that the link may have
        schema = followthemoney.model.get(row["schema"])
        for name, values in row["properties"].items():  # type: ignore[attr-defined]
            prop = schema.get(name)
            assert prop is not None
            if prop.range is not None:
                assert all(schemata[value].is_a(prop.range) for value in values)


# pandas, and the command line


def test_to_pandas() -> None:
    nodes, edges = kg.to_pandas(make_small())
    assert nodes.loc["org:havdal", ["name", "mentions"]].tolist() == ["Havdal", 14]
    assert nodes.loc["org:havdal", "aliases"] == ["Havdal", "Havdal ASA"]
    assert edges.groupby("relation")["weight"].sum()["leads"] == 5
    assert str(edges["first_seen"].min().date()) == "2025-07-31"
    nodes, edges = kg.to_pandas(nx.MultiDiGraph())
    assert (len(nodes), len(edges), list(edges.columns)) == (0, 0, ["source", "target", "relation"])


def test_export_takes_every_filter(run_kg: Run, stub_store: Path, tmp_path: Path) -> None:
    def names(*options: str) -> set[str]:
        out = tmp_path / "graph.json"
        assert run_kg("export", out, "--store", stub_store, *options).code == 0
        return set(nx.node_link_graph(json.loads(out.read_text(encoding="utf-8")), edges="edges"))

    everything = names()
    assert names("--around", "havfisk") < everything
    assert names("--around", "havfisk", "--depth", "2") > names("--around", "havfisk")
    assert {id.split(":")[0] for id in names("--type", "ORG")} == {"org"}
    assert names("--relation", "leads") < everything
    assert names("--since", "2026-01-03") < everything
    assert names("--until", "2026-01-02") < everything
    assert names("--min-weight", "3") < everything


def test_export_of_tables_says_what_it_made(run_kg: Run, stub_store: Path, tmp_path: Path) -> None:
    shown = run_kg("export", tmp_path / "graph.csv", "--raw", "--store", stub_store)
    assert [line.partition(": ")[0] for line in shown.out.splitlines()] == [
        str(tmp_path / f"graph-{table}.csv") for table in ("nodes", "edges", "evidence")
    ]
    refused = run_kg("export", "-", "--format", "csv", "--store", stub_store)
    assert refused.code == 2
    assert "makes 3 files" in refused.err
