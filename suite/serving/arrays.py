"""Arrays from JSON: nested lists of numbers, all of one length."""

from __future__ import annotations

from typing import Any

import numpy as np

DTYPES = (
    "bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64",
    "float16", "float32", "float64",
)  # fmt: skip

_MAX_DEPTH = 8


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
    _check_depth(values)
    try:
        array = np.array(values)
    except (ValueError, OverflowError, TypeError):
        raise ValueError("its lists are not all of one length, so they are no array") from None
    if array.dtype.kind == "O":
        array = _with_missing(values)
    if array.dtype.kind not in "biuf":
        raise ValueError("its lists hold something else than numbers")
    if not dtype or array.dtype == dtype:
        return array
    wanted = np.dtype(dtype)
    if wanted.kind in "iu" and (array.dtype.kind == "f" or array.size):
        _check_integers(array, wanted)
    return array.astype(wanted)


def _with_missing(values: list[Any]) -> np.ndarray:
    try:
        array = np.array(values, np.float64)
    except (ValueError, OverflowError, TypeError):
        raise ValueError("it is no list of numbers, or its numbers are too large") from None
    return array


def _check_integers(array: np.ndarray, wanted: np.dtype[Any]) -> None:
    bounds = np.iinfo(wanted)
    if array.dtype.kind == "f" and not np.array_equal(array, np.floor(array)):
        raise ValueError(f"it has numbers that are not whole, which is no {wanted.name}")
    if array.size and (array.min() < bounds.min or array.max() > bounds.max):
        raise ValueError(f"it has numbers that do not fit into {wanted.name}")


def _check_depth(values: list[Any]) -> None:
    """Refuse lists that are nested deeper than any array: numpy would refuse them in its own words."""
    depth, inner = 1, values
    while isinstance(inner, list) and inner:
        inner = inner[0]
        depth += 1
        if depth > _MAX_DEPTH + 1:
            raise ValueError(f"its lists are nested more than {_MAX_DEPTH} deep")
