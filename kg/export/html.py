"""One self-contained page: pyvis's network inside our own template. Nothing is fetched, nothing from a text can run.

pyvis's own page is not used: it loads from elsewhere and builds markup from names. Here the data stands in a block of
JSON that no browser runs, the script puts texts in as text alone, and a content security policy lets exactly our two
scripts and our one style sheet in, by their SHA-256, and no request out.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import networkx as nx

from kg._version import __version__
from kg.errors import KGError
from kg.export.files import replace_files
from kg.export.values import clean_nested
from kg.layout import STRESS_MAX, place_nodes
from kg.records import RELATIONS, STATUSES, TYPES
from kg.text import FOLDS

TITLE = "Knowledge graph"
NODE_CAP = 1_500  # most entities drawn: what stays readable and quick without a graphics card
EDGES_PER_NODE = 4  # most links drawn for each entity of the cap
SCRIPTS = ("parts.js", "model.js", "canvas.js", "panel.js", "table.js", "main.js")
DATA = re.compile(r'<script type="application/json" id="kg-data">(.*?)</script>', re.DOTALL)
SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)

LOOKS = {  # title, shape, colour on light and on dark ground
    "PERSON": ("Person", "dot", "#396ab1", "#7fabe8"),
    "ORG": ("Organisation", "square", "#cc7822", "#eba35c"),
    "PLACE": ("Place", "triangle", "#2e8b62", "#6cc79c"),
    "PRODUCT": ("Product", "diamond", "#8b5cb6", "#bd97e0"),
    "EVENT": ("Event", "star", "#be406e", "#ea86aa"),
}
OTHER = ("Other", "hexagon", "#787e8a", "#a3a9b5")
SAME_AREA = {"dot": 1.0, "square": 0.87, "triangle": 1.1, "diamond": 1.15, "star": 1.2, "hexagon": 1.0}
DASHES: dict[str, Any] = {"stated": False, "reported": [9, 5], "alleged": [4, 5], "denied": [2, 5]}

Json = dict[str, Any]


def write_page(
    graph: nx.MultiDiGraph, path: str | Path, *, title: str = "Knowledge graph", cap: int = NODE_CAP
) -> Path:
    """Writes the page of ``graph`` to ``path`` and returns the path. The same graph always gives the same bytes.

    ``cap``: most entities drawn; of a larger graph the most mentioned, and the page says so.

    Raises:
        UsageError: ``path`` is a folder, or its folder does not exist.
        KGError: the file cannot be written.
    """
    path = Path(path)
    replace_files({path: render(graph, title=title, cap=cap)}, lambda parts: check(parts[0], graph))
    return path


def inline_page(graph: nx.MultiDiGraph, *, height: int = 640, cap: int = NODE_CAP) -> str:
    """The page as a frame for a notebook, ``height`` pixels high: its script can reach neither notebook nor network."""
    page = html.escape("".join(render(graph, cap=cap)), quote=True)
    return f'<iframe sandbox="allow-scripts" style="width:100%;height:{height:d}px;border:0" srcdoc="{page}"></iframe>'


def render(graph: nx.MultiDiGraph, *, title: str = TITLE, cap: int = NODE_CAP) -> Iterator[str]:
    """The page's text."""
    import jinja2
    from markupsafe import Markup

    vis, script = _read_vis(), _read_script()
    style = read_part("page/style.css")
    policy = (
        f"default-src 'none'; script-src {hash_part(vis)} {hash_part(script)}; style-src {hash_part(style)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    yield environment.from_string(read_part("page.html")).render(
        title=clean_nested(title),
        version=__version__,
        policy=Markup(policy),
        style=Markup(style),
        vis=Markup(vis),
        script=Markup(script),
        data=Markup(_write_json(build_data(graph, cap=cap))),
    )


def check(path: Path, graph: nx.Graph) -> None:
    """Reads the page back. ValueError: its data are not those of ``graph``, or its policy would not let it run."""
    text = path.read_text(encoding="utf-8")
    blocks = DATA.findall(text)
    if len(blocks) != 1:
        raise ValueError("its block of data is missing")
    data = json.loads(blocks[0])
    if (data["totals"]["nodes"], data["totals"]["edges"]) != (graph.number_of_nodes(), graph.number_of_edges()):
        raise ValueError("its data are of another graph")
    scripts = SCRIPT.findall(text)
    if len(scripts) != 2 or not all(hash_part(script) in text for script in scripts):
        raise ValueError("its scripts are not those of its policy")


