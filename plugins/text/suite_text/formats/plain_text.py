"""Predictions as plain text: a line for each input, and nothing beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from suite import UserError
from suite_text.formats.output_file import OutputFile


class PlainText:
    r"""Writes what a prediction says to people in a line of its own; its line breaks become `\n`.

    Args:
        path: a file with an ending; or a folder, which gets `predictions.txt`.
        facts: of the data; not needed.

    Raises:
        suite.UserError: if the file is there already, since nothing says that it holds predictions.
    """

    def __init__(self, path: Path, facts: Mapping[str, Any]) -> None:
        del facts
        if path.is_dir() or not path.suffix:
            path = path / "predictions.txt"
        elif path.exists() and path.stat().st_size:
            raise UserError(f"--out {path} is there already, and is not overwritten: give another name")
        self._file = OutputFile(path)

    def add(self, raw: Any, name: str, prediction: Any) -> None:
        """Write a line."""
        del raw, name
        self._file.text.write(str(prediction).replace("\r", "\\r").replace("\n", "\\n") + "\n")

    def close(self) -> Sequence[Path]:
        """Finish the file."""
        return self._file.close()
