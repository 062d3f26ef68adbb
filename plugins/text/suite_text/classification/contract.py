"""What any loader's data must satisfy, and what is derived from examples that come without facts."""

from __future__ import annotations

from typing import Any

from suite import UserError
from suite.data import Dataset
from suite_text.reading.cleaning import Cleaning, as_fact, check_cleaning


def check(dataset: Dataset) -> None:
    """See that a data set is as `suite_text.classification.types` documents.

    Raises:
        suite.UserError: if a fact is missing or of another type, or a target is none of the classes.
    """
    classes = dataset.facts.get("classes")
    if not isinstance(classes, list | tuple) or not all(isinstance(name, str) for name in classes):
        raise UserError(f"the fact 'classes' of the data should be a list of names, not {classes!r}")
    if len(set(classes)) < len(classes):
        raise UserError("the fact 'classes' of the data names a class twice")
    check_cleaning(dataset.facts)
    multi_label = bool(dataset.facts.get("multi_label", False))
    known = set(classes)
    for split, examples in dataset.splits.items():
        for index in range(len(examples)):
            example = examples[index]
            if example.target is None and split != "train":
                continue
            labels = example.target if multi_label else [example.target]
            if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
                wanted = "a list of class names" if multi_label else "the name of a class"
                raise UserError(f"{split}, '{example.id}': the target is {example.target!r}, not {wanted}")
            if unknown := [label for label in labels if label not in known]:
                raise UserError(f"{split}, '{example.id}': '{unknown[0]}' is none of the classes of the data")


def facts(dataset: Dataset) -> dict[str, Any]:
    """The classes of the training targets in alphabetical order; several per text if the targets are lists."""
    targets = [dataset.train[index].target for index in range(len(dataset.train))]
    multi_label = any(isinstance(target, list) for target in targets)
    names = {label for target in targets for label in (target if isinstance(target, list) else [target])}
    return {
        "classes": sorted(map(str, names)),
        "multi_label": multi_label,
        "cleaning": as_fact(Cleaning(unicode="NFC")),
    }
