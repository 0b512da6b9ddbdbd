"""Tagged sentences -> Links: what each sentence says of two entities, and which entities merely stand together."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import replace

from kg.claims import Claim, judge
from kg.clauses import ONLY, Clause, Found
from kg.patterns import Grammar, Item, Pattern, Patterns, Slot, load_patterns
from kg.places import find_places
from kg.records import ACROSS, STATUSES, SYMMETRIC, Link, Mention, Sentence, Tagged
from kg.settings import DEFAULTS

__all__ = ["Patterns", "find_links", "load_patterns"]

MAX_TOGETHER = DEFAULTS.max_together
MAX_PAIRS = MAX_TOGETHER * (MAX_TOGETHER - 1) // 2  # appears_with links of one sentence
TRIGGERS = {
    "verb": frozenset({"VERB", "AUX", "ADJ"}),
    "preposition": frozenset({"ADP", "ADV", "SCONJ"}),
    "noun": frozenset({"NOUN", "PROPN", "ADJ", "X", "NUM", "INTJ"}),
}
"""Word classes that may trigger each kind of pattern; wider than grammar says, since taggers err."""


def find_links(tagged: Tagged, mentions: Sequence[Mention], patterns: Patterns) -> tuple[Link, ...]:
    """The links that each sentence of a document gives, in text order.

    ``mentions``: those of the document with ``entity`` filled, as ``resolve_document`` gives them. Of one sentence,
    each (head, relation, tail) comes once, in its best status; symmetric relations have the smaller id as head. Two
    entities that no typed link joins get ``appears_with``; in a sentence of more than 30 entities only the nearest
    pairs do, MAX_PAIRS in all or one an entity.
    """
    grammar = patterns.grammar(tagged.document.lang)
    links: list[Link] = []
    ordered = sorted(mentions, key=lambda m: (m.start, m.end))
    at = 0
    before: tuple[Sentence, Sequence[Mention]] | None = None
    for sentence in tagged.sentences:
        while at < len(ordered) and ordered[at].start < sentence.start:
            at += 1
        past = at
        while past < len(ordered) and ordered[past].start < sentence.end:
            past += 1
        inside = ordered[at:past]
        at = past
        if len({m.entity for m in inside}) > 1:
            links += relate_sentence(tagged.document.text, sentence, inside, grammar=grammar)
        if before and before[1] and inside:
            links += place_of_made(tagged.document.text, before, (sentence, inside), grammar=grammar)
        before = sentence, inside
    return tuple(links)


def relate_sentence(text: str, sentence: Sentence, mentions: Sequence[Mention], *, grammar: Grammar) -> list[Link]:
    """The links of one sentence: typed ones, then the pairs that have none."""
    best: dict[tuple[str, str, str], Link] = {}
    if sentence.tokens:
        clause = Clause(text, sentence, mentions, grammar)
        for link in typed_links(clause):
            key = (link.head, link.relation, link.tail)
            known = best.get(key)
            if known is None or STATUSES.index(link.status) < STATUSES.index(known.status):
                best[key] = replace(link, start=sentence.start, end=sentence.end)
    for head, relation, tail in list(best):
        if relation == "leads":  # whoever leads them is one of them, and at work there: it need not be said
            best.pop((head, "member_of", tail), None)
        if relation in ("leads", "member_of"):
            best.pop((head, "works_for", tail), None)
    joined = {frozenset((link.head, link.tail)) for link in best.values()}
    order = list(dict.fromkeys(m.entity for m in mentions))
    return [*best.values(), *(
        Link(min(a, b), "appears_with", max(a, b), "", sentence.start, sentence.end)
        for a, b in nearest_pairs(order)
        if frozenset((a, b)) not in joined
    )]  # fmt: skip


def place_of_made(
    text: str,
    before: tuple[Sentence, Sequence[Mention]],
    here: tuple[Sentence, Sequence[Mention]],
    *,
    grammar: Grammar,
) -> Iterator[Link]:
    """Where that lies which the sentence before ended by making: "... etablere X. Målet er en fabrikk i Y."

    Only from the last name of that sentence, right after a word of the list ``making`` and at its end, to the first
    name here, a place after "i", where the sentence begins with one of ``what_is_made``. Both sentences of the same
    paragraph are the evidence, so that it shows both names.
    """
    (first, names), (second, places) = before, here
    made, place = names[-1], places[0]
    between = text[made.end : second.start]
    ends = not between.strip(' .»"”\n') and between.count("\n") < 2
    lead = text[second.start : place.start].casefold().split()
    maker = text[first.start : made.start].casefold().split()
    known = {link_word.strip('«"') for link_word in maker[-1:]} & grammar.list("making")
    if not (
        ends and known and made.type in ("ORG", "PRODUCT", "EVENT") and place.type == "PLACE" and not place.derived
    ):
        return
    negated = not grammar.list("negation").isdisjoint(lead) or text[second.end - 1] == "?"
    if lead and lead[0] in grammar.list("what_is_made") and lead[-1] in ("i", "på", "ved") and not negated:
        words = f"{lead[0]} … {lead[-1]}"
        yield Link(made.entity, "located_in", place.entity, words, first.start, second.end, rule=ACROSS)


def nearest_pairs(entities: Sequence[str]) -> Iterator[tuple[str, str]]:
    """All pairs of up to ``MAX_TOGETHER`` entities; of more, each with those that follow it most closely."""
    reach = len(entities) if len(entities) <= MAX_TOGETHER else max(1, MAX_PAIRS // len(entities))
    for i, a in enumerate(entities):
        for b in entities[i + 1 : i + 1 + reach]:
            yield a, b


def typed_links(clause: Clause) -> Iterator[Link]:
    """What the patterns find in one sentence, with sentence bounds still missing."""
    claims: dict[int, Claim] = {}
    kinds = {mention.type for mention in clause.mentions}
    for trigger, form in enumerate(clause.low):
        if clause.name[trigger] is not None:
            continue
        for pattern in clause.grammar.triggered(form) or clause.grammar.triggered(clause.tokens[trigger].lemma):
            if clause.pos[trigger] in TRIGGERS[pattern.kind] and has_types(pattern, kinds):
                for head, tail in find_pairs(clause, trigger, pattern):
                    plain = pattern.kind == "preposition" or (pattern.kind == "noun" and (head.named or tail.named))
                    if trigger not in claims:
                        claims[trigger] = judge(clause, trigger)
                    link = make_link(clause, pattern, head, tail, trigger=trigger, claim=claims[trigger], plain=plain)
                    if link is not None:
                        yield link
    words = set(clause.low)
    for pattern in clause.grammar.sequences:
        if all(
            item.least == 0 or (item.words & words if item.words else not item.types or item.types & kinds)
            for item in pattern.items
        ):
            yield from match_sequence(clause, pattern)


def has_types(pattern: Pattern, kinds: Set[str]) -> bool:
    """Whether a sentence that names entities of these types may fill the pattern's places at all."""
    return all(slot is None or not slot.types.isdisjoint(kinds) for slot in (pattern.head, pattern.tail))


