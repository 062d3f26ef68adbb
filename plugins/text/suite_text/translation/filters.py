"""What looks like no translation: sides of odd lengths, copies, and texts in the script of the other side."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from suite_language.scripts import main_script, scripts_of

MIN_LENGTH = 20
"""Lengths are odd only if the longer side has this many characters at least."""

Pair = tuple[str, str]


def log_ratios(pairs: Sequence[Pair]) -> np.ndarray:
    """The logarithm of how many characters a translation has for each of its source's, float64 (pairs,)."""
    return np.array([math.log(max(1, len(target)) / max(1, len(source))) for source, target in pairs])


def odd_lengths(pairs: Sequence[Pair], max_ratio: float) -> np.ndarray:
    """Whether one side is more than `max_ratio` times as long as usual in these pairs, bool (pairs,)."""
    ratios = log_ratios(pairs)
    usual = float(np.median(ratios)) if len(ratios) else 0.0
    long = np.array([max(len(source), len(target)) >= MIN_LENGTH for source, target in pairs], bool)
    return long & (np.abs(ratios - usual) > math.log(max_ratio))


def is_copy(source: str, target: str) -> bool:
    """Whether a text is its own translation; names and numbers of two words may be."""
    return source.casefold() == target.casefold() and (len(source.split()) > 2 or len(source) >= MIN_LENGTH)


def scripts_of_sides(sources: Counter[str], targets: Counter[str]) -> tuple[str, str] | None:
    """The scripts of both sides by how often they have each character; None if they are not two."""
    counted = [scripts_of(characters) for characters in (sources, targets)]
    source, target = (max(scripts, key=scripts.__getitem__) if scripts else "" for scripts in counted)
    return (source, target) if source and target and source != target else None


def in_wrong_script(source: str, target: str, scripts: tuple[str, str]) -> bool:
    """Whether one side is written in the script of the other one."""
    return main_script(source) == scripts[1] or main_script(target) == scripts[0]
