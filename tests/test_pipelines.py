"""The parts of the bundled pipelines that need no weights: windows, decoding, trees, lemma rules, pieces."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.pipelines.decode import decode_names
from kg.pipelines.encoder import apply_rule, cut_names
from kg.pipelines.pieces import BOS, EOS, PAD, SPACE, UNK, WordPieces
from kg.pipelines.trees import best_tree
from kg.pipelines.windows import CAPACITY, cut_windows

LABELS = ["O", "B-PER", "I-PER", "B-ORG", "I-ORG"]


@given(st.lists(st.tuples(st.integers(1, 60), st.booleans()), max_size=400))
def test_windows_score_every_word_once_and_fit(words: list[tuple[int, bool]]) -> None:
    sizes = [size for size, _ in words]
    windows = cut_windows(sizes, [end for _, end in words])
    assert [i for w in windows for i in range(w.start, w.end)] == list(range(len(words)))
    assert all(w.context_start <= w.start < w.end <= w.context_end for w in windows)
    assert all(sum(sizes[w.context_start : w.context_end]) <= CAPACITY for w in windows)


def test_windows_end_where_a_sentence_does() -> None:
    ends = [i % 50 == 49 for i in range(400)]
    assert [w.end for w in cut_windows([1] * 400, ends)] == [150, 250, 350, 400]


@given(st.integers(0, 12).flatmap(lambda n: st.lists(st.lists(st.floats(-9, 9), min_size=5, max_size=5), min_size=n)))
def test_decoding_gives_valid_spans_in_order(rows: list[list[float]]) -> None:
    spans = decode_names(np.array(rows, dtype=np.float32).reshape(-1, 5), LABELS)
    bounds = [x for a, b, _ in spans for x in (a, b)]
    assert bounds == sorted(bounds)
    assert all(0 <= a < b <= len(rows) and label in ("PER", "ORG") for a, b, label in spans)


def test_decoding_repairs_an_impossible_sequence() -> None:
    # word by word the best would be O I-ORG; the constraint makes it B-ORG I-ORG
    logits = np.array([[2.0, 0, 0, 1.9, 0], [0, 0, 0, 0, 5]])
    assert decode_names(logits, LABELS) == [(0, 2, "ORG")]


@given(st.integers(1, 14), st.integers(0, 2**32 - 1))
def test_heads_are_always_one_tree(words: int, seed: int) -> None:
    heads = best_tree(np.random.default_rng(seed).normal(size=(words, words + 1)).astype(np.float32))
    assert heads.count(-1) == 1
    for word in range(words):
        seen = set()
        while word >= 0:
            assert word not in seen
            seen.add(word)
            word = heads[word]


@pytest.mark.parametrize(
    ("form", "rule", "lemma"),
    [
        ("kjøpte", "2-e", "kjøpe"),
        ("Narviks", "=1-", "Narvik"),
        ("Husene", "3-", "hus"),
        ("NATO", "=0-", "NATO"),
        ("a", "5-x", "x"),
    ],
)
def test_lemma_rules(form: str, rule: str, lemma: str) -> None:
    assert apply_rule(form, rule) == lemma


def test_no_name_runs_over_a_line_that_ends_a_sentence() -> None:
    assert cut_names([(0, 3, "PER"), (4, 6, "ORG")], [0, 2, 0, 0, 1, 0]) == [
        (0, 2, "PER"),
        (2, 3, "PER"),
        (4, 6, "ORG"),
    ]


def small_pieces() -> WordPieces:
    pieces = ["<s>", "<pad>", "</s>", "<unk>", SPACE, "a", "b", "h", "ab", SPACE + "ab"]
    scores = np.array([0, 0, 0, 0, -2, -3, -3, -3, -4, -4], dtype=np.float32)
    rows = np.zeros((len(pieces), 36), dtype=np.uint8)
    rows[5, :2] = np.array([0.5], dtype=np.float16).view(np.uint8)
    rows[5, 2:18] = 0x9C  # low nibbles 12, high nibbles 9
    return WordPieces(pieces, scores, rows)


def test_words_become_pieces_with_a_sound_fallback() -> None:
    pieces = small_pieces()
    assert pieces.ids("ab", spaced=True) == (9,)
    assert pieces.ids("ab", spaced=False) == (8,)
    assert pieces.ids("ḧ", spaced=False) == (7,)  # the accent is unknown, the letter is not
    assert pieces.ids("界", spaced=False) == (UNK,)
    assert len(pieces.ids("a" * 10_000, spaced=True)) < 100
    assert (BOS, PAD, EOS) == (0, 1, 2)


def test_four_bit_blocks_become_vectors() -> None:
    vectors = small_pieces().vectors(np.array([5, 0]))
    assert vectors.shape == (2, 64)
    assert vectors[0].tolist() == [2.0] * 16 + [0.5] * 16 + [0.0] * 32
    assert not vectors[1].any()
