"""Who is who: mentions of one document to its entities, entities of many documents to the graph's.

document   resolve_document: a document's mentions -> its entities (compounds, forms, match)
corpus     resolve_corpus: documents' entities -> the graph's (keys, cluster, homonyms), and the analyst's corrections
suggest    what neither dared, for the analyst to decide
"""

from kg.resolve.corpus import Resolution, block_keys, resolve_corpus
from kg.resolve.corrections import (
    Anchor,
    Correction,
    CorrectionIndex,
    correct_record,
    make_anchors,
    read_corrections,
    write_corrections,
)
from kg.resolve.document import resolve_document
from kg.resolve.keys import LocalEntity
from kg.resolve.suggest import Suggestion, suggest_bare

__all__ = [
    "Anchor",
    "Correction",
    "CorrectionIndex",
    "LocalEntity",
    "Resolution",
    "Suggestion",
    "block_keys",
    "correct_record",
    "make_anchors",
    "read_corrections",
    "resolve_corpus",
    "resolve_document",
    "suggest_bare",
    "write_corrections",
]
