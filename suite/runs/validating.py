"""How a run is validated while it is trained."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from suite.evaluation.failing import LeaveOut
from suite.runs.build import Experiment
from suite.training.batches import memory_budget
from suite.training.validation import Validation


def validation_of(
    experiment: Experiment,
    *,
    on_skip: Callable[[str], None] = lambda message: None,
    leave_out: LeaveOut | None = None,
) -> Validation | None:
    """What scores the network after an epoch; None without a validation split.

    Args:
        experiment: of the run.
        on_skip: called with a sentence on each example that cannot be read and is left out.
        leave_out: asked for an evaluator that fails, as by `suite.evaluation.scoring.score`.
    """
    configuration, examples = experiment.configuration, experiment.dataset.validation
    if examples is None or not len(examples):
        return None
    return Validation(
        experiment.pipeline,
        examples,
        task=experiment.task.item,
        builder=experiment.builder.full_name,
        facts=experiment.dataset.facts,
        evaluators=experiment.evaluators,
        evaluator_options=configuration.evaluators,
        training_batch=int(configuration.training.batch_size),
        threads=cast(int, configuration.runtime.threads),
        budget=memory_budget(configuration.runtime.cache, 0.2),
        device=experiment.device,
        skip_unreadable=configuration.training.unreadable == "skip",
        on_skip=on_skip,
        leave_out=leave_out,
    )
