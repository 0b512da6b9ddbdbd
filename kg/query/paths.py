"""How two entities are joined, by the most convincing path."""

from __future__ import annotations

import heapq
import math
import zlib
from itertools import pairwise

from kg.errors import NotFoundError
from kg.query.neighbours import view_relation
from kg.query.rows import PathStep
from kg.records import STATUSES
from kg.store import Store, lookup
from kg.store.evidence import rank_evidence, read_evidence
from kg.store.lookup import ALL, EdgeData, EntityRow, Filter

PATH_ENTITIES = 50_000  # entities looked at before a path is given up
HUB_COST = 0.25  # added to a path for each power of ten in the degree of an entity it passes: hubs explain little


def find_path(store: Store, a: EntityRow, b: EntityRow, *, filter: Filter = ALL) -> list[PathStep]:
    """The most convincing path between two entities: bidirectional Dijkstra (Pohl 1971) over the cost of its steps.

    A typed, stated link is the cheapest step, ``appears_with`` dearer, each the more so the less evidence it has; so is
    passing through an entity that is linked to very many. Raises NotFoundError where there is none.
    """
    if a.key == b.key:
        raise NotFoundError(f"{a.name} and {b.name} are the same entity in this graph ({a.id})")
    with store.snapshot():
        chain = join_searches(store, a, b, filter)
        if chain is None:
            raise NotFoundError(f"no path links {a.name} and {b.name}")
        total = lookup.count_sentences(store, filter)
        ends = lookup.get_entities(store, chain, filter)
        steps = []
        for here, there in pairwise(chain):
            edges = lookup.list_edges_to(store, here, [there], filter)
            best = min(edges, key=lambda edge: (cost_edge(edge), -edge.weight, edge.relation, ends[edge.head].id))
            evidence = min(read_evidence(store, [best], filter), key=rank_evidence)
            relation = view_relation(best, here, ends, total)
            steps.append(PathStep(ends[here].id, ends[there].id, ends[here].name, ends[there].name, relation, evidence))
    return steps


def cost_edge(edge: EdgeData) -> float:
    base = 1.0 if edge.relation != "appears_with" else 2.0
    return base + STATUSES.index(edge.status) * 0.5 + 1.0 / (1 + edge.weight)


def cost_entity(id: str, degree: int) -> float:
    """For passing through; the last digits, drawn from the id, make equal paths differ in one way on every machine."""
    return HUB_COST * math.log10(1 + degree) + zlib.crc32(id.encode()) * 2e-16


def join_searches(store: Store, a: EntityRow, b: EntityRow, filter: Filter) -> list[int] | None:
    """Keys of the entities on the cheapest path: Dijkstra's search from both ends until no cheaper meeting can be."""
    passing = {row.key: cost_entity(row.id, row.degree) for row in (a, b)}
    cost = ({a.key: 0.0}, {b.key: 0.0})
    back: tuple[dict[int, int], dict[int, int]] = ({}, {})
    heaps = ([(0.0, a.key)], [(0.0, b.key)])
    settled: set[tuple[int, int]] = set()
    best, middle = math.inf, -1
    while heaps[0] and heaps[1] and heaps[0][0][0] + heaps[1][0][0] < best and len(settled) < PATH_ENTITIES:
        side = 0 if heaps[0][0] <= heaps[1][0] else 1
        spent, here = heapq.heappop(heaps[side])
        if (side, here) in settled:
            continue
        settled.add((side, here))
        for edge, id, degree in lookup.list_steps(store, here, filter):
            there = edge.tail if edge.head == here else edge.head
            passing.setdefault(there, cost_entity(id, degree))
            reach = spent + cost_edge(edge) + (passing[here] + passing[there]) / 2
            if reach < cost[side].get(there, math.inf):
                cost[side][there], back[side][there] = reach, here
                heapq.heappush(heaps[side], (reach, there))
                if reach + cost[1 - side].get(there, math.inf) < best:
                    best, middle = reach + cost[1 - side][there], there
    return trace_path(back, middle) if middle >= 0 else None


def trace_path(back: tuple[dict[int, int], dict[int, int]], middle: int) -> list[int]:
    chain = [middle]
    while chain[-1] in back[0]:
        chain.append(back[0][chain[-1]])
    chain.reverse()
    while chain[-1] in back[1]:
        chain.append(back[1][chain[-1]])
    return chain
