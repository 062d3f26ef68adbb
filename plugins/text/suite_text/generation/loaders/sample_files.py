"""The sample of the task in the format that is read: for `suite check`."""

from __future__ import annotations

from pathlib import Path

from suite.data import Dataset
from suite_text.reading.lines import text_of


def write_text(dataset: Dataset, folder: Path) -> Path:
    """A folder with a file for each passage."""
    for name, split in dataset.splits.items():
        for index in range(len(split)):
            text = text_of(split[index].input)
            (folder / f"{name}-{index:03}.txt").write_text(text, encoding="utf-8", newline="")
    return folder
