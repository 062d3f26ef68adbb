"""The prediction for every example that needs no look at it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from suite.data import Example, Examples
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
    targets: list[str | list[str]] = [train[index].target for index in range(len(train))]
    multi_label = any(not isinstance(target, str) for target in targets)
    label_sets = [[target] if isinstance(target, str) else target for target in targets]
    counts = Counter(name for names in label_sets for name in set(names))
    set_counts = Counter(tuple(sorted(set(names))) for names in label_sets)
    top = min(set_counts, key=lambda names: (-set_counts[names], names)) if set_counts else ()
    prediction = Classification(
        label=list(top) if multi_label else next(iter(top), ""),
        scores={name: counts[name] / len(targets) for name in sorted(counts)},
    )
    return [prediction] * len(examples)


def perfect(target: str | list[str], facts: Mapping[str, Any]) -> Classification:
    """What a classifier that is always right would predict."""
    labels = [target] if isinstance(target, str) else target
    return Classification(label=target, scores={name: float(name in labels) for name in facts["classes"]})
