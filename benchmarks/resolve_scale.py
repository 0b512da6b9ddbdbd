"""Resolution across documents on a corpus made here, with known truth: precision, recall, seconds, memory.

    python benchmarks/resolve_scale.py                      1,000,000 mentions of 100,000 entities
    python benchmarks/resolve_scale.py --mentions 10000     a quick look

The corpus: names from a Norwegian-like distribution (few names that many bear, many that few bear, so that some
people share a full name), entities in circles that are written about together, and in the documents acronyms with and
without their long form, bare surnames, genitives taken for names, misspellings and wrong types. What is counted is
pairs of documents' entities (an entity of one document, an entity of another) that are one in truth, one as resolved,
or both. A pair with a bare surname cannot be found, as those never merge across documents; recall is given with them
and without.
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kg.names import slug
from kg.records import Entity
from kg.resolve import LocalEntity, resolve_corpus
from kg.tables import load_table
from kg.text import fold

HEADS = (
    "Berg", "Dal", "Vik", "Sol", "Lang", "Stor", "Gran", "Furu", "Bjørk", "Eike", "Øst", "Vest", "Nor", "Sør",
    "Lille", "Høg", "Brei", "Grav", "Kvam", "Lund", "Myr", "Nes", "Rød", "Sand", "Ask", "Bjørn", "Bråt", "Elv",
    "Fjell", "Foss", "Gul", "Hegg", "Hell", "Hol", "Hov", "Kald", "Kirke", "Kol", "Lauv", "Lind", "Mid", "Mo",
    "Nord", "Ny", "Ose", "Rogn", "Ros", "Ruste", "Sel", "Skog", "Sletta", "Stein", "Svart", "Tangen", "Tveit",
    "Ulv", "Var", "Vind", "Øvre", "Åker",
)  # fmt: skip
TAILS = (
    "vik", "dal", "berg", "land", "stad", "rud", "moen", "haug", "bakken", "lien", "heim", "sund", "borg", "eng",
    "strand", "åsen", "tun", "gård", "løkken", "stuen", "rød", "vold", "set", "nes", "fjord", "bø", "hol", "foss",
    "mark", "lund", "voll", "vang", "hus", "åker", "bekk", "li", "teig", "hagen",
)  # fmt: skip
FIRSTS = ("", "Nor", "Sør", "Øst", "Vest", "Inn", "Ut", "Små")  # fmt: skip
FIELDS = (
    "Havbruk", "Energi", "Bygg", "Eiendom", "Transport", "Shipping", "Teknologi", "Kraft", "Marine", "Invest",
    "Mat", "Media", "Forlag", "Consult",
)  # fmt: skip
PUBLIC = ("Direktoratet for {}", "Institutt for {}", "Norsk forening for {}", "Landslaget for {}", "Senter for {}")
TOPICS = (
    "fiskehelse", "kystvern", "jernbane", "bygningsvern", "havforskning", "reindrift", "skogbruk", "luftfart",
    "vannkraft", "folkemusikk",
)  # fmt: skip
COMMON = (
    "place:norge", "place:oslo", "place:sverige", "place:usa", "org:stortinget", "org:eu", "org:nrk",
    "org:regjeringen",
)  # fmt: skip
CIRCLE = 40  # entities that are written about together
GUEST = 0.2  # share of documents that name somebody from another circle
BARE, GENITIVE, TYPO, MISTYPED = 0.01, 0.004, 0.004, 0.01  # shares of documents' entities


@dataclass(frozen=True, slots=True)
class Truth:
    number: int
    type: str
    name: str
    acronym: str = ""


@dataclass(frozen=True, slots=True)
class Names:
    """What people are called: some 270 given names, the commonest borne by 2 in 100; a third of the surnames are of
    the 140 commonest, the rest of some 18,000 that few bear."""

    given: list[str]
    usual: list[str]
    rare: list[str]

    @classmethod
    def make(cls, rng: random.Random) -> Names:
        lists = [[row[0] for row in load_table(name)] for name in ("given_names", "surnames")]
        farms = [first + head.lower() + tail for first in FIRSTS for head in HEADS for tail in TAILS]
        for names in (*lists, farms):
            rng.shuffle(names)
        return cls(lists[0], lists[1], farms)

    def pick_person(self, rng: random.Random) -> str:
        given = [pick(rng, self.given, 1.5) for _ in range(1 + (rng.random() < 0.2))]
        surname = pick(rng, self.usual, 1.5) if rng.random() < 0.35 else rng.choice(self.rare)
        return " ".join([*given, surname.capitalize()])


def pick(rng: random.Random, things: Sequence[str], power: float) -> str:
    """One of ``things``, the first ones much oftener (Zipf-like)."""
    return things[int(len(things) * rng.random() ** power)]


def make_truth(rng: random.Random, count: int) -> list[Truth]:
    names = Names.make(rng)
    found = []
    for number in range(count):
        kind = rng.random()
        if kind < 0.55:
            found.append(Truth(number, "PERSON", names.pick_person(rng)))
        elif kind < 0.85:
            found.append(make_organisation(rng, number))
        else:
            found.append(Truth(number, "PLACE", f"{rng.choice(HEADS)}{rng.choice(TAILS)}{number}"))
    return found


def make_organisation(rng: random.Random, number: int) -> Truth:
    if rng.random() < 0.8:
        return Truth(number, "ORG", f"{rng.choice(HEADS)}{rng.choice(TAILS)}{number} {rng.choice(FIELDS)}")
    words = [
        *rng.choice(PUBLIC).format(rng.choice(TOPICS)).split(),
        "i",
        f"{rng.choice(HEADS)}{rng.choice(TAILS)}{number}",
    ]
    acronym = "".join(word[0] for word in words if word not in ("for", "i")).upper()
    return Truth(number, "ORG", " ".join(words), f"{acronym}{number % 97}")


def misspell(rng: random.Random, name: str) -> str:
    at = rng.randrange(2, len(name))
    return name[:at] + name[at + 1 :] if rng.random() < 0.5 else name[:at] + rng.choice("aeinrst") + name[at:]


def write_entity(rng: random.Random, truth: Truth) -> tuple[str, str, list[str]]:
    """(main name, type, other names) as one document would give them."""
    name, kind, others = truth.name, truth.type, []
    if truth.acronym:
        way = rng.random()
        name, others = (truth.acronym, []) if way < 0.2 else (name, [truth.acronym] if way < 0.6 else [])
    if kind == "PERSON":
        surname = name.split()[-1]
        name, others = (surname, []) if rng.random() < BARE else (name, [surname])
    elif rng.random() < GENITIVE:
        name += "s"
    if rng.random() < TYPO and len(name) > 6:
        name = misspell(rng, name)
    if rng.random() < MISTYPED:
        kind = rng.choice(("PERSON", "ORG", "PLACE", "PRODUCT"))
    return name, kind, others


def make_corpus(rng: random.Random, truths: Sequence[Truth], mentions: int) -> Iterator[tuple[LocalEntity, int]]:
    """Documents' entities, each with the number of the true one, until they have that many mentions."""
    circles = [truths[i : i + CIRCLE] for i in range(0, len(truths), CIRCLE)]
    made, document = 0, 0
    while made < mentions:
        circle = circles[document] if document < len(circles) else circles[int(len(circles) * rng.random() ** 1.5)]
        picked = {truth.number: truth for truth in rng.choices(circle, k=rng.randint(4, 12))}
        if rng.random() < GUEST:
            guest = rng.choice(truths)
            picked[guest.number] = guest
        rows = [(truth, *write_entity(rng, truth)) for truth in picked.values()]
        keys = frozenset(f"{kind.lower()}:{fold(name)}" for _, name, kind, _ in rows)
        context = keys | frozenset(rng.sample(COMMON, rng.randint(0, 3)))
        taken: Counter[str] = Counter()
        for truth, name, kind, others in rows:
            base = f"{kind.lower()}:{slug(name)}"
            taken[base] += 1
            id = base if taken[base] == 1 else f"{base}-{taken[base]}"
            counts = tuple(sorted({name: rng.randint(1, 4), **dict.fromkeys(others, rng.randint(1, 3))}.items()))
            own = f"{kind.lower()}:{fold(name)}"
            date = f"20{10 + document % 15}-0{1 + document % 9}-15"
            made += sum(n for _, n in counts)
            yield LocalEntity(f"{document:016x}", Entity(id, name, kind), counts, date, context - {own}), truth.number
        document += 1


