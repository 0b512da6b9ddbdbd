"""Words -> pieces of the encoder's vocabulary -> vectors.

The vocabulary is the Latin-script part of XLM-R's Unigram vocabulary (Kudo 2018); a word whose piece was cut is
segmented anew into the pieces that were kept. Vectors stay in 4-bit blocks on disk and in memory: 32 weights share
one fp16 scale (the Q4_0 layout of ggml), 18 bytes a block.
"""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer
from tokenizers.models import Unigram

BOS, PAD, EOS, UNK = 0, 1, 2, 3
SPACE = "\u2581"  # marks a piece that begins after a blank
BLOCK_BYTES, BLOCK_WEIGHTS = 18, 32
MAX_WORD = 60  # characters of one word given to Unigram, whose segmentation costs length times longest piece
CACHE_WORDS = 100_000

Floats = npt.NDArray[np.float32]


class WordPieces:
    """Segments words and looks their vectors up. Safe to share between documents; not between threads."""

    def __init__(self, pieces: list[str], scores: npt.NDArray[np.float32], rows: npt.NDArray[np.uint8]) -> None:
        """``rows``: uint8 [len(pieces), 18 * width / 32], the 4-bit blocks of each piece's vector."""
        vocabulary = [(piece, float(score)) for piece, score in zip(pieces, scores, strict=True)]
        self._tokenizer = Tokenizer(Unigram(vocabulary, unk_id=UNK, byte_fallback=False))
        self._letters = {piece for piece in pieces if len(piece) == 1}
        self._rows = rows
        self._cache: dict[tuple[str, bool], tuple[int, ...]] = {}

    @classmethod
    def load(cls, folder: Path) -> WordPieces:
        """Read ``pieces.txt``, ``scores.npy`` and ``vectors.npy`` of ``folder``."""
        pieces = (folder / "pieces.txt").read_text(encoding="utf-8").split("\n")
        rows = np.load(folder / "vectors.npy", mmap_mode="r", allow_pickle=False)
        return cls(pieces, np.load(folder / "scores.npy", allow_pickle=False).astype(np.float32), rows)

    def ids(self, word: str, *, spaced: bool) -> tuple[int, ...]:
        """Piece ids of ``word``, at least one; ``spaced``: a blank stands before it."""
        key = (word, spaced)
        found = self._cache.get(key)
        if found is None:
            text = self._known_letters(unicodedata.normalize("NFKC", word[:MAX_WORD]))
            encoded = self._tokenizer.encode((SPACE if spaced else "") + text, add_special_tokens=False).ids
            found = tuple(encoded) or (UNK,)
            if len(self._cache) >= CACHE_WORDS:
                self._cache.clear()
            self._cache[key] = found
        return found

    def vectors(self, ids: npt.NDArray[np.int64]) -> Floats:
        """float32 [len(ids), width]."""
        blocks = np.ascontiguousarray(self._rows[ids]).reshape(-1, BLOCK_BYTES)
        scale = np.ascontiguousarray(blocks[:, :2]).view(np.float16).astype(np.float32)
        nibbles = blocks[:, 2:]
        weights = np.concatenate([nibbles & 15, nibbles >> 4], axis=1).astype(np.float32) - 8.0
        vectors: Floats = (weights * scale).reshape(len(ids), -1)
        return vectors

    def _known_letters(self, text: str) -> str:
        """Letters outside the vocabulary lose their accents, so that 'ḧ' is read as 'h' and not as unknown."""
        if all(c in self._letters for c in text):
            return text
        return "".join(c if c in self._letters else unicodedata.normalize("NFKD", c)[0] for c in text)
