"""The page on one entity, and what a notebook shows: whole, the same each time, and nothing in them runs."""

from __future__ import annotations

import html
import pickle
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import networkx as nx
import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

import kg
from kg.errors import KGError
from kg.export import report
from kg.graph import Graph
from kg.query import find_entity, open_store
from kg.query.rows import AliasRow, DocumentRow, EntityDetail, NeighbourRow, Relation
from kg.store.evidence import EvidenceRow
from kg.store.lookup import EntityRow
from kg.text import clean_text
from tests.conftest import ROOT, Run, environment
from tests.hostile import AROUND, VECTORS, make_hostile
from tests.sample_graphs import add_edge, add_node, make_small

ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1000,900", "--no-first-run"]
TAGS = {
    "html", "head", "meta", "title", "style", "body", "p", "h1", "h2", "h3", "header", "main", "section", "table",
    "thead", "tbody", "tr", "th", "td", "ul", "li", "figure", "svg", "g", "line", "text", "circle", "polygon",
    "figcaption", "span", "article", "blockquote", "footer", "cite", "time", "code", "bdi", "br",
}  # fmt: skip


class Reader(HTMLParser):
    """Every tag, every attribute's name, and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read_page(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    return reader


def make_dossier(texts: list[str]) -> report.Dossier:
    """Every text as a name, an alias, a rule, a sentence, a title, a source and a speaker."""
    cleaned = [clean_text(text) for text in texts]
    relation = Relation("leads", "out", 1, 1, "reported", None, None, 0, None, None)
    entity = EntityRow("person:x", cleaned[0], "PERSON", 9, 9, 1, "2025-01-01", "2025-02-02", 9, 1)
    graph = nx.MultiDiGraph()
    add_node(graph, "person:x", name=cleaned[0], type="PERSON")
    links, names = [], {}
    for i, text in enumerate(cleaned):
        row = NeighbourRow(f"org:{i}", text, "ORG", 1, 1, 1, (relation,))
        evidence = EvidenceRow(
            "person:x", "leads", row.id, "reported", text, text, f"d{i}", text, text, "2025-01-01", i, i + 9, text,
            row.id, ((text, text, None), ("b", None, None)),
        )  # fmt: skip
        links.append(report.LinkView(row, (f"{text} · leads · x",), (evidence,)))
        names[row.id] = text
        if i < 20:
            add_node(graph, row.id, name=text, type=["ORG", text][i % 2])
            add_edge(graph, "person:x", row.id, relation=text, status="reported")
    aliases = tuple(AliasRow(text, 1, ((text, 1),), text, text) for text in cleaned)
    documents = tuple(DocumentRow(str(i), text, text, "2025-01-01", 1) for i, text in enumerate(cleaned))
    detail = EntityDetail(entity, aliases, ((cleaned[0], 2),), (("PERSON", 9),), (), documents)
    return report.Dossier(detail, tuple(links), len(links), graph, names)


@pytest.fixture(scope="module")
def driver() -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    for argument in ARGUMENTS:
        options.add_argument(argument)
    options.binary_location = "/usr/bin/chromium"
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    started = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    yield started
    started.quit()


def test_report_tells_names_roles_sentences_and_dates(run_kg: Run, stub_store: Path, tmp_path: Path) -> None:
    out = tmp_path / "dossier.html"
    shown = run_kg("report", "havfisk", "-o", out, "--store", stub_store)
    assert (shown.code, shown.out) == (0, f"{out}: Havfisk\n")
    text = out.read_text(encoding="utf-8")
    page = " ".join(" ".join(read_page(text).text).split())
    parts = ("Names", "Roles and relations", "Neighbourhood", "Strongest links", "Timeline", "Documents")
    assert [part for part in parts if part not in page] == []
    with open_store(stub_store) as store:
        entity = find_entity(store, "havfisk")
        detail = kg.show_entity(store, entity)
        for row in detail.neighbours:
            other = find_entity(store, row.id)
            evidence = kg.list_evidence(store, entity, other)
            assert row.name in page
            assert all(" ".join(item.sentence.split()) in page and item.source in page for item in evidence)
            assert all(str(item.date) in page for item in evidence)
    assert text.count("<circle") + text.count("<polygon") == len(detail.neighbours) + 1
    assert run_kg("report", "havfisk", "-o", "-", "--store", stub_store).out == text


def test_report_of_nobody_or_into_nowhere(run_kg: Run, stub_store: Path, tmp_path: Path) -> None:
    assert run_kg("report", "Ingen Slik", "-o", tmp_path / "a.html", "--store", stub_store).code == 3
    assert run_kg("report", "havfisk", "-o", tmp_path / "none" / "a.html", "--store", stub_store).code == 2
    assert list(tmp_path.iterdir()) == []


def test_report_counts_only_what_the_filter_lets_in(run_kg: Run, stub_store: Path) -> None:
    everything = run_kg("report", "havfisk", "-o", "-", "--store", stub_store).out
    later = run_kg("report", "havfisk", "-o", "-", "--store", stub_store, "--since", "2027").out
    assert "<blockquote>" in everything
    assert "<blockquote>" not in later


def test_report_is_the_same_on_another_day(stub_store: Path, tmp_path: Path) -> None:
    code = (
        "import time; real = time.time; time.time = lambda: real() + 9e7\n"
        "import sys, kg\n"
        "with kg.open_store(sys.argv[1]) as store:\n"
        "    kg.write_report(store, kg.find_entity(store, 'havfisk'), sys.argv[2])\n"
    )
    for seed in ("1", "2"):
        command = [sys.executable, "-c", code, str(stub_store), str(tmp_path / f"{seed}.html")]
        subprocess.run(command, env={**environment(), "PYTHONHASHSEED": seed, "TZ": f"UTC{seed}"}, check=True, cwd=ROOT)
    assert (tmp_path / "1.html").read_bytes() == (tmp_path / "2.html").read_bytes()


def test_nothing_cut_short_replaces_a_report(stub_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.html"
    path.write_text("before", encoding="utf-8")
    monkeypatch.setattr(report, "END", "cut")
    monkeypatch.setattr(report, "check", lambda part: (_ for _ in ()).throw(ValueError("its end is missing")))
    with open_store(stub_store) as store, pytest.raises(KGError, match="could not be read back whole"):
        report.write_report(store, find_entity(store, "havfisk"), path)
    assert path.read_text(encoding="utf-8") == "before"


@pytest.mark.parametrize("step", [10, pytest.param(1, marks=pytest.mark.slow)])
def test_hostile_texts_are_text_in_the_report(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in ("LINKS", "EVENTS"):
        monkeypatch.setattr(report, limit, 20_000)
    names = make_hostile(10_000)[::step]
    page = "".join(report.render(make_dossier(names)))
    found = read_page(page)
    assert found.tags <= TAGS
    assert not [name for name in found.attributes if name.startswith("on") or name in ("style", "href", "src")]
    shown = set(found.text)
    assert [name for name in map(clean_text, names) if name.strip() and name not in shown] == []


@pytest.mark.browser
def test_nothing_runs_in_the_report(driver: webdriver.Chrome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "LINKS", 20_000)
    names = make_hostile(len(VECTORS) * len(AROUND))[::2]
    path = tmp_path / "hostile.html"
    path.write_text("".join(report.render(make_dossier(names))), encoding="utf-8")
    driver.get(path.as_uri())
    assert driver.execute_script("return window.__pwned") is None
    assert driver.execute_script("return document.scripts.length") == 0
    fetched = driver.execute_script("return performance.getEntriesByType('resource').map(e => e.name)")
    assert fetched == []
    assert driver.execute_script("return getComputedStyle(document.body).maxWidth") == "860px"  # the policy lets it in
    headings = driver.execute_script("return [...document.querySelectorAll('h3 bdi')].map(e => e.textContent)")
    assert headings == [clean_text(name) for name in names]


# Notebooks


def test_a_graph_is_still_networkx() -> None:
    graph = Graph(make_small())
    assert isinstance(graph.copy(), Graph)
    assert isinstance(graph.subgraph(["org:havdal", "org:nordlys"]).copy(), Graph)
    assert sorted(graph.subgraph(["org:havdal", "org:nordlys"])) == ["org:havdal", "org:nordlys"]
    assert nx.shortest_path(graph, "person:oyvind-strand", "org:tindskala")[1] == "org:havdal"
    assert nx.utils.graphs_equal(pickle.loads(pickle.dumps(graph)), graph)
    assert graph.reverse().has_edge("org:havdal", "person:oyvind-strand")
    assert graph.to_undirected().number_of_edges() == 15
    assert kg.simple(graph).number_of_edges() == 14
    assert len(nx.compose(graph, Graph())) == 12


def test_a_store_gives_a_graph_that_shows_itself(stub_store: Path) -> None:
    with open_store(stub_store) as store:
        graph = kg.read_graph(store)
    assert isinstance(graph, Graph)
    assert f"<td>{graph.number_of_edges()}</td>" in graph._repr_html_()


def test_what_a_notebook_shows() -> None:
    shown = Graph(make_small())._repr_html_()
    table, frame = shown.split("</table>")
    assert "Organisation</th><td>4</td><td style='text-align:left'><bdi>Havdal, Nordlys, Tindskala, Brikka" in table
    assert "leads 2" in table
    assert re.match(r'<iframe sandbox="allow-scripts" [^>]*srcdoc="<!doctype html>', html.unescape(frame))
    assert "allow-same-origin" not in frame.split("srcdoc")[0]
    assert Graph()._repr_html_() == (
        "<table><tr><th style='text-align:left'>Links</th><td>0</td>"
        "<td style='text-align:left'><bdi></bdi></td></tr></table>"
    )


def test_hostile_names_are_text_in_a_notebook() -> None:
    graph = Graph()
    for i, name in enumerate(make_hostile(10_000)[::7]):
        add_node(graph, f"org:{i}", name=name, type=name)
        add_edge(graph, f"org:{i}", f"org:{i}", relation=name)
    shown = kg.show_graph(graph, cap=1)
    assert read_page(shown).tags == {"table", "tr", "th", "td", "bdi", "iframe"}
    assert read_page(shown).attributes == {"style", "sandbox", "srcdoc"}


def test_limits_of_the_report_are_said(stub_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_store(stub_store) as store:
        dossier = report.collect_dossier(store, find_entity(store, "havfisk"))
    for name in ("LINKS", "SENTENCES", "EVENTS"):
        monkeypatch.setattr(report, name, 1)
    page = "".join(report.render(replace(dossier, linked=9)))
    assert "The 1 strongest of 9." in page
    assert re.search(r"And \d+ later sentence", page)
