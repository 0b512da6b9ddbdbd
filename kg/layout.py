"""Graph -> positions and communities: the same graph always gives the same picture, whatever order it was built in.

1. Louvain communities of the weighted simple graph (Blondel et al. 2008), with a fixed seed.
2. Each connected component by itself. Up to ``STRESS_MAX`` nodes: stress majorization (Gansner, Koren and North 2004),
   which draws distance in the graph as distance on the page. Above: every community so, or by springs when it is large,
   then the communities as discs on the picture of their quotient graph.
3. What lies on top of one another is pushed apart: node and label in a small graph, node alone in a large one.
4. Components are packed side by side, the largest first.

Sums are taken elementwise, never by BLAS, whose rounding depends on the number of threads.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import networkx as nx
import numpy as np
import rustworkx as rx
from numpy.typing import NDArray

STRESS_MAX = 300  # nodes: pairwise distances of a few hundred take milliseconds, of thousands seconds
PUSH_MAX = 2_000  # nodes of one community whose overlaps are still looked at pair by pair
SEED = 20  # of Louvain and springs; any value, always the same
EDGE_LENGTH = 105.0  # px at zoom 1 of a link between two nodes with few others; short names fit beside it
DENSE_LENGTH = 40.0  # the same in a large graph, where names show only close by
DENSE_GAP = 5.0  # px between nodes of a large graph
SMALLEST, LARGEST = 7.0, 30.0  # px, radius of a node
CHAR_WIDTH, LABEL_HEIGHT = 7.0, 20.0  # px of a 13 px label, as the page draws it
LABEL_CHARS = 28  # the page cuts longer names
GAP = 10.0  # px between what must not touch
NAMED_BY = 3  # members that name a community

Points = NDArray[np.float64]
Lengths = Mapping[tuple[int, int], float]


@dataclass(frozen=True, slots=True)
class Community:
    """Nodes more linked to one another than to the rest."""

    name: str  # its strongest members: "Aker, OpenAI, Narvik"
    members: tuple[Hashable, ...]  # strongest first


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each node goes. Pixels at zoom 1, y downwards, the picture's middle at (0, 0)."""

    positions: dict[Hashable, tuple[int, int]]
    radii: dict[Hashable, float]  # px; area grows with mentions
    communities: tuple[Community, ...]  # largest first


def place_nodes(graph: nx.Graph) -> Layout:
    """Positions, sizes and communities of the nodes of ``graph`` (any networkx graph; ``weight`` counts if present).

    >>> graph = nx.MultiDiGraph()
    >>> _ = graph.add_edge("org:aker", "place:narvik", "located_in", weight=2)
    >>> sorted(place_nodes(graph).positions)
    ['org:aker', 'place:narvik']
    """
    nodes = sorted(graph.nodes, key=str)
    plain = _number_nodes(graph, nodes)
    radii = _size_nodes([graph.nodes[node].get("mentions") or 1 for node in nodes])
    names = [str(graph.nodes[node].get("name", node)) for node in nodes]
    communities = _find_communities(plain)
    points = _place_components(plain, communities, boxes=_measure_boxes(names, radii))
    return Layout(
        positions={node: (round(x), round(y)) for node, (x, y) in zip(nodes, points.tolist(), strict=True)},
        radii=dict(zip(nodes, radii, strict=True)),
        communities=_name_communities(communities, nodes, names),
    )


def find_communities(graph: nx.Graph) -> tuple[Community, ...]:
    """The communities of ``graph``, as ``place_nodes`` colours them."""
    nodes = sorted(graph.nodes, key=str)
    names = [str(graph.nodes[node].get("name", node)) for node in nodes]
    return _name_communities(_find_communities(_number_nodes(graph, nodes)), nodes, names)


def _name_communities(
    groups: Sequence[Sequence[int]], nodes: Sequence[Hashable], names: Sequence[str]
) -> tuple[Community, ...]:
    return tuple(
        Community(", ".join(names[i] for i in group[:NAMED_BY]), tuple(nodes[i] for i in group)) for group in groups
    )


def _number_nodes(graph: nx.Graph, nodes: Sequence[Hashable]) -> nx.Graph:
    """Undirected, weighted, nodes 0..n-1 in order: sets of numbers iterate alike in every process, of strings not."""
    number = {node: i for i, node in enumerate(nodes)}
    weights: dict[tuple[int, int], float] = {}
    for u, v, weight in graph.edges(data="weight"):
        a, b = sorted((number[u], number[v]))
        if a != b:
            weights[a, b] = weights.get((a, b), 0.0) + float(1 if weight is None else weight)
    plain = nx.Graph()
    plain.add_nodes_from(range(len(nodes)))
    plain.add_weighted_edges_from((a, b, max(w, 0.01)) for (a, b), w in sorted(weights.items()))
    return plain


