"""Web pages."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kg.formats.parts import Part, RawText, Reading, add_title, decode, find_date
from kg.text import clean_text

ARTICLE_BYTES = 2_000_000  # pages up to which the article is looked for: that takes more than linear time
ARTICLE_TAGS = 50_000  # likewise
BLOCKS = frozenset(
    "p div h1 h2 h3 h4 h5 h6 li ul ol table tr td th section article header footer blockquote br dt dd body".split()  # noqa: SIM905
)
HIDDEN = frozenset({"script", "style", "noscript", "template", "head", "title"})


def read_html(data: bytes, name: str, reading: Reading) -> Iterator[Part]:
    """The article of a page (trafilatura, Barbaresi 2021); all its text where no article is found."""
    page, guesses = decode(data, html=True)
    fields = find_article(page) if len(data) <= ARTICLE_BYTES and page.count("<") <= ARTICLE_TAGS else {}
    everything = read_page_text(page)
    article = str(fields.get("text") or "")
    text = article if len(article) * 4 >= len(everything) or len(article) > 1_000 else everything
    title = str(fields.get("title") or "") or find_page_title(page)
    date, date_from = find_date(name, "")
    if fields.get("date"):
        date, date_from = str(fields["date"])[:10], "metadata"
    yield RawText(
        clean_text(add_title(title, text)), title, "metadata" if title else None, date, date_from, guesses
    )  # fmt: skip


def find_article(page: str) -> dict[str, object]:
    import trafilatura

    found = trafilatura.bare_extraction(page, include_comments=False, include_tables=True, with_metadata=True)
    return (found if isinstance(found, dict) else found.as_dict()) if found is not None else {}


def find_page_title(page: str) -> str | None:
    from html import unescape

    found = re.search(r"<title[^<>]{0,200}>([^<]{1,500})</title", page[:100_000], re.IGNORECASE)
    return (" ".join(unescape(found.group(1)).split()) or None) if found else None


def read_page_text(page: str, *, mark_quotes: bool = False) -> str:
    """All visible text of a page, a block a line. No tree is built: memory stays near the size of the text.

    ``mark_quotes``: ``>`` before each line of a quotation, as plain mail has it.
    """
    from lxml import etree

    writer = TextWriter()
    parser = etree.HTMLParser(target=writer, huge_tree=True)  # else what is nested deeply would be lost
    try:
        parser.feed("<body>" if not page.strip() else page)
        parser.close()
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        pass  # what came before it is kept
    return writer.join(mark_quotes=mark_quotes)


class TextWriter:
    """Gathers text as lxml's parser meets it."""

    def __init__(self) -> None:
        self.lines: list[tuple[int, list[str]]] = [(0, [])]  # each with how many quotations it lies in
        self.quoted = 0
        self.hidden = 0  # elements not shown that are open

    def start(self, tag: str, attributes: object) -> None:
        self.hidden += tag in HIDDEN
        self.quoted += tag == "blockquote"
        if tag in BLOCKS:
            self.lines.append((self.quoted, []))

    def end(self, tag: str) -> None:
        self.hidden -= tag in HIDDEN
        self.quoted -= tag == "blockquote"
        if tag in BLOCKS:
            self.lines.append((self.quoted, []))

    def data(self, words: str) -> None:
        if not self.hidden:
            self.lines[-1][1].append(words)

    def close(self) -> None:
        pass

    def join(self, *, mark_quotes: bool) -> str:
        joined = ((quoted and mark_quotes, " ".join("".join(words).split())) for quoted, words in self.lines)
        return "\n\n".join(f"> {line}" if quoted else line for quoted, line in joined if line)
