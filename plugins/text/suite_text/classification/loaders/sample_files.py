"""The sample of the task in each format that is read: for `suite check`."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from suite.data import Dataset
from suite_text.reading.lines import text_of


def write_table(dataset: Dataset, folder: Path) -> Path:
    """A CSV file with the columns text and label."""
    path = folder / "texts.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *_rows(dataset)])
    return path


def write_folder(dataset: Dataset, folder: Path) -> Path:
    """A folder for each class, with a file for each text."""
    for number, (text, label) in enumerate(_rows(dataset)):
        path = folder / label / f"{number}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def write_labeled_lines(dataset: Dataset, folder: Path) -> Path:
    """Lines of label, tab and text."""
    path = folder / "texts.txt"
    lines = [f"{label}\t{text}\n" for text, label in _rows(dataset)]
    path.write_text("".join(lines), encoding="utf-8")
    return path


def _rows(dataset: Dataset) -> Iterator[tuple[str, str]]:
    for split in dataset.splits.values():
        for index in range(len(split)):
            yield text_of(split[index].input), split[index].target
