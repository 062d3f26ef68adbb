"""The options of the loaders and the model builders. Light: neither numpy nor Keras is imported."""

from __future__ import annotations

from typing import Annotated, Literal

from suite.options import OF_DATA, Auto, Meta, Options
from suite_classification.options import LabelOptions, Share
from suite_images.channels import Channels
from suite_images.classes import ClassOptions

Side = Annotated[int, Meta(ge=4, le=2048)]
# A height and a width are a tuple of bounded length, not tuple[Side, Side]: msgspec 0.22 crashes in garbage
# collection on a union of a bounded integer with a tuple of fixed length.

SplitColumn = Annotated[
    str, Meta(description="column with train, validation or test; empty: recognized by its name, if any")
]
GroupColumn = Annotated[
    str, Meta(description="column of what examples belong to (a patient, say), which splits keep together")
]


class FolderOptions(ClassOptions, frozen=True):
    """Of the loader `folder`."""

    class_pattern: Annotated[
        str,
        Meta(
            description="regular expression that finds the class in a file's name, its first group if it has"
            " any: '^(.+)_[0-9]+'; empty: the class is the folder"
        ),
    ] = ""


class TableOptions(ClassOptions, frozen=True):
    """Of the loader `table`."""

    path_column: Annotated[
        str,
        Meta(
            description="column with the images' paths, relative to the table; empty: recognized by its name"
        ),
    ] = ""
    label_column: Annotated[
        str,
        Meta(
            description="column with the labels, or several of 0 and 1, a class each: cat,dog; empty:"
            " recognized by its name, or by holding 0 and 1"
        ),
    ] = ""
    images: Annotated[
        str,
        Meta(
            description="folder of the images, if it is not that of the table; paths are relative to it, and"
            " names without an ending are found in it",
            extra=OF_DATA,
        ),
    ] = ""
    split_column: SplitColumn = ""
    group_column: GroupColumn = ""
    label_separator: Annotated[
        str,
        Meta(
            description="separator of several labels in one cell; empty: a cell is one label, or a list of"
            " them as JSON or Python writes it"
        ),
    ] = ""


class ParquetOptions(ClassOptions, frozen=True):
    """Of the loader `parquet`."""

    image_column: Annotated[
        str, Meta(description="column with the images themselves; empty: recognized by what it holds")
    ] = ""
    label_column: Annotated[
        str, Meta(description="column with the labels; empty: recognized by its name")
    ] = ""
    split_column: SplitColumn = ""
    group_column: GroupColumn = ""
    label_separator: Annotated[
        str,
        Meta(description="separator of several labels in one cell; empty: a cell is one label, or a list"),
    ] = ""


