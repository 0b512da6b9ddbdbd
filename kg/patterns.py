"""Pattern files -> Patterns: the ways of saying a relation, as data (``kg/patterns/*.toml`` and a user's own).

The language of the files is described at the top of ``patterns/nb.toml``; this module reads and checks it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kg.errors import UsageError
from kg.records import RELATIONS, TYPES

BUNDLED = Path(__file__).parent / "patterns"
KINDS = ("verb", "noun", "preposition", "sequence")
REQUIRED = ("id", "relation")
KEYS = {
    "id": str, "relation": str, "kind": str, "words": list, "except": list, "head": str, "tail": str, "among": str,
    "with": list, "without": list, "unless": list, "verbs": list, "sequence": str, "examples": list, "never": list,
}  # fmt: skip
ITEM = re.compile(r"^(?:(head|tail):)?(.+?)(/gen)?([?*])?$")
MARK = re.compile(r"\[(?:(head|tail)\b:?)?\s*(?:(PERSON|ORG|PLACE|PRODUCT|EVENT)\b)?\s*([^\]\[]+)\]")


@dataclass(frozen=True, slots=True)
class Slot:
    """Where an entity of a link stands as seen from the trigger word, and which types it may have."""

    places: tuple[str, ...]  # "subject", "named", "genitive" ..., or a preposition
    types: frozenset[str]
    only: frozenset[str] = frozenset()  # lower-case names; empty: any


@dataclass(frozen=True, slots=True)
class Item:
    """One step of a sequence: a name (``types``), a word (``words``) or a word class (``pos``)."""

    role: str = ""  # "head", "tail" or ""
    types: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    pos: str = ""
    genitive: bool = False
    only: frozenset[str] = frozenset()  # lower-case names; empty: any
    least: int = 1
    most: int = 1


@dataclass(frozen=True, slots=True)
class Pattern:
    """One way of saying a relation."""

    id: str
    relation: str
    kind: str  # one of KINDS
    forms: frozenset[str] = frozenset()  # lower-case words that trigger it
    endings: frozenset[str] = frozenset()  # lower-case ends of compounds that trigger it
    exempt: frozenset[str] = frozenset()  # words and ends of compounds that do not, though they end so
    head: Slot | None = None
    tail: Slot | None = None
    among: Slot | None = None  # symmetric: each pair of the entities found here
    companions: frozenset[str] = frozenset()  # one of these words must depend on the trigger
    absent: tuple[str, ...] = ()  # places that must be empty
    unless: frozenset[str] = frozenset()  # none of these words may depend on the trigger
    verbs: frozenset[str] = frozenset()  # of a noun: the verbs whose subject counts
    items: tuple[Item, ...] = ()
    examples: tuple[str, ...] = ()
    never: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grammar:
    """The patterns and word lists of one language, with their index by trigger."""

    patterns: tuple[Pattern, ...]
    lists: Mapping[str, frozenset[str]]
    by_form: Mapping[str, tuple[Pattern, ...]]
    by_ending: Mapping[str, tuple[Pattern, ...]]
    sequences: tuple[Pattern, ...]
    found: dict[str, tuple[Pattern, ...]] = field(default_factory=dict, repr=False, compare=False)

    def list(self, name: str) -> frozenset[str]:
        """The words of a list, none where there is no such list."""
        return self.lists.get(name, frozenset())

    def triggered(self, form: str) -> tuple[Pattern, ...]:
        """The patterns that the lower-case word ``form`` triggers, by itself or by its end."""
        known = self.found.get(form)
        if known is None:
            hits = dict.fromkeys(self.by_form.get(form, ()))
            last = form.rpartition("-")[2]
            ends = [last[start:] for start in range(len(last))]
            hits |= dict.fromkeys(self.by_form.get(last, ()))
            for end in ends:
                hits |= dict.fromkeys(self.by_ending.get(end, ()))
            known = tuple(pattern for pattern in hits if pattern.exempt.isdisjoint(ends))
            if len(self.found) < 100_000:  # words; bounds the memory of a worker that reads millions
                self.found[form] = known
        return known


@dataclass(frozen=True, slots=True)
class Patterns:
    """All that pattern files hold, by language."""

    grammars: Mapping[str, Grammar]

    def grammar(self, lang: str) -> Grammar:
        """The patterns for a language code; those without a language of their own where there are none."""
        return self.grammars.get(lang) or self.grammars[""]


def load_patterns(paths: Iterable[str | Path] = ()) -> Patterns:
    """The bundled patterns and those of ``paths`` (TOML files); a later pattern replaces one of the same id.

    Raises UsageError, with file, line and reason, where a file is missing, not TOML or not in the pattern language.
    """
    files = [read_file(path) for path in (*sorted(BUNDLED.glob("*.toml")), *map(Path, paths))]
    languages = sorted({lang for file in files for lang in file.languages})
    return Patterns({lang: build_grammar(files, lang) for lang in ("", *languages)})


@dataclass(frozen=True, slots=True)
class PatternFile:
    path: Path
    lines: tuple[str, ...]
    languages: tuple[str, ...]  # empty: every language
    lists: Mapping[str, Sequence[str]]
    tables: Sequence[Mapping[str, Any]]

    def fail(self, reason: str, *, table: int | None = None, key: str = "") -> UsageError:
        """The error for ``reason``, at the line of ``key`` in the pattern number ``table``."""
        line = find_line(self.lines, table, key)
        return UsageError(f"{self.path}, line {line}: {reason}")


def find_line(lines: Sequence[str], table: int | None, key: str) -> int:
    """Line number (from 1) of ``key`` in the ``table``-th [[pattern]], or in the whole file; of the table if absent."""
    heads = [n for n, line in enumerate(lines, 1) if line.strip().startswith("[[pattern]]")]
    first, past = 1, len(lines) + 1
    if table is not None and table < len(heads):
        first = heads[table]
        past = heads[table + 1] if table + 1 < len(heads) else past
    found = re.compile(rf"\s*\[?{re.escape(key)}\b") if key else None
    return next((n for n in range(first, past) if found and found.match(lines[n - 1])), first)


def read_file(path: Path) -> PatternFile:
    """One file, checked but for its patterns' meaning. Raises UsageError."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot read the pattern file {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text (byte {error.start}); save it as UTF-8") from error
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: {error}; see the examples in the bundled pattern files") from error
    tables = data.get("pattern", [])
    file = PatternFile(path, tuple(text.splitlines()), tuple(data.get("languages", ())), data.get("lists", {}), tables)
    unknown = sorted(set(data) - {"languages", "lists", "pattern"})
    if unknown:
        raise file.fail(f"unknown key '{unknown[0]}'; a file holds languages, [lists] and [[pattern]]", key=unknown[0])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise file.fail("write [[pattern]] with two brackets", key="pattern")
    for name, words in file.lists.items():
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise file.fail(f"the list '{name}' must be a list of words in quotes", key=name)
    return file


