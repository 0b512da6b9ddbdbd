"""Who does what in one sentence: subjects, objects, titles and prepositions read off its syntax.

Labels are the Norwegian Dependency Treebank's (Solberg et al., LREC 2014). A parser errs in one word of twelve, so
each question here is answered from the tree first and from plain adjacency where the tree leaves room for doubt.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from kg.patterns import Grammar
from kg.records import Mention, Sentence

NOMINAL = frozenset({"NOUN", "PROPN", "PRON", "NUM", "DET", "X", "SYM"})
ONLY = 99  # doubt of an entity that fills a place for want of any other of its type
STEPS = 12  # links of the tree that a search climbs at most; deeper clauses than this are parser errors


@dataclass(frozen=True, slots=True)
class Found:
    """An entity in some place of a clause: which mention, through which words, and whether naming alone states it."""

    mention: int
    words: tuple[int, ...] = ()
    named: bool = False
    doubt: int = 0  # of several found for one place, only those of the least doubt count; ONLY: if it is alone


class Clause:
    """One sentence with its names, each seen as one word, ready to be asked for places."""

    def __init__(self, text: str, sentence: Sentence, mentions: Sequence[Mention], grammar: Grammar) -> None:
        """``mentions``: those of the sentence, in text order. Words are indices into ``sentence.tokens``."""
        self.tokens = sentence.tokens
        self.mentions = mentions
        self.grammar = grammar
        self.text = text
        self.low = [text[t.start : t.end].casefold() for t in self.tokens]
        self.pos = [t.pos for t in self.tokens]
        self.dep = [t.dep for t in self.tokens]
        self.name: list[int | None] = [None] * len(self.tokens)  # mention that a word is (part of)
        self.first: dict[int, int] = {}  # mention -> its first word
        self.last: dict[int, int] = {}
        self.prefix: dict[int, list[int]] = {}  # word -> the derived mentions inside it
        self.head_of: dict[int, int] = {}  # mention -> the word that stands for it
        self._place_names()
        self.parent = [
            self.stand_in(t.head) if 0 <= t.head < len(self.tokens) else i for i, t in enumerate(self.tokens)
        ]
        self.children: list[list[int]] = [[] for _ in self.tokens]
        for i, p in enumerate(self.parent):
            if p != i and self.stand_in(i) == i:
                self.children[p].append(i)

    def _place_names(self) -> None:
        k = 0
        for i, token in enumerate(self.tokens):
            while k < len(self.mentions) and self.mentions[k].end <= token.start:
                k += 1
            for m in range(k, len(self.mentions)):
                mention = self.mentions[m]
                if mention.start >= token.end:
                    break
                self.last[m] = i
                self.first.setdefault(m, i)
                if mention.derived and mention.end < token.end:
                    self.prefix.setdefault(i, []).append(m)
                elif self.name[i] is None:
                    self.name[i] = m
        for m, a in self.first.items():
            b = self.last[m]
            if self.name[b] == m:
                outside = (i for i in range(a, b + 1) if not a <= self.tokens[i].head <= b or self.tokens[i].head == i)
                self.head_of[m] = next(outside, a)

    def stand_in(self, i: int) -> int:
        """The word itself, or the head word of the name it is part of."""
        m = self.name[i]
        return i if m is None else self.head_of.get(m, i)

    # ---- small questions

    def verbal(self, i: int) -> bool:
        return self.pos[i] in ("VERB", "AUX") or (self.pos[i] == "ADJ" and self.low[i][-1:] in "tde")

    def nominal(self, i: int) -> bool:
        return self.pos[i] in NOMINAL or self.name[i] is not None

    def has(self, i: int, name: str) -> bool:
        """Whether the word is in the grammar's list of that name."""
        return self.low[i] in self.grammar.list(name)

    def after_name(self, i: int) -> int:
        """The first word after ``i``, or after the whole name that it is part of."""
        m = self.name[i]
        return (i if m is None else self.last[m]) + 1

    def is_genitive(self, m: int) -> bool:
        """Whether the name is written as an owner: "Norges", "Haas'", "Aker's"."""
        text = self.mentions[m].text
        last = self.tokens[self.last[m]]
        return text[-1:] in "'’" or (text[-1:] in "sS" and (last.tag.endswith("gen") or self.mentions[m].name != text))

    # ---- names in a phrase

    def conjuncts(self, i: int) -> list[int]:
        """The word and what is coordinated with it, but for what a "not" excludes."""
        found = [i]
        for c in self.children[i]:
            if self.dep[c] == "KOORD" and not any(self.has(k, "negation") for k in range(max(i + 1, c - 3), c)):
                found += self.conjuncts(c)
        return found

    def names(self, i: int, depth: int = 0) -> list[Found]:
        """The entities that the phrase headed by word ``i`` is about."""
        found: list[Found] = []
        for j in self.conjuncts(i):
            m = self.name[j]
            if m is not None:
                found.append(Found(m))
            elif self.has(j, "he_or_she"):
                found += self.meant_by(j, "PERSON")
            elif self.pos[j] != "VERB":
                found += self.names_of_noun(j, depth)
        return found

    def meant_by(self, j: int, kind: str) -> list[Found]:
        """Whom "han" or "selskapet" means: the one entity of that type before it, in doubt; of several none."""
        p = self.parent[j]
        if p < j and self.has(p, "saying_verbs"):  # "... , sier han": of whom others speak
            return []
        before = [m for m, last in self.last.items() if last < j and self.mentions[m].type == kind]
        alone = len({self.mentions[m].entity for m in before}) == 1
        return [Found(before[-1], (j,), doubt=1)] if alone else []

    def names_of_noun(self, j: int, depth: int) -> list[Found]:
        """The entities behind a common noun: "selskapet Nscale", "ledelsen i Aker", "30 prosent av Aker"."""
        k = self.skip_quote(j + 1)
        if k < len(self.tokens) and self.name[k] is not None and self.pos[j] in ("NOUN", "PROPN"):
            near = (j, self.parent[j])
            if self.parent[self.stand_in(k)] in near or self.parent[j] == self.stand_in(k):
                return [Found(self.name[k] or 0)]
        p = self.parent[j]
        if self.dep[j] == "APP" and self.name[p] is not None:
            return [Found(self.name[p] or 0)]
        apposed = [self.name[c] for c in self.children[j] if self.dep[c] == "APP" and self.name[c] is not None]
        if apposed:
            return [Found(m) for m in apposed if m is not None]
        if depth < 3 and self.has(j, "through"):
            return [f for c in self.children[j] for f in self.owners(c, depth + 1)]
        if self.has(j, "facilities"):
            owners = (c for c in self.children[j] if self.low[c] == "til" or self.dep[c] == "DET")
            return [f for c in owners for f in self.owners(c, depth + 1)]
        if j in self.prefix and self.low[j].rpartition("-")[2] in self.grammar.list("through_compound"):
            return [Found(m) for m in self.prefix[j]]
        if self.has(j, "the_firm") and self.dep[j] != "APP":
            return self.meant_by(j, "ORG")
        return []

    def owners(self, c: int, depth: int) -> list[Found]:
        if self.pos[c] == "ADP" and self.has(c, "of"):
            return [f for d in self.complements(c) for f in self.names(d, depth)]
        return self.names(c, depth) if self.dep[c] == "DET" and self.name[c] is not None else []

    def skip_quote(self, k: int) -> int:
        return k + 1 if k < len(self.tokens) and self.low[k] in ("«", '"', "“", "”", "„", "'", "‘") else k

    # ---- prepositions

    def complements(self, c: int) -> list[int]:
        """The heads of what a preposition governs."""
        return [d for d in self.children[c] if d > c and self.dep[d] not in ("IK", "IP", "KONJ", "KOORD", "ADV")]

    def under(self, anchors: Iterable[int], forms: frozenset[str]) -> Iterator[int]:
        """Prepositions of one of ``forms`` that hang on an anchor, on a particle of it or on an equal preposition."""
        for a in anchors:
            for c in self.children[a]:
                if self.low[c] in forms:
                    yield from self.equals(c)
                elif self.pos[c] in ("ADP", "ADV") and self.dep[c] != "IK":
                    for d in self.children[c]:
                        if self.low[d] in forms and self.pos[d] == "ADP":
                            yield from self.equals(d)

    def equals(self, c: int) -> list[int]:
        return [d for d in self.conjuncts(c) if d == c or self.pos[d] == "ADP"]

    def governed(self, prepositions: Iterable[int]) -> list[Found]:
        """The entities that the prepositions govern."""
        return [
            replace(f, words=(c, *f.words))
            for c in dict.fromkeys(prepositions)
            for d in self.complements(c)
            for f in self.names(d)
        ]

    # ---- verbs

    def auxiliaries(self, v: int) -> list[int]:
        """The verbs above ``v`` in its own clause: "har", "skal ha"."""
        chain: list[int] = []
        node = v
        while self.dep[node] in ("INFV", "SPRED") and self.verbal(self.parent[node]) and len(chain) < STEPS:
            node = self.parent[node]
            if self.pos[node] not in ("VERB", "AUX") or node in chain:
                break
            chain.append(node)
        return chain

    def is_passive(self, v: int) -> bool:
        """Whether what the verb is done to is its subject (or the noun that it describes)."""
        tag = self.tokens[v].tag
        if tag.endswith("pass"):
            return True
        if "perf-part" not in tag and self.pos[v] != "ADJ" and tag not in ("VBN", "JJ", "VBD"):
            return False
        above = self.auxiliaries(v)
        if above:
            return self.has(above[0], "become") or self.has(above[0], "be")
        return self.dep[v] in ("ATR", "APP", "SPRED", "OPRED", "ADV", "FRAG", "KOORD") and "pret" not in tag

    def subject_words(self, v: int) -> list[int]:
        """The heads of the subject, sought upwards through auxiliaries, coordination, infinitives and relatives."""
        node = v
        for _ in range(STEPS):
            own = [c for c in self.children[node] if self.dep[c] in ("SUBJ", "PSUBJ")]
            relative = any(self.has(c, "relative") for c in self.children[node])
            if own and not (self.has(own[0], "relative") and self.dep[node] == "ATR"):
                return own[-1:]
            p, dep = self.parent[node], self.dep[node]
            if p == node or dep == "PAR":
                return []
            if dep in ("ATR", "APP") and self.nominal(p) and self.verbal(node):
                return [p]
            if not relative and any(self.dep[c] == "SBU" for c in self.children[node]):
                return []
            if self.has(p, "object_control_verbs") and node != v and not self.verbal(node):
                told = [c for c in self.children[p] if self.dep[c] in ("IOBJ", "DOBJ") and c != node]
                if told:
                    return told[:1]
            node = p
        return []

    def object_words(self, v: int) -> list[int]:
        """The heads of the object; of a relative clause with a subject of its own, the noun it describes."""
        chain = [v, *self.auxiliaries(v)]
        for node in chain:
            own = [c for c in self.children[node] if self.dep[c] in ("DOBJ", "POBJ") and not self.verbal(c)]
            if own:
                return own
        beside = self.skip_quote(v + 1)  # a name that the parser took for something else
        if beside < len(self.tokens) and self.name[beside] is not None:
            word = self.stand_in(beside)
            if self.parent[word] == v and self.dep[word] == "PUTFYLL":
                return [word]
        top = chain[-1]
        describes = self.dep[top] == "ATR" and self.nominal(self.parent[top])
        if describes and any(self.dep[c] == "SUBJ" and not self.has(c, "relative") for c in self.children[top]):
            return [self.parent[top]]
        return []

    def doers(self, v: int) -> list[Found]:
        """Who does it: the subject, or in the passive what "av" governs."""
        if self.is_passive(v):
            agents = self.governed(self.under([v, *self.auxiliaries(v)], self.grammar.list("agent")))
            if agents:
                return agents
            if not self.auxiliaries(v):  # "eid 60 prosent av X"
                shares = [c for c in self.children[v] if self.pos[c] in ("NOUN", "NUM", "SYM")]
                agents = self.governed(self.under(shares, self.grammar.list("agent")))
            if agents or any(self.has(a, "become") for a in self.auxiliaries(v)):
                return agents
        found = self.subjects(v)
        if not found:
            return found
        beside = (c for a in (v, *self.auxiliaries(v)) for c in self.children[a] if self.is_together(c))
        return [*found, *self.governed(beside)]

    def subjects(self, v: int) -> list[Found]:
        """The subject's entities, active or passive; of a relative clause also, in doubt, the name before "som"."""
        found = [f for s in self.subject_words(v) for f in self.names(s)]
        top = (v, *self.auxiliaries(v))[-1]
        marks = [c for c in self.children[top] if c < top and self.has(c, "relative")]
        if self.dep[top] == "ATR" and marks:
            k = marks[0] - 1 - (marks[0] > 1 and self.low[marks[0] - 1] == ",")
            m = self.name[k] if k >= 0 else None
            if m is not None and all(f.mention != m for f in found):
                found.append(Found(m, doubt=1))
        return found

    def is_together(self, c: int) -> bool:
        """Whether the word is the "med" of "sammen med X", who then does what the subject does."""
        return self.has(c, "with") and (
            any(self.has(d, "together") for d in self.children[c]) or (c > 0 and self.has(c - 1, "together"))
        )

    def done_to(self, v: int) -> list[Found]:
        """What it is done to: the object, or in the passive the subject."""
        if self.is_passive(v):
            return self.subjects(v)
        return [f for w in self.object_words(v) for f in self.names(w)]
