"""The data that travels between stages. Everything here is frozen, hashable and safe to send between processes.

All offsets are character (code point) offsets into ``Document.text``, half open: ``text[start:end]``.
"""

from __future__ import annotations

from dataclasses import dataclass

TYPES = ("PERSON", "ORG", "PLACE", "PRODUCT", "EVENT")
"""Entity types, in the order in which every listing shows them."""

STATUSES = ("stated", "reported", "alleged", "denied")
"""How a link is said: plainly, by a named or unnamed source, as an accusation, or denied by someone."""

ACROSS = "place-of-what-is-made"
"""The one rule whose links join two sentences, so that neither names both entities."""

SYMMETRIC = frozenset({"agreement_with", "family_of", "conflict_with", "meets", "appears_with"})
"""Relations without direction: stored once, head being the smaller entity id."""

RELATIONS = (
    "leads", "works_for", "member_of", "owns", "part_of", "located_in", "lives_in", "agreement_with",
    "invests_in", "supplies", "family_of", "created", "conflict_with", "meets", "travels_to", "appears_with",
)  # fmt: skip
"""Every relation a link or an edge may have; the meaning of each stands in ``docs`` of the README."""


@dataclass(frozen=True, slots=True)
class Document:
    """One text as read. ``id``: first 16 hex digits of SHA-256 of the clean text (UTF-8)."""

    id: str
    source: str  # path as given, and the part of the file: "list.csv, row 7"
    text: str
    title: str | None = None
    date: str | None = None  # ISO 8601 date, YYYY-MM-DD
    lang: str = "nb"  # "nb", "nn", "en", or what the detector said
    places: tuple[tuple[int, str], ...] = ()  # (offset, "page 2") from where on the text stands there, ascending
    title_from: str | None = None  # where the title was found: "metadata", "heading", "first line", "column title"
    date_from: str | None = None  # and the date: "metadata", "file name", "dateline", "column date"
    lang_from: str | None = None  # "text" when detected, "asked" when the user said it
    guesses: tuple[str, ...] = ()  # what had to be guessed to read it: "encoding cp1252", "text column 'body'"


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a sentence with its syntax (labels: Norwegian Dependency Treebank)."""

    start: int
    end: int
    lemma: str  # lower case, but for names
    pos: str  # universal part of speech: NOUN PROPN VERB ADP ...
    tag: str  # finer class: "VERB|pret", "VERB|pass", "NOUN|be" ...
    dep: str  # SUBJ DOBJ ADV PUTFYLL ATR APP KOORD KONJ FLAT DET INFV SBU ...; the root's is FINV or FRAG
    head: int  # index into Sentence.tokens; the root's head is itself


@dataclass(frozen=True, slots=True)
class Sentence:
    """``tokens`` is empty where syntax was not needed (fewer than two names in the sentence)."""

    start: int
    end: int
    tokens: tuple[Token, ...] = ()


@dataclass(frozen=True, slots=True)
class Mention:
    """A name in the text. ``derived``: only part of a compound, as *Aker* in *Aker-sjef*."""

    start: int
    end: int
    text: str
    type: str  # one of TYPES
    entity: str = ""  # entity id within the document; empty before resolution
    name: str = ""  # the normal form: genitive and title gone ("Narviks" -> "Narvik"); empty before resolution
    rule: str = ""  # why it belongs to its entity, in words: "same name", "surname of Øyvind Eriksen", ...
    derived: bool = False


@dataclass(frozen=True, slots=True)
class Entity:
    """One person, company, place, product or event, within a document or across the corpus."""

    id: str  # "person:sam-altman"
    name: str  # the fullest good name
    type: str  # one of TYPES


@dataclass(frozen=True, slots=True)
class Tagged:
    """What the tagger saw in one document; ``mentions`` are in text order and not yet resolved."""

    document: Document
    sentences: tuple[Sentence, ...]
    mentions: tuple[Mention, ...]
    pipeline: str  # name and version of the pipeline: "kg-nb 1.0.0"


@dataclass(frozen=True, slots=True)
class Link:
    """A statement about two entities; ``start``/``end`` bound the sentence (rarely: two in a row) that says so."""

    head: str  # entity id
    relation: str  # one of RELATIONS
    tail: str  # entity id
    predicate: str  # the words that carry it, "" for appears_with
    start: int
    end: int
    status: str = "stated"  # one of STATUSES
    rule: str = ""  # the pattern that found it
    speaker: str = ""  # entity id of who says it, when reported by someone named


@dataclass(frozen=True, slots=True)
class Record:
    """All that one document yields. Depends on the document and the pipeline's version alone."""

    document: Document
    sentences: tuple[tuple[int, int], ...]
    mentions: tuple[Mention, ...]  # resolved within the document
    entities: tuple[Entity, ...]  # the document's own, ids unique within it
    links: tuple[Link, ...]
    pipeline: str


@dataclass(frozen=True, slots=True)
class Failure:
    """A document that could not be used. ``passing``: worth trying again (time-out, out of memory)."""

    source: str
    stage: str  # "read", "tag", "resolve", "relate", "store"
    reason: str  # one sentence
    passing: bool = False
