"""Who is who within a document, across documents, and after the analyst's word."""

from __future__ import annotations

import itertools
import random
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.errors import UsageError
from kg.records import Document, Entity, Link, Mention, Record, Tagged
from kg.resolve import (
    Anchor,
    Correction,
    CorrectionIndex,
    LocalEntity,
    Resolution,
    block_keys,
    correct_record,
    make_anchors,
    read_corrections,
    resolve_corpus,
    resolve_document,
    suggest_bare,
    write_corrections,
)

TYPES = {"P": "PERSON", "O": "ORG", "L": "PLACE", "T": "PRODUCT", "E": "EVENT"}
MARK = re.compile(r"\[([^|\]]+)\|([POLTED])\]")


def tag(marked: str) -> Tagged:
    """A tagged document from text with its names in brackets: "[Aker|O] kjøper", D for the recogniser's derived."""
    text, mentions = "", []
    place = 0
    for match in MARK.finditer(marked):
        text += marked[place : match.start()]
        kind, derived = TYPES.get(match[2], "ORG"), match[2] == "D"
        mentions.append(Mention(len(text), len(text) + len(match[1]), match[1], kind, derived=derived))
        text, place = text + match[1], match.end()
    return Tagged(Document("d", "d.txt", text + marked[place:]), (), tuple(mentions), "test")


def resolve(marked: str) -> dict[str, list[str]]:
    """Entity id -> its mentions as they stand in the text, derived ones with a trailing hyphen."""
    mentions, entities = resolve_document(tag(marked))
    found: dict[str, list[str]] = {entity.id: [] for entity in entities}
    for mention in mentions:
        found[mention.entity].append(mention.text + "-" * mention.derived)
    return found


