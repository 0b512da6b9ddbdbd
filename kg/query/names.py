"""From what a person types to an entity: names, near names, words in the texts."""

from __future__ import annotations

from collections.abc import Sequence

from kg.errors import AmbiguousError, NotFoundError
from kg.query.rows import DocumentRow, SearchResult
from kg.store import Store, lookup
from kg.store.lookup import EntityRow
from kg.text import fold

SUGGESTIONS = 5
NEAR = 60.0  # least similarity (0-100, normalised Levenshtein) of a name that is suggested
SEARCH_DOCUMENTS = 200  # documents opened for each sentence wanted from the full text; the newest first


def find_entity(store: Store, name: str, *, type: str | None = None) -> EntityRow:
    """The entity that ``name`` means: an id, or any alias in any case, with or without æøå.

    The very name comes before the same name in other letters, that before another alias (spelt so before in other
    letters: Ap is not AP), that before some of a name's words, those before their beginnings. Raises AmbiguousError
    with the matches, NotFoundError with near names.
    """
    if found := lookup.get_entity(store, name):
        return found
    folded = fold(name)
    for matches in (lookup.match_names(store, folded), lookup.match_names(store, folded, prefix=True)):
        rows = {row.id: row for row, _ in matches if type in (None, row.type)}
        exact = [row for row in rows.values() if row.name == name]
        named = [row for row in rows.values() if fold(row.name) == folded]
        spelt = list({row.id: rows[row.id] for row, alias in matches if alias == name and row.id in rows}.values())
        chosen = exact or named or spelt or list(rows.values())
        if len(chosen) == 1:
            return chosen[0]
        if chosen:
            chosen.sort(key=lambda row: (-row.mentions, row.id))
            listed = [(row.id, row.name, row.type) for row in chosen]
            raise AmbiguousError(f"'{name}' may be any of {len(chosen)} entities; name one by its id", listed)
    near = [name for name, _ in suggest_names(store, folded)]
    hint = f"; did you mean {', '.join(near)}?" if near else "; try: kg search"
    raise NotFoundError(f"nothing in the graph is called '{name}'{hint}", near)


def suggest_names(store: Store, folded: str, *, limit: int = SUGGESTIONS) -> list[tuple[str, EntityRow]]:
    """Names spelt like ``folded``, each with its entity, the nearest first."""
    from rapidfuzz.distance import Levenshtein

    best: dict[str, tuple[float, str, EntityRow]] = {}
    for key, name, row in lookup.list_near_names(store, folded):
        score = 100 * max(Levenshtein.normalized_similarity(folded, part) for part in (key, *key.split()))
        if score >= NEAR and (-score, name) < (
            -best.get(row.id, (0.0, "", row))[0],
            best.get(row.id, (0.0, "", row))[1],
        ):
            best[row.id] = (score, name, row)
    ranked = sorted(best.values(), key=lambda near: (-near[0], -near[2].mentions, near[2].id))
    return [(name, row) for _, name, row in ranked[:limit]]


def search(store: Store, text: str, *, limit: int = 20) -> SearchResult:
    """Entities whose names hold the words of ``text`` (the last one perhaps only begun) or are spelt like it, and the
    sentences that hold it, newest first. Case, accents and punctuation do not matter.
    """
    folded = fold(text)
    with store.snapshot():
        matches = lookup.match_names(store, folded) + lookup.match_names(store, folded, prefix=True)
        found = list({row.id: row for row, _ in matches}.values())
        found.sort(key=lambda row: (fold(row.name) != folded, -row.mentions, row.id))
        near = [row for _, row in suggest_names(store, folded, limit=limit)] if not found else []
        sentences = find_sentences(store, split_words(folded), limit)
        return SearchResult(tuple((found or near)[:limit]), tuple(sentences), bool(near))


def split_words(folded: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in folded).split()


def find_sentences(store: Store, words: Sequence[str], limit: int) -> list[tuple[str, DocumentRow]]:
    """Sentences that hold these folded words in this order, newest first."""
    found: list[tuple[str, DocumentRow]] = []
    wanted = f" {' '.join(words)} "
    for key, id, source, title, date in lookup.match_documents(store, words, SEARCH_DOCUMENTS * limit) if words else ():
        text, bounds = lookup.read_sentences(store, key)
        for start, end in bounds:
            if wanted in f" {' '.join(split_words(fold(text[start:end])))} ":
                found.append((text[start:end], DocumentRow(id, source, title, date, 0)))
        if len(found) >= limit:
            break
    return found[:limit]
