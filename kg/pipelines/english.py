"""What a recogniser that learned Norwegian gets wrong in English names: where they end, and what is none.

English writes "the" before names and "of" inside them, and gives its adjectives of nationality, months and days a
capital; Norwegian does none of this.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from kg.records import Mention
from kg.tables import load_table

EDGE_WORDS = frozenset(("the", "a", "an", "of", "in", "and", "for", "at", "from", "to", "by", "on", "with", "or", "as"))
WITH_ARTICLE = re.compile(r"The (?:Hague|Gambia|Bahamas|Who|Beatles|Economist|Guardian|Times|Sun|Independent)\b")
OF_PLACE = re.compile(r" of (?=[^\W\d_a-z][\w.-]*$)")
IN_PLACE = re.compile(r" in (?=[^\W\d_a-z])")


@functools.cache
def load_english(role: str) -> frozenset[str]:
    """``role`` "head": nouns that "of" joins to a name's rest (University of Oxford); "no name": months, peoples ..."""
    return frozenset(word for word, what in load_table("english") if what == role)


def mend_names(text: str, mentions: Iterable[Mention]) -> Iterator[Mention]:
    """English ``mentions`` of ``text`` with edges that English has, and without those that name nothing."""
    for mention in mentions:
        trimmed = trim_edges(text, mention)
        if trimmed is not None and not names_none(trimmed):
            yield from split_place(text, trimmed)


def trim_edges(text: str, mention: Mention) -> Mention | None:
    """Without articles, prepositions and adjectives of nationality at its edges; None where nothing is left."""
    words = [(m.start(), m.end()) for m in re.finditer(r"\S+", mention.text)]
    if WITH_ARTICLE.match(mention.text):
        return mention
    low = [mention.text[a:b].casefold() for a, b in words]
    while words and low[-1] in EDGE_WORDS:
        words.pop()
        low.pop()
    while words and (
        low[0] in EDGE_WORDS or (low[0] in load_english("no name") and low[1:] and mention.text[words[1][0]].islower())
    ):
        words.pop(0)
        low.pop(0)
    if not words or not any(mention.text[a].isupper() or mention.text[a].isdigit() for a, _ in words):
        return None
    return cut_mention(text, mention, mention.start + words[0][0], mention.start + words[-1][1])


def cut_mention(text: str, mention: Mention, start: int, end: int) -> Mention:
    return replace(mention, start=start, end=end, text=text[start:end])


def names_none(mention: Mention) -> bool:
    return mention.type in ("PERSON", "PLACE") and mention.text.casefold() in load_english("no name")


def split_place(text: str, mention: Mention) -> Iterator[Mention]:
    """A company and the place after it as two: "Maersk of Copenhagen", "University of Oxford in England"."""
    inner = IN_PLACE.search(mention.text) if mention.type == "ORG" else None
    if inner is None and mention.type == "ORG" and (of := OF_PLACE.search(mention.text)):
        head = mention.text[: of.start()].split()[-1].casefold()
        inner = None if head in load_english("head") else of
    if inner is None:
        yield mention
        return
    yield cut_mention(text, mention, mention.start, mention.start + inner.start())
    yield replace(cut_mention(text, mention, mention.start + inner.end(), mention.end), type="PLACE")
