"""keras-hub presets as classifiers of images of 0 to 255."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from suite import UserError
from suite.kit import import_keras_hub, loading_preset, preset_source
from suite_images.normalization import fuse_normalization, keep_statistics
from suite_images.presets import image_converter, scaled


def preset_network(
    preset: str,
    size: tuple[int, int] | None,
    classes: int,
    *,
    load_weights: bool = True,
    dropout: float = 0.2,
) -> keras.Model:
    """The backbone of a preset with its preprocessing inside and a new last layer.

    With weights, the means and variances of batch normalization stay those of the data that the weights
    were trained on.

    Args:
        preset: a name that keras-hub knows, which it downloads once, or the folder of a preset.
        size: (height, width) of the images, or None for the preset's own.
        classes: number of logits.
        load_weights: whether to load the preset's weights, or only build its architecture.
        dropout: share of features dropped before the last layer.

    Returns:
        A model from uint8 (batch, height, width, 3) to float32 (batch, classes).

    Raises:
        suite.UserError: if keras-hub is not installed, the preset is not known, does not load, or takes no
            images of this size.
    """
    hub = import_keras_hub()
    source = preset_source(preset, hub.models.Backbone.presets)
    with loading_preset(preset):
        backbone = hub.models.Backbone.from_preset(source, load_weights=load_weights)
        converter = image_converter(hub, source)
        size = size or _own_size(backbone, converter)
        shape = tuple(backbone.input.shape[1:]) if hasattr(backbone.input, "shape") else ()
        if len(shape) != 3 or shape[2] not in (None, 3):
            raise UserError(f"preset '{preset}' takes no images: it is of {type(backbone).__name__}")
        if shape[:2] not in ((None, None), size):
            # Networks with position embeddings are built for one size.
            backbone = hub.models.Backbone.from_preset(
                source, load_weights=load_weights, image_shape=(*size, 3)
            )
    inputs = keras.Input((*size, 3), dtype="uint8", name="images")
    x = scaled(inputs, converter)
    x = backbone(x)
    x = _pooled(x, preset)
    if dropout > 0:
        x = layers.Dropout(dropout, name="dropout")(x)
    outputs = layers.Dense(classes, dtype="float32", name="logits")(x)
    network = keras.Model(inputs, outputs, name="preset")
    if load_weights:
        keep_statistics(network)
    else:
        fuse_normalization(network)
    return network


def _own_size(backbone: Any, converter: Any) -> tuple[int, int]:
    height, width = backbone.input.shape[1:3]
    wanted = getattr(converter, "image_size", None) or (224, 224)
    return int(height or wanted[0]), int(width or wanted[1])


def _pooled(features: Any, preset: str) -> Any:
    if hasattr(features, "shape"):
        if len(features.shape) == 4:
            return layers.GlobalAveragePooling2D(name="pool")(features)
        if len(features.shape) == 3:
            return layers.GlobalAveragePooling1D(name="pool")(features)
        if len(features.shape) == 2:
            return features
    raise UserError(f"preset '{preset}' gives no feature map to classify by")
