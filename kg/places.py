"""Where the entities of a pattern stand around its trigger word: the places that pattern files name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from kg.clauses import ONLY, Clause, Found

DEPTH = 3  # nouns between a trigger and a preposition that is meant for it: "levere deler fra fabrikken til X"


def find_places(clause: Clause, trigger: int, kind: str, verbs: frozenset[str]) -> Callable[[str], list[Found]]:
    """The function that answers for a place, for a trigger word of a kind of pattern.

    ``verbs``: of a noun, those whose subject counts (all where empty).
    """
    if kind == "verb":
        return lambda place: verb_places(clause, trigger, place)
    if kind == "preposition":
        return lambda place: preposition_places(clause, trigger, place)
    return lambda place: noun_places(clause, trigger, place, verbs)


def others(clause: Clause, trigger: int) -> list[Found]:
    """Every entity of the sentence, each good only where no other of its type stands there."""
    return [Found(m, (), doubt=ONLY) for m in range(len(clause.mentions)) if clause.first.get(m, trigger) != trigger]


# ---- prepositions that belong to a word


def reach(clause: Clause, anchors: Iterable[int], form: str, depth: int = DEPTH) -> Iterator[int]:
    """Prepositions of that form further down among the nouns that hang on the anchors."""
    for a in anchors:
        for c in clause.children[a]:
            if c < a or clause.pos[c] not in ("ADP", "ADV", "NOUN", "NUM", "ADJ") or clause.dep[c] in ("IK", "KONJ"):
                continue
            if clause.low[c] == form:
                yield from clause.equals(c)
            elif form == "til" and clause.pos[c] == "ADP" and any(clause.low[d] == form for d in clause.children[c]):
                yield from (d for d in clause.children[c] if clause.low[d] == form)  # "fra X til Y"
            elif depth and not clause.verbal(c) and (clause.name[c] is None or form == "til"):
                inner = clause.complements(c) if clause.pos[c] == "ADP" else [c]
                plain = [d for d in inner if (clause.name[d] is None or form == "til") and not clause.verbal(d)]
                yield from reach(clause, plain, form, depth - 1)


def doubted(found: Iterable[Found], doubt: int) -> list[Found]:
    return [replace(f, doubt=max(doubt, f.doubt)) for f in found]


# ---- around a verb


def verb_places(clause: Clause, v: int, place: str) -> list[Found]:
    if place == "subject":
        return clause.doers(v)
    if place == "nominative":
        return clause.subjects(v)
    if place == "object":
        return clause.done_to(v)
    if place == "receiver":
        return [f for c in clause.children[v] if clause.dep[c] == "IOBJ" for f in clause.names(c)]
    if place == "predicate":
        return [Found(0) for c in clause.children[v] if clause.dep[c] == "SPRED" and clause.pos[c] in ("NOUN", "ADJ")]
    if place == "only":
        return others(clause, v)
    anchors = [v, *clause.auxiliaries(v)]
    objects = [c for a in anchors for c in clause.children[a] if clause.dep[c] in ("DOBJ", "SPRED", "OPRED", "POBJ")]
    plain = [c for c in objects if clause.name[c] is None]
    sure = [c for c in clause.under([*anchors, *plain], frozenset({place})) if not clause.is_together(c)]
    further = [c for c in reach(clause, [*anchors, *objects], place) if c not in sure and not clause.is_together(c)]
    return [*clause.governed(sure), *doubted(clause.governed(further), 1)]


# ---- around a noun


def noun_places(clause: Clause, n: int, place: str, verbs: frozenset[str]) -> list[Found]:
    if place in ("named", "each"):
        return named(clause, n, several=place == "each")
    if place == "genitive":
        return genitives(clause, n)
    if place == "possessor":
        return possessors(clause, n)
    if place == "compound":
        return [Found(m, (), True) for m in clause.prefix.get(n, ())]
    if place == "subject":
        verb = verb_over(clause, n)
        if verb is None or (verbs and clause.low[verb] not in verbs and clause.tokens[verb].lemma not in verbs):
            return []
        return [replace(f, words=(verb, *f.words)) for f in clause.doers(verb)]
    if place == "having":
        return having(clause, n)
    if place in GOVERNED:
        return GOVERNED[place](clause, n)
    if place == "only":
        return others(clause, n)
    return noun_prepositions(clause, n, place)


def noun_prepositions(clause: Clause, n: int, form: str) -> list[Found]:
    """What a preposition governs that hangs on the noun, stands after it, or (in doubt) hangs on its verb."""
    anchors = noun_anchors(clause, n)
    sure = [*clause.under(anchors, frozenset({form}))]
    for a in anchors[:2]:
        k = clause.after_name(a)
        if k < len(clause.tokens) and clause.low[k] == form and clause.pos[k] == "ADP":
            sure += clause.equals(k)
    found = [*clause.governed(sure), *doubted(clause.governed(reach(clause, [n], form)), 1)]
    if form in clause.grammar.list("far_reaching"):
        verb = verb_over(clause, n)
        if verb is not None:
            far = (c for c in clause.under([verb, *clause.auxiliaries(verb)], frozenset({form})) if c > n)
            found += doubted(clause.governed(c for c in far if not clause.is_together(c)), 2)
    return found


def noun_anchors(clause: Clause, n: int) -> list[int]:
    """The words on which a preposition belonging to the noun may hang."""
    p = clause.parent[n]
    anchors = [n]
    if clause.name[p] is not None and clause.dep[n] in ("APP", "FLAT") and n < p:
        anchors.append(p)
    return anchors + [c for c in clause.children[n] if clause.dep[c] == "KOORD" and clause.pos[c] == "NOUN"]


def verb_over(clause: Clause, n: int) -> int | None:
    """The verb that the noun is an object or complement of, at most two prepositions up."""
    node = n
    for _ in range(6):
        p = clause.parent[node]
        if p == node:
            return None
        if clause.verbal(p) and clause.pos[p] != "ADJ":
            return p if clause.dep[node] not in ("SUBJ", "SBU") or clause.is_passive(p) else None
        node = p
    return None


def named(clause: Clause, n: int, *, several: bool = False) -> list[Found]:
    """Whom or what the noun names: "sjef X", "X, sjef i", "X er sjef", "X som sjef", "valgt til sjef".

    ``several``: of names in a row all, whatever the noun's number; otherwise a plural noun names all of them.
    """
    p = clause.parent[n]
    several = several or clause.low[n].endswith(("ene", "ane", "ne"))
    if clause.dep[n] == "KOORD" and clause.name[p] is None and clause.nominal(p):
        return named(clause, p, several=several)
    if clause.name[p] is not None and clause.dep[n] in ("APP", "FLAT", "ATR", "DET"):
        return name_all(clause, p, several=several)
    apposed = [c for c in clause.children[n] if clause.dep[c] == "APP" and clause.name[c] is not None]
    if apposed:
        return [replace(f, named=True) for f in clause.names(apposed[0])]
    k = clause.skip_quote(n + 1)
    beside = k < len(clause.tokens) and clause.name[k] is not None and clause.low[k - 1] not in (",", "(")
    if beside and (n in clause.prefix or clause.parent[clause.stand_in(k)] in (n, p)):  # "Aker-sjef X" needs no tree
        return name_all(clause, clause.stand_in(k), several=several)
    return for_instance(clause, n) or set_off(clause, n) or predicated(clause, n)


def name_all(clause: Clause, word: int, *, several: bool) -> list[Found]:
    found = clause.names(word) if several else [Found(clause.name[word] or 0)]
    return [replace(f, named=True) for f in found]


def for_instance(clause: Clause, n: int) -> list[Found]:
    """ "Ap-politikere som X og Y": those whom a noun is illustrated by."""
    if n + 1 < len(clause.tokens) and clause.has(n + 1, "as") and clause.parent[n + 1] == n:
        return [replace(f, named=True) for f in clause.governed([n + 1])]
    return []


def set_off(clause: Clause, n: int) -> list[Found]:
    """ "X, Kari Lies far, ...": the name before the comma, where the parser took the noun for a further item."""
    left = min([n, *(clause.first.get(clause.name[c] or 0, c) if clause.name[c] is not None else c
                     for c in clause.children[n] if c < n and clause.dep[c] in ("DET", "ATR"))])  # fmt: skip
    m = clause.name[left - 2] if left > 1 and clause.low[left - 1] == "," else None
    item = any(clause.dep[c] == "KONJ" for c in clause.children[n])
    if m is None or item or clause.dep[n] not in ("KOORD", "APP", "ATR", "FRAG"):
        return []
    k = clause.after_name(n)
    after = clause.low[k] if k < len(clause.tokens) else "."
    return (
        [Found(m, (), True, 1)] if after in (",", ".", ":", "og", "som", "i", "av", "til", "ved", "hos", "for") else []
    )


def predicated(clause: Clause, n: int) -> list[Found]:
    """Whom a predicate noun is said of."""
    p, dep = clause.parent[n], clause.dep[n]
    if dep in ("SPRED", "FSPRED", "ATR") and clause.verbal(p) and (clause.has(p, "be") or clause.has(p, "become")):
        return clause.subjects(p)
    if dep == "OPRED" and clause.verbal(p):
        return clause.done_to(p)
    if clause.has(p, "as"):
        over = clause.parent[p]
        if clause.name[over] is not None:
            return [Found(clause.name[over] or 0, (p,))]
        if clause.verbal(over):
            whom = clause.done_to(over) if clause.dep[p] == "OPRED" else clause.doers(over) or clause.done_to(over)
            return [replace(f, words=(over, p)) for f in whom]
    if clause.has(p, "appointed_to") and clause.has(clause.parent[p], "appoint_verbs"):
        return [replace(f, words=(clause.parent[p], p)) for f in clause.done_to(clause.parent[p])]
    return []


def genitives(clause: Clause, n: int) -> list[Found]:
    """Who owns the noun: "Akers sjef", "FN sin konvensjon", "sitt selskap"."""
    p = clause.parent[n]
    anchors = [n, p] if clause.name[p] is not None and n < p else [n]
    found: list[Found] = []
    for a in anchors:
        for c in clause.children[a]:
            if c > n or clause.dep[c] not in ("DET", "ATR"):
                continue
            if clause.name[c] is not None and any(clause.is_genitive(f.mention) for f in clause.names(c)):
                found += clause.names(c)
            elif clause.has(c, "own"):
                found += owned_by(clause, n, c)
    m = clause.name[n - 1] if n else None
    if not found and m is not None and clause.is_genitive(m):
        found.append(Found(m))
    return found


def owned_by(clause: Clause, n: int, own: int) -> list[Found]:
    """Whom "sin" before noun ``n`` points to: the name right before it, or else the subject of the clause."""
    before = clause.name[own - 1] if own else None
    if before is not None and clause.children[clause.stand_in(own - 1)].count(own):
        return clause.names(clause.head_of.get(before, own - 1))
    if before is not None and clause.parent[clause.stand_in(own - 1)] in (own, n):
        return clause.names(clause.head_of.get(before, own - 1))
    verb = verb_over(clause, n)
    return [replace(f, words=(own,)) for f in clause.doers(verb)] if verb is not None else []


def having(clause: Clause, n: int) -> list[Found]:
    """ "X, med hovedkontor i": whose the noun is by a "med" that hangs on the name."""
    p = clause.parent[n]
    over = clause.name[clause.parent[p]] if clause.has(p, "with") else None
    return [Found(over, (p,))] if over is not None else []


def governor(clause: Clause, n: int) -> int:
    """The preposition that governs the noun, or the name that the noun stands by; the noun's parent where none does."""
    p = clause.parent[n]
    named_by = clause.name[p] is not None and clause.dep[n] in ("APP", "FLAT", "ATR", "DET")
    return clause.parent[p] if named_by else p


