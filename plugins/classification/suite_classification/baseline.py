"""The prediction for every example that needs no look at it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from suite.data import Example, Examples, target_counts
from suite_classification.types import Classification


def most_frequent(
    train: Examples, examples: Sequence[Example], facts: Mapping[str, Any]
) -> list[Classification]:
    """The most frequent target of training for every example, with the frequencies in training as scores.

    If examples may have several labels, that is the most frequent set of labels, and the score of each label
    is the share of training examples that have it. Of targets that are equally frequent, the first in
    alphabetical order counts.
    """
    del facts
    targets: Iterable[tuple[str | list[str], int]] | None = target_counts(train)
    if targets is None:
        targets = ((train[index].target, 1) for index in range(len(train)))
    multi_label = False
    counts: Counter[str] = Counter()
    set_counts: Counter[tuple[str, ...]] = Counter()
    for target, count in targets:
        multi_label |= not isinstance(target, str)
        names = tuple(sorted({target} if isinstance(target, str) else set(target)))
        set_counts[names] += count
        for name in names:
            counts[name] += count
    top = min(set_counts, key=lambda names: (-set_counts[names], names)) if set_counts else ()
    prediction = Classification(
        label=list(top) if multi_label else next(iter(top), ""),
        scores={name: counts[name] / len(train) for name in sorted(counts)},
    )
    return [prediction] * len(examples)


def perfect(target: str | list[str], facts: Mapping[str, Any]) -> Classification:
    """What a classifier that is always right would predict."""
    labels = [target] if isinstance(target, str) else target
    return Classification(label=target, scores={name: float(name in labels) for name in facts["classes"]})