def find_pairs(clause: Clause, trigger: int, pattern: Pattern) -> Iterator[tuple[Found, Found]]:
    """The pairs of entities that stand where the pattern wants them around the trigger word."""
    if pattern.companions and not has_companion(clause, trigger, pattern.companions):
        return
    if pattern.unless and has_companion(clause, trigger, pattern.unless, alone=True):
        return
    ask = find_places(clause, trigger, pattern.kind, pattern.verbs)
    if any(ask(place) for place in pattern.absent):
        return

    def fill(slot: Slot) -> list[Found]:
        found = (f for place in slot.places for f in ask(place))
        return [f for f in found if fits(clause.mentions[f.mention], slot)]

    if pattern.among is not None:
        for place in pattern.among.places:
            yield from itertools.combinations(fill(Slot((place,), pattern.among.types, pattern.among.only)), 2)
    if pattern.head is not None and pattern.tail is not None:
        tails = choose(clause, fill(pattern.tail), ())
        if tails:
            yield from ((head, tail) for head in choose(clause, fill(pattern.head), tails) for tail in tails)


def choose(clause: Clause, found: Sequence[Found], beside: Sequence[Found]) -> list[Found]:
    """Of what was found for a slot that of the least doubt, but for the entities ``beside`` it."""
    taken = {clause.mentions[f.mention].entity for f in beside}
    free = [f for f in found if clause.mentions[f.mention].entity not in taken]
    least = min((f.doubt for f in free), default=0)
    best = [f for f in free if f.doubt == least]
    alone = least < ONLY or len({clause.mentions[f.mention].entity for f in best}) == 1
    return best if alone else []


