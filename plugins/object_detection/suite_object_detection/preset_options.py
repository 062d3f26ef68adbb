"""The options of the builder of keras-hub's detectors. Light: neither numpy nor Keras is imported."""

from __future__ import annotations

from typing import Annotated

from suite.options import Auto, Meta, Options
from suite_object_detection.model_options import Range, Share, Side


class PresetOptions(Options, frozen=True):
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
    size: Annotated[
        Auto | Side | Annotated[tuple[Side, ...], Meta(min_length=2, max_length=2)],
        Meta(description="the network's input in pixels: a side or [height, width], multiples of 32"),
    ] = "auto"
    most_boxes: Annotated[
        Auto | Annotated[int, Meta(ge=1, le=2000)],
        Meta(description="boxes per picture that are learned from; of more, the largest"),
    ] = "auto"
    scale: Annotated[
        Auto | Range,
        Meta(description="least and greatest random size of a picture; 1 is that of prediction"),
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
    flip: Annotated[Auto | bool, Meta(description="whether pictures are mirrored, left to right")] = "auto"
    flip_vertical: Annotated[
        Auto | bool, Meta(description="whether pictures are mirrored, top to bottom: for those with no up")
    ] = "auto"
    quarter_turns: Annotated[
        Auto | bool, Meta(description="whether pictures are turned by 90 degrees: for those with no up")
    ] = "auto"
    colour: Annotated[
        Auto | Annotated[float, Meta(ge=0, le=2)],
        Meta(description="strength of random brightness, contrast, saturation and hue"),
    ] = "auto"
    grey: Annotated[Auto | Share, Meta(description="share of pictures that lose all colour")] = "auto"
    mosaic: Annotated[Auto | Share, Meta(description="share of pictures that are put together from four")] = (
        "auto"
    )
    mosaic_scale: Annotated[Auto | Range, Meta(description="as scale, of the pictures in a mosaic")] = "auto"
    mixup: Annotated[Auto | Share, Meta(description="share of pictures blended with another")] = "auto"
    visible: Annotated[
        Auto | Share,
        Meta(description="share of a box that has to be left where pictures are cut for it to count"),
    ] = "auto"
    clean: Annotated[
        Auto | Share,
        Meta(description="share of the training, at its end, without mosaic, MixUp, rotation and shear"),
    ] = "auto"
