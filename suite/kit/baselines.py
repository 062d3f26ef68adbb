"""What a task may be compared with that says nothing of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from suite.data.dataset import Example, Examples


def most_frequent(train: Examples, examples: Sequence[Example], facts: Mapping[str, Any]) -> list[Any]:
    """For each example the target that most training examples have, the first of several.

    For `suite.Task(baseline=suite.lazy("suite.kit:most_frequent"))` of a task whose predictions are of the
    form of its targets.

    Args:
        train: the training split, with at least one example.
        examples: what is predicted.
        facts: of the data; not looked at.
    """
    counts = Counter(msgspec.json.encode(train[index].target) for index in range(len(train)))
    ((target, _),) = counts.most_common(1)
    return [msgspec.json.decode(target) for _ in examples]
