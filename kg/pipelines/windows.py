"""Cuts a sequence of words into windows that fit the encoder, each with context on both sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

CAPACITY = 190  # pieces of one window, without the two at its ends; training saw windows of 192
CONTEXT = 24  # pieces of text shown on each side and not scored
SENTENCE_ENDS = frozenset(".!?…:;")


@dataclass(frozen=True, slots=True)
class Window:
    """Words ``[start, end)`` are scored; ``[context_start, context_end)`` are shown to the encoder."""

    context_start: int
    start: int
    end: int
    context_end: int


def cut_windows(sizes: Sequence[int], ends: Sequence[bool]) -> list[Window]:
    """``sizes``: pieces of each word; ``ends``: a sentence seems to end after the word. Every word is scored once.

    The same words give the same windows, whatever else is tagged: that is what makes mentions repeatable.
    """
    windows = []
    start, count = 0, len(sizes)
    total = sum(sizes)
    if total <= CAPACITY:
        return [Window(0, 0, count, count)] if count else []
    while start < count:
        context_start = reach_back(sizes, start, CONTEXT)
        room = CAPACITY - sum(sizes[context_start:start])
        end, used, good = start, 0, start
        limit = room - CONTEXT
        while end < count and used + sizes[end] <= limit:
            used += sizes[end]
            end += 1
            if ends[end - 1] and used > limit // 2:
                good = end
        end = max(end, start + 1)
        if end < count and good > start:
            end = good
        context_end = reach_on(sizes, end, room - sum(sizes[start:end]))
        windows.append(Window(context_start, start, end, context_end))
        start = end
    return windows


def reach_back(sizes: Sequence[int], start: int, room: int) -> int:
    while start > 0 and sizes[start - 1] <= room:
        start -= 1
        room -= sizes[start]
    return start


def reach_on(sizes: Sequence[int], end: int, room: int) -> int:
    while end < len(sizes) and sizes[end] <= room:
        room -= sizes[end]
        end += 1
    return end
