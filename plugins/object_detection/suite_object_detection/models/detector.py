"""A one-stage detector without anchors: residual backbone, feature pyramid, heads for classes and boxes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers

from suite_images.normalization import fuse_normalization

Tensor = Any

STRIDES = (8, 16, 32)
BINS = 16

NETWORKS: dict[str, dict[str, Any]] = {
    "nano": {"width": 16, "filters": 48},
    "small": {"width": 32, "filters": 64},
    "medium": {"width": 48, "depths": (1, 2, 3, 2), "filters": 96, "head_depth": 2},
}
"""What the sizes mean, as arguments of `detector_network`."""

NEGATIVE_SLOPE = 0.1

PRIOR = 0.01
"""The probability of every class at every location before anything is learned (Lin et al. 2017,
arXiv:1708.02002, section 3.3): else the many locations where nothing is would drown the first steps."""


def _convolution(
    x: Tensor,
    filters: int,
    name: str,
    *,
    kernel: int = 3,
    stride: int = 1,
    activate: bool = True,
    gamma: str = "ones",
) -> Tensor:
    """Convolution, batch normalization, leaky ReLU if `activate`."""
    x = layers.Conv2D(
        filters,
        kernel,
        strides=stride,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_convolution",
    )(x)
    return _normalized(x, name, activate=activate, gamma=gamma)


def _normalized(x: Tensor, name: str, *, activate: bool = True, gamma: str = "ones") -> Tensor:
    x = layers.BatchNormalization(
        momentum=0.97, epsilon=1e-3, gamma_initializer=gamma, name=f"{name}_normalization"
    )(x)
    if activate:  # leaky: its gradient is several times faster than ReLU's in bfloat16 on a CPU
        x = layers.LeakyReLU(negative_slope=NEGATIVE_SLOPE, name=f"{name}_activation")(x)
    return x


def _backbone(x: Tensor, width: int, depths: Sequence[int]) -> list[Tensor]:
    """Features at strides 8, 16 and 32.

    Basic blocks (He et al. 2015, arXiv:1512.03385) with the averaged shortcut of ResNet-D (He et al. 2018,
    arXiv:1812.01187). Layers are named as in the image classification's `photograph_residual_network`, whose
    weights fit if width and depths are the same.
    """
    x = layers.Conv2D(width // 2, 3, strides=2, padding="same", name="stem_a_convolution")(x)
    x = layers.LeakyReLU(negative_slope=NEGATIVE_SLOPE, name="stem_a_activation")(x)
    x = _convolution(x, width, "stem_b", stride=2)
    channels = width
    features = []
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
        features.append(x)
    return features[1:]


def _pooled_context(x: Tensor, filters: int) -> Tensor:
    """Features with the largest of ever wider surroundings (He et al. 2014, arXiv:1406.4729)."""
    x = _convolution(x, filters // 2, "context_in", kernel=1)
    pooled = [x]
    for index in range(1, 4):
        pooled.append(
            layers.MaxPooling2D(5, strides=1, padding="same", name=f"context_pool{index}")(pooled[-1])
        )
    x = layers.Concatenate(name="context_joined")(pooled)
    return _convolution(x, filters, "context_out", kernel=1)


def _pyramid(features: Sequence[Tensor], filters: int) -> list[Tensor]:
    """Features of one width, mixed from coarse to fine, and then back.

    Lin et al. 2017, arXiv:1612.03144; Liu et al. 2018, arXiv:1803.01534, section 3.1.
    """
    count = len(features)
    levels = [
        _convolution(x, filters, f"pyramid_in{index}", kernel=1) for index, x in enumerate(features[:-1])
    ]
    levels.append(_pooled_context(features[-1], filters))
    for index in range(count - 2, -1, -1):
        larger = layers.UpSampling2D(2, name=f"pyramid_larger{index}")(levels[index + 1])
        x = layers.Add(name=f"pyramid_down{index}_add")([levels[index], larger])
        levels[index] = _convolution(x, filters, f"pyramid_down{index}")
    for index in range(1, count):
        smaller = _convolution(levels[index - 1], filters, f"pyramid_smaller{index}", stride=2)
        x = layers.Add(name=f"pyramid_up{index}_add")([levels[index], smaller])
        levels[index] = _convolution(x, filters, f"pyramid_up{index}")
    return levels


def _head(levels: Sequence[Tensor], classes: int, bins: int, filters: int, depth: int) -> Tensor:
    """Logits of classes and distances at every location.

    The convolutions are the same for all levels, the normalizations are not (Lyu et al. 2022, RTMDet,
    arXiv:2212.07784, section 3.2).
    """
    branches = {"class": classes, "box": 4 * bins}
    convolutions = {
        f"head_{branch}{index}": layers.Conv2D(
            filters,
            3,
            padding="same",
            use_bias=False,
            kernel_initializer="he_normal",
            name=f"head_{branch}{index}_convolution",
        )
        for branch in branches
        for index in range(1, depth + 1)
    }
    logits = {
        branch: layers.Conv2D(
            outputs,
            1,
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
            dtype="float32",
            name=f"head_{branch}_logits",
        )
        for branch, outputs in branches.items()
    }
    joined = []
    for level, features in enumerate(levels):
        outputs = []
        for branch, channels in branches.items():
            x = features
            for index in range(1, depth + 1):
                x = convolutions[f"head_{branch}{index}"](x)
                x = _normalized(x, f"head_{branch}{index}_level{level}")
            x = logits[branch](x)
            outputs.append(layers.Reshape((-1, channels), dtype="float32", name=f"{branch}_level{level}")(x))
        joined.append(layers.Concatenate(dtype="float32", name=f"level{level}")(outputs))
    return layers.Concatenate(axis=1, dtype="float32", name="locations")(joined)


def detector_network(
    size: tuple[int, int],
    classes: int,
    *,
    width: int = 32,
    depths: Sequence[int] = (1, 2, 2, 1),
    filters: int = 64,
    head_depth: int = 1,
    bins: int = BINS,
) -> keras.Model:
    """A detector that predicts at strides 8, 16 and 32.

    Args:
        size: (height, width) of the input, multiples of 32.
        classes: their number.
        width: filters of the backbone's first stage, at stride 4; doubled in each of the three later ones.
        depths: residual blocks of the backbone's four stages.
        filters: of the pyramid and the head.
        head_depth: convolutions before the logits of classes, and before those of boxes.
        bins: of each distance.

    Returns:
        A model from uint8 (batch, height, width, 3) to float32 (batch, locations, classes + 4 * bins).
    """
    inputs = keras.Input((*size, 3), dtype="uint8", name="images")
    x = layers.Rescaling(1 / 64, offset=-2.0, dtype="float32", name="rescaling")(inputs)
    levels = _pyramid(_backbone(x, width, depths), filters)
    network = keras.Model(inputs, _head(levels, classes, bins, filters, head_depth), name="detector")
    network.get_layer("head_class_logits").bias.assign(np.full(classes, -math.log((1 - PRIOR) / PRIOR)))
    # Probabilities of the distances that fall: before anything is learned a box is about four cells wide.
    network.get_layer("head_box_logits").bias.assign(np.tile(-0.4 * np.arange(bins), 4))
    fuse_normalization(network)
    return network
