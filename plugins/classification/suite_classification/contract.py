"""What data must satisfy to be learned from, whichever loader gave it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol, runtime_checkable

from suite import UserError
from suite.data import Dataset, Examples, target_counts
from suite.kit import shown
from suite_classification.labels import refuse_unknown
from suite_classification.types import Facts, Target


@runtime_checkable
class KnownTargets(Protocol):
    """Examples that know their different targets, so that a million of them are checked at once."""

    def different_targets(self) -> Iterable[Target]:
        """Each target that any of the examples has, at least once."""


def facts(dataset: Dataset) -> Facts:
    """The facts of data that comes without: the classes are those of the training examples, in order.

    Examples have several labels if the target of any training example is a list.
    """
    targets = [dataset.train[index].target for index in range(len(dataset.train))]
    multi_label = any(isinstance(target, list | tuple) for target in targets)
    names = {name for target in targets for name in _names(target) if isinstance(name, str)}
    return Facts(classes=sorted(names), multi_label=multi_label)


def check(dataset: Dataset) -> None:
    """Refuse data that does not satisfy a classification task.

    Raises:
        UserError: if the facts are not those of `suite_classification.types.Facts`, there is no class, or a
            target is not made of these classes; the message has the example. A single class passes: such data
            can be scored on.
    """
    classes, multi_label = dataset.facts.get("classes"), dataset.facts.get("multi_label", False)
    if not isinstance(classes, list | tuple) or not all(isinstance(name, str) for name in classes):
        raise UserError(f"the data's fact 'classes' is {shown(classes)}: it must be a list of class names")
    if not isinstance(multi_label, bool):
        raise UserError(f"the data's fact 'multi_label' is {shown(multi_label)}: it must be true or false")
    if len(set(classes)) < len(classes):
        raise UserError("the data's fact 'classes' has a name twice: each class must be there once")
    if not classes:
        raise UserError("the data's fact 'classes' is empty: there is nothing to learn")
    known = frozenset(classes)
    for split, examples in dataset.splits.items():
        targets: Iterable[Target] | None = None
        if isinstance(examples, KnownTargets):
            targets = examples.different_targets()
        elif (counts := target_counts(examples)) is not None:
            targets = [target for target, _ in counts]
        if targets is not None:
            if all(
                _is_target(target, multi_label) and known.issuperset(_names(target)) for target in targets
            ):
                continue
        labels = _labels(examples, split, multi_label)
        refuse_unknown(labels, known, f"the {split} split has labels that are none of the classes")


def check_learnable(dataset: Dataset) -> None:
    """Refuse data with a single class, which can be scored on, but not be learned from.

    Raises:
        UserError: if there is only one class, and examples have exactly one label.
    """
    classes = dataset.facts["classes"]
    if len(classes) < 2 and not dataset.facts.get("multi_label", False):
        raise UserError(
            f"there is only one class, '{classes[0]}', so there is nothing to learn: at least two are needed"
        )


def _labels(examples: Examples, split: str, multi_label: bool) -> Iterator[str]:
    for index in range(len(examples)):
        target = examples[index].target
        if not _is_target(target, multi_label):
            wanted = "a list of class names" if multi_label else "the name of a class"
            raise UserError(
                f"the target of '{examples[index].id}' ({split} split) is {shown(target)}: it must be"
                f" {wanted}"
            )
        yield from _names(target)


def _is_target(target: Any, multi_label: bool) -> bool:
    if not multi_label:
        return isinstance(target, str)
    return isinstance(target, list | tuple) and all(isinstance(name, str) for name in target)


def _names(target: Any) -> list[Any] | tuple[Any, ...]:
    return target if isinstance(target, list | tuple) else [target]
