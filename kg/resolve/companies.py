"""Companies with the name of a person or place, told by the words around them: shares, heads and subsidiaries."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from kg.names import load_kinds, load_words, name_key, plain_key
from kg.records import Mention

CUE = "ORG by the words around it"
BEFORE_CHARS = AFTER_CHARS = 60
HOLDING = r"""aksj(?:e|en|er|ene|ar|ane) | aksjonær(?:en|er|ene|ar|ane)? | aksjepost(?:en)? | eierandel(?:en|er)? |
    eigardel(?:en|ar)? | (?:hoved|med|del)?eier(?:en|e|ne)? | (?:hovud|med|del)?eigar(?:en|ar|ane)? |
    storaksjonær(?:en)?"""
HEADS = r"""konsernsje(?:f|fen)? | konserndirektør(?:en)? | adm\.?\s+dir\.? | finansdirektør(?:en)? |
    administrerende\s+direktør | administrerande\s+direktør"""
OFFICES = r"""styre(?:leder|leiar|formann|medlem)(?:en)? | dagleg\s+leiar | daglig\s+leder"""
"""Heads that a town may have as well, and whoever bears a person's name may not."""
KINDS = r"""selskap(?:et)? | konsern(?:et)? | rederi(?:et)? | reiarlag(?:et)? | verft(?:et)? | oppdrettsselskap(?:et)? |
    kraftselskap(?:et)? | oljeselskap(?:et)? | teknologiselskap(?:et)? | datterselskap(?:et)? | dotterselskap(?:et)? |
    morselskap(?:et)? | lakseselskap(?:et)? | industrikonsern(?:et)? | bank(?:en)? | forlag(?:et)? |
    entreprenør(?:en)? | kjed(?:en|a) | \w+(?<!bes)kjed(?:e|en|a) | \w*(?:selskapet|konsernet|bryggeriet|restauranten|
    gruppen|gruppa|giganten|operatøren|byrået|leverandøren|foretaket|bedriften|bedrifta|firmaet|rederiet|reiarlaget|
    verftet|sagbruket|slakteriet|meieriet|kraftverket|banken|forlaget|entreprenøren|serviceaktøren|kraftaktøren)"""
STAFF = r"""\w*(?:direktør|sjef|gründer|analytiker|analytikar|strateg|økonom|rådgiver|rådgivar|konsulent|forsker|
    forskar|advokat|talsmann|talskvinne|talsperson|medarbeider|medarbeidar|ingeniør|megler|forvalter|redaktør|utvikler|
    utviklar|partner)(?:en)? | (?:med)?(?:eier|eigar) | C[EFOT]O | kommunikasjonsansvarlig"""
"""Who has a place of work. On the coref train part 143 names after one of these and "i", "ved", "hos" or "for" are
organisations; 9 are places that are not in the list of places, of which 5 say themselves that they are."""
BEFORE = re.compile(
    rf"""\b(?: (?:{HOLDING})\s+i | (?:prosent|%|aksj[ae]r|aksj[ae]ne|datterselskap|dotterselskap|oppkjøpet)\s+av
      | (?:{HEADS})\s+(?:i|for) | (?:{KINDS})
      | (?:shares?|stakes?|shareholders?|interest)\s+in | (?:per\ cent|percent|%|subsidiary|shareholders?)\s+of
      | (?:chief\ executive|CEO|chairman|chairwoman|chair|managing\ director|subsidiary|takeover)\s+of
      | (?:company|firm|shipyard|airline|bank|group|manufacturer|carmaker|startup|start-up)
    )\s+[«"“]?$""",
    re.VERBOSE | re.IGNORECASE,
)
AFTER = re.compile(
    r"""^(?: \s+(?:ASA?|AB|Inc\.?|Ltd\.?|plc|GmbH|Group|Holding|Corp\.?)(?![\w-])
      | \s+(?:kjøper|kjøpte|eier|eide|eig|åtte|selger|sel|solgte|selde|owns|owned|bought|sold|buys|sells)\s+
        (?:\d[\d,.]*\s*(?:prosent|%|per\ cent|percent|aksj\w+) | seg\s+(?:opp\s+)?(?:i|inn))
      | \s+kjøper\s+(?:seg\s+)?opp | -aksj\w+ | \s*,?\s+(?:som\s+)?(?:eies|eiges|kontrolleres|er\s+eid|er\s+eigd)\s+av
      | \s*,?\s+(?:som\s+)?(?:har|med)\s+(?:sitt\s+)?(?:hovedkontor|hovudkontor)
      | \s*,\s+(?:et|eit|an?|the)\s+(?:[^\W\d_][\w-]*\s+){0,3}
        (?:\w*selskap|\w*konsern|rederi|verft|datterselskap|company|subsidiary|airline|manufacturer|alliance|firm)\b
    )""",
    re.VERBOSE,
)


