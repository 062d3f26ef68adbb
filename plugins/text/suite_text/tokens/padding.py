"""A few fixed lengths that sequences of tokens are padded to: few shapes, so that little is compiled."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from suite_text.tokens.vocabulary import PADDING

GROWTH = 1.25
"""How much longer each length is than the one before, at least."""

STEP = 4
"""All lengths are multiples of it, except the longest one that is allowed."""

MAX_LENGTHS = 8
"""How many lengths there are within the lengths of the data, at most."""


LONGEST = 1 << 24
"""Tokens that any network takes at once: more would only fill memory. A hostile model may ask for it."""


def check_lengths(lengths: Sequence[int]) -> None:
    """Refuse lengths that do not rise from 1 or more, or are longer than any network takes.

    Raises:
        ValueError: saying so.
    """
    if not lengths or lengths[0] < 1 or list(lengths) != sorted(set(lengths)):
        raise ValueError(f"its lengths {list(lengths[:20])} do not rise from at least 1")
    if lengths[-1] > LONGEST:
        raise ValueError(f"its longest length, {lengths[-1]:,}, is over {LONGEST:,}")


def lengths_for(lengths: np.ndarray, max_length: int) -> tuple[int, ...]:
    """A few rising lengths to pad to: from the short sequences of the data to its longest, then to
    `max_length`.

    Within the data they rise by equal factors; beyond it, where only predictions will be, they double.

    Args:
        lengths: (sequences,), the tokens of each sequence of the data.
        max_length: the tokens of the longest sequence that is taken at once; the last of the lengths.
    """
    taken = np.minimum(np.asarray(lengths), max_length)
    last = max(1, int(taken.max(initial=1)))
    first = max(STEP, int(np.percentile(taken, 10))) if taken.size else STEP
    steps = 0
    if last > first:
        steps = max(1, min(MAX_LENGTHS - 1, round(math.log(last / first) / math.log(GROWTH))))
    within = np.geomspace(min(first, last), last, steps + 1)
    doublings = math.ceil(math.log2(max(1.0, max_length / last)))
    longer = [last * 2**power for power in range(1, 1 + doublings)]
    rounded = {
        min(max_length, math.ceil(round(length, 6) / STEP) * STEP) for length in [*within.tolist(), *longer]
    }
    return tuple(sorted(rounded | {max_length}))


def length_for(count: int, lengths: Sequence[int]) -> int:
    """The shortest of the rising `lengths` that takes `count` tokens.

    Raises:
        ValueError: if none does.
    """
    for length in lengths:
        if length >= count:
            return length
    raise ValueError(f"{count:,} tokens are more than the longest length, {lengths[-1]:,}")


def padded(ids: Sequence[int], lengths: Sequence[int]) -> np.ndarray:
    """Tokens with `PADDING` at their end, up to the shortest of the rising `lengths` that takes them.

    Returns:
        int32 (length,).

    Raises:
        ValueError: if they are more than the last of `lengths`.
    """
    row: np.ndarray = padded_batch([ids], lengths)[0]
    return row


def padded_batch(sequences: Sequence[Sequence[int] | np.ndarray], lengths: Sequence[int]) -> np.ndarray:
    """Several sequences of tokens, each with `PADDING` at its end, all of the length that the longest needs.

    Args:
        sequences: of numbers, or of rows of so many numbers each.
        lengths: rising.

    Returns:
        int32 (sequences, length), or (sequences, length, numbers).

    Raises:
        ValueError: if a sequence has more tokens than the last of `lengths`.
    """
    longest = max((len(ids) for ids in sequences), default=0)
    row_shape = np.shape(sequences[0])[1:] if len(sequences) else ()
    array = np.full((len(sequences), length_for(longest, lengths), *row_shape), PADDING, np.int32)
    for row, ids in zip(array, sequences, strict=True):
        row[: len(ids)] = ids
    return array
