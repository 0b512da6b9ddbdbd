"""Lines of a printed page, and the order of reading where it is printed row by row across columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

GUTTER = 8.0  # points between two columns; words are 3 apart
COLUMN_LINES = 6  # lines a column has at least: fewer are a table, or chance
COLUMN_WIDTH = 110.0  # points at least: the columns of a newspaper are wider, most of a table are not
FILLED = 0.7  # of a column's width that its lines take: the cells of a table take less
SPANNING = 0.6  # of the width of all text: what is wider stands above or below the columns
CROSSING = 0.5  # of the steps from one piece to the next: printed column by column, only one crosses
TOUCHING = 2.0  # points by which pieces of one line may overlap


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page; in points, from the page's lower left."""

    text: str
    left: float
    right: float
    foot: float
    size: float  # height


Box = tuple[float, float, float, float]  # left, bottom, right, top


def find_columns(boxes: Sequence[Box]) -> list[tuple[float, float]]:
    """(left, right) of each column, where pieces of text are printed across several of them; else nothing."""
    if len(boxes) < 2 * COLUMN_LINES:
        return []
    wide = SPANNING * (max(box[2] for box in boxes) - min(box[0] for box in boxes))
    narrow = [box for box in boxes if box[2] - box[0] < wide]
    columns = [span for span in join_spans(narrow) if is_column(span, narrow)]
    if len(columns) < 2:
        return []
    order = [place for box in narrow if (place := find_span(box, columns)) is not None]
    crossings = sum(a != b for a, b in pairwise(order))
    return columns if crossings >= CROSSING * (len(order) - 1) else []


def join_spans(boxes: Sequence[Box]) -> list[tuple[float, float]]:
    """Stretches across the page that text covers, with gutters between them."""
    spans: list[tuple[float, float]] = []
    for left, _, right, _ in sorted(boxes):
        if spans and left - spans[-1][1] < GUTTER:
            spans[-1] = (spans[-1][0], max(right, spans[-1][1]))
        else:
            spans.append((left, right))
    return spans


def is_column(span: tuple[float, float], boxes: Sequence[Box]) -> bool:
    widths = [box[2] - box[0] for box in boxes if span[0] <= box[0] and box[2] <= span[1]]
    wide = span[1] - span[0] >= COLUMN_WIDTH
    return wide and len(widths) >= COLUMN_LINES and median(widths) >= FILLED * (span[1] - span[0])


def find_span(box: Box, spans: Sequence[tuple[float, float]]) -> int | None:
    return next((n for n, (left, right) in enumerate(spans) if left <= box[0] and box[2] <= right), None)


def order_boxes(boxes: Sequence[Box], columns: Sequence[tuple[float, float]]) -> list[Box]:
    """As they are printed, but column after column between what spans them."""
    ordered: list[Box] = []
    held: list[list[Box]] = [[] for _ in columns]
    for box in boxes:
        place = find_span(box, columns)
        if place is not None:
            held[place].append(box)
            continue
        ordered += [*(one for column in held for one in column), box]
        held = [[] for _ in columns]
    return ordered + [one for column in held for one in column]


def join_lines(pieces: Sequence[tuple[str, Box]]) -> list[Line]:
    """Pieces that follow each other at one height become a line."""
    lines: list[Line] = []
    for text, (left, foot, right, top) in pieces:
        last = lines[-1] if lines else None
        if last and left >= last.right - TOUCHING and last.foot < (foot + top) / 2 < last.foot + last.size:
            lines[-1] = Line(f"{last.text} {text}", last.left, right, last.foot, last.size)
        else:
            lines.append(Line(text, left, right, foot, top - foot))
    return lines
