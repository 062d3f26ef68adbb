"""Whether two values that a plugin gave are the same, and copies to compare with later."""

from __future__ import annotations

from typing import Any

import numpy as np


def snapshot(value: Any) -> Any:
    """A copy of arrays and of what holds them; anything else is kept as it is."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*map(snapshot, value))
    if isinstance(value, list | tuple):
        return type(value)(map(snapshot, value))
    if isinstance(value, dict):
        return {key: snapshot(item) for key, item in value.items()}
    return value


def same(first: Any, second: Any) -> bool:
    """Whether two values are equal to the last bit; objects that cannot be compared count as equal."""
    if isinstance(first, np.ndarray | np.generic) or isinstance(second, np.ndarray | np.generic):
        a, b = np.asarray(first), np.asarray(second)
        if a.shape != b.shape or a.dtype != b.dtype:
            return False
        return bool(np.array_equal(a, b, equal_nan=a.dtype.kind in "fc"))
    if isinstance(first, list | tuple) and isinstance(second, list | tuple):
        return len(first) == len(second) and all(map(same, first, second))
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(same(first[key], second[key]) for key in first)
    if type(first) is not type(second):
        return False
    by_identity: Any = object.__eq__
    if type(first).__eq__ is by_identity:
        return True
    try:
        return bool(first == second) or first != first  # NaN is itself
    except (TypeError, ValueError):
        return True


def array_defect(arrays: Any, what: str, count: int | None = None) -> str:
    """What is wrong with arrays for a network, as a sentence without its subject; empty if nothing is.

    Args:
        arrays: should be an array, or arrays by name.
        what: how the sentence calls them.
        count: the length of the batch axis; None for arrays without one.
    """
    if isinstance(arrays, dict):
        if not arrays:
            return f"{what} that are an empty dictionary"
        for name, array in arrays.items():
            defect = array_defect(array, f"'{name}' in {what}", count)
            if defect:
                return defect
        return ""
    if not isinstance(arrays, np.ndarray | np.generic):
        kind = "None" if arrays is None else f"a {type(arrays).__name__}"
        return f"{kind} as {what}: give a numpy array, or numpy arrays by name"
    if arrays.dtype.kind not in "biuf" and arrays.dtype.name != "bfloat16":
        return f"{what} of the type {arrays.dtype}: give numbers"
    if count is not None and arrays.shape[:1] != (count,):
        return f"{what} of the shape {arrays.shape} for {count} examples: the first axis counts the examples"
    if arrays.dtype.kind == "f" and not np.all(np.isfinite(arrays)):
        return f"{what} with numbers that are not finite"
    return ""
