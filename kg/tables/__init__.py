"""The word lists of name grammar, read once. What each holds, and where it comes from, stands in its README."""

from __future__ import annotations

import functools
import re
from importlib import resources


@functools.cache
def load_table(name: str) -> tuple[tuple[str, ...], ...]:
    """Rows of ``kg/tables/NAME.tsv`` without its heading, each cell stripped; short rows keep their length."""
    text = resources.files("kg").joinpath("tables", f"{name}.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if line.strip() and not line.startswith("#"))
    return tuple(tuple(cell.strip() for cell in row) for row in rows)


@functools.cache
def load_function_words() -> frozenset[str]:
    """Words that cannot follow a genitive: prepositions, conjunctions, pronouns and the commonest verbs."""
    return frozenset(row[0] for row in load_table("function_words"))


@functools.cache
def load_titles() -> frozenset[str]:
    """Titles before a person's name, in lower case."""
    return frozenset(row[0].casefold() for row in load_table("titles"))


@functools.cache
def load_legal_forms() -> dict[str, str]:
    """Legal form in lower case -> as it is written."""
    return {row[0].casefold(): row[0] for row in load_table("legal_forms")}


@functools.cache
def load_nynorsk() -> tuple[tuple[str, str], ...]:
    """(pattern, replacement); a short part only counts at the start of a word, the shortest only as a whole word."""
    rows = load_table("nynorsk")
    ends = {row[0]: ("" if len(row[0]) > 5 else r"\b", r"\b" if len(row[0]) < 4 else "") for row in rows}
    return tuple((ends[row[0]][0] + re.escape(row[0]) + ends[row[0]][1], row[1]) for row in rows)


@functools.cache
def load_heads() -> dict[str, tuple[str, str]]:
    """Head noun of a compound -> (type of the name before it, "role" or "thing")."""
    return {row[0]: (row[1].upper(), row[2]) for row in load_table("heads")}
