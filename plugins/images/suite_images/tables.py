"""Tables as text: CSV and TSV as people and programs save them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from suite import UserError
from suite.kit.tables import decoded
from suite.sources import Source

PATH_COLUMNS = (
    "path", "filepath", "file_path", "file", "filename", "file_name", "image", "image_path", "image_file",
    "image_name", "img", "img_path", "picture", "photo",
)  # fmt: skip
"""What a column of the images' paths may be called, in lower case."""

SPLIT_COLUMNS = ("split", "part", "subset", "partition")
"""What a column of parts may be called, in lower case."""


def text_of(source: Source) -> str:
    """The content of a table. Raises `UserError` where it is neither UTF-8 nor UTF-16."""
    return decoded(source.read(), source.name)


def rows_of_cells(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of each row that is not blank.

    Cells are separated by tabs where `name` ends with .tsv, else by the one of comma, semicolon and tab that
    is in the first line most often.

    Raises:
        UserError: where a row cannot be read.
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
