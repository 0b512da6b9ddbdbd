"""Which names of one document are the same entity: full and short names, acronyms, long and short forms, slips.

Each rule looks only at names that share a word or a first letter, so that a list of ten thousand names stays cheap.
"""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Sequence

from rapidfuzz.distance import OSA

from kg.names import fits_person, is_cased_otherwise, load_kinds, load_variants, load_words, plain_key
from kg.resolve.acronyms import is_acronym, looks_short
from kg.resolve.forms import Form
from kg.tables import load_table

Rule = Callable[[Form, Form], str]
Index = dict[str, list[Form]]

PERSON_FITS = ("same", "initials", "part", "surname", "given name", "middle name")
SLIP_CHARS = 6  # shortest name of one word in which one wrong letter is still taken for a slip
SURNAME_SLIP_CHARS = 5  # the same for a surname of somebody whose full name is there
MANY = 400
"""Names that share a word or letter beyond which a rule is not tried among them: lists, not prose."""
PREPOSITIONS = ("i", "pa", "for", "ved", "of", "in", "at")
DEFINITE = re.compile(r"(?:en|et|a|n|t|ene|ane|s)$")


def join_forms(forms: Sequence[Form], text: str, ends: Sequence[tuple[int, int]]) -> None:
    """Join the forms that name one entity. ``ends``: (start, end) of each mention in ``text``."""
    people = [form for form in forms if form.type == "PERSON"]
    others = [form for form in forms if form.type != "PERSON"]
    join_people(people, find_pairs(people, text, ends))
    join_slips(people)
    join_defined(others, text, ends)
    join_acronyms(others)
    for kind, rule in (("descriptor", fits_descriptor), ("definite", fits_definite), ("part", fits_part)):
        join_shorter(others, kind=kind, rule=rule)
    join_slips(others)


def index_forms(forms: Iterable[Form], keys: Callable[[Form], Iterable[str]]) -> Index:
    """Forms by each of their keys; keys that too many share are left out."""
    index: Index = defaultdict(list)
    for form in forms:
        for key in set(keys(form)):
            index[key].append(form)
    return {key: found for key, found in index.items() if 1 < len(found) <= MANY}


def find_pairs(people: Sequence[Form], text: str, ends: Sequence[tuple[int, int]]) -> set[tuple[str, str]]:
    """Single names said of two people in one breath, as "Annika og Ralle": together they are nobody's full name."""
    single = {index: form.key for form in people if len(form.words) == 1 for index in form.mentions}
    return {
        (single[index], single[index + 1])
        for index in single
        if index + 1 in single and text[ends[index][1] : ends[index + 1][0]].strip() in ("og", "and", "eller", "&", ",")
    }


def join_people(people: Sequence[Form], pairs: Container[tuple[str, str]] = ()) -> None:
    """Shorter names of people to the longer ones they fit: longest first, bare surnames last of all.

    ``pairs``: single names that are two people's, so that a full name made of both lends itself to neither.
    """
    by_length = sorted(people, key=lambda f: (-len(f.words), f.mentions[0]))
    index = index_forms(by_length, lambda form: () if tuple(form.words) in pairs else form.words)
    fits = [fit_people(short, index) for short in by_length]
    for surnames in (False, True):
        for short, (kind, found) in zip(by_length, fits, strict=True):
            found = [long for long in found if long.root() is not short.root()]
            if found and (kind == "surname") == surnames:
                chosen, caution = choose_person(found, people)
                short.join(chosen, kind, f"{kind} of {chosen.root().name}{caution}")


def fit_people(short: Form, index: Index) -> tuple[str, list[Form]]:
    """The closest kind in which ``short`` can stand for others, and those others."""
    fits: dict[str, list[Form]] = defaultdict(list)
    near = {id(form): form for word in short.words for form in index.get(word, ())}
    for long in near.values():
        if long is not short and (kind := fits_person(short.key, long.key)):
            fits[kind].append(long)
    return next(((kind, fits[kind]) for kind in PERSON_FITS if kind in fits), ("", []))


