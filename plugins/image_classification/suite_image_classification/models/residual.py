"""Residual convolutional networks that are good from scratch: one for small images, one for photographs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from suite_images.normalization import fuse_normalization

Tensor = Any

NEGATIVE_SLOPE = 0.1


def _convolution(
    x: Tensor,
    filters: int,
    name: str,
    *,
    kernel: int = 3,
    stride: int = 1,
    pool: bool = False,
    activate: bool = True,
    gamma: str = "ones",
) -> Tensor:
    """Convolution, 2 x 2 max pooling where `pool`, batch normalization, leaky ReLU where `activate`."""
    x = layers.Conv2D(
        filters,
        kernel,
        strides=stride,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_convolution",
    )(x)
    if pool:  # before the normalization: a quarter of the work for what follows
        x = layers.MaxPooling2D(2, name=f"{name}_pool")(x)
    x = layers.BatchNormalization(
        momentum=0.9, epsilon=1e-5, gamma_initializer=gamma, name=f"{name}_normalization"
    )(x)
    if activate:  # leaky: its gradient is several times faster than ReLU's in bfloat16 on a CPU
        x = layers.LeakyReLU(negative_slope=NEGATIVE_SLOPE, name=f"{name}_activation")(x)
    return x


def _head(x: Tensor, classes: int, dropout: float, scale: float = 1.0) -> Tensor:
    if dropout > 0:
        x = layers.Dropout(dropout, name="dropout")(x)
    x = layers.Dense(classes, dtype="float32", name="logits")(x)
    return x if scale == 1.0 else layers.Rescaling(scale, dtype="float32", name="scaled_logits")(x)


def _images(size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    inputs = keras.Input((*size, 3), dtype="uint8", name="images")
    scaled = layers.Rescaling(1 / 64, offset=-2.0, dtype="float32", name="rescaling")(inputs)
    return inputs, scaled


def small_residual_network(
    size: tuple[int, int], classes: int, *, width: int = 64, dropout: float = 0.0
) -> keras.Model:
    """A residual network for images of up to about 64 pixels.

    A stem and up to three stages, as far as the size allows: a convolution with max pooling, which halves
    the resolution, and a residual block; then global max pooling. The design of the fast CIFAR networks
    (Page 2018, "How to train your ResNet"; Jordan 2024, arXiv:2404.00498), narrow enough for a CPU.

    Args:
        size: (height, width) of the images.
        classes: number of logits.
        width: filters of the first stage; doubled in each later one.
        dropout: share of features dropped before the last layer.

    Returns:
        A model from uint8 (batch, height, width, 3) to float32 (batch, classes).
    """
    inputs, x = _images(size)
    side = min(size)
    pool_stem = side > 48
    x = _convolution(x, max(8, width // 2), "stem", pool=pool_stem)
    side //= 2 if pool_stem else 1
    filters = width
    for stage in range(1, 4):
        if side < 4:
            break
        side //= 2
        x = _convolution(x, filters, f"stage{stage}", pool=True)
        y = _convolution(x, filters, f"stage{stage}_block_a")
        y = _convolution(y, filters, f"stage{stage}_block_b")
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
) -> keras.Model:
    """A residual network for photographs, with a stem that shrinks by four.

    Basic blocks (He et al. 2015, arXiv:1512.03385) with the averaged shortcut of ResNet-D (He et al. 2018,
    arXiv:1812.01187), and the last normalization of a block starting at zero (Goyal et al. 2017).

    Args:
        size: (height, width) of the images.
        classes: number of logits.
        width: filters of the first stage; doubled in each later one.
        depths: blocks per stage.
        dropout: share of features dropped before the last layer.

    Returns:
        A model from uint8 (batch, height, width, 3) to float32 (batch, classes).
    """
    inputs, x = _images(size)
    x = layers.Conv2D(width // 2, 3, strides=2, padding="same", name="stem_a_convolution")(x)
    x = layers.LeakyReLU(negative_slope=NEGATIVE_SLOPE, name="stem_a_activation")(x)
    x = _convolution(x, width, "stem_b", stride=2)
    channels = width
    for stage, depth in enumerate(depths, 1):
        filters = width * 2 ** (stage - 1)
        for block in range(1, depth + 1):
            name = f"stage{stage}_block{block}"
            stride = 2 if block == 1 and stage > 1 else 1
            shortcut = x
            if stride == 2:
                shortcut = layers.AveragePooling2D(2, padding="same", name=f"{name}_shortcut_pool")(shortcut)
            if channels != filters:
                shortcut = _convolution(shortcut, filters, f"{name}_shortcut", kernel=1, activate=False)
            y = _convolution(x, filters, f"{name}_a", stride=stride)
            y = _convolution(y, filters, f"{name}_b", activate=False, gamma="zeros")
            x = layers.Add(name=f"{name}_add")([shortcut, y])
            x = layers.LeakyReLU(negative_slope=NEGATIVE_SLOPE, name=f"{name}_activation")(x)
            channels = filters
    x = layers.GlobalAveragePooling2D(name="global_pool")(x)
    network = keras.Model(inputs, _head(x, classes, dropout), name="photograph_residual_network")
    fuse_normalization(network)
    return network
