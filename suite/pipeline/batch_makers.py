"""What makes training batches: in memory, some rows alone, or on a device; and the plain batch maker."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast, runtime_checkable

import numpy as np

from suite.data.dataset import Example
from suite.pipeline.codec import Arrays, Codec, Encoded

Stackable = TypeVar("Stackable")


class BatchMaker(Protocol):
    """Makes the training batches of a pipeline: what is read once, and what is random."""

    def prepare(self, example: Example) -> Any:
        """What does not change from epoch to epoch: read, decode, shrink. Kept in memory when all fits.

        Called from several threads at once. An array, or a tuple of arrays and plain values.
        """

    def make(self, prepared: Sequence[Any], rng: np.random.Generator, progress: float) -> tuple[Arrays, ...]:
        """A batch `(inputs, targets)` or `(inputs, targets, sample weights)` from prepared examples.

        A pure function: the same arguments give the same arrays. Called from several threads at once.

        Args:
            prepared: what `prepare` gave for the examples of the batch; not to be changed.
            rng: the only source of randomness; a function of seed, epoch and step.
            progress: the share of the training that lies behind, 0 to below 1.
        """


@runtime_checkable
class RowsMaker(BatchMaker, Protocol):
    """A batch maker that can make some rows of a batch without the others.

    Of several processes that train together each makes only its own rows then; a batch maker without this
    makes the whole batch in each of them.
    """

    def make_rows(
        self, prepared: Sequence[Any], rng: np.random.Generator, progress: float, rows: slice
    ) -> tuple[Arrays, ...]:
        """Some rows of what `make` gives for the same arguments, equal to the last bit.

        So it draws for the whole batch what is random, and works on the examples that the rows need.

        Args:
            prepared: as for `make`. An example is read, decoded and prepared when it is asked for, which not
                every process does for every example: ask for those that the rows need.
            rng: as for `make`.
            progress: as for `make`.
            rows: which rows of the batch to give: from a start to a stop, without a step.
        """


def made_rows(
    maker: BatchMaker, prepared: Sequence[Any], rng: np.random.Generator, progress: float, rows: slice
) -> tuple[Arrays, ...]:
    """Some rows of a batch, of which any batch maker can make at least the whole; see `RowsMaker`."""
    if isinstance(maker, RowsMaker):
        return maker.make_rows(prepared, rng, progress, rows)
    return rows_of(maker.make(list(prepared), rng, progress), rows)


def rows_of(batch: tuple[Arrays, ...], rows: slice) -> tuple[Arrays, ...]:
    """Some rows of a batch that is there."""
    return tuple(
        {name: array[rows] for name, array in arrays.items()} if isinstance(arrays, dict) else arrays[rows]
        for arrays in batch
    )


@dataclass(frozen=True, kw_only=True)
class OnDevice:
    """How a device makes the very batches of a batch maker, from examples that stay on it.

    Attributes:
        draw: `draw(count, rng, progress) -> {name: array}`: what is random of a batch of so many examples,
            with the random numbers of `BatchMaker.make`. Small arrays, of the same shapes in every step.
        make: `make(examples, drawn) -> batch`: the batch that `BatchMaker.make` gives, to the bit, in
            `keras.ops`, which are compiled. `examples` is what `BatchMaker.prepare` gives with a batch axis
            before each array and number.
    """

    draw: Callable[[int, np.random.Generator, float], Mapping[str, np.ndarray]]
    make: Callable[[Any, Mapping[str, Any]], tuple[Any, ...]]


@runtime_checkable
class DeviceBatchMaker(BatchMaker, Protocol):
    """A batch maker whose batches a device can make, too."""

    def on_device(self) -> OnDevice | None:
        """How a device makes them; None if it cannot with the options of this maker."""


class Stacked:
    """The plain batch maker: encodes examples by the codec, and stacks them.

    Args:
        codec: encodes inputs; the arrays of all have one shape.
        targets: `targets(target) -> array(s)`, without a batch axis.
        augment: `augment(inputs, rng, progress) -> inputs` changes a batch of inputs at random; None leaves
            them as they are. All of its randomness comes from `rng`.
    """

    def __init__(
        self,
        codec: Codec,
        targets: Callable[[Any], Arrays],
        augment: Callable[[Arrays, np.random.Generator, float], Arrays] | None = None,
    ) -> None:
        self.codec = codec
        self.targets = targets
        self.augment = augment

    def prepare(self, example: Example) -> Any:
        """The encoded input and the target as arrays."""
        encoded = self.codec.encode(example.input)
        return encoded.arrays if isinstance(encoded, Encoded) else encoded, self.targets(example.target)

    def make(self, prepared: Sequence[Any], rng: np.random.Generator, progress: float) -> tuple[Arrays, ...]:
        """The stacked inputs, augmented, and the stacked targets."""
        inputs, targets = (stack(column) for column in zip(*prepared, strict=True))
        if self.augment is not None:
            inputs = self.augment(inputs, rng, progress)
        return inputs, targets

    def on_device(self) -> OnDevice | None:
        """The stacked examples as they are; None if they are augmented, or by a subclass made otherwise."""
        if self.augment is not None or type(self).make is not Stacked.make:
            return None
        return OnDevice(draw=lambda count, rng, progress: {}, make=lambda examples, drawn: tuple(examples))

    def make_rows(
        self, prepared: Sequence[Any], rng: np.random.Generator, progress: float, rows: slice
    ) -> tuple[Arrays, ...]:
        """Some rows of the batch; of the whole one if `augment`, or a `make` of a subclass, changes it."""
        if self.augment is None and type(self).make is Stacked.make:
            return self.make(prepared[rows], rng, progress)
        return rows_of(self.make(list(prepared), rng, progress), rows)


def stack(examples: Sequence[Stackable]) -> Stackable:
    """Examples of equal shapes as one batch, with a batch axis before each array and number.

    Args:
        examples: encoded ones, arrays or arrays by name; or prepared ones, tuples of such too.

    Raises:
        ValueError: if they differ in shape or in structure.
    """
    return cast(Stackable, _stacked(examples))


def _stacked(examples: Sequence[Any]) -> Any:
    first = examples[0]
    if isinstance(first, dict):
        return {name: _stacked([example[name] for example in examples]) for name in first}
    if isinstance(first, (tuple, list)):
        return tuple(_stacked(column) for column in zip(*examples, strict=True))
    # An example that is alone, as a program that waits for it has it, is not copied.
    return np.asarray(first)[None] if len(examples) == 1 else np.stack(examples)
