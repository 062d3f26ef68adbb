"""The blocks of convolutional networks. Plugins that use the same blocks can exchange weights (`--init`).

Layers are named after the `name` of their block, and weights travel between networks by these names.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from keras import layers

Tensor = Any

NEGATIVE_SLOPE = 0.1
"""Of every leaky ReLU. Its gradient is several times faster than ReLU's in bfloat16 on a CPU."""


class Normalization(NamedTuple):
    """How the batch normalization of a block is set.

    Attributes:
        momentum: of the moving mean and variance.
        epsilon: added to the variance.
    """

    momentum: float = 0.9
    epsilon: float = 1e-5


NORMALIZATION = Normalization()


def convolution(
    x: Tensor,
    filters: int,
    name: str,
    *,
    kernel: int = 3,
    stride: int = 1,
    pool: bool = False,
    activate: bool = True,
    gamma: str = "ones",
    normalization: Normalization = NORMALIZATION,
) -> Tensor:
    """Convolution, 2 x 2 max pooling if `pool`, batch normalization, leaky ReLU if `activate`.

    Args:
        x: features (batch, height, width, channels).
        filters: channels of the result.
        name: of the block: `NAME_convolution`, `NAME_pool`, `NAME_normalization`, `NAME_activation`.
        kernel: rows and columns of the kernel.
        stride: of the convolution.
        pool: whether to halve height and width.
        activate: whether a leaky ReLU follows.
        gamma: initializer of the normalization's scale; "zeros" for the last one of a residual block.
        normalization: how the batch normalization is set.
    """
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
    return normalized(x, name, activate=activate, gamma=gamma, normalization=normalization)


def normalized(
    x: Tensor,
    name: str,
    *,
    activate: bool = True,
    gamma: str = "ones",
    normalization: Normalization = NORMALIZATION,
) -> Tensor:
    """Batch normalization and, if `activate`, leaky ReLU; arguments as for `convolution`."""
    x = layers.BatchNormalization(
        momentum=normalization.momentum,
        epsilon=normalization.epsilon,
        gamma_initializer=gamma,
        name=f"{name}_normalization",
    )(x)
    return activated(x, name) if activate else x


def activated(x: Tensor, name: str) -> Tensor:
    """Leaky ReLU."""
    return layers.LeakyReLU(negative_slope=NEGATIVE_SLOPE, name=f"{name}_activation")(x)


def residual_block(
    x: Tensor,
    filters: int,
    name: str,
    *,
    stride: int = 1,
    normalization: Normalization = NORMALIZATION,
) -> Tensor:
    """A basic block (He et al. 2015, arXiv:1512.03385) with the averaged shortcut of ResNet-D.

    The shortcut is averaged if the block has a stride (He et al. 2018, arXiv:1812.01187). The last
    normalization starts at zero (Goyal et al. 2017, arXiv:1706.02677).

    Args:
        x: features (batch, height, width, channels).
        filters: channels of the result.
        name: of the block; its layers start with it.
        stride: 1, or 2 to halve height and width.
        normalization: how the batch normalization is set.
    """
    shortcut = x
    if stride == 2:
        shortcut = layers.AveragePooling2D(2, padding="same", name=f"{name}_shortcut_pool")(shortcut)
    if x.shape[-1] != filters:
        shortcut = convolution(
            shortcut, filters, f"{name}_shortcut", kernel=1, activate=False, normalization=normalization
        )
    y = convolution(x, filters, f"{name}_a", stride=stride, normalization=normalization)
    y = convolution(y, filters, f"{name}_b", activate=False, gamma="zeros", normalization=normalization)
    return activated(layers.Add(name=f"{name}_add")([shortcut, y]), name)


def residual_backbone(
    x: Tensor,
    width: int,
    depths: Sequence[int],
    *,
    normalization: Normalization = NORMALIZATION,
) -> list[Tensor]:
    """A stem that shrinks by four, and stages of residual blocks.

    The weights of two backbones fit each other if width and depths are the same.

    Args:
        x: images as floats (batch, height, width, 3).
        width: channels of the first stage; each later stage has twice as many.
        depths: blocks per stage.
        normalization: how the batch normalization is set.

    Returns:
        The features of each stage, at strides 4, 8, 16, ...
    """
    x = layers.Conv2D(width // 2, 3, strides=2, padding="same", name="stem_a_convolution")(x)
    x = activated(x, "stem_a")
    x = convolution(x, width, "stem_b", stride=2, normalization=normalization)
    features = []
    for stage, depth in enumerate(depths, 1):
        for block in range(1, depth + 1):
            x = residual_block(
                x,
                width * 2 ** (stage - 1),
                f"stage{stage}_block{block}",
                stride=2 if block == 1 and stage > 1 else 1,
                normalization=normalization,
            )
        features.append(x)
    return features
