"""From a dataset and options to everything that training needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from suite.data import Dataset
from suite.options import resolved
from suite.pipeline import Stage, TrainablePipeline
from suite_image_classification.augmentation import Augmentation, ImageBatches
from suite_image_classification.codec import ImageCodec
from suite_image_classification.model_options import (
    ApplicationsOptions,
    FineTuningOptions,
    ImageModelOptions,
    PresetOptions,
    ResidualOptions,
)
from suite_image_classification.recipes import fine_tuning_defaults, photograph_defaults, small_defaults
from suite_image_classification.survey import Survey, survey

HEAVIEST = 10.0


def assembled(
    options: ImageModelOptions, found: Survey, network: Any, recipe: Mapping[str, Any], **more: Any
) -> TrainablePipeline:
    """The pipeline of a network, with the codec, the batches and the loss that resolved options ask for."""
    import keras

    codec = image_codec(options, found)
    drawn = {name: getattr(options, name) for name in Augmentation.__struct_fields__}
    if found.multi_label:
        loss = keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=options.label_smoothing)
    else:
        loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=options.label_smoothing)
    weights = balanced_weights(found) if options.class_weights is True else None
    return TrainablePipeline(
        codec=codec,
        network=network,
        loss=loss,
        batch_maker=ImageBatches(codec=codec, augmentation=Augmentation(**drawn), class_weights=weights),
        targets=codec.target,
        options=options,
        recipe=recipe,
        **more,
    )


def image_codec(options: ImageModelOptions, found: Survey) -> ImageCodec:
    """The codec that resolved options ask for."""
    assert options.size != "auto"
    height, width = (options.size, options.size) if isinstance(options.size, int) else options.size
    assert options.resize != "auto"
    return ImageCodec(
        classes=found.classes,
        size=(height, width),
        multi_label=found.multi_label,
        resize=options.resize,
    )


def balanced_weights(found: Survey) -> tuple[float, ...]:
    """A factor per class, inverse to its count, whose mean over the training images is one.

    No class weighs more than `HEAVIEST` times the most frequent: a single image would outweigh its batch.
    """
    largest = max(found.class_counts)
    factors = [min(HEAVIEST, largest / count) if count else 1.0 for count in found.class_counts]
    weighed = sum(factor * count for factor, count in zip(factors, found.class_counts, strict=True))
    return tuple(factor * sum(found.class_counts) / weighed for factor in factors)


def residual(dataset: Dataset, options: ResidualOptions) -> TrainablePipeline:
    """A residual network from scratch, for small images or for photographs, whichever the data has.

    Raises:
        suite.UserError: where the data cannot be learned from.
    """
    from suite_image_classification.models import residual as networks

    found = survey(dataset)
    architecture = options.architecture
    if architecture == "auto":
        side = options.size if isinstance(options.size, int) else found.side
        architecture = "small" if side <= 64 else "photograph"
    defaults = small_defaults if architecture == "small" else photograph_defaults
    choices, recipe = defaults(found)
    options = resolved(options, {**choices, "architecture": architecture})
    assert options.width != "auto"
    assert options.dropout != "auto"
    build = (
        networks.small_residual_network if architecture == "small" else networks.photograph_residual_network
    )
    network = build(
        image_codec(options, found).size,
        len(found.classes),
        width=options.width,
        dropout=options.dropout,
    )
    return assembled(options, found, network, recipe)


def applications(dataset: Dataset, options: ApplicationsOptions) -> TrainablePipeline:
    """A network of `keras.applications`, from scratch or from given weights.

    Raises:
        suite.UserError: for an unknown family, a size too small for it, weights that do not fit, or data
            that cannot be learned from.
    """
    from suite_image_classification.models.applications import application_network, check_family

    check_family(options.family)
    found = survey(dataset)
    trained = options.weights != "none"
    choices, recipe = fine_tuning_defaults(found, trained)
    options = resolved(options, choices)
    network = application_network(
        options.family,
        image_codec(options, found).size,
        len(found.classes),
        weights=options.weights,
        dropout=float(options.dropout),
    )
    return assembled(options, found, network, recipe, stages=fine_tuning_stages(network, options))


def preset(dataset: Dataset, options: PresetOptions) -> TrainablePipeline:
    """A keras-hub preset, fine-tuned, or from scratch.

    Raises:
        suite.UserError: where keras-hub is missing, the preset is not known or does not load, or the data
            cannot be learned from.
    """
    from suite_image_classification.models.presets import preset_network

    found = survey(dataset)
    choices, recipe = fine_tuning_defaults(found, options.load_weights)
    own_size = options.size == "auto"
    options = resolved(options, choices)
    network = preset_network(
        options.preset,
        None if own_size else image_codec(options, found).size,
        len(found.classes),
        load_weights=options.load_weights,
        dropout=float(options.dropout),
    )
    if own_size:
        height, width = network.input.shape[1:3]
        options = msgspec.structs.replace(options, size=height if height == width else (height, width))
    return assembled(options, found, network, recipe, stages=fine_tuning_stages(network, options))


def fine_tuning_stages(network: Any, options: FineTuningOptions) -> tuple[Stage, ...]:
    """First the last layer alone, then all of the network at a lower rate, as resolved options ask for."""
    import keras

    assert options.frozen_share != "auto"
    assert options.backbone_learning_rate != "auto"
    fixed = tuple(layer.name for layer in network.layers if not layer.trainable)
    backbone = tuple(layer.name for layer in network.layers if isinstance(layer, keras.Model))
    frozen = Stage(share=options.frozen_share, freeze=(*fixed, *backbone))
    whole = Stage(
        share=1.0 - options.frozen_share,
        freeze=fixed,
        learning_rate_factor=options.backbone_learning_rate,
    )
    return tuple(stage for stage in (frozen, whole) if stage.share > 0)
