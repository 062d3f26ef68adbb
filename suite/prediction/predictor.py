"""Trained pipelines: written to a folder, loaded from it, and used on anything one wants predicted."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

from suite.devices import cores
from suite.errors import UserError
from suite.pipeline.codec import Arrays, Codec, Encoded
from suite.pipeline.networks import Network
from suite.pipeline.trainable import stack
from suite.prediction.continuations import Grown, grow
from suite.prediction.encoding import (
    Unit,
    Whole,
    chunks_of,
    codec_of,
    decode_each,
    encode,
    name_of,
    same_shapes,
    units,
    why,
)


@dataclass(frozen=True)
class Result:
    """What became of one input.

    Attributes:
        input: the input as it was given.
        name: how a message calls it: its path or name, its text, or its number.
        prediction: of the task's prediction type; None where `error` is set.
        error: why there is no prediction, else None.
    """

    input: Any
    name: str
    prediction: Any = None
    error: str | None = None


@dataclass(frozen=True)
class LoadedPipeline:
    """A codec and a network that is ready to run.

    Attributes:
        task: the task's name.
        builder: the model builder as `plugin:name`.
        codec: between raw things and arrays.
        network: arrays in, arrays out, on whichever runtime.
        facts: the facts of the data that it was trained on.
        batch_size: how many examples `predict` runs at a time.
    """

    task: str
    builder: str
    codec: Codec
    network: Network
    facts: Mapping[str, Any] = field(default_factory=dict)
    batch_size: int = 32

    def predict(self, x: Any) -> Any:
        """Predict one raw thing, or each of several.

        Args:
            x: whatever the codec reads (a path, bytes, a `Source`, a string, an array), or a list, a
                tuple or an iterator of such things. Of one array and a stack of them, the codec's
                attribute `input_axes` tells which is meant: an array with exactly one axis more is a
                stack. Without that attribute every array is one thing.

        Returns:
            The prediction, of the task's prediction type, or a list of them in the order of `x`.

        Raises:
            UserError: where a thing cannot be read; the message names it.
        """
        if not self._is_several(x):
            for prediction in self._stream(x, partly=False):
                complete = prediction
            return complete
        return [_sure(result) for result in self.predict_each(x, self.batch_size)]

    def predict_each(
        self,
        raws: Iterable[Any],
        batch_size: int = 32,
        chunk_done: Callable[[str, int, int], None] = lambda name, done, total: None,
        ahead: int = 2,
        written: Callable[[Result], None] | None = None,
    ) -> Generator[Result, None, None]:
        """Predict a stream of raw things in constant memory, in their order.

        A thing that cannot be read gives a result with `error` and the others go on. Reading and
        encoding happen in threads, a few batches ahead. An error that is the codec's own fault is
        raised, with a note of whose code it was. What is too long to be encoded as one is predicted in the
        chunks that the codec makes of it, and gives one result. What the codec goes on with takes several
        forward passes, and a batch stays together until all of it is complete.

        Args:
            raws: whatever the codec reads.
            batch_size: how many are run at a time.
            chunk_done: told the name of a thing in chunks, how many of them are done, and how many there are.
            ahead: batches that are read before they are run; 0 for what comes as it happens.
            written: told of every prediction that is to be gone on with, as far as it has come.
        """
        encodings = units(self.codec, raws, self.builder)
        waiting: deque[tuple[Unit, Future[Encoded]]] = deque()
        with ThreadPoolExecutor(max_workers=cores(), thread_name_prefix="encode") as threads:
            try:
                while True:
                    for unit in islice(encodings, (1 + ahead) * batch_size - len(waiting)):
                        waiting.append((unit, threads.submit(self._encode, unit)))
                    if not waiting:
                        return
                    batch = [waiting.popleft() for _ in range(min(batch_size, len(waiting)))]
                    for unit, prediction, error in self._results(batch, written):
                        if unit.whole is None:
                            yield Result(unit.raw, unit.name, prediction, error)
                            continue
                        chunk_done(unit.name, unit.whole.add(prediction, error), unit.whole.chunks.total)
                        if unit.last:
                            yield self._merged(unit.whole, unit.name)
            finally:
                threads.shutdown(wait=False, cancel_futures=True)

    def stream(self, raw: Any) -> Iterator[Any]:
        """Predict one raw thing, as far as the prediction has come after each forward pass.

        Returns:
            Predictions that grow, of the task's prediction type; the last one is what `predict` gives.
            There is one only where the codec does not go on, and of what is predicted in chunks.

        Raises:
            UserError: where the thing cannot be read; the message names it.
        """
        return self._stream(raw, partly=True)

    @property
    def scoring_facts(self) -> dict[str, Any]:
        """What evaluators are told: the facts of the data, and what the codec adds to them."""
        return {**self.facts, **self.codec.scoring_facts()}

    def for_scoring(self) -> LoadedPipeline:
        """The pipeline that predicts as evaluators want it, which may be more than people want."""
        codec = self.codec.for_scoring()
        return self if codec is self.codec else replace(self, codec=codec)

    def complete_each(self, raws: Sequence[Any], predictions: Sequence[Any]) -> list[Any]:
        """The predictions that the codec goes on with to their ends, from those of the first forward pass.

        Raises:
            UserError: where what follows cannot be encoded.
        """
        found = dict(enumerate(predictions))
        for grown in self._grow(dict(enumerate(raws)), found, partly=False):
            if grown.error is not None:
                raise UserError(_named(name_of(raws[grown.index], grown.index), grown.error))
            found[grown.index] = grown.prediction
        return [found[index] for index in range(len(raws))]

    def decode_each(self, outputs: Arrays, contexts: Sequence[Any]) -> list[Any]:
        """The prediction for each example of a batch of the network's outputs, with its codec's context."""
        return decode_each(self.codec, outputs, contexts, self.builder)

    def _merged(self, whole: Whole, name: str) -> Result:
        if whole.error is not None:
            return Result(whole.raw, name, None, whole.error)
        with codec_of(self.builder):
            return Result(whole.raw, name, whole.chunks.merge(whole.predictions))

    def _stream(self, raw: Any, *, partly: bool) -> Iterator[Any]:
        """One thing, without threads: a batch of one is for programs that wait for it."""
        name = name_of(raw, None)
        try:
            if chunks_of(self.codec, raw, self.builder) is not None:
                (result,) = self.predict_each([raw], self.batch_size)
                yield _sure(result)
                return
            encoded = self._encode(Unit(raw, name))
        except (UserError, OSError) as error:
            raise UserError(_named(name, why(error))) from error
        for grown in self._grow({0: raw}, self._run({0: encoded}), partly=partly):
            yield _sure(Result(raw, name, grown.prediction, grown.error))

    def _encode(self, unit: Unit) -> Encoded:
        if unit.error is not None:
            raise UserError(unit.error)
        with codec_of(self.builder):
            return encode(self.codec, unit.raw)

    def _results(
        self, batch: Sequence[tuple[Unit, Future[Encoded]]], written: Callable[[Result], None] | None
    ) -> Iterator[tuple[Unit, Any, str | None]]:
        """What was encoded, its prediction, and why there is none."""
        encoded, errors = _readable({index: future.result for index, (_, future) in enumerate(batch)})
        raws = {index: batch[index][0].raw for index in encoded}
        predictions: dict[int, Any] = {}
        for grown in self._grow(raws, self._run(encoded), partly=written is not None):
            unit = batch[grown.index][0]
            if grown.error is not None:
                errors[grown.index] = grown.error
            elif grown.complete:
                predictions[grown.index] = grown.prediction
            elif written is not None and unit.whole is None:
                written(Result(unit.raw, unit.name, grown.prediction))
        for index, (unit, _) in enumerate(batch):
            yield unit, predictions.get(index), errors.get(index)

    def _run(self, encoded: Mapping[int, Encoded]) -> dict[int, Any]:
        """What one forward pass, or one per shape, predicts."""
        predictions: dict[int, Any] = {}
        for indices in same_shapes({index: one.arrays for index, one in encoded.items()}):
            outputs = self.network(stack([encoded[index].arrays for index in indices]))
            contexts = [encoded[index].context for index in indices]
            predictions.update(zip(indices, self.decode_each(outputs, contexts), strict=True))
        return predictions

    def _grow(self, raws: Mapping[int, Any], firsts: Mapping[int, Any], *, partly: bool) -> Iterator[Grown]:
        def run(following: Mapping[int, Any]) -> tuple[dict[int, Any], dict[int, str]]:
            encoded, errors = _readable(
                {index: partial(self._encode, Unit(raw, "")) for index, raw in following.items()}
            )
            return self._run(encoded), errors

        return grow(self.codec, raws, firsts, run, self.builder, partly=partly)

    def _is_several(self, x: Any) -> bool:
        if isinstance(x, np.ndarray):
            axes = self.codec.input_ndim
            return x.dtype == object or (axes is not None and x.ndim == axes + 1)
        return isinstance(x, (list, tuple, Iterator))


def _readable(
    encodings: Mapping[int, Callable[[], Encoded]],
) -> tuple[dict[int, Encoded], dict[int, str]]:
    """What can be encoded, and why the rest cannot."""
    encoded, errors = {}, {}
    for index, encoding in encodings.items():
        try:
            encoded[index] = encoding()
        except (UserError, OSError) as error:
            errors[index] = why(error)
    return encoded, errors


def _named(name: str, message: str) -> str:
    return message if name in message else f"{name}: {message}"


def _sure(result: Result) -> Any:
    if result.error is not None:
        raise UserError(_named(result.name, result.error))
    return result.prediction
