"""Tables of images: the usual names of their columns."""

from __future__ import annotations

from suite.kit import decoded
from suite.sources import Source

PATH_COLUMNS = (
    "path", "filepath", "file_path", "file", "filename", "file_name", "image", "image_path", "image_file",
    "image_name", "img", "img_path", "picture", "photo",
)  # fmt: skip
"""The usual names of a column with the images' paths, in lower case."""


def text_of(source: Source) -> str:
    """The content of a table. Raises `UserError` if it is neither UTF-8 nor UTF-16."""
    return decoded(source.read(), source.name)
