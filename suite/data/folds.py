"""Folds for cross-validation: each of k parts of the training split is held out once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from suite.data.dataset import Dataset, Subset
from suite.data.units import Units, keep_labels_in_train, mixed_strata, single_labels, spread, units_of
from suite.errors import UserError
from suite.wording import counted, some


def folded(dataset: Dataset, number: int, folds: int, *, seed: int = 0) -> tuple[Dataset, list[str]]:
    """Hold one fold of the training split out as the test split.

    Folds are stratified; examples with equal content, and those of one group, are in one fold. A test split
    that the data has of its own stays out of all folds.

    Args:
        dataset: as a loader gave it.
        number: which fold, from 1 on.
        folds: how many there are.
        seed: of the choice; folds of one seed do not overlap.

    Returns:
        The data set whose test split is the fold, and sentences for people on what was done.

    Raises:
        UserError: if there are too few examples or groups, or the data is in time.
    """
    if dataset.order is not None:
        raise UserError(
            "this data has an order in time, and folds would learn from what comes after: train without folds"
        )
    if not 1 <= number <= folds:
        raise UserError(f"there is no fold {number} of {folds}")
    units = units_of(dataset)
    one, what = ("example", "examples that differ") if dataset.groups is None else ("group", "groups")
    if len(units.size) < folds:
        raise UserError(f"the {len(units.size):,} {what} do not suffice for {folds} folds: give fewer")
    held_out = (_folds(units, folds, np.random.default_rng(seed), dataset) == number - 1).astype(np.int8)
    keep_labels_in_train(units, held_out)
    held_out_of_example = np.empty(len(dataset.train), np.int8)
    held_out_of_example[units.order] = held_out[units.of_example]
    if not held_out.any():
        raise UserError(f"fold {number} of {folds} would be empty: give fewer folds, or more {what}")
    train = Subset(dataset.train, np.flatnonzero(held_out_of_example == 0))
    test = Subset(dataset.train, np.flatnonzero(held_out_of_example))
    held = counted(len(test), "example", "examples")
    together = "" if dataset.groups is None else ", groups kept together"
    notes = [f"fold {number} of {folds} is the test split: {held} (seed {seed}{together})"]
    if dataset.test is not None:
        own = counted(len(dataset.test), "example", "examples")
        notes.append(f"the test split that the data has, of {own}, is in no fold")
    if alone := single_labels(units):
        notes.append(f"always in train, for only one {one} has it: {some(alone, 5)}")
    return replace(dataset, train=train, test=test), notes


def _folds(units: Units, folds: int, rng: np.random.Generator, dataset: Dataset) -> np.ndarray:
    """The fold of each unit, from 0 on."""
    mixed = None if dataset.groups is None else mixed_strata(units)
    if mixed is None and dataset.groups is not None:
        mixed = np.zeros((len(units.size), int(units.stratum.max()) + 1), np.int64)
        mixed[np.arange(len(units.size)), units.stratum] = units.size
    if mixed is not None:
        return spread(mixed, np.full(folds, 1 / folds), rng)
    order = np.lexsort((rng.permutation(len(units.size)), units.stratum))
    dealt = np.empty(len(order), np.int64)
    dealt[order] = np.arange(len(order)) % folds
    return dealt