def choose_person(candidates: Sequence[Form], people: Sequence[Form]) -> tuple[Form, str]:
    """The bearer of a short name and a word of caution: of several, the one the document names most, then first.

    On the coref train part this is as good as the nearest bearer (F 0.984 both), and it does not change with a
    misplaced heading.
    """
    bearers: dict[int, list[Form]] = {id(form.root()): [] for form in candidates}
    if len(bearers) == 1:
        return candidates[0], ""
    for form in people:
        bearers.get(id(form.root()), []).append(form)
    best, *others = sorted(bearers.values(), key=lambda b: (-sum(f.count for f in b), min(f.mentions[0] for f in b)))
    names = ", ".join(other[0].root().name for other in others)
    return next(form for form in candidates if form.root() is best[0].root()), f", the most named here (also {names})"


def join_shorter(forms: Sequence[Form], *, kind: str, rule: Rule) -> None:
    """Join each name to the only entity among the others that ``rule`` (short, long) says it can stand for."""
    stems = index_forms(forms, lambda form: {form.words[0], form.words[-1], DEFINITE.sub("", form.words[-1])})
    for short in sorted(forms, key=lambda f: (len(f.key), f.mentions[0])):
        words = {short.words[0], DEFINITE.sub("", short.words[-1]), short.key[:-3]}
        near = {id(form): form for word in words for form in stems.get(word, ()) if form.type == short.type}
        longer = {id(form.root()) for form in near.values() if following_words(short, form)}
        if short.type == "ORG" and len(longer - {id(short.root())}) > 1:
            continue  # a group and its companies: Havila, Havila Voyages, Havila Holding
        fits = [form for form in near.values() if form.root() is not short.root() and rule(short, form)]
        if kind == "descriptor":
            for long in fits:
                long.join(short, kind, f"{short.name} and what it is")
        elif len({id(form.root()) for form in fits}) == 1:
            short.join(fits[0], kind, f"short for {fits[0].name}")


def fits_descriptor(short: Form, long: Form) -> str:
    """``long`` is ``short`` and a word for what it is: Ullevål (universitetssykehus), Bodø (kommune)."""
    rest = following_words(short, long)
    allowed = load_descriptors()["PLACE" if short.type == "PLACE" else "ORG"]
    return "descriptor" if rest and all(word in allowed for word in rest) else ""


def following_words(short: Form, long: Form) -> list[str]:
    a, b = short.words, long.words
    return b[len(a) :] if len(a) < len(b) and b[: len(a)] == a else []


@functools.cache
def load_descriptors() -> dict[str, frozenset[str]]:
    """Type of a name -> words that may follow it without making it another's name."""
    rows = load_table("descriptors")
    return {
        "PLACE": frozenset(plain_key(row[0]) for row in rows if row[1] == "place"),
        "ORG": frozenset(plain_key(row[0]) for row in rows),
    }


def fits_definite(short: Form, long: Form) -> str:
    """A definite word for a longer indefinite name: Kulturrådet, Norsk kulturråd; Vegvesenet, Statens vegvesen."""
    if short.type != "ORG" or len(short.words) != 1 or len(long.words) < 2 or len(short.key) < 7:
        return ""
    last = long.words[-1]
    stems = {DEFINITE.sub("", short.key), short.key[:-3] if short.key.endswith("ten") else short.key}
    return "definite" if last in stems or DEFINITE.sub("", last) in stems else ""


def fits_part(short: Form, long: Form) -> str:
    """The beginning or end of an organisation's longer name: Store Norske, Penguins, Bergmesteren (for Svalbard).

    A beginning only where the longer name was given first, so that Volvo is not taken for Volvo Powertrain.
    """
    if short.type == "PLACE" or short.key in load_kinds() or len(short.key) < 3:
        return ""
    a, b = short.words, long.words
    rest = following_words(short, long)
    if rest:
        later = short.mentions[0] > long.mentions[0] or rest[0] in PREPOSITIONS
        return "part" if later and " ".join(rest) not in load_kinds() else ""
    ends = len(a) < len(b) and b[-len(a) :] == a and a[0] not in load_words("descriptors")
    return "part" if ends else ""


def join_acronyms(forms: Sequence[Form]) -> None:
    """Each acronym to the only name among the others that it can be made of."""
    index = index_forms(forms, lambda form: {form.type + plain_key(name)[:1] for name in form.names})
    for short in sorted(forms, key=lambda f: (len(f.name), f.mentions[0])):
        names = [name for name in short.names if " " not in name and not is_listed(name)]
        if not looks_short(short.name) or short.kind == "acronym":  # the text said whose it is
            continue
        near = {id(form): form for name in names for form in index.get(short.type + plain_key(name)[:1], ())}
        fits = [form for form in near.values() if form.root() is not short.root() and fits_acronym(names, form)]
        if len({id(form.root()) for form in fits}) == 1:
            short.join(fits[0], "acronym", f"short for {fits[0].name}")


