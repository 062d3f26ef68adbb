"""Training batches: each a pure function of (seed, epoch, step), prepared ahead in threads.

An epoch is a permutation of the examples, drawn from (seed, epoch). If the last batch would not be
full, it is filled up with the first examples of the same permutation, so that every step has as many
examples as the next and nothing is left out. Examples of different lengths are put together with others
about as long, so that little of a batch is padding.
"""

from __future__ import annotations

import atexit
import gc
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Any

import keras
import numpy as np

from suite.data.dataset import Example, Examples
from suite.devices import available_memory
from suite.errors import UserError, about
from suite.pipeline.codec import Arrays
from suite.pipeline.trainable import BatchMaker
from suite.stopping import check_stop, stopped_alike

READING_SECONDS = 5.0
"""How long examples are read ahead of the first step, to keep them and to find all unreadable ones."""

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


class PreparedExamples:
    """What a batch maker prepares, kept in memory if all of it fits.

    Args:
        examples: the training split.
        prepare: `BatchMaker.prepare`.
        budget: bytes that may be kept; whether all examples fit is judged by those read so far.
        skip_unreadable: put the next readable example in the place of an unreadable one, instead of raising
            its error.
        on_skip: called once with a sentence on each example that is skipped.
    """

    _JUDGED_BY = 64

    def __init__(
        self,
        examples: Examples,
        prepare: Callable[[Example], Any],
        budget: int,
        *,
        skip_unreadable: bool = False,
        on_skip: Callable[[str], None] = lambda message: None,
    ) -> None:
        self._examples = examples
        self._prepare = prepare
        self._budget = budget
        self._skip = skip_unreadable
        self._on_skip = on_skip
        self._kept: list[Any] | None = [None] * len(examples) if budget > 0 else None
        self._read = 0
        self._bytes = 0
        self._unreadable: dict[int, str] = {}
        self._lock = threading.Lock()

    @property
    def cached(self) -> bool:
        """Whether examples are being kept."""
        return self._kept is not None

    def read_ahead(self, threads: int, seconds: float = READING_SECONDS) -> list[str]:
        """Read examples into memory as long as they fit and for at most some seconds.

        Returns:
            A sentence on each example that cannot be read, unless such are skipped.
        """
        deadline = time.monotonic() + seconds
        failures: list[str] = []
        # Shared by the threads, each of which takes the next one: a million futures would cost gigabytes.
        indices = iter(range(len(self._examples)))

        def read(_: int) -> None:
            for index in indices:
                check_stop()
                if not self.cached or time.monotonic() > deadline:
                    return
                try:
                    self[index]
                except UserError as error:
                    failures.append(str(error))

        with ThreadPoolExecutor(threads, thread_name_prefix="reading") as pool:
            for _ in pool.map(stopped_alike(read), range(threads)):
                pass
        return sorted(failures)

    def __getitem__(self, index: int) -> Any:
        kept = self._kept
        if kept is not None and kept[index] is not None:
            return kept[index]
        if index in self._unreadable:
            return self[(index + 1) % len(self._examples)]
        example = self._examples[index]
        try:
            prepared = self._prepare(example)
        except UserError as error:
            message = about(str(error), example.id, example.input)
            if not self._skip:
                raise UserError(message) from error
            self._note_unreadable(index, message)
            return self[(index + 1) % len(self._examples)]
        if kept is not None:
            self._keep(kept, index, prepared)
        return prepared

    def _keep(self, kept: list[Any], index: int, prepared: Any) -> None:
        with self._lock:
            if kept[index] is not None:
                return
            kept[index] = prepared
            self._read += 1
            self._bytes += _size(prepared)
            if self._read >= min(self._JUDGED_BY, len(kept)):
                if self._bytes / self._read * len(kept) > self._budget:
                    self._kept = None

    def _note_unreadable(self, index: int, message: str) -> None:
        with self._lock:
            if index not in self._unreadable:
                self._unreadable[index] = message
                self._on_skip(message)
            if len(self._unreadable) == len(self._examples):
                raise UserError(f"none of the {len(self._examples)} training examples can be read: {message}")


def memory_budget(cache: str, share: float) -> int:
    """The bytes that may be kept: a share of what is free, all of it, or nothing.

    Args:
        cache: "auto", "memory" or "none", as `RuntimeOptions.cache`.
        share: of the free memory, for "auto".
    """
    if cache == "none":
        return 0
    return sys.maxsize if cache == "memory" else int(available_memory() * share)


def _size(prepared: Any) -> int:
    if isinstance(prepared, np.ndarray):
        return prepared.nbytes + 112
    if isinstance(prepared, (tuple, list)):
        return sum(_size(item) for item in prepared) + 56
    if isinstance(prepared, dict):
        return sum(_size(item) for item in prepared.values()) + 232
    return 64


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
        self._look_ahead = 2 * threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="batches")
        self._futures: dict[int, Future[tuple[Arrays, ...]]] = {}
        self._ready_at: dict[int, float] = {}

    @property
    def num_batches(self) -> int:
        return self._last_step - self._first_step

    def __getitem__(self, item: int) -> tuple[Arrays, ...]:
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
        batch = self.batch(self._first_step + item)
        self._ready_at[item] = time.perf_counter()
        return batch

    def batch(self, step: int) -> tuple[Arrays, ...]:
        """The batch of a global step: `(inputs, targets)` or `(inputs, targets, sample weights)`."""
        epoch, step_in_epoch = divmod(step, self.plan.steps_per_epoch)
        indices = self.plan.indices(epoch, step_in_epoch)
        prepared = [self._prepared[int(index)] for index in indices]
        progress = max(0, step - self._began) / (self._total_steps - self._began)
        return self._maker.make(prepared, self.plan.generator(epoch, step_in_epoch), progress)

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