def fits(mention: Mention, slot: Slot) -> bool:
    """Whether the mention may stand in the slot, by its type and name."""
    return mention.type in slot.types and (not slot.only or name_in_full(mention) in slot.only)


def name_in_full(mention: Mention) -> str:
    return (mention.name or mention.text).casefold()


def has_companion(clause: Clause, trigger: int, companions: frozenset[str], *, alone: bool = False) -> bool:
    """Whether one of the words hangs on the trigger or stands right after it.

    ``alone``: not where it is a preposition that governs a noun: "til politiet" is no particle of the verb.
    """
    near = {*clause.children[trigger], trigger + 1}
    near |= {d for c in clause.children[trigger] for d in clause.children[c]}
    found = (k for k in near if k < len(clause.low) and clause.low[k] in companions)
    return any(not alone or clause.pos[k] != "ADP" or not clause.complements(k) for k in found)


def make_link(
    clause: Clause, pattern: Pattern, head: Found, tail: Found, *, trigger: int, claim: Claim, plain: bool
) -> Link | None:
    """The link of a pair, or None where both are one entity or the sentence does not assert it.

    ``plain``: what a name's own words say ("Aker-sjef Øyvind Eriksen") holds whatever the clause does with it.
    """
    a, b = clause.mentions[head.mention].entity, clause.mentions[tail.mention].entity
    if a == b or not (plain or claim.holds):
        return None
    if pattern.relation in SYMMETRIC and b < a:
        a, b = b, a
    words = {trigger, *head.words, *tail.words} if trigger >= 0 else {*head.words, *tail.words}
    speaker = clause.mentions[claim.speaker].entity if claim.speaker is not None else ""
    if plain or speaker in (a, b):
        claim, speaker = Claim(True), ""
    predicate = spell_out(clause, words)
    return Link(a, pattern.relation, b, predicate, 0, 0, claim.status, pattern.id, speaker)


def spell_out(clause: Clause, words: Iterable[int]) -> str:
    """The words in text order; of a word with a name inside it, what is not the name."""
    spelt = []
    for i in sorted(words):
        token = clause.tokens[i]
        inner = max((clause.mentions[m].end for m in clause.prefix.get(i, ())), default=token.start)
        spelt.append(clause.text[max(token.start, inner) : token.end].lstrip("-–"))
    return " ".join(spelt)


# ---- sequences


def match_sequence(clause: Clause, pattern: Pattern) -> Iterator[Link]:
    """Every place where the words of the sentence follow the pattern's items."""
    for start in range(len(clause.low)):
        m = clause.name[start]
        if m is not None and clause.first[m] != start:
            continue
        for roles, words in follow(clause, pattern.items, start):
            head, tail = Found(roles["head"]), Found(roles["tail"])
            link = make_link(
                clause, pattern, head, replace(tail, words=words), trigger=-1, claim=Claim(True), plain=True
            )
            if link is not None:
                yield link
            break


def follow(
    clause: Clause, items: Sequence[Item], at: int, count: int = 0
) -> Iterator[tuple[dict[str, int], tuple[int, ...]]]:
    """The ways to match ``items`` from word ``at`` on: the mention of each role, and the plain words used."""
    if not items:
        yield {}, ()
        return
    item = items[0]
    if count < item.most and at < len(clause.low):
        step = match_item(clause, item, at)
        if step:
            for roles, words in (
                follow(clause, items, step, count + 1) if item.most > 1 else follow(clause, items[1:], step)
            ):
                m = clause.name[at]
                if item.types and m is not None:
                    yield ({**roles, item.role: m} if item.role else roles), words
                else:
                    yield roles, (at, *words)
    if count >= item.least:
        yield from follow(clause, items[1:], at)


def match_item(clause: Clause, item: Item, at: int) -> int:
    """The word after the one (or the name) at ``at`` if it fits the item, else 0."""
    m = clause.name[at]
    if item.types:
        if m is None or clause.mentions[m].type not in item.types or clause.first[m] != at:
            return 0
        if item.genitive and not clause.is_genitive(m):
            return 0
        if item.only and name_in_full(clause.mentions[m]) not in item.only:
            return 0
        return clause.last[m] + 1
    if m is not None:
        return 0
    if item.words:
        return at + 1 if clause.low[at] in item.words else 0
    return at + 1 if clause.pos[at] == item.pos else 0
