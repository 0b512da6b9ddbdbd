"""Name grammar: genitive, titles, legal forms, initials, acronyms, compounds, keys and slugs.

Every function is pure and knows no document; what a document or a corpus adds (names already seen, the words that
follow) comes in as an argument. Word lists stand in ``kg/tables/*.tsv``; the behaviour is tested case by case in
``tests/tables/*.tsv``.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Container

from kg.tables import load_function_words, load_heads, load_legal_forms, load_nynorsk, load_table, load_titles
from kg.text import document_id, fold

DASHES = r"\-\u2010\u2011\u2012\u2013\u2014"  # as it stands inside a character class
QUOTES = "\"'\u00ab\u00bb\u201c\u201d\u201e\u2018\u2019\u201a\u2039\u203a`\u00b4"
APOSTROPHES = "'\u2019\u00b4`"
SLUG_CHARS = 80
"""Longest slug; a longer name keeps its beginning and ends in eight digits of its hash."""

LATIN_GENITIVES = {"Jesu": "Jesus", "Kristi": "Kristus"}
SURE_ENDINGS = (
    "sen", "vik", "berg", "dal", "rud", "lund", "heim", "gård", "gaard", "stad", "stein", "sund", "borg", "havn",
    "land", "haug", "haugen", "moen", "bakken", "lien", "bråten", "eng", "strand", "mann", "son", "ov", "ski", "ic",
)  # fmt: skip
"""Ends of Norwegian and other surnames and places after which a further -s is a genitive."""
S_ENDINGS = ("nes", "ness", "hus", "us", "is", "os", "ss", "ås", "aas", "ies")
"""Ends of words that are whole with their s, unless the document shows the shorter name."""


CASED_CHARS = 4  # longest acronym of which case tells whose it is
DOMAIN = re.compile(r"(?<=\w{2})\.(?:no|com|org|net|se|dk)$", re.IGNORECASE)
INFLECTION = re.compile(r"(?<=\w{3})(?:e?ne|ane|en|et|er|ar|a|s)$")  # of a noun: the, several, of
COMPOUND = re.compile(
    rf"(?<![\w{DASHES}])((?:[^\W\d_]\.)*[^\W_][\w.&'\u2019]*(?:[{DASHES}][^\W\d_a-zæøå][\w.&]*)*)[{DASHES}]([a-zæøåäöüéèóò]{{2,}})(?!\w)"
)


@functools.cache
def load_words(name: str) -> frozenset[str]:
    """First column of a table, folded."""
    return frozenset(plain_key(row[0]) for row in load_table(name))


@functools.cache
def load_variants(kind: str, scope: str = "corpus") -> dict[str, str]:
    """Key of each form of a place or organisation -> the name that stands for all its forms."""
    found: dict[str, str] = {}
    rows = load_table("places" if kind == "PLACE" else "organisations")
    for row in rows:
        others = row[-1].split(";") if len(row) > (2 if kind == "PLACE" else 3) else []
        if kind == "PLACE" or row[2] == scope or scope == "document":
            for form in [row[0], *others]:
                if form.strip():
                    found.setdefault(plain_key(form), row[0])
    return found


@functools.cache
def load_cased() -> dict[str, frozenset[str]]:
    """Key of each acronym that the tables write with small letters (Ap, KrF) -> all forms of it that they know.

    In capitals it is another's: AP is the Associated Press unless the document itself says otherwise.
    """
    found: dict[str, set[str]] = {}
    for row in load_table("organisations"):
        for form in (row[0], *row[-1].split(";")):
            if " " not in form.strip() and len(form.strip()) <= CASED_CHARS:
                found.setdefault(plain_key(form), set()).add(form.strip())
    return {key: frozenset(forms) for key, forms in found.items() if not any(form.isupper() for form in forms)}


def is_cased_otherwise(name: str) -> bool:
    """Whether ``name`` is an acronym of the tables in capitals, where they write it with small letters.

    >>> is_cased_otherwise("AP"), is_cased_otherwise("Ap"), is_cased_otherwise("NATO")
    (True, False, False)
    """
    return name.isupper() and plain_key(name) in load_cased()


@functools.cache
def load_kinds() -> dict[str, str]:
    """Key of each known place -> country, region, county or town."""
    kinds = {row[0]: row[1] for row in load_table("places")}
    return {key: kinds[name] for key, name in load_variants("PLACE").items()}


def squeeze(text: str) -> str:
    """``text`` on one line, without quotes, brackets and stray signs around it.

    >>> squeeze(' «Nord -  Norge», ')
    'Nord-Norge'
    """
    line = re.sub(rf"\s+([{DASHES}])\s+(?=[^\W\d_])", r"\1", " ".join(text.split()))
    kept = line.strip(QUOTES.replace("'", "").replace("\u2019", "") + " ,;:!?()[]{}|*#-\u2013\u2014")
    if kept[:1] in APOSTROPHES or (kept[-1:] in APOSTROPHES and kept[-2:-1].casefold() not in ("s", "x", "z", "n")):
        kept = kept.strip(APOSTROPHES)
    if kept.endswith(".") and not re.search(r"(?:^|[\s.])[^\W\d_]{1,3}\.$", kept):
        kept = kept.rstrip(".")
    return kept or line or text


@functools.lru_cache(maxsize=4_000)  # a document asks for its few names again and again
def plain_key(name: str) -> str:
    """Search key of a name: folded, hyphens and slashes as blanks, full stops and other signs gone.

    >>> plain_key("Nord-Norge"), plain_key("Fr.p.")
    ('nord norge', 'frp')
    """
    key = re.sub(rf"[{DASHES}/_]", " ", fold(name).replace("&", " og "))
    return re.sub(r"\b([a-z]) (?=\d)", r"\1", " ".join(re.sub(r"[^\w\s+]", "", key).split()))


def strip_title(name: str) -> tuple[str, str]:
    """(name, title): titles before a person's name are cut while a name is left.

    >>> strip_title("statsminister Jonas Gahr Støre")
    ('Jonas Gahr Støre', 'statsminister')
    """
    titles, taken = load_titles(), []
    words = name.split()
    while len(words) > 1:
        for size in range(min(3, len(words) - 1), 0, -1):
            rest = words[size:]
            if " ".join(words[:size]).casefold() in titles and (len(rest) > 1 or len(rest[0].rstrip(".")) > 2):
                taken += words[:size]
                words = rest
                break
        else:
            break
    return " ".join(words) or name, " ".join(taken)


def strip_legal_form(name: str) -> tuple[str, str]:
    """(name, legal form) of an organisation: cut at its end, or at its start as in "AS Norsk Varekrig".

    >>> strip_legal_form("Store Norske Spitsbergen Kulkompani AS")
    ('Store Norske Spitsbergen Kulkompani', 'AS')
    """
    forms = load_legal_forms()
    words = name.replace(",", " ").split()
    taken: list[str] = []
    while len(words) > 1 and (form := forms.get(words[-1].rstrip(".").replace(".", "").casefold())):
        # "Ltd." and "Inc." are written in any case, but "as", "hf" and "se" are also words and clubs
        if len(form) <= 3 and words[-1].rstrip(".").replace(".", "") not in (form, form.upper()):
            break
        taken.insert(0, form)
        words.pop()
    if not taken and len(words) > 1 and words[0] in ("AS", "A/S", "AB", "AL", "A/L"):
        taken.append(words.pop(0))
    return (" ".join(words) if taken else name), " ".join(taken)


def allows_genitive(following: str) -> bool | None:
    """Whether a genitive may stand before ``following``, the text after a name; None where it does not tell.

    >>> allows_genitive(" rene energi"), allows_genitive(" er stor"), allows_genitive(", som"), allows_genitive(" og")
    (True, False, None, None)
    """
    if not following.strip():
        return False
    word = re.match(r"\s+[«\"“]?([^\W_]+)", following)
    if not word:
        return None if re.match(r"\s*[,/\u2013\u2014-]", following) else False
    if word[1] in ("og", "eller", "and", "or"):
        return None
    return word[1].casefold() not in load_function_words()


def strip_genitive(name: str, *, type: str = "", known: Container[str] = (), following: str | None = None) -> str:
    """``name`` without its genitive -s, where that is what the s is; else ``name`` unchanged.

    ``known``: keys (``plain_key``) of names seen without the s in the document or corpus. ``following``: the text
    right after the name, None when it is not at hand: then only sure cases are cut.

    >>> strip_genitive("Narviks", known={"narvik"}), strip_genitive("EUs"), strip_genitive("Elvis")
    ('Narvik', 'EU', 'Elvis')
    """
    if len(name) > 3 and name[-1] in "sS" and name[-2] in APOSTROPHES:
        base = name[:-2]
        return name if plain_key(name) in load_words("s_names") else base
    if name[-1:] in APOSTROPHES and len(name) > 2:
        return name[:-1]
    if type == "PERSON" and (latin := LATIN_GENITIVES.get(name.split()[-1] if name.split() else "")):
        return " ".join([*name.split()[:-1], latin])
    if len(name) > 3 and name[-2:] in (".s", ":s"):
        return name[:-1] if name[-2] == "." else name[:-2]
    word = name.split()[-1] if name.split() else ""
    if not word.endswith("s") or len(word) < 2 or (len(word) == 2 and plain_key(name[:-1]) not in known):
        return name
    base, short = name[:-1], word[:-1]
    if is_genitive(short, base, type=type, known=known, following=following):
        return base
    return name


def is_genitive(short: str, base: str, *, type: str, known: Container[str], following: str | None) -> bool:
    """Whether the s cut from ``base`` (last word: ``short``) was a genitive."""
    word, folded = short.casefold() + "s", plain_key(short)
    if re.fullmatch(r"[A-ZÆØÅ0-9&/]*[A-ZÆØÅ][A-ZÆØÅ0-9&/]+", short):
        return True
    if plain_key(short + "s") in load_words("s_names"):
        return False
    if plain_key(base) in known:
        return True
    if type != "PERSON" and plain_key(base + "s") in load_known_names():
        return False
    places = following is None or allows_genitive(following) is not False
    if type != "PERSON" and plain_key(base) in load_known_names() and places:
        return True
    if word.endswith(S_ENDINGS) or not places or len(folded) < 3:
        return False
    if type != "PERSON" and len(short) >= 7 and short.endswith(("et", "en", "ene", "ane")):
        return True
    if short.casefold().endswith(SURE_ENDINGS) and len(short) > 4:
        return True
    return following is not None and allows_genitive(following) is True


@functools.cache
def load_known_names() -> frozenset[str]:
    """Keys of every place and organisation in the tables."""
    return frozenset(load_variants("PLACE")) | frozenset(load_variants("ORG"))


def normal_name(text: str, type: str, *, known: Container[str] = (), following: str | None = None) -> str:
    """The form a name is listed under: one line, no quotes, title or genitive. Never empty for a text that is not.

    >>> normal_name("statsminister Jens Stoltenbergs", "PERSON", following=" regjering")
    'Jens Stoltenberg'
    """
    name = squeeze(text)
    name = strip_genitive(name, type=type, known=known, following=following)
    return strip_title(name)[0] if type == "PERSON" else name


def name_key(name: str, type: str, *, scope: str = "corpus") -> str:
    """What two normal names of one type share when they are the same name, however written.

    Case, accents, hyphens and full stops do not count; of an organisation neither its legal form, a leading article
    nor bokmål against nynorsk; known places and organisations are found by any of their forms. ``scope="document"``
    also uses forms that are only safe among the names of one document ("Hydro", "DN").

    >>> name_key("Noreg", "PLACE"), name_key("Arbeidarpartiet", "ORG"), name_key("Equinor ASA", "ORG")
    ('norge', 'arbeiderpartiet', 'equinor')
    """
    if type == "PERSON":
        return plain_key(strip_title(name)[0].replace(".", " ")) or fold(name) or name
    bare = DOMAIN.sub("", strip_legal_form(name)[0]) if type == "ORG" else name
    key = plain_key(bare)
    for kind in ("ORG", "PLACE") if type == "ORG" else ("PLACE",):
        known = load_variants(kind, scope).get(key) or load_variants(kind, scope).get(plain_key(to_bokmal(bare)))
        if known and not is_cased_otherwise(bare.replace(".", "")):
            return plain_key(known)
    if type == "ORG":
        key = plain_key(to_bokmal(bare))
    key = re.sub(r"^europave[gi] (?=\d)", "e", key)
    key = re.sub(r"^(?:the|den|det|dei|de) (?=\w+ \w|\w{6})", "", key)
    return key or fold(name) or name


@functools.lru_cache(maxsize=5_000)
def to_bokmal(name: str) -> str:
    """Nynorsk and older spellings inside an organisation's name as bokmål; for keys, not for show."""
    words = name.casefold()
    for row in load_nynorsk():
        words = re.sub(row[0], row[1], words)
    return words