def build_data(graph: nx.MultiDiGraph, *, cap: int = NODE_CAP) -> Json:
    """All that the page shows, as JSON can hold it: pyvis's nodes and edges with our own fields, texts once each."""
    from pyvis.network import Network

    shown = choose_nodes(graph, cap=cap)
    layout = place_nodes(shown)
    number = {node: i for i, node in enumerate(sorted(shown.nodes, key=str))}
    group = {node: i for i, community in enumerate(layout.communities) for node in community.members}
    network = Network(directed=True)
    # pyvis's add_edge is quadratic; its lists are what it draws.
    network.nodes = [
        _describe_node(shown.nodes[node], number=i, entity=node, layout=layout, group=group.get(node))
        for node, i in number.items()
    ]
    texts = _Texts()
    chosen = _choose_edges(shown, cap=cap * EDGES_PER_NODE)
    network.edges = [
        {"id": i, **_describe_edge(data, ends=(number[head], number[tail])), "evidence": texts.add_all(data, graph)}
        for i, (head, tail, data) in enumerate(chosen)
    ]
    _bend_parallels(network.edges)
    network.options = _choose_options(len(network.nodes), len(network.edges))
    nodes, edges, _, _, _, options = network.get_network_data()
    return {
        "nodes": nodes,
        "edges": edges,
        "options": json.loads(options),
        "sentences": texts.sentences,
        "documents": texts.documents,
        "communities": [
            {"name": clean_nested(community.name), "size": len(community.members)} for community in layout.communities
        ],
        "types": _list_types(nodes),
        "relations": _list_relations(edges),
        "totals": {
            "nodes": graph.number_of_nodes(),
            "edges": graph.number_of_edges(),
            "documents": graph.graph.get("documents"),
        },
        "movable": STRESS_MAX,
        "folds": {chr(key): value for key, value in FOLDS.items()},
    }


def choose_nodes(graph: nx.MultiDiGraph, *, cap: int) -> nx.MultiDiGraph:
    """The ``cap`` most mentioned nodes of ``graph``, by links where that is equal, with the edges between them."""
    if len(graph) <= cap:
        return graph
    ranked = sorted(graph.nodes, key=lambda n: (-(graph.nodes[n].get("mentions") or 1), -graph.degree(n), str(n)))
    return graph.subgraph(ranked[:cap])


class _Texts:
    """Sentences and documents of the evidence, each written once however many edges rest on it."""

    def __init__(self) -> None:
        self.sentences: list[list[Any]] = []
        self.documents: list[Json] = []
        self._sentence: dict[tuple[int, str], int] = {}
        self._document: dict[tuple[str, ...], int] = {}

    def add_all(self, edge: Mapping[str, Any], graph: nx.Graph) -> list[list[Any]]:
        """[sentence, predicate, status, rule, speaker, other sources] of each piece of evidence."""
        return [self._add(evidence, graph) for evidence in edge.get("evidence") or ()]

    def _add(self, evidence: Mapping[str, Any], graph: nx.Graph) -> list[Any]:
        given = clean_nested(evidence)
        row = {"title": given.get("title"), "source": given.get("source") or "", "date": given.get("date")}
        key = (str(given.get("document") or ""), *(str(value) for value in row.values()))
        document = self._document.setdefault(key, len(self.documents))
        if document == len(self.documents):
            self.documents.append(row)
        text = str(given.get("sentence") or "")
        sentence = self._sentence.setdefault((document, text), len(self.sentences))
        if sentence == len(self.sentences):
            self.sentences.append([document, text])
        speaker = evidence.get("speaker")
        if speaker in graph:
            speaker = graph.nodes[speaker].get("name", speaker)
        copies = max(len(given.get("sources") or ()) - 1, 0)
        words = [given.get("predicate") or "", given.get("status") or "stated", given.get("rule") or ""]
        return [sentence, *words, clean_nested(speaker or ""), copies]


def _describe_node(data: Mapping[str, Any], *, number: int, entity: object, layout: Any, group: int | None) -> Json:
    x, y = layout.positions[entity]
    given = clean_nested(data)
    kind = given.get("type") if given.get("type") in LOOKS else "OTHER"
    shape = LOOKS.get(kind, OTHER)[1]
    return {
        "id": number,
        "label": str(given.get("name") or entity),
        "shape": shape,
        "size": round(layout.radii[entity] * SAME_AREA[shape], 1),
        "x": x,
        "y": y,
        "entity": clean_nested(str(entity)),
        "type": kind,
        "aliases": [str(alias) for alias in given.get("aliases") or ()],
        "mentions": given.get("mentions") or 0,
        "documents": given.get("documents") or 0,
        "first": given.get("first_seen"),
        "last": given.get("last_seen"),
        "community": group,
    }


def _describe_edge(data: Mapping[str, Any], *, ends: tuple[int, int]) -> Json:
    given = clean_nested({name: value for name, value in data.items() if name != "evidence"})
    relation, status = str(given.get("relation") or "linked"), given.get("status") or "stated"
    weight = given.get("weight") or 1
    together = relation == "appears_with"
    return {
        "from": ends[0],
        "to": ends[1],
        "width": round((0.8 if together else 1.6) + 0.7 * math.log2(max(weight, 1)), 1),
        "dashes": DASHES.get(status, False),
        "arrows": "" if given.get("symmetric") else "to",
        "smooth": False,
        "relation": relation,
        "symmetric": bool(given.get("symmetric")),
        "weight": weight,
        "documents": given.get("documents") or 0,
        "npmi": given.get("npmi"),
        "together": given.get("together"),
        "expected": given.get("expected"),
        "first": given.get("first_seen"),
        "last": given.get("last_seen"),
        "status": status if status in STATUSES else "stated",
    }


