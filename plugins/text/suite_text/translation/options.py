"""The options of the loaders. Importing this costs nothing: declarations need it."""

from __future__ import annotations

from typing import Annotated

from suite.options import Meta
from suite_text.loader_options import FilesOptions


class ParallelOptions(FilesOptions, frozen=True):
    """Of the loader `parallel`. Parts are named without the language: test_2016_flickr, say."""

    source: Annotated[str, Meta(description="language to translate from, as files end: en")] = ""
    target: Annotated[
        str, Meta(description="language to translate to; empty: the other one, where there are two")
    ] = ""


class TableOptions(FilesOptions, frozen=True):
    """Of the loader `table`."""

    source: Annotated[
        str, Meta(description="column with the texts to translate; empty: found by its name (source)")
    ] = ""
    target: Annotated[
        str, Meta(description="column with their translations; empty: found by its name, or the other one")
    ] = ""
    split_column: Annotated[
        str,
        Meta(description="column that says train, validation or test; empty: found by its name, if any"),
    ] = ""
