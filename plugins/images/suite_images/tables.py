"""Tables of images: the usual names of their columns, and the cells of CSV and TSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from suite import UserError
from suite.kit import decoded
from suite.sources import Source

PATH_COLUMNS = (
    "path", "filepath", "file_path", "file", "filename", "file_name", "image", "image_path", "image_file",
    "image_name", "img", "img_path", "picture", "photo",
)  # fmt: skip
"""The usual names of a column with the images' paths, in lower case."""

SPLIT_COLUMNS = ("split", "part", "subset", "partition")
"""The usual names of a column with splits, in lower case."""


def text_of(source: Source) -> str:
    """The content of a table. Raises `UserError` if it is neither UTF-8 nor UTF-16."""
    return decoded(source.read(), source.name)


def rows_of_cells(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of each row that is not blank.

    Cells are separated by tabs if `name` ends with .tsv, else by comma, semicolon or tab: whichever is most
    frequent in the first line.

    Raises:
        UserError: if a row cannot be read.
    """
    head = text.partition("\n")[0]
    delimiter = "\t" if name.lower().endswith(".tsv") else max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise UserError(f"{name}, line {reader.line_num} cannot be read: {error}") from None
