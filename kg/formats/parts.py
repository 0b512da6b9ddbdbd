"""What a reader gives for a file, the limits it keeps, and the character and date rules that all readers share."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from kg.errors import ReadError
from kg.settings import DEFAULTS, Settings
from kg.text import clean_text

RAISE = "; raise the limit with --max-size"
MONTHS = {
    m: i
    for i, names in enumerate(
        (
            ("januar", "january"), ("februar", "february"), ("mars", "march"), ("april",), ("mai", "may"),
            ("juni", "june"), ("juli", "july"), ("august",), ("september",), ("oktober", "october"),
            ("november",), ("desember", "december"),
        ),
        1,
    )
    for m in names
}  # fmt: skip
ISO_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(?!\d)")
LONG_DATE = re.compile(rf"\b([0-3]?\d)\.? ({'|'.join(MONTHS)}) ((?:19|20)\d\d)\b", re.IGNORECASE)
SHORT_DATE = re.compile(r"(?<!\d)([0-3]?\d)[./]([01]?\d)[./]((?:19|20)\d\d)(?!\d)")  # day first, as in Norway
DATELINE_CHARS = 300  # a date further down is about something else
TITLE_CHARS = 150
NAME_CHARS = 200  # of a part's name, as a file in an archive has


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of a table hold what, by name; None: told by their names, or by what stands in them."""

    text: str | None = None
    date: str | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class RawText:
    """One text of a file, clean. ``title_from`` and ``date_from`` say where those were found."""

    text: str
    title: str | None = None
    title_from: str | None = None  # "metadata", "heading", "first line", ...
    date: str | None = None  # ISO 8601 day
    date_from: str | None = None  # "metadata", "file name", "dateline", ...
    guesses: tuple[str, ...] = ()  # what had to be guessed, in words: "encoding cp1252"
    part: str = ""  # which part of the file it is, to stand after the file's name: ", row 7"
    places: tuple[tuple[int, str], ...] = ()  # (offset, "page 2") from where on it stands there, ascending


@dataclass(frozen=True, slots=True)
class Unread:
    """A part of a file that could not be read, and why. ``passing``: worth trying again."""

    part: str
    reason: str
    passing: bool = False


Part = RawText | Unread


class Nest(Protocol):
    """Reads bytes found inside a file as a file of their own; ``name``: for its format, ``part``: as in RawText."""

    def __call__(self, data: bytes, name: str, *, part: str, reading: Reading) -> Iterator[Part]: ...


CONTROLS = bytes(code for code in range(32) if chr(code) not in "\t\n\f\r\x1b")  # bytes that no text is full of


@dataclass(slots=True)
class Reading:
    """One file being read: what was asked, and what its parts may still take."""

    nest: Nest
    settings: Settings = DEFAULTS
    columns: Columns = Columns()
    depth: int = 0  # files in files
    left: int = field(default=-1)  # bytes that all parts together may still unpack to

    def __post_init__(self) -> None:
        if self.left < 0:
            self.left = self.settings.max_unpacked

    def spend(self, size: int) -> None:
        """Count unpacked bytes. Raises ReadError where the file's parts hold more than the limit together."""
        self.left -= size
        if self.left < 0:
            raise ReadError(f"unpacks to more than the limit ({self.settings.max_unpacked:,} bytes in all){RAISE}")


def decode(data: bytes, *, html: bool = False) -> tuple[str, tuple[str, ...]]:
    """(clean text, what was guessed). Clean UTF-8 comes back unchanged. Raises ReadError where it is no text."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return clean_text(data.decode(encoding, "replace")), ()
    if wide := find_wide(data):
        return clean_text(data.decode(wide, "replace")), (f"encoding {wide}",)
    if data.count(0) > len(data) // 100:
        raise ReadError("not text (holds zero bytes); convert it to .txt, .md or .html")
    declared = re.search(rb"charset=[\"']?([\w-]{3,20})", data[:2_000]) if html else None
    names = [declared.group(1).decode("ascii")] if declared else []
    strange = len(data) - len(data.translate(None, CONTROLS))
    if strange <= len(data) // 10:
        for encoding in (*names, "utf-8"):
            try:
                return clean_text(data.decode(encoding)), ()
            except (UnicodeDecodeError, LookupError):
                continue
    if strange > len(data) // 100:
        raise ReadError("not text (holds control characters as programs and images do); convert it to text")
    return clean_text(data.decode("cp1252", "replace")), ("encoding cp1252",)


def find_wide(data: bytes) -> str | None:
    """UTF-16 without its mark: in western text every other byte is zero."""
    head = data[:2_000]
    half = len(head) // 2
    if half and len(data) % 2 == 0:
        for start, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
            if head[start::2].count(0) > half * 0.8 and head[1 - start :: 2].count(0) == 0:
                return encoding
    return None


def find_title(text: str) -> str | None:
    """The first line when it looks like a headline: short, more than one word, no full stop, and not all there is."""
    first, _, rest = text.lstrip().partition("\n")
    first = first.strip()
    looks = 3 <= len(first) <= TITLE_CHARS and " " in first and not first.endswith((".", ",", ";", ":"))
    return first if looks and rest.strip() else None


def find_date(name: str, text: str) -> tuple[str | None, str | None]:
    """(ISO day, where from): of the file's name, else of a dateline. Never the file's own time: copying changes it."""
    if found := ISO_DATE.search(name):
        return found.group(), "file name"
    day = parse_date(text[:DATELINE_CHARS], numbers=False)
    return day, "dateline" if day else None


def parse_date(words: str, *, numbers: bool = True) -> str | None:
    """ISO day of the first date in ``words``: 2025-07-31, 31. juli 2025, and with ``numbers`` 31.07.2025."""
    if found := ISO_DATE.search(words):
        return found.group()
    if (found := LONG_DATE.search(words)) and 1 <= int(found.group(1)) <= 31:
        day, month, year = found.groups()
        return f"{year}-{MONTHS[month.lower()]:02}-{int(day):02}"
    if numbers and (found := SHORT_DATE.search(words)):
        day, month, year = found.groups()
        if 1 <= int(day) <= 31 and 1 <= int(month) <= 12:
            return f"{year}-{int(month):02}-{int(day):02}"
    return None


def add_title(title: str | None, text: str) -> str:
    """``text`` with its title above it where it does not begin with it."""
    return f"{title}\n\n{text}" if title and title not in text[: len(title) + 200] else text


def clean_name(name: str) -> str:
    """A part's name as it may be shown: one line, nothing that climbs, no longer than NAME_CHARS."""
    line = " ".join(clean_text(name).replace("\\", "/").split())
    steps = [step for step in line.split("/") if step not in ("", ".", "..")]
    return "/".join(steps)[:NAME_CHARS]


def join_paragraphs(paragraphs: Iterable[str]) -> str:
    """Clean text with a blank line between paragraphs; empty ones are left out."""
    return clean_text("\n\n".join(stripped for paragraph in paragraphs if (stripped := paragraph.strip())))
