"""The options of the loaders. Importing this costs nothing: declarations need it."""

from __future__ import annotations

from typing import Annotated, Literal

from suite.options import Meta, Options

Unlabelled = Annotated[
    Literal["background", "leave-out"],
    Meta(
        description="what becomes of a picture without a label file: it counts as one without objects, or is"
        " left out"
    ),
]


class CocoOptions(Options, frozen=True):
    """Of the loader `coco`."""

    pictures: Annotated[
        str, Meta(description="folder with the pictures; empty: looked for beside the annotations")
    ] = ""


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
    unlabelled: Unlabelled = "background"


class YoloOptions(Options, frozen=True):
    """Of the loader `yolo`."""

    unlabelled: Unlabelled = "background"
