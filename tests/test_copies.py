"""Near-copies: one agency story in five papers is one piece of evidence with five sources."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from kg.query import find_entity, list_evidence, list_neighbours, stats
from kg.store import Store, check_store, dump_graph, open_store, refresh, remove_files
from kg.store.sketch import MOST_SENTENCES, are_near, cut_bands, find_copies, sketch_document, sketch_sentence
from kg.text import document_id
from tests.conftest import run_in_terminal
from tests.stubs import add_text, resolve_by_id

STORY = (
    "Fjellbygg og den vesle nabobedriften Kystkraft skal etter planen bygge ei ny kai i Bratvik neste sommer. "
    "Arbeidet er ventet å ta minst to år, og rundt tretti personer får fast jobb mens det står på. "
    "Kari Holm leder Fjellbygg og sier at prisene på stein og stål har gått mye opp siden i fjor høst."
)
PAPERS = {
    "agency.txt": ("2026-01-01", STORY),
    "title.txt": ("2026-01-02", f"ny kai gir jobb til mange. {STORY}"),
    "credit.txt": ("2026-01-02", STORY.replace("siden i fjor høst", "siden i fjor høst, melder byrået")),
    "quotes.txt": ("2026-01-03", STORY.replace("prisene på stein og stål", "«prisene» på stein, og stål,")),
    "word.txt": ("2026-01-04", STORY.replace("skal etter planen bygge", "skal nå etter planen bygge")),
}
OTHER = (
    "Fjellbygg og konkurrenten Kystkraft møtes onsdag i retten for å få avgjort hvem som betaler for den gamle veien. "
    "Saken har versert i flere år uten at noen av de to selskapene har villet gi seg på det viktigste punktet."
)


@pytest.fixture
def store() -> Iterator[Store]:
    with open_store(":memory:", write=True) as opened:
        yield opened


def fill(store: Store, papers: dict[str, tuple[str, str]]) -> list[str]:
    for path, (date, text) in papers.items():
        add_text(store, path, text, date=date)
    return derive(store)


def derive(store: Store) -> list[str]:
    refresh(store, resolve_by_id)
    assert check_store(store) == []
    return list(dump_graph(store))


def test_story_in_five_papers_is_one_piece_of_evidence_with_five_sources(store: Store) -> None:
    fill(store, {**PAPERS, "other.txt": ("2026-02-01", OTHER)})
    assert stats(store)["near_copies"] == 4
    a, b = find_entity(store, "Fjellbygg"), find_entity(store, "Kystkraft")
    rows = list_evidence(store, a, b)
    assert [(row.source, [path for path, _, _ in row.sources]) for row in rows] == [
        ("other.txt", ["other.txt"]),
        ("agency.txt", ["agency.txt", "credit.txt", "title.txt", "quotes.txt", "word.txt"]),
    ]
    (relation,) = next(row for row in list_neighbours(store, a) if row.name == "Kystkraft").relations
    # Chance is asked of the two texts, not of the six: Fjellbygg stands in 3 of their sentences, Kystkraft in 2
    # (here every capitalised word is a name, so that all 5 sentences hold one).
    assert (relation.weight, relation.documents, relation.together, relation.expected) == (2, 6, 2, 3 * 2 / 5)


def test_copies_end_with_the_text_they_are_of(store: Store) -> None:
    fill(store, PAPERS)
    remove_files(store, ["agency.txt"])
    derive(store)
    copies = {row[0]: row[1] for row in store.rows("SELECT source, copy_of FROM documents")}
    oldest = min(
        row for row in store.rows("SELECT date, id, source FROM documents") if row[2] in ("title.txt", "credit.txt")
    )
    assert copies == {path: None if path == oldest[2] else oldest[1] for path in PAPERS if path != "agency.txt"}
    remove_files(store, [path for path in PAPERS if path != "word.txt"])
    derive(store)
    assert store.rows("SELECT source, copy_of FROM documents") == [("word.txt", None)]


@pytest.mark.parametrize("seed", range(8))
def test_any_history_gives_the_graph_of_a_fresh_store(seed: int) -> None:
    rng = random.Random(seed)
    papers = {**PAPERS, "other.txt": ("2026-02-01", OTHER), "undated.txt": ("", STORY + " slutt.")}
    now: dict[str, tuple[str, str]] = {}
    with open_store(":memory:", write=True) as store, open_store(":memory:", write=True) as fresh:
        for _ in range(20):
            path = rng.choice(list(papers))
            if path in now and rng.random() < 0.5:
                remove_files(store, [path])
                del now[path]
            else:
                now[path] = (rng.choice([papers[path][0], "2026-03-01"]), papers[path][1])
                add_text(store, path, now[path][1], date=now[path][0] or None)
            if rng.random() < 0.4:
                derive(store)
        for path, (date, text) in rng.sample(sorted(now.items()), len(now)):
            add_text(fresh, path, text, date=date or None)
        assert derive(store) == derive(fresh)


def make_versions(rng: random.Random) -> dict[str, str]:
    """Texts of which some are near some others: each has some of five paragraphs in another wording."""
    wordings = [[" ".join(make_words(rng, 14)) for _ in range(2)] for _ in range(5)]
    chosen = [[rng.choice((0, 0, 1)) for _ in wordings] for _ in range(10)]
    return {
        f"{n}.txt": " ".join(pair[k] for pair, k in zip(wordings, which, strict=True)) + f" {make_words(rng, 1)[0]}"
        for n, which in enumerate(chosen)
    }


def make_words(rng: random.Random, number: int) -> list[str]:
    return ["".join(rng.choices("abcdefghijklmnop", k=6)) for _ in range(number)]


def tell_copies(versions: dict[str, tuple[str, str]]) -> dict[str, str | None]:
    """The definition: by date, each is a copy of the first original before it that it is nearly the text of."""
    originals: list[str] = []
    found: dict[str, str | None] = {}
    for path in sorted(versions, key=lambda path: (versions[path][0] or "9999", document_id(versions[path][1]))):
        sketch = sketch_document(versions[path][1])
        others = ((other, sketch_document(versions[other][1])) for other in originals)
        near = (other for other, known in others if are_near(sketch, known) and share_band(sketch, known))
        found[path] = next(near, None)
        if found[path] is None:
            originals.append(path)
    return {path: of and document_id(versions[of][1]) for path, of in found.items()}


def share_band(a: bytes, b: bytes) -> bool:
    return bool(set(cut_bands(a)) & set(cut_bands(b)))


@pytest.mark.parametrize("seed", range(12))
def test_copies_are_told_as_defined_whatever_came_first(store: Store, seed: int) -> None:
    rng = random.Random(seed)
    versions = make_versions(rng)
    now: dict[str, tuple[str, str]] = {}
    copies = 0
    for _ in range(40):
        path = rng.choice(list(versions))
        if path in now and rng.random() < 0.4:
            remove_files(store, [path])
            del now[path]
        else:
            now[path] = (rng.choice(["", "2026-01-01", "2026-01-02", "2026-01-03"]), versions[path])
            add_text(store, path, now[path][1], date=now[path][0] or None)
        if rng.random() < 0.5:
            refresh(store, resolve_by_id)
            wanted = tell_copies(now)
            assert dict(store.rows("SELECT source, copy_of FROM documents")) == wanted
            copies += sum(of is not None for of in wanted.values())
    assert copies


def test_other_numbers_other_status_and_few_words_are_no_copies() -> None:
    base = "Fjellbygg kjøpte i fjor høst tolv nye biler av Kystkraft for 12 millioner kroner til anlegget i Bratvik"
    texts = [base, base.replace("12", "13"), base.replace("nye", "flotte"), base.replace("fjor", "år"), "Ja, 12 nei"]
    sketches = [sketch_sentence(text) for text in texts]
    assert sketches[4] == b""
    rows = list(zip(range(1, 6), ["stated", "stated", "stated", "denied", "stated"], sketches, strict=True))
    assert find_copies(rows) == find_copies(reversed(rows)) == {3: 1}


def test_comparing_finds_all_pairs_and_is_bounded() -> None:
    rng = random.Random(7)
    words = make_words(rng, 800)
    sentences = [rng.choices(words, k=22) for _ in range(150)]
    sentences += [[*sentence[:9], "annet", *sentence[10:]] for sentence in sentences[:100]]
    rows = [(n, "stated", sketch_sentence(" ".join(sentence))) for n, sentence in enumerate(sentences)]
    bits = [int.from_bytes(sketch[2:], "big") for _, _, sketch in rows]
    near = {b: a for b in range(250) for a in range(b) if (bits[a] ^ bits[b]).bit_count() <= 24}
    assert find_copies(rows) == near
    assert len(near) > 90 and all(b == a + 150 for b, a in near.items())
    assert find_copies((n, "stated", rows[0][2]) for n in range(MOST_SENTENCES + 1)) == {}


def test_documents_share_a_band_when_most_of_their_words_are_the_same() -> None:
    story, title, other = (sketch_document(text) for text in (STORY, PAPERS["title.txt"][1], OTHER))
    assert set(cut_bands(story)) & set(cut_bands(title))
    assert not set(cut_bands(story)) & set(cut_bands(other))
    assert are_near(story, title)
    assert not are_near(story, other)
    assert sketch_document("Kari Holm leder Fjellbygg.") == b""


def test_texts_that_change_step_by_step_are_no_copies_of_the_first(store: Store) -> None:
    """A register's forms, or a text edited year after year: each is near the next, the ends have little in common."""
    rng = random.Random(3)
    words = make_words(rng, 200)
    for step in range(12):
        add_text(store, f"{step:02}.txt", " ".join(words), date=f"2026-01-{step + 1:02}")
        words[step * 15 : step * 15 + 15] = make_words(rng, 15)
    derive(store)
    rows = store.rows("SELECT source, copy_of FROM documents ORDER BY source")
    originals = [source for source, copy_of in rows if copy_of is None]
    assert originals[0] == "00.txt"
    assert 2 <= len(originals) <= 6
    texts = {row[0]: row[1] for row in store.rows("SELECT id, text FROM documents")}
    for id, _, copy_of in store.rows("SELECT id, source, copy_of FROM documents WHERE copy_of IS NOT NULL"):
        assert len(set(texts[id].split()) & set(texts[copy_of].split())) > 120


def test_evidence_names_the_sources_and_says_what_chance_predicts(tmp_path: Path) -> None:
    place = tmp_path / "kg.db"
    with open_store(place, write=True) as store:
        fill(store, PAPERS)
    shown = run_in_terminal(
        ["kg", "evidence", "Fjellbygg", "Kystkraft", "--store", str(place)], tmp_path, NO_COLOR="1", columns=200
    )
    lines = [re.sub(r"\x1b\[\d*m", "", line).strip() for line in shown.out.splitlines()]
    assert lines[0].startswith("together in 1 sentence of 5 documents; chance predicts 0.7")
    assert lines[-2:] == ["2026-01-01  agency.txt", "also in: credit.txt, title.txt, quotes.txt, word.txt"]
