"""merge, split, distinct, rename, retype, drop, corrections, suggest: the analyst has the last word."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kg.cli import options
from kg.cli.printing import count, tell, write_json, write_lines, write_out, write_plain, write_table
from kg.errors import UsageError

if TYPE_CHECKING:
    from kg.correct import Change
    from kg.resolve import Correction
    from kg.store import Store
    from kg.store.lookup import EntityRow

LISTED = 20  # entities listed of one change
CORRECTION_COLUMNS = ("number", "kind", "what", "state")
SUGGESTION_COLUMNS = ("score", "command", "reason")

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Apply without asking.")]
NewName = Annotated[str | None, typer.Option("--name", metavar="NAME", help="What the entity is to be called.")]
Planner = Callable[["Store"], "list[Correction]"]


def merge(
    names: Annotated[list[str], typer.Argument(metavar="A B...", help="Names or ids that are one entity.")],
    store: options.Store = "kg.db",
    name: NewName = None,
    yes: Yes = False,
    as_json: options.Json = False,
) -> None:
    """These are one and the same.

    \b
    kg merge "Jens Stoltenberg" person:stoltenberg
    kg merge org:nnr org:nordnorsk-reiseliv --name "Nordnorsk Reiseliv" --yes

    What it changes is shown first and applied when you say so, or with --yes. No document is read again, and every
    later build keeps to it; kg corrections undo takes it back. With --json, {"applied", "gone", "new", "changed",
    "edges", "unmatched"}.
    """
    from kg.correct import plan_merge

    if len(names) < 2:
        raise UsageError("name two entities or more that are the same")
    carry_out(store, lambda opened: plan_merge(opened, names, name=name), yes=yes, as_json=as_json)


def distinct(
    a: options.First,
    b: options.Second,
    store: options.Store = "kg.db",
    yes: Yes = False,
    as_json: options.Json = False,
) -> None:
    """These two are not the same, whatever documents say.

    \b
    kg distinct person:jan-hansen person:jan-hansen-2

    Shown first, and applied when you say so, or with --yes. With --json, as kg merge.
    """
    from kg.correct import plan_distinct

    carry_out(store, lambda opened: plan_distinct(opened, a, b), yes=yes, as_json=as_json)


def split(
    name: options.Name,
    documents: Annotated[
        list[str], typer.Option("--in", metavar="DOCUMENT", help="Where it is another one: path or id; repeatable.")
    ],
    mentions: Annotated[
        list[int] | None,
        typer.Option("--mention", metavar="N", min=1, help="Only its Nth mention in that document; repeatable."),
    ] = None,
    store: options.Store = "kg.db",
    new_name: NewName = None,
    yes: Yes = False,
    as_json: options.Json = False,
) -> None:
    """In these documents it is another one of that name.

    \b
    kg split "Jan Hansen" --in articles/fishing.txt --name "Jan Hansen (skipper)"
    kg split Hansen --in articles/fishing.txt --mention 2 --mention 3

    Shown first, and applied when you say so, or with --yes. With --json, as kg merge.
    """
    from kg.correct import plan_split

    def plan(opened: Store) -> list[Correction]:
        return plan_split(opened, name, documents, as_name=new_name, mentions=mentions or ())

    carry_out(store, plan, yes=yes, as_json=as_json)


def rename(
    name: options.Name,
    new_name: Annotated[str, typer.Argument(metavar="NEW", help="What it is to be called.")],
    store: options.Store = "kg.db",
    yes: Yes = False,
    as_json: options.Json = False,
) -> None:
    """Call an entity by another name.

    \b
    kg rename org:nav "Arbeids- og velferdsetaten"

    Shown first, and applied when you say so, or with --yes. With --json, as kg merge.
    """
    from kg.correct import plan_rename

    carry_out(store, lambda opened: plan_rename(opened, name, new_name), yes=yes, as_json=as_json)


def retype(
    name: options.Name,
    type: Annotated[str, typer.Argument(metavar="TYPE", callback=options.check_type, help="One of the entity types.")],
    store: options.Store = "kg.db",
    yes: Yes = False,
    as_json: options.Json = False,
) -> None:
    """Give an entity another type.

    \b
    kg retype "Stargate Norway" PRODUCT

    Shown first, and applied when you say so, or with --yes. With --json, as kg merge.
    """
    from kg.correct import plan_retype

    carry_out(store, lambda opened: plan_retype(opened, name, type), yes=yes, as_json=as_json)


def drop(name: options.Name, store: options.Store = "kg.db", yes: Yes = False, as_json: options.Json = False) -> None:
    """It is no entity at all.

    \b
    kg drop org:les-mer

    Shown first, and applied when you say so, or with --yes. With --json, as kg merge.
    """
    from kg.correct import plan_drop

    carry_out(store, lambda opened: plan_drop(opened, name), yes=yes, as_json=as_json)


Action = Annotated[str, typer.Argument(metavar="[list|undo N|export FILE|import FILE]", help="What to do with them.")]
Target = Annotated[str | None, typer.Argument(metavar="[N|FILE]", hidden=True, help="A number or file; - is the pipe.")]


def corrections(
    action: Action = "list",
    target: Target = None,
    store: options.Store = "kg.db",
    yes: Yes = False,
    as_json: options.Json = False,
) -> None:
    """The corrections so far: list, take back, export, import.

    \b
    kg corrections
    kg corrections undo 3
    kg corrections export corrections.toml
    kg corrections import corrections.toml --store other.db

    One that matches nothing in the documents any more is kept and marked so. With --json, a list of {"number", "kind",
    "what", "state"}, and for undo and import as kg merge.
    """
    from kg.correct import export_corrections, plan_import, undo_correction
    from kg.query import open_store

    options.check_choice(action, ("list", "undo", "export", "import"))
    if action == "list":
        list_corrections(store, as_json=as_json)
    elif target is None:
        raise UsageError(f"kg corrections {action} needs " + ("a number" if action == "undo" else "a file"))
    elif action == "export":
        with open_store(store) as opened:
            write_file(export_corrections(opened), target)
    elif action == "import":
        text = sys.stdin.read() if target == "-" else read_file(target)
        carry_out(store, lambda _: plan_import(text), yes=yes, as_json=as_json)
    elif not target.isdigit():
        raise UsageError(f"'{target}' is no number of a correction; list them with: kg corrections")
    else:
        number = int(target)
        settle(store, lambda opened, keep: undo_correction(opened, number, keep=keep), yes=yes, as_json=as_json)


def list_corrections(store: str, *, as_json: bool) -> None:
    from kg.correct import list_corrections, list_unmatched
    from kg.query import open_store

    with open_store(store) as opened, opened.snapshot():
        found, unmatched = list_corrections(opened), list_unmatched(opened)
    rows = [(c.number, c.kind, describe_correction(c), unmatched.get(c.number, "applied")) for c in found]
    value = [dict(zip(CORRECTION_COLUMNS, row, strict=True)) for row in rows]
    if not write_plain(value, CORRECTION_COLUMNS, rows, as_json=as_json):
        write_table(CORRECTION_COLUMNS, rows, wide=["what", "state"])


def describe_correction(correction: Correction) -> str:
    """What it is about, in words: names first, then what they become."""
    parts = []
    for anchors in correction.anchors().values():
        names = [anchor.name or f"{len(anchor.mentions)} mentions" for anchor in anchors]
        places = sum(len(anchor.documents) for anchor in anchors)
        parts.append(", ".join(names) + (f" in {places} documents" if places else ""))
    becomes = correction.payload.get("name") or correction.payload.get("type")
    return (" ≠ " if correction.kind == "distinct" else " = ").join(parts) + (f" → {becomes}" if becomes else "")


def suggest(
    store: options.Store = "kg.db",
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="At most so many.")] = 20,
    as_json: options.Json = False,
) -> None:
    """Merges and splits that kg did not dare, best first.

    \b
    kg suggest
    kg suggest --json

    Each comes with its evidence and the command that accepts it. With --json, a list of {"kind", "a", "b", "score",
    "reason", "documents", "command"}.
    """
    from kg.correct import find_paths, list_suggestions
    from kg.query import open_store

    with open_store(store) as opened, opened.snapshot():
        found = list_suggestions(opened, limit=limit)
        paths = find_paths(opened, (document for s in found for document in s.documents))
    commands = [describe_command(s.kind, s.a, s.b, [paths[document] for document in s.documents]) for s in found]
    value = [
        {"kind": s.kind, "a": s.a, "b": s.b, "score": s.score, "reason": s.reason}
        | {"documents": s.documents, "command": command}
        for s, command in zip(found, commands, strict=True)
    ]
    rows = [(round(s.score, 2), command, s.reason) for s, command in zip(found, commands, strict=True)]
    if not write_plain(value, SUGGESTION_COLUMNS, rows, as_json=as_json):
        for score, command, reason in rows:
            write_lines([(f"{command}   ({score})", "bold"), (f"   {reason}", "")])


def describe_command(kind: str, a: str, b: str, places: Sequence[str]) -> str:
    """What to type in order to accept a suggestion."""
    if kind == "merge":
        return shlex.join(["kg", "merge", a, b])
    return shlex.join(["kg", "split", a, *(part for place in places for part in ("--in", place))])


def carry_out(store: str, plan: Planner, *, yes: bool, as_json: bool) -> None:
    """Make corrections and settle them. Raises what making them raises."""
    from kg.correct import apply_corrections

    settle(store, lambda opened, keep: apply_corrections(opened, plan(opened), keep=keep), yes=yes, as_json=as_json)


def settle(store: str, change: Callable[[Store, bool], Change], *, yes: bool, as_json: bool) -> None:
    """Show what a change does; apply it with ``yes``, or when the person at the terminal says so."""
    from kg.query import open_store as open_to_ask
    from kg.store import open_store

    with open_to_ask(store):  # where there is none, none is made
        pass
    with open_store(store, write=True) as opened:
        seen = change(opened, yes)
        if not as_json:
            write_lines((line, "") for line in describe_change(seen))
        applied = yes or (sys.stdin.isatty() and not as_json and typer.confirm("Apply?", err=True))
        if applied and not yes:
            change(opened, True)
    if as_json:
        write_json({"applied": applied, **plain_change(seen)})
    elif not applied:
        tell("kg: nothing was changed; --yes applies it")


def describe_change(change: Change) -> list[str]:
    lines = [f"- {describe_row(row)}" for row in change.gone[:LISTED]]
    lines += [f"+ {describe_row(row)}" for row in change.new[:LISTED]]
    lines += [f"  {describe_row(before)} → {describe_row(after)}" for before, after in change.changed[:LISTED]]
    left = sum(max(0, len(rows) - LISTED) for rows in (change.gone, change.new, change.changed))
    if left:
        lines.append(f"and {left:,} more entities")
    lines += [f"correction {number} matches nothing: {why}" for number, why in change.unmatched]
    return [*lines, f"moves {count(change.edges, 'edge')}" if not change.empty else "changes nothing in the graph"]


def describe_row(row: EntityRow) -> str:
    return f"{row.name} ({row.type}, {row.id}): {row.mentions:,} mentions, {row.degree:,} linked entities"


def plain_change(change: Change) -> dict[str, object]:
    from dataclasses import fields

    return {field.name: getattr(change, field.name) for field in fields(change)}


def write_file(text: str, target: str) -> None:
    if target == "-":
        write_out(text)
        return
    try:
        Path(target).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {target}: {error.strerror}") from error


def read_file(target: str) -> str:
    try:
        return Path(target).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {target}: {error}") from error
