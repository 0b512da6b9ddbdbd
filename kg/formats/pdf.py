"""PDF, by PDFium (pypdfium2): running text with its pages, without what repeats at their head and foot."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from kg.errors import ReadError
from kg.formats.columns import Line, find_columns, join_lines, order_boxes
from kg.formats.parts import Part, RawText, Reading, Unread, find_date, find_title
from kg.text import clean_text

HYPHEN = "\ufffe"  # what PDFium puts for a hyphen at a line's end
EDGE_LINES = 3  # lines at the head and at the foot of a page that may repeat
REPEATING_PAGES = 3  # pages from which on repeating is told from chance
OFTEN = 6  # pages that are enough in a long text, where each chapter has its own header
REPEATED = 0.6  # share of the pages that a running header stands on; the first page of a chapter often lacks it
NUMBERED = 0.4  # share of the pages that show their number at the end of a header
HEADER_CHARS = 80  # that a running header has at most
TEXT_SHARE = 0.6  # of the letters that must be left when what repeats is dropped
SPACED = 1.45  # baselines this many times further apart than is usual on the page: a new paragraph
SHORT_LINE = 0.85  # of the width of the text: a line that ends its paragraph
SIZE_CHANGE = 0.15  # of the height of letters: a heading
NUMBER = re.compile(r"\W*(?:side|page|s|p)?\W*0(?:\W*(?:av|of)?\W*0)?\W*")  # of a page, as ``flatten`` writes it
CUT_WORD = re.compile(r"(\w[\w-]*\w)-$")
WORD_START = re.compile(r"\w[\w-]*")
JOINING = frozenset({"og", "eller", "samt", "til", "and", "or", "to"})  # before which a hyphen stands for a word


def read_pdf(data: bytes, name: str, reading: Reading) -> Iterator[Part]:
    """The text of a PDF, a paragraph a line, with the offset of each page. Raises ReadError."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        locked = "password" in str(error).lower()
        raise ReadError(
            "is encrypted; save a copy without password" if locked else f"is no whole PDF ({error})"
        ) from error
    try:
        if len(document) > reading.settings.max_pages:
            raise ReadError(f"has more pages than the limit ({len(document):,} of {reading.settings.max_pages:,})")
        pages, damaged = read_pages(document)
        fields = document.get_metadata_dict()
    finally:
        document.close()
    yield from (Unread(f", page {number}", "is damaged") for number in damaged)
    text, places = join_pages(drop_furniture(pages))
    if not text.strip():
        if len(damaged) == len(pages):
            return
        raise ReadError("holds no text, only pictures of it; read it with an OCR program first")
    title = clean_title(fields.get("Title", ""), text)
    date, date_from = find_date(name, text)
    if date is None and (created := re.match(r"D:(\d{4})(\d\d)(\d\d)", fields.get("CreationDate", ""))):
        year, month, day = created.groups()
        date, date_from = find_date(f"{year}-{month}-{day}", "")[0], "metadata (created)"
    title_from = "metadata" if title else "first line"
    title = title or find_title(text)
    yield RawText(
        text, title, title_from if title else None, date, date_from if date else None, places=places
    )  # fmt: skip


def clean_title(given: str, text: str) -> str | None:
    """The metadata's title where the text holds it too: many name the program, a template or a file."""
    title = " ".join(clean_text(given).split())
    flat = " ".join(text[:5_000].split()).casefold()
    return title if len(title) >= 3 and title.casefold() in flat else None


def read_pages(document: Any) -> tuple[list[list[Line]], list[int]]:
    """(lines of each page, numbers of those that are damaged)."""
    import pypdfium2

    pages: list[list[Line]] = []
    damaged: list[int] = []
    for number in range(len(document)):
        try:
            pages.append(read_page(document, number))
        except pypdfium2.PdfiumError:
            pages.append([])
            damaged.append(number + 1)
    return pages, damaged


