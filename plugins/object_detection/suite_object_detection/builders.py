"""From a dataset and options to everything that training needs."""

from __future__ import annotations

import msgspec

from suite import UserError
from suite.data import Dataset
from suite.evaluation import Pairs
from suite.options import resolved
from suite.pipeline import TrainablePipeline
from suite_object_detection.augmentation import Augmentation, DetectionBatches
from suite_object_detection.codec import DetectionCodec
from suite_object_detection.model_options import DetectionOptions, DetectorOptions
from suite_object_detection.recipes import STEP, detector_defaults
from suite_object_detection.survey import survey


def detector(dataset: Dataset, options: DetectorOptions) -> TrainablePipeline:
    """A one-stage detector: input, network, augmentation and training as the data suggests.

    Raises:
        suite.UserError: where the data has no box to learn from, or the size does not fit the strides.
    """
    from suite_object_detection.models.detector import BINS, NETWORKS, STRIDES, detector_network
    from suite_object_detection.models.loss import DetectionLoss

    found = survey(dataset)
    choices, recipe = detector_defaults(found, options)
    options = resolved(options, choices)
    size = input_size(options)
    assert options.most_boxes != "auto"
    codec = DetectionCodec(
        classes=found.classes, size=size, strides=STRIDES, bins=BINS, most_boxes=options.most_boxes
    )
    network = detector_network(size, len(found.classes), **NETWORKS[options.network])
    loss = DetectionLoss(
        size,
        STRIDES,
        len(found.classes),
        BINS,
        box_weight=options.box_weight,
        class_weight=options.class_weight,
        distance_weight=options.distance_weight,
        candidates=options.candidates,
    )
    drawn = {name: getattr(options, name) for name in Augmentation.__struct_fields__}
    return TrainablePipeline(
        codec=codec,
        network=network,
        loss=loss,
        batch_maker=DetectionBatches(codec=codec, augmentation=Augmentation(**drawn)),
        targets=codec.target,
        options=options,
        recipe=recipe,
        calibrate=calibrated,
    )


def calibrated(codec: DetectionCodec, pairs: Pairs) -> DetectionCodec:
    """The codec with the threshold that has the highest F1 on `pairs`."""
    from suite_object_detection.scores import best_threshold

    return msgspec.structs.replace(codec, threshold=best_threshold(pairs))


def input_size(options: DetectionOptions) -> tuple[int, int]:
    """(height, width) of the network's input.

    Raises:
        suite.UserError: where it is no multiple of the largest stride.
    """
    assert options.size != "auto"
    height, width = (options.size, options.size) if isinstance(options.size, int) else options.size
    for side in (height, width):
        if side % STEP:
            below, above = side // STEP * STEP, (side // STEP + 1) * STEP
            near = f"{below} or {above}" if below else f"{above}"
            raise UserError(f"size {side} is not a multiple of {STEP}: take {near}")
    return height, width
