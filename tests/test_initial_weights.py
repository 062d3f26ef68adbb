"""Starting from another run: weights by their paths, classes and symbols by their names."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import suite
from suite.training.initial_weights import copy_weights

pytestmark = pytest.mark.backend


def network(classes: int, seed: int) -> keras.Model:
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((3,))
    hidden = keras.layers.Dense(4, name="hidden", bias_initializer="normal")(inputs)
    outputs = keras.layers.Dense(classes, name="logits", bias_initializer="normal")(hidden)
    return keras.Model(inputs, outputs)


class Named(suite.Codec):
    def __init__(self, *names: str) -> None:
        self.names = names

    def named_axes(self):
        return {"logits/kernel": (1, self.names), "logits/bias": (0, self.names)}


def codec(*names: str) -> Named:
    return Named(*names)


def logits(model: keras.Model) -> tuple[np.ndarray, np.ndarray]:
    kernel, bias = model.get_layer("logits").get_weights()
    return kernel, bias


def test_entries_are_copied_by_their_names_wherever_they_stand():
    source, target = network(3, 1), network(3, 2)
    copied = copy_weights(source, codec("a", "b", "c"), target, codec("c", "a", "b"))
    for given, got in zip(logits(source), logits(target), strict=True):
        np.testing.assert_array_equal(got[..., [1, 2, 0]], given)
    assert copied.complete == ["hidden/kernel", "hidden/bias"]
    assert copied.partial == {"logits/kernel": (3, 3), "logits/bias": (3, 3)}


def test_entries_of_new_names_stay_as_they_are():
    source, target = network(2, 1), network(3, 2)
    before = logits(target)
    copied = copy_weights(source, codec("a", "b"), target, codec("b", "new", "other"))
    for given, was, got in zip(logits(source), before, logits(target), strict=True):
        np.testing.assert_array_equal(got[..., 0], given[..., 1])
        np.testing.assert_array_equal(got[..., 1:], was[..., 1:])
    assert copied.partial["logits/kernel"] == (1, 3)


def test_weights_without_a_common_name_are_new():
    source, target = network(2, 1), network(2, 2)
    before = logits(target)
    copied = copy_weights(source, codec("a", "b"), target, codec("x", "y"))
    for was, got in zip(before, logits(target), strict=True):
        np.testing.assert_array_equal(got, was)
    assert copied.unchanged == ["logits/kernel", "logits/bias"]


def test_weights_whose_entries_have_no_names_are_copied_by_shape():
    source, target = network(2, 1), network(2, 2)
    copied = copy_weights(source, suite.Codec(), target, suite.Codec())
    for given, got in zip(source.get_weights(), target.get_weights(), strict=True):
        np.testing.assert_array_equal(got, given)
    assert len(copied.complete) == 4


def test_names_may_stand_several_times_along_an_axis():
    source, target = network(4, 1), network(6, 2)
    before = logits(target)
    copy_weights(source, codec("a", "b"), target, codec("b", "new", "a"))
    for given, was, got in zip(logits(source), before, logits(target), strict=True):
        np.testing.assert_array_equal(got[..., [2, 0, 5, 3]], given)
        np.testing.assert_array_equal(got[..., [1, 4]], was[..., [1, 4]])