def build_grammar(files: Sequence[PatternFile], lang: str) -> Grammar:
    """The patterns of ``lang`` and those meant for every language."""
    mine = [file for file in files if not file.languages or lang in file.languages]
    raw: dict[str, list[str]] = {}
    for file in mine:
        for name, words in file.lists.items():
            raw[name] = raw.get(name, []) + list(words)
    patterns: dict[str, Pattern] = {}
    for file in mine:
        seen: set[str] = set()
        for number in range(len(file.tables)):
            pattern = read_pattern(file, number, raw)
            if pattern.id in seen:
                raise file.fail(f"two patterns have the id '{pattern.id}'", table=number, key="id")
            seen.add(pattern.id)
            patterns[pattern.id] = pattern
    by_form: dict[str, list[Pattern]] = {}
    by_ending: dict[str, list[Pattern]] = {}
    for pattern in patterns.values():
        for form in pattern.forms:
            by_form.setdefault(form, []).append(pattern)
        for ending in pattern.endings:
            by_ending.setdefault(ending, []).append(pattern)
    lists = {}
    for name, words in raw.items():
        how = "verb" if name.endswith("_verbs") else "as it is"
        lists[name] = frozenset.union(*spell(expand(words, raw), how))
    return Grammar(
        tuple(patterns.values()),
        lists,
        {form: tuple(found) for form, found in by_form.items()},
        {ending: tuple(found) for ending, found in by_ending.items()},
        tuple(p for p in patterns.values() if p.kind == "sequence"),
    )


