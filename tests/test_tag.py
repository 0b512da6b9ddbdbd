"""The tagger on real text with the bundled pipeline: offsets, names, repeatability, hostile input."""

from __future__ import annotations

import time

import pytest

from kg.errors import PipelineError
from kg.records import Document, Tagged
from kg.settings import Settings
from kg.tag import Pipeline, load_pipeline, tag_documents
from kg.text import clean_text, document_id

NEWS = (
    "Havbruk vokser i nord\n"
    "Lerøy Seafood åpner et nytt anlegg i Hammerfest. "
    "Styreleder Arne Møgster sier at Finnmark er viktig for konsernet.\n"
    "\n"
    "Anlegget bygges sammen med Equinor, og ordfører Terje Wikstrøm klippet snora mandag.\n"
)
NYNORSK = "Statsminister Erna Solberg vitja Høgskulen i Volda. Noreg treng fleire lærarar, sa ho til NRK."
ENGLISH = "Microsoft will buy the Oslo company Cognite, chief executive Satya Nadella said in Stavanger on Monday."


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return load_pipeline("nb")


def tag(text: str, pipeline: Pipeline, lang: str = "nb", settings: Settings | None = None) -> Tagged:
    document = Document(document_id(text), "test", text, lang=lang)
    (tagged,) = tag_documents([document], pipeline, settings=settings or Settings())
    check_offsets(tagged)
    return tagged


def check_offsets(tagged: Tagged) -> None:
    text = tagged.document.text
    assert all(text[m.start : m.end] == m.text for m in tagged.mentions)
    assert [m.start for m in tagged.mentions] == sorted(m.start for m in tagged.mentions)
    bounds = [x for s in tagged.sentences for x in (s.start, s.end)]
    assert bounds == sorted(bounds)
    for sentence in tagged.sentences:
        assert all(sentence.start <= t.start < t.end <= sentence.end for t in sentence.tokens)
        assert all(0 <= t.head < len(sentence.tokens) for t in sentence.tokens)


def names(tagged: Tagged) -> list[tuple[str, str]]:
    return [(m.text, m.type) for m in tagged.mentions]


def test_norwegian_news(pipeline: Pipeline) -> None:
    tagged = tag(NEWS, pipeline)
    assert names(tagged) == [
        ("Lerøy Seafood", "ORG"),
        ("Hammerfest", "PLACE"),
        ("Arne Møgster", "PERSON"),
        ("Finnmark", "PLACE"),
        ("Equinor", "ORG"),
        ("Terje Wikstrøm", "PERSON"),
    ]
    assert [NEWS[s.start : s.end] for s in tagged.sentences] == [
        "Havbruk vokser i nord",
        "Lerøy Seafood åpner et nytt anlegg i Hammerfest.",
        "Styreleder Arne Møgster sier at Finnmark er viktig for konsernet.",
        "Anlegget bygges sammen med Equinor, og ordfører Terje Wikstrøm klippet snora mandag.",
    ]
    assert tagged.pipeline == pipeline.version


def test_syntax_only_where_two_names_meet(pipeline: Pipeline) -> None:
    sentences = tag(NEWS, pipeline).sentences
    assert [bool(s.tokens) for s in sentences] == [False, True, True, True]
    opened = next(t for t in sentences[1].tokens if t.lemma == "åpne")
    assert (opened.pos, opened.tag) == ("VERB", "VERB|pres")
    subjects = [t for t in sentences[1].tokens if t.dep == "SUBJ" and sentences[1].tokens[t.head] == opened]
    assert [NEWS[t.start : t.end] for t in subjects] == ["Lerøy"]


def test_nynorsk_and_english(pipeline: Pipeline) -> None:
    assert ("Erna Solberg", "PERSON") in names(tag(NYNORSK, pipeline, "nn"))
    assert ("Noreg", "PLACE") in names(tag(NYNORSK, pipeline, "nn"))
    assert {("Microsoft", "ORG"), ("Satya Nadella", "PERSON"), ("Stavanger", "PLACE")} <= set(
        names(tag(ENGLISH, pipeline, "en"))
    )


def test_a_list_of_names_is_one_sentence_a_line(pipeline: Pipeline) -> None:
    tagged = tag("Equinor\nTelenor\nOslo\nBergen\n", pipeline)
    assert [m.text for m in tagged.mentions] == ["Equinor", "Telenor", "Oslo", "Bergen"]
    assert len(tagged.sentences) == 4


def test_same_mentions_alone_in_a_batch_and_again(pipeline: Pipeline) -> None:
    long = NEWS * 40
    documents = [Document(str(i), "test", t) for i, t in enumerate((NEWS, long, NYNORSK, NEWS))]
    batch = list(tag_documents(documents, pipeline))
    assert batch[0].mentions == batch[3].mentions == tag(NEWS, pipeline).mentions
    assert batch[1].mentions == tag(long, load_pipeline("nb")).mentions
    assert batch[1].mentions[0].text == "Lerøy Seafood"
    assert len(batch[1].sentences) == 160


def test_chunks_keep_offsets(pipeline: Pipeline) -> None:
    whole = NEWS * 6
    tagged = tag(whole, pipeline, settings=Settings(chunk_chars=300))
    assert [m.text for m in tagged.mentions].count("Hammerfest") == 6


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t\n ",
        "\U0001f1f3\U0001f1f4 Hei 👩‍👩‍👧‍👦 fra Oslo\u0301 \u202eABC\u202c \ufffd",
        "a" * 30_000 + " Oslo " + "-" * 5_000 + " Bergen",
        "Ж" * 500 + "界" * 500 + " Narvik",
        "'" * 150 + "(" * 150 + "Narvik" + ")" * 150,
        ("x" * 20 + "\n") * 500,
    ],
)
def test_any_text_is_tagged_with_exact_offsets(text: str, pipeline: Pipeline) -> None:
    tag(clean_text(text), pipeline)


def test_runs_of_signs_do_not_cost_quadratic_time(pipeline: Pipeline) -> None:
    started = time.perf_counter()
    tagged = tag('"' * 40_000 + " Equinor bygger i Oslo.", pipeline)
    assert [m.text for m in tagged.mentions] == ["Equinor", "Oslo"]
    assert time.perf_counter() - started < 20  # the tokenizer alone takes 200 s on it


def test_language_without_pipeline_is_said(pipeline: Pipeline) -> None:
    with pytest.raises(PipelineError, match="no pipeline for language 'fi'"):
        tag("Helsinki on Suomen pääkaupunki.", pipeline, "fi")


def test_unknown_pipeline_says_what_to_do() -> None:
    with pytest.raises(PipelineError, match="spacy download xx_no_such"):
        load_pipeline("xx_no_such")
