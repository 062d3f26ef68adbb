"""What `suite predict --set NAME=VALUE` may change of a classification. Light: imports no numpy."""

from __future__ import annotations

from typing import Annotated

from suite.options import Meta, Options


class ReadingOptions(Options, frozen=True):
    """How files are read."""

    whole_files: Annotated[
        bool,
        Meta(description="whether a file is one text; else each of its lines, or rows of a table, is one"),
    ] = False
