"""The metrics that evaluators declare: what people read, and which way is better."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from suite.contributions import Contributed, Evaluator, Metric, Task
from suite.errors import PluginError
from suite.host import Host


def declared_metrics(evaluators: Iterable[Contributed[Evaluator[Any]]]) -> dict[str, Metric]:
    """The metrics of several evaluators, by name. If two declare one name, the first one's counts.

    If two have one label, that of the later one says its name too, so that people can tell them apart.
    """
    declared: dict[str, Metric] = {}
    for evaluator in evaluators:
        for name, metric in evaluator.item.metrics.items():
            if name not in declared:
                labels = {other.label for other in declared.values()}
                twin = metric.label in labels
                declared[name] = replace(metric, label=f"{metric.label} ({name})") if twin else metric
    return declared


def metric_of(task: Task, metrics: Mapping[str, Metric]) -> Metric:
    """The metric by which a task's weights are chosen.

    Raises:
        PluginError: if no evaluator declares it: nobody knows then which way is better.
    """
    if task.metric not in metrics:
        known = ", ".join(metrics) or "none"
        raise PluginError(
            f"the weights of task '{task.name}' are chosen by '{task.metric}', which no evaluator declares in"
            f" its metrics: declared are {known}"
        )
    return metrics[task.metric]


def check_metric(
    task: Task,
    numbers: Mapping[str, float],
    notes: Sequence[str],
    evaluators: Iterable[Contributed[Evaluator[Any]]],
) -> None:
    """Refuse an evaluator that declares the metric by which weights are chosen and does not give it.

    A metric that cannot be computed for this data is missing too, but a note says why.

    Raises:
        PluginError: naming the evaluator.
    """
    name = task.metric
    if name in numbers or any(note.startswith(name) for note in notes):
        return
    for evaluator in evaluators:
        if name in evaluator.item.metrics:
            raise PluginError(
                f"{evaluator} declares the metric '{name}', by which the weights of task '{task.name}' are"
                f" chosen, and does not give it: it gives {', '.join(numbers) or 'nothing'}"
            )


def default_metrics(host: Host, task: Contributed[Task]) -> dict[str, Metric]:
    """The metrics of a task's default evaluators, by name."""
    return declared_metrics(
        host.evaluator(name, task.full_name, prefer=[task.plugin]) for name in task.item.evaluators
    )


def label(name: str, metrics: Mapping[str, Metric]) -> str:
    """What people read for a number: its declared label, else its name in words."""
    return metrics[name].label if name in metrics else name.replace("_", " ")
