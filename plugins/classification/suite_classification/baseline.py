"""What one would predict for any example without looking at it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from suite.data import Example
from suite_classification.types import Classification


def most_frequent(
    train_targets: Sequence[str | list[str]], examples: Sequence[Example]
) -> list[Classification]:
    """The most frequent target of training for every example, with the frequencies in training as scores.

    Where examples may have several labels, that is the most frequent set of labels, and the score of each
    label is the share of training examples that have it. Of targets that are equally frequent, the first in
    alphabetical order.
    """
    total = len(train_targets)
    multi_label = any(not isinstance(target, str) for target in train_targets)
    sets = [[target] if isinstance(target, str) else target for target in train_targets]
    counts = Counter(name for names in sets for name in set(names))
    whole = Counter(tuple(sorted(set(names))) for names in sets)
    top = min(whole, key=lambda names: (-whole[names], names)) if whole else ()
    prediction = Classification(
        label=list(top) if multi_label else next(iter(top), ""),
        scores={name: counts[name] / total for name in sorted(counts)},
    )
    return [prediction] * len(examples)
