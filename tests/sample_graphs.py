"""Graphs made by hand, as ``kg.graph`` makes them, for the tests of layout, exports and page."""

from __future__ import annotations

import random
from itertools import pairwise

import networkx as nx

NODES = [
    ("person:oyvind-strand", "Øyvind Strand", "PERSON", ["Øyvind Strand", "Strand"], 9),
    ("person:maja-lind", "Maja Lind", "PERSON", ["Maja Lind", "Lind"], 6),
    ("person:kari-nes-holm", "Kari Nes Holm", "PERSON", ["Kari Nes Holm"], 2),
    ("org:havdal", "Havdal", "ORG", ["Havdal", "Havdal ASA"], 14),
    ("org:nordlys", "Nordlys", "ORG", ["Nordlys", "Nordlys AS"], 11),
    ("org:tindskala", "Tindskala", "ORG", ["Tindskala"], 7),
    ("org:brikka", "Brikka", "ORG", ["Brikka", "Brikka Norge"], 4),
    ("place:narvik", "Narvik", "PLACE", ["Narvik"], 12),
    ("place:ankenes", "Ankenes", "PLACE", ["Ankenes"], 3),
    ("place:tromso", "Tromsø", "PLACE", ["Tromsø", "Tromsö"], 5),
    ("product:polarport", "Polarport Norge", "PRODUCT", ["Polarport Norge", "Polarport"], 8),
    ("event:isfestivalen", "Isfestivalen", "EVENT", ["Isfestivalen"], 1),
]
DOCUMENTS = [
    ("d1", "data/havdal-narvik.txt", "Havdal bygger datasenter i Narvik", "2025-07-31"),
    ("d2", "data/strand.html", "Strand svarer kritikerne", "2025-08-14"),
    ("d3", "data/tromso.md", None, None),
]
LINKS = [
    (
        "person:oyvind-strand", "leads", "org:havdal", "stated", 3,
        "Havdal-sjef Øyvind Strand la fram planene i går.", "sjef",
    ),
    (
        "person:maja-lind", "leads", "org:nordlys", "stated", 2,
        "Nordlys-sjef Maja Lind kaller det et stort steg.", "sjef",
    ),
    (
        "org:havdal", "agreement_with", "org:nordlys", "stated", 4,
        "Havdal og Nordlys har signert en avtale.", "avtale",
    ),
    (
        "org:havdal", "agreement_with", "org:tindskala", "reported", 2,
        "Ifølge avisa har Havdal en avtale med Tindskala.", "avtale",
    ),
    (
        "place:ankenes", "located_in", "place:narvik", "stated", 2,
        "Anlegget ligger på Ankenes utenfor Narvik.", "utenfor",
    ),
    (
        "product:polarport", "located_in", "place:narvik", "stated", 5,
        "Polarport Norge skal bygges i Narvik.", "bygges i",
    ),
    (
        "org:brikka", "supplies", "org:tindskala", "alleged", 1,
        "Brikka skal ha levert brikker til Tindskala.", "levert",
    ),
    ("org:havdal", "owns", "product:polarport", "denied", 1, "Havdal avviser å eie Polarport Norge alene.", "eie"),
    ("person:kari-nes-holm", "travels_to", "place:tromso", "stated", 1, "Holm reiste til Tromsø.", "reiste til"),
    ("org:havdal", "appears_with", "place:narvik", "stated", 6, "Havdal kom til Narvik i vår.", ""),
    ("org:nordlys", "appears_with", "place:narvik", "stated", 3, "Nordlys ser mot Narvik.", ""),
    ("org:nordlys", "appears_with", "person:oyvind-strand", "stated", 2, "Strand møtte Nordlys.", ""),
    ("org:havdal", "appears_with", "org:nordlys", "stated", 5, "Havdal og Nordlys var begge til stede.", ""),
    ("event:isfestivalen", "appears_with", "place:narvik", "stated", 1, "Isfestivalen fyller Narvik hvert år.", ""),
    ("place:narvik", "appears_with", "place:tromso", "stated", 1, "Både Narvik og Tromsø vil ha kraft.", ""),
]  # fmt: skip
SYMMETRIC = {"agreement_with", "appears_with", "conflict_with", "meets"}


