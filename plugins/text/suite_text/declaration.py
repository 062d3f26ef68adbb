"""What the plugin contributes: three tasks. It imports nothing heavy."""

from __future__ import annotations

import suite
from suite_text.classification import declaration as classification
from suite_text.generation import declaration as generation
from suite_text.translation import declaration as translation


@suite.hookimpl
def suite_tasks() -> list[suite.Task]:
    """The three tasks."""
    return [classification.TASK, translation.TASK, generation.TASK]


@suite.hookimpl
def suite_data_loaders() -> list[suite.DataLoader]:
    """The formats that are read."""
    return [*classification.LOADERS, *translation.LOADERS, *generation.LOADERS]


@suite.hookimpl
def suite_model_builders() -> list[suite.ModelBuilder]:
    """The networks."""
    return [*classification.BUILDERS, *translation.BUILDERS, *generation.BUILDERS]


@suite.hookimpl
def suite_evaluators() -> list[suite.Evaluator]:
    """The metrics and figures."""
    return [*classification.EVALUATORS, *translation.EVALUATORS, *generation.EVALUATORS]
