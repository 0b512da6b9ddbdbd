"""Tables of texts, a document a row: CSV, TSV, JSON lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean

from kg.errors import ReadError
from kg.formats.parts import (
    NAME_CHARS,
    Part,
    RawText,
    Reading,
    Unread,
    add_title,
    decode,
    find_date,
    find_title,
    parse_date,
)
from kg.text import clean_text, fold

ROLES = {
    "text": ("text", "tekst", "body", "brodtekst", "content", "innhold", "article", "artikkel", "fulltext", "fulltekst",
             "message", "melding", "description", "beskrivelse", "abstract", "sammendrag", "comment", "kommentar"),
    "title": ("title", "tittel", "headline", "overskrift", "subject", "emne"),
    "date": ("date", "dato", "published", "publisert", "publication date", "publiseringsdato", "datetime", "created",
             "created at", "opprettet", "time", "tid", "timestamp", "tidspunkt"),
    "id": ("id", "uuid", "guid", "doc id", "document id", "key", "url", "link", "lenke"),
}  # fmt: skip
"""Names of columns, folded, that say what a column holds; the first in each list that a table has."""

LOOKED_AT = 200  # rows that columns are judged by
LONG_TEXT = 60.0  # characters that a column of texts holds on average, where its name does not tell
STANDS_OUT = 3.0  # how many times longer than any other column's they must be
ROW_LINES = 5_000  # lines of one row: an unclosed quote would swallow the rest
BAD_ROWS = 100  # rows with unclosed quotes after which a file is given up
DELIMITERS = ",;\t|"

Row = tuple[str, Mapping[str, str]]  # "row 7", its cells by column


def read_csv(data: bytes, name: str, reading: Reading) -> Iterator[Part]:
    """The rows of a table, numbered as a spreadsheet does: the heading is row 1. Raises ReadError."""
    text, guesses = decode(data)
    lines = text.split("\n")
    delimiter = find_delimiter(lines)
    rows = split_rows(lines, delimiter, limit=reading.settings.max_chars)
    heading = next((cells for _, cells in rows if isinstance(cells, list)), None)
    if heading is None:
        raise ReadError("holds no rows")
    names = name_columns(heading)
    yield from read_rows(label_rows(rows, names), names, guesses=guesses, name=name, reading=reading)


def label_rows(rows: Iterator[tuple[int, list[str] | str]], names: Sequence[str]) -> Iterator[Row | Unread]:
    for number, cells in rows:
        if isinstance(cells, str):
            yield Unread(f", row {number}", cells)
        elif any(cell.strip() for cell in cells):
            yield f"row {number}", dict(zip(names, cells, strict=False))


def find_delimiter(lines: Sequence[str]) -> str:
    """The sign that the heading and the row after it are cut by: the most frequent, and a tab before a comma."""
    first, second = (*(line for line in lines[:50] if line.strip()), "", "")[:2]
    counts = {sign: (second.count(sign) > 0, first.count(sign)) for sign in DELIMITERS}
    return max(DELIMITERS, key=lambda sign: counts[sign]) if any(count for _, count in counts.values()) else ","


def split_rows(lines: Sequence[str], delimiter: str, *, limit: int) -> Iterator[tuple[int, list[str] | str]]:
    """(row number from 1, its cells or what is wrong with it). A quote that is never closed costs its own row only."""
    import csv

    before = csv.field_size_limit(limit)
    try:
        at = number = bad = 0
        while at < len(lines):
            number += 1
            window = iter(lines[at : at + ROW_LINES])
            reader = csv.reader((f"{line}\n" for line in window), delimiter=delimiter)
            try:
                cells = next(reader, [])
                taken = max(reader.line_num, 1)
            except csv.Error as error:
                cells, taken, bad = [], 1, bad + 1
                yield number, f"is no row of a table ({error})"
            else:
                last = at + taken >= min(len(lines), at + ROW_LINES)
                if taken > 1 and last and sum(line.count('"') for line in lines[at : at + taken]) % 2:
                    taken, bad = 1, bad + 1
                    yield number, "has a quote that is never closed"
                elif cells:
                    yield number, cells
            at += taken
            if bad >= BAD_ROWS:
                yield number + 1, f"and the rows after it are left out: {bad} rows before it have unclosed quotes"
                return
    finally:
        csv.field_size_limit(before)


def name_columns(heading: Sequence[str]) -> list[str]:
    """A name for each column, none twice."""
    names: list[str] = []
    for number, cell in enumerate(heading, 1):
        given = " ".join(cell.split()) or f"column {number}"
        names.append(given if given not in names else f"{given} ({number})")
    return names


def read_jsonl(data: bytes, name: str, reading: Reading) -> Iterator[Part]:
    """An object a line; its values that are text or numbers are the columns."""
    text, guesses = decode(data)
    rows = parse_lines(text)
    kept: list[Row | Unread] = []
    names: dict[str, None] = {}
    for row in rows:
        kept.append(row)
        if isinstance(row, tuple):
            names.update(dict.fromkeys(row[1]))
        if len(kept) >= LOOKED_AT:
            break

    def all_rows() -> Iterator[Row | Unread]:
        yield from kept
        yield from rows

    if not names:
        bad = next((row.reason for row in kept if isinstance(row, Unread)), "holds no rows")
        raise ReadError(f"holds no lines of JSON objects ({bad})")
    yield from read_rows(all_rows(), list(names), guesses=guesses, name=name, reading=reading)


def parse_lines(text: str) -> Iterator[Row | Unread]:
    import json

    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except RecursionError:
            yield Unread(f", line {number}", "is nested too deeply")
            continue
        except ValueError as error:
            yield Unread(f", line {number}", f"is no JSON ({str(error)[:80]})")
            continue
        if isinstance(row, dict):
            yield (
                f"line {number}",
                {k: str(v) for k, v in row.items() if isinstance(v, (str, int, float)) and not isinstance(v, bool)},
            )
        else:
            yield Unread(f", line {number}", "is no JSON object")


def read_rows(
    rows: Iterator[Row | Unread], names: Sequence[str], *, guesses: tuple[str, ...], name: str, reading: Reading
) -> Iterator[Part]:
    """A text for each row. Raises ReadError where no column can be told to hold the texts."""
    first: list[Row | Unread] = []
    for row in rows:
        first.append(row)
        if len(first) >= LOOKED_AT:
            break
    chosen, guessed = choose_columns(names, [row[1] for row in first if isinstance(row, tuple)], reading)
    for row in first:
        yield row if isinstance(row, Unread) else read_row(row, chosen, guesses=guesses + guessed, name=name)
    for row in rows:
        yield row if isinstance(row, Unread) else read_row(row, chosen, guesses=guesses + guessed, name=name)


def read_row(row: Row, chosen: Mapping[str, str], *, guesses: tuple[str, ...], name: str) -> Part:
    place, cells = row
    id = " ".join(clean_text(cells.get(chosen.get("id", ""), "")).split())[:NAME_CHARS]
    part = f", {place}" + (f" ({id})" if id else "")
    body = clean_text(cells.get(chosen["text"], ""))
    if not body.strip():
        return Unread(part, f"holds nothing in the column '{chosen['text']}'")
    title = " ".join(clean_text(cells.get(chosen.get("title", ""), "")).split()) or None
    date, date_from = find_date(name, body)
    if day := parse_date(cells.get(chosen.get("date", ""), "")):
        date, date_from = day, f"column {chosen['date']}"
    title_from = f"column {chosen['title']}" if title else "first line"
    title = title or find_title(body)
    return RawText(add_title(title, body), title, title_from if title else None, date, date_from, guesses, part)


def choose_columns(
    names: Sequence[str], rows: Sequence[Mapping[str, str]], reading: Reading
) -> tuple[dict[str, str], tuple[str, ...]]:
    """(column of each role, what was guessed). Raises ReadError."""
    by_fold = {re.sub(r"[\W_]+", " ", fold(name)).strip(): name for name in reversed(names)}
    asked = {"text": reading.columns.text, "date": reading.columns.date, "id": reading.columns.id}
    chosen, guessed = {}, []
    for role, known in ROLES.items():
        wanted = asked.get(role)
        if wanted:
            if wanted not in names:
                raise ReadError(f"has no column '{wanted}'; it has {list_names(names)}")
            chosen[role] = wanted
        elif found := next((by_fold[word] for word in known if word in by_fold), None):
            chosen[role] = found
            if role in ("text", "date"):
                guessed.append(f"{role} column '{found}'")
    if "text" not in chosen:
        chosen["text"] = find_long_column(names, rows)
        guessed.append(f"text column '{chosen['text']}'")
    return chosen, tuple(guessed)


def find_long_column(names: Sequence[str], rows: Sequence[Mapping[str, str]]) -> str:
    """The one column whose cells are long texts. Raises ReadError where none stands out."""
    lengths = {name: fmean(len(row.get(name, "")) for row in rows) if rows else 0.0 for name in names}
    first, second = (*sorted(names, key=lambda name: -lengths[name]), "", "")[:2]
    if lengths.get(first, 0.0) < max(LONG_TEXT, STANDS_OUT * lengths.get(second, 0.0)):
        raise ReadError(
            f"cannot tell which column holds the text; name it with --text-column: {list_names(names)}"
        )  # fmt: skip
    return first


def list_names(names: Sequence[str]) -> str:
    shown = ", ".join(f"'{clean_text(name)[:40]}'" for name in names[:12])
    return shown + (f" and {len(names) - 12} more" if len(names) > 12 else "")
