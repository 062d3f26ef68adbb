"""The options of the listeners: `--set log.tensorboard.KEY=VALUE`, `--set log.mlflow.KEY=VALUE`."""

from __future__ import annotations

from typing import Annotated

from suite.options import Meta, Options


class TensorboardOptions(Options, frozen=True):
    """Of the listener `tensorboard`."""

    folder: Annotated[
        str, Meta(description="where event files are written; empty: the folder tensorboard in the run")
    ] = ""
    every: Annotated[
        int, Meta(ge=1, le=1_000_000, description="steps between two losses that are written")
    ] = 10


class MlflowOptions(Options, frozen=True):
    """Of the listener `mlflow`."""

    uri: Annotated[
        str,
        Meta(
            description="the tracking server (http://...), or where runs are kept (sqlite:///mlflow.db);"
            " empty: what MLflow itself takes"
        ),
    ] = ""
    experiment: Annotated[str, Meta(description="the experiment; empty: the name of the task")] = ""
    name: Annotated[str, Meta(description="the name of the run; empty: that of its folder")] = ""
    every: Annotated[
        int, Meta(ge=1, le=1_000_000, description="steps between two losses that are written")
    ] = 10
    report: Annotated[
        bool, Meta(description="whether report.html, metrics.json and config.toml are kept there, too")
    ] = True
