"""Companies that the recogniser took for people or places, told by the words around them."""

from __future__ import annotations

import pytest

from kg.records import Mention
from kg.resolve.companies import retype_companies


def types(text: str, *names: tuple[str, str]) -> list[str]:
    mentions = []
    for name, type in names:
        start = text.index(name, mentions[-1].end if mentions else 0)
        mentions.append(Mention(start, start + len(name), name, type))
    return [mention.type for mention in retype_companies(text, mentions)]


@pytest.mark.parametrize(
    "text",
    [
        "Fiskerne kjøper aksjer i Tarevik.",
        "Kommunen eier 40 prosent av Tarevik.",
        "Hun er konsernsjef i Tarevik.",
        "Ho er administrerande direktør i Tarevik.",
        "Verftet Tarevik la ned.",
        "Tarevik AS la ned.",
        "Tarevik kjøper seg opp i naboen.",
        "Tarevik kjøpte 12 prosent av aksjene.",
        "Tarevik, et lite selskap fra Finnmark, la ned.",
        "Tarevik-aksjen falt.",
        "The fund holds a stake in Tarevik.",
        "She is chief executive of Tarevik.",
    ],
)
@pytest.mark.parametrize("type", ["PERSON", "PLACE"])
def test_words_around_a_name_make_it_a_company(text: str, type: str) -> None:
    assert types(text, ("Tarevik", type)) == ["ORG"]


@pytest.mark.parametrize(
    "text",
    [
        "Seniorrådgiver Ola Moe i Tarevik er bekymret.",
        "Analytikeren hos Tarevik tror på vekst.",
        "Finansdirektør Kari Lie i Tarevik sa nei.",
        "Ho har jobba mange år for Tarevik.",
        "Han er ansatt i Tarevik.",
        "Butikkjeden Tarevik legger ned.",
        "Tarevik, som eies av to søsken, legger ned.",
        "Tarevik har hovedkontor i Bodø.",
    ],
)
def test_where_somebody_works_is_no_place(text: str) -> None:
    assert types(text, ("Tarevik", "PLACE")) == ["ORG"]


def test_all_mentions_of_the_name_follow() -> None:
    text = "Tarevik er stort. Hun eier 40 prosent av Tarevik. Tareviks naboer klager."
    found = types(text, ("Tarevik", "PLACE"), ("Tarevik", "PERSON"), ("Tareviks", "PERSON"))
    assert found == ["ORG", "ORG", "ORG"]


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        ("Kari Tarevik solgte. Banken Tarevik.", [("Kari Tarevik", "PERSON"), ("Tarevik", "PERSON")], "PERSON PERSON"),
        ("Hun kjøper aksjer i Bergen.", [("Bergen", "PLACE")], "PLACE"),
        ("Han er styreleder i Tarevik.", [("Tarevik", "PLACE")], "PLACE"),
        ("Han er styreleder i Tarevik.", [("Tarevik", "PERSON")], "ORG"),
        ("Konsernsjef Anne Tarevik kom.", [("Anne Tarevik", "PERSON")], "PERSON"),
        ("De bor i Tarevik.", [("Tarevik", "PLACE")], "PLACE"),
        ("Han er rådgiver i Tarevik kommune.", [("Tarevik kommune", "PLACE")], "PLACE"),
        ("Rådgiver Ola Moe i Bergen.", [("Bergen", "PLACE")], "PLACE"),
        ("Dette gjelder 49 prosent av Kinas befolkning. Kina er stort.", [("Kinas", "PLACE")], "PLACE"),
        ("Han har jobbet for Tarevik.", [("Tarevik", "PERSON")], "PERSON"),
        ("Romanverket Tarevik er langt.", [("Tarevik", "PRODUCT")], "PRODUCT"),
    ],
)
def test_people_and_places_stay(text: str, names: list[tuple[str, str]], expected: str) -> None:
    assert types(text, *names) == expected.split()
