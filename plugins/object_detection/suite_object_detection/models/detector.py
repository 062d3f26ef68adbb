"""A one-stage detector without anchors: residual backbone, feature pyramid, heads for classes and boxes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers

from suite_images.blocks import Normalization, convolution, normalized, residual_backbone
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

NORMALIZATION = Normalization(momentum=0.97, epsilon=1e-3)

PRIOR = 0.01
"""The probability of every class at every location before anything is learned (Lin et al. 2017,
arXiv:1708.02002, section 3.3): else the many locations where nothing is would drown the first steps."""


def _convolution(x: Tensor, filters: int, name: str, *, kernel: int = 3, stride: int = 1) -> Tensor:
    return convolution(x, filters, name, kernel=kernel, stride=stride, normalization=NORMALIZATION)


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
                x = normalized(x, f"head_{branch}{index}_level{level}", normalization=NORMALIZATION)
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
    channels: int = 3,
) -> keras.Model:
    """A detector that predicts at strides 8, 16 and 32.

    Its backbone takes the weights of an image classifier if width and depths are the same.

    Args:
        size: (height, width) of the input, multiples of 32.
        classes: their number.
        width: filters of the backbone's first stage, at stride 4; doubled in each of the three later ones.
        depths: residual blocks of the backbone's four stages.
        filters: of the pyramid and the head.
        head_depth: convolutions before the logits of classes, and before those of boxes.
        bins: of each distance.
        channels: of the input.

    Returns:
        A model from uint8 (batch, height, width, channels) to float32 (batch, locations, classes + 4 * bins).
    """
    inputs = keras.Input((*size, channels), dtype="uint8", name="images")
    x = layers.Rescaling(1 / 64, offset=-2.0, dtype="float32", name="rescaling")(inputs)
    features = residual_backbone(x, width, depths, normalization=NORMALIZATION)
    levels = _pyramid(features[1:], filters)
    network = keras.Model(inputs, _head(levels, classes, bins, filters, head_depth), name="detector")
    network.get_layer("head_class_logits").bias.assign(np.full(classes, -math.log((1 - PRIOR) / PRIOR)))
    # Probabilities of the distances that fall: before anything is learned a box is about four cells wide.
    network.get_layer("head_box_logits").bias.assign(np.tile(-0.4 * np.arange(bins), 4))
    fuse_normalization(network)
    return network
