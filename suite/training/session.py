"""One training: what it works with and how far it has come, shared by all that carry it out.

The trainer starts the stages, the loop acts between the steps. Neither knows the other; both work on the
session.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Annotated, Any, Protocol

import msgspec
import numpy as np

from suite.errors import UserError
from suite.pipeline.trainable import TrainablePipeline
from suite.process_group import ProcessGroup
from suite.training.batches import EpochPlan
from suite.training.checkpoints import CheckpointFolder, backend_random_state, values_of
from suite.training.continuation import Continuation
from suite.training.divergence import Losses, advice
from suite.training.progress import Listener
from suite.training_options import DEFAULT_LEARNING_RATE, TrainingOptions

Validate = Callable[[], dict[str, float]]
"""Scores the network as it is: "loss" and the metrics of the evaluators, by name."""


Count = Annotated[int, msgspec.Meta(ge=0)]


class StopRequested(Exception):  # noqa: N818 - a wish, not an error
    """The training was asked to stop, and everything is kept.

    Args:
        values: of the network's variables, as they would be shipped.
    """

    def __init__(self, values: Mapping[str, np.ndarray] | None = None) -> None:
        super().__init__()
        self.values = dict(values or {})


@dataclass
class TrainingState:
    """What a training knows besides its variables: the JSON part of a checkpoint."""

    step: Count = 0
    stage: Count = 0
    seconds: float = 0.0
    epoch_seconds: float = 0.0
    waiting: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)
    best_epoch: Count = 0
    best_rank: list[float] = field(default_factory=list)
    best_score: float | None = None
    best_file: str | None = None
    finished: bool = False
    reason: str = ""
    losses: Losses = Losses()
    fresh: list[Count] = field(default_factory=list)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> TrainingState:
        """The state that a checkpoint holds.

        Raises:
            UserError: if something is missing, is not known, or is of another type.
        """
        names = {each.name for each in fields(cls)}
        if values.keys() != names:
            named = ", ".join(sorted(values.keys() ^ names))
            raise UserError(f"the checkpoint is of another version: not both know {named}; train anew")
        try:
            checked = msgspec.convert(values, cls)
        except msgspec.ValidationError as error:
            raise UserError(f"the checkpoint cannot be used, its state is no such state: {error}") from None
        # Rows hold whole numbers among others, which `history.csv` shows as they are.
        return replace(checked, history=values["history"])

    def to_json(self) -> dict[str, Any]:
        """What a checkpoint holds."""
        return {**vars(self), "losses": vars(self.losses)}


class InterimModel(Protocol):
    """Writes what has been learned so far now and then, so that there is a model at any time."""

    @property
    def is_due(self) -> bool:
        """Whether little enough time has gone into writing."""

    def best(self, session: TrainingSession) -> None:
        """The network holds new best weights: write them if it is due."""

    def last(self, session: TrainingSession) -> None:
        """Write the network as it is, which was not scored."""


@dataclass(kw_only=True)
class TrainingSession:
    """What a training works with, and how far it has come.

    Attributes:
        pipeline: the network and all that belongs to it. Its weights are trained in place.
        options: resolved: no value is "auto".
        plan: which examples are in which step.
        folder: where checkpoints are.
        validate: scores the network; None if there is no validation split.
        metric: the name of the metric by which weights are chosen.
        higher_is_better: its direction.
        listener: hears of every step and epoch.
        stop: called after each step; true ends the training with everything kept.
        history_changed: called with all rows after each epoch.
        interim: writes a model now and then; None if nobody wants one.
        continuation: the epochs that were added last; None for a training as it was begun.
        group: the processes that train together; None for one alone.
        has_begun: whether the others of the group were told to begin.
        stops: whether they were told, at the end of a stage, that the training stops.
        state: how far the training has come. It is replaced, never changed.
    """

    pipeline: TrainablePipeline
    options: TrainingOptions
    plan: EpochPlan
    folder: CheckpointFolder
    validate: Validate | None
    metric: str
    higher_is_better: bool
    listener: Listener
    stop: Callable[[], bool]
    history_changed: Callable[[list[dict[str, float]]], None]
    interim: InterimModel | None = None
    continuation: Continuation | None = None
    group: ProcessGroup | None = None
    has_begun: bool = False
    stops: bool = False
    state: TrainingState = field(default_factory=TrainingState)

    @property
    def network(self) -> Any:
        """The Keras model that is trained."""
        return self.pipeline.trained_network

    @property
    def decides(self) -> bool:
        """Whether this process decides how the training goes on, and writes what is kept of it."""
        return self.group is None or self.group.is_first

    @property
    def epochs(self) -> int:
        """The epochs of the whole training."""
        if self.continuation is None:
            return int(self.options.epochs)
        return self.continuation.after_step // self.plan.steps_per_epoch + self.continuation.epochs

    @property
    def began(self) -> int:
        """The step at which the training, or its last continuation, began."""
        return 0 if self.continuation is None else self.continuation.after_step

    @property
    def steps(self) -> int:
        """The steps of the whole training."""
        return self.epochs * self.plan.steps_per_epoch

    def scores_after(self, step: int) -> bool:
        """Whether validation is scored after a step, the last one of an epoch."""
        epoch = step // self.plan.steps_per_epoch
        is_due = step >= self.steps or epoch % int(self.options.validation_every) == 0
        return is_due and self.validate is not None

    @property
    def advice(self) -> str:
        """What to do if the training diverged."""
        recommended = self.pipeline.recipe.get("learning_rate", "auto")
        default = DEFAULT_LEARNING_RATE if recommended == "auto" else float(recommended)
        return advice(float(self.options.learning_rate), default)

    def checkpoint(self, optimizer: Any) -> None:
        """Write everything that is needed to go on from the present step."""
        arrays = values_of(self.network.variables, "network")
        arrays |= values_of(optimizer.variables, "optimizer")
        arrays |= values_of(self.network.metrics_variables, "metrics")
        arrays |= backend_random_state()
        self.folder.write(self.state.step, arrays, self.state.to_json())
