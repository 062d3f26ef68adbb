"""The token of a server: from a file, or from the environment, and never from the words of a command."""

from __future__ import annotations

import os
from pathlib import Path

from suite.errors import UserError, reason


def token_of(file: str | None) -> str | None:
    """The token in a file, else that of `SUITE_TOKEN`; None if there is none.

    Raises:
        UserError: if it cannot be read or is no token.
    """
    if file is None:
        token, where = os.environ.get("SUITE_TOKEN"), "SUITE_TOKEN"
    else:
        from suite.regular_files import read_regular

        where = f"--token-file {file}"
        try:
            token = read_regular(Path(file)).decode("utf-8").strip()
        except UnicodeDecodeError:
            raise UserError(f"{where} cannot be read: it is no text in UTF-8") from None
        except OSError as error:
            raise UserError(f"{where} cannot be read: {reason(error)}") from None
    if token is None:
        return None
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise UserError(f"{where} holds no token: give letters, digits and signs without spaces")
    return token
