"""Plain text and Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kg.formats.parts import ISO_DATE, Part, RawText, Reading, decode, find_date, find_title


def read_txt(data: bytes, name: str, reading: Reading) -> Iterator[Part]:
    text, guesses = decode(data)
    title = find_title(text)
    date, date_from = find_date(name, text)
    yield RawText(text, title, "first line" if title else None, date, date_from, guesses)


def read_md(data: bytes, name: str, reading: Reading) -> Iterator[Part]:
    """Markdown: marks taken off, front matter (``---``) read for title and date."""
    text, guesses = decode(data)
    fields, body = split_front_matter(text)
    heading = re.search(r"^#\s+(.+?)\s*#*$", body, re.MULTILINE)
    title = fields.get("title") or (heading.group(1) if heading else None)
    title_from = "metadata" if fields.get("title") else "heading" if title else None
    plain = strip_markdown(body)
    date, date_from = find_date(name, plain)
    if found := ISO_DATE.search(fields.get("date", "")):
        date, date_from = found.group(), "metadata"
    yield RawText(plain, title, title_from, date, date_from, guesses)


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
    text = re.sub(r"!?\[([^\[\]\n]*)\]\([^()\n]*(?:\([^()\n]*\))?[^()\n]*\)", r"\1", text)
    return re.sub(r"(\*\*|__|(?<!\w)[*_]|[*_](?!\w)|`)(?=\S)|(?<=\S)(\*\*|__|[*_](?!\w)|`)", "", text)
