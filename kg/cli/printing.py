"""Rows -> a table on a terminal, TSV in a pipe, CSV or JSON on request. Names are never read as markup or escapes."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from kg.text import safe_terminal

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

TYPE_STYLES = {
    "PERSON": "bold cyan",
    "ORG": "bold magenta",
    "PLACE": "bold green",
    "PRODUCT": "yellow",
    "EVENT": "blue",
}
ESCAPED = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

Row = Sequence[object]


def prepare_streams() -> None:
    """UTF-8 out whatever the locale says when piped, and never an exception over a character."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            encoding = stream.encoding if stream.isatty() else "utf-8"
            stream.reconfigure(encoding=encoding, errors="backslashreplace")


def on_terminal() -> bool:
    return sys.stdout.isatty()


def write_out(text: str) -> None:
    """Write to standard output; when its reader is gone, as with ``| head``, end quietly."""
    try:
        sys.stdout.write(text)
    except BrokenPipeError:
        end_quietly()


def end_quietly() -> NoReturn:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise typer.Exit(0)


def write_json(value: object, *, indent: int | None = 2) -> None:
    """One JSON value and a line end. Characters that a terminal would obey are escaped, which JSON reads back."""
    import json

    text = json.dumps(make_plain(value), ensure_ascii=False, indent=indent)
    write_out(ESCAPED.sub(lambda match: f"\\u{ord(match.group()):04x}", text) + "\n")


def write_plain(
    value: object, columns: Sequence[str], rows: Iterable[Row], *, as_json: bool, as_csv: bool = False
) -> bool:
    """Print ``value`` as JSON, or ``rows`` as CSV or TSV, where asked for or piped; False leaves it to the terminal."""
    if as_json:
        write_json(value)
    elif as_csv or not on_terminal():
        write_rows(columns, rows, csv=as_csv)
    else:
        return False
    return True


def make_plain(value: Any) -> Any:
    """Dataclasses as dicts, without the store's internal numbers."""
    from dataclasses import fields, is_dataclass

    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: make_plain(getattr(value, f.name)) for f in fields(value) if f.name != "key"}
    if isinstance(value, dict):
        return {str(key): make_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [make_plain(item) for item in value]
    return value


def write_rows(columns: Sequence[str], rows: Iterable[Row], *, csv: bool = False) -> None:
    """A header and rows, cells parted by tabs, or as CSV; cells hold neither tabs nor line ends."""
    if csv:
        write_csv(columns, rows)
        return
    write_out("\t".join(columns) + "\n")
    write_cells(rows)


def write_cells(rows: Iterable[Row]) -> None:
    """Rows of TSV without a header."""
    for row in rows:
        write_out("\t".join(format_cell(cell) for cell in row) + "\n")


def write_csv(columns: Sequence[str], rows: Iterable[Row]) -> None:
    import csv

    writer = csv.writer(sys.stdout, lineterminator="\n")
    try:
        writer.writerow(columns)
        writer.writerows([defuse(format_cell(cell)) for cell in row] for row in rows)
    except BrokenPipeError:
        end_quietly()


def format_cell(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:g}"
    return safe_terminal(str(cell))


def defuse(cell: str) -> str:
    """A cell that a spreadsheet does not take for a formula."""
    is_formula = cell.startswith(("=", "+", "-", "@")) and not re.fullmatch(r"[+-]?\d+([.,]\d+)?", cell)
    return f"'{cell}" if is_formula else cell


def open_console() -> Console:
    from rich.console import Console

    return Console(file=sys.stdout, highlight=False, markup=False, emoji=False)


def write_table(columns: Sequence[str], rows: Iterable[Row], *, wide: Sequence[str] = (), title: str = "") -> None:
    """A table for people. Numbers stand to the right; ``wide``: columns that may take more than one line."""
    from rich.table import Table

    listed = list(rows)
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for k, column in enumerate(columns):
        numeric = bool(listed) and all(isinstance(row[k], (int, float, type(None))) for row in listed)
        table.add_column(
            column,
            justify="right" if numeric else "left",
            overflow="fold" if column in wide else "ellipsis",
            no_wrap=column not in wide,
        )
    for row in listed:
        table.add_row(*(make_text(cell) for cell in row))
    console = open_console()
    if title:
        console.print(make_text(title, style="bold"))
    console.print(table)


def make_text(cell: object, *, style: str = "") -> Text:
    from rich.text import Text

    text = format_cell(cell)
    return Text(text, style=style or TYPE_STYLES.get(text, "") if text in TYPE_STYLES else style)


def write_lines(lines: Iterable[tuple[str, str]]) -> None:
    """(text, style) a line; the style only shows on a terminal."""
    if not on_terminal():
        write_out("".join(f"{safe_terminal(text)}\n" for text, _ in lines))
        return
    from rich.padding import Padding
    from rich.text import Text

    console = open_console()
    for text, style in lines:
        plain = safe_terminal(text).rstrip()
        indent = len(plain) - len(plain.lstrip())
        line = Text(plain.lstrip(), style=style)
        console.print(Padding(line, (0, 0, 0, indent), expand=False) if plain else line)


def tell(message: str) -> None:
    """One line to standard error, where all goes that is no result."""
    sys.stderr.write(f"{safe_terminal(message)}\n")


def count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
