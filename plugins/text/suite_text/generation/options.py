"""The options of the loader. Importing this costs nothing: declarations need it."""

from __future__ import annotations

from typing import Annotated

from suite.options import Meta
from suite_text.cleaning import UnicodeForm, WhiteSpace
from suite_text.loader_options import ReadingOptions


class TextOptions(ReadingOptions, frozen=True):
    """Of the loader `text`. Text is learned as it is written: only control characters are removed."""

    unicode: Annotated[
        UnicodeForm,
        Meta(description="normal form of Unicode: NFKC makes one of look-alikes too (full-width letters)"),
    ] = "none"
    white_space: Annotated[
        WhiteSpace, Meta(description="joined: one space in place of any white space, line breaks too")
    ] = "kept"
    suffixes: Annotated[
        list[str],
        Meta(description="endings of the files that are read in a folder; empty: .txt, .md and other text"),
    ] = []  # noqa: RUF012 (msgspec copies it)
    text_column: Annotated[
        str, Meta(description="what the text is called in JSON lines; empty: found by its name")
    ] = ""
    passage_bytes: Annotated[
        int, Meta(ge=64, le=1 << 20, description="bytes of a passage at most, in UTF-8")
    ] = 2048
