"""Examples that stay on the device: batches and weights are those of examples in memory, to the bit."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest

import suite
from suite.configuration import resolve_training
from suite.data.dataset import Example
from suite.devices import activate
from suite.pipeline.batch_checks import check_on_device
from suite.pipeline.batch_makers import OnDevice, Stacked
from suite.pipeline.trainable import TrainablePipeline
from suite.testing import check_batch_maker
from suite.training import resident
from suite.training.checkpoints import CheckpointFolder
from suite.training.prepared import PreparedExamples
from suite.training.progress import Listener
from suite.training.session import StopRequested
from suite.training.trainer import Trainer, residence_of
from suite.training_options import RuntimeOptions, TrainingOptions

pytestmark = pytest.mark.backend
on_jax = pytest.mark.skipif("keras.config.backend() != 'jax'", reason="only JAX keeps examples on the device")

RNG = np.random.default_rng(0)
EXAMPLES = [Example(str(index), RNG.normal(size=4), index % 2) for index in range(22)]


class Mirrored:
    """Rows of numbers of which some, drawn at random, are turned around, all with a weight."""

    def prepare(self, example):
        return example.input.astype(np.float32), np.eye(2, dtype=np.float32)[example.target], {"weight": 0.5}

    def make(self, prepared, rng, progress):
        rows = np.stack([row for row, _, _ in prepared])
        turned = rng.random(len(rows)) < (0.5 if progress < 0.7 else 0.0)
        weights = np.array([each["weight"] for _, _, each in prepared], np.float32)
        return np.where(turned[:, None], rows[:, ::-1], rows), np.stack([y for _, y, _ in prepared]), weights

    def draw(self, count, rng, progress):
        return {"turned": rng.random(count) < (0.5 if progress < 0.7 else 0.0)}

    def make_on_device(self, examples, drawn):
        rows, targets, other = examples
        turned = keras.ops.where(drawn["turned"][:, None], keras.ops.flip(rows, 1), rows)
        return turned, targets, keras.ops.cast(other["weight"], "float32")

    def on_device(self):
        return OnDevice(draw=self.draw, make=self.make_on_device)


class Ragged(Mirrored):
    def prepare(self, example):
        row, target, other = super().prepare(example)
        return row[: 4 - (example.id == "3")], target, other


class Forgetful(Mirrored):
    """Leaves out on the device what is random."""

    def make_on_device(self, examples, drawn):
        rows, targets, other = examples
        return rows, targets, keras.ops.cast(other["weight"], "float32")


def trainer(folder, maker=None, *, cache="device", stop_at=None, examples=EXAMPLES, **training):
    device = activate()
    keras.utils.set_random_seed(0)
    network = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(3, "relu"), keras.layers.BatchNormalization()]
    )
    network.add(keras.layers.Dense(2))
    options = TrainingOptions(**{"epochs": 3, "batch_size": 4, "optimizer": "sgd", "seed": 5} | training)
    maker = maker or Mirrored()
    listener = Ends(stop_at)
    return Trainer(
        TrainablePipeline(
            codec=None, network=network, loss=keras.losses.CategoricalCrossentropy(True), batch_maker=maker
        ),
        examples,
        resolve_training(options, {}, len(examples), device_kind=device.kind, builder="the test"),
        runtime=RuntimeOptions(cache=cache),
        device=device,
        folder=CheckpointFolder(folder),
        validate=None,
        metric="accuracy",
        higher_is_better=True,
        listener=listener,
        stop=lambda: listener.is_over,
        history_changed=lambda rows: None,
    )


class Ends(Listener):
    """Ends a training when it hears of a step."""

    def __init__(self, step):
        self.left, self.is_over = step, False

    def progress(self, progress):
        if self.left is not None:
            self.left -= 1
            self.is_over = self.left <= 0


def trained(trainer, *, ahead=True):
    if ahead:
        trainer.prepared.read_ahead(1)
    trainer.train()
    return trainer


def weights(trainer):
    return [np.asarray(value) for value in trainer.session.network.get_weights()]


@on_jax
@pytest.mark.slow
@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize("ahead", [True, False], ids=["from the start", "after the first epoch"])
def test_weights_are_those_of_examples_in_memory(tmp_path, steps, ahead):
    streamed = trained(trainer(tmp_path / "memory", cache="memory", steps_per_execution=steps))
    there = trained(trainer(tmp_path / "device", steps_per_execution=steps), ahead=ahead)
    assert there._residence._resident is not None
    assert not there.prepared.cached
    for first, second in zip(weights(streamed), weights(there), strict=True):
        np.testing.assert_array_equal(first, second)


@on_jax
@pytest.mark.slow
def test_a_training_that_was_stopped_goes_on_with_examples_elsewhere(tmp_path):
    unbroken = trained(trainer(tmp_path / "unbroken"))
    with pytest.raises(StopRequested):
        trained(trainer(tmp_path / "stopped", stop_at=7))
    resumed = trainer(tmp_path / "stopped", cache="memory")
    assert resumed.restore()
    assert 0 < resumed.state.step < 18
    for first, second in zip(weights(unbroken), weights(trained(resumed)), strict=True):
        np.testing.assert_array_equal(first, second)


@on_jax
@pytest.mark.slow
def test_an_example_that_is_left_out_has_the_next_one_in_its_place(tmp_path):
    class Choosy(Mirrored):
        def prepare(self, example):
            if example.id == "3":
                raise suite.UserError("it is broken")
            return super().prepare(example)

    skip = {"unreadable": "skip"}
    streamed = trained(trainer(tmp_path / "memory", Choosy(), cache="memory", **skip))
    there = trained(trainer(tmp_path / "device", Choosy(), **skip))
    assert there._residence._resident is not None
    for first, second in zip(weights(streamed), weights(there), strict=True):
        np.testing.assert_array_equal(first, second)


@on_jax
@pytest.mark.slow
def test_what_cannot_be_on_the_device_is_refused_if_asked_for_and_else_stays_in_memory(tmp_path, monkeypatch):
    with pytest.raises(suite.UserError, match="not all of one shape; --set runtime.cache=memory"):
        trained(trainer(tmp_path / "a", Ragged()))
    with pytest.raises(suite.UserError, match="with these options no device makes the batches"):
        trainer(tmp_path / "b", Stacked(None, None, augment=lambda inputs, rng, progress: inputs))
    monkeypatch.setattr(resident, "_memory", lambda: 1000)
    with pytest.raises(suite.UserError, match="they take .* GB, and there is room for"):
        trained(trainer(tmp_path / "c"))
    on_a_gpu = trainer(tmp_path / "d", cache="memory")
    on_a_gpu._residence = residence_of(
        on_a_gpu.prepared, Mirrored(), "auto", replace(on_a_gpu._device, kind="gpu")
    )
    assert trained(on_a_gpu).prepared.cached


@on_jax
@pytest.mark.slow
def test_by_default_examples_are_on_a_gpu_and_in_the_memory_of_a_processor(tmp_path):
    prepared = PreparedExamples(EXAMPLES, Mirrored().prepare, 1 << 20)
    device = activate()
    assert residence_of(prepared, Mirrored(), "auto", replace(device, kind="cpu")) is None
    residence = residence_of(prepared, Mirrored(), "auto", replace(device, kind="gpu"))
    assert residence.examples() is None  # none has been read yet
    prepared.read_ahead(1)
    assert residence.examples() is not None


@on_jax
@pytest.mark.slow
def test_another_batch_on_the_device_is_a_defect_of_the_plugin(tmp_path):
    with pytest.raises(suite.PluginError, match="on_device.. makes another batch than its make"):
        trained(trainer(tmp_path / "run", Forgetful()))


def test_examples_stay_in_memory_where_the_backend_is_not_jax(tmp_path):
    if keras.config.backend() == "jax":
        assert trainer(tmp_path / "run", cache="memory")._residence is None
        return
    assert trainer(tmp_path / "run", cache="auto")._residence is None
    with pytest.raises(suite.UserError, match="which JAX can and .* cannot: --backend jax"):
        trainer(tmp_path / "run")


def test_what_plugins_make_on_a_device_is_checked_on_every_backend():
    check_batch_maker(Mirrored(), EXAMPLES[:5])
    with pytest.raises(suite.PluginError, match="on_device.. makes another batch than its make"):
        check_batch_maker(Forgetful(), EXAMPLES[:5])


def test_the_plain_batch_maker_can_be_on_a_device_unless_a_subclass_makes_its_own_batches():
    class Own(Stacked):
        def make(self, prepared, rng, progress):
            inputs, targets = super().make(prepared, rng, progress)
            return inputs + 1, targets

    class Codec:
        def encode(self, raw):
            return raw.astype(np.float32)

    plain = Stacked(Codec(), lambda target: np.array(target, np.int32))
    check_on_device(plain, [plain.prepare(example) for example in EXAMPLES[:3]], [0], "the test")
    assert plain.on_device() is not None
    assert Own(Codec(), plain.targets).on_device() is None
