"""Copies that are not quite equal, told by hashes: pure functions of a text, so order and history change nothing.

A document's sketch tells how many of its word triples another has too: MinHash (Broder 1997) in one permutation with
empty bins filled by rotation (Shrivastava and Li 2014), one byte of each value (Li and König 2010). Cut into bands, it
is looked up: near-copies share a band. A sentence's sketch are its numbers and 128 bits that differ the less the more
words two sentences share: SimHash (Charikar 2002).
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable

from kg.text import fold

BANDS, ROWS = 18, 7  # documents sharing 80 % of their triples share a band 98 times in 100, 50 %: 13, 30 %: under 1
LEAST_SHARE = 0.6  # of the triples of two near-copies, as the sketches tell it: give or take 0.05
LEAST_TRIPLES = 30  # of a document: below this, few changed words look like another text, and forms look like copies
LEAST_WORDS = 8  # of a sentence: in a shorter one, one other word may say something else
FAR = 24  # of 128 bits: one word changed in 20 gives 15 on average, half of the words 40
MOST_SENTENCES = 3_000  # of one edge that are compared; of more only equal ones are copies, which bounds the work
_BLOCKS = range(0, 125, 5)  # sketches at most 24 bits apart are equal in one of these 25 groups of 5 bits
_WORD = re.compile(r"\w+")


def sketch_document(text: str) -> bytes:
    """``BANDS * ROWS`` bytes, of two texts as many equal as they share triples; none for a short text."""
    import numpy

    words = _WORD.findall(fold(text))
    triples = {" ".join(words[at : at + 3]) for at in range(len(words) - 2)}
    if len(triples) < LEAST_TRIPLES:
        return b""
    digests = b"".join(hashlib.blake2b(triple.encode(), digest_size=8).digest() for triple in triples)
    hashes = numpy.frombuffer(digests, "<u8")
    bins = numpy.full(BANDS * ROWS, numpy.iinfo("u8").max, "u8")
    numpy.minimum.at(bins, (hashes % numpy.uint64(len(bins))).astype(int), hashes)
    filled = numpy.flatnonzero(bins != numpy.iinfo("u8").max)
    nearest = filled[numpy.searchsorted(filled, numpy.arange(len(bins))) % len(filled)]  # the next bin that is filled
    steps = ((nearest - numpy.arange(len(bins))) % len(bins)).astype("u8")
    values = (bins[nearest] >> numpy.uint64(16)) + steps  # bits that tell neither the bin nor that it is the least
    return bytes(values.astype("u1"))


def cut_bands(sketch: bytes) -> list[int]:
    """``BANDS`` numbers below 2**61, each of ``ROWS`` bytes of a document's sketch and their place."""
    return [
        int.from_bytes(sketch[at : at + ROWS], "big") << 5 | at // ROWS for at in range(0, len(sketch), ROWS)
    ]  # fmt: skip


def are_near(a: bytes, b: bytes) -> bool:
    """Whether two documents' sketches say that one is nearly the text of the other."""
    same = sum(x == y for x, y in zip(a, b, strict=True))
    return (same - len(a) / 256) / (len(a) - len(a) / 256) >= LEAST_SHARE  # by chance one byte in 256 is equal


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


def find_copies(sentences: Iterable[tuple[int, str, bytes]]) -> dict[int, int]:
    """Fingerprints of sentences that are near-copies of another -> the fingerprint of that one.

    ``sentences``: (fingerprint, status, sketch) of the sentences that one edge rests on. Near-copies say the same
    numbers with the same status, and their sketches differ in ``FAR`` bits at most. A sentence is a copy of the one
    with the least fingerprint that is no copy itself.
    """
    known = {print: (status, sketch) for print, status, sketch in sorted(sentences, reverse=True) if sketch}
    if not 1 < len(known) <= MOST_SENTENCES:
        return {}
    found: dict[int, int] = {}
    bits = {print: int.from_bytes(sketch[2:], "big") for print, (_, sketch) in known.items()}
    originals: defaultdict[tuple[object, ...], list[int]] = defaultdict(list)
    for print in sorted(known):
        status, sketch = known[print]
        blocks = [(at, bits[print] >> at & 31, status, sketch[:2]) for at in _BLOCKS]
        near = (o for block in blocks for o in originals[block] if (bits[print] ^ bits[o]).bit_count() <= FAR)
        original = min(near, default=None)
        if original is not None:
            found[print] = original
            continue
        for block in blocks:
            originals[block].append(print)
    return found
