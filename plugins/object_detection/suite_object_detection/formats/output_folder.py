"""A folder that files are written to, one or more for each predicted image."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from suite import UserError
from suite.evaluation import PREDICTIONS_FILE
from suite.kit import atomic_write, unwritable
from suite_images.encoding import jpeg, png

_JPEG = (".jpg", ".jpeg", ".jpe", ".jfif")


class OutputFolder:
    """Finds a free name for each file, and never overwrites what is not its own.

    A file that was there before is only overwritten in a folder that predictions were written to before,
    and never by what was made from it. If two files would be called the same, the later one gets a number.

    Args:
        folder: made if it is not there.
        what: how a message calls what is written.

    Attributes:
        written: the files, in the order in which they were written.
    """

    def __init__(self, folder: Path, what: str) -> None:
        self._folder = folder
        self._overwrites = (folder / PREDICTIONS_FILE).exists()
        self._taken: set[Path] = set()
        self.written: list[Path] = []
        if folder.exists() and not folder.is_dir():
            raise UserError(f"{folder} is a file, but {what} need a folder: name another one")
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise unwritable(folder, error) from None

    def free(self, relative: PurePosixPath, raw: Any) -> Path:
        """The path for what comes from `raw`, in a folder that is there.

        Raises:
            suite.UserError: if something is there that is not overwritten.
        """
        path = self._folder / relative
        number = 2
        while path in self._taken:
            path = (self._folder / relative).with_stem(f"{relative.stem}-{number}")
            number += 1
        self._taken.add(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists() and (not self._overwrites or _is_same(path, raw)):
                raise UserError(f"{path} is there already and is not overwritten: write to another folder")
        except OSError as error:
            raise unwritable(path, error) from None
        return path

    def write(self, relative: PurePosixPath, content: bytes, raw: Any) -> Path:
        """Write a file, and return its path.

        Raises:
            suite.UserError: if it cannot be written.
        """
        path = self.free(relative, raw)
        try:
            atomic_write(path, content)
        except OSError as error:
            raise unwritable(path, error) from None
        self.written.append(path)
        return path

    def write_image(self, relative: PurePosixPath, pixels: np.ndarray, raw: Any) -> Path:
        """Write an image: a JPEG stays one, everything else becomes a PNG."""
        is_jpeg = relative.suffix.lower() in _JPEG
        content = jpeg(pixels, quality=92) if is_jpeg else png(pixels)
        return self.write(relative if is_jpeg else relative.with_suffix(".png"), content, raw)


def _is_same(path: Path, raw: Any) -> bool:
    origin = Path(getattr(raw, "name", None) or (raw if isinstance(raw, str | Path) else ""))
    return origin.is_file() and path.samefile(origin)
