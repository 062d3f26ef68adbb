"""The sample of the task in each format that is read: for `suite check`."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2

from suite.data import Dataset


def write_folder(dataset: Dataset, folder: Path) -> Path:
    """A folder for each class, with an image for each example."""
    for number, (name, label) in enumerate(_written(dataset, folder)):
        target = folder / label / f"{number}.png"
        target.parent.mkdir(exist_ok=True)
        (folder / name).rename(target)
    return folder


def write_table(dataset: Dataset, folder: Path) -> Path:
    """Images beside a CSV file with the columns path and label."""
    path = folder / "labels.csv"
    rows = _written(dataset, folder)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("path", "label"), *rows])
    return path


def write_parquet(dataset: Dataset, folder: Path) -> Path:
    """A Parquet table with the columns image and label."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = []
    for name, label in _written(dataset, folder):
        rows.append({"image": {"bytes": (folder / name).read_bytes(), "path": name}, "label": label})
        (folder / name).unlink()
    path = folder / "images.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def _written(dataset: Dataset, folder: Path) -> list[tuple[str, str]]:
    """Write the images; the name of each, and its label."""
    rows: list[tuple[str, str]] = []
    for split in dataset.splits.values():
        for index in range(len(split)):
            name = f"image-{len(rows):03}.png"
            cv2.imwrite(str(folder / name), cv2.cvtColor(split[index].input, cv2.COLOR_RGB2BGR))
            rows.append((name, split[index].target))
    return rows
