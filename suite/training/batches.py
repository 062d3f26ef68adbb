"""Training batches: each a pure function of (seed, epoch, step), prepared ahead in threads.

An epoch is a permutation of the examples, drawn from (seed, epoch). If the last batch would not be
full, it is filled up with the first examples of the same permutation, so that every step has as many
examples as the next and nothing is left out. Examples of different lengths are put together with others
about as long, so that little of a batch is padding.
"""

from __future__ import annotations

import atexit
import gc
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Any, NamedTuple, Protocol

import keras
import numpy as np

from suite.pipeline.batch_makers import BatchMaker, made_rows, rows_of
from suite.pipeline.codec import Arrays
from suite.training.prepared import ExamplesOfBatch, PreparedExamples

BATCHES_SORTED_TOGETHER = 32
"""How many batches share a pool that is sorted by length: few enough that an epoch stays well mixed."""

_ORDER, _BATCH = 0, 1
"""Which of the independent random streams of a seed: the order of the examples, or what is in a batch."""


class EpochPlan:
    """Which examples are in which step, and the random generator of each step.

    Args:
        count: the number of examples.
        batch_size: examples per step.
        seed: of all randomness.
        multiple: the steps of an epoch are rounded up to a multiple of this (steps per execution).
        lengths: (count,), of each example, if examples of similar lengths are to share batches.
    """

    def __init__(
        self, count: int, batch_size: int, seed: int, multiple: int = 1, lengths: np.ndarray | None = None
    ) -> None:
        self.count = count
        self.batch_size = batch_size
        self.seed = seed
        self.lengths = lengths
        steps = -(-count // batch_size)
        self.steps_per_epoch = -(-steps // multiple) * multiple
        self._lock = threading.Lock()
        self._orders: dict[int, np.ndarray] = {}

    def order(self, epoch: int) -> np.ndarray:
        """The examples of an epoch, (count,) int64, in the order in which they are seen."""
        with self._lock:
            if epoch not in self._orders:
                # Batches are made a little ahead, so two epochs are in use around the end of one.
                while len(self._orders) > 1:
                    del self._orders[min(self._orders)]
                generator = np.random.default_rng([self.seed, _ORDER, epoch])
                order = generator.permutation(self.count)
                self._orders[epoch] = order if self.lengths is None else self._by_length(order, generator)
            return self._orders[epoch]

    def _by_length(self, order: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """`order` with examples of similar lengths together in batches, and the batches in random order."""
        assert self.lengths is not None
        # Without the noise a small data set would have the same batches in every epoch.
        lengths = self.lengths[order] * generator.uniform(0.9, 1.1, self.count)
        pool = BATCHES_SORTED_TOGETHER * self.batch_size
        pools = [slice(start, start + pool) for start in range(0, self.count, pool)]
        by_length = np.concatenate([order[span][np.argsort(lengths[span], kind="stable")] for span in pools])
        full = self.count // self.batch_size * self.batch_size
        batches = generator.permutation(by_length[:full].reshape(-1, self.batch_size))
        return np.concatenate([batches.reshape(-1), by_length[full:]])

    def indices(self, epoch: int, step: int) -> np.ndarray:
        """The examples of a step, (batch_size,) int64."""
        positions = np.arange(step * self.batch_size, (step + 1) * self.batch_size) % self.count
        return self.order(epoch)[positions]

    def generator(self, epoch: int, step: int) -> np.random.Generator:
        """The randomness of a step."""
        return np.random.default_rng([self.seed, _BATCH, epoch, step])


class Choice(NamedTuple):
    """What a batch is a function of.

    Attributes:
        indices: (batch_size,) int64, its examples.
        generator: its randomness.
        progress: the share of the training that lies behind.
    """

    indices: np.ndarray
    generator: np.random.Generator
    progress: float


class ResidentExamples(Protocol):
    """Examples that are on the device, of which batches are made there."""

    def whole(self, choice: Choice) -> tuple[Any, ...]:
        """The whole batch on one device."""

    def placed(self, choices: Sequence[Choice]) -> Any:
        """Batches where the steps want them: of one choice, or of several with an axis before the rows."""


class Batches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras is not typed
    """The batches from one step to another, prepared ahead in threads.

    Item `i` is the batch of global step `first_step + i`. Keras asks for the items in order; any
    other item is the same batch as ever, only later.

    Args:
        plan: which examples are in which step.
        prepared: the examples.
        maker: makes a batch of them.
        first_step: the global step of item 0.
        last_step: the global step after the last item.
        total_steps: of the whole training, for the batch maker's `progress`.
        began: the step at which that progress is 0.
        threads: how many batches are made at the same time.
        rows: of each batch, if this is one of several processes of which each makes its own.
    """

    def __init__(
        self,
        plan: EpochPlan,
        prepared: PreparedExamples,
        maker: BatchMaker,
        *,
        first_step: int,
        last_step: int,
        total_steps: int,
        threads: int,
        began: int = 0,
        rows: slice = slice(None),
    ) -> None:
        super().__init__(workers=1, use_multiprocessing=False)
        self.plan = plan
        self.failure: BaseException | None = None
        self._prepared = prepared
        self._maker = maker
        self._first_step = first_step
        self._last_step = last_step
        self._total_steps = total_steps
        self._began = began
        self._rows = rows
        self.resident: ResidentExamples | None = None
        self._look_ahead = 2 * threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="batches")
        self._futures: dict[int, Future[tuple[Arrays, ...]]] = {}
        self._ready_at: dict[int, float] = {}

    @property
    def num_batches(self) -> int:
        return self._last_step - self._first_step

    def __getitem__(self, item: int) -> tuple[Arrays, ...]:
        if self.resident is not None:
            return self.batch(self._first_step + item)
        for ahead in range(item, min(item + 1 + self._look_ahead, self.num_batches)):
            if ahead not in self._futures:
                self._futures[ahead] = self._pool.submit(self._make, ahead)
        for past in [key for key in self._futures if key < item - 1]:
            del self._futures[past]
        try:
            return self._futures[item].result()
        except BaseException as error:
            # A backend may rewrap what its input raises; the trainer looks here for the original.
            self.failure = error
            raise

    def _make(self, item: int) -> tuple[Arrays, ...]:
        batch = self.batch(self._first_step + item, self._rows)
        self._ready_at[item] = time.perf_counter()
        return batch

    def batch(self, step: int, rows: slice = slice(None)) -> tuple[Arrays, ...]:
        """The batch of a global step: `(inputs, targets)` or `(inputs, targets, sample weights)`.

        Args:
            step: from 0.
            rows: which rows of it; all unless somebody says otherwise.
        """
        choice = self._choice(step)
        if self.resident is not None:
            return rows_of(self.resident.whole(choice), rows)
        prepared = ExamplesOfBatch(self._prepared, choice.indices)
        if rows == slice(None):
            return self._maker.make(list(prepared), choice.generator, choice.progress)
        return made_rows(self._maker, prepared, choice.generator, choice.progress, rows)

    def choice_of(self, item: int) -> Choice:
        """What an item is a function of."""
        return self._choice(self._first_step + item)

    def begins_epoch(self, item: int) -> bool:
        """Whether an item is the first of an epoch."""
        return (self._first_step + item) % self.plan.steps_per_epoch == 0

    def _choice(self, step: int) -> Choice:
        epoch, step_in_epoch = divmod(step, self.plan.steps_per_epoch)
        return Choice(
            indices=self.plan.indices(epoch, step_in_epoch),
            generator=self.plan.generator(epoch, step_in_epoch),
            progress=max(0, step - self._began) / (self._total_steps - self._began),
        )

    def make_there(self, resident: ResidentExamples) -> None:
        """From now on batches are made where their examples are, and not in threads."""
        self.resident = resident
        for future in self._futures.values():
            future.cancel()
        self._futures.clear()

    def as_dataset(self, *, open_lengths: bool) -> Any:
        """The batches as a `tf.data.Dataset`.

        Autotuning is off: there is nothing to tune, and its thread keeps whoever lets go of the dataset
        waiting, for ten seconds and more if training was stopped. Keras leaves it on.

        Args:
            open_lengths: axis 1 of every array that has one is open, for lengths that differ from batch to
                batch. TensorFlow then traces the step once, and not for every length. Keras would take the
                shapes that it allows from the first two batches.
        """
        import tensorflow as tf

        _collect_before_the_end()

        untuned = tf.data.Options()
        untuned.autotune.enabled = False
        dataset = tf.data.Dataset.from_generator(
            lambda: (self[item] for item in range(self.num_batches)),
            output_signature=keras.tree.map_structure(
                lambda array: specification(array, open_lengths), self[0]
            ),
        )
        return dataset.prefetch(2).with_options(untuned)

    def waited(self, item: int, since: float) -> float:
        """Seconds from `since` (of `time.perf_counter`) until item was ready: the wait for data."""
        ready = self._ready_at.get(item, 0.0)
        for past in [key for key in list(self._ready_at) if key <= item]:
            del self._ready_at[past]
        return max(0.0, ready - since)

    def close(self) -> None:
        """Stop preparing; what is under way is finished and thrown away."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def specification(array: Any, open_lengths: bool) -> Any:
    """What TensorFlow is told of an array of a batch: all have the same shape, but for open lengths."""
    import tensorflow as tf

    shape = np.shape(array)
    if open_lengths and len(shape) > 1:
        shape = (shape[0], None, *shape[2:])
    return tf.TensorSpec(shape, np.asarray(array).dtype)


@cache
def _collect_before_the_end() -> None:
    """Let go of datasets that nobody uses any more before the interpreter ends.

    TensorFlow would else end them when their Python functions are gone, and write a warning.
    """
    atexit.register(gc.collect)
