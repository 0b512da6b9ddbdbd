"""RSS (0.9 to 2.0) and Atom feeds, a document an entry; and the one way in which kg parses XML."""

from __future__ import annotations

from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from io import BytesIO
from typing import Any

from kg.errors import ReadError
from kg.formats.html import read_page_text
from kg.formats.parts import Part, RawText, Reading, Unread, add_title, clean_name, find_date, parse_date
from kg.text import clean_text

ENTRIES = frozenset({"item", "entry"})
BODIES = ("encoded", "content", "description", "summary")  # the fullest first
DATES = ("pubdate", "published", "date", "updated", "issued")


def read_feed(data: bytes, name: str, reading: Reading) -> Iterator[Part]:
    """The entries of a feed, each named by its link where it has one."""
    number = 0
    for _, node in walk_xml(data, ENTRIES):
        number += 1
        try:
            yield read_entry(node, number, name)
        except (ValueError, RecursionError) as error:
            yield Unread(f", entry {number}", f"cannot be read ({error})")
    if not number:
        raise ReadError("holds no entries of a feed (RSS or Atom)")


def read_entry(node: Any, number: int, name: str) -> Part:
    fields: dict[str, str] = {}
    link = ""
    for child in node:
        if not isinstance(child.tag, str):
            continue
        tag = local_name(child)
        if tag == "link" and child.get("rel", "alternate") == "alternate":
            link = link or child.get("href") or child.text or ""
        inner = "".join(child.itertext()) if child.get("type") != "xhtml" else to_markup(child)
        fields.setdefault(tag, inner.strip())
    where = clean_address(link or fields.get("guid", "") or fields.get("id", "")) or str(number)
    part = f", entry {where}"
    markup = next((fields[tag] for tag in BODIES if fields.get(tag)), "")
    title = " ".join(clean_text(fields.get("title", "")).split()) or None
    body = clean_text(read_page_text(f"<body>{markup}</body>") if "<" in markup or "&" in markup else markup)
    date, date_from = find_date(name, "")
    if day := next((found for tag in DATES if (found := parse_stamp(fields.get(tag, "")))), None):
        date, date_from = day, "metadata"
    return RawText(add_title(title, body), title, "metadata" if title else None, date, date_from, (), part)


def to_markup(node: Any) -> str:
    from lxml import etree

    return str(etree.tostring(node, encoding="unicode", with_tail=False))


def clean_address(address: str) -> str:
    return clean_name(address).replace(":/", "://", 1) if "://" in address else clean_name(address)


def parse_stamp(stamp: str) -> str | None:
    """ISO day of a time as feeds and mail write it: RFC 3339, or RFC 5322 ("Mon, 3 Mar 2025 10:00:00 +0100")."""
    if day := parse_date(stamp[:40], numbers=False):
        return day
    try:
        return parsedate_to_datetime(stamp[:100]).date().isoformat()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def walk_xml(
    data: bytes, tags: frozenset[str] | None, *, events: tuple[str, ...] = ("end",)
) -> Iterator[tuple[str, Any]]:
    """(event, element) for the elements of these local names (lower case), or for all; those named are then emptied.

    No entity is expanded, nothing is fetched, depth and lengths are bounded by libxml2's defaults. Raises ReadError
    where it is no well-formed XML.
    """
    from lxml import etree

    if b"<!ENTITY" in data[:100_000]:
        raise ReadError("declares XML entities, which are not read; they can unpack to gigabytes")
    walk = etree.iterparse(
        BytesIO(data), events=events, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        for event, node in walk:
            if tags is None or local_name(node) in tags:
                yield event, node
                if tags is not None:
                    node.clear(keep_tail=True)
    except etree.XMLSyntaxError as error:
        raise ReadError(f"is no whole XML ({error.msg})") from error


def local_name(node: Any) -> str:
    return str(node.tag).rpartition("}")[2].lower()