def _choose_edges(graph: nx.MultiDiGraph, *, cap: int) -> list[tuple[object, object, Json]]:
    """Co-occurrence first, so that stated links are drawn over it; of too many, the stated and the heaviest."""
    edges = sorted(graph.edges(data=True), key=lambda e: (str(e[0]), str(e[1]), str(e[2].get("relation"))))
    loose = [edge for edge in edges if edge[2].get("relation") == "appears_with"]
    stated = [edge for edge in edges if edge[2].get("relation") != "appears_with"]
    for some in (loose, stated):
        some.sort(key=lambda edge: -(edge[2].get("weight") or 1))
    stated = stated[:cap]
    return [*reversed(loose[: cap - len(stated)]), *reversed(stated)]


def _bend_parallels(edges: Sequence[Json]) -> None:
    """Links between one pair side by side, so that each can be seen and clicked."""
    pairs: dict[tuple[int, int], list[Json]] = {}
    for edge in edges:
        pairs.setdefault((min(edge["from"], edge["to"]), max(edge["from"], edge["to"])), []).append(edge)
    for some in pairs.values():
        for i, edge in enumerate(some[1:] if len(some) % 2 else some):
            left = (i % 2 == 0) == (edge["from"] < edge["to"])
            kind = "curvedCW" if left else "curvedCCW"
            edge["smooth"] = {"enabled": True, "type": kind, "roundness": round(0.12 + 0.12 * (i // 2), 2)}


def _choose_options(nodes: int, edges: int) -> Json:
    many = edges > 2_500
    return {
        "autoResize": True,
        "nodes": {
            "borderWidth": 1.5 if nodes <= STRESS_MAX else 0.5,
            "borderWidthSelected": 2.5,
            "labelHighlightBold": False,
        },
        "edges": {
            "arrows": {"to": {"scaleFactor": 0.55}},
            "color": {"inherit": False},
            "hoverWidth": 0.8,
            "selectionWidth": 1.2,
        },
        "interaction": {
            "hover": True,
            "hoverConnectedEdges": False,
            "selectConnectedEdges": False,
            "hideEdgesOnDrag": many,
            "hideEdgesOnZoom": many,
            "keyboard": {"enabled": True, "bindToWindow": False},
            "tooltipDelay": 100_000,
        },
        "layout": {"improvedLayout": False},
        "physics": {
            "enabled": False,
            "solver": "forceAtlas2Based",
            "forceAtlas2Based": {"gravitationalConstant": -90, "springLength": 110, "avoidOverlap": 0.6},
        },
    }


def _list_types(nodes: Sequence[Json]) -> list[Json]:
    present = {node["type"] for node in nodes}
    looks = {**{kind: LOOKS[kind] for kind in TYPES}, "OTHER": OTHER}
    return [
        {"id": kind, "title": title, "shape": shape, "light": light, "dark": dark}
        for kind, (title, shape, light, dark) in looks.items()
        if kind in present
    ]


def _list_relations(edges: Sequence[Json]) -> list[Json]:
    symmetric = {edge["relation"]: edge["symmetric"] for edge in edges}
    counted = Counter(edge["relation"] for edge in edges)
    order = [*(r for r in RELATIONS if r in counted), *sorted(r for r in counted if r not in RELATIONS)]
    return [{"id": r, "title": r.replace("_", " "), "symmetric": symmetric[r]} for r in order]


def _write_json(data: Json) -> str:
    """Without the characters that could end a block of script or start markup; JSON reads them back."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def hash_part(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def read_part(name: str) -> str:
    return (files("kg.export") / name).read_text(encoding="utf-8")


def _read_script() -> str:
    body = "\n".join(read_part(f"page/{name}") for name in SCRIPTS)
    return f'(() => {{\n"use strict";\n{body}\n}})();\n'


def _read_vis() -> str:
    """The vis-network that pyvis brings, without the pointer to its source map.

    Raises:
        KGError: this pyvis has none.
    """
    found = sorted(
        (part / "vis-network.min.js" for part in (files("pyvis") / "lib").iterdir() if part.name.startswith("vis-9.")),
        key=str,
    )
    if not found:
        raise KGError("This version of pyvis holds no vis-network 9: install pyvis 0.3.2.")
    text = found[-1].read_text(encoding="utf-8").replace("\r\n", "\n")
    return re.sub(r"\n//# sourceMappingURL=.*\s*$", "\n", text)
