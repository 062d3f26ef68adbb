"""Predictions as CSV: a row for each box, as the loader `csv` reads it."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from suite.kit import atomic_path, unwritable
from suite_object_detection.formats.output_file import refuse_other
from suite_object_detection.types import Detections

HEADER = ("image", "x1", "y1", "x2", "y2", "label", "score")


class BoxTableWriter:
    """Writes `image,x1,y1,x2,y2,label,score`; an image without a detection has a row with its name alone.

    Args:
        path: of the file; tabs divide the cells of a `.tsv`.
        facts: of the data that the model was trained on.

    Raises:
        suite.UserError: if something else is there.
    """

    def __init__(self, path: Path, facts: Mapping[str, Any]) -> None:
        self._path = path
        self._text = io.StringIO(newline="")
        delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
        self._rows = csv.writer(self._text, delimiter=delimiter, lineterminator="\n")
        self._rows.writerow(HEADER)
        header = self._text.getvalue().encode()
        refuse_other(path, "a table is", "boxes.csv", "predictions", lambda head: head.startswith(header))

    def add(self, raw: Any, name: str, prediction: Detections) -> None:
        """Write the rows of the next image."""
        for box, score, label in zip(prediction.boxes, prediction.scores, prediction.labels, strict=True):
            edges = [f"{edge:.2f}".rstrip("0").rstrip(".") for edge in box]
            self._rows.writerow([name, *edges, label, f"{score:.4f}"])
        if not len(prediction):
            self._rows.writerow([name, *[""] * (len(HEADER) - 1)])

    def close(self) -> Sequence[Path]:
        """Write the file."""
        try:
            with atomic_path(self._path) as temporary:
                temporary.write_bytes(self._text.getvalue().encode("utf-8", "backslashreplace"))
        except OSError as error:
            raise unwritable(self._path, error) from None
        return [self._path]
