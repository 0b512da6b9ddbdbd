"""Bytes -> texts, one function a format. Nothing here opens a file, runs or fetches anything."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath

from kg.errors import ReadError
from kg.settings import Settings
from kg.text import clean_text

BINARY = (
    (b"%PDF-", "PDF"),
    (b"PK\x03\x04", "a ZIP archive or Office document"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\x1f\x8b", "gzip data"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"SQLite format 3", "an SQLite file"),
)
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
DATELINE_CHARS = 300  # a date further down is about something else
TITLE_CHARS = 150
HTML_MARKS = re.compile(rb"^\s*(?:<!--.*?-->\s*)*<(?:!doctype html|html|head|body)\b", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class RawText:
    """One text of a file, clean. ``title_from`` and ``date_from`` say where those were found."""

    text: str
    title: str | None = None
    title_from: str | None = None  # "metadata", "first line"
    date: str | None = None  # ISO 8601 day
    date_from: str | None = None  # "metadata", "file name", "dateline"
    encoding: str = "utf-8"
    guessed: bool = False  # the encoding is a guess


def read_bytes(data: bytes, source: str, *, settings: Settings) -> list[RawText]:
    """The texts in a file's bytes; the format is told by its content first, its suffix second.

    ``source``: path or name, for its suffix and a date in the name. Raises ReadError where it is no text, too large
    or of a format without a reader.
    """
    if len(data) > settings.max_bytes:
        raise ReadError(f"larger than the limit ({len(data):,} of {settings.max_bytes:,} bytes); split it")
    name = PurePath(source).name
    for magic, kind in BINARY:
        if data.startswith(magic):
            raise ReadError(f"not text (looks like {kind}); convert it to .txt, .md or .html")
    reader = READERS.get(PurePath(name).suffix.lower())
    if HTML_MARKS.match(data[:2_000]):
        reader = read_html
    if reader is None:
        raise ReadError(
            f"no reader for {PurePath(name).suffix or 'a name without suffix'}; known: {', '.join(READERS)}"
        )
    raw = reader(data, name)
    if len(raw.text) > settings.max_chars:
        raise ReadError(f"longer than the limit ({len(raw.text):,} of {settings.max_chars:,} characters); split it")
    if not raw.text.strip():
        raise ReadError("holds no text")
    return [raw]


def read_txt(data: bytes, name: str) -> RawText:
    text, encoding, guessed = decode(data)
    title = find_title(text)
    date, date_from = find_date(name, text)
    return RawText(text, title, "first line" if title else None, date, date_from, encoding, guessed)


def read_md(data: bytes, name: str) -> RawText:
    """Markdown: marks taken off, front matter (``---``) read for title and date."""
    text, encoding, guessed = decode(data)
    fields, body = split_front_matter(text)
    heading = re.search(r"^#\s+(.+?)\s*#*$", body, re.MULTILINE)
    title = fields.get("title") or (heading.group(1) if heading else None)
    plain = strip_markdown(body)
    date, date_from = find_date(name, plain)
    if found := ISO_DATE.search(fields.get("date", "")):
        date, date_from = found.group(), "metadata"
    return RawText(plain, title, "metadata" if title else None, date, date_from, encoding, guessed)


def read_html(data: bytes, name: str) -> RawText:
    """The article of a page (trafilatura, Barbaresi 2021); all its text where no article is found."""
    import trafilatura

    page, encoding, guessed = decode(data, html=True)
    found = trafilatura.bare_extraction(page, include_comments=False, include_tables=True, with_metadata=True)
    fields = (found if isinstance(found, dict) else found.as_dict()) if found is not None else {}
    everything = read_page_text(page)
    article = str(fields.get("text") or "")
    text = article if len(article) * 4 >= len(everything) or len(article) > 1_000 else everything
    title = fields.get("title") or None
    if title and title not in text[: len(title) + 200]:
        text = f"{title}\n\n{text}"
    date, date_from = find_date(name, "")
    if fields.get("date"):
        date, date_from = str(fields["date"])[:10], "metadata"
    return RawText(clean_text(text), title, "metadata" if title else None, date, date_from, encoding, guessed)


READERS: dict[str, Callable[[bytes, str], RawText]] = {
    ".txt": read_txt,
    ".text": read_txt,
    ".md": read_md,
    ".markdown": read_md,
    ".html": read_html,
    ".htm": read_html,
}


def decode(data: bytes, *, html: bool = False) -> tuple[str, str, bool]:
    """(clean text, encoding, whether that is a guess). Clean UTF-8 comes back unchanged."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return clean_text(data.decode(encoding, "replace")), encoding, False
    declared = re.search(rb"charset=[\"']?([\w-]{3,20})", data[:2_000]) if html else None
    names = [declared.group(1).decode("ascii")] if declared else []
    for encoding in (*names, "utf-8"):
        try:
            return clean_text(data.decode(encoding)), encoding.lower(), False
        except (UnicodeDecodeError, LookupError):
            continue
    if data.count(0) > len(data) // 100:
        raise ReadError("not text (holds zero bytes); convert it to .txt, .md or .html")
    return clean_text(data.decode("cp1252", "replace")), "cp1252", True


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
    top = text[:DATELINE_CHARS]
    if found := ISO_DATE.search(top):
        return found.group(), "dateline"
    if (found := LONG_DATE.search(top)) and 1 <= int(found.group(1)) <= 31:
        day, month, year = found.groups()
        return f"{year}-{MONTHS[month.lower()]:02}-{int(day):02}", "dateline"
    return None, None