def shown_by(clause: Clause, n: int) -> list[Found]:
    """ "skriver X i boka": who speaks through the noun."""
    p = governor(clause, n)
    return doers_over(clause, p) if clause.low[p] == "i" and clause.has(clause.parent[p], "showing_verbs") else []


def coming_with(clause: Clause, n: int) -> list[Found]:
    """ "debuterte med romanen", "er aktuell med boka": who brings what the noun names."""
    p = governor(clause, n)
    over = clause.parent[p]
    fresh = clause.has(over, "debut_verbs") or clause.has(over, "current")
    return doers_over(clause, p) if clause.has(p, "with") and fresh else []


def doers_during(clause: Clause, n: int) -> list[Found]:
    """ "under et besøk sa X", "sa X på en pressekonferanse": who acts meanwhile."""
    p = clause.parent[n]
    return doers_over(clause, p) if clause.has(p, "during") else []


def subject_of_phrase(clause: Clause, n: int) -> list[Found]:
    """ "i samarbeid med X bygger Y": who acts in the clause that the phrase with the noun belongs to."""
    p = clause.parent[n]
    return doers_over(clause, p) if clause.low[p] == "i" else []


def doers_over(clause: Clause, preposition: int) -> list[Found]:
    """The doers of the verb that the preposition hangs on, itself or by a word that is said of the subject."""
    verb = clause.parent[preposition]
    if not clause.verbal(verb) and clause.dep[verb] in ("SPRED", "ADV"):
        verb = clause.parent[verb]
    if verb == preposition or not clause.verbal(verb):
        return []
    return [replace(f, words=(preposition, *f.words)) for f in clause.doers(verb)]