def count_pairs(rows: Sequence[tuple[int, str]]) -> tuple[int, int, int]:
    """(pairs that are one in truth and as resolved, as resolved, in truth)."""
    both, mine, gold = Counter(rows), Counter(b for _, b in rows), Counter(a for a, _ in rows)
    return tuple(sum(n * (n - 1) // 2 for n in counts.values()) for counts in (both, mine, gold))  # type: ignore[return-value]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mentions", type=int, default=1_000_000)
    parser.add_argument("--entities", type=int, help="default: a tenth of the mentions")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--check", action="store_true", help="exit 1 when a bar of the README is missed")
    args = parser.parse_args()
    rng = random.Random(args.seed)
    truths = make_truth(rng, args.entities or args.mentions // 10)
    rows = list(make_corpus(rng, truths, args.mentions))
    locals_, numbers = [local for local, _ in rows], [number for _, number in rows]
    del rows
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    start = time.perf_counter()
    resolution = resolve_corpus(locals_)
    seconds = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    pairs = [
        (number, resolution.assignment[local.document, local.entity.id])
        for local, number in zip(locals_, numbers, strict=True)
    ]
    bare = [local.entity.type == "PERSON" and " " not in local.entity.name for local in locals_]
    both, mine, gold = count_pairs(pairs)
    precision, recall = both / max(mine, 1), both / max(gold, 1)
    full = count_pairs([pair for pair, skip in zip(pairs, bare, strict=True) if not skip])
    names = Counter(truth.name for truth in truths if truth.type == "PERSON")
    homonyms = {truth.number for truth in truths if names[truth.name] > 1 and truth.type == "PERSON"}
    same = count_pairs([pair for pair in pairs if pair[0] in homonyms])
    mentions = sum(n for local in locals_ for _, n in local.names)
    print(f"{mentions:,} mentions, {len(locals_):,} documents' entities, {len(set(numbers)):,} true,", end=" ")
    print(f"{len(resolution.entities):,} found; {len(homonyms):,} people share a full name")
    print(f"pairs across documents: precision {precision:.4f}  recall {recall:.4f}", end="  ")
    print(f"recall without bare surnames {full[0] / max(full[2], 1):.4f}")
    print(f"  of people who share a full name: precision {same[0] / max(same[1], 1):.4f}", end="  ")
    print(f"recall {same[0] / max(same[2], 1):.4f}")
    print(f"{seconds:.1f} s, {memory:,.0f} MB at the most ({before:,.0f} MB before),", end=" ")
    print(f"{len(resolution.suggestions):,} suggestions")
    if args.check and not (precision >= 0.995 and recall >= 0.95 and seconds < 60 and memory < 2048):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
