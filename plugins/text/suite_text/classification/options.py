"""The options of the loaders. Importing this costs nothing: declarations need it."""

from __future__ import annotations

from typing import Annotated

from suite.options import Meta
from suite_text.loader_options import FilesOptions, ReadingOptions


class TableOptions(FilesOptions, frozen=True):
    """Of the loader `table`."""

    text_column: Annotated[str, Meta(description="column with the texts; empty: found by its name")] = ""
    label_column: Annotated[str, Meta(description="column with the labels; empty: found by its name")] = ""
    split_column: Annotated[
        str,
        Meta(description="column that says train, validation or test; empty: found by its name, if any"),
    ] = ""
    label_separator: Annotated[
        str,
        Meta(description="what stands between several labels in one cell; empty: a cell is one label"),
    ] = ""


class FolderOptions(ReadingOptions, frozen=True):
    """Of the loader `folder`."""


class LabeledLinesOptions(FilesOptions, frozen=True):
    """Of the loader `labeled-lines`."""

    label_separator: Annotated[
        str,
        Meta(description="what stands between several labels before the tab; empty: that is one label"),
    ] = ""
