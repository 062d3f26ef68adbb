"""Scores for the terminal: the verdict in words, then a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from suite.cli.tables import aligned
from suite.contributions import Task
from suite.report.verdict import number, verdict, words


def scores_text(metrics: Mapping[str, Any], task: Task, part: str) -> str:
    """What `metrics.json` says of a part, metric first, with intervals, baseline and reference models."""
    judged = verdict(metrics, task.metric, higher_is_better=task.higher_is_better, part=part)
    numbers, spreads = metrics[part], metrics["intervals"].get(part, {})
    compared = {"baseline": metrics.get("baseline", {}), **metrics.get("reference_models", {})}
    compared = {name: others for name, others in compared.items() if others}
    rows = [["", part, "95 % interval", *compared]]
    for name in sorted(numbers, key=lambda name: name != task.metric):
        spread = f"{number(spreads[name][0])} to {number(spreads[name][1])}" if name in spreads else ""
        reached = [number(others[name]) if name in others else "" for others in compared.values()]
        rows.append([words(name), number(numbers[name]), spread, *reached])
    return f"{judged.text}\n\n{aligned(rows)}\n"
