"""Every example in the pattern files holds with the real parser; a wrong file is refused with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg.errors import UsageError
from kg.patterns import Pattern, load_patterns, read_example
from kg.records import SYMMETRIC, Document, Link, Mention, Sentence, Tagged, Token
from kg.relate import find_links
from kg.tag import Pipeline, load_pipeline
from tests.conftest import ROOT

PATTERNS = load_patterns()
EXAMPLES = [
    pytest.param(lang, pattern, text, holds, id=f"{lang}-{pattern.id}-{number}")
    for lang in ("nb", "en")
    for pattern in PATTERNS.grammar(lang).patterns
    for number, (text, holds) in enumerate(
        [*((t, True) for t in pattern.examples), *((t, False) for t in pattern.never)]
    )
]


@pytest.fixture(scope="module")
def parser() -> Pipeline:
    return load_pipeline("nb", syntax="all")


def choose_type(pattern: Pattern, role: str) -> str:
    if pattern.items:
        return next(sorted(item.types)[0] for item in pattern.items if item.role == role)
    slot = (pattern.head if role == "head" else pattern.tail) or pattern.among
    assert slot is not None
    return sorted(slot.types)[0]


def relate(text: str, names: list[tuple[int, int, str, str]], lang: str, parser: Pipeline) -> tuple[Link, ...]:
    """Links of one sentence; ``names``: (start, end, entity, type)."""
    words = parser.nlp(text)
    tokens = tuple(
        Token(w.idx, w.idx + len(w), w.lemma_, w.pos_, w.tag_, w.dep_, w.head.i) for w in words if not w.is_space
    )
    mentions = [
        Mention(a, b, text[a:b], kind, entity, text[a:b].removesuffix("s"), derived=text[b : b + 1] == "-")
        for a, b, entity, kind in names
    ]
    tagged = Tagged(Document("x", "x", text, lang=lang), (Sentence(0, len(text), tokens),), tuple(mentions), "test")
    return find_links(tagged, mentions, PATTERNS)


@pytest.mark.parametrize(("lang", "pattern", "example", "holds"), EXAMPLES)
def test_example(lang: str, pattern: Pattern, example: str, holds: bool, parser: Pipeline) -> None:
    text, marks = read_example(example)
    names = [(a, b, role, kind or choose_type(pattern, role)) for a, b, role, kind in marks]
    found = [link for link in relate(text, names, lang, parser) if link.relation == pattern.relation]
    assert bool(found) == holds
    if holds and pattern.relation not in SYMMETRIC:
        assert (found[0].head, found[0].tail) == ("head", "tail")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("Fjellbygg kjøper Havkraft.", ["stated"]),
        ("Fjellbygg kjøper ikke Havkraft.", []),
        ("Kjøper Fjellbygg Havkraft?", []),
        ("Hvis Fjellbygg kjøper Havkraft, stiger prisen.", []),
        ("Avisen skriver at Fjellbygg kjøper Havkraft.", ["reported"]),
        ("Styret avviser at Fjellbygg kjøper Havkraft.", ["denied"]),
    ],
)
def test_what_is_not_said_is_not_linked(text: str, status: list[str], parser: Pipeline) -> None:
    names = [(text.index(n), text.index(n) + len(n), n.lower(), "ORG") for n in ("Fjellbygg", "Havkraft")]
    links = [link for link in relate(text, names, "nb", parser) if link.relation == "owns"]
    assert [link.status for link in links] == status


def test_pair_without_a_typed_link_appears_together(parser: Pipeline) -> None:
    text = "Fjellbygg og Havkraft var der."
    (link,) = relate(text, [(13, 21, "org:havkraft", "ORG"), (0, 9, "org:fjellbygg", "ORG")], "nb", parser)
    assert link == Link("org:fjellbygg", "appears_with", "org:havkraft", "", 0, len(text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[[pattern]]\nid = "a"\nrelation = "bosses"\nwords = ["x"]', "line 3: unknown relation 'bosses'"),
        ('[[pattern]]\nid = "a"\nrelation = "leads"\nwrods = ["x"]', "line 4: unknown key 'wrods'"),
        ('[[pattern]]\nid = "a"\nrelation = "leads"\nwords = ["x"]', "line 1: a pattern needs 'head' and 'tail'"),
        ("[[pattern]]\nid = a", "line 2"),
    ],
)
def test_wrong_file_is_refused_with_its_line(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=r"mine\.toml") as caught:
        load_patterns([path])
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "kind", "linked"),
    [
        ("Havkraft vokser, og nå har selskapet kjøpt Fjellbygg.", "ORG", ["owns"]),
        ("Da Havkraft var etablert, reiste hun til Fjellbygg.", "PERSON", ["travels_to"]),
        ("Havkraft er best, sier hun til Fjellbygg.", "PERSON", []),
    ],
)
def test_pronoun_stands_for_the_one_it_can_mean(text: str, kind: str, linked: list[str], parser: Pipeline) -> None:
    other = "PLACE" if linked == ["travels_to"] else "ORG"
    names = [
        (text.index(n), text.index(n) + len(n), n.lower(), t) for n, t in (("Havkraft", kind), ("Fjellbygg", other))
    ]
    links = relate(text, names, "nb", parser)
    assert [link.relation for link in links if link.relation != "appears_with"] == linked


def relate_lines(first: str, second: str, *, gap: str = " ") -> list[tuple[str, str]]:
    """(relation, evidence) of the typed links of two sentences that name "Nordkraft Nett" and "Bodø"."""
    text = f"{first}{gap}{second}"
    start = len(first) + len(gap)
    bounds = (Sentence(0, start), Sentence(start, len(text)))
    names = [("Nordkraft Nett", "org:nordkraft-nett", "ORG"), ("Bodø", "place:bodo", "PLACE")]
    mentions = [Mention(text.index(n), text.index(n) + len(n), n, kind, entity) for n, entity, kind in names]
    links = find_links(Tagged(Document("x", "x", text), bounds, tuple(mentions), "test"), mentions, PATTERNS)
    return [(link.relation, text[link.start : link.end]) for link in links]


def test_link_across_a_sentence_end_shows_both_sentences() -> None:
    first, second = "Kystlaget vil etablere Nordkraft Nett.", "Målet er et anlegg i Bodø."
    assert relate_lines(first, second) == [("located_in", f"{first} {second}")]
    assert relate_lines(first, second, gap="\n\n") == []
    assert relate_lines(first, "Målet er ikke et anlegg i Bodø.") == []
    assert relate_lines("Kystlaget vil etablere Nordkraft Nett snart.", second) == []


def test_own_file_adds_a_pattern(tmp_path: Path, parser: Pipeline) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'languages = ["nb"]\n[[pattern]]\nid = "mine"\nrelation = "works_for"\nkind = "verb"\nwords = ["slite"]\n'
        'head = "subject: PERSON"\ntail = "for: ORG"\n',
        encoding="utf-8",
    )
    assert "mine" in {p.id for p in load_patterns([path]).grammar("nb").patterns}


def test_relating_costs_little_on_top_of_tagging() -> None:
    """A small sample of what benchmarks/relate.py does with all articles; the bar is 40 %."""
    from benchmarks.relate import read_folder, time_stages
    from kg.worker import Options, load_stages

    documents, stages = read_folder(ROOT / "data" / "articles")[:2], load_stages(Options(pipeline="fast"))
    time_stages(documents, stages)
    (tagging, _, relating), links = time_stages(documents, stages)
    assert links
    assert relating < 0.4 * tagging
