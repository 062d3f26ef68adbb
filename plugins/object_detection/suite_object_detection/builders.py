"""The builder `detector`: a one-stage detector, trained from scratch."""

from __future__ import annotations

from suite.data import Dataset
from suite.options import chosen
from suite.pipeline import TrainablePipeline
from suite_object_detection.assembly import MAX_BOXES, assembled, detection_loss
from suite_object_detection.codec import DetectionCodec
from suite_object_detection.options import DetectorOptions
from suite_object_detection.recipes import detector_defaults, input_size, settled
from suite_object_detection.survey import survey_of


def detector(dataset: Dataset, options: DetectorOptions) -> TrainablePipeline:
    """A one-stage detector: input, network, augmentation and training as the data suggests.

    Raises:
        suite.UserError: if the data has no box to learn from, or the size does not fit the strides.
    """
    from suite_object_detection.models.detector import BINS, NETWORKS, STRIDES, detector_network

    survey = survey_of(dataset)
    choices, recipe = detector_defaults(survey, options)
    options = settled(options, choices)
    size = input_size(options)
    codec = DetectionCodec(
        classes=survey.classes,
        size=size,
        strides=STRIDES,
        bins=BINS,
        max_boxes=chosen(options.max_boxes, MAX_BOXES),
        channels=chosen(options.channels, 3),
    )
    network = detector_network(
        size, len(survey.classes), channels=codec.channels, **NETWORKS[options.network]
    )
    loss = detection_loss(
        codec,
        box_weight=options.box_weight,
        class_weight=options.class_weight,
        distance_weight=options.distance_weight,
        candidates=options.candidates,
    )
    return assembled(options, survey, codec, network, loss, recipe)
