"""Text: the declaration of what this plugin contributes. It imports nothing heavy."""

from __future__ import annotations

import suite
from suite_text.classification import declaration as for_classification
from suite_text.generation import declaration as for_generation
from suite_text.translation import declaration as for_translation


@suite.hookimpl
def suite_tasks() -> list[suite.Task]:
    """The three tasks."""
    return [for_classification.TASK, for_translation.TASK, for_generation.TASK]


@suite.hookimpl
def suite_data_loaders() -> list[suite.DataLoader]:
    """The formats that are read."""
    return [*for_classification.LOADERS, *for_translation.LOADERS, *for_generation.LOADERS]


@suite.hookimpl
def suite_model_builders() -> list[suite.ModelBuilder]:
    """The networks."""
    return [*for_classification.BUILDERS, *for_translation.BUILDERS, *for_generation.BUILDERS]


@suite.hookimpl
def suite_evaluators() -> list[suite.Evaluator]:
    """The scores."""
    return [*for_classification.EVALUATORS, *for_translation.EVALUATORS, *for_generation.EVALUATORS]
