"""report: one printable page on one entity."""

from __future__ import annotations

from typing import Annotated

import typer

from kg.cli import options
from kg.cli.printing import write_lines, write_out

STDOUT = "-"

Out = Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="The page to write; - prints it.")]


def report(
    name: options.Name,
    out: Out = "dossier.html",
    store: options.Store = "kg.db",
    relation: options.Relations = None,
    status: options.Statuses = None,
    since: options.Since = None,
    until: options.Until = None,
) -> None:
    """Write one printable page on an entity: names, roles, links with their sentences, a timeline, a picture.

    \b
    kg report Aker -o aker.html
    kg report Narvik -o narvik.html --since 2024
    """
    from kg.export.report import collect_dossier, render, write_report
    from kg.query import find_entity, open_store

    chosen = options.make_filter(relation, status, since, until)
    with open_store(store) as opened, opened.snapshot():
        entity = find_entity(opened, name)
        if out == STDOUT:
            write_out("".join(render(collect_dossier(opened, entity, filter=chosen))))
            return
        path = write_report(opened, entity, out, filter=chosen)
    write_lines([(f"{path}: {entity.name}", "")])
