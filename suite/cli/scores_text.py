"""Scores for the terminal: the verdict in words, then a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from suite.cli.tables import aligned
from suite.contributions import Metric
from suite.evaluation.metrics import label
from suite.report.folds import CAPTION, folds_verdict, score_rows
from suite.report.verdict import verdict
from suite.wording import number


def scores_text(metrics: Mapping[str, Any], metric: str, declared: Mapping[str, Metric], split: str) -> str:
    """What `metrics.json` says of a split, metric first, with intervals, baseline and reference models."""
    judged = verdict(metrics, metric, declared, split)
    numbers, spreads = metrics[split], metrics["intervals"].get(split, {})
    compared = {"baseline": metrics.get("baseline", {}), **metrics.get("reference_models", {})}
    compared = {name: others for name, others in compared.items() if others}
    rows = [["", split, "95 % interval", *compared]]
    for name in sorted(numbers, key=lambda name: name != metric):
        spread = f"{number(spreads[name][0])} to {number(spreads[name][1])}" if name in spreads else ""
        reached = [number(others[name]) if name in others else "" for others in compared.values()]
        rows.append([label(name, declared), number(numbers[name]), spread, *reached])
    return f"{judged.text}\n\n{aligned(rows)}\n"


def folds_text(metrics: Mapping[str, Any], metric: str, declared: Mapping[str, Metric]) -> str:
    """What `metrics.json` of a cross-validation says, metric first."""
    text, _ = folds_verdict(metrics, metric, declared)
    head, rows = score_rows(metrics, metric, declared)
    return f"{text}\n\n{aligned([head, *rows])}\n\n{CAPTION}\n"
