"""How batch normalization is computed while training; saved files know nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from types import MethodType
from typing import Any

import keras
from keras import layers


def fuse_normalization(network: keras.Model) -> None:
    """Let the network's `BatchNormalization` layers train with TensorFlow's fused kernel.

    Keras computes mean, variance and their gradients from single operations, which on a CPU takes six
    times as long as the fused kernel (measured, bfloat16 and float32) and is then the slowest part of a
    small network. The layers stay what they are: same weights, same configuration, same saved file; only
    these objects' `call` changes. Does nothing on other backends.

    Args:
        network: changed in place.
    """
    if keras.config.backend() != "tensorflow":
        return
    for layer in _normalizations(network):
        if layer.input_spec.ndim == 4 and layer.axis in (-1, 3) and layer.scale and layer.center:
            layer.call = MethodType(_fused_call, layer)


def keep_statistics(network: keras.Model) -> None:
    """Let `BatchNormalization` layers use, and never change, the means and variances that they have.

    That is what fine-tuning wants: those of a few images are worse than those that came with the
    weights. To call the network with `training=False` is not enough: `fit` overrides that.

    Args:
        network: changed in place; its saved file is not.
    """
    for layer in _normalizations(network):
        layer.call = MethodType(_inference_call, layer)


def _normalizations(network: keras.Model) -> Iterator[layers.BatchNormalization]:
    for layer in network._flatten_layers():
        if type(layer) is layers.BatchNormalization:
            yield layer


def _inference_call(
    self: layers.BatchNormalization,
    inputs: Any,
    training: bool | None = None,
    mask: Any = None,
) -> Any:
    return layers.BatchNormalization.call(self, inputs, training=False, mask=mask)


def _fused_call(
    self: layers.BatchNormalization, inputs: Any, training: bool | None = None, mask: Any = None
) -> Any:
    if not (training and self.trainable):
        return layers.BatchNormalization.call(self, inputs, training=training, mask=mask)
    import tensorflow as tf

    outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
        inputs,
        tf.convert_to_tensor(self.gamma),
        tf.convert_to_tensor(self.beta),
        epsilon=self.epsilon,
        is_training=True,
    )
    for moving, now in ((self.moving_mean, mean), (self.moving_variance, variance)):
        moving.assign(moving * self.momentum + keras.ops.cast(now, moving.dtype) * (1.0 - self.momentum))
    return outputs
