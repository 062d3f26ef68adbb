"""A single file that predictions are written to: it must not be that of anything else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from suite import UserError
from suite.kit import refuse_special, unwritable

_HEAD = 1024


def refuse_other(path: Path, are: str, example: str, kind: str, is_own: Callable[[bytes], bool]) -> None:
    """Refuse a folder, and a file that was not written before by what is to write there now.

    Args:
        path: of the file.
        are: the beginning of "... one file", for a message.
        example: what such a file is called.
        kind: what a file must hold to be overwritten, for a message.
        is_own: whether it does, by its beginning.

    Raises:
        suite.UserError: if it is not to be overwritten, or cannot be looked into.
    """
    if path.is_dir():
        raise UserError(f"{path} is a folder, but {are} one file: '{path / example}', say")
    try:
        refuse_special(path)
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except FileNotFoundError:
        return
    except OSError as error:
        raise unwritable(path, error) from None
    if not is_own(head):
        raise UserError(
            f"{path} is there already and holds no {kind}: it is not overwritten, name another file"
        )