def _size_nodes(mentions: Sequence[float]) -> list[float]:
    top = max(mentions, default=1)
    return [round(SMALLEST + (LARGEST - SMALLEST) * math.sqrt(m / max(top, 12)), 1) for m in mentions]


def _measure_boxes(names: Sequence[str], radii: Sequence[float]) -> Points:
    """Width and height of each node with its label below; in a large graph of the node alone."""
    labelled = len(names) <= STRESS_MAX
    rows = [
        (max(2 * r, CHAR_WIDTH * min(len(name), LABEL_CHARS)) + GAP, 2 * r + LABEL_HEIGHT + GAP)
        if labelled
        else (2 * r + DENSE_GAP, 2 * r + DENSE_GAP)
        for name, r in zip(names, radii, strict=True)
    ]
    return np.array(rows, dtype=np.float64).reshape(-1, 2)


def _find_communities(plain: nx.Graph) -> list[list[int]]:
    """Strongest member first, largest community first; those without links are none."""
    linked = plain.subgraph([n for n in plain if plain.degree(n)])
    if not linked:
        return []
    strength = dict(plain.degree(weight="weight"))
    found = nx.community.louvain_communities(linked, weight="weight", seed=SEED)
    groups = [sorted(group, key=lambda n: (-strength[n], n)) for group in found]
    return sorted(groups, key=lambda group: (-len(group), group[0]))


def _place_components(plain: nx.Graph, communities: list[list[int]], *, boxes: Points) -> Points:
    points = np.zeros((len(plain), 2))
    community = {n: i for i, group in enumerate(communities) for n in group}
    components = sorted((sorted(c) for c in nx.connected_components(plain)), key=lambda c: (-len(c), c[0]))
    length = EDGE_LENGTH if len(plain) <= STRESS_MAX else DENSE_LENGTH
    for members in components:
        part = plain.subgraph(members)
        if len(members) <= STRESS_MAX:
            placed = _place_small(part, members, boxes=boxes, length=length)
        else:
            placed = _place_large(part, members, community, boxes=boxes)
        points[members] = placed
    return _pack_rows(points, components, boxes, gap=GAP if length == EDGE_LENGTH else DENSE_GAP)


def _place_small(part: nx.Graph, members: list[int], *, boxes: Points, length: float) -> Points:
    """Positions of ``members``, in their order, around (0, 0). ``length`` of a link between lone neighbours, in px."""
    row = {n: i for i, n in enumerate(members)}
    lengths = {(row[u], row[v]): length * times for (u, v), times in _ideal_lengths(part).items()}
    placed = _lower_stress(_measure_distances(len(members), lengths), spread=length / 4)
    return _push_apart(_lay_flat(placed), boxes[members])


def _place_large(part: nx.Graph, members: list[int], community: dict[int, int], *, boxes: Points) -> Points:
    """Communities as discs, each drawn by itself."""
    groups: dict[int, list[int]] = {}
    for n in members:
        groups.setdefault(community[n], []).append(n)
    order = sorted(groups, key=lambda i: (-len(groups[i]), i))
    drawn = [_place_group(part.subgraph(groups[i]), groups[i], boxes=boxes) for i in order]
    radii = np.array([np.sqrt((p**2).sum(axis=1)).max() + GAP for p in drawn])
    quotient = nx.Graph()
    quotient.add_nodes_from(range(len(order)))
    index = {community: i for i, community in enumerate(order)}
    for u, v, weight in part.edges(data="weight"):
        a, b = index[community[u]], index[community[v]]
        if a != b:
            quotient.add_edge(a, b, weight=quotient.get_edge_data(a, b, {"weight": 0.0})["weight"] + weight)
    centres = _push_apart(_place_quotient(quotient, radii), np.column_stack([radii, radii]) * 2, discs=True)
    row = {n: i for i, n in enumerate(members)}
    placed = np.zeros((len(members), 2))
    for i, centre, inside in zip(order, centres, drawn, strict=True):
        placed[[row[n] for n in groups[i]]] = centre + inside
    return _lay_flat(placed)


