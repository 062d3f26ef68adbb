"""From a dataset and options to everything that training needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from suite.data import Dataset
from suite.pipeline import TrainablePipeline
from suite_image_classification.augmentation import Augmentation, PictureBatches
from suite_image_classification.codec import PictureCodec
from suite_image_classification.model_options import PictureModelOptions, ResidualOptions
from suite_image_classification.survey import Survey, survey

OptionsType = TypeVar("OptionsType", bound=PictureModelOptions)


def resolved(options: OptionsType, chosen: Mapping[str, Any]) -> OptionsType:
    """`options` with every "auto" replaced by what was chosen; what the user gave stays."""
    return msgspec.structs.replace(
        options, **{name: value for name, value in chosen.items() if getattr(options, name) == "auto"}
    )


def assembled(
    options: OptionsType, found: Survey, network: Any, recipe: Mapping[str, Any], **more: Any
) -> TrainablePipeline:
    """The pipeline of a network, with the codec, the batches and the loss that resolved options ask for."""
    import keras

    codec = picture_codec(options, found)
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
        batch_maker=PictureBatches(codec=codec, augmentation=Augmentation(**drawn), class_weights=weights),
        targets=codec.target,
        options=options,
        recipe=recipe,
        **more,
    )


def picture_codec(options: PictureModelOptions, found: Survey) -> PictureCodec:
    """The codec that resolved options ask for."""
    assert options.size != "auto"
    height, width = (options.size, options.size) if isinstance(options.size, int) else options.size
    assert options.resize != "auto"
    return PictureCodec(
        classes=found.classes,
        size=(height, width),
        multi_label=found.multi_label,
        resize=options.resize,
    )


def balanced_weights(found: Survey) -> tuple[float, ...]:
    """A factor per class, inverse to its count, whose mean over the training pictures is one."""
    present = sum(count > 0 for count in found.class_counts)
    total = sum(found.class_counts)
    return tuple(total / (present * count) if count else 1.0 for count in found.class_counts)


def residual(dataset: Dataset, options: ResidualOptions) -> TrainablePipeline:
    """A residual network from scratch, for small pictures or for photographs, whichever the data has.

    Raises:
        suite.UserError: where the data cannot be learned from.
    """
    from suite_image_classification.models import residual as networks
    from suite_image_classification.recipes import photograph_defaults, small_defaults

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
        picture_codec(options, found).size,
        len(found.classes),
        width=options.width,
        dropout=options.dropout,
    )
    return assembled(options, found, network, recipe)
