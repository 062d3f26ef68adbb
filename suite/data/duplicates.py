"""Which examples have the same content, found without reading what cannot be equal."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from suite.data.dataset import Example, Examples, digest
from suite.errors import UserError
from suite.stopping import check_stop, stopped_alike

_CHUNK = 512


def same_content(*splits: Examples) -> np.ndarray:
    """Number the examples so that two have the same number exactly if their inputs are equal.

    Inputs of different size differ, so only those that share their size are read, in threads.

    Args:
        *splits: their examples are seen as one sequence.

    Returns:
        int64 (examples,), each number being the position of the first example with that content. An input
        that cannot be read is equal to no other.
    """
    sizes = np.array([_size(split[index]) for split in splits for index in range(len(split))], np.int64)
    _, inverse, counts = np.unique(sizes, return_inverse=True, return_counts=True)
    candidates = np.flatnonzero((counts[inverse] > 1) | (sizes < 0))
    starts = np.cumsum([0, *(len(split) for split in splits)])
    digests = np.zeros((len(candidates), 2), np.uint64)

    def read(start: int) -> None:
        for row in range(start, min(start + _CHUNK, len(candidates))):
            check_stop()
            position = int(candidates[row])
            number = int(np.searchsorted(starts, position, side="right")) - 1
            example = splits[number][position - int(starts[number])]
            try:
                digests[row] = np.frombuffer(digest(example.input), np.uint64)
            except (UserError, OSError, TypeError, ValueError, OverflowError):
                digests[row] = position, 0  # it cannot be read, or is of a kind of its own

    with ThreadPoolExecutor(min(8, (os.cpu_count() or 1) + 1)) as pool:
        for _ in pool.map(stopped_alike(read), range(0, len(candidates), _CHUNK)):
            pass
    same = np.arange(len(sizes))
    if len(candidates):
        order = np.lexsort((candidates, digests[:, 1], digests[:, 0]))
        ordered = digests[order]
        is_first = np.append(True, np.any(ordered[1:] != ordered[:-1], axis=1))
        first = np.flatnonzero(is_first)[np.cumsum(is_first) - 1]
        same[candidates[order]] = candidates[order[first]]
    return same


def _size(example: Example) -> int:
    """The number of bytes if that costs nothing to know, else -1: to be compared by content."""
    raw: Any = example.input
    if isinstance(raw, np.ndarray):
        return raw.nbytes
    if isinstance(raw, bytes):
        return len(raw)
    try:
        return int(raw.size) if hasattr(raw, "read") and hasattr(raw, "size") else -1
    except (UserError, OSError, TypeError, ValueError):
        return -1
