"""What an entity of one document shares with the same entity of another: keys, claims and context."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz.distance import OSA

from kg.names import (
    fits_person,
    load_kinds,
    load_variants,
    load_words,
    name_key,
    plain_key,
    slug,
)
from kg.records import Entity
from kg.resolve.acronyms import is_acronym, looks_short

BARE = "~"  # begins the key of a person of whom a document gives one name only; no two documents share such a key
SOUNDS = (
    ("kh", "h"), ("sch", "sj"), ("tsch", "tsj"), ("sh", "sj"), ("ch", "k"), ("ck", "k"), ("ph", "f"), ("th", "t"),
    ("aa", "a"), ("w", "v"), ("y", "i"), ("j", "i"), ("c", "k"), ("z", "s"), ("q", "k"), ("x", "ks"),
)  # fmt: skip
"""Spellings of one sound; names alike after these and without vowels are looked at as possible slips."""


@dataclass(frozen=True, slots=True)
class LocalEntity:
    """An entity of one document, as resolution across documents sees it."""

    document: str  # document id
    entity: Entity  # the document's own
    names: tuple[tuple[str, int], ...]  # normal forms with their mentions, sorted
    date: str | None = None  # ISO 8601
    context: frozenset[str] = frozenset()  # "type:folded name" of the document's other entities


def is_bare(name: str, type: str) -> bool:
    """Whether this is a person with one name only: a surname or a given name."""
    return type == "PERSON" and len(name_key(name, type).split()) < 2


@functools.lru_cache(maxsize=5_000)
def head_key(name: str, type: str) -> str:
    """The key that an entity called ``name`` shares with its namesakes; types share one space of keys."""
    key = name_key(name, type)
    return BARE + key if type == "PERSON" and " " not in key else key


@functools.lru_cache(maxsize=5_000)
def read_claim(name: str, type: str, other: str) -> tuple[str, str]:
    """(key, why) where a document that calls an entity both ``name`` and ``other`` says the two are one everywhere.

    ("", "") for what holds in that document alone: surnames, given names, "the first word of".
    """
    key, head = name_key(other, type), name_key(name, type)
    if key == head or not key:
        return "", ""
    if type == "PERSON":
        a, b = key.split(), head.split()
        if len(a) < 2 or len(b) < 2:
            return "", ""
        if fits_person(key, head) == "initials" and a[0] == b[0]:
            return key, "short form"
        near = len(a) == len(b) and OSA.distance(key, head, score_cutoff=2) == 1
        return (key, "spelling") if near else ("", "")
    if " " not in key and " " in head and key not in head.split() and looks_short(other):
        return key, "acronym"  # unlike Aker of Aker Solutions, which is another company elsewhere
    if is_acronym(other, name) or is_acronym(name, other):
        return key, "acronym"
    if type == "PLACE" and key.startswith(head + " ") and set(key[len(head) :].split()) <= load_words("descriptors"):
        return key, "what it is"
    near = len(key) > 7 and key[0] == head[0] and OSA.distance(key, head, score_cutoff=2) == 1
    return (key, "spelling") if near and not any(c.isdigit() for c in key + head) else ("", "")


@functools.lru_cache(maxsize=5_000)
def initials_key(name: str, type: str) -> str:
    """First and last name of a person with initials between them: "Abid Q. Raja" is taken for Abid Raja where no other
    Abid with another initial is about."""
    words = name_key(name, type).split()
    inner = words[1:-1]
    return f"{words[0]} {words[-1]}" if type == "PERSON" and inner and all(len(w) == 1 for w in inner) else ""


@functools.lru_cache(maxsize=5_000)
def sound_key(key: str) -> str:
    """What a name and its misspellings share: its consonants, one letter a sound, without doubles."""
    for written, sound in SOUNDS:
        key = key.replace(written, sound)
    words = (w[0] + re.sub(r"[aeiou\W]", "", w[1:]) for w in key.split())
    return re.sub(r"(\w)\1+", r"\1", " ".join(words))


def local_keys(local: LocalEntity) -> frozenset[str]:
    """Keys by which this entity can meet another: its name, what it claims, how it sounds, and its id."""
    name, type = local.entity.name, local.entity.type
    head = head_key(name, type)
    keys = {"id " + slug(name), head}
    if head.startswith(BARE):
        return frozenset({"id " + slug(name)})
    keys.update(key for other, _ in local.names if (key := read_claim(name, type, other)[0]))
    if short := initials_key(name, type):
        keys.add(short)
    if head.endswith("s"):
        keys.add(head[:-1])  # may turn out a genitive
    if len(head) >= 8:
        keys.add("sound " + sound_key(head))
    return frozenset(keys)


@functools.lru_cache(maxsize=5_000)
def context_weight(key: str) -> float:
    """How much it says that two documents both name this entity: 0 (Norway) to 1 (a person, a company)."""
    kind, _, name = key.partition(":")
    plain = plain_key(name)
    if kind == "place":
        return {"country": 0.0, "region": 0.0, "county": 0.25, "town": 0.25}.get(load_kinds().get(plain, ""), 1.0)
    if kind == "person":
        return 1.0 if " " in plain else 0.5
    return 0.25 if plain in load_variants("ORG") else 1.0


def weigh_context(keys: Iterable[str]) -> float:
    return sum(map(context_weight, keys))
