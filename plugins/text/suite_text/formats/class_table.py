"""Classifications as a table: the label, and the likeliest classes with their scores."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from suite import UserError
from suite.kit import unwritable
from suite_classification.types import Classification
from suite_text.formats.output_file import OutputFile

_HEADS = (b"input,", b"input\t")


class ClassTable:
    """Writes `input`, `text`, `label` and `score`; then a column for each class, or the likeliest ones.

    Of all scores, each class has a column "score.NAME". Of some (`--set top=3`), there are `label_2`,
    `score_2` and so on. Several labels have `|` between them.

    Args:
        path: a file; .tsv has tabs, any other ending commas. Or a folder, which gets `predictions.csv`.
        facts: of the data, with the classes.

    Raises:
        suite.UserError: if another file is there already.
    """

    def __init__(self, path: Path, facts: Mapping[str, Any]) -> None:
        path = path if path.suffix and not path.is_dir() else path / "predictions.csv"
        _refuse_others(path)
        self._classes = list(facts.get("classes", ()))
        self._file = OutputFile(path)
        delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
        self._writer = csv.writer(self._file.text, delimiter=delimiter, lineterminator="\n")
        self._columns: list[str] = []

    def add(self, raw: Any, name: str, prediction: Classification) -> None:
        """Write a row."""
        labels = [prediction.label] if isinstance(prediction.label, str) else prediction.label
        scores = prediction.scores
        score = scores.get(labels[0], "") if len(labels) == 1 else ""
        text = raw if isinstance(raw, str) else getattr(raw, "text", "")
        row: dict[str, Any] = {"input": name, "text": text, "label": "|".join(labels), "score": score}
        if set(scores) == set(self._classes):
            row |= {f"score.{label}": scores[label] for label in self._classes}
        else:
            for rank, (label, value) in enumerate(list(scores.items())[1:], start=2):
                row |= {f"label_{rank}": label, f"score_{rank}": value}
        if not self._columns:
            self._columns = list(row)
            self._writer.writerow(self._columns)
        self._writer.writerow([row.get(column, "") for column in self._columns])

    def close(self) -> Sequence[Path]:
        """Finish the file; without any prediction, it has a header alone."""
        if not self._columns:
            self._writer.writerow(["input", "text", "label", "score"])
        return self._file.close()


def _refuse_others(path: Path) -> None:
    """Refuse to overwrite what is no table of predictions."""
    try:
        if not path.is_file():
            return
        with path.open("rb") as file:
            head = file.read(len(_HEADS[0]))
    except OSError as error:
        raise unwritable(path, error) from None
    if head and head not in _HEADS:
        raise UserError(f"--out {path} is there already, and holds no predictions: give another name")
