"""What a task needs whose targets are names of classes: its facts, and a baseline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from suite.data.dataset import Dataset, Example, Examples
from suite.errors import UserError
from suite.wording import shown, some


def class_facts(dataset: Dataset) -> dict[str, list[str]]:
    """The names of the classes, in order: `{"classes": [...]}`.

    For `suite.Task(facts=suite.lazy("suite.kit:class_facts"))` of a task whose targets are texts.

    Args:
        dataset: as a loader gives it. Without training examples the classes are those of the other splits.

    Raises:
        suite.UserError: for a target that is no text, with the example's id, and for a class that is in
            another split but not among the training examples.
    """
    found: dict[str, set[str]] = {}
    for name, split in dataset.splits.items():
        for index in range(len(split)):
            example = split[index]
            if not isinstance(example.target, str):
                raise UserError(f"{example.id}: the class {shown(example.target)} is no text")
            found.setdefault(name, set()).add(example.target)
    classes = found.get("train") or set().union(*found.values())
    for name, others in found.items():
        if unknown := sorted(others - classes):
            raise UserError(
                f"{some(unknown)} in the {name} split but not in the training split: a class can only be"
                " learned from training examples"
            )
    return {"classes": sorted(classes)}


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