def _place_group(part: nx.Graph, members: list[int], *, boxes: Points) -> Points:
    if len(members) <= STRESS_MAX:
        pieces = sorted((sorted(c) for c in nx.connected_components(part)), key=lambda c: (-len(c), c[0]))
        points = np.zeros((len(members), 2))
        row = {n: i for i, n in enumerate(members)}
        for piece in pieces:
            placed = _place_small(part.subgraph(piece), piece, boxes=boxes, length=DENSE_LENGTH)
            points[[row[n] for n in piece]] = placed
        own = [[row[n] for n in piece] for piece in pieces]
        return _pack_rows(points, own, boxes[members], gap=DENSE_GAP) if len(pieces) > 1 else points
    springs = _place_springs(part, members, spread=DENSE_LENGTH / 2 * math.sqrt(len(members)))
    return _push_apart(springs, boxes[members], rounds=20) if len(members) <= PUSH_MAX else springs


def _place_quotient(quotient: nx.Graph, radii: Points) -> Points:
    """Springs give the neighbourhoods; the spread is chosen so that the discs would just about fill it."""
    if len(quotient) == 1:
        return np.zeros((1, 2))
    placed = _place_springs(quotient, list(quotient), spread=1.0)
    placed -= placed.mean(axis=0)
    reach = np.sqrt((placed**2).sum(axis=1)).max() or 1.0
    return placed / reach * math.sqrt(float((radii**2).sum())) * 0.9


def _place_springs(part: nx.Graph, members: list[int], *, spread: float) -> Points:
    """Fruchterman and Reingold 1991, from a sunflower of the given radius."""
    row = {n: i for i, n in enumerate(members)}
    springs = rx.PyGraph()
    springs.add_nodes_from(members)
    edges = [(min(row[u], row[v]), max(row[u], row[v]), math.log1p(w)) for u, v, w in part.edges(data="weight")]
    springs.add_edges_from(sorted(edges))
    start = {i: (float(x), float(y)) for i, (x, y) in enumerate(_plant_sunflower(len(members)).tolist())}
    found = rx.spring_layout(springs, pos=start, weight_fn=float, num_iter=80, seed=SEED)
    points = np.array([found[i] for i in range(len(members))])
    points -= points.mean(axis=0)
    reach = np.sqrt((points**2).sum(axis=1)).max() or 1.0
    return np.asarray(points / reach * spread)


def _plant_sunflower(count: int) -> Points:
    """``count`` points spread evenly over the unit disc."""
    i = np.arange(count) + 0.5
    angle, radius = i * math.pi * (3 - math.sqrt(5)), np.sqrt(i / max(count, 1))
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])


def _ideal_lengths(part: nx.Graph) -> dict[tuple[int, int], float]:
    """Longer where many neighbours need room and few are shared, so that hubs do not become knots."""
    lengths = {}
    for u, v in part.edges:
        near, far = set(part[u]), set(part[v])
        lengths[u, v] = 1 + 0.22 * math.sqrt(max(len(near ^ far) - 2, 0))
    return lengths


def _measure_distances(count: int, lengths: Lengths) -> Points:
    """All shortest paths (Floyd and Warshall), of a connected graph."""
    distances = np.full((count, count), np.inf)
    np.fill_diagonal(distances, 0.0)
    for (u, v), length in lengths.items():
        distances[u, v] = distances[v, u] = length
    for k in range(count):
        np.minimum(distances, distances[:, k : k + 1] + distances[k : k + 1, :], out=distances)
    return distances


def _lower_stress(distances: Points, *, spread: float, rounds: int = 200) -> Points:
    """Positions whose pairwise distances are near ``distances``, near pairs counting most."""
    count = len(distances)
    if count == 1:
        return np.zeros((1, 2))
    weights = 1.0 / np.where(distances > 0, distances, np.inf) ** 2
    total = weights.sum(axis=1, keepdims=True)
    # Twins (leaves of one hub) would start on one spot and never part.
    points = _start_from_scaling(distances) + _plant_sunflower(count) * spread
    for _ in range(rounds):
        apart = points[:, None, :] - points[None, :, :]
        length = np.sqrt((apart**2).sum(axis=2))
        ratio = np.divide(distances, length, out=np.zeros_like(length), where=length > 1e-9)
        pulled = (weights[:, :, None] * (points[None, :, :] + ratio[:, :, None] * apart)).sum(axis=1) / total
        moved = float(np.abs(pulled - points).max())
        points = pulled
        if moved < 0.25:
            break
    return points


