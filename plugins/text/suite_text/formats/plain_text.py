"""Predictions as plain text: a line for each input, and nothing beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from suite import UserError
from suite.kit import unwritable


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
        self._path = path if path.suffix and not path.is_dir() else path / "predictions.txt"
        in_folder = self._path != path
        if self._path.exists() and self._path.stat().st_size and not in_folder:
            raise UserError(f"--out {path} is there already, and is not overwritten: give another name")
        try:
            self._path.parent.mkdir(exist_ok=True)
            self._file: IO[str] = self._path.open("w", encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            raise unwritable(self._path, error) from None

    def add(self, raw: Any, name: str, prediction: Any) -> None:
        """Write a line."""
        del raw, name
        self._file.write(str(prediction).replace("\r", "\\r").replace("\n", "\\n") + "\n")

    def close(self) -> Sequence[Path]:
        """Finish the file."""
        self._file.close()
        return [self._path]