GOVERNED = {
    "shown-by": shown_by,
    "coming-with": coming_with,
    "during": doers_during,
    "subject-of-phrase": subject_of_phrase,
}
"""Places of a noun under a preposition: whoever does what the clause around it says."""


def possessors(clause: Clause, n: int) -> list[Found]:
    """Whose the one named by the noun is, where that is left to the context: "X og sønnen Y", "konsernets avdeling Y".

    A genitive tells. "hans", "selskapets" point to a name before, the nearest first. A definite noun with a name
    right after it belongs to the first of the names in its row, or to the subject of its clause.
    """
    plain = genitives(clause, n)
    if plain:
        return plain
    p = clause.parent[n]
    near = [c for a in (n, p) for c in clause.children[a] if c < n]
    if any(clause.has(c, "theirs") for c in near):
        before = [m for m in range(len(clause.mentions)) if clause.last.get(m, n) < n]
        return [Found(m, (), doubt=1 + k) for k, m in enumerate(reversed(before))]
    if clause.name[p] is None or clause.dep[n] not in ("APP", "FLAT", "ATR", "DET") or p < n:
        return []
    if clause.dep[p] == "KOORD" and clause.name[clause.parent[p]] is not None:
        return [Found(clause.name[clause.parent[p]] or 0)]
    verb = verb_over(clause, p)
    return [replace(f, words=(verb,)) for f in clause.doers(verb)] if verb is not None else []


