"""Names that the recogniser saw in one place of a document and passed over in another."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from kg.names import load_known_names, plain_key
from kg.records import Mention

SHORTEST = 4  # characters of a name of one word that is looked for; shorter ones are too often something else
FOUND = "seen elsewhere in the document"
WORD = re.compile(r"(?<![\w\-])[^\W\d_][\w]*")
AFTER = re.compile(r"(?:s|['\u2019]s?)?(?![\w\-])")
STOP = re.compile(r"\.(?=\s+[A-ZÆØÅ«\"\u2013-]|\s*$|\n)")


def spread_names(text: str, mentions: Sequence[Mention]) -> list[Mention]:
    """``mentions`` (in text order) and the places where the same names stand unmarked.

    On running text of the coref dev part every one of the 15 places found is a name of that entity; most begin a
    sentence. A word that the document also writes in lower case is left alone.
    """
    types: dict[str, Counter[str]] = defaultdict(Counter)
    for mention in mentions:
        if not mention.derived and mention.type in ("PERSON", "ORG", "PLACE"):
            types[mention.text][mention.type] += 1
    lower = {match[0] for match in WORD.finditer(text) if match[0].islower()}
    by_word: dict[str, list[str]] = defaultdict(list)
    for name in sorted(types, key=lambda n: (-len(n), n)):
        if name[:1].isupper() and (" " in name or (len(name) >= SHORTEST and name.casefold() not in lower)):
            by_word[name.split()[0]].append(name)
            by_word[name.split()[0] + "s"].append(name)
    covered = {place for mention in mentions for place in range(mention.start, mention.end)}
    found: list[Mention] = []
    for match in WORD.finditer(text):
        for name in by_word.get(match[0], ()):
            start, end = match.start(), match.start() + len(name)
            ending = AFTER.match(text, end)
            if not text.startswith(name, start) or not ending or start in covered or ending.end() - 1 in covered:
                continue
            kind = types[name].most_common(1)[0][0]
            found.append(Mention(start, ending.end(), text[start : ending.end()], kind, rule=FOUND))
            covered.update(range(start, ending.end()))
            break
    return sorted([*mentions, *found], key=lambda m: (m.start, m.end)) if found else list(mentions)


def trim_stops(text: str, mentions: Sequence[Mention]) -> list[Mention]:
    """``mentions`` without the full stop of their sentence: "Frp." where Frp is a name of its own."""
    whole = {plain_key(m.text) for m in mentions if not m.text.endswith(".")}
    return [
        replace(m, end=m.end - 1, text=m.text[:-1])
        if m.text.count(".") == 1
        and STOP.match(text, m.end - 1)
        and len(m.text) > 2
        and (plain_key(m.text) in whole or plain_key(m.text) in load_known_names())
        else m
        for m in mentions
    ]