class ImageModelOptions(Options, frozen=True):
    """The options of every model builder of this task: the input, regularization and augmentation.

    Derive from it for a builder of your own (see `suite_image_classification.api`).
    """

    size: Annotated[
        Auto | Side | Annotated[tuple[Side, ...], Meta(min_length=2, max_length=2)],
        Meta(description="side of the network's input in pixels, or [height, width]"),
    ] = "auto"
    resize: Annotated[
        Auto | Literal["squash", "crop", "letterbox"],
        Meta(description="how images of another aspect ratio are fitted: stretched, cut, or with bars"),
    ] = "auto"
    bits: Annotated[
        Auto | Annotated[int, Meta(ge=8, le=16)],
        Meta(
            description="how many bits of images with 16 per value are used: 12 if white is 4,095; auto: as"
            " many as the largest value of a sample needs"
        ),
    ] = "auto"
    channels: Channels = "auto"
    dropout: Annotated[
        Auto | Annotated[float, Meta(ge=0, lt=1)],
        Meta(description="share of features dropped before the last layer"),
    ] = "auto"
    label_smoothing: Annotated[
        Auto | Annotated[float, Meta(ge=0, lt=1)],
        Meta(description="share of the target that is spread evenly over the classes"),
    ] = "auto"
    class_weights: Annotated[
        Auto | bool,
        Meta(description="whether the loss weighs classes by the inverse of their frequency"),
    ] = "auto"
    translate: Annotated[
        Auto | Annotated[float, Meta(ge=0, le=0.5)],
        Meta(description="largest random shift, as a share of the side"),
    ] = "auto"
    crop: Annotated[
        Auto | Annotated[float, Meta(gt=0, le=1)],
        Meta(description="smallest share of the image's area that a random crop keeps; 1 is off"),
    ] = "auto"
    aspect_ratio: Annotated[
        Auto | Annotated[float, Meta(ge=1, le=4)],
        Meta(description="largest factor by which a random crop changes its aspect ratio; 1 is off"),
    ] = "auto"
    rotate: Annotated[
        Auto | Annotated[float, Meta(ge=0, le=180)], Meta(description="largest random rotation in degrees")
    ] = "auto"
    flip: Annotated[Auto | bool, Meta(description="whether images are mirrored left to right at random")] = (
        "auto"
    )
    color_jitter: Annotated[
        Auto | Annotated[float, Meta(ge=0, le=2)],
        Meta(description="strength of random brightness, contrast, saturation and hue"),
    ] = "auto"
    grayscale: Annotated[
        Auto | Share, Meta(description="share of images that are turned to gray at random")
    ] = "auto"
    rand_augment: Annotated[
        Auto | Annotated[int, Meta(ge=0, le=8)],
        Meta(description="RandAugment operations per image; 0 is off"),
    ] = "auto"
    rand_augment_strength: Annotated[Share, Meta(description="strength of the RandAugment operations")] = 0.3
    erase: Annotated[
        Auto | Share, Meta(description="share of images in which a random rectangle is erased")
    ] = "auto"
    mixup: Annotated[Auto | Share, Meta(description="share of images blended with another (MixUp)")] = "auto"
    cutmix: Annotated[
        Auto | Share, Meta(description="share of images with a rectangle of another (CutMix)")
    ] = "auto"
    clean: Annotated[
        Auto | Share,
        Meta(description="share of the training, at its end, without RandAugment, MixUp and CutMix"),
    ] = "auto"


class ResidualOptions(ImageModelOptions, frozen=True):
    """A residual network trained from scratch."""

    architecture: Annotated[
        Auto | Literal["small", "photograph"],
        Meta(description="the network for images of up to 64 pixels, or that for photographs"),
    ] = "auto"
    width: Annotated[
        Auto | Annotated[int, Meta(ge=4, le=512)],
        Meta(description="filters of the first stage; each later stage has twice as many"),
    ] = "auto"


class FineTuningOptions(ImageModelOptions, frozen=True):
    """The options that fine-tuned networks share."""

    frozen_share: Annotated[
        Auto | Share,
        Meta(description="share of the epochs in which only the last layer learns; 1 is all of them"),
    ] = "auto"
    backbone_learning_rate: Annotated[
        Auto | Annotated[float, Meta(gt=0, le=1)],
        Meta(description="factor of the learning rate when the whole network learns"),
    ] = "auto"


class ApplicationsOptions(FineTuningOptions, frozen=True):
    """A network of keras.applications."""

    family: Annotated[str, Meta(description="the class in keras.applications, as in `MobileNetV3Small`")] = (
        "MobileNetV3Small"
    )
    weights: Annotated[
        str,
        Meta(description="none, imagenet (Keras downloads them once), or a .weights.h5 or .keras file"),
    ] = "none"


class PresetOptions(FineTuningOptions, frozen=True):
    """A keras-hub preset."""

    preset: Annotated[
        str,
        Meta(description="name of a keras-hub preset, which is downloaded, or the folder of a preset"),
    ] = "resnet_18_imagenet"
    load_weights: Annotated[
        bool, Meta(description="whether the preset's weights are loaded, or only its architecture")
    ] = True


# Options at prediction.


class ImagePredictionOptions(LabelOptions, frozen=True):
    """Which labels are given, and how often an image is looked at."""

    augment: Annotated[
        bool,
        Meta(
            description="predict every image mirrored as well and average the probabilities: twice the time"
        ),
    ] = False
