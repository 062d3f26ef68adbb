"""Files by the splits (train, validation, test) that they are called after."""

from __future__ import annotations

from collections.abc import Callable, Iterable


def grouped(
    files: Iterable[int], split_of: Callable[[int], str | None]
) -> tuple[dict[str, list[int]], list[int]]:
    """Files by their splits, and those of none, which are for training if no other file is.

    Args:
        files: their indices in a tree.
        split_of: the split that one is called after.
    """
    splits: dict[str, list[int]] = {}
    rest: list[int] = []
    for file in files:
        split = split_of(file)
        (splits.setdefault(split, []) if split else rest).append(file)
    if rest and "train" not in splits:
        splits["train"], rest = rest, []
    return splits, rest
