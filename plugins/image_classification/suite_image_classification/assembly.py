"""From resolved options and a network to all that training needs: codec, batches, loss, stages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from suite import UserError
from suite.options import chosen
from suite.pipeline import Stage, TrainablePipeline
from suite_image_classification.augmentation.settings import Augmentation
from suite_image_classification.batches import ImageBatches
from suite_image_classification.codec import ImageCodec
from suite_image_classification.options import FineTuningOptions, ImageModelOptions
from suite_image_classification.survey import SIZES_READ, Survey
from suite_images.channels import resolved_for
from suite_images.inspection import endless_note

if TYPE_CHECKING:
    import keras

MAX_CLASS_WEIGHT = 10.0
"""How many times the weight of the most frequent class any class has at most."""


def assembled(
    options: ImageModelOptions, survey: Survey, network: keras.Model, recipe: Mapping[str, Any], **more: Any
) -> TrainablePipeline:
    """The pipeline of a network, with the codec, the batches and the loss of resolved options.

    Args:
        options: without "auto".
        survey: of the data.
        network: from uint8 images to logits.
        recipe: values for the training options.
        more: further arguments of `TrainablePipeline`.

    Raises:
        ValueError: if the network takes or gives something else.
    """
    import keras

    codec = image_codec(options, survey)
    check_network(network, codec)
    settings = {name: getattr(options, name) for name in Augmentation.__struct_fields__}
    if survey.multi_label:
        loss = keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=options.label_smoothing)
    else:
        loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=options.label_smoothing)
    weights = balanced_weights(survey) if options.class_weights is True else None
    return TrainablePipeline(
        codec=codec,
        network=network,
        loss=loss,
        batch_maker=ImageBatches(codec=codec, augmentation=Augmentation(**settings), class_weights=weights),
        targets=codec.target,
        options=options,
        recipe=recipe,
        notes=endless_note(survey.endless, min(survey.count, SIZES_READ)),
        **more,
    )


Chosen = TypeVar("Chosen", bound=ImageModelOptions)

_NO_COLORS = {"color_jitter": 0, "grayscale": 0, "rand_augment": 0}
"""Augmentation that is defined for RGB only, off."""


def settled(options: Chosen, choices: Mapping[str, Any]) -> Chosen:
    """Options without "auto"; see `suite_images.channels.resolved_for`."""
    channels = chosen(options.channels, int(choices["channels"]))
    return resolved_for(channels, options, choices, _NO_COLORS)


def refuse_other_channels(options: ImageModelOptions, what: str) -> None:
    """Refuse images that are not read as RGB, for networks that take nothing else.

    Raises:
        UserError: if there are not three channels.
    """
    channels = chosen(options.channels, 3)
    if channels != 3:
        raise UserError(f"{what} takes 3 channels, not {channels}: --model residual takes any number")


def image_codec(options: ImageModelOptions, survey: Survey) -> ImageCodec:
    """The codec of resolved options."""
    side: int | tuple[int, ...] = round(survey.side)
    size = chosen(options.size, side)
    height, width = (size, size) if isinstance(size, int) else size
    return ImageCodec(
        classes=survey.classes,
        size=(height, width),
        multi_label=survey.multi_label,
        resize=chosen(options.resize, "squash"),
        bits=chosen(options.bits, survey.bits),
        channels=chosen(options.channels, survey.channels),
        mirrors=options.flip is True,
    )


def check_network(network: keras.Model, codec: ImageCodec) -> None:
    """Refuse a network that takes no uint8 images of the codec's size, or gives no logits of its classes.

    Raises:
        ValueError: with what the network takes or gives, and what it should.
    """
    inputs, outputs = network.inputs, network.outputs
    wanted, logits = (None, *codec.size, codec.channels), (None, len(codec.classes))
    if len(inputs) != 1 or inputs[0].dtype != "uint8" or tuple(inputs[0].shape) != wanted:
        takes = ", ".join(f"{tensor.dtype} {tuple(tensor.shape)}" for tensor in inputs)
        raise ValueError(
            f"the network '{network.name}' takes {takes}: it must take uint8 {wanted}, so begin it with"
            f' keras.Input({wanted[1:]}, dtype="uint8") and scale the images inside'
        )
    if len(outputs) != 1 or outputs[0].dtype != "float32" or tuple(outputs[0].shape) != logits:
        gives = ", ".join(f"{tensor.dtype} {tuple(tensor.shape)}" for tensor in outputs)
        raise ValueError(
            f"the network '{network.name}' gives {gives}: it must give float32 {logits}, one logit per class,"
            f' so end it with keras.layers.Dense({logits[1]}, dtype="float32")'
        )
    last = network.layers[-1]
    activation = getattr(getattr(last, "activation", None), "__name__", "")
    if activation in ("softmax", "sigmoid") or type(last).__name__ in ("Softmax", "Sigmoid"):
        raise ValueError(
            f"the network '{network.name}' ends with a {activation or type(last).__name__.lower()} (layer"
            f" '{last.name}'): it must give logits, so leave that out"
        )


def balanced_weights(survey: Survey) -> tuple[float, ...]:
    """A factor per class, inverse to its count, whose mean over the training images is one.

    No class weighs more than `MAX_CLASS_WEIGHT` times the most frequent one: a single image would outweigh
    its batch.
    """
    largest = max(survey.class_counts)
    factors = [min(MAX_CLASS_WEIGHT, largest / count) if count else 1.0 for count in survey.class_counts]
    weighed = sum(factor * count for factor, count in zip(factors, survey.class_counts, strict=True))
    return tuple(factor * sum(survey.class_counts) / weighed for factor in factors)


def fine_tuning_stages(network: keras.Model, options: FineTuningOptions) -> tuple[Stage, ...]:
    """First the last layer alone, then the whole network at a lower rate, as resolved options say."""
    import keras

    frozen_share = chosen(options.frozen_share, 0.0)
    fixed = tuple(layer.name for layer in network.layers if not layer.trainable)
    backbone = tuple(layer.name for layer in network.layers if isinstance(layer, keras.Model))
    frozen = Stage(share=frozen_share, freeze=(*fixed, *backbone))
    whole = Stage(
        share=1.0 - frozen_share,
        freeze=fixed,
        learning_rate_factor=chosen(options.backbone_learning_rate, 1.0),
    )
    return tuple(stage for stage in (frozen, whole) if stage.share > 0)