@functools.lru_cache(maxsize=4_000)
def is_abbreviation(name: str) -> bool:
    """Whether a name is written as an abbreviation: at most three letters, or mostly capitals.

    >>> is_abbreviation("NTNU"), is_abbreviation("Ap."), is_abbreviation("Norge")
    (True, True, False)
    """
    if " " in name:
        return False
    letters = [c for c in name if c.isalpha()]
    return len(letters) <= 3 or 2 * sum(map(str.isupper, letters)) > len(letters)


@functools.lru_cache(maxsize=4_000)
def rank_spelling(name: str) -> tuple[bool, bool, bool, int, str]:
    """Sorts the spellings of one name, the one to show first: in mixed case, without legal form, as the tables have it,
    then longest."""
    listed = name in (load_variants("PLACE").get(plain_key(name)), load_variants("ORG").get(plain_key(name)))
    return name.isupper(), bool(strip_legal_form(name)[1]), not listed, -len(name), name


def fits_person(short: str, long: str) -> str:
    """How the person's name key ``short`` can stand for ``long``: "" when it cannot.

    "surname", "given name", "middle name", "initials", "part" (several last names, or several given ones) or "same".

    >>> fits_person("eriksen", "oyvind eriksen"), fits_person("h g wells", "herbert george wells")
    ('surname', 'initials')
    """
    a, b = short.split(), long.split()
    if a == b:
        return "same"
    if not a or len(a) > len(b) + 1:
        return ""
    if len(a) == 1:
        ends = {b[0]: "given name", b[-1]: "surname"}
        return ends.get(a[0], "middle name" if a[0] in b else "")
    if len(a) < len(b) and (a == b[-len(a) :] or a == b[: len(a)]):
        return "part"
    if a[-1] != b[-1]:
        return ""
    return "initials" if align_names(a[:-1], b[:-1]) else "part" if len(b) > 2 and a[0] in b[1:-1] else ""


