"""Learning-rate schedules and the optimizers made from options."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from suite.configuration import resolve_training
from suite.training.optimizers import Schedule, make_optimizer
from suite.training_options import TrainingOptions

KINDS = ["cosine", "one-cycle", "linear", "constant"]


def options(**given):
    return resolve_training(TrainingOptions(**given), {}, 100, device_kind="cpu", builder="test")


@pytest.mark.parametrize("kind", KINDS)
def test_the_backend_computes_the_rate_that_is_shown(kind):
    schedule = Schedule(kind, 0.3, 200, 0.1, 0.01)
    shown = [schedule.value(step) for step in range(0, 200, 7)]
    computed = [float(keras.ops.convert_to_numpy(schedule(step))) for step in range(0, 200, 7)]
    np.testing.assert_allclose(computed, shown, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("kind", KINDS)
def test_the_peak_is_reached_when_the_warm_up_ends(kind):
    schedule = Schedule(kind, 0.3, 100, 0.2, 0.0)
    rates = [schedule.value(step) for step in range(100)]
    assert max(rates) == pytest.approx(0.3)
    assert rates.index(max(rates)) == 19
    assert rates[0] < 0.3


@pytest.mark.parametrize("kind", ["cosine", "one-cycle", "linear"])
def test_the_last_step_still_learns_a_little(kind):
    assert 0 < Schedule(kind, 1.0, 100, 0.1, 0.0).value(99) < 0.05


def test_a_constant_schedule_stays_at_the_peak():
    assert Schedule("constant", 0.3, 100, 0.0, 0.0).value(99) == pytest.approx(0.3)


def loss(model, x, y):
    return float(((keras.ops.convert_to_numpy(model(x)) - y) ** 2).mean())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sgd", "adam", "adamw", "lion", "rmsprop", "nadam", "muon"])
@pytest.mark.parametrize("weight_decay", [0.0, 0.01])
def test_every_optimizer_makes_the_loss_smaller(name, weight_decay):
    # Muon is for matrices inside a network; it needs one that is neither the first nor the last.
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((4,)), *(keras.layers.Dense(8, name=f"dense{index}") for index in range(3))]
    )
    x = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
    y = x @ np.ones((4, 8), "float32")
    chosen = options(
        optimizer=name, learning_rate=0.01, weight_decay=weight_decay, warmup=0.0, clip_norm=1.0, ema=0.5
    )
    model.compile(make_optimizer(chosen, 20), loss="mse", jit_compile=False)
    before = loss(model, x, y)
    for _ in range(20):  # a step is compiled in half the time that `fit` takes
        model.train_on_batch(x, y)
    model.optimizer.finalize_variable_values(model.trainable_weights)  # the averages, as `fit` ends
    assert loss(model, x, y) < before


@pytest.mark.slow
def test_layers_of_momentum_learn_as_with_sgd_and_the_others_as_with_adam():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(8, 3)).astype("float32"), rng.normal(size=(8, 2)).astype("float32")
    after = {}
    chosen = {"learning_rate": 0.01, "momentum": 0.9, "clip_norm": 0.0}
    for name, rate, by_momentum in (("sgd", 0.05, ()), ("adamw", 0.01, ()), ("adamw", 0.01, ("wide",))):
        keras.utils.set_random_seed(0)
        inputs = keras.Input((3,))
        wide, deep = keras.layers.Dense(2, name="wide"), keras.layers.Dense(2, name="deep")
        model = keras.Model(inputs, [wide(inputs), deep(inputs)])  # neither changes the other's gradients
        factors = {variable.path: 5.0 for layer in by_momentum for variable in model.get_layer(layer).weights}
        optimizer = make_optimizer(
            options(optimizer=name, **chosen | {"learning_rate": rate}), 4, by_momentum=factors
        )
        model.compile(optimizer, loss=["mse", "mse"], jit_compile=False)
        for _ in range(3):
            model.train_on_batch(x, [y, y])
        after[name, bool(by_momentum)] = [keras.ops.convert_to_numpy(weight) for weight in model.weights]
    wide_and_deep = after["adamw", True]
    for found, sgd, adam in zip(
        wide_and_deep[:2], after["sgd", False][:2], after["adamw", False], strict=False
    ):
        np.testing.assert_allclose(found, sgd, rtol=1e-5, atol=1e-6)
        assert not np.allclose(found, adam)
    for found, adam in zip(wide_and_deep[2:], after["adamw", False][2:], strict=True):
        np.testing.assert_allclose(found, adam, rtol=1e-5, atol=1e-6)


def test_biases_are_not_decayed():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, bias_initializer="ones", name="d")])
    model.compile(
        make_optimizer(options(optimizer="sgd", weight_decay=0.5, learning_rate=0.1), 10), loss="mse"
    )
    kernel, bias = (keras.ops.convert_to_numpy(weight) for weight in model.weights)
    zeros = [keras.ops.zeros(weight.shape) for weight in model.trainable_variables]
    model.optimizer.apply_gradients(zip(zeros, model.trainable_variables, strict=True))
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(model.weights[1]), bias)
    assert np.all(np.abs(keras.ops.convert_to_numpy(model.weights[0])) < np.abs(kernel))
