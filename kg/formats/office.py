"""Word documents (.docx): paragraphs, tables, headers, footers, notes. Read as ZIP and XML, with limits on both."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from kg.errors import ReadError
from kg.formats.archives import check_member, open_zip, unpack_member
from kg.formats.feeds import local_name, parse_stamp, walk_xml
from kg.formats.parts import Part, RawText, Reading, find_date, find_title, join_paragraphs

if TYPE_CHECKING:
    from zipfile import ZipFile

BODY = "word/document.xml"
BESIDE = re.compile(r"word/(header\d*|footer\d*|footnotes|endnotes|comments)\.xml")
ORDER = ("header", "footnotes", "endnotes", "comments", "footer")
CELL = " | "
SPACES = {"tab": " ", "br": "\n", "cr": "\n", "nobreakhyphen": "-", "softhyphen": ""}


def read_docx(data: bytes, name: str, reading: Reading) -> Iterator[Part]:
    """The text of a Word document: the body, a table row a line, then headers, notes and footers, each once."""
    with open_zip(data) as archive:
        members = {info.filename: info for info in archive.infolist()}
        if BODY not in members:
            raise ReadError("is no Word document: it has no text part")
        beside = sorted((n for n in members if BESIDE.fullmatch(n)), key=order_part)
        for part in (BODY, *beside):
            check_member(members[part], reading)
        lines = read_paragraphs(unpack_member(archive, members[BODY], reading))
        for part in beside:
            known = set(lines)
            found = read_paragraphs(unpack_member(archive, members[part], reading))
            lines += [line for line in dict.fromkeys(found) if line not in known]
        fields = read_properties(archive, members, reading)
    text = join_paragraphs(lines)
    date, date_from = find_date(name, text)
    for field in ("created", "modified"):
        if date is None and (day := parse_stamp(fields.get(field, ""))):
            date, date_from = day, f"metadata ({field})"
    title = " ".join(fields.get("title", "").split())
    title_from = "metadata" if title else "first line"
    title = title or find_title(text) or ""
    yield RawText(text, title or None, title_from if title else None, date, date_from)


def order_part(name: str) -> tuple[int, str]:
    return next(place for place, kind in enumerate(ORDER) if name.startswith(f"word/{kind}")), name


def read_paragraphs(data: bytes) -> list[str]:
    """Paragraphs and table rows of a part, in order. Deleted text and field codes are left out."""
    lines: list[str] = []
    rows: list[list[str]] = []  # of the tables that are open, innermost last: the cells of the row
    words: list[list[str]] = [[]]  # of the paragraphs that are open: a text box lies within one
    for event, node in walk_xml(data, None, events=("start", "end")):
        tag = local_name(node)
        if event == "start":
            if tag == "p":
                words.append([])
            elif tag == "tr":
                rows.append([])
            elif tag == "tc" and rows:
                rows[-1].append("")
            continue
        if tag == "t":
            words[-1].append(node.text or "")
        elif tag in SPACES:
            words[-1].append(SPACES[tag])
        elif tag == "p" and len(words) > 1:
            keep_line("".join(words.pop()).strip(), lines, rows)
        elif tag == "tr" and rows:
            row = CELL.join(cell for cell in rows.pop() if cell)
            keep_line(row, lines, rows)
        if tag in ("p", "tr", "tbl"):
            node.clear(keep_tail=True)
    return lines


def keep_line(line: str, lines: list[str], rows: list[list[str]]) -> None:
    if not line:
        return
    if rows and rows[-1]:
        rows[-1][-1] = f"{rows[-1][-1]} {line}".strip()
    else:
        lines.append(line)


def read_properties(archive: ZipFile, members: dict[str, Any], reading: Reading) -> dict[str, str]:
    """Title and times of the document; nothing where that part is missing or damaged."""
    part = members.get("docProps/core.xml")
    if part is None:
        return {}
    try:
        check_member(part, reading)
        nodes = walk_xml(unpack_member(archive, part, reading), frozenset({"title", "created", "modified"}))
        return {local_name(node): node.text or "" for _, node in nodes}
    except ReadError:
        return {}
