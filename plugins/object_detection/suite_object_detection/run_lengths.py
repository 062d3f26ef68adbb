"""COCO's run-length encoding of masks: only the box around one, for annotations that have no other.

As in the reference implementation, `maskApi.c` of https://github.com/cocodataset/cocoapi: runs of zeros and
ones in turn, column by column; in their text form numbers of 5 bits a letter, from the third on as the
difference to the one before the last.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def surrounding(counts: Sequence[int] | str, height: int) -> list[float]:
    """The box around a mask.

    Args:
        counts: the lengths of the runs, or their text form.
        height: of the mask.

    Returns:
        x, y, width and height.

    Raises:
        ValueError: where the counts are damaged, or the mask is empty.
    """
    runs = np.array(_numbers(counts) if isinstance(counts, str) else counts, np.int64)
    if height <= 0 or runs.ndim != 1 or (runs < 0).any():
        raise ValueError("no run lengths")
    ends = np.cumsum(runs)[1::2]
    starts = ends - runs[1::2]
    starts, ends = starts[ends > starts], ends[ends > starts]
    if not len(starts):
        raise ValueError("an empty mask")
    left, right = int(starts[0]) // height, (int(ends[-1]) - 1) // height
    spans_columns = starts // height != (ends - 1) // height
    if spans_columns.any():
        top, bottom = 0, height - 1
    else:
        top, bottom = int((starts % height).min()), int(((ends - 1) % height).max())
    return [float(left), float(top), float(right - left + 1), float(bottom - top + 1)]


def _numbers(text: str) -> list[int]:
    numbers: list[int] = []
    value = shift = 0
    for letter in text.encode("ascii"):
        digit = letter - 48
        if not 0 <= digit < 64 or shift > 30:
            raise ValueError("no run lengths")
        value |= (digit & 0x1F) << shift
        shift += 5
        if not digit & 0x20:
            if digit & 0x10:
                value -= 1 << shift
            numbers.append(value + (numbers[-2] if len(numbers) > 2 else 0))
            value = shift = 0
    return numbers
