"""What both loaders give: compact lists of images with labels, checked and put together."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from suite import UserError
from suite.data import Dataset, Example
from suite.kit import some
from suite.sources import Tree


class ImageExamples:
    """Files of a tree with a target each: twelve bytes an image beside the tree's list of names.

    Args:
        tree: where the images are.
        indices: int (examples,), their places in `tree.names`.
        targets: the different targets, class names or lists of class names.
        kinds: int (examples,), the place in `targets` of each example's target.
    """

    def __init__(
        self, tree: Tree, indices: np.ndarray, targets: Sequence[str | list[str]], kinds: np.ndarray
    ) -> None:
        self._tree = tree
        self._indices = indices.astype(np.int64)
        self._targets = targets
        self._kinds = kinds.astype(np.int32)

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, index: int, /) -> Example:
        place = int(self._indices[index])
        target = self._targets[self._kinds[index]]
        return Example(
            self._tree.names[place],
            self._tree.source(place),
            target if isinstance(target, str) else list(target),
        )

    def labels(self) -> set[str]:
        """The class names that any example has."""
        used = [self._targets[kind] for kind in np.unique(self._kinds)]
        return {label for target in used for label in ([target] if isinstance(target, str) else target)}


def assemble(
    path: Path,
    parts: Mapping[str, ImageExamples],
    problems: Sequence[str],
    *,
    multi_label: bool = False,
    hint: str = "",
) -> Dataset:
    """The data set of the parts that were found.

    Args:
        path: how a message calls the data.
        parts: by name; at least one example each.
        problems: what was left out.
        multi_label: whether targets are lists.
        hint: added to the message where there is only one class.

    Raises:
        UserError: where there is no training part, fewer than two classes, or a class without training
            examples.
    """
    if "train" not in parts:
        raise UserError(f"{path} has no training part, only {' and '.join(sorted(parts))}")
    classes = sorted(parts["train"].labels())
    for name, part in parts.items():
        if unknown := sorted(part.labels() - set(classes)):
            raise UserError(
                f"{path}: {some(unknown)} in the {name} part but not in the training part: a class must be"
                " among the training images to be learned"
            )
    if not classes:
        raise UserError(f"{path}: no training image has a label")
    if len(classes) == 1 and not multi_label:
        raise UserError(f"{path} holds one class only, '{classes[0]}': at least two are needed{hint}")
    return Dataset(
        train=parts["train"],
        validation=parts.get("validation"),
        test=parts.get("test"),
        facts={"classes": classes, "multi_label": multi_label},
        problems=[*problems, *_look_alikes(classes)],
    )


def _look_alikes(classes: Sequence[str]) -> list[str]:
    """A sentence for each set of labels that differ in case, blanks, hyphens or Unicode form only."""
    alike: dict[str, list[str]] = {}
    for name in classes:
        plain = unicodedata.normalize("NFKC", name).casefold()
        alike.setdefault("".join(letter for letter in plain if letter not in " \t_-"), []).append(name)
    return [
        f"the labels {' and '.join(map(repr, names))} look alike: are they one class?"
        for names in alike.values()
        if len(names) > 1
    ]
