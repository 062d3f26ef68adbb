"""What files are, at prediction: what a loader was told, or found, about those that a model learned from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict, cast

import msgspec

from suite import UserError


class InputFiles(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the files of a data set hold its texts.

    Attributes:
        columns: the columns of a table that make a text, one after the other; empty: found by name.
        header: whether the first row of a table has the names of its columns.
        encoding: as Python calls it, or "auto".
        whole: whether a file is a text, and not each of its lines.
        chat: whether rows of JSON are conversations; see `suite_text.reading.chat`.
        suffixes: endings of files with a text per line, besides the usual ones.
    """

    columns: tuple[str, ...] = ()
    header: bool = True
    encoding: str = "auto"
    whole: bool = False
    chat: bool = False
    suffixes: tuple[str, ...] = ()


class InputFilesFact(TypedDict, total=False):
    """`InputFiles` as a fact of a data set, in plain JSON values; what is missing has its default."""

    columns: list[str]
    header: bool
    encoding: str
    whole: bool
    chat: bool
    suffixes: list[str]


def input_files_of(facts: Mapping[str, Any]) -> InputFiles:
    """How the files of a data set hold its texts, from its fact "files"; the defaults if it has none.

    Raises:
        suite.UserError: if the fact is of another form.
    """
    try:
        return msgspec.convert(facts.get("files", {}), InputFiles)
    except msgspec.ValidationError as error:
        raise UserError(f"the data's fact 'files' is not as `InputFiles` says: {error}") from None


def files_fact(files: InputFiles) -> dict[str, InputFilesFact]:
    """The fact "files" of a data set, to be put among the others; nothing if all is as usual."""
    # Not by omit_defaults, which omits what is the very object of a default and keeps what equals it: the
    # facts and the codec of a resumed run, whose options are read from a file, would not be those it had.
    usual = msgspec.to_builtins(InputFiles())
    built = {name: value for name, value in msgspec.to_builtins(files).items() if value != usual[name]}
    return {"files": cast("InputFilesFact", built)} if built else {}