def split_front_matter(text: str) -> tuple[dict[str, str], str]:
    match = re.match(r"---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|$)", text[:10_000], re.DOTALL)
    if not match:
        return {}, text
    fields = {}
    for line in match.group(1).splitlines():
        key, colon, value = line.partition(":")
        if colon:
            fields[key.strip().lower()] = value.strip().strip("\"'")
    return fields, text[match.end() :].lstrip("\n")


def strip_markdown(text: str) -> str:
    """Text without heading, list, emphasis, link and code marks; words and order stay."""
    text = re.sub(r"^```.*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"^#{1,6}\s+(.*?)\s*#*$", r"\1", text, flags=re.MULTILINE)
    text = re.sub(r"^(?:>\s?)+", "", text, flags=re.MULTILINE)
    text = re.sub(r"!?\[([^\]\n]*)\]\([^)\n]*\)", r"\1", text)
    return re.sub(r"(\*\*|__|(?<!\w)[*_]|[*_](?!\w)|`)(?=\S)|(?<=\S)(\*\*|__|[*_](?!\w)|`)", "", text)


def read_page_text(page: str) -> str:
    """All visible text of a page, a block a line."""
    from lxml import etree, html

    try:
        tree = html.document_fromstring(page.encode("utf-8"), parser=html.HTMLParser(encoding="utf-8", huge_tree=False))
    except (etree.ParserError, ValueError):
        return ""
    etree.strip_elements(tree, "script", "style", "noscript", "template", with_tail=False)
    body = tree.find("body")
    lines: list[str] = []
    for event, node in etree.iterwalk(tree if body is None else body, events=("start", "end")):
        if event == "start" and node.tag in BLOCKS:
            lines.append("")
        part = node.text if event == "start" else node.tail
        if part and isinstance(node.tag, str):
            lines[-1:] = [(lines[-1] if lines else "") + re.sub(r"\s+", " ", part)]
        if event == "end" and node.tag in BLOCKS:
            lines.append("")
    return "\n\n".join(line.strip() for line in lines if line.strip())


BLOCKS = frozenset(
    "p div h1 h2 h3 h4 h5 h6 li ul ol table tr td th section article header footer blockquote br dt dd body".split()  # noqa: SIM905
)
