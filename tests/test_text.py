"""Rules on characters: what is cleaned, folded, cut, and which language a text is in."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.text import break_runs, chunk_text, clean_text, detect_language, document_id, fold, safe_terminal

TEXTS = st.text(st.characters(codec=None), max_size=400)


@settings(max_examples=200)
@given(TEXTS)
def test_clean_text_can_be_stored_and_stays_as_it_is(raw: str) -> None:
    clean = clean_text(raw)
    assert clean_text(clean) == clean
    assert clean.encode("utf-8").decode("utf-8") == clean
    assert not any(ord(c) < 32 and c not in "\t\n" for c in clean)


@settings(max_examples=100)
@given(TEXTS, st.integers(1, 50))
def test_pieces_joined_are_the_text(text: str, size: int) -> None:
    pieces = list(chunk_text(text, size=size))
    assert "".join(piece for _, piece in pieces) == text
    assert all(text.startswith(piece, offset) and 0 < len(piece) <= size for offset, piece in pieces)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Tromsø", "tromso"),
        ("TROMSÖ", "tromso"),
        ("Ålesund", "alesund"),
        ("Ærlig  Ånd", "aerlig and"),
        ("José", "jose"),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded == fold(folded)


def test_long_runs_are_cut_out() -> None:
    text = "a " + '"' * 5_000 + " b"
    cuts = break_runs(text, max_run=200)
    assert cuts[0] == 2
    assert max(b - a for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)) <= 2_000
    assert break_runs("Et vanlig avsnitt ... med (noen) tegn.", max_run=200) == []


def test_same_text_has_the_same_id() -> None:
    assert document_id("Kari") == document_id("Kari") != document_id("Kåre")
    assert len(document_id("\ud800")) == 16


def test_terminal_gets_no_control_characters() -> None:
    assert safe_terminal("a\x1b[31mb\u202ec\nd") == "a[31mbc d"


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("Der Bundeskanzler besuchte gestern die Stadt und sprach mit dem Bürgermeister über die Wirtschaft.", "de"),
        ("Le président a rencontré le chancelier hier soir à Paris pour parler de l'énergie.", "fr"),
        ("Suomen pääministeri tapasi eilen kuninkaan ja puhui taloudesta.", "fi"),
        ("Statsministeren møtte forbundskansleren i Berlin i går kveld.", "nb"),
        ("Statsministeren møtte ikkje forbundskanslaren, seier ho, men dei skal møtast seinare i veka.", "nn"),
        ("Kowalski - Nowak, Berg, Hansen, Olsen - Kaminski, Lewandowski, Moe, Lund", "nb"),
        ("Foto: Reuters", "nb"),
    ],
)
def test_short_texts_are_of_another_language_only_where_that_is_clear(text: str, lang: str) -> None:
    found = detect_language(text)
    assert found == lang or (lang == "nb" and found in ("nb", "nn", "da", "sv", "en"))