def read_pattern(file: PatternFile, number: int, lists: Mapping[str, Sequence[str]]) -> Pattern:
    """The pattern ``number`` of ``file``. Raises UsageError."""
    table = file.tables[number]
    check_keys(file, number)
    kind = str(table.get("kind", "sequence" if "sequence" in table else "noun"))

    def words(key: str, how: str) -> tuple[frozenset[str], frozenset[str]]:
        try:
            return spell(expand(table.get(key, ()), lists), how)
        except KeyError as error:
            raise file.fail(f"there is no list {error} for '{key}'", table=number, key=key) from error

    def slot(key: str) -> Slot | None:
        if key not in table:
            return None
        try:
            return read_slot(table[key], lists)
        except ValueError as error:
            raise file.fail(str(error), table=number, key=key) from error
        except KeyError as error:
            raise file.fail(f"there is no list {error} for '{key}'", table=number, key=key) from error

    try:
        items = read_sequence(table.get("sequence", ""), lists)
    except (ValueError, KeyError) as error:
        raise file.fail(f"in the sequence: {error}", table=number, key="sequence") from error
    forms, endings = words("words", kind)
    return Pattern(
        table["id"], table["relation"], kind, forms, endings, frozenset.union(*words("except", kind)),
        slot("head"), slot("tail"), slot("among"), words("with", "as it is")[0], tuple(table.get("without", ())),
        words("unless", "as it is")[0], words("verbs", "verb")[0], items,
        tuple(table.get("examples", ())), tuple(table.get("never", ())),
    )  # fmt: skip


def check_keys(file: PatternFile, number: int) -> None:
    """Raise UsageError where the pattern's keys are unknown, missing or of the wrong kind."""
    table = file.tables[number]
    for key, value in table.items():
        if key not in KEYS:
            known = ", ".join(KEYS)
            raise file.fail(f"unknown key '{key}' (known: {known})", table=number, key=key)
        plain = KEYS[key] is list and not all(isinstance(word, str) for word in value)
        if not isinstance(value, KEYS[key]) or plain:
            wanted = "a list of words in quotes" if KEYS[key] is list else "text in quotes"
            raise file.fail(f"'{key}' must be {wanted}", table=number, key=key)
    for key in REQUIRED:
        if not table.get(key):
            raise file.fail(f"a pattern needs '{key}'", table=number)
    if table["relation"] not in RELATIONS or table["relation"] == "appears_with":
        known = ", ".join(RELATIONS[:-1])
        raise file.fail(f"unknown relation '{table['relation']}' (known: {known})", table=number, key="relation")
    if table.get("kind", "noun") not in KINDS:
        raise file.fail(f"unknown kind '{table['kind']}' (known: {', '.join(KINDS)})", table=number, key="kind")
    if "sequence" in table:
        if len(re.findall(r"\b(head|tail):", table["sequence"])) != 2:
            raise file.fail("a sequence needs one head: and one tail:", table=number, key="sequence")
    elif not table.get("words"):
        raise file.fail("a pattern needs 'words' or 'sequence'", table=number)
    elif "among" not in table and not ("head" in table and "tail" in table):
        raise file.fail("a pattern needs 'head' and 'tail', or 'among'", table=number)


def read_slot(text: str, lists: Mapping[str, Sequence[str]]) -> Slot:
    """``"subject, genitive: PERSON ORG @parties"`` -> Slot. Raises ValueError, KeyError."""
    places, _, types = text.partition(":")
    named = re.findall(r"[^\s,]+", types)
    only = frozenset(name.casefold() for name in expand((n for n in named if n.startswith("@")), lists))
    kinds = frozenset(name for name in named if not name.startswith("@")) or frozenset(TYPES)
    wrong = sorted(kinds - set(TYPES))
    if wrong:
        raise ValueError(f"unknown type '{wrong[0]}' (known: {', '.join(TYPES)})")
    found = tuple(re.findall(r"[^\s,]+", places))
    if not found:
        raise ValueError('name a place before the colon, as in "subject: PERSON ORG"')
    return Slot(found, kinds, only)


def read_sequence(text: str, lists: Mapping[str, Sequence[str]]) -> tuple[Item, ...]:
    """``"head:PERSON ( tail:ORG )"`` -> Items. Raises ValueError, KeyError."""
    return tuple(read_item(part, lists) for part in text.split())


