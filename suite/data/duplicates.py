"""Which examples have the same content, found without reading what cannot be equal."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from suite.data.columns import column_rows
from suite.data.dataset import Example, Examples, digest
from suite.data.examples import spans
from suite.errors import UserError
from suite.stopping import check_stop
from suite.threads import in_threads


def same_content(*splits: Examples) -> np.ndarray:
    """Number the examples so that two have the same number exactly if their inputs are equal.

    Inputs of different size differ, so only those that share their size are read, in threads. Texts that are
    kept as columns are all read, in the order in which they are stored; those of different hash differ.

    Args:
        *splits: their examples are seen as one sequence.

    Returns:
        int64 (examples,), each number being the position of the first example with that content. An input
        that cannot be read is equal to no other.
    """
    total = sum(map(len, splits))
    hashes = _hashes(splits, total)
    if hashes is not None:
        candidates = _repeated(hashes)
        del hashes
    else:
        sizes = np.array([_size(split[index]) for split in splits for index in range(len(split))], np.int64)
        _, inverse, counts = np.unique(sizes, return_inverse=True, return_counts=True)
        candidates = np.flatnonzero((counts[inverse] > 1) | (sizes < 0))
    starts = np.cumsum([0, *(len(split) for split in splits)])
    digests = np.zeros((len(candidates), 2), np.uint64)

    def read(rows: range) -> None:
        for row in rows:
            check_stop()
            position = int(candidates[row])
            number = int(np.searchsorted(starts, position, side="right")) - 1
            example = splits[number][position - int(starts[number])]
            try:
                digests[row] = np.frombuffer(digest(example.input), np.uint64)
            except (UserError, OSError, TypeError, ValueError, OverflowError):
                digests[row] = position, 0  # it cannot be read, or is of a kind of its own

    for _ in in_threads(read, len(candidates), min(8, (os.cpu_count() or 1) + 1)):
        pass
    same = np.arange(total)
    if len(candidates):
        order = np.lexsort((candidates, digests[:, 1], digests[:, 0]))
        ordered = digests[order]
        is_first = np.append(True, np.any(ordered[1:] != ordered[:-1], axis=1))
        first = np.flatnonzero(is_first)[np.cumsum(is_first) - 1]
        same[candidates[order]] = candidates[order[first]]
    return same


def _hashes(splits: Sequence[Examples], total: int) -> np.ndarray | None:
    """The hashes of all inputs, int64 (total,), if they are texts in columns; else None."""
    hashes = np.zeros(total, np.int64)
    start = 0
    for split in splits:
        found = column_rows(split, np.arange(len(split)))
        if found is None:
            return None
        columns, rows = found
        stored = np.argsort(rows, kind="stable")
        of_split = hashes[start : start + len(split)]
        for span in spans(len(split)):
            check_stop()
            positions = stored[span]
            texts = columns.inputs.take(rows[positions])
            if not all(type(text) is str for text in texts):
                return None
            of_split[positions] = np.fromiter(map(hash, texts), np.int64, len(texts))
        start += len(split)
    return hashes


def _repeated(hashes: np.ndarray) -> np.ndarray:
    """The positions, rising, of what is there several times."""
    order = np.argsort(hashes, kind="stable")
    ordered = hashes[order]
    same = ordered[1:] == ordered[:-1]
    several = np.append(same, False)
    several[1:] |= same
    return np.sort(order[several[: len(order)]])


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
