"""Bytes -> texts, one module a family of formats. Nothing here opens a file, runs or fetches anything.

A reader takes a file's bytes, its name and what is asked of it, and yields a RawText or an Unread for each part; a
part that cannot be read costs no other its place. A reader's module, and what it needs, is imported when first used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import PurePath
from typing import Any

from kg.errors import ReadError
from kg.formats.parts import RAISE, Columns, Part, RawText, Reading, Unread, find_title
from kg.settings import Settings

__all__ = [
    "READERS", "Columns", "Format", "Part", "RawText", "Unread", "find_title", "is_known", "list_formats",
    "may_hold_tables", "read_bytes",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Format:
    """A format and where its reader is. ``needs``: (package to import, extra of kg that installs it)."""

    name: str
    suffixes: tuple[str, ...]
    reader: tuple[str, str]  # module in kg.formats, function
    needs: tuple[str, str] | None = None

    @property
    def works(self) -> bool:
        """Whether what it needs is installed here."""
        return self.needs is None or find_spec(self.needs[0]) is not None


FORMATS = (
    Format("text", (".txt", ".text"), ("plain", "read_txt")),
    Format("Markdown", (".md", ".markdown"), ("plain", "read_md")),
    Format("HTML", (".html", ".htm", ".xhtml"), ("html", "read_html")),
    Format("CSV", (".csv", ".tsv", ".tab"), ("tables", "read_csv")),
    Format("JSON lines", (".jsonl", ".ndjson"), ("tables", "read_jsonl")),
    Format("feed", (".rss", ".atom", ".xml"), ("feeds", "read_feed")),
    Format("PDF", (".pdf",), ("pdf", "read_pdf")),
    Format("Word", (".docx", ".docm"), ("office", "read_docx")),
    Format("mail", (".eml",), ("mail", "read_eml")),
    Format("mailbox", (".mbox", ".mbx"), ("mail", "read_mbox")),
    Format("ZIP", (".zip",), ("archives", "read_zip")),
    Format("gzip", (".gz",), ("archives", "read_gzip")),
    Format("web archive", (".warc",), ("archives", "read_warc"), ("warcio", "warc")),
)
BY_NAME = {format.name: format for format in FORMATS}
READERS: dict[str, Format] = {suffix: format for format in FORMATS for suffix in format.suffixes}
"""By suffix."""

NO_TABLES = frozenset({"text", "Markdown", "HTML", "PDF", "Word", "feed", "web archive"})
MAGIC = (
    (b"%PDF-", "PDF"), (b"PK\x03\x04", "ZIP"), (b"PK\x05\x06", "ZIP"), (b"\x1f\x8b", "gzip"), (b"WARC/", "web archive"),
)  # fmt: skip
"""First bytes that tell a format for certain."""
FOREIGN = (
    (b"\xd0\xcf\x11\xe0", "an old Office document", "save it as .docx, a table as .csv, mail as .eml"),
    (b"\x89PNG", "a PNG image", "read its text with an OCR program first"),
    (b"\xff\xd8\xff", "a JPEG image", "read its text with an OCR program first"),
    (b"GIF8", "a GIF image", "read its text with an OCR program first"),
    (b"\x7fELF", "a program", "leave it out"),
    (b"MZ\x90", "a program", "leave it out"),
    (b"SQLite format 3", "an SQLite file", "export its tables as .csv"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it, or pack it as .zip"),
    (b"Rar!", "a RAR archive", "unpack it, or pack it as .zip"),
    (b"{\\rtf", "an RTF document", "save it as .docx"),
)
PROLOGUE = rb"^\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--(?:(?!-->).)*-->\s*)*"
HTML_MARKS = re.compile(PROLOGUE + rb"<(?:!doctype html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
FEED_MARKS = re.compile(PROLOGUE + rb"<(?:rss|feed|rdf:RDF)\b", re.IGNORECASE | re.DOTALL)
SNIFFED = 4_000  # bytes that tell a format
BOM = b"\xef\xbb\xbf"


def list_formats() -> list[dict[str, Any]]:
    """Each format with its suffixes, whether it can be read here, and the extra of kg that would make it so."""
    return [
        {
            "name": format.name,
            "suffixes": list(format.suffixes),
            "works": format.works,
            "extra": format.needs[1] if format.needs else None,
        }
        for format in FORMATS
    ]


def is_known(head: bytes, name: str) -> bool:
    """Whether there is a reader for a file of this name that begins with these bytes."""
    return PurePath(name).suffix.lower() in READERS or find_mark(head) is not None


def may_hold_tables(name: str) -> bool:
    """Whether a file of this name may hold a table, of which the columns can be named."""
    return READERS.get(PurePath(name).suffix.lower(), BY_NAME["CSV"]).name not in NO_TABLES


def find_mark(head: bytes) -> Format | None:
    """The format that a file's first bytes tell, where they do."""
    for magic, name in MAGIC:
        if head.startswith(magic):
            return BY_NAME[name]
    start = head[:SNIFFED].removeprefix(BOM)
    return BY_NAME["HTML"] if HTML_MARKS.match(start) else BY_NAME["feed"] if FEED_MARKS.match(start) else None


