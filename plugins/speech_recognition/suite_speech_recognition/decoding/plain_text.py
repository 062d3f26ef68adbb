"""Text files that users give: words, or text to learn a language from."""

from __future__ import annotations

from pathlib import Path

from suite import UserError
from suite.kit import read_regular


def read_text(path: str | Path, what: str) -> str:
    """The text of a file in UTF-8.

    Args:
        path: of the file.
        what: what it is, for errors: "the word list".

    Raises:
        suite.UserError: if it cannot be read, is not UTF-8 or holds nothing.
    """
    try:
        text = read_regular(path).decode("utf-8-sig")
    except OSError as error:
        raise UserError(f"{what} '{path}' cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise UserError(f"{what} '{path}' is not text in UTF-8 (line {line:,}); save it as UTF-8") from None
    if not text.strip():
        raise UserError(f"{what} '{path}' is empty")
    return text
