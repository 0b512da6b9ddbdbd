"""Edges of English names, and capitals that name nothing."""

from __future__ import annotations

import pytest

from kg.pipelines.english import mend_names
from kg.records import Mention


def mend(text: str, name: str, type: str = "ORG") -> list[tuple[str, str]]:
    start = text.index(name)
    mended = list(mend_names(text, [Mention(start, start + len(name), name, type)]))
    assert all(text[m.start : m.end] == m.text for m in mended)
    return [(m.text, m.type) for m in mended]


@pytest.mark.parametrize(
    ("name", "mended"),
    [
        ("the Coastal Party", ["Coastal Party"]),
        ("The Harbour Union", ["Harbour Union"]),
        ("The Hague", ["The Hague"]),
        ("Grenland Freight of", ["Grenland Freight"]),
        ("Norwegian fisheries", []),
        ("Norwegian Fisheries", ["Norwegian Fisheries"]),
        ("Grenland of Skien", ["Grenland", "Skien"]),
        ("University of Skien", ["University of Skien"]),
        ("University of Skien in Norway", ["University of Skien", "Norway"]),
        ("Bank of England", ["Bank of England"]),
        ("The", []),
    ],
)
def test_edges(name: str, mended: list[str]) -> None:
    assert [text for text, _ in mend(f"Yesterday {name} said no.", name)] == mended


@pytest.mark.parametrize("type", ["PERSON", "PLACE"])
@pytest.mark.parametrize("name", ["Norwegian", "Dutchman", "June"])
def test_peoples_and_months_are_no_names(name: str, type: str) -> None:
    assert mend(f"A {name} one.", name, type) == []
    assert mend(f"A {name} one.", name, "ORG") == [(name, "ORG")]  # Norwegian is an airline, too


def test_what_follows_of_is_a_place() -> None:
    assert mend("Grenland of Skien won.", "Grenland of Skien") == [("Grenland", "ORG"), ("Skien", "PLACE")]
