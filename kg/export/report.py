"""One printable page on one entity: its names, roles, strongest links with their sentences, a timeline, a picture.

The page holds no script; its policy lets in its one style sheet by SHA-256 and nothing else, and the template escapes
every text. The same store always gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import networkx as nx

from kg._version import __version__
from kg.export.files import replace_files
from kg.export.html import LOOKS, OTHER, hash_part, read_part
from kg.graph import read_graph
from kg.layout import place_nodes
from kg.query import EntityDetail, list_evidence, list_neighbours, show_entity
from kg.query.rows import NeighbourRow
from kg.records import SYMMETRIC
from kg.store import Store, lookup
from kg.store.evidence import EvidenceRow
from kg.store.lookup import ALL, EntityRow, Filter
from kg.text import clean_text

LINKS = 12  # entities whose sentences are shown
SENTENCES = 5  # of each link
DRAWN = 24  # entities in the picture: what can be read on a sheet of paper
EVENTS = 60  # lines of the timeline
DOCUMENTS = 40
END = "<!-- end -->\n"
LABEL = 26  # characters of a name in the picture
MARGIN = 28  # px around the picture
LABEL_HEIGHT = 16  # px below a sign
CHARACTER = 6.4  # px, width of one in the picture


@dataclass(frozen=True, slots=True)
class LinkView:
    """An entity that this one is linked to, with what says so: how they are linked first, then the newest."""

    row: NeighbourRow
    says: tuple[str, ...]  # "Maja Lind leads Nordlys", the strongest first
    evidence: tuple[EvidenceRow, ...]


@dataclass(frozen=True, slots=True)
class Dossier:
    """All that the page tells."""

    detail: EntityDetail
    links: tuple[LinkView, ...]
    linked: int  # entities that it is linked to
    graph: nx.MultiDiGraph  # the entity and its strongest neighbours
    names: dict[str, str]  # entity id -> name, of all that are named


def write_report(store: Store, entity: EntityRow, path: str | Path, *, filter: Filter = ALL) -> Path:
    """Writes the page on ``entity`` to ``path`` and returns the path. ``filter``: which evidence counts.

    Raises:
        UsageError: ``path`` is a folder, or its folder does not exist.
        KGError: the file cannot be written.
    """
    path = Path(path)
    dossier = collect_dossier(store, entity, filter=filter)
    replace_files({path: render(dossier)}, lambda parts: check(parts[0]))
    return path


def collect_dossier(store: Store, entity: EntityRow, *, filter: Filter = ALL) -> Dossier:
    """Reads what the page tells, in one snapshot of the store."""
    with store.snapshot():
        detail = show_entity(store, entity, limit=DOCUMENTS)
        rows = list_neighbours(store, entity, filter=filter)
        names = {entity.id: entity.name, **{row.id: row.name for row in rows}}
        links = []
        for row in rows:
            other = lookup.get_entity(store, row.id)
            evidence = list_evidence(store, entity, other, filter=filter) if other else []
            for speaker in {item.speaker for item in evidence if item.speaker} - set(names):
                found = lookup.get_entity(store, speaker)
                names[speaker] = found.name if found else speaker
            evidence.sort(key=lambda item: item.relation == "appears_with")
            links.append(LinkView(row, _say_links(entity, row), tuple(evidence)))
        graph = read_graph(store, around=entity, filter=filter)
        near = [entity.id, *(row.id for row in rows[:DRAWN])]
        return Dossier(detail, tuple(links), len(rows), graph.subgraph(near).copy(), names)


def render(dossier: Dossier) -> Iterator[str]:
    """The page's text."""
    import jinja2
    from markupsafe import Markup

    style = read_part("page/report.css")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True, trim_blocks=True
    )
    detail, timeline = dossier.detail, list_timeline(dossier)
    yield environment.from_string(read_part("report.html")).render(
        policy=Markup(f"default-src 'none'; style-src {hash_part(style)}; base-uri 'none'; form-action 'none'"),
        style=Markup(style),
        version=__version__,
        entity=detail.entity,
        kind=LOOKS.get(detail.entity.type, OTHER)[0],
        detail=detail,
        roles=[(says, link.row) for link in dossier.links for says in link.says],
        links=dossier.links[:LINKS],
        linked=dossier.linked,
        names=dossier.names,
        sentences=SENTENCES,
        timeline=timeline[:EVENTS],
        later=max(len(timeline) - EVENTS, 0),
        undated=len({(e.document, e.start) for link in dossier.links for e in link.evidence if not e.date}),
        picture=draw_graph(dossier.graph, dossier.detail.entity.id),
        drawn=len(dossier.graph) - 1,
        count=_count,
    )
    yield END


def check(path: Path) -> None:
    """Reads the page back. ValueError: its end is missing, or something in it could run."""
    text = path.read_text(encoding="utf-8")
    if not text.endswith(END):
        raise ValueError("its end is missing")
    if "<script" in text.lower():
        raise ValueError("it holds a script")


