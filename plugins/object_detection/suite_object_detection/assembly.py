"""From resolved options, a codec, a network and a loss to all that training needs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import numpy as np

from suite.evaluation import Pairs
from suite.options import chosen
from suite.pipeline import TrainablePipeline
from suite_images.inspection import endless_note
from suite_object_detection.batches.augmentation import Augmentation
from suite_object_detection.batches.detection_batches import DetectionBatches
from suite_object_detection.box_codec import BoxCodec
from suite_object_detection.codec import DetectionCodec
from suite_object_detection.evaluation.metrics import best_threshold, class_thresholds
from suite_object_detection.options import DetectionOptions
from suite_object_detection.recipes import tiling_of
from suite_object_detection.small_objects import small_objects
from suite_object_detection.survey import IMAGES_READ, Survey

if TYPE_CHECKING:
    import keras

AnyCodec = TypeVar("AnyCodec", bound=BoxCodec)

MAX_BOXES = 100
"""Rows of targets, if options leave them open."""


def assembled(
    options: DetectionOptions,
    survey: Survey,
    codec: BoxCodec,
    network: keras.Model,
    loss: Any,
    recipe: Mapping[str, Any],
    **more: Any,
) -> TrainablePipeline:
    """The pipeline of a network, with the batches, targets and calibration that all detectors share.

    Args:
        options: without "auto".
        survey: of the data.
        codec: decodes what the network gives.
        network: from uint8 images to float32 outputs.
        loss: of targets as `BoxCodec.target` has them and the outputs.
        recipe: values for the training options.
        more: further arguments of `TrainablePipeline`.

    Raises:
        ValueError: if the network takes or gives something else than the codec.
    """
    check_network(network, codec)
    most = float(np.percentile(survey.per_image, 99))
    codec = msgspec.structs.replace(
        codec,
        mirrors=options.flip is True,
        bits=chosen(options.bits, survey.bits),
        tiling=tiling_of(survey, options),
        max_detections=max(codec.max_detections, 100 * math.ceil(1.5 * most / 100)),
    )
    settings = {name: getattr(options, name) for name in Augmentation.__struct_fields__}
    return TrainablePipeline(
        codec=codec,
        network=network,
        loss=loss,
        batch_maker=DetectionBatches(codec=codec, augmentation=Augmentation(**settings)),
        targets=codec.target,
        options=options,
        recipe=recipe,
        calibrate=calibrated,
        notes=[
            *([note] if (note := small_objects(survey, options)) else []),
            *endless_note(survey.endless, min(survey.count, IMAGES_READ)),
        ],
        **more,
    )


def check_network(network: keras.Model, codec: BoxCodec) -> None:
    """Refuse a network that takes no uint8 images of the codec's size, or gives other outputs.

    Raises:
        ValueError: with what the network takes or gives, and what it should.
    """
    wanted = (None, *codec.size, codec.channels)
    if not _are(network.inputs, "uint8", wanted):
        raise ValueError(
            f"the network '{network.name}' takes {_listed(network.inputs)}: it must take uint8 {wanted}, so"
            f' begin it with keras.Input({wanted[1:]}, dtype="uint8") and scale the images inside'
        )
    outputs = (None, *codec.output_shape)
    if not _are(network.outputs, "float32", outputs):
        raise ValueError(
            f"the network '{network.name}' gives {_listed(network.outputs)}: it must give float32 {outputs},"
            f" for each anchor {len(codec.classes)} logits of classes and the numbers of a box, as"
            f" {type(codec).__name__} decodes them"
        )


def _are(tensors: Any, dtype: str, shape: tuple[int | None, ...]) -> bool:
    """Whether it is one tensor of this type and shape; sides that Keras does not know fit."""
    if len(tensors) != 1 or tensors[0].dtype != dtype or len(tensors[0].shape) != len(shape):
        return False
    return all(side in (None, wanted) for side, wanted in zip(tensors[0].shape, shape, strict=True))


def _listed(tensors: Any) -> str:
    return ", ".join(f"{tensor.dtype} {tuple(tensor.shape)}" for tensor in tensors)


def detection_loss(codec: BoxCodec, **weights: Any) -> Any:
    """The loss of a network whose outputs are those of `DetectionCodec`.

    Args:
        codec: of the network.
        weights: further arguments of `DetectionLoss`.

    Raises:
        TypeError: for another codec.
    """
    from suite_object_detection.models.loss import DetectionLoss

    if not isinstance(codec, DetectionCodec):
        raise TypeError(f"{type(codec).__name__} needs a loss of its own: give one")
    return DetectionLoss(codec.size, codec.strides, len(codec.classes), codec.bins, **weights)


def calibrated(codec: AnyCodec, pairs: Pairs) -> AnyCodec:
    """The codec with the threshold of the highest F1 on `pairs`, and those of classes that need others."""
    threshold = best_threshold(pairs)
    return msgspec.structs.replace(codec, threshold=threshold, thresholds=class_thresholds(pairs, threshold))
