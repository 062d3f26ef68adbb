"""Residual networks that are trained from scratch: one for small images, one for photographs."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from suite_images.blocks import Tensor, convolution, residual_backbone
from suite_images.normalization import fuse_normalization


def _head(x: Tensor, classes: int, dropout: float, scale: float = 1.0) -> Tensor:
    if dropout > 0:
        x = layers.Dropout(dropout, name="dropout")(x)
    x = layers.Dense(classes, dtype="float32", name="logits")(x)
    return x if scale == 1.0 else layers.Rescaling(scale, dtype="float32", name="scaled_logits")(x)


def _images(size: tuple[int, int], channels: int) -> tuple[Tensor, Tensor]:
    inputs = keras.Input((*size, channels), dtype="uint8", name="images")
    scaled = layers.Rescaling(1 / 64, offset=-2.0, dtype="float32", name="rescaling")(inputs)
    return inputs, scaled


def small_residual_network(
    size: tuple[int, int], classes: int, *, width: int = 64, dropout: float = 0.0, channels: int = 3
) -> keras.Model:
    """A residual network for images of up to about 64 pixels.

    A stem and up to three stages, as far as the size allows: a convolution with max pooling, which halves
    the resolution, and a residual block; then global max pooling. The design of the fast CIFAR networks
    (Page 2018, "How to train your ResNet"; Jordan 2024, arXiv:2404.00498), narrow enough for a CPU.

    Args:
        size: (height, width) of the images.
        classes: number of logits.
        width: filters of the first stage; doubled in each later stage.
        dropout: share of features dropped before the last layer.
        channels: of the images.

    Returns:
        A model from uint8 (batch, height, width, channels) to float32 (batch, classes).
    """
    inputs, x = _images(size, channels)
    side = min(size)
    pool_stem = side > 48
    x = convolution(x, max(8, width // 2), "stem", pool=pool_stem)
    side //= 2 if pool_stem else 1
    filters = width
    for stage in range(1, 4):
        if side < 4:
            break
        side //= 2
        x = convolution(x, filters, f"stage{stage}", pool=True)
        y = convolution(x, filters, f"stage{stage}_block_a")
        y = convolution(y, filters, f"stage{stage}_block_b")
        x = layers.Add(name=f"stage{stage}_add")([x, y])
        filters *= 2
    x = layers.GlobalMaxPooling2D(name="global_pool")(x)
    network = keras.Model(inputs, _head(x, classes, dropout, 0.125), name="small_residual_network")
    fuse_normalization(network)
    return network


def photograph_residual_network(
    size: tuple[int, int],
    classes: int,
    *,
    width: int = 32,
    depths: Sequence[int] = (1, 2, 2, 1),
    dropout: float = 0.2,
    channels: int = 3,
) -> keras.Model:
    """A residual network for photographs, with a stem that shrinks by four.

    The backbone is `suite_images.blocks.residual_backbone`, which object detection has too: weights of the
    same width and depths fit both.

    Args:
        size: (height, width) of the images.
        classes: number of logits.
        width: filters of the first stage; doubled in each later stage.
        depths: blocks per stage.
        dropout: share of features dropped before the last layer.
        channels: of the images.

    Returns:
        A model from uint8 (batch, height, width, channels) to float32 (batch, classes).
    """
    inputs, x = _images(size, channels)
    x = residual_backbone(x, width, depths)[-1]
    x = layers.GlobalAveragePooling2D(name="global_pool")(x)
    network = keras.Model(inputs, _head(x, classes, dropout), name="photograph_residual_network")
    fuse_normalization(network)
    return network
