"""Arrays from JSON: nested lists of numbers, all of one length."""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np

DTYPES = (
    "bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64",
    "float16", "float32", "float64",
)  # fmt: skip

_MAX_DEPTH = 8

_NUMBERS = {bool, int, float, type(None)}

_UNEVEN = "its lists are not all of one length, so they are no array"


def array_of(values: list[Any], dtype: str = "") -> np.ndarray:
    """Nested lists as an array; null is NaN.

    Args:
        values: the lists.
        dtype: a name of numpy's; empty takes the one that fits the numbers.

    Raises:
        ValueError: if they are not numbers, are of several lengths, or do not fit the dtype.
    """
    if dtype and dtype not in DTYPES:
        raise ValueError(f"there is no dtype '{dtype[:50]}': it is one of {', '.join(DTYPES)}")
    array = _as_numbers(values)
    if not dtype or array.dtype == dtype:
        return array
    wanted = np.dtype(dtype)
    if wanted.kind in "iu" and (array.dtype.kind == "f" or array.size):
        _check_integers(array, wanted)
    return array.astype(wanted)


def _as_numbers(values: list[Any]) -> np.ndarray:
    """The numbers of nested lists; numpy alone would give a text among them the memory of all of them."""
    shape: list[int] = []
    level: list[Any] = [values]
    while True:
        if len(shape) == _MAX_DEPTH:
            raise ValueError(f"its lists are nested more than {_MAX_DEPTH} deep")
        lengths = set(map(len, level))
        if len(lengths) > 1:
            raise ValueError(_UNEVEN)
        shape += lengths
        level = list(chain.from_iterable(level)) if len(level) > 1 else level[0]
        kinds = set(map(type, level))
        if kinds != {list}:
            break
    if list in kinds and kinds <= _NUMBERS | {list}:
        raise ValueError(_UNEVEN)
    if not kinds <= _NUMBERS:
        raise ValueError("its lists hold something else than numbers")
    try:
        array = np.array(level)
        if array.dtype.kind == "O":  # with missing values, or whole numbers of more than 64 bits
            array = np.array(level, np.float64)
    except (ValueError, OverflowError, TypeError):
        raise ValueError("its numbers are too large") from None
    return array.reshape(shape)


def _check_integers(array: np.ndarray, wanted: np.dtype[Any]) -> None:
    bounds = np.iinfo(wanted)
    if array.dtype.kind == "f" and not np.array_equal(array, np.floor(array)):
        raise ValueError(f"it has numbers that are not whole, which is no {wanted.name}")
    if array.size and (array.min() < bounds.min or array.max() > bounds.max):
        raise ValueError(f"it has numbers that do not fit into {wanted.name}")
