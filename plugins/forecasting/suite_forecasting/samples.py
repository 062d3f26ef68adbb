"""A few made-up series, for trying the task without any data."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from suite.data import Dataset
from suite_forecasting.baseline import LEVELS
from suite_forecasting.frequencies import frequency_of, texts, time_of
from suite_forecasting.options import SplitOptions
from suite_forecasting.reading.series import Series
from suite_forecasting.splits import dataset_of
from suite_forecasting.types import Forecast, Target

COUNT = 12
LENGTH = 120


def sample() -> Dataset:
    """Days of twelve shops, with a week's pattern, a trend and a little noise. The same at every call."""
    rng = np.random.default_rng(0)
    days = np.arange(LENGTH)
    start, _ = time_of("2024-01-01")
    series = []
    for number in range(COUNT):
        week = rng.uniform(0.5, 1.5, 7)[days % 7]
        trend = 1 + rng.uniform(-0.3, 0.6) * days / LENGTH
        values = 10.0 ** rng.uniform(0, 4) * (week * trend + rng.normal(0, 0.02, LENGTH))
        series.append(
            Series(name=f"shop {number + 1}", values=values, start=start, frequency=frequency_of("D"))
        )
    return dataset_of(series, SplitOptions(horizon=7))


def perfect(target: Target, facts: Mapping[str, Any]) -> Forecast:
    """The forecast of a model that is always right, and sure."""
    values = [0.0 if value is None else float(value) for value in target["values"]]
    return Forecast(
        name="",
        start="0",
        frequency=str(facts.get("frequency", "")),
        levels=list(LEVELS),
        values=[values for _ in LEVELS],
    )


def write_table(dataset: Dataset, folder: Path) -> Path:
    """Write the sample as train.csv and test.csv, with a row for each day of each shop."""
    for split, series in _files(dataset).items():
        with (folder / f"{split}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["unique_id", "ds", "y"])
            for name, start, values in series:
                days = texts(start, frequency_of("D"), range(len(values)))
                writer.writerows([name, *row] for row in zip(days, values, strict=True))
    return folder


def write_gluonts(dataset: Dataset, folder: Path) -> Path:
    """Write the sample as train.json and test.json, with a line for each shop."""
    for split, series in _files(dataset).items():
        lines = [
            json.dumps({"start": start, "target": values, "item_id": name, "freq": "D"})
            for name, start, values in series
        ]
        (folder / f"{split}.json").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def write_tsf(dataset: Dataset, folder: Path) -> Path:
    """Write the sample as train.tsf and test.tsf, with a line for each shop."""
    head = "@attribute series_name string\n@attribute start_timestamp date\n@frequency daily\n@data\n"
    for split, series in _files(dataset).items():
        lines = [f"{name}:{start} 00-00-00:{','.join(map(repr, values))}\n" for name, start, values in series]
        (folder / f"{split}.tsf").write_text(head + "".join(lines), encoding="utf-8")
    return folder


def _files(dataset: Dataset) -> dict[str, list[tuple[str, str, list[float]]]]:
    """The name, the start and the values of each series in the files of the splits."""
    files: dict[str, list[tuple[str, str, list[float]]]] = {"train": [], "test": []}
    test = dataset.test or []
    for index in range(len(test)):
        history, target = test[index].input, test[index].target
        start = texts(history.start, frequency_of("D"), [len(history.values)])[0]
        files["train"].append((history.name, history.start, history.values.tolist()))
        files["test"].append((history.name, start, target["values"]))
    return files
