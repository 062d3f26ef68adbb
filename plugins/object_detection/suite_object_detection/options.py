"""The options of the loaders. Importing this costs nothing: declarations need it."""

from __future__ import annotations

from typing import Annotated, Literal

from suite.options import Meta, Options

Unlabeled = Annotated[
    Literal["background", "leave-out"],
    Meta(
        description="what becomes of an image without a label file: it counts as one without objects, or is"
        " left out"
    ),
]


Images = Annotated[str, Meta(description="folder with the images; empty: looked for beside the annotations")]


class CocoOptions(Options, frozen=True):
    """Of the loader `coco`."""

    images: Images = ""


class VocOptions(Options, frozen=True):
    """Of the loader `voc`."""

    difficult: Annotated[
        Literal["ignore", "train"],
        Meta(
            description="what becomes of boxes marked difficult: ignored in training and scores, or used as"
            " any other"
        ),
    ] = "ignore"
    first_pixel: Annotated[
        Literal["auto", "0", "1"],
        Meta(
            description="the number of the first pixel: 1 as in Pascal VOC, whose xmax is the object's last"
            " pixel; 0 where xmax is its right edge; auto: 0 if any coordinate is 0, else 1"
        ),
    ] = "auto"
    unlabeled: Unlabeled = "background"


class YoloOptions(Options, frozen=True):
    """Of the loader `yolo`."""

    unlabeled: Unlabeled = "background"


class CsvOptions(Options, frozen=True):
    """Of the loader `csv`."""

    path_column: Annotated[
        str, Meta(description="column with the images' paths; empty: found by its name")
    ] = ""
    label_column: Annotated[str, Meta(description="column with the classes; empty: found by its name")] = ""
    split_column: Annotated[
        str,
        Meta(description="column that says train, validation or test; empty: found by its name, if any"),
    ] = ""
    box_columns: Annotated[
        list[str],
        Meta(
            description="columns with left, upper, right and lower edge, or, called as such, x, y, width and"
            " height; empty: found by their names"
        ),
    ] = []  # noqa: RUF012 (msgspec copies it)
    unit: Annotated[
        Literal["auto", "pixels", "shares"],
        Meta(
            description="what boxes are in: pixels, or shares of the image's width and height; auto: shares"
            " if all numbers are from 0 to 1"
        ),
    ] = "auto"
    images: Images = ""
