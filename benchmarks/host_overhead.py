"""A training step through the host against the same network in a bare `keras.Model.fit`, in one run.

    python benchmarks/host_overhead.py [ROUNDS]

Both train the small residual network of image classification on the same arrays, with the same optimizer,
schedule, precision and compilation, and without augmentation, which `fit` on arrays does not have. The host
makes its batches from single examples, tells its listener of every step, and looks for stop requests and
due checkpoints. The two take turns; the ratio is of the medians of all steps' times but the first few of a
round. The goal is at most 1.03.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from suite.configuration import resolve_training
from suite.data.dataset import Example
from suite.devices import activate, choose_precision, make_deterministic
from suite.options import NoOptions
from suite.pipeline.trainable import TrainablePipeline
from suite.training.progress import Listener
from suite.training_options import RuntimeOptions, TrainingOptions

EXAMPLES, BATCH, SKIPPED = 6400, 128, 10


class Plain:
    """Batches of arrays that are in memory already."""

    def prepare(self, example: Example) -> Any:
        return example.input, example.target

    def make(self, prepared: Any, rng: Any, progress: float) -> Any:
        return np.stack([x for x, _ in prepared]), np.stack([y for _, y in prepared])


class Clock(Listener):
    """The time of every step."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def progress(self, progress: Any) -> None:
        self.times.append(time.perf_counter())

    @property
    def steps(self) -> list[float]:
        return list(np.diff(self.times))[SKIPPED:]


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 6
    device = activate()
    make_deterministic(device)
    import keras

    from suite.training.checkpoints import CheckpointFolder
    from suite.training.optimizers import make_optimizer
    from suite.training.trainer import Trainer
    from suite_image_classification.models.residual import small_residual_network

    keras.config.set_dtype_policy(choose_precision("auto", device))
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (EXAMPLES, 32, 32, 3), np.uint8)
    y = np.eye(10, dtype=np.float32)[rng.integers(0, 10, EXAMPLES)]
    examples = [Example(str(index), x[index], y[index]) for index in range(EXAMPLES)]
    training = TrainingOptions(epochs=1, batch_size=BATCH, optimizer="sgd", learning_rate=0.01)
    options = resolve_training(training, {}, EXAMPLES, device_kind=device.kind, builder="benchmark")
    steps = EXAMPLES // BATCH

    def network() -> Any:
        keras.utils.set_random_seed(0)
        return small_residual_network((32, 32), 10, width=32)

    def bare() -> list[float]:
        class StepClock(keras.callbacks.Callback):
            def on_train_begin(self, logs: Any = None) -> None:
                self.times: list[float] = []

            def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
                self.times.append(time.perf_counter())

        clock, model = StepClock(), network()
        model.compile(
            make_optimizer(options, steps),
            loss=keras.losses.CategoricalCrossentropy(from_logits=True),
            jit_compile=device.kind == "gpu" or device.backend == "jax",
        )
        model.fit(x, y, batch_size=BATCH, epochs=1, verbose=0, callbacks=[clock])
        return list(np.diff(clock.times))[SKIPPED:]

    def hosted() -> list[float]:
        clock = Clock()
        pipeline = TrainablePipeline(
            codec=None,  # type: ignore[arg-type]  # nothing is encoded here
            network=network(),
            loss=keras.losses.CategoricalCrossentropy(from_logits=True),
            batch_maker=Plain(),
            targets=None,
            options=NoOptions(),
        )
        with tempfile.TemporaryDirectory() as folder:
            Trainer(
                pipeline,
                examples,
                options,
                runtime=RuntimeOptions(),
                device=device,
                folder=CheckpointFolder(Path(folder) / "checkpoints"),
                validate=None,
                metric="accuracy",
                higher_is_better=True,
                listener=clock,
                stop=lambda: False,
                history_changed=lambda rows: None,
            ).train()
        return clock.steps

    all_bare: list[float] = []
    all_hosted: list[float] = []
    for number in range(rounds):
        for run, kept in ((bare, all_bare), (hosted, all_hosted))[:: 1 if number % 2 else -1]:
            kept += run()
        ratio = statistics.median(all_hosted) / statistics.median(all_bare)
        print(
            f"round {number + 1}: fit {1e3 * statistics.median(all_bare):.2f} ms,"
            f" host {1e3 * statistics.median(all_hosted):.2f} ms a step, ratio {ratio:.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
