"""The behaviour of names, case by case: each row of ``tests/tables/*.tsv`` is one test that anyone can read or add."""

from __future__ import annotations

import doctest
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg import names, tables
from kg.names import (
    fits_person,
    name_key,
    normal_name,
    plain_key,
    read_head,
    slug,
    split_compound,
    strip_legal_form,
    strip_title,
)
from kg.resolve import acronyms
from kg.resolve.acronyms import is_acronym
from kg.tables import load_table

TABLES = Path(__file__).parent / "tables"


def read_cases(name: str) -> list[tuple[str, ...]]:
    rows = (TABLES / f"{name}.tsv").read_text(encoding="utf-8").splitlines()
    width = rows[0].count("\t") + 1
    cases = [tuple(row.split("\t")) for row in rows[1:]]
    assert all(len(case) == width for case in cases), f"{name}.tsv: a row has too many or too few cells"
    return cases


@pytest.mark.parametrize(("name", "type", "others", "following", "normal"), read_cases("genitive"))
def test_genitive(name: str, type: str, others: str, following: str, normal: str) -> None:
    known = {plain_key(other) for other in others.split(",") if other}
    after = following if following[:1] in ".,’'" else f" {following}"
    assert normal_name(name, type, known=known, following=after) == normal


@pytest.mark.parametrize(("found", "normal", "title"), read_cases("titles"))
def test_titles(found: str, normal: str, title: str) -> None:
    assert strip_title(found) == (normal, title)


@pytest.mark.parametrize(("found", "bare", "form"), read_cases("legal_forms"))
def test_legal_forms(found: str, bare: str, form: str) -> None:
    assert strip_legal_form(found) == (bare, form)


@pytest.mark.parametrize(("short", "long", "answer"), read_cases("acronyms"))
def test_acronyms(short: str, long: str, answer: str) -> None:
    assert is_acronym(short, long) is (answer == "yes")


@pytest.mark.parametrize(("short", "full", "how"), read_cases("people"))
def test_people(short: str, full: str, how: str) -> None:
    assert fits_person(name_key(short, "PERSON"), name_key(full, "PERSON")) == how


@pytest.mark.parametrize(("word", "name", "head", "type"), read_cases("compounds"))
def test_compounds(word: str, name: str, head: str, type: str) -> None:
    assert split_compound(word) == ((name, head) if name else None)
    assert read_head(head)[0] == type


@pytest.mark.parametrize(("one", "other", "answer"), read_cases("places"))
def test_places(one: str, other: str, answer: str) -> None:
    assert (name_key(one, "PLACE") == name_key(other, "PLACE")) is (answer == "yes")


@pytest.mark.parametrize(("one", "other", "answer"), read_cases("organisations"))
def test_organisations(one: str, other: str, answer: str) -> None:
    assert (name_key(one, "ORG") == name_key(other, "ORG")) is (answer == "yes")


@pytest.mark.parametrize(("name", "expected"), read_cases("slugs"))
def test_slugs(name: str, expected: str) -> None:
    assert slug(name) == expected


def test_there_are_three_hundred_cases() -> None:
    assert sum(len(read_cases(path.stem)) for path in TABLES.glob("*.tsv")) >= 300


def test_examples_in_the_docstrings() -> None:
    results = [doctest.testmod(module) for module in (names, acronyms)]
    assert [result.failed for result in results] == [0, 0]
    assert sum(result.attempted for result in results) >= 12


@pytest.mark.parametrize("table", sorted(path.stem for path in Path(tables.__file__).parent.glob("*.tsv")))
def test_tables_are_well_formed(table: str) -> None:
    rows = load_table(table)
    first = [row[0] for row in rows]
    assert all(first), "a row without its first cell"
    repeated = {cell for cell in first if first.count(cell) > 1}
    assert not repeated or table == "organisations", f"rows given twice: {sorted(repeated)}"


def test_no_form_of_a_place_stands_for_two() -> None:
    seen: dict[str, str] = {}
    for row in load_table("places"):
        for form in [row[0], *(row[2].split(";") if len(row) > 2 else ())]:
            if form.strip():
                assert seen.setdefault(plain_key(form), row[0]) == row[0], f"{form} is two places"


def test_a_long_slug_keeps_its_beginning_and_a_hash() -> None:
    one, other = slug("Norsk forening " * 40 + "a"), slug("Norsk forening " * 40 + "b")
    assert one != other
    assert one.startswith("norsk-forening-norsk") and len(one) <= names.SLUG_CHARS


@given(st.text(min_size=1, max_size=60), st.sampled_from(["PERSON", "ORG", "PLACE", "PRODUCT", "EVENT"]))
def test_any_text_has_a_name_a_key_and_a_slug(text: str, type: str) -> None:
    normal = normal_name(text, type, following=" x")
    assert normal
    assert name_key(normal, type)
    assert slug(normal) and " " not in slug(normal)


@given(st.text(alphabet="abcæøåABC -.'s", min_size=1, max_size=30))
def test_keys_do_not_change_when_made_again(text: str) -> None:
    assert plain_key(plain_key(text)) == plain_key(text)


def test_a_hostile_name_takes_no_time() -> None:
    start = time.perf_counter()
    for text in ("A" * 50_000, "a-" * 25_000, "A. " * 15_000, "'" * 50_000, "s " * 20_000):
        for type in ("PERSON", "ORG", "PLACE"):
            name_key(normal_name(text, type, following=" x"), type)
            slug(text)
            split_compound(text)
            is_acronym(text[:200], text)
    assert time.perf_counter() - start < 5