AND = re.compile(r"\s+(?:og|and|eller|or)\s+")
NAMED = r"(?:[A-ZÆØÅ][\w.-]*\s+){1,4}"
WORKED = re.compile(
    rf"""\b(?: (?:(?i:{STAFF}))\s+(?:{NAMED})?(?:i|for|hos|ved) | (?:(?i:jobb|arbeid)\w*)\s+(?:\w+\s+){{0,3}}(?:for|hos)
      | (?:(?i:ansatt|tilsett))\s+(?:i|hos) )\s+[«"“]?$""",
    re.VERBOSE,
)
PUBLIC = re.compile(r"(?i)(?:kommune|kommunestyre|fylke|fylkeskommune|herad|herred|by)s?$")
LED = re.compile(rf"\b(?:{OFFICES})\s+(?:i|for)\s+[«\"“]?$", re.VERBOSE | re.IGNORECASE)


def retype_companies(text: str, mentions: Sequence[Mention]) -> list[Mention]:
    """``mentions`` with those of one name ORG where the words around one of them say so and nothing else speaks for
    what the recogniser took it for: no fuller name that bears it, no place or person known by it.
    """
    borne = {
        word
        for mention in mentions
        if mention.type == "PERSON" and len(words := name_key(mention.text, "PERSON").split()) > 1
        for word in words
    }
    cues: dict[str, int] = defaultdict(int)
    for mention in mentions:
        if mention.type in ("PERSON", "PLACE", "PRODUCT") and not mention.derived and says_company(text, mention):
            cues[plain_key(mention.text)] += 1
    for mention in find_companions(text, mentions):
        cues[plain_key(mention.text)] += 1
    chosen = {
        key for key in cues if not {key, key.removesuffix("s")} & (borne | load_kinds().keys()) and not is_full(key)
    }
    keys = chosen | {key + "s" for key in chosen} | {key.removesuffix("s") for key in chosen}
    return [
        replace(m, type="ORG", rule=m.rule or CUE)
        if m.type in ("PERSON", "PLACE", "PRODUCT") and not m.derived and plain_key(m.text) in keys
        else m
        for m in mentions
    ]


def find_companions(text: str, mentions: Sequence[Mention]) -> Iterator[Mention]:
    """People of one name in one breath with an organisation: the Mowi of "Mowi and SalMar".

    On the coref train part 229 of the 244 names of one word that stand so, and that nobody bears in full, are
    organisations and 4 are people.
    """
    for a, b in pairwise(mention for mention in mentions if not mention.derived):
        if AND.fullmatch(text, a.end, b.start):
            for mention, other in ((a, b), (b, a)):
                if (mention.type, other.type) == ("PERSON", "ORG") and " " not in mention.text.strip():
                    yield mention


def says_company(text: str, mention: Mention) -> bool:
    before = text[max(0, mention.start - BEFORE_CHARS) : mention.start]
    return bool(
        BEFORE.search(before)
        or (mention.type == "PERSON" and LED.search(before))
        or (mention.type != "PERSON" and says_employer(before) and not PUBLIC.search(mention.text))
        or AFTER.match(text[mention.end : mention.end + AFTER_CHARS])
    )


def says_employer(before: str) -> bool:
    last = before.rstrip(' «"“').rpartition(" ")[2]  # few names stand after these, and the search is slow
    return last in ("i", "for", "hos", "ved") and bool(WORKED.search(before))


def is_full(key: str) -> bool:
    """Whether the first word is a common given name: "konsernsjef Kari Berg" names its bearer."""
    return key.split()[0] in load_words("given_names") if " " in key else False
