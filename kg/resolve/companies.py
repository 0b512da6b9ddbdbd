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
    entreprenør(?:en)?"""
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
      | \s+kjøper\s+(?:seg\s+)?opp | -aksj\w+
      | \s*,\s+(?:et|eit|an?|the)\s+(?:[^\W\d_][\w-]*\s+){0,3}
        (?:\w*selskap|\w*konsern|rederi|verft|datterselskap|company|subsidiary|airline|manufacturer|alliance|firm)\b
    )""",
    re.VERBOSE,
)


AND = re.compile(r"\s+(?:og|and|eller|or)\s+")
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
        key
        for key in cues
        if key not in borne and key.removesuffix("s") not in borne and key not in load_kinds() and not is_full(key)
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
        or AFTER.match(text[mention.end : mention.end + AFTER_CHARS])
    )


def is_full(key: str) -> bool:
    """Whether the first word is a common given name: "konsernsjef Kari Berg" names its bearer."""
    return key.split()[0] in load_words("given_names") if " " in key else False