def make_small() -> nx.MultiDiGraph:
    """Twelve entities and fifteen links, two of them between one pair, of every status."""
    graph = nx.MultiDiGraph(kg_version="0.1.0", documents=3, pipelines=["kg-nb 1.0.0"])
    for id, name, type, aliases, mentions in NODES:
        add_node(graph, id, name=name, type=type, aliases=aliases, mentions=mentions)
    for number, (head, relation, tail, status, weight, sentence, predicate) in enumerate(LINKS):
        evidence = []
        for i in range(min(weight, 3)):
            document, source, title, date = DOCUMENTS[(number + i) % len(DOCUMENTS)]
            evidence.append(
                {
                    "document": document, "source": source, "title": title, "date": date, "sentence": sentence,
                    "start": 10 * i, "end": 10 * i + len(sentence), "predicate": predicate, "status": status,
                    "rule": "title before a name" if predicate else "",
                }
            )  # fmt: skip
        add_edge(graph, head, tail, relation=relation, weight=weight, status=status, evidence=evidence)
    return graph


def add_node(graph: nx.MultiDiGraph, id: str, **given: object) -> None:
    plain = {"name": id, "type": "ORG", "aliases": [], "mentions": 1, "documents": 1}
    graph.add_node(id, **{**plain, "first_seen": "2025-07-31", "last_seen": "2025-08-14", **given})


def add_edge(graph: nx.MultiDiGraph, head: str, tail: str, **given: object) -> None:
    relation = given["relation"]
    plain = {
        "weight": 1, "documents": 1, "npmi": 0.5 if relation == "appears_with" else None, "first_seen": "2025-07-31",
        "last_seen": None, "symmetric": relation in SYMMETRIC, "status": "stated", "evidence": [],
    }  # fmt: skip
    graph.add_edge(head, tail, key=relation, **{**plain, **given})


def make_large(nodes: int = 1_500, *, seed: int = 7) -> nx.MultiDiGraph:
    """Like a graph from news: groups of their own, a few hubs, most links mere co-occurrence, some loose ends."""
    draw = random.Random(seed)
    first = ["Anne", "Jonas", "Øystein", "Marte", "Pål", "Åse", "Ingrid", "Lars", "Nils", "Siv", "Åge", "Berit"]
    last = ["Dahl", "Moe", "Lie", "Strøm", "Haugen", "Bakke", "Vik", "Sæther", "Aune", "Solberg", "Brekke", "Ås"]
    stems = ["Nord", "Fjell", "Hav", "Kyst", "Lys", "Vind", "Stål", "Skog", "Elve", "Berg", "Sol", "Is"]
    ends = {
        "ORG": ["kraft AS", "banken", "gruppen", " Energi", "avisa"], "PLACE": ["vik", "nes", "dal", "øya"],
        "PRODUCT": ["prosjektet", " One", "modellen"], "EVENT": ["festivalen", "konferansen"],
    }  # fmt: skip
    graph = nx.MultiDiGraph(kg_version="0.1.0", documents=nodes // 2, pipelines=["kg-nb 1.0.0"])
    ids = []
    for i in range(nodes):
        type = draw.choices(["PERSON", "ORG", "PLACE", "PRODUCT", "EVENT"], [40, 30, 20, 6, 4])[0]
        if type == "PERSON":
            name = f"{draw.choice(first)} {draw.choice(last)}"
        else:
            name = draw.choice(stems) + draw.choice(ends[type])
        mentions = int(draw.paretovariate(0.9)) % 400 + 1
        add_node(graph, f"{type.lower()}:{i}", name=name, type=type, aliases=[name], mentions=mentions)
        ids.append(f"{type.lower()}:{i}")
    groups = [ids[i : i + draw.choice([12, 30, 60, 120])] for i in range(0, max(nodes - 60, 1), 60)]
    wanted = nodes * 3
    while graph.number_of_edges() < wanted:
        group = draw.choice(groups)
        other = group if draw.random() < 0.93 else draw.choice(groups)
        a = group[int(len(group) * draw.random() ** 2.5)]
        b = other[int(len(other) * draw.random() ** 1.4)]
        if a == b:
            continue
        relation = draw.choices(
            ["appears_with", "leads", "works_for", "located_in", "owns", "meets"], [75, 5, 6, 6, 3, 5]
        )[0]
        status = draw.choices(["stated", "reported", "alleged", "denied"], [85, 9, 4, 2])[0]
        evidence = [
            {
                "document": f"d{n % 400}", "source": f"arkiv/sak-{n % 400}.txt", "title": f"Sak {n % 400}",
                "date": f"2025-{n % 12 + 1:02}-{n % 28 + 1:02}", "start": 0, "end": 40, "predicate": "", "rule": "",
                "sentence": f"{graph.nodes[a]['name']} og {graph.nodes[b]['name']} ble nevnt sammen, melding {n}.",
                "status": status,
            }
            for n in draw.sample(range(9_000), 2)
        ]  # fmt: skip
        weight = int(draw.paretovariate(1.3))
        add_edge(graph, a, b, relation=relation, weight=weight, status=status, evidence=evidence)
    for a, b in pairwise(ids[-20:-10]):
        add_edge(graph, a, b, relation="appears_with")
    return graph
