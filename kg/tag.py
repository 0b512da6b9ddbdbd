"""Documents -> sentences and mentions. The only module, beside kg.pipelines, that knows spaCy."""

from __future__ import annotations

import warnings
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span

import kg.pipelines.encoder  # noqa: F401  registers the component that bundled pipelines are made of
from kg.errors import PipelineError
from kg.pipelines import BUNDLED, FOLDER, describe_pipeline
from kg.pipelines.english import mend_names
from kg.records import Document, Mention, Sentence, Tagged, Token
from kg.settings import DEFAULTS, Settings
from kg.text import break_runs, chunk_text

BUNDLED_LANGUAGES = ("nb", "nn", "en", "da", "sv")

ENTITY_TYPES = {
    "PER": "PERSON", "PERSON": "PERSON",
    "ORG": "ORG",
    "LOC": "PLACE", "GPE": "PLACE", "GPE_LOC": "PLACE", "GPE_ORG": "PLACE", "FAC": "PLACE",
    "PROD": "PRODUCT", "PRODUCT": "PRODUCT", "WORK_OF_ART": "PRODUCT",
    "EVT": "EVENT", "EVENT": "EVENT",
    "DRV": "ORG",
}  # fmt: skip
"""Labels of NorNE, of spaCy's Norwegian and of its English pipelines; a derived name's type is settled by resolve."""

TREEBANK_LABELS = {
    "nsubj": "SUBJ", "nsubjpass": "SUBJ", "nsubj:pass": "SUBJ", "csubj": "SUBJ", "expl": "FSUBJ",
    "dobj": "DOBJ", "obj": "DOBJ", "ccomp": "DOBJ", "dative": "IOBJ", "iobj": "IOBJ", "pobj": "PUTFYLL",
    "prep": "ADV", "agent": "ADV", "advmod": "ADV", "npadvmod": "ADV", "obl": "ADV", "advcl": "ADV",
    "amod": "ATR", "poss": "ATR", "nmod": "ATR", "nmod:poss": "ATR", "relcl": "ATR", "acl": "ATR", "acl:relcl": "ATR",
    "det": "DET", "nummod": "DET", "compound": "FLAT", "flat": "FLAT", "flat:name": "FLAT",
    "appos": "APP", "conj": "KOORD", "cc": "KONJ", "attr": "SPRED", "acomp": "SPRED", "oprd": "OPRED",
    "mark": "SBU", "xcomp": "INFV", "aux": "INFV", "auxpass": "INFV", "punct": "IK", "ROOT": "FINV", "root": "FINV",
}  # fmt: skip
"""Dependency labels of spaCy's English and Norwegian pipelines -> the nearest of the Norwegian Dependency Treebank."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A loaded pipeline; send its ``name`` between processes, not the pipeline."""

    name: str
    version: str  # "kg-nb 1.0.0": names the cache entries made with it
    languages: tuple[str, ...]  # what it is meant for
    nlp: Language = field(repr=False)

    def check_language(self, lang: str) -> None:
        """Raise PipelineError where this pipeline is not meant for ``lang``."""
        if lang not in self.languages:
            raise PipelineError(
                f"no pipeline for language '{lang}' ({self.version} reads {', '.join(self.languages)}); "
                "name an installed spaCy pipeline with --pipeline, or force a language with --lang"
            )


