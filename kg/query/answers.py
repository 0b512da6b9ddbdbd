"""The front door for programs and notebooks: an open store that is asked by name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from kg.query import details, names, neighbours, paths
from kg.query.rows import EntityDetail, NeighbourRow, PathStep, SearchResult, TopRow
from kg.store import Store
from kg.store import open_store as open_plain_store
from kg.store.evidence import EvidenceRow
from kg.store.lookup import EntityRow, Filter

if TYPE_CHECKING:
    import networkx


def open_store(path: str | Path) -> Answers:
    """Open a store to ask it. Raises NotFoundError, StoreError.

    >>> with open_store("kg.db") as store:                          # doctest: +SKIP
    ...     for row in store.neighbours("Aker", limit=10):
    ...         print(row.name, row.relations[0].relation, row.weight)
    """
    return open_plain_store(path, kind=Answers)


def make_filter(
    relations: Iterable[str] | str = (),
    statuses: Iterable[str] | str = (),
    *,
    since: str | None = None,
    until: str | None = None,
) -> Filter:
    """A filter from what a person gives: one name or several. Dates are ISO days, both included."""
    as_tuple = [(given,) if isinstance(given, str) else tuple(given) for given in (relations, statuses)]
    return Filter(as_tuple[0], as_tuple[1], since, until)


class Answers(Store):
    """A store open for reading. NAME is an id or any alias; where it is unclear, AmbiguousError lists the matches."""

    def find(self, name: str, *, type: str | None = None) -> EntityRow:
        return names.find_entity(self, name, type=type)

    def neighbours(
        self,
        name: str,
        *,
        type: str | None = None,
        relation: Iterable[str] | str = (),
        status: Iterable[str] | str = (),
        since: str | None = None,
        until: str | None = None,
        depth: int = 1,
        limit: int | None = None,
    ) -> list[NeighbourRow]:
        chosen = make_filter(relation, status, since=since, until=until)
        with self.snapshot():
            entity = self.find(name)
            return neighbours.list_neighbours(self, entity, type=type, filter=chosen, depth=depth, limit=limit)

    def path(
        self,
        a: str,
        b: str,
        *,
        relation: Iterable[str] | str = (),
        status: Iterable[str] | str = (),
        since: str | None = None,
        until: str | None = None,
    ) -> list[PathStep]:
        chosen = make_filter(relation, status, since=since, until=until)
        with self.snapshot():
            return paths.find_path(self, self.find(a), self.find(b), filter=chosen)

    def evidence(
        self,
        a: str,
        b: str,
        *,
        relation: Iterable[str] | str = (),
        status: Iterable[str] | str = (),
        since: str | None = None,
        until: str | None = None,
    ) -> list[EvidenceRow]:
        chosen = make_filter(relation, status, since=since, until=until)
        with self.snapshot():
            return neighbours.list_evidence(self, self.find(a), self.find(b), filter=chosen)

    def show(self, name: str) -> EntityDetail:
        with self.snapshot():
            return details.show_entity(self, self.find(name))

    def search(self, text: str, *, limit: int = 20) -> SearchResult:
        return names.search(self, text, limit=limit)

    def top(self, by: str = "mentions", *, type: str | None = None, limit: int = 20) -> list[TopRow]:
        return details.top_entities(self, by=by, type=type, limit=limit)

    def stats(self) -> dict[str, object]:
        return details.stats(self)

    def graph(self) -> networkx.MultiDiGraph:
        """The whole graph."""
        from kg.graph import read_graph

        return read_graph(self)

    def ego(self, name: str, *, depth: int = 1) -> networkx.MultiDiGraph:
        """The graph within ``depth`` steps of an entity."""
        from kg.graph import read_graph

        with self.snapshot():
            return read_graph(self, around=self.find(name), depth=depth)
