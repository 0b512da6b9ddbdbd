"""Character rules: clean, fold, chunk, language."""

from __future__ import annotations

import functools
import hashlib
import re
import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

REPLACEMENT = "\ufffd"
UNWANTED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
    + "".join(chr(plane * 0x10000 + low) for plane in range(1, 17) for low in (0xFFFE, 0xFFFF))
    + "]"
)
INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u061c]")
FOLDS = str.maketrans({"ø": "o", "å": "a", "æ": "ae", "đ": "d", "ð": "d", "ł": "l", "þ": "th", "œ": "oe", "ı": "i"})
NEAR_LANGUAGES = ("no", "nb", "nn", "da", "sv", "en")  # what texts are most likely written in
LANGUAGES = ("no", "nb", "nn", "da", "sv", "en", "de", "fr", "es", "fi", "nl", "it", "pl", "ru", "is")
DETECT_CHARS = 3_000
FOREIGN_MARGIN, FOREIGN_BY_CHAR = 20, 0.4
"""Differences of log probabilities. Of Norwegian sentences that the detector alone takes for another language none
passes both; German, French and Finnish ones of 50 characters do by far."""


def clean_text(raw: str) -> str:
    """``raw`` with one kind of line end and no character that XML, terminals or UTF-8 refuse (they become U+FFFD)."""
    return UNWANTED.sub(REPLACEMENT, raw.replace("\r\n", "\n").replace("\r", "\n"))


def fold(s: str) -> str:
    """Search key: no case, no accents, ø→o å→a æ→ae, blanks squeezed.

    >>> fold("Tromsø  ÆRLIG")
    'tromso aerlig'
    """
    plain = unicodedata.normalize("NFKD", s.casefold().translate(FOLDS))
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).translate(FOLDS).split())


def document_id(text: str) -> str:
    """First 16 hex digits of SHA-256 of the clean text in UTF-8."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def chunk_text(text: str, *, size: int) -> Iterator[tuple[int, str]]:
    """(offset, piece) of at most ``size`` characters, cut at a blank line, sentence end or blank where there is one."""
    start = 0
    while len(text) - start > size:
        window = text[start : start + size]
        cut = max(window.rfind("\n\n", size // 2) + 2, 1)
        for mark in ("\n", ". ", " "):
            if cut > 1:
                break
            cut = max(window.rfind(mark, size // 2) + len(mark), 1)
        cut = cut if cut > size // 2 else size
        yield start, text[start : start + cut]
        start += cut
    if start < len(text):
        yield start, text[start:]


def break_runs(text: str, *, max_run: int, max_word: int = 2_000) -> list[int]:
    """Offsets at which to cut ``text`` so that over-long runs stand alone: of signs, or of anything but blanks."""
    cuts: set[int] = set()
    for match in re.finditer(rf"[^\w\s]{{{max_run},}}|\S{{{max_word},}}", text):
        for offset in [*range(match.start(), match.end(), max_word), match.end()]:
            if 0 < offset < len(text):
                cuts.add(offset)
    return sorted(cuts)


@functools.cache
def load_detector() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    detector = LanguageIdentifier.from_model_file(MODEL_FILE)
    detector.set_languages([lang for lang in LANGUAGES if lang in detector.labels])
    return detector


def detect_language(text: str) -> str:
    """ISO 639-1 code of the language of ``text`` ("nb", "nn", "en", ...), judged by its first characters.

    Norwegian, its neighbours and English are believed unless another language is a good deal likelier, in all and by
    the character: a list of foreign names alone looks like Polish or German.
    """
    part = text[:DETECT_CHARS]
    ranked = load_detector().rank(part)
    lang, score = next(row for row in ranked if row[0] in NEAR_LANGUAGES)
    other, better = ranked[0]
    if better - score > max(FOREIGN_MARGIN, FOREIGN_BY_CHAR * len(part)):
        lang = other
    return "nb" if lang == "no" else str(lang)


def safe_terminal(s: str) -> str:
    """``s`` without control characters and direction marks, for a terminal."""
    return INVISIBLE.sub("", s.replace("\n", " ").replace("\t", " "))
