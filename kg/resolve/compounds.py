"""Names inside compounds: the Aker of "Aker-sjef" becomes a derived mention, so does that of "Glomfjord-selskapet"."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from kg.names import (
    COMPOUND,
    QUOTES,
    load_known_names,
    load_variants,
    plain_key,
    read_head,
    split_compound,
    strip_genitive,
)
from kg.records import Mention
from kg.resolve.acronyms import is_acronym
from kg.tables import load_function_words, load_table

SAFE_CHARS = 4  # shortest unknown name that its shape alone lets us take out of a compound
DASH = re.compile(r"[\-\u2010\u2011\u2012\u2013](?=[a-zæøå]{2,}$)")
SENTENCE_START = re.compile(r"(?:^|[.!?:\n\u2022\u00bb\u201d\"]|(?:^|\n)\s*[-\u2013\u2014])\s*[\u00ab\u201c\"]?$")


def split_mentions(text: str, mentions: Sequence[Mention]) -> list[Mention]:
    """``mentions`` in text order with compounds taken apart: the name in each is a derived mention of its own.

    Taken apart are derived mentions of the recogniser, names of a role ("Aker-sjef") that it took for a name, and
    compounds that it passed over whose name is known here or safe by its shape. Left out, since they name no entity:
    a derived word that holds no name ("bergenser") and an abbreviation that is no name and no acronym of one here (KI).
    """
    mentions = [mention for mention in mentions if not names_nothing(mention, mentions)]
    known = read_known(mention for mention in mentions if not mention.derived)
    whole: list[Mention] = []
    parts: list[Mention] = []
    for mention in mentions:
        part = read_derived(text, mention, known) if mention.derived else read_role(mention)
        if part is None and not mention.derived:
            whole.append(mention)
        if part is not None:
            parts.append(part)
            rest = read_rest(text, mention)
            whole += [rest] if rest else []
    parts += find_parts(text, [*whole, *parts], known)
    settled = [settle_part(text, part, known) for part in parts]
    return sorted([*whole, *settled], key=lambda m: (m.start, m.end, m.derived))


def read_derived(text: str, mention: Mention, known: dict[str, str]) -> Mention | None:
    """The name in a derived word of the recogniser's, or None: before the last hyphen, or all of it where known."""
    cut = DASH.search(mention.text)
    name = mention.text[: cut.start()] if cut else mention.text
    start = mention.start + len(name) - len(name.lstrip(QUOTES + " "))
    name = name.strip(QUOTES + " ")
    whole = bool(cut) or plain_key(name) in known or bool(re.match(rf"[{QUOTES} ]*-[a-zæøå]", text[mention.end :]))
    if not name or not whole or not any(c.isupper() for c in name) or read_abbreviation(name) == "-":
        return None
    return Mention(start, start + len(name), name, "", derived=True)


def read_role(mention: Mention) -> Mention | None:
    """The name in a compound of a role that the recogniser took for a name: the Aker of "Aker-sjef Øyvind Eriksen"."""
    found = split_compound(mention.text.split(" ")[0])
    if not found or read_head(found[1])[1] != "role" or mention.type in ("PRODUCT", "EVENT"):
        return None
    name = found[0]
    return (
        None
        if read_abbreviation(name) == "-"
        else Mention(mention.start, mention.start + len(name), name, "", derived=True)
    )


@functools.cache
def load_abbreviations() -> dict[str, str]:
    return {plain_key(row[0]): row[1] for row in load_table("abbreviations")}


def read_abbreviation(name: str) -> str:
    """A hyphen for an abbreviation that names nobody (KI, TV), the type of what it names (OL), "" for all else."""
    return load_abbreviations().get(plain_key(name), "") if name.upper() == name or len(name) < 4 else ""


def names_nothing(mention: Mention, mentions: Sequence[Mention]) -> bool:
    if mention.text.casefold() in load_function_words() and mention.text.islower():
        return True
    if mention.derived or len(plain_key(mention.text)) < 2 or read_abbreviation(mention.text) != "-":
        return False
    return not any(is_acronym(mention.text, other.text) for other in mentions if " " in other.text)


def read_rest(text: str, mention: Mention) -> Mention | None:
    """The person after the compound that a mention begins with: "Aker-sjef Øyvind Eriksen" taken for one name."""
    words = mention.text.split(" ", 1)
    if mention.derived or len(words) < 2 or not words[1][:1].isupper():
        return None
    start = mention.end - len(words[1])
    return replace(mention, start=start, text=text[start : mention.end])


def read_known(mentions: Iterable[Mention]) -> dict[str, str]:
    """Key of each name, and of each person's surname -> its type; full names before surnames, first before later."""
    found: dict[str, str] = {}
    surnames: dict[str, str] = {}
    for mention in mentions:
        for name in (mention.text, strip_genitive(mention.text, type=mention.type, following=" x")):
            found.setdefault(plain_key(name), mention.type)
            if mention.type == "PERSON" and " " in name.strip():
                surnames.setdefault(plain_key(name.split()[-1]), "PERSON")
    return surnames | found


def find_parts(text: str, mentions: Iterable[Mention], known: dict[str, str]) -> Iterator[Mention]:
    """Names in compounds that no mention covers: known in the document, in the tables, or safe by shape and head."""
    covered = {place for mention in mentions for place in range(mention.start, mention.end)}
    for match in COMPOUND.finditer(text):
        name, start = match[1], match.start(1)
        if covered.isdisjoint(range(start, match.end())) and any(c.isupper() for c in name):
            key = plain_key(name)
            listed = key in load_known_names() and name[:1].isupper()
            if read_abbreviation(name) == "-" and known.get(key, "PERSON") == "PERSON":
                continue
            if key in known or listed or (is_safe(name, match[2]) and not SENTENCE_START.search(text[:start][-80:])):
                yield Mention(start, start + len(name), name, "", derived=True)


def is_safe(name: str, head: str) -> bool:
    """Whether an unknown capitalised word before this head can only be a name: not "IT-selskapet", "KI-fabrikk"."""
    plain = name[:1].isupper() and any(c.islower() for c in name[1:]) and not any(c.isdigit() for c in name)
    return plain and len(name) >= SAFE_CHARS and bool(read_head(head)[0])


def settle_part(text: str, part: Mention, known: dict[str, str]) -> Mention:
    """The part with its type: that of the name in this document, in the tables, or what the head noun asks for."""
    key = plain_key(part.text)
    kind = known.get(key, "") or read_abbreviation(part.text)
    if not kind:
        kind = "PLACE" if key in load_variants("PLACE") else "ORG" if key in load_variants("ORG") else ""
    if not kind:
        head = re.match(r"[^\w\s]?([a-zæøå]+)", text[part.end :])
        kind = read_head(head[1])[0] if head else ""
    return replace(part, type=kind or "ORG")
