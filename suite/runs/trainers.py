"""What trains a run and validates it meanwhile, in the process that writes it as in those beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from suite.evaluation.failing import LeaveOut
from suite.runs.build import Experiment
from suite.training.checkpoints import CheckpointFolder
from suite.training.continuation import Continuation
from suite.training.prepared import memory_budget
from suite.training.progress import Listener
from suite.training.session import InterimModel
from suite.training.trainer import Trainer
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
        budget=memory_budget(configuration.runtime.cache, 0.2 / configuration.runtime.workers),
        device=experiment.device,
        skip_unreadable=configuration.training.unreadable == "skip",
        on_skip=on_skip,
        leave_out=leave_out,
    )


def trainer_of(
    experiment: Experiment,
    folder: CheckpointFolder,
    validation: Validation | None,
    *,
    listener: Listener,
    stop: Callable[[], bool] = lambda: False,
    history_changed: Callable[[list[dict[str, float]]], None] = lambda rows: None,
    interim: InterimModel | None = None,
    continuation: Continuation | None = None,
    on_skip: Callable[[str], None] = lambda message: None,
) -> Trainer:
    """The trainer of a run.

    Args:
        experiment: of the run.
        folder: where its checkpoints are.
        validation: as `validation_of` gives it.
        listener: hears of every step and epoch.
        stop: called after each step; true ends the training with everything kept.
        history_changed: called with all rows after each epoch.
        interim: writes a model now and then.
        continuation: epochs that are added to a training that ended, or was stopped.
        on_skip: called with a sentence on each example that cannot be read and is left out.
    """
    return Trainer(
        experiment.pipeline,
        experiment.dataset.train,
        experiment.configuration.training,
        runtime=experiment.configuration.runtime,
        device=experiment.device,
        folder=folder,
        validate=validation,
        metric=experiment.task.item.metric,
        higher_is_better=experiment.metric.higher_is_better,
        listener=listener,
        stop=stop,
        history_changed=history_changed,
        interim=interim,
        continuation=continuation,
        on_skip=on_skip,
        builder=str(experiment.builder),
    )
