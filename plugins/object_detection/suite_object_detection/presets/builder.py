"""The builder of keras-hub's detectors."""

from __future__ import annotations

from typing import Any

from suite import UserError
from suite.data import Dataset
from suite.options import chosen, resolved
from suite.pipeline import Stage, TrainablePipeline
from suite_object_detection.assembly import MAX_BOXES, assembled
from suite_object_detection.options import PresetOptions
from suite_object_detection.presets.codec import PresetCodec
from suite_object_detection.recipes import (
    Choices,
    augmentation_defaults,
    epochs_for,
    input_size,
    max_boxes_for,
    tile_defaults,
)
from suite_object_detection.survey import Survey, survey_of


def preset(dataset: Dataset, options: PresetOptions) -> TrainablePipeline:
    """A detector of keras-hub, fine-tuned, or from scratch.

    Raises:
        suite.UserError: if keras-hub is missing, the preset is not known, does not load or is no detector,
            an option does not fit it, or the data has no box to learn from.
    """
    from suite_object_detection.presets.losses import AnchorLoss, SetLoss
    from suite_object_detection.presets.networks import preset_network

    survey = survey_of(dataset)
    channels = chosen(options.channels, survey.channels)
    if channels != 3:
        raise UserError(f"a preset takes 3 channels, not {channels}: --model detector takes any number")
    size = None if options.size == "auto" else input_size(options)
    made = preset_network(options.preset, size, len(survey.classes), load_weights=options.load_weights)
    backbone = made.backbone if options.load_weights else ()
    choices, recipe = preset_defaults(survey, options, made.size, has_backbone=bool(backbone))
    options = resolved(options, choices)
    max_boxes = chosen(options.max_boxes, MAX_BOXES)
    frozen_share = chosen(options.frozen_share, 0.0)
    if frozen_share > 0 and not backbone:
        raise UserError(
            f"frozen_share is {frozen_share}, but '{options.preset}' has no backbone"
            f"{' of its own' if options.load_weights else ' with weights'} to keep as it is: leave it at 0"
        )
    if made.anchors is None and max_boxes > made.predictions:
        raise UserError(
            f"max_boxes is {max_boxes}, but '{options.preset}' finds {made.predictions} objects in an image"
            " at most: take a smaller number, or another preset"
        )
    codec = PresetCodec(
        classes=survey.classes,
        size=made.size,
        max_boxes=max_boxes,
        anchors=made.anchors,
        rows=made.rows,
        predictions=made.predictions,
    )
    loss: Any
    if made.anchors is None:
        loss = SetLoss(made.size, made.predictions, len(survey.classes))
    else:
        loss = AnchorLoss(made.size, made.anchors, len(survey.classes))
    whole = Stage(
        share=1.0 - frozen_share,
        learning_rate_factor=chosen(options.backbone_learning_rate, 1.0) if backbone else 1.0,
    )
    stages = (Stage(share=frozen_share, freeze=backbone), whole)
    kept = tuple(stage for stage in stages if stage.share > 0)
    return assembled(options, survey, codec, made.network, loss, recipe, stages=kept)


def preset_defaults(
    survey: Survey, options: PresetOptions, size: tuple[int, int], *, has_backbone: bool
) -> Choices:
    """For keras-hub's detectors; not measured, but taken from how others train them.

    Args:
        survey: of the data.
        options: what the user chose.
        size: (height, width) of the network's input.
        has_backbone: whether there is a backbone with weights that can learn later, and more slowly, than
            the rest.
    """
    trained = options.load_weights
    mosaic = chosen(options.mosaic, 0.0 if trained else 0.5)
    seen = tile_defaults(survey, options, size)
    choices = {
        **seen,
        "bits": survey.bits,
        "channels": 3,
        "max_boxes": max_boxes_for(survey, mosaic, seen["tiles"]),
        "frozen_share": 0.2 if has_backbone else 0.0,
        "backbone_learning_rate": 0.2 if has_backbone else 1.0,
        **augmentation_defaults(survey, mosaic),
        "color_jitter": 0.2 if trained else 0.3,
        "clean": 0.1,
    }
    recipe = {
        "epochs": epochs_for(survey.count, 20, 5, 60) if trained else epochs_for(survey.count, 60, 10, 300),
        "batch_size": 8,
        "optimizer": "adamw",
        "learning_rate": 5e-4 if has_backbone else 1e-4,
        "schedule": "cosine",
        "warmup": 0.1,
        "weight_decay": 1e-4,
        "clip_norm": 1.0,
        "ema": 0.0,
        "early_stopping": 0,
    }
    return choices, recipe
