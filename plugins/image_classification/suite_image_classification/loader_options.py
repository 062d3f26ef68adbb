"""The options of the loaders. Importing this costs nothing: declarations need it."""

from __future__ import annotations

from typing import Annotated

from suite.options import Meta, Options


class FolderOptions(Options, frozen=True):
    """Of the loader `folder`. What it finds depends on the folders alone."""


class TableOptions(Options, frozen=True):
    """Of the loader `table`."""

    path_column: Annotated[
        str,
        Meta(description="column with the images' paths, relative to the table; empty: found by its name"),
    ] = ""
    label_column: Annotated[str, Meta(description="column with the labels; empty: found by its name")] = ""
    split_column: Annotated[
        str,
        Meta(description="column that says train, validation or test; empty: found by its name, if any"),
    ] = ""
    label_separator: Annotated[
        str,
        Meta(description="what stands between several labels in one cell; empty: a cell is one label"),
    ] = ""