def _start_from_scaling(distances: Points) -> Points:
    """Classical scaling (Torgerson 1952): the two main axes of the distances, by power iteration."""
    square = distances**2
    centred = -(square - square.mean(axis=0) - square.mean(axis=1)[:, None] + square.mean()) / 2
    sunflower = _plant_sunflower(len(distances))
    axes: list[Points] = []
    for column in range(2):
        axis = sunflower[:, column].copy()
        for _ in range(60):
            axis = (centred * axis).sum(axis=1)
            for other in axes:
                axis -= (axis * other).sum() * other
            axis /= math.sqrt(float((axis**2).sum())) or 1.0
        axes.append(axis)
    spread = [math.sqrt(max(float((axis * (centred * axis).sum(axis=1)).sum()), 1.0)) for axis in axes]
    return np.column_stack(axes) * spread


def _lay_flat(points: Points) -> Points:
    """Turned so that it is widest from left to right, as screens are; middle at (0, 0)."""
    points = points - points.mean(axis=0)
    (xx, xy), (_, yy) = [[float((points[:, i] * points[:, j]).sum()) for j in range(2)] for i in range(2)]
    angle = 0.5 * math.atan2(2 * xy, xx - yy)
    cos, sin = math.cos(angle), math.sin(angle)
    x, y = points[:, 0], points[:, 1]
    return np.column_stack([x * cos + y * sin, y * cos - x * sin])


def _push_apart(points: Points, boxes: Points, *, discs: bool = False, rounds: int = 150) -> Points:
    """Moves overlapping boxes (or discs) apart along the shorter way, each by half, until none overlap."""
    points = points + _plant_sunflower(len(points)) * 0.01  # two on one spot need a direction
    need = (boxes[:, None, :] + boxes[None, :, :]) / 2
    for _ in range(rounds):
        apart = points[:, None, :] - points[None, :, :]
        if discs:
            length = np.sqrt((apart**2).sum(axis=2)) + 1e-9
            lack = np.maximum(need[:, :, 0] - length, 0.0)
            push = apart / length[:, :, None] * lack[:, :, None]
        else:
            lacks = need - np.abs(apart)
            over = (lacks[:, :, 0] > 0) & (lacks[:, :, 1] > 0)
            side = lacks[:, :, 0] < lacks[:, :, 1]
            way = np.where(apart >= 0, 1.0, -1.0)
            push = np.where(np.stack([side, ~side], axis=2) & over[:, :, None], way * lacks, 0.0)
        for i in range(len(points)):
            push[i, i] = 0.0
        if float(np.abs(push).max(initial=0.0)) < 0.5:
            break
        hits = np.maximum((np.abs(push).sum(axis=2) > 0).sum(axis=1), 1)
        points = points + push.sum(axis=1) / 2 / np.sqrt(hits)[:, None]
    return points


def _pack_rows(points: Points, components: list[list[int]], boxes: Points, *, gap: float) -> Points:
    """Components side by side, about as wide as a screen is to its height; the whole around (0, 0)."""
    if not components:
        return points
    packed = points.copy()
    bounds = [_find_bounds(points[c], boxes[c]) for c in components]
    sizes = [(right - left + 2 * gap, bottom - top + 2 * gap) for left, top, right, bottom in bounds]
    areas = [w * h for w, h in sizes]
    places = [(0.0, 0.0)]
    if len(components) > 1 and areas[0] > sum(areas[1:]):
        # One large component: the rest is a column beside it.
        column = max(max(w for w, _ in sizes[1:]), 1.05 * sum(areas[1:]) / sizes[0][1])
        places += [(sizes[0][0] + 3 * gap + x, y) for x, y in _fill_rows(sizes[1:], column)]
    else:
        places = _fill_rows(sizes, max(max(w for w, _ in sizes), 1.3 * math.sqrt(sum(areas))))
    for members, (x, y), (left, top, _, _) in zip(components, places, bounds, strict=True):
        packed[members] += (x - left + gap, y - top + gap)
    left, top, right, bottom = _find_bounds(packed, boxes)
    return packed - ((left + right) / 2, (top + bottom) / 2)


def _fill_rows(sizes: Sequence[tuple[float, float]], width: float) -> list[tuple[float, float]]:
    """Upper left corner of each rectangle, in order, in rows of at most ``width``."""
    places = []
    x = y = row = 0.0
    for w, h in sizes:
        if x and x + w > width:
            x, y, row = 0.0, y + row, 0.0
        places.append((x, y))
        x, row = x + w, max(row, h)
    return places


def _find_bounds(points: Points, boxes: Points) -> tuple[float, float, float, float]:
    low, high = (points - boxes / 2).min(axis=0), (points + boxes / 2).max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])