DOCUMENTS = [
    (
        "surname and genitive",
        "[Øyvind Eriksen|P] leder [Aker|O]. [Eriksens|P] plan er klar, sier [Eriksen|P].",
        {"person:oyvind-eriksen": ["Øyvind Eriksen", "Eriksens", "Eriksen"], "org:aker": ["Aker"]},
    ),
    (
        "given name of the only bearer",
        "[Johannes Lie|P] bor i [Voss|L]. Der fisker [Johannes|P].",
        {"person:johannes-lie": ["Johannes Lie", "Johannes"], "place:voss": ["Voss"]},
    ),
    (
        "two people named in one breath are not one of both names",
        "[Annika|P] og [Ralle|P] løp. Her ber [Annika Ralle|P] om hjelp. [Ralle|P] ler.",
        {"person:annika": ["Annika"], "person:ralle": ["Ralle", "Ralle"], "person:annika-ralle": ["Annika Ralle"]},
    ),
    (
        "an acronym that the tables give another meaning",
        "[Direktoratet for naturforvaltning|O] svarte. [DN|O] var kort.",
        {"org:direktoratet-for-naturforvaltning": ["Direktoratet for naturforvaltning", "DN"]},
    ),
    (
        "an acronym in capitals is not the party that writes it small, unless the document says so",
        "[the Associated Press|O] ([AP|O]) skriver om [Arbeiderpartiet|O] ([Ap|O]). [AP|O] ringte [Ap|O].",
        {"org:the-associated-press": ["the Associated Press", "AP", "AP"],
         "org:arbeiderpartiet": ["Arbeiderpartiet", "Ap", "Ap"]},
    ),
    (
        "the party in capitals, where the document knows no other",
        "[Arbeiderpartiet|O] vant, og [FRP|O] tapte for [Frp|O]. Derfor jubler [AP|O].",
        {"org:arbeiderpartiet": ["Arbeiderpartiet", "AP"], "org:frp": ["FRP", "Frp"]},
    ),
    (
        "a company of one name beside another",
        "[Havfisk|P] og [Nordmat AS|O] leverer. [Havfisk|P] vokser. [Per Strand|P] ser det. [Strand|P] og [LO|O] ler.",
        {"org:havfisk": ["Havfisk", "Havfisk"], "org:nordmat-as": ["Nordmat AS"],
         "person:per-strand": ["Per Strand", "Strand"], "org:lo": ["LO"]},
    ),
    (
        "family members are kept apart",
        "[Kari Borg|P] og [Tilda Borg|P] er søstre. [Kari|P] er eldst, [Tilda|P] yngst.",
        {"person:kari-borg": ["Kari Borg", "Kari"], "person:tilda-borg": ["Tilda Borg", "Tilda"]},
    ),
    (
        "a surname that two bear goes to the one most named",
        "[Michelle Obama|P] talte. [Barack Obama|P] lyttet. [Barack Obama|P] smilte. Så gikk [Obama|P].",
        {"person:michelle-obama": ["Michelle Obama"], "person:barack-obama": ["Barack Obama", "Barack Obama", "Obama"]},
    ),
    (
        "initials and middle names",
        "[Abid Q. Raja|P] møtte [H. G. Wells|P]. [Abid Raja|P] leste [Herbert George Wells|P].",
        {"person:abid-q-raja": ["Abid Q. Raja", "Abid Raja"],
         "person:herbert-george-wells": ["H. G. Wells", "Herbert George Wells"]},
    ),
    (
        "titles",
        "[statsminister Jonas Gahr Støre|P] kom. [Statsminister Støre|P] gikk. [Gahr Støre|P] smilte.",
        {"person:jonas-gahr-store": ["statsminister Jonas Gahr Støre", "Statsminister Støre", "Gahr Støre"]},
    ),
    (
        "acronym given in brackets, and acronym that fits",
        "[Nordnorsk Reiseliv|O] ([NNR|O]) og [Statistisk sentralbyrå|O] er enige. [NNR|O] siterer [SSB|O].",
        {"org:nordnorsk-reiseliv": ["Nordnorsk Reiseliv", "NNR", "NNR"],
         "org:statistisk-sentralbyra": ["Statistisk sentralbyrå", "SSB"]},
    ),
    (
        "an acronym that two names fit is neither",
        "[Bergen Bil|O] og [Bodø Bygg|O] tapte mot [BB|O].",
        {"org:bergen-bil": ["Bergen Bil"], "org:bodo-bygg": ["Bodø Bygg"], "org:bb": ["BB"]},
    ),
    (
        "head of an organisation's name",
        "[Ullevål universitetssykehus|O] stenger. [Ullevål|O] har hatt nok, sier [Glemmen vgs|O] og "
        "[Glemmen videregående skole|O].",
        {"org:ulleval-universitetssykehus": ["Ullevål universitetssykehus", "Ullevål"],
         "org:glemmen-videregaende-skole": ["Glemmen vgs", "Glemmen videregående skole"]},
    ),
    (
        "a branch is not its organisation",
        "[Fagforbundet|O] støtter [Fagforbundet Bergen|O].",
        {"org:fagforbundet": ["Fagforbundet"], "org:fagforbundet-bergen": ["Fagforbundet Bergen"]},
    ),
    (
        "a group and its companies, a company and what it was called before its full name",
        "[Havila|O] eier [Havila Voyages|O] og [Havila Kraft|O]. [Volvo|O] eier [Volvo Powertrain|O]. "
        "[Isar Aerospace|O] skyter opp, sier [Isar|P].",
        {"org:havila": ["Havila"], "org:havila-voyages": ["Havila Voyages"], "org:havila-kraft": ["Havila Kraft"],
         "org:volvo": ["Volvo"], "org:volvo-powertrain": ["Volvo Powertrain"],
         "org:isar-aerospace": ["Isar Aerospace", "Isar"]},
    ),
    (
        "a town that the recogniser took for a man whom nobody here bears in full",
        "[Narvik|P] vokser. [Narvik|P] bygger. [Narvik|L] er en by. [Elin Moss|P] bor i [Moss|L]; [Moss|P] er lege.",
        {"place:narvik": ["Narvik", "Narvik", "Narvik"], "person:elin-moss": ["Elin Moss", "Moss"],
         "place:moss": ["Moss"]},
    ),
    (
        "names that end in s in the tables; articles are no names",
        "[Netherlands|L] prime minister met [the|L] [Norges Fotballforbund|O] and [NFF|O].",
        {"place:netherlands": ["Netherlands"], "org:norges-fotballforbund": ["Norges Fotballforbund", "NFF"]},
    ),
    (
        "legal forms, case and hyphens",
        "[NSCALE|O] bygger i [Nord-Norge|L]. [Nscale Ltd.|O] og [Nscale|O] vil ha mer fra [Nord Norge|L].",
        {"org:nscale": ["NSCALE", "Nscale Ltd.", "Nscale"], "place:nord-norge": ["Nord-Norge", "Nord Norge"]},
    ),
    (
        "bokmål, nynorsk and English names of a place",
        "[Norge|L], [Noreg|L] og [Norway|L] er ett land; [Tyskland|L] og [Germany|L] et annet.",
        {"place:norge": ["Norge", "Noreg", "Norway"], "place:tyskland": ["Tyskland", "Germany"]},
    ),
    (
        "a municipality is its place",
        "[Bodø kommune|L] bygger. [Bodø|L] vokser.",
        {"place:bodo": ["Bodø kommune", "Bodø"]},
    ),
    (
        "one letter wrong",
        "[Anders Breivold|P] ble dømt. [Breivold|P] anker. [Brevold|P] smiler. [Haugesund|L] ligger ved [Haugsund|L].",
        {"person:anders-breivold": ["Anders Breivold", "Breivold", "Brevold"],
         "place:haugesund": ["Haugesund", "Haugsund"]},
    ),
    (
        "Lars, Elvis and Honduras are no genitives; Telenors is",
        "[Lars|P] hørte [Elvis|P] i [Honduras|L]. [Telenors|O] sjef kom.",
        {"person:lars": ["Lars"], "person:elvis": ["Elvis"], "place:honduras": ["Honduras"],
         "org:telenor": ["Telenors"]},
    ),
    (
        "a name that ends in s is whole where it stands without one following",
        "Der kom [Barbara Hendricks|P]. [Hendricks|P] sang. [Hendricks'|P] stemme holdt.",
        {"person:barbara-hendricks": ["Barbara Hendricks", "Hendricks", "Hendricks'"]},
    ),
    (
        "compounds the recogniser marked, passed over, or took for a name",
        "[Aker-sjef|D] [Øyvind Eriksen|P] møtte [LO-leder Kari Vik|P]. Glomfjord-selskapet vil til [Glomfjord|L], "
        "og Oslo-politiet så på Nvidia-prosessorer fra [Nvidia|O].",
        {"org:aker": ["Aker-"], "person:oyvind-eriksen": ["Øyvind Eriksen"], "org:lo": ["LO-"],
         "person:kari-vik": ["Kari Vik"], "place:glomfjord": ["Glomfjord-", "Glomfjord"], "place:oslo": ["Oslo-"],
         "org:nvidia": ["Nvidia-", "Nvidia"]},
    ),
    (
        "a compound joins the person of that name",
        "[Jens Stoltenberg|P] gikk av. Stoltenberg-regjeringen satt lenge.",
        {"person:jens-stoltenberg": ["Jens Stoltenberg", "Stoltenberg-"]},
    ),
    (
        "abbreviations before a hyphen name nobody",
        "En [KI-fabrikk|D] for [KI|O] og en TV-kanal i [Narvik|L]. E-post til IT-selskapet. Grafikk-selskapet vil ut.",
        {"place:narvik": ["Narvik"]},
    ),
    (
        "one entity, one type",
        "[Equinor|O] tjener penger. [Equinor|O] borer. [Equinor|P] leter. [Equinors|L] sjef sluttet.",
        {"org:equinor": ["Equinor", "Equinor", "Equinor", "Equinors"]},
    ),
    (
        "a town and its club, a town and a man",
        "[Molde|L] er en by. [Molde|L] ligger ved fjorden. [Molde|O] vant. [Molde|O] jublet. [Jon Førde|P] fra "
        "[Førde|L] og [Førde|P] er to.",
        {"place:molde": ["Molde", "Molde"], "org:molde": ["Molde", "Molde"], "person:jon-forde": ["Jon Førde", "Førde"],
         "place:forde": ["Førde"]},
    ),
    (
        "a name that was passed over at the start of a sentence, and a common word that was not",
        "Vi møtte [Elling Bakk|P] og [Elling|P]. Elling: Ja. [Start|O] tapte. Start nå, det er en start.",
        {"person:elling-bakk": ["Elling Bakk", "Elling", "Elling"], "org:start": ["Start"]},
    ),
    (
        "the full stop of a sentence is no part of a party's name",
        "[Frp|O] vil. Han er fra [Frp.|O] Det er [Carl I.|P] også.",
        {"org:frp": ["Frp", "Frp"], "person:carl-i": ["Carl I."]},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("marked", "expected"), [row[1:] for row in DOCUMENTS], ids=[row[0] for row in DOCUMENTS])
def test_within_a_document(marked: str, expected: dict[str, list[str]]) -> None:
    assert resolve(marked) == expected


def test_mentions_say_what_they_are_and_why() -> None:
    mentions, entities = resolve_document(
        tag("[Aker|O] og Aker-sjef [Øyvind Eriksen|P]. [Eriksens|P] bil. [Aker|P] igjen. [Aker|O] der.")
    )
    assert entities == (Entity("org:aker", "Aker", "ORG"), Entity("person:oyvind-eriksen", "Øyvind Eriksen", "PERSON"))
    assert [(m.text, m.type, m.name, m.rule, m.derived) for m in mentions] == [
        ("Aker", "ORG", "Aker", "same name", False),
        ("Aker", "ORG", "Aker", "inside a compound; same name", True),
        ("Øyvind Eriksen", "PERSON", "Øyvind Eriksen", "same name", False),
        ("Eriksens", "PERSON", "Eriksen", "surname of Øyvind Eriksen", False),
        ("Aker", "ORG", "Aker", "same name; ORG by its other mentions, not PERSON", False),
        ("Aker", "ORG", "Aker", "same name", False),
    ]


def test_a_guess_between_two_bearers_is_said() -> None:
    mentions, _ = resolve_document(tag("[Kari Vik|P] og [Kari Vik|P] og [Ola Vik|P] og [Vik|P]."))
    assert mentions[-1].rule == "surname of Kari Vik, the most named here (also Ola Vik)"


def test_offsets_point_at_what_the_text_says() -> None:
    for _, marked, _ in DOCUMENTS:
        tagged = tag(marked)
        for mention in resolve_document(tagged)[0]:
            assert tagged.document.text[mention.start : mention.end] == mention.text


def test_no_mention_is_lost_and_ids_are_unique() -> None:
    for _, marked, _ in DOCUMENTS:
        tagged = tag(marked)
        mentions, entities = resolve_document(tagged)
        ids = [entity.id for entity in entities]
        assert len(ids) == len(set(ids)) and {m.entity for m in mentions} == set(ids)
        starts = {m.start for m in mentions}
        lost = [m.text for m in tagged.mentions if starts.isdisjoint(range(m.start, m.end))]
        assert set(lost) <= {"KI-fabrikk", "KI", "the"}


def test_the_seed_names_come_out_as_the_article_means_them() -> None:
    found = resolve(
        "[Aker|O] og [OpenAI|O] bygger i [Narvik|L] med [Nord-Norges|L] energi, en av [Europas|L] største, med "
        "Nvidia-prosessorer. Glomfjord-selskapet [Nscale|O] bygger [Stargate Norway|T]. [Narviks|L] kraft er god. "
        "Aker-sjef [Øyvind Eriksen|P] takker [Nord-Norge|L] og [Norges|L] folk; OpenAI-sjef [Sam Altman|P] takker "
        "[Europa|L]. Anlegget ligger i [Kvandal|L]. [Nvidia|O] leverer."
    )
    assert sorted(found) == [
        "org:aker", "org:nscale", "org:nvidia", "org:openai", "person:oyvind-eriksen", "person:sam-altman",
        "place:europa", "place:glomfjord", "place:kvandal", "place:narvik", "place:nord-norge", "place:norge",
        "product:stargate-norway",
    ]  # fmt: skip


def test_ten_thousand_names_take_seconds() -> None:
    rng = random.Random(1)
    syllables = ["ka", "lo", "mi", "ten", "ra", "vik", "sol", "berg", "dal", "nes"]
    words = ["".join(rng.choices(syllables, k=4)).title() for _ in range(10_000)]
    marked = " ".join(f"[{a} {b}|{rng.choice('POL')}]" for a, b in zip(words, reversed(words), strict=True))
    tagged = tag(marked)
    start = time.perf_counter()
    mentions, _ = resolve_document(tagged)
    assert time.perf_counter() - start < 20
    assert len(mentions) == 10_000


# Across documents


def local(document: str, name: str, type: str = "PERSON", *, names: str = "", context: str = "") -> LocalEntity:
    """``names``: others, by comma; ``context``: keys, by comma."""
    counts = sorted({name: 2, **{other.strip(): 1 for other in names.split(",") if other}}.items())
    keys = frozenset(key.strip() for key in context.split(",") if key)
    id = f"{type.lower()}:{name.lower().replace(' ', '-')}"
    return LocalEntity(document, Entity(id, name, type), tuple(counts), None, keys)


def groups(resolution: Resolution) -> dict[str, list[str]]:
    """Entity id -> documents, sorted."""
    found: dict[str, list[str]] = defaultdict(list)
    for (document, _), id in resolution.assignment.items():
        found[id].append(document)
    return {id: sorted(documents) for id, documents in sorted(found.items())}


def across(*locals: LocalEntity, corrections: Sequence[Correction] = ()) -> dict[str, list[str]]:
    return groups(resolve_corpus(locals, corrections=corrections))


def test_same_full_name_is_the_same_and_a_bare_surname_is_not() -> None:
    found = across(local("1", "Øyvind Eriksen", names="Eriksen"), local("2", "Eriksen"), local("3", "Øyvind Eriksen"),
                   local("4", "Eriksen"))  # fmt: skip
    assert found == {"person:eriksen": ["2"], "person:eriksen-2": ["4"], "person:oyvind-eriksen": ["1", "3"]}


def test_acronym_joins_where_one_document_defines_it() -> None:
    defining = local("1", "Nordnorsk Reiseliv", "ORG", names="NNR")
    assert across(defining, local("2", "NNR", "ORG")) == {"org:nordnorsk-reiseliv": ["1", "2"]}
    assert len(across(local("1", "Nordnorsk Reiseliv", "ORG"), local("2", "NNR", "ORG"))) == 2


def test_acronym_in_capitals_is_no_party_in_other_documents() -> None:
    agency = local("1", "Associated Press", "ORG", names="AP")
    party = local("2", "Arbeiderpartiet", "ORG", names="Ap")
    assert across(agency, party, local("3", "AP", "ORG"), local("4", "Ap", "ORG")) == {
        "org:arbeiderpartiet": ["2", "4"], "org:associated-press": ["1", "3"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("long", "short"), [("Aker Solutions", "Aker"), ("NRK Nordland", "NRK"), ("DNB Markets", "DNB")]
)
def test_first_word_that_stands_for_a_name_in_one_document_does_not_elsewhere(long: str, short: str) -> None:
    assert len(across(local("1", long, "ORG", names=short), local("2", short, "ORG"))) == 2


def test_acronym_stays_apart_where_documents_contradict() -> None:
    one, other = (
        local("1", "Nordnorsk Reiseliv", "ORG", names="NNR"),
        local("2", "Norsk Nett Radio", "ORG", names="NNR"),
    )
    resolution = resolve_corpus([one, other, local("3", "NNR", "ORG")])
    assert groups(resolution) == {"org:nnr": ["3"], "org:nordnorsk-reiseliv": ["1"], "org:norsk-nett-radio": ["2"]}
    assert [(s.kind, s.a, s.b) for s in resolution.suggestions] == [
        ("merge", "org:nnr", "org:nordnorsk-reiseliv"),
        ("merge", "org:nnr", "org:norsk-nett-radio"),
    ]


def test_forms_of_a_place_and_of_a_known_organisation_are_one_everywhere() -> None:
    lands = [local(str(n), name, "PLACE") for n, name in enumerate(("Norge", "Noreg", "Norway", "Norge"), 1)]
    found = across(*lands, local("5", "Ap", "ORG"), local("6", "Arbeidarpartiet", "ORG"))
    assert found == {"org:arbeidarpartiet": ["5", "6"], "place:norge": ["1", "2", "3", "4"]}


def test_a_genitive_that_one_document_could_not_tell_is_told_by_another() -> None:
    found = across(local("1", "Telenors", "ORG"), local("2", "Telenor", "ORG"), local("3", "Lars Hans"),
                   local("4", "Lars Han"), local("5", "Kari Vigelands"), local("6", "Kari Vigeland"))  # fmt: skip
    assert found == {"org:telenor": ["1", "2"], "person:kari-vigeland": ["5", "6"], "person:lars-han": ["4"],
                     "person:lars-hans": ["3"]}  # fmt: skip


HOMONYMS = [
    local("1", "Jan Hansen", context="org:nordfisk,place:myre,person:ola vik"),
    local("2", "Jan Hansen", context="org:nordfisk,place:norge"),
    local("3", "Jan Hansen", context="org:byorkesteret,person:eva lind,person:per moe,place:norge"),
]


def test_two_people_of_a_common_name_who_share_nothing_are_two() -> None:
    resolution = resolve_corpus(HOMONYMS)
    assert groups(resolution) == {"person:jan-hansen": ["1", "2"], "person:jan-hansen-2": ["3"]}
    assert resolution.homonyms["person:jan-hansen-2"] == ("person:jan-hansen", "person:jan-hansen-2")
    assert [(s.kind, s.a, s.b) for s in resolution.suggestions] == [
        ("merge", "person:jan-hansen-2", "person:jan-hansen")
    ]
    assert resolution.reasons["3", "person:jan-hansen"] == (
        "same full name; kept from others of that name by its company: byorkesteret, eva lind, per moe"
    )


def test_they_are_one_when_they_share_company_or_have_too_little() -> None:
    shared = local("4", "Jan Hansen", context="org:byorkesteret,org:nordfisk")
    assert across(*HOMONYMS, shared) == {"person:jan-hansen": ["1", "2", "3", "4"]}
    poor = local("3", "Jan Hansen", context="place:norge,org:nrk")
    assert across(*HOMONYMS[:2], poor) == {"person:jan-hansen": ["1", "2", "3"]}


def test_a_rare_name_is_one_person_though_documents_share_nothing() -> None:
    rare = [
        LocalEntity(x.document, Entity("person:x", "Sunniva Wøyen", "PERSON"), (), None, x.context) for x in HOMONYMS
    ]
    resolution = resolve_corpus(rare)
    assert groups(resolution) == {"person:sunniva-woyen": ["1", "2", "3"]}
    assert [(s.kind, s.a, s.documents) for s in resolution.suggestions] == [("split", "person:sunniva-woyen", ("3",))]


def test_a_slip_joins_the_usual_spelling_only_in_shared_company() -> None:
    usual = [local(str(n), "Ragnhild Solvang", context="org:nordfisk") for n in range(6)]
    slip = local("9", "Ragnhild Solvvang", context="org:nordfisk")
    assert across(*usual, slip) == {"person:ragnhild-solvang": ["0", "1", "2", "3", "4", "5", "9"]}
    stranger = local("9", "Ragnhild Solvvang", context="org:byorkesteret")
    resolution = resolve_corpus([*usual, stranger])
    assert len(resolution.entities) == 2
    assert [(s.kind, s.b) for s in resolution.suggestions] == [("merge", "person:ragnhild-solvang")]


def test_one_type_for_one_entity_but_a_town_and_its_club_are_two() -> None:
    orgs = [local(str(n), "Stargate Norway", "ORG") for n in range(3)]
    assert across(*orgs, local("8", "Stargate Norway", "PRODUCT"), local("9", "Stargate Norway")) == {
        "org:stargate-norway": ["0", "1", "2", "8", "9"]
    }
    towns = [local(str(n), "Molde", "PLACE") for n in range(3)]
    clubs = [local(str(n), "Molde", "ORG") for n in range(3, 6)]
    assert across(*towns, *clubs) == {"org:molde": ["3", "4", "5"], "place:molde": ["0", "1", "2"]}


def test_initials_join_where_only_one_bearer_fits() -> None:
    one, two = local("1", "Abid Q. Raja"), local("2", "Abid Raja")
    assert across(one, two) == {"person:abid-q-raja": ["1", "2"]}
    assert len(across(one, two, local("3", "Abid M. Raja"))) == 3


def test_bare_names_are_suggested_where_company_is_shared() -> None:
    locals_ = [local("1", "Øyvind Eriksen", context="org:aker"), local("2", "Eriksen", context="org:aker"),
               local("3", "Eriksen", context="org:nrk")]  # fmt: skip
    found = suggest_bare(locals_, resolve_corpus(locals_).assignment)
    assert [(s.a, s.b, s.documents) for s in found] == [("person:eriksen", "person:oyvind-eriksen", ("2",))]


def test_company_that_one_document_took_for_a_person_is_suggested() -> None:
    locals_ = [local("1", "Havfisk", "ORG", context="org:nordmat"), local("2", "Havfisk", context="org:nordmat"),
               local("3", "Havfisk", context="org:nrk")]  # fmt: skip
    found = suggest_bare(locals_, resolve_corpus(locals_).assignment)
    assert [(s.kind, s.b, s.documents) for s in found] == [("merge", "org:havfisk", ("2",))]


NAMES = st.sampled_from(
    ["Jan Hansen", "Jan Hansens", "Jan Hanssen", "Jan E. Hansen", "Jan Erik Hansen", "Hansen", "Jan", "Kari Lie Vik",
     "Kari Vik", "Nordnorsk Reiseliv", "NNR", "Norsk Nett Radio", "Telenor", "Telenors", "Norge", "Noreg", "Molde",
     "Molde kommune", "Equinor", "Equinor ASA", "Ragnhild Solvang", "Ragnhild Solvvang"]
)  # fmt: skip
CONTEXTS = st.frozensets(st.sampled_from([f"org:o{n}" for n in range(6)] + ["place:norge", "place:bergen"]), max_size=4)
PARTS = st.tuples(
    st.integers(0, 7), NAMES, st.sampled_from(["PERSON", "ORG", "PLACE"]), st.lists(NAMES, max_size=2), CONTEXTS
)


@st.composite
def corpora(draw: st.DrawFn) -> list[LocalEntity]:
    found: dict[tuple[str, str], LocalEntity] = {}
    for number, name, type, others, context in draw(st.lists(PARTS, min_size=1, max_size=14)):
        counts = tuple(sorted({name: 1, **dict.fromkeys(others, 1)}.items()))
        one = LocalEntity(str(number), Entity(f"{type}:{name}", name, type), counts, None, context)
        found.setdefault((one.document, one.entity.id), one)
    return list(found.values())


ANCHORS = st.builds(
    lambda name, documents: {"name": name, **({"documents": documents} if documents else {})},
    NAMES,
    st.lists(st.sampled_from("01234567"), max_size=2),
)
CORRECTIONS = st.lists(
    st.one_of(
        st.builds(lambda a, b: ("merge", {"a": [a], "b": [b]}), ANCHORS, ANCHORS),
        st.builds(lambda a, b: ("distinct", {"a": [a], "b": [b]}), ANCHORS, ANCHORS),
        st.builds(lambda a: ("split", {"of": [a]}), ANCHORS),
        st.builds(lambda a, n: ("rename", {"of": [a], "name": n}), ANCHORS, NAMES),
        st.builds(lambda a: ("retype", {"of": [a], "type": "ORG"}), ANCHORS),
        st.builds(lambda a: ("drop", {"of": [a]}), ANCHORS),
    ),
    max_size=3,
)


def number(rows: Iterable[tuple[str, dict[str, Any]]]) -> list[Correction]:
    return [Correction(kind, payload, n) for n, (kind, payload) in enumerate(rows, 1)]


@settings(max_examples=300, deadline=None)
@given(corpora(), CORRECTIONS, st.randoms())
def test_order_does_not_matter(locals_: list[LocalEntity], rows: list[Any], rng: random.Random) -> None:
    corrections = number(rows)
    whole = resolve_corpus(locals_, corrections=corrections)
    shuffled = rng.sample(locals_, len(locals_))
    assert resolve_corpus(shuffled, corrections=corrections) == whole


@settings(max_examples=300, deadline=None)
@given(corpora(), CORRECTIONS)
def test_entities_that_share_no_key_never_meet(locals_: list[LocalEntity], rows: list[Any]) -> None:
    """What ``block_keys`` promises: each connected set resolved alone gives what the whole gives."""
    corrections = number(rows)
    index = CorrectionIndex(corrections)
    blocks: list[tuple[set[str], list[LocalEntity]]] = []
    for one in locals_:
        keys, members = set(block_keys(one, index)), [one]
        for block in [block for block in blocks if block[0] & keys]:
            keys |= block[0]
            members += block[1]
            blocks.remove(block)
        blocks.append((keys, members))
    whole = resolve_corpus(locals_, corrections=corrections)
    apart = [resolve_corpus(members, corrections=corrections) for _, members in blocks]
    assert dict(itertools.chain(*(part.assignment.items() for part in apart))) == whole.assignment
    assert dict(itertools.chain(*(part.entities.items() for part in apart))) == whole.entities
    assert dict(itertools.chain(*(part.reasons.items() for part in apart))) == whole.reasons


@settings(max_examples=200, deadline=None)
@given(corpora())
def test_every_entity_of_a_document_is_somewhere_once(locals_: list[LocalEntity]) -> None:
    resolution = resolve_corpus(locals_)
    assert set(resolution.assignment) == {(one.document, one.entity.id) for one in locals_} == set(resolution.reasons)
    assert set(resolution.assignment.values()) == set(resolution.entities)


def test_a_name_that_every_document_shares_is_not_quadratic() -> None:
    company = [f"org:firma{n}" for n in range(50)]
    rng = random.Random(2)
    locals_ = [local(f"{n:06}", "Jan Hansen", context=",".join(rng.sample(company, 5))) for n in range(20_000)]
    locals_ += [local(f"{n:06}", "Hansen") for n in range(20_000)]
    start = time.perf_counter()
    resolution = resolve_corpus(locals_)
    assert time.perf_counter() - start < 20
    assert len(resolution.assignment) == 40_000


# The analyst's word


ALTMANS = [local("1", "Sam Altman"), local("2", "Samuel Altman"), local("3", "S. Altmann"), local("4", "Sam Altman")]


def merge(a: str, b: str, number: int = 1, **more: Any) -> Correction:
    return Correction("merge", {"a": [{"name": a}], "b": [{"name": b}], **more}, number)


def test_chained_merges_lose_nothing() -> None:
    chain = [merge("Sam Altman", "Samuel Altman", 1), merge("Samuel Altman", "S. Altmann", 2)]
    for corrections in (chain, chain[::-1]):
        assert across(*ALTMANS, corrections=corrections) == {"person:sam-altman": ["1", "2", "3", "4"]}
    resolution = resolve_corpus(ALTMANS, corrections=chain)
    assert resolution.reasons["3", "person:s.-altmann"] == "merged by correction 2; before: same full name"


def test_a_merge_holds_for_later_documents_and_undo_is_leaving_it_out() -> None:
    later = local("9", "Samuel Altman")
    merged = across(*ALTMANS, later, corrections=[merge("Sam Altman", "Samuel Altman")])
    assert merged == {"person:s-altmann": ["3"], "person:samuel-altman": ["1", "2", "4", "9"]}
    assert across(*ALTMANS, later) == across(*ALTMANS, later, corrections=[])


def test_one_document_is_split_off_and_may_be_merged_elsewhere() -> None:
    split = Correction("split", {"of": [{"name": "Sam Altman", "documents": ["4"]}], "name": "Sam Altman (baker)"}, 1)
    assert across(*ALTMANS[::3], corrections=[split]) == {"person:sam-altman": ["1"], "person:sam-altman-baker": ["4"]}
    again = Correction("merge", {"a": {"name": "Sam Altman", "documents": ["4"]}, "b": {"name": "Samuel Altman"}}, 2)
    assert across(*ALTMANS, corrections=[split, again])["person:sam-altman-baker"] == ["2", "4"]


def test_distinct_parts_what_the_rules_or_an_earlier_merge_joined_and_a_later_merge_joins_it_again() -> None:
    apart = Correction("distinct", {"a": {"name": "Norge"}, "b": {"name": "Noreg"}}, 1)
    lands = [local("1", "Norge", "PLACE"), local("2", "Noreg", "PLACE"), local("3", "Norway", "PLACE")]
    assert across(*lands, corrections=[apart]) == {"place:noreg": ["2"], "place:norge": ["1", "3"]}
    assert across(*lands, corrections=[apart, merge("Norge", "Noreg", 2)]) == {"place:norge": ["1", "2", "3"]}


def test_rename_retype_and_drop() -> None:
    rename = Correction("rename", {"of": {"name": "Samuel Altman"}, "name": "Sam Altman"}, 1)
    assert across(*ALTMANS[:2], corrections=[rename]) == {"person:sam-altman": ["1"], "person:sam-altman-2": ["2"]}
    retype = Correction("retype", {"of": {"name": "Aker", "type": "PLACE"}, "type": "ORG"}, 1)
    assert across(local("1", "Aker", "PLACE"), local("2", "Aker", "ORG"), corrections=[retype]) == {
        "org:aker": ["1", "2"]
    }
    drop = Correction("drop", {"of": {"name": "Sam Altman"}}, 1)
    resolution = resolve_corpus(ALTMANS, corrections=[drop])
    assert groups(resolution) == {"person:s-altmann": ["3"], "person:samuel-altman": ["2"]}
    assert "person:sam-altman" not in resolution.entities


def test_a_correction_that_matches_nothing_is_reported_and_the_others_hold() -> None:
    corrections = [merge("Sam Altman", "Nobody"), Correction("melt", {}, 2), merge("Sam Altman", "Samuel Altman", 3)]
    resolution = resolve_corpus(ALTMANS, corrections=corrections)
    assert resolution.unmatched == (
        (1, "nothing in the documents matches 'b' of this correction"),
        (2, "no correction 'melt'; there are merge, distinct, split, rename, retype, drop"),
    )
    assert groups(resolution)["person:sam-altman"] == ["1", "2", "4"]


def test_anchors_name_an_entity_by_its_names_or_where_others_bear_them_by_its_documents() -> None:
    assert make_anchors(ALTMANS[:2], ALTMANS) == [
        Anchor("Sam Altman", "PERSON", frozenset({"1"})),
        Anchor("Samuel Altman", "PERSON"),
    ]
    for anchor in make_anchors(HOMONYMS[2:], HOMONYMS):
        merged = Correction("merge", {"a": anchor.write(), "b": {"name": "Jan Hansen", "documents": ["1"]}}, 1)
        assert across(*HOMONYMS, corrections=[merged]) == {"person:jan-hansen": ["1", "2", "3"]}


def record(*, links: tuple[Link, ...] = ()) -> Record:
    text = "Markus Braun leder Wirecard. Markus Braun synger. Braun danser."
    rows = [(0, 12), (29, 41), (50, 55)]
    mentions = [Mention(a, b, text[a:b], "PERSON", "person:markus-braun", "Markus Braun", "same name") for a, b in rows]
    firm = Mention(19, 27, "Wirecard", "ORG", "org:wirecard", "Wirecard", "same name")
    entities = (Entity("person:markus-braun", "Markus Braun", "PERSON"), Entity("org:wirecard", "Wirecard", "ORG"))
    ordered = tuple(sorted([*mentions, firm], key=lambda m: m.start))
    return Record(Document("d1", "d1.txt", text), ((0, 28), (29, 49), (50, 63)), ordered, entities, links, "test")


def test_single_mentions_are_carved_out_of_a_document_and_their_links_follow() -> None:
    leads = Link("person:markus-braun", "leads", "org:wirecard", "leder", 0, 28)
    split = Correction("split", {"of": {"mentions": [["d1", 0, 12]]}, "name": "Markus Braun (Wirecard)"}, 1)
    corrected = correct_record(record(links=(leads,)), [split])
    assert [m.entity for m in corrected.mentions] == [
        "person:markus-braun@0-12", "org:wirecard", "person:markus-braun", "person:markus-braun",
    ]  # fmt: skip
    assert corrected.links == (Link("person:markus-braun@0-12", "leads", "org:wirecard", "leder", 0, 28),)
    locals_ = [LocalEntity("d1", entity, ((entity.name, 1),), None, frozenset()) for entity in corrected.entities]
    other = local("d2", "Markus Braun")
    assert across(*locals_, other, corrections=[split]) == {
        "org:wirecard": ["d1"], "person:markus-braun": ["d1", "d2"], "person:markus-braun-wirecard": ["d1"],
    }  # fmt: skip


def test_a_carved_entity_can_be_pointed_at_again() -> None:
    split = Correction("split", {"of": {"mentions": [["d1", 0, 12], ["d1", 29, 41]]}}, 1)
    corrected = correct_record(record(), [split])
    carved = [LocalEntity("d1", entity, (), None, frozenset()) for entity in corrected.entities if "@" in entity.id]
    assert make_anchors(carved) == [Anchor(mentions=(("d1", 0, 12),))]


def test_a_record_without_carved_mentions_is_left_as_it_is() -> None:
    original = record()
    assert correct_record(original, [merge("Markus Braun", "Braun")]) is original
    elsewhere = Correction("split", {"of": {"mentions": [["d2", 0, 12]]}}, 1)
    assert correct_record(original, [elsewhere]) is original


def test_corrections_go_through_one_readable_file() -> None:
    rows = [
        merge('Sam "the man" Altman', "Samuel\\Altman", 1, note="said so"),
        Correction("split", {"of": [{"mentions": [["d1", 0, 12]]}], "name": "Æ\n\x7f😀"}, 2),
        Correction("drop", {"of": [{"name": "Nobody", "type": "PERSON", "documents": ["a", "b"]}]}, 3),
    ]
    text = write_corrections(rows)
    assert read_corrections(text) == rows
    assert 'kind = "merge"\na = [{ name = "Sam \\"the man\\" Altman" }]' in text


@given(st.text(max_size=30).filter(lambda s: s.isprintable() or s == "\x00"), st.text(max_size=20))
def test_any_name_survives_the_file(name: str, other: str) -> None:
    clean = other.encode("utf-8", "replace").decode()
    rows = [Correction("rename", {"of": [{"name": "x" + clean}], "name": "y" + name}, 1)]
    assert read_corrections(write_corrections(rows)) == rows


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[correction]\n", "not TOML"),
        ('[[correction]]\nkind = "melt"\n', "correction 1 of the file: no correction 'melt'"),
        ('[[correction]]\nkind = "merge"\na = [{ name = "x" }]\n', "needs 'b'"),
        ('[[correction]]\nkind = "drop"\nof = [{ type = "ORG" }]\n', "needs a name or mentions"),
        ('[[correction]]\nkind = "drop"\nof = [{ name = "x", type = "FISH" }]\n', "no entity type 'FISH'"),
        ('[[correction]]\nkind = "retype"\nof = [{ name = "x" }]\n', "needs a 'type'"),
        ('[[correction]]\nkind = "rename"\nof = [{ name = "x" }]\n', "needs a 'name'"),
        ('[[correction]]\nkind = "split"\nof = [{ mentions = [["d", 1]] }]\n', "document id, start, end"),
    ],
)
def test_a_file_that_is_wrong_says_where(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        read_corrections(text)
