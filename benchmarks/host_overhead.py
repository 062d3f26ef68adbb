"""A training step through the host against the same network in a bare loop, in one run.

    python benchmarks/host_overhead.py [--backend NAME] [--network residual|dense]
        [--cache memory|device] [--rounds N]

All train the same network on the same arrays, with the same optimizer, schedule, precision and compilation,
and without augmentation. `fit` is `keras.Model.fit` on arrays; on JAX there is a bare loop too, which calls
the compiled step on batches that are stacked beforehand and reads nothing. The host makes its batches from
single examples, tells its listener of every step, and looks for stop requests and due checkpoints. They take
turns; a round is the time from the end of its first step to that of its last one. With `residual` (the small
network of image classification) a step takes a tenth of a second on a processor, and the goal is a ratio of
at most 1.03 to `fit`; with `dense` it takes a millisecond, and what the host adds is seen.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from suite.configuration import resolve_training
from suite.data.dataset import Example
from suite.devices import Device, activate, choose_precision, make_deterministic
from suite.options import NoOptions
from suite.pipeline.batch_makers import OnDevice
from suite.pipeline.trainable import TrainablePipeline
from suite.training.progress import Listener
from suite.training_options import RuntimeOptions, TrainingOptions

EXAMPLES = {"residual": 6_400, "dense": 64_000}
BATCH = 128


class Plain:
    """Batches of arrays that are in memory already."""

    def prepare(self, example: Example) -> Any:
        return example.input, example.target

    def make(self, prepared: Any, rng: Any, progress: float) -> Any:
        return np.stack([x for x, _ in prepared]), np.stack([y for _, y in prepared])

    def on_device(self) -> OnDevice:
        return OnDevice(draw=lambda count, rng, progress: {}, make=lambda examples, drawn: examples)


class Clock(Listener):
    """When steps were heard of: the first as soon as it is done, the last at the end of the epoch."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def progress(self, progress: Any) -> None:
        self.times.append(time.perf_counter())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--backend", default="auto")
    parser.add_argument("--network", choices=EXAMPLES, default="residual")
    parser.add_argument("--cache", choices=["memory", "device"], help="where the host keeps examples")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--steps-per-execution", type=int, default=1, help="of the host")
    chosen = parser.parse_args()
    device = activate(chosen.backend)
    make_deterministic(device)
    import keras

    keras.config.set_dtype_policy(choose_precision("auto", device))
    work = Work(device, chosen.network, chosen.steps_per_execution, chosen.cache or "auto")
    ways: dict[str, Callable[[], list[float]]] = {"fit": work.fit, "host": work.host}
    if device.backend == "jax":
        ways = {"bare loop": work.bare_loop, **ways}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(chosen.rounds):
        for name, run in list(ways.items())[:: 1 if number % 2 else -1]:
            times = run()
            steps = work.steps - (work.options.steps_per_execution if name == "host" else 1)
            seconds[name].append((times[-1] - times[0]) / steps)
        medians = {name: statistics.median(values) for name, values in seconds.items()}
        said = ", ".join(f"{name} {1e3 * median:.3f} ms" for name, median in medians.items())
        print(f"round {number + 1}: {said}; host / fit {medians['host'] / medians['fit']:.3f}", flush=True)


class Work:
    """What is trained, in every way.

    Args:
        device: what Keras runs on.
        network: "residual" or "dense".
        steps_per_execution: of the host.
        cache: of the host.
    """

    def __init__(self, device: Device, network: str, steps_per_execution: int, cache: str) -> None:
        self.device = device
        self.cache = cache
        self.is_dense = network == "dense"
        count = EXAMPLES[network]
        rng = np.random.default_rng(0)
        self.x = (
            rng.normal(size=(count, 64)).astype(np.float32)
            if self.is_dense
            else rng.integers(0, 256, (count, 32, 32, 3), np.uint8)
        )
        self.y = np.eye(10, dtype=np.float32)[rng.integers(0, 10, count)]
        self.examples = [Example(str(index), self.x[index], self.y[index]) for index in range(count)]
        training = TrainingOptions(
            epochs=1,
            batch_size=BATCH,
            optimizer="sgd",
            learning_rate=0.01,
            steps_per_execution=steps_per_execution,
        )
        self.options = resolve_training(training, {}, count, device_kind=device.kind, builder="benchmark")
        self.steps = count // BATCH

    def network(self) -> Any:
        """The network, not trained."""
        import keras

        from suite_image_classification.models.residual import small_residual_network

        keras.utils.set_random_seed(0)
        if not self.is_dense:
            return small_residual_network((32, 32), 10, width=32)
        layers = [keras.layers.Dense(64, "relu") for _ in range(4)]
        return keras.Sequential([keras.Input((64,)), *layers, keras.layers.Dense(10, dtype="float32")])

    def compiled(self) -> Any:
        """The network, ready for `fit`."""
        import keras

        from suite.training.optimizers import make_optimizer

        model = self.network()
        model.compile(
            make_optimizer(self.options, self.steps),
            loss=keras.losses.CategoricalCrossentropy(from_logits=True),
            jit_compile=self.device.kind == "gpu" or self.device.backend == "jax",
        )
        return model

    def bare_loop(self) -> list[float]:
        """JAX alone: the compiled step on stacked batches."""
        import jax

        model = self.compiled()
        model.optimizer.build(model.trainable_variables)
        groups = (model.trainable_variables, model.non_trainable_variables, model.optimizer.variables)
        state = tuple([each.value for each in group] for group in (*groups, model.metrics_variables))
        step = jax.jit(model.train_step, donate_argnums=0)
        batches = [slice(start, start + BATCH) for start in range(0, len(self.x), BATCH)]
        batches_of_arrays = [(self.x[rows], self.y[rows]) for rows in batches]
        times = []
        for number, batch in enumerate(batches_of_arrays):
            logs, state = step(state, batch)
            if number in (0, len(batches) - 1):
                jax.block_until_ready(logs)
            times.append(time.perf_counter())
        return times

    def fit(self) -> list[float]:
        """`keras.Model.fit` on arrays."""
        import keras

        class StepClock(keras.callbacks.Callback):
            def on_train_begin(self, logs: Any = None) -> None:
                self.times: list[float] = []

            def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
                self.times.append(time.perf_counter())

        clock = StepClock()
        self.compiled().fit(self.x, self.y, batch_size=BATCH, epochs=1, verbose=0, callbacks=[clock])
        return clock.times

    def host(self) -> list[float]:
        """Through the host's trainer."""
        import keras

        from suite.training.checkpoints import CheckpointFolder
        from suite.training.trainer import Trainer

        clock = Clock()
        pipeline = TrainablePipeline(
            codec=None,  # type: ignore[arg-type]  # nothing is encoded here
            network=self.network(),
            loss=keras.losses.CategoricalCrossentropy(from_logits=True),
            batch_maker=Plain(),
            targets=None,
            options=NoOptions(),
        )
        with tempfile.TemporaryDirectory() as folder:
            trainer = Trainer(
                pipeline,
                self.examples,
                self.options,
                runtime=RuntimeOptions(cache=self.cache),  # type: ignore[arg-type]  # a choice of it
                device=self.device,
                folder=CheckpointFolder(Path(folder) / "checkpoints"),
                validate=None,
                metric="accuracy",
                higher_is_better=True,
                listener=clock,
                stop=lambda: False,
                history_changed=lambda rows: None,
            )
            trainer.prepared.read_ahead(1)
            trainer.train()
        return clock.times


if __name__ == "__main__":
    main()
