"""A task's sample for checks, with its facts, and predictions of which it is known how good they are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from suite.contributions import Contributed, Task
from suite.data.dataset import Dataset, Example, Examples
from suite.data.loading import checked
from suite.errors import PluginError, SuiteError
from suite.evaluation.checks import check_predictions
from suite.evaluation.scoring import baseline_pairs
from suite.evaluation.types import Pairs
from suite.plugin_frames import raised
from suite.testing.check import NotCheckedError

MAX_EXAMPLES = 5_000
_SCORED = 24


def sample_of(task: Contributed[Task]) -> Dataset:
    """The sample of a task with the facts that the task derives.

    Raises:
        PluginError: if it cannot be made, or the task itself refuses it.
    """
    try:
        dataset = task.item.sample()
    except SuiteError:
        raise
    except Exception as error:
        raise PluginError(f"sample() of {task} {raised(error)}") from error
    if not isinstance(dataset, Dataset):
        raise PluginError(f"sample() of {task} gives {type(dataset).__name__}: return a suite.Dataset")
    return checked(dataset, task)


def spread(examples: Examples, count: int) -> list[Example]:
    """So many of the examples, evenly spaced, so that each class is among them."""
    indices = np.unique(np.linspace(0, len(examples) - 1, min(count, len(examples))).astype(int))
    return [examples[index] for index in indices.tolist()]


def scored_examples(dataset: Dataset) -> list[Example]:
    """Those of the sample whose predictions are scored."""
    return spread(dataset.train, _SCORED)


def perfect_pairs(task: Contributed[Task], dataset: Dataset) -> Pairs:
    """Examples of the sample with predictions that are right.

    Raises:
        NotCheckedError: if the task does not say what such a prediction is.
    """
    examples = scored_examples(dataset)
    perfect = task.item.perfect
    if perfect is None and task.item.prediction_type is not None:
        raise NotCheckedError(
            f"{task} does not say what a right prediction is: give Task(perfect=...), a function of a target"
            " and the facts"
        )
    predictions = [
        example.target if perfect is None else perfect(example.target, dataset.facts) for example in examples
    ]
    check_predictions(predictions, task.item, f"perfect() of {task}")
    return _pairs(examples, predictions, dataset)


def guessed_pairs(task: Contributed[Task], dataset: Dataset) -> Pairs | None:
    """The same examples with the predictions of the task's baseline; None if it has none."""
    examples = scored_examples(dataset)
    return baseline_pairs(task, dataset.train, _pairs(examples, [None] * len(examples), dataset))


def mixed_pairs(task: Contributed[Task], dataset: Dataset) -> Pairs:
    """Examples of the sample of which some are predicted right and some wrong.

    Raises:
        NotCheckedError: if the task says neither what is right nor what one would guess.
    """
    try:
        perfect = perfect_pairs(task, dataset)
    except NotCheckedError:
        guessed = guessed_pairs(task, dataset)
        if guessed is None:
            raise NotCheckedError(
                f"there are no predictions to score: give {task} a perfect=..., a function of a target and"
                " the facts, or a baseline=..."
            ) from None
        return guessed
    predictions = list(perfect.predictions)
    for index in range(0, len(predictions) - 1, 4):
        predictions[index : index + 2] = reversed(predictions[index : index + 2])
    return replace(perfect, predictions=predictions)


def exchanged(pairs: Pairs) -> Pairs:
    """The same predictions, each for the example after its own."""
    return replace(pairs, predictions=[*pairs.predictions[1:], *pairs.predictions[:1]])


def _pairs(examples: list[Example], predictions: list[Any], dataset: Dataset) -> Pairs:
    return Pairs(
        targets=[example.target for example in examples],
        predictions=predictions,
        ids=[example.id for example in examples],
        examples=examples,
        facts=dataset.facts,
    )