def is_listed(name: str) -> bool:
    """Whether the tables know this short name, which then waits for no document to explain it."""
    return plain_key(name) in load_variants("ORG") and not is_cased_otherwise(name)


def fits_acronym(names: Sequence[str], long: Form) -> bool:
    """Whether one of ``names`` is made of the letters of ``long``; of a place all initials, as less proves little."""
    return any(
        is_acronym(name, other) and (long.type != "PLACE" or len(plain_key(name)) == len(other.split()))
        for name in names
        for other in long.names
        if len(name) < len(other)
    )


def join_defined(forms: Sequence[Form], text: str, ends: Sequence[tuple[int, int]]) -> None:
    """Nordnorsk Reiseliv (NNR): a short name in brackets right after a long one of its type, or the other way."""
    owner = {index: form for form in forms for index in form.mentions}
    for index in sorted(owner):
        a, b = owner[index], owner.get(index + 1)
        if b is None or a.type != b.type or a.root() is b.root():
            continue
        (_, end), (start, last) = ends[index], ends[index + 1]
        if text[end:start] != " (" or text[last : last + 1] != ")":
            continue
        short, long = (b, a) if len(b.key) < len(a.key) else (a, b)
        if " " not in short.key and is_spelt_in(short.key, long.key) and sum(map(str.isupper, short.name)) > 1:
            short.join(long, "acronym", f"short for {long.name}, as the text says")


def is_spelt_in(short: str, long: str) -> bool:
    letters = iter(long)
    return short[:1] == long[:1] and all(c in letters for c in short)


def join_slips(forms: Sequence[Form]) -> None:
    """Names one wrong letter apart, the rarer to the more usual; of single words, only those that nothing else fits."""
    ordered = sorted(forms, key=lambda f: (-len(f.words), -f.count, f.mentions[0]))
    rank = {id(form): i for i, form in enumerate(ordered)}
    index = index_forms(ordered, slip_keys)
    joined = {id(form.parent) for form in forms}
    for form in ordered:
        if len(form.words) == 1 and (form.parent is not None or id(form) in joined):
            continue
        keys = slip_keys(form) if len(form.words) == 1 else slip_keys(form)[1:]
        near = {rank[id(other)]: other for key in keys for other in index.get(key, ())}
        for place in sorted(near):
            other = near[place]
            if place < rank[id(form)] and other.root() is not form.root() and is_slip(form, other):
                form.join(other, "slip", f"another spelling of {other.name}")
                break


def slip_keys(form: Form) -> list[str]:
    """What two names one letter apart share: the first letter of the last word, and all words but one."""
    words = form.words
    keys = [f"{form.type} {words[-1][0]}"]
    if len(words) > 1:
        keys += [" ".join([form.type, *words[:i], word[0], *words[i + 1 :]]) for i, word in enumerate(words)]
    return keys


def is_slip(a: Form, b: Form) -> bool:
    """One wrong, missing, added or turned letter in one word; no digits, not two known places."""
    if a.type == b.type == "PERSON" and len(a.words) == 1 and len(b.words) > 1 and len(a.key) >= SURNAME_SLIP_CHARS:
        return a.key[0] == b.words[-1][0] and OSA.distance(a.key, b.words[-1], score_cutoff=2) == 1
    if a.type != b.type or len(a.words) != len(b.words) or min(len(a.key), len(b.key)) < SLIP_CHARS:
        return False
    differing = [(x, y) for x, y in zip(a.words, b.words, strict=True) if x != y]
    if len(differing) != 1 or abs(len(a.key) - len(b.key)) > 1:
        return False
    x, y = differing[0]
    if any(c.isdigit() for c in x + y) or (a.key in load_kinds() and b.key in load_kinds()):
        return False
    shortest = SLIP_CHARS if len(a.words) == 1 else SLIP_CHARS - 2
    return min(len(x), len(y)) >= shortest and x[0] == y[0] and OSA.distance(x, y, score_cutoff=2) == 1
