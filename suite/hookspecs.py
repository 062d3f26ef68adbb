"""The hooks of a plugin: one per kind of contribution, no arguments, each returning a list or yielding items.

A plugin is a module or an object with any of these functions, marked with `suite.hookimpl` and named by
an entry point in the group `suite.v1`:

    # setup.cfg or pyproject.toml of the plugin:  [project.entry-points."suite.v1"]  birds = "suite_birds"

    import suite

    @suite.hookimpl
    def suite_model_builders():
        return [suite.ModelBuilder(
            name="tiny", task="...", build=suite.lazy("suite_birds.tiny:build"),
            codec=suite.lazy("suite_birds.tiny:Codec.from_json"))]

The order in which plugins are called means nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pluggy

from suite.contributions import DataLoader, Evaluator, ListenerFactory, ModelBuilder, Task

hookspec = pluggy.HookspecMarker("suite")

API_VERSION = "v1"
ENTRY_POINT_GROUP = f"suite.{API_VERSION}"


@hookspec
def suite_tasks() -> Iterable[Task]:  # type: ignore[empty-body]
    """The tasks that this plugin defines."""


@hookspec
def suite_data_loaders() -> Iterable[DataLoader[Any]]:  # type: ignore[empty-body]
    """The data formats that this plugin reads."""


@hookspec
def suite_model_builders() -> Iterable[ModelBuilder[Any]]:  # type: ignore[empty-body]
    """The models that this plugin builds."""


@hookspec
def suite_evaluators() -> Iterable[Evaluator[Any]]:  # type: ignore[empty-body]
    """The scores that this plugin computes."""


@hookspec
def suite_listeners() -> Iterable[ListenerFactory[Any]]:  # type: ignore[empty-body]
    """Where this plugin shows trainings."""