def read_item(part: str, lists: Mapping[str, Sequence[str]]) -> Item:
    match = ITEM.match(part)
    if match is None:
        raise ValueError(f"cannot read '{part}'")
    role, body, genitive, often = match.groups()
    least, most = {"?": (0, 1), "*": (0, 3)}.get(often or "", (1, 1))
    body, at, listed = body.partition("@") if role else (body, "", "")
    only = frozenset(name.casefold() for name in expand([at + listed], lists)) if at else frozenset()
    names = body.split("|")
    if all(name in TYPES for name in names):
        return Item(role or "", frozenset(names), genitive=bool(genitive), only=only, least=least, most=most)
    if role:
        raise ValueError(f"'{part}' must name types ({', '.join(TYPES)})")
    if body.isalpha() and body.isupper() and len(body) > 2:
        return Item(pos=body, least=least, most=most)
    forms, _ = spell(expand(names, lists), "as it is")
    return Item(words=forms, least=least, most=most)


def expand(words: Iterable[str], lists: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The words with each @list replaced by its own. Raises KeyError on an unknown list."""
    for word in words:
        if word.startswith("@") and len(word) > 1:
            yield from expand(lists[word[1:]], lists)
        else:
            yield word


def spell(words: Iterable[str], kind: str) -> tuple[frozenset[str], frozenset[str]]:
    """All forms of ``words`` and all forms of the compound ends among them ("*sjef")."""
    forms: set[str] = set()
    endings: set[str] = set()
    for word in words:
        compound = word.startswith("*") and len(word) > 1
        parts = word.casefold().lstrip("*" if compound else "").split()
        spelt = set(parts)
        if len(parts) == 1 and kind in ("verb", "noun"):
            spelt |= inflect_verb(parts[0]) if kind == "verb" else inflect_noun(parts[0])
        forms |= spelt
        if compound:
            endings |= spelt
    return frozenset(forms), frozenset(endings)


def inflect_verb(word: str) -> set[str]:
    """The regular forms of an infinitive in bokmål and nynorsk, and some that are none, which does no harm.

    >>> sorted(inflect_verb("kaste") & {"kastet", "kasta", "kastar", "kastes", "kasteren"})
    ['kasta', 'kastar', 'kastes', 'kastet']
    """
    if word[-1:] not in "ea":
        return {word, word + "r", word + "s", word + "dde", word + "dd", word + "tt", word + "st"}
    stem = word[:-1]
    ends = [
        "e",
        "a",
        "er",
        "ar",
        "et",
        "a",
        "te",
        "t",
        "de",
        "d",
        "es",
        "as",
        "ast",
        "te",
        "tes",
        "de",
        "des",
        "ende",
        "ande",
        "ete",
        "etes",
    ]
    short = stem[:-1] if len(stem) > 2 and stem[-1] == stem[-2] else stem  # "bygge" -> "bygd"
    forms = {stem + end for end in ends} | {short + end for end in ("t", "d", "te", "de")}
    return forms | {stem} if len(stem) > 2 else forms


def inflect_noun(word: str) -> set[str]:
    """The regular forms of a noun in bokmål and nynorsk, and some that are none, which does no harm.

    >>> sorted(inflect_noun("leder") & {"lederen", "ledere", "lederne", "ledernes"})
    ['lederen', 'ledere', 'lederne']
    """
    stem = word[:-1] if word.endswith("e") else word
    ends = "en et a er ar ene ane e t d".split()  # noqa: SIM905
    forms = {word, word + "s"} | {stem + end for end in ends}
    if word.endswith(("er", "ar")):
        forms |= {word + "ne", word + "ane", word[:-1] + "ne"}
    if word.endswith(("el", "er")):
        forms |= {word[:-2] + word[-1] + end for end in ("en", "er", "ene", "ar", "ane")}  # "middel" -> "midlene"
    if word.endswith("um"):
        forms |= {word[:-2] + end for end in ("et", "er", "ene", "a")}
    double = word + word[-1]  # "kontor" has none, "lag" neither, but "venn", "rom" -> "rommet"
    return forms | {double + end for end in ("en", "et", "er", "ene", "a", "ar", "ane")} if len(word) < 5 else forms


def read_example(text: str) -> tuple[str, tuple[tuple[int, int, str, str], ...]]:
    """An example's plain text and its marked names: (start, end, role, type); role and type may be empty.

    >>> read_example("[tail Aker]-sjef [head Kari Lie] sluttar.")
    ('Aker-sjef Kari Lie sluttar.', ((0, 4, 'tail', ''), (10, 18, 'head', '')))
    """
    plain, marks, last = "", [], 0
    for match in MARK.finditer(text):
        plain += text[last : match.start()]
        name = match.group(3).strip()
        marks.append((len(plain), len(plain) + len(name), match.group(1) or "", match.group(2) or ""))
        plain += name
        last = match.end()
    return plain + text[last:], tuple(marks)