def choose_format(data: bytes, name: str) -> Format:
    """By content first, by suffix second. Raises ReadError, saying what the file looks like and what to do."""
    suffix = PurePath(name).suffix.lower()
    if found := find_mark(data[:SNIFFED]):
        return found
    for magic, kind, advice in FOREIGN:
        if data.startswith(magic):
            raise ReadError(f"not text (looks like {kind}); {advice}")
    if suffix not in READERS:
        raise ReadError(f"no reader for {suffix or 'a name without suffix'}; known: {', '.join(READERS)}")
    return READERS[suffix]


def read_bytes(data: bytes, source: str, *, settings: Settings, columns: Columns | None = None) -> Iterator[Part]:
    """The texts in a file's bytes, one after the other, and what could not be read of it.

    ``source``: path or name, for its suffix and a date in the name. Raises ReadError where the file as a whole is no
    text, too large, damaged, or of a format without a reader.
    """
    if len(data) > settings.max_bytes:
        raise ReadError(f"larger than the limit ({len(data):,} of {settings.max_bytes:,} bytes){RAISE}")
    reading = Reading(nest_bytes, settings, columns or Columns())
    for number, part in enumerate(read_parts(data, PurePath(source).name, reading)):
        if number >= settings.max_parts:
            yield Unread(", the rest", f"holds more than the limit ({settings.max_parts:,} documents); split it")
            return
        yield part


def read_parts(data: bytes, name: str, reading: Reading) -> Iterator[Part]:
    """The checked parts of a file, or of a file in a file."""
    format = choose_format(data, name)
    if not format.works and format.needs:
        package, extra = format.needs
        raise ReadError(f"{format.name} needs the package {package}; install it with: pip install 'kg[{extra}]'", True)
    module, function = format.reader
    parts = getattr(import_module(f"kg.formats.{module}"), function)(data, name, reading)
    for part in parts:
        yield check_part(part, reading.settings) if isinstance(part, RawText) else part


def check_part(part: RawText, settings: Settings) -> Part:
    if len(part.text) > settings.max_chars:
        return Unread(
            part.part, f"longer than the limit ({len(part.text):,} of {settings.max_chars:,} characters){RAISE}"
        )
    if not part.text.strip():
        return Unread(part.part, "holds no text")
    return part


def nest_bytes(data: bytes, name: str, *, part: str, reading: Reading) -> Iterator[Part]:
    """A file found in a file: its parts, named after it. What is wrong with it stays its own."""
    settings = reading.settings
    if reading.depth >= settings.max_depth:
        yield Unread(part, f"lies in more files than the limit ({settings.max_depth})")
        return
    inner = Reading(reading.nest, settings, reading.columns, reading.depth + 1, reading.left)
    try:
        for found in read_parts(data, name, inner):
            yield replace(found, part=part + found.part)
    except ReadError as error:
        yield Unread(part, str(error), error.passing)
    except RecursionError:
        yield Unread(part, "is nested too deeply")
    finally:
        reading.left = inner.left
