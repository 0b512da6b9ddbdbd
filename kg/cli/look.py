"""show, search, top, stats: what is known of one entity, of a word, of the whole graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from kg.cli import options
from kg.cli.ask import describe_relations
from kg.cli.printing import count, on_terminal, write_json, write_lines, write_plain, write_rows, write_table

if TYPE_CHECKING:
    from kg.query import EntityDetail, SearchResult
    from kg.store.lookup import Filter

ORDERS = ("degree", "mentions", "documents", "pagerank", "betweenness")
FOUND_COLUMNS = ("kind", "id", "text", "type", "mentions", "documents", "source")
COMMUNITY_COLUMNS = ("name", "size", "members")
TOP_COLUMNS = ("id", "name", "type", "score", "mentions", "documents", "degree")


def check_order(value: str) -> str:
    return options.check_choice(value, ORDERS)


Limit = Annotated[int, typer.Option("--limit", metavar="N", min=1, help="At most so many of each.")]
Communities = Annotated[
    bool,
    typer.Option("--communities", help="Groups with most links inside, by strongest members."),
]
Order = Annotated[str, typer.Option("--by", metavar="ORDER", callback=check_order, help=f"One of {', '.join(ORDERS)}.")]


def show(name: options.Name, store: options.Store = "kg.db", limit: Limit = 10, as_json: options.Json = False) -> None:
    """All about one entity: names and why, links, documents.

    \b
    kg show Aker
    kg show person:sam-altman --json

    With --json, {"entity", "aliases", "merges", "types", "neighbours", "documents"}. Each alias is {"name", "mentions",
    "rules", "example", "source"}, where rules lists [why it is the entity's, how often]; merges lists [why documents
    were joined, how many]; types lists [type that a document gave it, documents].
    """
    from kg.query import find_entity, open_store, show_entity

    with open_store(store) as opened, opened.snapshot():
        detail = show_entity(opened, find_entity(opened, name), limit=limit)
    if as_json:
        write_json(detail)
    else:
        write_lines(describe_entity(detail))


def describe_entity(detail: EntityDetail) -> list[tuple[str, str]]:
    """The answer as lines, each with its style."""
    entity = detail.entity
    dates = " to ".join(sorted({date for date in (entity.first_seen, entity.last_seen) if date}))
    counts = f"{count(entity.mentions, 'mention')} in {count(entity.documents, 'document')}"
    lines = [(f"{entity.name}  {entity.type}  {entity.id}", "bold"), (f"{counts}  {dates}".rstrip(), "")]
    lines += [("", ""), ("Names, and why each is taken for this entity", "bold")]
    for alias in detail.aliases:
        why = ", ".join(f"{rule} {times}" for rule, times in alias.rules)
        lines += [(f"  {alias.name}  {alias.mentions}  ({why})", ""), (f"     … {alias.example} …", "dim")]
    if detail.merges:
        lines += [("", ""), ("Across documents", "bold")]
        lines += [(f"  {reason}: {count(documents, 'document')}", "") for reason, documents in detail.merges]
    if len(detail.types) > 1:
        types = ", ".join(f"{type} in {count(documents, 'document')}" for type, documents in detail.types)
        lines += [("", ""), (f"Types: {types}", "")]
    if detail.neighbours:
        lines += [("", ""), ("Strongest links", "bold")]
        lines += [(f"  {row.name}  {describe_relations(row)}", "") for row in detail.neighbours]
    lines += [("", ""), ("Documents", "bold")]
    for row in detail.documents:
        parts = (row.date or "no date   ", row.source, count(row.mentions, "mention"), row.title)
        lines.append(("  " + "  ".join(part for part in parts if part), ""))
    return lines


def search(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="A name or part of one, or words of a sentence.")],
    store: options.Store = "kg.db",
    limit: Limit = 20,
    as_json: options.Json = False,
) -> None:
    """Entities by part of a name, sentences by their words.

    \b
    kg search bodo
    kg search "ren energi"

    With --json, {"entities", "sentences", "near"}: entities with their counts, sentences as [sentence, its document].
    "near" is true where no name matched and those listed are spelt alike.
    """
    from kg.query import open_store
    from kg.query import search as search_store

    with open_store(store) as opened:
        found = search_store(opened, text, limit=limit)
    rows = [("entity", row.id, row.name, row.type, row.mentions, row.documents, None) for row in found.entities]
    texts = [("sentence", row.id, sentence, None, None, None, row.source) for sentence, row in found.sentences]
    if not write_plain(found, FOUND_COLUMNS, (*rows, *texts), as_json=as_json):
        show_found(found)


def show_found(found: SearchResult) -> None:
    if found.entities and not (found.near and found.sentences):
        rows = [(row.name, row.type, row.mentions, row.documents, row.id) for row in found.entities]
        title = "No such name; spelt alike:" if found.near else ""
        write_table(("name", "type", "mentions", "documents", "id"), rows, wide=["name"], title=title)
    for sentence, row in found.sentences:
        write_lines([(sentence, ""), (f"   {row.date or ''}  {row.source}", "dim")])
    if not found.entities and not found.sentences:
        write_lines([("Nothing found.", "")])


def top(
    by: Order = "degree",
    store: options.Store = "kg.db",
    type: options.Type = None,
    relation: options.Relations = None,
    status: options.Statuses = None,
    since: options.Since = None,
    until: options.Until = None,
    communities: Communities = False,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="At most so many rows.")] = 20,
    as_json: options.Json = False,
    as_csv: options.Csv = False,
) -> None:
    """Who matters here, by links, mentions or centrality.

    \b
    kg top
    kg top --by pagerank --type PERSON --limit 5
    kg top --communities --since 2024

    Degree counts linked entities; pagerank and betweenness read the whole graph.
    With --json, a list of {"id", "name", "type", "score", "mentions", "documents", "degree"}; with
    --communities (Louvain's, the same each time) of {"name", "members"}, where the strongest members come first.
    """
    from kg.query import open_store, top_entities

    chosen = options.make_filter(relation, status, since, until)
    if communities:
        list_communities(store, chosen, limit, as_json=as_json, as_csv=as_csv)
        return
    with open_store(store) as opened:
        rows = top_entities(opened, by=by, type=type, limit=limit, filter=chosen)
    cells = [(row.id, row.name, row.type, row.score, row.mentions, row.documents, row.degree) for row in rows]
    if write_plain(rows, TOP_COLUMNS, cells, as_json=as_json, as_csv=as_csv):
        return
    central = by in ("pagerank", "betweenness")
    table = [[r.name, r.type, r.degree, r.mentions, r.documents] + [f"{r.score:.4f}"] * central for r in rows]
    write_table(["name", "type", "degree", "mentions", "documents"] + [by] * central, table, wide=["name"])


def list_communities(store: str, filter: Filter, limit: int, *, as_json: bool, as_csv: bool) -> None:
    """Print the largest groups of entities that are more linked to one another than to the rest."""
    from kg.graph import read_plain
    from kg.layout import find_communities
    from kg.query import open_store

    with open_store(store) as opened:
        found = find_communities(read_plain(opened, filter))[:limit]
    rows = [(group.name, len(group.members), " ".join(map(str, group.members))) for group in found]
    if not write_plain(found, COMMUNITY_COLUMNS, rows, as_json=as_json, as_csv=as_csv):
        write_table(COMMUNITY_COLUMNS[:2], [row[:2] for row in rows], wide=["name"])


def stats(store: options.Store = "kg.db", as_json: options.Json = False) -> None:
    """What the store holds: documents, entities, edges, dates.

    \b
    kg stats
    kg stats --json

    With --json, one object: counts by name, "types" and "relations" as objects of counts, "pipelines" as a list.
    """
    from kg.query import open_store
    from kg.query import stats as count_store

    with open_store(store) as opened:
        counts = count_store(opened)
    if as_json:
        write_json(counts)
        return
    rows: list[tuple[object, ...]] = []
    for key, value in counts.items():
        if isinstance(value, dict):
            rows += [(f"{key}: {name}", number) for name, number in value.items()]
        elif isinstance(value, list):
            rows += [(f"{key}: {' '.join(str(part) for part in entry[:-1])}", entry[-1]) for entry in value]
        else:
            rows.append((key.replace("_", " "), value))
    (write_table if on_terminal() else write_rows)(("what", "count"), rows)
