"""What trackers take: flat names with plain values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import suite


def parameters(facts: suite.RunFacts) -> dict[str, bool | int | float | str]:
    """The configuration by flat names: "training.epochs", "model.width"; what it ran on beside it.

    What says nothing of the training (where it is logged) is left out.
    """
    tables = {name: value for name, value in facts.configuration.items() if name != "log"}
    found = {name: _plain(value) for name, value in _flat(tables)}
    counts = {f"examples.{split}": count for split, count in facts.counts.items()}
    return {**found, **counts, "weights": facts.weights, "device": facts.device}


def _flat(table: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def _plain(value: Any) -> bool | int | float | str:
    return value if isinstance(value, bool | int | float | str) else str(value)


def final_scores(metrics: Mapping[str, Any]) -> dict[str, float]:
    """The scores of a finished run by flat names: "test/accuracy", "baseline/accuracy"."""
    return {
        f"{split}/{name}": float(number)
        for split in (*metrics.get("counts", {}), "baseline")
        for name, number in metrics.get(split, {}).items()
        if math.isfinite(number)
    }


def of_epoch(row: Mapping[str, float]) -> dict[str, float]:
    """The numbers of an epoch by name: "epoch/loss", "epoch/validation_accuracy"."""
    return {f"epoch/{column}": float(row[column]) for column in row if column not in ("epoch", "step")}


def step_of(progress: suite.Progress) -> int:
    """The number of steps that have been done in all."""
    return (progress.epoch - 1) * progress.steps + progress.step
