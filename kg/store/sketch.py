"""Copies that are not quite equal, told by hashes: pure functions of a text, so order and history change nothing.

A document's sketch are hashes of which two documents share one when most of their word triples are the same: MinHash
(Broder 1997) in one permutation with empty bins filled by rotation (Shrivastava and Li 2014), cut into bands. A
sentence's sketch are its numbers and 128 bits that differ the less the more words two sentences share: SimHash
(Charikar 2002).
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections import defaultdict
from collections.abc import Iterable, Sequence

from kg.text import fold

BANDS, ROWS = 18, 7  # documents sharing 80 % of their triples share a band 98 times in 100, 50 %: 13, 30 %: under 1
LEAST_TRIPLES = 30  # of a document: below this, few changed words look like another text, and forms look like copies
LEAST_WORDS = 8  # of a sentence: in a shorter one, one other word may say something else
FAR = 24  # of 128 bits: one word changed in 20 gives 15 on average, half of the words 40
MOST_SENTENCES = 3_000  # of one edge that are compared; of more only equal ones are copies, which bounds the work
_BLOCKS = range(0, 125, 5)  # sketches at most 24 bits apart are equal in one of these 25 groups of 5 bits
_WORD = re.compile(r"\w+")


def sketch_document(text: str) -> list[int]:
    """``BANDS`` hashes of 48 bits, none for a short text."""
    import numpy

    words = _WORD.findall(fold(text))
    triples = {" ".join(words[at : at + 3]) for at in range(len(words) - 2)}
    if len(triples) < LEAST_TRIPLES:
        return []
    digests = b"".join(hashlib.blake2b(triple.encode(), digest_size=8).digest() for triple in triples)
    hashes = numpy.frombuffer(digests, "<u8")
    bins = numpy.full(BANDS * ROWS, numpy.iinfo("u8").max, "u8")
    numpy.minimum.at(bins, (hashes % numpy.uint64(len(bins))).astype(int), hashes)
    filled = numpy.flatnonzero(bins != numpy.iinfo("u8").max)
    nearest = filled[numpy.searchsorted(filled, numpy.arange(len(bins))) % len(filled)]  # the next bin that is filled
    values = bins[nearest] + ((nearest - numpy.arange(len(bins))) % len(bins)).astype("u8")
    return [
        int.from_bytes(hashlib.blake2b(bytes([band]) + row.tobytes(), digest_size=6).digest(), "big")
        for band, row in enumerate(values.astype("<u8").reshape(BANDS, ROWS))
    ]


def sketch_sentence(sentence: str) -> bytes:
    """2 bytes for its numbers and 16 for its words and pairs of words; none for a short one."""
    import numpy

    words = _WORD.findall(fold(sentence))
    if len(words) < LEAST_WORDS:
        return b""
    parts = {*words, *(" ".join(words[at : at + 2]) for at in range(len(words) - 1))}
    digests = b"".join(hashlib.blake2b(part.encode(), digest_size=16).digest() for part in parts)
    bits = numpy.unpackbits(numpy.frombuffer(digests, "u1").reshape(-1, 16), axis=1)
    numbers = " ".join(word for word in words if any(c.isdigit() for c in word))
    known = hashlib.blake2b(numbers.encode(), digest_size=2).digest()
    return known + numpy.packbits(2 * bits.sum(axis=0) > len(bits)).tobytes()


def join_copies(sentences: Iterable[tuple[int, str, bytes]]) -> dict[int, int]:
    """Fingerprints of sentences that are near-copies of another -> the least fingerprint of all that hang together.

    ``sentences``: (fingerprint, status, sketch) of the sentences that one edge rests on. Near-copies say the same
    numbers with the same status, and their sketches differ in ``FAR`` bits at most.
    """
    known = {print: (status, sketch) for print, status, sketch in sorted(sentences, reverse=True) if sketch}
    if not 1 < len(known) <= MOST_SENTENCES:
        return {}
    root = {print: print for print in known}
    bits = {print: int.from_bytes(sketch[2:], "big") for print, (_, sketch) in known.items()}
    blocks: defaultdict[tuple[object, ...], list[int]] = defaultdict(list)
    for print in sorted(known):
        status, sketch = known[print]
        near = {
            other
            for at in _BLOCKS
            for other in blocks[at, bits[print] >> at & 31, status, sketch[:2]]
            if (bits[print] ^ bits[other]).bit_count() <= FAR
        }
        for other in near:
            a, b = sorted((_find(root, print), _find(root, other)))
            root[b] = a
        for at in _BLOCKS:
            blocks[at, bits[print] >> at & 31, status, sketch[:2]].append(print)
    found = {print: _find(root, print) for print in known}
    return {print: least for print, least in found.items() if print != least}


def _find(root: dict[int, int], print: int) -> int:
    while root[print] != print:
        root[print] = root[root[print]]
        print = root[print]
    return print


def pack_hashes(hashes: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(hashes)}q", *hashes)


def unpack_hashes(packed: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(packed) // 8}q", packed)
