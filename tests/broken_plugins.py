"""Plugins with one defect each: the toy plugin with one member of one contribution changed."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import suite
import toy_plugin
from suite.configuration import from_mapping
from suite.errors import attribution
from suite.runs.build import Experiment, build
from suite.training.progress import Listener

NAME = "mutant"


@functools.cache
def toy_pipeline(trends: tuple[str, ...]) -> Any:
    """The toy pipeline, built once: it is never trained here."""
    return toy_plugin.build(SimpleNamespace(facts={"trends": trends}), toy_plugin.DenseOptions())


def plugin(
    *,
    task: dict[str, Any] | None = None,
    loader: dict[str, Any] | None = None,
    builder: dict[str, Any] | None = None,
    evaluator: dict[str, Any] | None = None,
    dataset: Callable[[Any], Any] | None = None,
    pipeline: Callable[[Any], Any] | None = None,
    codec: type[suite.Codec] | None = None,
    name: str = NAME,
) -> Any:
    """The toy plugin with a defect.

    Args:
        task: members of the task to replace, and alike `loader`, `builder` and `evaluator`.
        dataset: changes what the loader gives.
        pipeline: changes what the builder gives.
        codec: in the place of the builder's codec; a subclass of the toy plugin's.
        name: of the plugin.
    """

    def load(path: Any, options: Any) -> Any:
        loaded = toy_plugin.load(path, options)
        return loaded if dataset is None else dataset(loaded)

    def make(data: Any, options: Any) -> Any:
        made = replace(toy_pipeline(tuple(data.facts["trends"])), options=resolved(options))
        if codec is not None:
            made = replace(made, codec=codec(made.codec.trends))
        return made if pipeline is None else pipeline(made)

    def hook(function: Any, changes: dict[str, Any]) -> Any:
        return suite.hookimpl(lambda: [replace(item, **changes) for item in function()])

    of_codec = {"codec": (codec or toy_plugin.TrendCodec).from_json}
    return SimpleNamespace(
        __name__=name,
        suite_tasks=hook(toy_plugin.suite_tasks, task or {}),
        suite_data_loaders=hook(toy_plugin.suite_data_loaders, {"load": load} | (loader or {})),
        suite_model_builders=hook(
            toy_plugin.suite_model_builders, {"build": make} | of_codec | (builder or {})
        ),
        suite_evaluators=hook(toy_plugin.suite_evaluators, evaluator or {}),
    )


def resolved(options: Any) -> Any:
    """The toy builder's options without "auto"."""
    return toy_plugin.DenseOptions(width=16, dropout=options.dropout, noise=options.noise)


def configuration(data: Any, **tables: Any) -> Any:
    return from_mapping({"task": "trend", "data": str(data), **tables}, "the test")


def built(broken: Any, data: Any, **tables: Any) -> Experiment:
    """What comes of a plugin before the first step."""
    return build(suite.Host(broken, discover=False), configuration(data, **tables), Listener())


def blamed(error: BaseException) -> str:
    """What a person reads of an error: the message, and the contribution that it is attributed to."""
    return f"{error}\n{attribution(error) or ''}"