def list_timeline(dossier: Dossier) -> list[tuple[EvidenceRow, tuple[str, ...]]]:
    """Dated sentences, the oldest first, each once with the names of all that it links the entity to."""
    found: dict[tuple[str, str, int], tuple[EvidenceRow, list[str]]] = {}
    for link in dossier.links:
        for item in link.evidence:
            if item.date:
                _, others = found.setdefault((item.date, item.document, item.start), (item, []))
                if link.row.name not in others:
                    others.append(link.row.name)
    return [(item, tuple(others)) for _, (item, others) in sorted(found.items(), key=lambda pair: pair[0])]


def draw_graph(graph: nx.MultiDiGraph, centre: str) -> dict[str, Any]:
    """The picture in px: its box, a line for each pair with the relation that weighs most, a sign for each entity."""
    layout = place_nodes(graph)
    nodes: list[dict[str, Any]] = []
    edges: list[tuple[float, float, float, float]] = []  # left, right, top, bottom of each sign with its name
    for node, (x, y) in layout.positions.items():
        name = clean_text(str(graph.nodes[node].get("name", node)))
        shown = name if len(name) <= LABEL else name[: LABEL - 1] + "…"
        kind = graph.nodes[node].get("type")
        radius = layout.radii[node]
        half = max(radius, CHARACTER * len(shown) / 2)
        edges.append((x - half, x + half, y - radius, y + radius + LABEL_HEIGHT))
        nodes.append(
            {
                "x": x, "y": y, "r": radius, "name": name, "shown": shown, "centre": node == centre,
                "kind": kind if kind in LOOKS else "OTHER", "points": _shape_points(str(kind), x, y, radius),
            }
        )  # fmt: skip
    left, top = min(box[0] for box in edges) - MARGIN, min(box[2] for box in edges) - MARGIN
    right, bottom = max(box[1] for box in edges) + MARGIN, max(box[3] for box in edges) + MARGIN
    return {
        "box": f"{left:.0f} {top:.0f} {right - left:.0f} {bottom - top:.0f}",
        "nodes": sorted(nodes, key=lambda n: n["centre"]),
        "lines": _draw_lines(graph, layout.positions, centre),
        "kinds": [(kind, look[0]) for kind, look in LOOKS.items() if any(n["kind"] == kind for n in nodes)],
    }


def _draw_lines(graph: nx.MultiDiGraph, positions: dict[Any, tuple[int, int]], centre: str) -> list[dict[str, Any]]:
    pairs: dict[tuple[str, str], list[tuple[bool, int, str, str]]] = {}
    for head, tail, data in graph.edges(data=True):
        together = data["relation"] == "appears_with"
        row = (together, -data["weight"], data["relation"], data["status"])
        pairs.setdefault((min(head, tail), max(head, tail)), []).append(row)
    lines = []
    for (a, b), rows in sorted(pairs.items()):
        together, _, relation, status = min(rows)
        (x1, y1), (x2, y2) = positions[a], positions[b]
        lines.append(
            {
                "x1": x1, "y1": y1, "x2": x2, "y2": y2, "x": round((x1 + x2) / 2), "y": round((y1 + y2) / 2),
                "label": "" if together or centre not in (a, b) else relation.replace("_", " "),
                "kind": "together" if together else status,
            }
        )  # fmt: skip
    return sorted(lines, key=lambda line: line["kind"] != "together")


def _shape_points(kind: str, x: int, y: int, r: float) -> str:
    """Corners of the sign of a type; none for a circle."""
    corners: dict[str, Sequence[tuple[float, float]]] = {
        "ORG": [(-0.87, -0.87), (0.87, -0.87), (0.87, 0.87), (-0.87, 0.87)],
        "PLACE": [(0, -1.1), (1.05, 0.8), (-1.05, 0.8)],
        "PRODUCT": [(0, -1.15), (1.15, 0), (0, 1.15), (-1.15, 0)],
        "EVENT": [
            (0, -1.2), (0.3, -0.4), (1.14, -0.37), (0.48, 0.15), (0.7, 0.97), (0, 0.5), (-0.7, 0.97), (-0.48, 0.15),
            (-1.14, -0.37), (-0.3, -0.4),
        ],
    }  # fmt: skip
    return " ".join(f"{x + dx * r:.1f},{y + dy * r:.1f}" for dx, dy in corners.get(kind, ()))


def _say_links(entity: EntityRow, row: NeighbourRow) -> tuple[str, ...]:
    """Each stated relation as a phrase, with how it is said where it is not said plainly."""
    phrases = []
    for relation in row.relations:
        if relation.relation == "appears_with":
            continue
        words = relation.relation.replace("_", " ")
        head, tail = (row.name, entity.name) if relation.direction == "in" else (entity.name, row.name)
        if relation.relation in SYMMETRIC and relation.relation == "family_of":
            words = "is family of"
        said = "" if relation.status == "stated" else f" ({relation.status})"
        phrases.append(f"{head} · {words} · {tail}{said}")
    return tuple(phrases)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
