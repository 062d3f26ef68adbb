"""From which probability on a label is given, if an example may have several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from suite import UserError
from suite.kit import nearest
from suite_classification.options import LabelOptions


class Thresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Probabilities from which labels are given.

    Attributes:
        others: that of all labels that have none of their own.
        own: those of single labels, by their names.
    """

    others: float = 0.5
    own: dict[str, float] = {}

    def __post_init__(self) -> None:
        if not all(0 <= threshold <= 1 for threshold in (self.others, *self.own.values())):
            raise ValueError(f"its thresholds {self.others}, {self.own} are not all from 0 to 1")

    def labels(self, scores: Mapping[str, float]) -> list[str]:
        """The labels whose probability is high enough, in the order of `scores`."""
        return [name for name, score in scores.items() if score >= self.own.get(name, self.others)]

    def chosen(self, options: LabelOptions, classes: Sequence[str], *, multi_label: bool) -> Thresholds:
        """The thresholds that the user wants.

        Raises:
            suite.UserError: for a name that is none of the classes, and if examples have one label each.
        """
        given = options.threshold != "auto" or options.thresholds
        if given and not multi_label:
            raise UserError(
                "threshold and thresholds are for models that give several labels, and this one gives the"
                " most probable one"
            )
        for name in options.thresholds:
            if name not in classes:
                raise UserError(f"the model knows no class '{name}': {nearest(name, classes)}")
        if options.threshold == "auto":
            return Thresholds(others=self.others, own={**self.own, **options.thresholds})
        return Thresholds(others=options.threshold, own=options.thresholds)