def align_names(a: list[str], b: list[str]) -> bool:
    """Whether given names ``a`` are ``b`` with some cut to initials or left out; the first must be there."""
    if not a or not b or not same_given(a[0], b[0]):
        return False
    rest = iter(b[1:])
    return all(any(same_given(x, y) for y in rest) for x in a[1:])


def same_given(x: str, y: str) -> bool:
    return x == y or (x[0] == y[0] and 1 in (len(x), len(y)))


def split_compound(text: str) -> tuple[str, str] | None:
    """(name, head noun) of a hyphen compound whose head is a common noun, or None.

    >>> split_compound("Aker-sjef"), split_compound("Nord-Norge-turen"), split_compound("Nord-Norge")
    (('Aker', 'sjef'), ('Nord-Norge', 'turen'), None)
    """
    match = COMPOUND.fullmatch(text)
    if not match or not (match[1][:1].isupper() or match[1][:1].isdigit()):
        return None
    return (match[1], match[2]) if any(c.isupper() for c in match[1]) else None


def read_head(head: str) -> tuple[str, str]:
    """(type of the name before it, "role" or "thing") of a compound's head noun; ("", "") when it is not listed.

    >>> read_head("sjef"), read_head("selskapet"), read_head("toppsjefen")
    (('ORG', 'role'), ('PLACE', 'thing'), ('ORG', 'role'))
    """
    heads = load_heads()
    for start in range(max(1, len(head) - 3)):
        if found := heads.get(head[start:]) or heads.get(INFLECTION.sub("", head[start:])):
            return found
    return "", ""


def slug(name: str) -> str:
    """``name`` as it stands in an id: lower case, no accents, words joined by hyphens; letters of any script.

    >>> slug("Sam Altman"), slug("Tromsø"), slug("Bodø/Glimt")
    ('sam-altman', 'tromso', 'bodo-glimt')
    """
    words = re.sub(r"[^\w\s]|_", " ", re.sub(rf"[{APOSTROPHES}.]", "", fold(name.replace("&", " og ")))).split()
    joined = "-".join(words)
    if not joined:
        return "sign-" + document_id(name)[:8]
    return joined if len(joined) <= SLUG_CHARS else f"{joined[: SLUG_CHARS - 9].rstrip('-')}-{document_id(name)[:8]}"
