"""neighbours, path, evidence: who is linked to whom, and which sentence says so."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from kg.cli import options
from kg.cli.printing import count, on_terminal, tell, write_lines, write_plain, write_table
from kg.records import SYMMETRIC

if TYPE_CHECKING:
    from kg.query import EvidenceRow, NeighbourRow, Relation

NEIGHBOUR_COLUMNS = (
    "id", "name", "type", "depth", "via", "relation", "direction", "weight", "documents", "status",
    "first_seen", "last_seen", "npmi", "together", "expected",
)  # fmt: skip
STEP_COLUMNS = ("step", "head", "relation", "direction", "tail", "status", "date", "source", "sentence")
EVIDENCE_COLUMNS = ("date", "head", "relation", "tail", "status", "predicate", "sentence", "source", "sources")
TERMINAL_ROWS = 200  # neighbours shown on a terminal, where a hub's thousands would hide the strongest
ALSO = 5  # other sources of a sentence that are named
ARROWS = {"out": ("—", "→"), "in": ("←", "—"), "both": ("—", "—")}


def neighbours(
    name: options.Name,
    store: options.Store = "kg.db",
    type: options.Type = None,
    relation: options.Relations = None,
    status: options.Statuses = None,
    depth: options.Depth = 1,
    since: options.Since = None,
    until: options.Until = None,
    limit: options.Limit = None,
    as_json: options.Json = False,
    as_csv: options.Csv = False,
) -> None:
    """Who and what an entity is linked to, the strongest first.

    \b
    kg neighbours Aker
    kg neighbours tromso --type PERSON --since 2024
    kg neighbours "Sam Altman" --relation leads --json

    In a pipe it prints TSV, and with --csv CSV: one line for each relation.
    With --json, a list of {"id", "name", "type", "depth", "weight", "documents", "relations", "via"}; each
    relation is {"relation", "direction", "weight", "documents", "status", "npmi", "expected", "together",
    "first_seen", "last_seen"}. Direction "out" is from NAME to it, "in" from it to NAME, "both" for symmetric
    ones. Weight counts sentences; "together" those that name both, "expected" how many chance predicts.
    """
    from kg.query import find_entity, list_neighbours, open_store

    chosen = options.make_filter(relation, status, since, until)
    with open_store(store) as opened, opened.snapshot():
        entity = find_entity(opened, name)
        most = limit or (None if as_json or as_csv or not on_terminal() else TERMINAL_ROWS + 1)
        rows = list_neighbours(opened, entity, type=type, filter=chosen, depth=depth, limit=most)
    if not limit and most and len(rows) == most:
        rows = rows[:TERMINAL_ROWS]
        tell(f"the strongest {TERMINAL_ROWS} are shown; --limit N shows more, and a pipe or --json gets all")
    if not write_plain(rows, NEIGHBOUR_COLUMNS, list_relations(rows), as_json=as_json, as_csv=as_csv):
        show_neighbours(rows, f"{entity.name}  {entity.type}", far=depth > 1)


def list_relations(rows: Iterable[NeighbourRow]) -> Iterable[tuple[object, ...]]:
    for row in rows:
        for r in row.relations:
            yield (
                row.id, row.name, row.type, row.depth, row.via, r.relation, r.direction, r.weight, r.documents,
                r.status, r.first_seen, r.last_seen, r.npmi, r.together, r.expected,
            )  # fmt: skip


def show_neighbours(rows: Iterable[NeighbourRow], title: str, *, far: bool) -> None:
    columns = ["name", "type", "relations", "sentences", "documents", "last seen"] + ["via"] * far
    cells = [
        [row.name, row.type, describe_relations(row), row.weight, row.documents, find_last(row)] + [row.via] * far
        for row in rows
    ]
    write_table(columns, cells, wide=["name", "relations"], title=title)


def describe_relations(row: NeighbourRow) -> str:
    """All relations in words: "← leads 2, together 3 (chance 0.4)"."""
    return ", ".join(describe_relation(relation) for relation in row.relations)


def describe_relation(relation: Relation) -> str:
    if relation.relation == "appears_with":
        chance = "" if relation.expected is None else f" (chance {relation.expected:.1f})"
        return f"together {max(relation.together, relation.weight)}{chance}"
    arrow = {"in": "← ", "out": "→ "}.get(relation.direction, "")
    status = "" if relation.status == "stated" else f" {relation.status}"
    return f"{arrow}{relation.relation}{status} {relation.weight}"


def find_last(row: NeighbourRow) -> str:
    return max(relation.last_seen or "" for relation in row.relations)


def path(
    a: options.First,
    b: options.Second,
    store: options.Store = "kg.db",
    relation: options.Relations = None,
    status: options.Statuses = None,
    since: options.Since = None,
    until: options.Until = None,
    as_json: options.Json = False,
) -> None:
    """How two entities are linked, with the sentence for each step.

    \b
    kg path Altman Kvandal
    kg path Altman Kvandal --status stated --json

    With --json, a list of steps {"head", "tail", "head_name", "tail_name", "relation", "evidence"}, where relation
    is as for kg neighbours and evidence as for kg evidence.
    """
    from kg.query import find_entity, find_path, open_store

    chosen = options.make_filter(relation, status, since, until)
    with open_store(store) as opened, opened.snapshot():
        steps = find_path(opened, find_entity(opened, a), find_entity(opened, b), filter=chosen)
    rows = [
        (
            n, step.head_name, step.relation.relation, step.relation.direction, step.tail_name, step.evidence.status,
            step.evidence.date, step.evidence.source, step.evidence.sentence,
        )
        for n, step in enumerate(steps, 1)
    ]  # fmt: skip
    if not write_plain(steps, STEP_COLUMNS, rows, as_json=as_json):
        for n, step in enumerate(steps, 1):
            arrow = join_names(step.head_name, step.relation.relation, step.tail_name, step.relation.direction)
            show_evidence(f"{n}. {arrow}{describe_status(step.evidence)}", step.evidence)


def join_names(*names: str) -> str:
    """The relation as an arrow between two names; ``names``: head, relation, tail, direction."""
    head, relation, tail, direction = names
    left, right = ARROWS[direction]
    return f"{head} {left}{relation}{right} {tail}"


def evidence(
    a: options.First,
    b: options.Second,
    store: options.Store = "kg.db",
    relation: options.Relations = None,
    status: options.Statuses = None,
    since: options.Since = None,
    until: options.Until = None,
    limit: options.Limit = None,
    as_json: options.Json = False,
    as_csv: options.Csv = False,
) -> None:
    """Every sentence that links two entities, newest first.

    \b
    kg evidence Aker OpenAI
    kg evidence Aker OpenAI --relation agreement_with --since 2025 --csv

    With --json, a list of {"head", "relation", "tail", "status", "predicate", "sentence", "document", "source",
    "title", "date", "start", "end", "rule", "speaker", "sources", "date_from"}. Start and end are character
    offsets of the sentence in its document; source is the document with the page, row or message in it; sources lists
    [source, title, date] of every document that prints the sentence; date_from says where the date was found.
    """
    from kg.query import find_entity, list_evidence, list_relations_to, open_store

    chosen = options.make_filter(relation, status, since, until)
    with open_store(store) as opened, opened.snapshot():
        first, second = find_entity(opened, a), find_entity(opened, b)
        rows = list_evidence(opened, first, second, filter=chosen)[:limit]
        relations = list_relations_to(opened, first, second, filter=chosen)
    if not rows:
        tell(
            f"kg: no sentence links {first.name} and {second.name}; for a way round try: kg path {first.id} {second.id}"
        )
    names = {first.id: first.name, second.id: second.name}
    cells = (
        (
            row.date, names[row.head], row.relation, names[row.tail], row.status, row.predicate, row.sentence,
            row.source, len(row.sources),
        )
        for row in rows
    )  # fmt: skip
    if not write_plain(rows, EVIDENCE_COLUMNS, cells, as_json=as_json, as_csv=as_csv):
        write_lines((sentence, "dim") for sentence in describe_strength(relations))
        for row in rows:
            direction = "both" if row.relation in SYMMETRIC else "out"
            arrow = join_names(names[row.head], row.relation, names[row.tail], direction)
            show_evidence(f"{arrow}{describe_status(row)}", row)


def describe_strength(relations: Iterable[Relation]) -> Iterable[str]:
    """What the sentences add up to: "together in 9 sentences of 4 documents; chance predicts 1.2"."""
    for r in relations:
        together = r.relation == "appears_with"
        status = "" if r.status == "stated" else f" ({r.status})"
        says = "together" if together else f"{r.relation}{status}"
        found = f"{says} in {count(max(r.together, r.weight), 'sentence')}"
        if r.together <= r.weight:  # else some of them stand among the typed ones, and so do their documents
            found += f" of {count(r.documents, 'document')}"
        chance = f"; chance predicts {r.expected:.1f}" if r.expected is not None else ""
        npmi = f" (NPMI {r.npmi:.2f})" if r.npmi is not None else ""
        dates = " to ".join(sorted({date for date in (r.first_seen, r.last_seen) if date}))
        yield f"{found}{chance}{npmi}" + (f", {dates}" if dates else "")


def describe_status(row: EvidenceRow) -> str:
    """How firmly it is said and the words that say it, where there is something to tell."""
    status = "" if row.status == "stated" else f" {row.status}" + (f" by {row.speaker}" if row.speaker else "")
    return status + (f"  “{row.predicate}”" if row.predicate else "")


def show_evidence(heading: str, row: EvidenceRow) -> None:
    source = "  ".join(part for part in (row.date, row.source) if part)
    lines = [(heading, "bold"), (f"   {row.sentence}", ""), (f"   {source}", "dim")]
    also = [path for path, _, _ in row.sources if path != row.source]
    if also:
        more = f" and {count(len(also) - ALSO, 'other')}" if len(also) > ALSO else ""
        lines.append((f"   also in: {', '.join(also[:ALSO])}{more}", "dim"))
    write_lines(lines)
