"""The options of the model builders. Light: neither numpy nor Keras is imported."""

from __future__ import annotations

from typing import Annotated, Literal

from suite.options import Auto, Meta, Options

Share = Annotated[float, Meta(ge=0, le=1)]
Side = Annotated[int, Meta(ge=32, le=4096)]
Scale = Annotated[float, Meta(ge=0.05, le=20)]
# Two numbers are a tuple of bounded length, not tuple[Side, Side]: msgspec 0.22 crashes in garbage collection
# on a union of a bounded number with a tuple of fixed length.
Range = Annotated[tuple[Scale, ...], Meta(min_length=2, max_length=2)]


class DetectionOptions(Options, frozen=True):
    """What every builder of this task takes: the input, targets and augmentation."""

    size: Annotated[
        Auto | Side | Annotated[tuple[Side, ...], Meta(min_length=2, max_length=2)],
        Meta(description="the network's input in pixels: a side or [height, width], multiples of 32"),
    ] = "auto"
    most_boxes: Annotated[
        Auto | Annotated[int, Meta(ge=1, le=2000)],
        Meta(description="boxes per image that are learned from; of more, the largest"),
    ] = "auto"
    scale: Annotated[
        Auto | Range,
        Meta(description="least and greatest random size of an image; 1 is that of prediction"),
    ] = "auto"
    translate: Annotated[
        Auto | Annotated[float, Meta(ge=0, le=1)],
        Meta(description="greatest random shift beyond that, as a share of the input"),
    ] = "auto"
    stretch: Annotated[
        Auto | Annotated[float, Meta(ge=1, le=4)],
        Meta(description="greatest random change of proportions; 1 is off"),
    ] = "auto"
    rotate: Annotated[
        Auto | Annotated[float, Meta(ge=0, le=180)], Meta(description="greatest random turn in degrees")
    ] = "auto"
    shear: Annotated[
        Auto | Annotated[float, Meta(ge=0, le=45)], Meta(description="greatest random shear in degrees")
    ] = "auto"
    flip: Annotated[Auto | bool, Meta(description="whether images are mirrored, left to right")] = "auto"
    flip_vertical: Annotated[
        Auto | bool, Meta(description="whether images are mirrored, top to bottom: for those with no up")
    ] = "auto"
    quarter_turns: Annotated[
        Auto | bool, Meta(description="whether images are turned by 90 degrees: for those with no up")
    ] = "auto"
    color: Annotated[
        Auto | Annotated[float, Meta(ge=0, le=2)],
        Meta(description="strength of random brightness, contrast, saturation and hue"),
    ] = "auto"
    gray: Annotated[Auto | Share, Meta(description="share of images that lose all color")] = "auto"
    mosaic: Annotated[Auto | Share, Meta(description="share of images that are put together from four")] = (
        "auto"
    )
    mosaic_scale: Annotated[Auto | Range, Meta(description="as scale, of the images in a mosaic")] = "auto"
    mixup: Annotated[Auto | Share, Meta(description="share of images blended with another")] = "auto"
    visible: Annotated[
        Auto | Share,
        Meta(description="share of a box that has to be left where images are cut for it to count"),
    ] = "auto"
    clean: Annotated[
        Auto | Share,
        Meta(description="share of the training, at its end, without mosaic, MixUp, rotation and shear"),
    ] = "auto"


class DetectorOptions(DetectionOptions, frozen=True):
    """A one-stage detector trained from scratch, or from the weights of another (`--init`)."""

    network: Annotated[
        Auto | Literal["nano", "small", "medium"], Meta(description="how large the network is")
    ] = "auto"
    candidates: Annotated[
        int, Meta(ge=1, le=100, description="locations that learn a box, at most (top-k of TOOD)")
    ] = 10
    box_weight: Annotated[float, Meta(ge=0, description="weight of the boxes' overlap in the loss")] = 7.5
    class_weight: Annotated[float, Meta(ge=0, description="weight of the classes in the loss")] = 0.5
    distance_weight: Annotated[
        float, Meta(ge=0, description="weight of the distribution focal loss of the boxes' edges")
    ] = 1.5


class PresetOptions(DetectionOptions, frozen=True):
    """A keras-hub preset."""

    preset: Annotated[
        str,
        Meta(
            description="a keras-hub preset's name (RetinaNet, D-FINE, or a backbone such as ResNet), or the"
            " folder of one; fetched only when it is a name"
        ),
    ] = "retinanet_resnet50_fpn_v2_coco"
    load_weights: Annotated[
        bool, Meta(description="whether the preset's weights are loaded, or only its architecture")
    ] = True
    frozen_share: Annotated[
        Auto | Share, Meta(description="share of the epochs in which a RetinaNet's backbone stays as it is")
    ] = "auto"
    backbone_learning_rate: Annotated[
        Auto | Annotated[float, Meta(gt=0, le=1)],
        Meta(description="factor of the learning rate once a RetinaNet's backbone learns too"),
    ] = "auto"