def read_page(document: Any, number: int) -> list[Line]:
    """The lines of a page, in the order in which they are read."""
    page = document[number]
    try:
        words = page.get_textpage()
        try:
            lines = read_columns(words) or list(measure_lines(words))
            return [line for line in lines if line.text.strip()]
        finally:
            words.close()
    finally:
        page.close()


def read_columns(words: Any) -> list[Line]:
    """The lines of a page that is printed row by row across its columns; nothing where it is not."""
    boxes = [words.get_rect(number) for number in range(words.count_rects())]
    columns = find_columns(boxes)
    if not columns:
        return []
    return join_lines([(words.get_text_bounded(*box).strip(), box) for box in order_boxes(boxes, columns)])


def measure_lines(words: Any) -> Iterator[Line]:
    """The lines of a page in the order in which it is printed, as most are that of reading."""
    text = words.get_text_range()
    exact = words.count_chars() == len(text)  # else no place of a letter can be told from its place in the text
    at = 0
    for row in re.split(f"({HYPHEN}|\r\n)", text):
        shown = row.strip()
        cut = "-" if text.startswith(HYPHEN, at + len(row)) else ""
        if shown in ("", HYPHEN):
            pass
        elif exact:
            first, last = at + row.index(shown), at + row.index(shown) + len(shown) - 1
            left, _, _, _ = words.get_charbox(first, loose=True)
            _, foot, right, top = words.get_charbox(last, loose=True)
            yield Line(shown + cut, left, right, foot, top - foot)
        else:
            yield Line(shown + cut, 0.0, 0.0, 0.0, 0.0)
        at += len(row)


def drop_furniture(pages: Sequence[Sequence[Line]]) -> list[list[Line]]:
    """Pages without their numbers, without what most repeat at head or foot, and without headers that end in them."""
    bare = [
        [line for line, edge in mark_edges(lines) if not (edge and NUMBER.fullmatch(flatten(line)))] for lines in pages
    ]
    shift = find_shift(bare, least=max(REPEATING_PAGES, NUMBERED * sum(1 for lines in bare if lines)))
    bare = drop_repeated(bare)
    if shift is None:
        return bare
    return [
        [
            line
            for place, line in enumerate(lines)
            if place not in (0, len(lines) - 1) or number + shift not in read_numbers(line.text)
        ]
        for number, lines in enumerate(bare)
    ]


def drop_repeated(pages: Sequence[Sequence[Line]]) -> list[list[Line]]:
    """Pages without the lines that, but for numbers, most have in one place at head or foot.

    Where that would be much of the text it is the text, as in forms, and all is kept.
    """
    marked = [[(line, (edge, round(line.foot / 4), flatten(line))) for line, edge in mark_edges(p)] for p in pages]
    seen = Counter(key for lines in marked for key in {key for _, key in lines if key[0]})
    least = max(REPEATING_PAGES, min(OFTEN, REPEATED * sum(1 for lines in marked if lines)))
    kept = [[line for line, key in lines if seen[key] < least] for lines in marked]
    return kept if count_letters(kept) >= TEXT_SHARE * count_letters(pages) else [list(lines) for lines in pages]


def count_letters(pages: Sequence[Sequence[Line]]) -> int:
    return sum(len(line.text) for lines in pages for line in lines)


def find_shift(pages: Sequence[Sequence[Line]], *, least: float) -> int | None:
    """What to add to a page's place for the number printed on it, where at least so many pages show one."""
    shifts = Counter(
        shown - number
        for number, lines in enumerate(pages)
        for shown in {n for line in (*lines[:1], *lines[-1:]) for n in read_numbers(line.text)}
    )
    best, count = max(shifts.items(), key=lambda pair: (pair[1], -abs(pair[0])), default=(0, 0))
    return best if count >= least else None


def read_numbers(text: str) -> set[int]:
    """The numbers with which a short line begins or ends, as a running header does."""
    return {int(n) for n in re.findall(r"^\d{1,4}(?= )|(?<= )\d{1,4}$", text)} if len(text) <= HEADER_CHARS else set()


