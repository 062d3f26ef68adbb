"""Trainings in TensorBoard and MLflow: `suite train ... --log tensorboard --log mlflow`."""

from __future__ import annotations

import suite
from suite_tracking.options import MlflowOptions, TensorboardOptions


@suite.hookimpl
def suite_listeners() -> list[suite.ListenerFactory]:
    """TensorBoard and MLflow."""
    return [
        suite.ListenerFactory(
            name="tensorboard",
            summary="event files for TensorBoard: losses, scores, hyperparameters",
            open=suite.lazy("suite_tracking.tensorboard:open_listener"),
            options=TensorboardOptions,
            trial={"every": 1},
        ),
        suite.ListenerFactory(
            name="mlflow",
            summary="a run of MLflow: losses, scores, parameters, the report",
            open=suite.lazy("suite_tracking.mlflow:open_listener"),
            options=MlflowOptions,
            # No trial: without a server MLflow makes a database first, and keeps it open by its name.
        ),
    ]
