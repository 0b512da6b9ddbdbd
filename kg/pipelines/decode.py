"""Scores of the encoder's heads -> names and trees."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

FORBIDDEN = -1e4


@lru_cache(maxsize=8)
def transition_scores(labels: tuple[str, ...]) -> npt.NDArray[np.float32]:
    """[from, to] 0 where BIO allows the step, FORBIDDEN where I-X would follow anything but B-X or I-X."""
    table = np.zeros((len(labels), len(labels)), dtype=np.float32)
    for i, before in enumerate(labels):
        for j, after in enumerate(labels):
            if after.startswith("I-") and before[2:] != after[2:]:
                table[i, j] = FORBIDDEN
    return table


def decode_names(logits: npt.NDArray[np.floating], labels: Sequence[str]) -> list[tuple[int, int, str]]:
    """(first word, past last, label) of each name in the best valid BIO sequence (Viterbi 1967).

    ``logits``: [words, labels]; ``labels``: "O", "B-PER", "I-PER", ...

    >>> decode_names(np.array([[0, 2, 0], [0, 0, 3], [4, 0, 0]]), ["O", "B-PER", "I-PER"])
    [(0, 2, 'PER')]
    """
    if not len(logits):
        return []
    steps = transition_scores(tuple(labels))
    shifted = logits - logits.max(axis=1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    starts_inside = np.array([label.startswith("I-") for label in labels])
    score = np.where(starts_inside, FORBIDDEN, logs[0])
    back = np.zeros(logits.shape, dtype=np.int64)
    outside = labels.index("O")
    for i in range(1, len(logs)):
        reach = score[:, None] + steps
        back[i] = reach.argmax(axis=0)
        score = reach.max(axis=0) + logs[i]
    path = [int(score.argmax())]
    for i in range(len(logs) - 1, 0, -1):
        path.append(int(back[i, path[-1]]))
    path.reverse()
    spans: list[tuple[int, int, str]] = []
    start = None
    for i, k in enumerate([*path, outside]):
        label = labels[k]
        if start is not None and not label.startswith("I-"):
            spans.append((start, i, labels[path[start]][2:]))
            start = None
        if label.startswith("B-"):
            start = i
    return spans
