"""Hashes that have numbers, one after the other in the order of the hashes. numpy only."""

from __future__ import annotations

import numpy as np


def check_rising(known: bytes, what: str) -> None:
    """Refuse hashes that are no uint32 in rising order, little endian.

    Args:
        known: the hashes.
        what: what they are of, for the message.

    Raises:
        ValueError: saying so.
    """
    if len(known) % 4 or (np.diff(np.frombuffer(known, "<u4").astype(np.int64)) <= 0).any():
        raise ValueError(f"the hashes of its {what} are not in rising order")


def numbers_of(hashes: np.ndarray, known: np.ndarray, *, first: int, unknown: int) -> np.ndarray:
    """The numbers of hashes.

    Args:
        hashes: uint32 (count,).
        known: those that have a number, rising.
        first: the number of the first of `known`.
        unknown: the number of all others.

    Returns:
        int32 (count,).
    """
    if not len(known):
        return np.full(len(hashes), unknown, np.int32)
    indices = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
    return np.where(known[indices] == hashes, first + indices, unknown).astype(np.int32)