# ---- around a preposition between two names


def preposition_places(clause: Clause, c: int, place: str) -> list[Found]:
    if place == "after":
        return [replace(f, named=True) for k in clause.equals(c) for f in clause.governed([k])]
    k = c - 1
    while k > 0 and clause.name[k] is None and c - k < 5 and passable(clause, k):
        k -= 1
    m = clause.name[k] if k >= 0 else None
    if m is None or not attached(clause, c, clause.head_of.get(m, k)) or is_listed(clause, c, m):
        return []
    if place == "all-before":
        first = clause.head_of.get(m, k)
        while clause.dep[first] == "KOORD" and clause.name[clause.parent[first]] is not None:
            first = clause.parent[first]
        return [replace(f, named=True) for f in clause.names(first) if clause.first[f.mention] < c]
    return [Found(m, (), True)]


def is_listed(clause: Clause, c: int, m: int) -> bool:
    """Whether the preposition goes on from the one before the name: "i X, i Y og i Z", "fra X mot Y"."""
    first = clause.first[m]
    repeated = clause.low[c - 1] == "," and first > 0 and clause.low[first - 1] == clause.low[c]
    return repeated or (clause.low[c] == "mot" and first > 0 and clause.pos[first - 1] == "ADP")


def passable(clause: Clause, k: int) -> bool:
    """Whether word ``k`` may stand between a name and its preposition: "X, rett utenfor", "X (34) fra"."""
    return clause.low[k] in (",", "(", ")") or clause.pos[k] == "NUM" or clause.has(k, "near")


def attached(clause: Clause, c: int, name: int) -> bool:
    """Whether the preposition belongs to the name before it, not to the verb."""
    p = clause.parent[c]
    if p == name:
        return True
    if clause.dep[name] == "KOORD" and p == clause.parent[name]:
        return True
    return clause.pos[p] == "ADP" and name in clause.children[p] and p != c
