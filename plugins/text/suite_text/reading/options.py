"""The options that all loaders of text share. Importing this costs nothing: declarations need it."""

from __future__ import annotations

from typing import Annotated, Literal, Protocol

from suite.options import Meta, Options
from suite_text.reading.cleaning import ControlCharacters, Markup, UnicodeForm, WhiteSpace


class ReadingOptions(Options, frozen=True):
    """How files become clean text."""

    encoding: Annotated[
        str,
        Meta(
            description="encoding of the files: utf-8, gb18030, windows-1252 ...; auto: for each file UTF-8"
            " or UTF-16, else what its bytes look like"
        ),
    ] = "auto"
    unicode: Annotated[
        UnicodeForm,
        Meta(description="normal form of Unicode: NFKC unifies look-alikes too (full-width letters)"),
    ] = "NFC"
    control_characters: Annotated[
        ControlCharacters,
        Meta(
            description="characters without a shape (NUL, byte order marks, soft hyphens, spaces of no width)"
        ),
    ] = "removed"
    markup: Annotated[
        Markup, Meta(description="tags and entities of HTML; removed: tags are left out, &amp; becomes &")
    ] = "kept"
    white_space: Annotated[
        WhiteSpace, Meta(description="joined: a single space for any white space, none at the ends")
    ] = "joined"
    duplicates: Annotated[
        Literal["apart", "removed", "kept"],
        Meta(
            description="apart: train leaves out what is in validation or test, too; removed: copies within"
            " train as well; kept: nothing is left out"
        ),
    ] = "apart"


class FilesOptions(ReadingOptions, frozen=True):
    """Which file of a folder is which split."""

    train: Annotated[str, Meta(description="name of the file with the train split; empty: by its name")] = ""
    validation: Annotated[
        str, Meta(description="name of the file with the validation split; empty: by its name")
    ] = ""
    test: Annotated[str, Meta(description="name of the file with the test split; empty: by its name")] = ""


Header = Annotated[
    bool,
    Meta(
        description="whether the first row of a table has the names of its columns; if not, columns are named"
        " by their numbers, from 1"
    ),
]


class TableReading(Protocol):
    """What options say of how tables are read."""

    @property
    def encoding(self) -> str: ...

    @property
    def header(self) -> bool: ...
