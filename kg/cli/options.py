"""Options that several commands share, each written once, and what is checked before a command begins."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from kg.records import RELATIONS, STATUSES, TYPES

if TYPE_CHECKING:
    from kg.settings import Settings
    from kg.store.lookup import Filter

DATE = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?")


def check_choice(value: str, choices: Sequence[str]) -> str:
    """The choice that ``value`` names in any case. Raises BadParameter listing all of them."""
    for choice in choices:
        if value.casefold() == choice.casefold():
            return choice
    raise typer.BadParameter(f"'{value}' is none of {', '.join(choices)}")


def check_type(value: str | None) -> str | None:
    return check_choice(value, TYPES) if value else None


def check_types(values: list[str] | None) -> list[str]:
    return [check_choice(value, TYPES) for value in values or ()]


def check_relations(values: list[str] | None) -> list[str]:
    return [check_choice(value, RELATIONS) for value in values or ()]


def check_statuses(values: list[str] | None) -> list[str]:
    return [check_choice(value, STATUSES) for value in values or ()]


def check_lang(value: str) -> str:
    if not re.fullmatch(r"auto|[a-z]{2,3}", value):
        raise typer.BadParameter(f"'{value}' is no language code; use auto, nb, nn, en, ...")
    return value


def parse_since(value: str | None) -> str | None:
    return parse_date(value, last=False)


def parse_until(value: str | None) -> str | None:
    return parse_date(value, last=True)


def parse_date(value: str | None, *, last: bool) -> str | None:
    """ISO day of a year, month or day: the first or the last one in it. Raises BadParameter."""
    if not value:
        return None
    from calendar import monthrange

    match = DATE.fullmatch(value)
    year, month, day = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    month, day = month or (12 if last else 1), day
    if not match or year < 1 or not 1 <= month <= 12 or day > monthrange(year, month)[1]:
        raise typer.BadParameter(f"'{value}' is no date; write 2025, 2025-07 or 2025-07-31")
    day = day or (monthrange(year, month)[1] if last else 1)
    return f"{year:04}-{month:02}-{day:02}"


def make_filter(
    relations: Sequence[str] | None = None,
    statuses: Sequence[str] | None = None,
    since: str | None = None,
    until: str | None = None,
) -> Filter:
    from kg.store.lookup import ALL, Filter

    if not (relations or statuses or since or until):
        return ALL
    return Filter(tuple(relations or ()), tuple(statuses or ()), since, until)


def make_settings(seconds: float | None, megabytes: int | None, size: int | None) -> Settings:
    """Limits of one document: wall time, memory of its worker, megabytes of its file; None leaves the default."""
    from dataclasses import replace

    from kg.settings import DEFAULTS

    return replace(
        DEFAULTS,
        document_seconds=DEFAULTS.document_seconds if seconds is None else seconds,
        read_seconds=max(DEFAULTS.read_seconds, seconds or 0.0),
        worker_megabytes=DEFAULTS.worker_megabytes if megabytes is None else megabytes,
        max_bytes=DEFAULTS.max_bytes if size is None else size * 1_000_000,
        max_chars=DEFAULTS.max_chars if size is None else max(DEFAULTS.max_chars, size * 1_000_000),
        max_unpacked=DEFAULTS.max_unpacked if size is None else max(DEFAULTS.max_unpacked, size * 4_000_000),
    )


Paths = Annotated[list[str], typer.Argument(metavar="PATH...", help="Files, folders or globs; - is standard input.")]
Name = Annotated[
    str, typer.Argument(metavar="NAME", help="Any name of it, in any case, with or without æøå; or its id.")
]
First = Annotated[str, typer.Argument(metavar="A", help="Any name of it, or its id.")]
Second = Annotated[str, typer.Argument(metavar="B", help="Any name of it, or its id.")]
Store = Annotated[str, typer.Option("--store", metavar="FILE", envvar="KG_STORE", help="The store.")]
Lang = Annotated[
    str,
    typer.Option("--lang", metavar="CODE", callback=check_lang, help="Language of all documents: auto, nb, nn, en."),
]
PipelineName = Annotated[
    str,
    typer.Option("--pipeline", metavar="NAME", help="nb, fast, or any installed spaCy pipeline, as en_core_web_sm."),
]
Patterns = Annotated[
    list[str] | None,
    typer.Option("--patterns", metavar="FILE", help="More patterns for relations (.toml); repeatable."),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers", metavar="N", min=0, help="Processes, by default one a core; 0: this one, without limits."
    ),
]
MaxSeconds = Annotated[
    float | None, typer.Option("--max-seconds", metavar="S", min=0.1, help="Time for one document; 60 by default.")
]
MaxMemory = Annotated[
    int | None, typer.Option("--max-memory", metavar="MB", min=100, help="Memory for one document; 4000 by default.")
]
MaxSize = Annotated[
    int | None, typer.Option("--max-size", metavar="MB", min=1, help="Largest file that is read; 50 by default.")
]
TextColumn = Annotated[
    str | None,
    typer.Option("--text-column", metavar="NAME", help="Of tables (.csv, .tsv, .jsonl): the column of the texts."),
]
DateColumn = Annotated[str | None, typer.Option("--date-column", metavar="NAME", help="Likewise, of their dates.")]
IdColumn = Annotated[str | None, typer.Option("--id-column", metavar="NAME", help="Likewise, of what names each.")]
Type = Annotated[
    str | None, typer.Option("--type", metavar="TYPE", callback=check_type, help=f"Only these: {', '.join(TYPES)}.")
]
Types = Annotated[
    list[str] | None,
    typer.Option("--type", metavar="TYPE", callback=check_types, help=f"Only these: {', '.join(TYPES)}; repeatable."),
]
Relations = Annotated[
    list[str] | None,
    typer.Option(
        "--relation", metavar="REL", callback=check_relations, help="Only this relation, as leads; repeatable."
    ),
]
Statuses = Annotated[
    list[str] | None,
    typer.Option(
        "--status", metavar="STATUS", callback=check_statuses, help=f"Only these: {', '.join(STATUSES)}; repeatable."
    ),
]
Since = Annotated[
    str | None,
    typer.Option("--since", metavar="DATE", callback=parse_since, help="From 2025, 2025-07 or 2025-07-31 on."),
]
Until = Annotated[
    str | None, typer.Option("--until", metavar="DATE", callback=parse_until, help="Up to and including it.")
]
Depth = Annotated[int, typer.Option("--depth", metavar="N", min=1, max=6, help="Steps away.")]
MinWeight = Annotated[int, typer.Option("--min-weight", metavar="N", min=1, help="Only edges of N sentences or more.")]
Around = Annotated[str | None, typer.Option("--around", metavar="NAME", help="Only what lies near this entity.")]
Limit = Annotated[int | None, typer.Option("--limit", metavar="N", min=1, help="At most so many rows.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Csv = Annotated[bool, typer.Option("--csv", help="Print CSV.")]
