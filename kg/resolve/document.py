"""Mentions of one document -> its entities."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from kg.names import is_abbreviation, plain_key, rank_spelling, slug, squeeze
from kg.records import TYPES, Entity, Mention, Tagged
from kg.resolve.companies import retype_companies
from kg.resolve.compounds import split_mentions
from kg.resolve.forms import Form, clusters, group_forms, read_names
from kg.resolve.match import join_forms
from kg.resolve.spread import spread_names, trim_stops


def resolve_document(tagged: Tagged) -> tuple[tuple[Mention, ...], tuple[Entity, ...]]:
    """The document's mentions with ``entity``, ``name`` and ``rule`` filled in, and its entities.

    Mentions come in text order. Names inside compounds are added as derived mentions; a mention whose type its
    entity's other mentions outvote has the entity's, and its rule says so. Entities come in order of first mention;
    their ids are unique within the document.
    """
    text = tagged.document.text
    seen = retype_companies(text, trim_stops(text, tagged.mentions))
    given = split_mentions(text, spread_names(text, seen))
    names = read_names(text, given)
    forms = group_forms(given, names)
    join_forms(forms, text, [(m.start, m.end) for m in given])
    mentions = list(given)
    entities: list[Entity] = []
    taken: Counter[str] = Counter()
    for group in clusters(forms).values():
        entity = make_entity(group, taken)
        entities.append(entity)
        for form in group:
            for index in form.mentions:
                mentions[index] = fill_mention(given[index], names[index], form=form, entity=entity)
    return tuple(mentions), tuple(entities)


def make_entity(group: Sequence[Form], taken: Counter[str]) -> Entity:
    kind = vote_type(group)
    name = choose_name(group, kind)
    base = f"{kind.lower()}:{slug(name)}"
    taken[base] += 1
    return Entity(base if taken[base] == 1 else f"{base}-{taken[base]}", name, kind)


def vote_type(group: Sequence[Form]) -> str:
    """The type of most mentions; of equals the fullest name's, then the first in ``TYPES``."""
    votes: Counter[str] = Counter()
    for form in group:
        votes[form.type] += form.count
    fullest = max(group, key=lambda f: len(f.words)).type
    return max(votes, key=lambda t: (votes[t], t == fullest, -TYPES.index(t)))


def choose_name(group: Sequence[Form], kind: str) -> str:
    """The fullest good name: a person's with most whole names; of others the most usual that is no acronym or slip."""
    good = [form for form in group if form.kind != "slip"] or list(group)
    if kind == "PERSON":
        return max(good, key=lambda f: (sum(len(w) > 1 for w in f.words), len(f.words), f.count, f.name)).name
    left_out = ("acronym", "definite") if kind == "ORG" else ("acronym", "descriptor")
    whole = [form for form in good if form.kind not in left_out] or good
    return min(whole, key=lambda f: (-f.count, is_abbreviation(f.name), -len(f.words), rank_spelling(f.name))).name


def fill_mention(mention: Mention, name: str, *, form: Form, entity: Entity) -> Mention:
    rule = form.rule or "same name"
    if plain_key(squeeze(mention.text)) != plain_key(name) and not form.rule:
        rule = f"a form of {name}"
    if mention.rule:
        rule = f"{mention.rule}; {rule}"
    if mention.derived:
        rule = f"inside a compound; {rule}"
    if mention.type != entity.type:
        rule += f"; {entity.type} by its other mentions, not {mention.type}"
    return replace(mention, entity=entity.id, type=entity.type, name=name, rule=rule)
