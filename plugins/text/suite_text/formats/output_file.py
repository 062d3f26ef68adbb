"""A file of text that is written whole or not at all."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import IO

from suite.kit import atomic_path, unwritable


class OutputFile:
    """A file that is there, whole, when `close` has returned; its folder is made if it is missing.

    Args:
        path: of the file.

    Attributes:
        text: where to write, as UTF-8.

    Raises:
        suite.UserError: if it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with ExitStack() as stack:
            try:
                path.parent.mkdir(exist_ok=True)
                temporary = stack.enter_context(atomic_path(path))
                file = temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="")
                self.text: IO[str] = stack.enter_context(file)
            except OSError as error:
                raise unwritable(path, error) from None
            self._closing = stack.pop_all()

    def close(self) -> list[Path]:
        """Finish the file, and say which it is. Raises `suite.UserError` if it cannot be written."""
        try:
            self._closing.close()
        except OSError as error:
            raise unwritable(self._path, error) from None
        return [self._path]
