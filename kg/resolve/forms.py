"""The distinct names of one document: mentions with one normal name and type are one form."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from kg.names import (
    allows_genitive,
    is_abbreviation,
    load_kinds,
    name_key,
    normal_name,
    plain_key,
    rank_spelling,
    squeeze,
    strip_genitive,
)
from kg.records import Mention

FOLLOWING_CHARS = 40  # characters after a name that tell whether it can be a genitive
MINORITY = 0.34
"""Share of a name's mentions up to which their type is taken for the recogniser's slip; set on the coref train part."""


@dataclass(slots=True)
class Form:
    """One name as it stands in the document, whatever its ending. ``parent``: the form it was joined to, and why."""

    key: str
    type: str
    names: Counter[str] = field(default_factory=Counter)  # normal names with that key -> mentions
    mentions: list[int] = field(default_factory=list)  # indexes, in text order
    parent: Form | None = None
    rule: str = ""  # in words
    kind: str = ""  # of the joining: "surname", "acronym" ...
    words: list[str] = field(init=False)  # of the key

    def __post_init__(self) -> None:
        self.words = self.key.split() or [self.key]

    @property
    def count(self) -> int:
        return len(self.mentions)

    @property
    def name(self) -> str:
        """The most usual spelling that is no abbreviation; of equals, the one ``rank_spelling`` prefers."""
        if len(self.names) == 1:
            return next(iter(self.names))
        return min(self.names, key=lambda n: (is_abbreviation(n), -self.names[n], rank_spelling(n)))

    def root(self) -> Form:
        form = self
        while form.parent is not None:
            form = form.parent
        return form

    def join(self, other: Form, kind: str, rule: str) -> None:
        """Make this form (with all that joined it) one with ``other``."""
        root = self.root()
        if root is not other.root():
            root.parent, root.kind = other, kind
            root.rule = rule if root is self else f"same as {self.name}, {rule}"


def read_names(text: str, mentions: Sequence[Mention]) -> list[str]:
    """Normal name of each mention, genitives decided by all that the document shows of a name."""
    seen, steady = count_endings(text, mentions)
    known = {key for key, n in seen.items() if n >= steady[key + "s"]}
    whole = {key for key, n in steady.items() if n and key[:-1] not in known}
    names = []
    for mention in mentions:
        after = text[mention.end : mention.end + FOLLOWING_CHARS]
        surface = squeeze(mention.text)
        kept = bool(whole & {plain_key(surface), plain_key(surface.split()[-1])}) if surface.split() else False
        names.append(normal_name(mention.text, mention.type, known=known, following="." if kept else after))
    return names


def count_endings(text: str, mentions: Sequence[Mention]) -> tuple[Counter[str], Counter[str]]:
    """(keys of names and of people's last names, those with -s that stand where no genitive can) -> how often."""
    seen: Counter[str] = Counter()
    steady: Counter[str] = Counter()
    for mention in mentions:
        name = squeeze(mention.text)
        sure = strip_genitive(name)
        keys = {plain_key(sure)}
        if mention.type == "PERSON":
            keys.add(plain_key(sure.split()[-1]) if sure.split() else "")
        seen.update(keys)
        if name.endswith("s"):
            after = text[mention.end : mention.end + FOLLOWING_CHARS]
            steady.update(keys if allows_genitive(after) is False else ())
    return seen, steady


def group_forms(mentions: Sequence[Mention], names: Sequence[str]) -> list[Form]:
    """Forms in order of first mention, a name's types settled by all of its mentions."""
    found: dict[tuple[str, str], Form] = {}
    for index, (mention, name) in enumerate(zip(mentions, names, strict=True)):
        key = name_key(name, mention.type, scope="document")
        form = found.setdefault((key, mention.type), Form(key, mention.type))
        form.names[name] += 1
        form.mentions.append(index)
    by_key: dict[str, list[Form]] = defaultdict(list)
    borne = {word for form in found.values() if form.type == "PERSON" and len(form.words) > 1 for word in form.words}
    firsts = {plain_key(form.name.split()[0]) for form in found.values() if form.type == "ORG" and " " in form.name}
    for form in found.values():
        if form.type == "PERSON" and len(form.words) == 1 and form.key not in borne:
            form.type = type_of_unborne(form.key, firsts)
        by_key[plain_key(form.name)].append(form)
    gone = {id(form) for forms in by_key.values() if len(forms) > 1 for form in settle_types(forms)}
    return [form for form in found.values() if id(form) not in gone]


def type_of_unborne(key: str, firsts: Container[str]) -> str:
    """The type of a person with one name that nobody here bears in full: the place or company of that name, if any.

    ``firsts``: first words of the organisations here.
    """
    if load_kinds().get(key) in ("country", "town"):
        return "PLACE"
    return "ORG" if key in firsts else "PERSON"


def settle_types(forms: list[Form]) -> Iterator[Form]:
    """Fold forms of one name and several types into the most usual type's; yields those that are gone."""
    forms = sorted(forms, key=lambda f: (-f.count, f.mentions[0]))
    main = forms[0]
    total = sum(f.count for f in forms)
    for form in forms[1:]:
        if form.count > MINORITY * total and differ(main, form):
            continue
        main.names.update(form.names)
        main.mentions = sorted([*main.mentions, *form.mentions])
        yield form


def differ(a: Form, b: Form) -> bool:
    """Whether one name, often of both types, may well mean two things: Molde town and club, Førde town and man."""
    types = {a.type, b.type}
    if "PERSON" in types:
        return len(a.words) == 1
    return types == {"ORG", "PLACE"} and len(a.words) == 1 and (a.key in load_kinds() or min(a.count, b.count) > 1)


def clusters(forms: Iterable[Form]) -> dict[int, list[Form]]:
    """Forms by the identity of their root, in order of first mention."""
    found: dict[int, list[Form]] = defaultdict(list)
    for form in forms:
        found[id(form.root())].append(form)
    return found