def mark_edges(lines: Sequence[Line]) -> Iterator[tuple[Line, str]]:
    """Each line, with where it may repeat: at the "head" or the "foot" of its page; of a short page, half each."""
    edge = min(EDGE_LINES, (len(lines) + 1) // 2)
    for number, line in enumerate(lines):
        yield line, "head" if number < edge else "foot" if number >= len(lines) - edge else ""


def flatten(line: Line) -> str:
    """A line as it repeats: its numbers, which count pages, all alike."""
    return re.sub(r"\d+|\b[ivxl]+\b", "0", " ".join(line.text.split()).casefold())


def join_pages(pages: Sequence[Sequence[Line]]) -> tuple[str, tuple[tuple[int, str], ...]]:
    """(text, offset of each page): lines joined to paragraphs, over the end of a page too."""
    pieces: list[str] = []
    places: list[tuple[int, str]] = []
    length, previous = 0, None
    usual, right = line_gap(pages), widest(pages)
    known = set(re.findall(r"[\w-]+", " ".join(line.text.casefold() for lines in pages for line in lines)))
    for number, lines in enumerate(pages, 1):
        for line in lines:
            piece = clean_text(" ".join(line.text.split()))
            if previous is not None:
                ends = parts_from(previous, line, usual=usual, right=right)
                last = pieces.pop()
                length -= len(last)
                added = (last, "\n\n") if ends else bridge_lines(last, piece, known)
                pieces += added
                length += sum(map(len, added))
            if not places or places[-1][1] != f"page {number}":
                places.append((length, f"page {number}"))
            pieces.append(piece)
            length += len(piece)
            previous = line
    return "".join(pieces), tuple(places)


def bridge_lines(before: str, after: str, known: set[str]) -> tuple[str, str]:
    """(``before`` as it goes on, what then stands between it and ``after``)."""
    cut, start = CUT_WORD.search(before), WORD_START.match(after)
    if not cut or not start:
        return before, " "
    return before[:-1], choose_hyphen(cut[1], start[0], known)


def choose_hyphen(before: str, after: str, known: set[str]) -> str:
    """What stands between the halves of a word: nothing, or its own hyphen where it has one elsewhere or by a name."""
    if after.casefold() in JOINING:
        return "- "  # "nord- og sørgående"
    if (before + after).casefold() in known:
        return ""
    own = after[0].isupper() or after[0].isdigit() or before[-2:].isupper() or before[-1:].isdigit()
    return "-" if own or f"{before}-{after}".casefold() in known else ""


def line_gap(pages: Sequence[Sequence[Line]]) -> float:
    """How far apart the lines of a paragraph are, in points."""
    gaps = [a.foot - b.foot for lines in pages for a, b in pairwise(lines)]
    down = sorted(gap for gap in gaps if gap > 0)
    return down[len(down) // 4] if down else 0.0  # of text set in short paragraphs, half the gaps lie between these


def widest(pages: Sequence[Sequence[Line]]) -> dict[int, float]:
    """By left edge, to 20 points: how far right most lines from there reach."""
    rights: dict[int, list[float]] = {}
    for lines in pages:
        for line in lines:
            rights.setdefault(round(line.left / 20), []).append(line.right)
    return {left: sorted(found)[len(found) * 9 // 10] for left, found in rights.items()}


def parts_from(a: Line, b: Line, *, usual: float, right: dict[int, float]) -> bool:
    """Whether a paragraph ends between two lines that follow each other."""
    ended = a.text.rstrip().endswith((".", "!", "?", ":", "”", "»", '"'))
    if not a.size or not b.size or (not ended and b.text.lstrip()[:1].islower()):
        return ended
    if abs(a.size - b.size) > SIZE_CHANGE * max(a.size, b.size):
        return True
    gap = a.foot - b.foot
    if gap > SPACED * usual > 0:
        return True
    reach = right[round(a.left / 20)] - a.left
    return ended and a.right - a.left < SHORT_LINE * reach  # also into the next column or page
