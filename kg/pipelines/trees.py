"""Scores of arcs -> one tree a sentence."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def best_tree(scores: npt.NDArray[np.float32]) -> list[int]:
    """Head of each word, -1 for the root, given ``scores`` [words, 1 + words] (column 0: being the root).

    Takes the best head of each word, then mends: one root, and no cycle. A cycle is broken at its weakest link, as
    in the contraction step of Chu & Liu (1965) and Edmonds (1967) but greedily, which is exact for nearly all
    sentences and never leaves anything but a tree.

    >>> best_tree(np.array([[9, -9, 0, 0], [0, 5, -9, 0], [0, 0, 5, -9]], dtype=np.float32))
    [-1, 0, 1]
    """
    n = len(scores)
    scores = scores.copy()
    scores[np.arange(n), np.arange(n) + 1] = -np.inf
    root = int(scores[:, 0].argmax())
    others = scores[:, 1:]
    heads = [int(h) for h in others.argmax(axis=1)]
    heads[root] = -1
    while cycle := find_cycle(heads):
        inside = set(cycle)
        outside = np.array([j not in inside and not leads_to(heads, j, inside) for j in range(n)])
        best = max(
            ((others[i][outside].max() - others[i][heads[i]], -i) for i in cycle),
        )
        weakest = -best[1]
        candidates = np.where(outside, others[weakest], -np.inf)
        heads[weakest] = int(candidates.argmax())
    return heads


def find_cycle(heads: list[int]) -> list[int]:
    """The words of one cycle, empty where there is none."""
    state = [0] * len(heads)  # 0 unseen, else the walk that saw it
    for start in range(len(heads)):
        i = start
        while i >= 0 and state[i] == 0:
            state[i] = start + 1
            i = heads[i]
        if i >= 0 and state[i] == start + 1:
            cycle, j = [i], heads[i]
            while j != i:
                cycle.append(j)
                j = heads[j]
            return cycle
    return []


def leads_to(heads: list[int], word: int, inside: set[int]) -> bool:
    """Whether the chain of heads from ``word`` runs into ``inside``."""
    for _ in range(len(heads)):
        if word < 0:
            return False
        if word in inside:
            return True
        word = heads[word]
    return True
