"""Acronyms: whether a short name can be made of a long one's letters."""

from __future__ import annotations

import functools
import re

from kg.names import plain_key, strip_legal_form, to_bokmal
from kg.text import fold

SMALL_WORDS = frozenset(
    ("i", "og", "for", "av", "på", "ved", "til", "om", "the", "of", "and", "in", "de", "du", "der", "den", "det", "dei")
)
ACRONYM_HEADS = (
    "departement", "direktorat", "politi", "tilsyn", "forbund", "parti", "råd", "nemnd", "lag", "byrå", "bank", "verk",
    "etat", "sentral", "tjeneste", "teneste", "foren", "kommisjon", "universitet", "institutt", "utvalg", "utval",
    "organisasjon", "selskap", "skole", "skule", "senter", "fond", "museum", "syke", "sjuke", "blad", "avis", "klubb",
)  # fmt: skip
"""Nouns that end Norwegian compounds and give an acronym its later letter: utenriks|departementet -> UD."""


def is_acronym(short: str, long: str) -> bool:
    """Whether ``short`` can be made of the letters of ``long``: an initial from each content word, in order.

    Inner letters count too (Statistisk sentral|byrå: SSB); a single word gives its first letter and those that begin
    a later part of it (Utenriks|departementet: UD).

    >>> is_acronym("SSB", "Statistisk sentralbyrå"), is_acronym("UD", "Utenriksdepartementet")
    (True, True)
    """
    letters = plain_key(short).replace(" ", "")
    if not 2 <= len(letters) <= 8 or " " in short.strip() or not looks_short(short):
        return False
    parts = re.sub(r"(?<=[a-zæøå])(?=[A-ZÆØÅ])", " ", strip_legal_form(long)[0])
    for form in (parts, to_bokmal(parts)):
        words = plain_key(form).split()
        if len(words) > 1 and align_letters(letters, tuple(words)):
            return True
        if len(words) == 1 and len(words[0]) > len(letters) + 3 and align_word(short, words[0]):
            return True
    return False


def looks_short(short: str) -> bool:
    """Whether a word looks like an acronym: two capitals or more, or a short word that ends in a consonant or stop."""
    capitals = sum(c.isupper() for c in short)
    return capitals >= 2 or (capitals == 1 and len(short.strip(".")) <= 5 and short[:1].isupper())


@functools.lru_cache(maxsize=5_000)
def align_letters(letters: str, words: tuple[str, ...]) -> bool:
    """Whether every content word gives its initial, and further letters in order, until ``letters`` is used up."""
    if not words:
        return not letters
    head, rest = words[0], words[1:]
    if head in SMALL_WORDS and align_letters(letters, rest):
        return True
    if not letters or letters[0] != head[0]:
        return False
    at, used = 0, 1
    while True:
        if align_letters(letters[used:], rest):
            return True
        if used >= len(letters) or used > 3:
            return False
        at = head.find(letters[used], at + 1)
        if at < 0:
            return False
        used += 1


def align_word(short: str, word: str) -> bool:
    """One compound word: its beginning in capitals, or first letters and then the start of a known head noun."""
    letters = plain_key(short)
    if len(letters) >= 3 and short.isupper() and word.startswith(letters):
        return True
    for noun in ACRONYM_HEADS:
        at = word.find(fold(noun), 2)
        if at > 0 and letters[0] == word[0]:
            for k in (k for k in range(1, len(letters)) if letters[k] == word[at]):
                if is_within(letters[1:k], word[1:at]) and is_within(letters[k + 1 :], word[at + 1 :]):
                    return True
    return False


def is_within(letters: str, word: str) -> bool:
    """Whether ``letters`` stand in ``word`` in their order."""
    rest = iter(word)
    return all(c in rest for c in letters)