def load_pipeline(name: str = "nb", *, syntax: str = "names") -> Pipeline:
    """A bundled pipeline ("nb", "fast") or any installed spaCy pipeline by its name or folder.

    ``syntax``: of a bundled one, which sentences are parsed: "names" (two names or more), "all" or "none".
    Raises PipelineError where there is none of that name, or it finds no names.
    """
    if name in BUNDLED:
        if not (FOLDER / name / "meta.json").exists():
            raise PipelineError(f"the pipeline '{name}' is missing from this installation; reinstall kg")
        nlp = spacy.load(FOLDER / name, config={"components": {"kg_encoder": {"syntax": syntax}}})
        return Pipeline(name, describe_pipeline(name), BUNDLED_LANGUAGES, nlp)
    try:
        nlp = spacy.load(name)
    except (OSError, ValueError, ImportError) as error:
        known = ", ".join(BUNDLED)
        raise PipelineError(
            f"cannot load the spaCy pipeline '{name}' ({str(error).splitlines()[0]}); bundled: {known}; "
            f"others are installed with: python -m spacy download {name}"
        ) from error
    if not {"ner", "kg_encoder"} & set(nlp.pipe_names):
        raise PipelineError(f"the spaCy pipeline '{name}' has no component that finds names ('ner')")
    lang = str(nlp.lang)
    languages = ("nb", "nn") if lang in ("no", "nb", "nn") else (lang,)
    return Pipeline(name, f"{lang}_{nlp.meta['name']} {nlp.meta['version']}", languages, nlp)


def tag_documents(
    documents: Iterable[Document], pipeline: Pipeline, *, settings: Settings = DEFAULTS
) -> Iterator[Tagged]:
    """Tag each document; a document's result depends on it and the pipeline alone. Raises PipelineError."""
    for document in documents:
        pipeline.check_language(document.lang)
        sentences: list[Sentence] = []
        mentions: list[Mention] = []
        for offset, piece in chunk_text(document.text, size=settings.chunk_chars):
            with pipeline.nlp.memory_zone(), warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # spaCy's on heads of unparsed sentences
                doc = pipeline.nlp(make_doc(pipeline.nlp, piece, settings=settings))
                names = [read_mention(span, offset) for span in doc.ents if span.label_ in ENTITY_TYPES]
                if document.lang == "en" and pipeline.name in BUNDLED:
                    names = list(mend_names(document.text, names))
                mentions += names
                sentences += read_sentences(doc, names, offset)
        yield Tagged(document, tuple(sentences), tuple(mentions), pipeline.version)


def make_doc(nlp: Language, text: str, *, settings: Settings) -> Doc:
    """Tokenise ``text`` whole, keeping from the tokenizer what it is quadratic on: over-long runs become one token."""
    cuts = break_runs(text, max_run=settings.max_run)
    if not cuts:
        return nlp.make_doc(text)
    parts: list[Doc] = []
    for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True):
        part = text[a:b]
        if len(part) >= settings.max_run and not any(c.isspace() for c in part):
            parts.append(Doc(nlp.vocab, words=[part], spaces=[False]))
        elif part:
            parts.append(nlp.make_doc(part))
    joined = Doc.from_docs(parts, ensure_whitespace=False)
    assert joined is not None and joined.text == text
    return joined


def read_mention(span: Span, offset: int) -> Mention:
    return Mention(
        offset + span.start_char,
        offset + span.end_char,
        span.text,
        ENTITY_TYPES[span.label_],
        derived=span.label_ == "DRV",
    )


def read_sentences(doc: Doc, names: Sequence[Mention], offset: int) -> Iterator[Sentence]:
    starts = sorted(name.start - offset for name in names)
    for span in doc.sents if doc.has_annotation("SENT_START") else (doc[:],):
        words = [token for token in span if not token.is_space]
        if not words:
            continue
        start, end = words[0].idx, words[-1].idx + len(words[-1])
        inside = bisect_left(starts, end) - bisect_left(starts, start)
        tokens: tuple[Token, ...] = ()
        if inside >= 2 and words[0].pos:
            place = {token.i: k for k, token in enumerate(words)}
            tokens = tuple(
                Token(
                    offset + token.idx,
                    offset + token.idx + len(token),
                    token.lemma_,
                    token.pos_,
                    token.tag_,
                    TREEBANK_LABELS.get(token.dep_, token.dep_),
                    place.get(token.head.i, k),
                )
                for k, token in enumerate(words)
            )
        yield Sentence(offset + start, offset + end, tokens)
