"""The report of a run, from what its directory holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import suite
from suite.configuration import Configuration
from suite.contributions import Metric, Task
from suite.evaluation.metrics import metric_of
from suite.figures import Figure
from suite.report.formatting import day, duration
from suite.report.page import ReportContent
from suite.runs.directory import RunDirectory

SHOWN_APART = {
    "command",
    "notes",
    "counts",
    "facts",
    "data_fingerprint",
    "data_contents",
    "format",
    "codec_fingerprint",
    "weights",
}


def run_content(
    run: RunDirectory,
    task: Task,
    declared: Mapping[str, Metric],
    metrics: Mapping[str, Any],
    figures: Sequence[Figure],
    examples: Sequence[Figure] = (),
) -> ReportContent:
    """What the report of a training shows.

    Args:
        run: with its configuration, environment and history.
        task: the run's task.
        declared: the metrics that its evaluators declare, by name.
        metrics: what is, or will be, in its `metrics.json`.
        figures: of the evaluators, on the split that is scored.
        examples: figures of a few examples of the data.
    """
    configuration, environment, history = run.configuration, run.environment, run.history()
    split = "test" if "test" in metrics else "validation"
    counts: Mapping[str, int] = environment.get("counts", {})
    facts = {"training examples" if name == "train" else name: f"{count:,}" for name, count in counts.items()}
    if history:
        facts["epochs"] = f"{history[-1].get('epoch', len(history)):g}"
    if "weights" in environment:
        facts["weights"] = f"{environment['weights']:,}"
    if history and "seconds" in history[-1]:
        facts["time"] = duration(history[-1]["seconds"])
    if environment.get("device"):
        facts["device"] = str(environment["device"])
    return ReportContent(
        title=run.path.resolve().name,
        subtitle=" · ".join(
            text for text in (task.name, configuration.model_name, day(environment.get("started"))) if text
        ),
        metric=task.metric,
        declared=declared,
        metrics=metrics,
        split=split,
        facts=facts,
        history=history,
        best_epoch=best_epoch(history, task.metric, metric_of(task, declared)),
        figures=figures,
        examples=examples,
        data=data_facts(configuration, environment),
        configuration=options_of(configuration),
        environment={name: value for name, value in environment.items() if name not in SHOWN_APART},
        command=str(environment.get("command", "")),
        notes=metrics.get("notes", ()),
        footer=f"Made by suite {suite.__version__}.",
    )


def data_facts(configuration: Configuration, environment: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of the data that a run was trained on, for people."""
    return {
        "path": configuration.data_name,
        "loader": configuration.loader_name,
        **environment.get("facts", {}),
        "fingerprint": environment.get("data_fingerprint"),
    }


def options_of(configuration: Configuration) -> dict[str, Any]:
    """The options as they are in `config.toml`, without what the report shows elsewhere."""
    import tomllib

    shown = tomllib.loads(configuration.to_toml())
    return {name: value for name, value in shown.items() if name not in ("task", "data")}


def best_epoch(history: Sequence[Mapping[str, float]], name: str, metric: Metric) -> int | None:
    """The epoch with the best metric on validation; of equal ones that with the least loss."""
    sign = 1 if metric.higher_is_better else -1
    column = f"validation_{name}"
    ranked = [
        (sign * row[column], -row.get("validation_loss", 0.0), -row["epoch"])
        for row in history
        if column in row and "epoch" in row
    ]
    return int(-max(ranked)[2]) if ranked else None
