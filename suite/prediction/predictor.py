"""A trained pipeline at work: predictions for an input, for several, and for a stream of them."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import numpy as np

from suite.devices import cores
from suite.errors import UserError
from suite.pipeline.codec import Arrays, Codec, Encoded
from suite.pipeline.networks import Network
from suite.pipeline.trainable import stack
from suite.prediction.continuations import PartialPrediction, continue_predictions
from suite.prediction.encoding import (
    ChunkedInput,
    EncodingJob,
    chunks_of,
    codec_of,
    decode_each,
    encode,
    encoding_jobs,
    name_of,
    reason_of,
    same_shapes,
)


@dataclass(frozen=True)
class Result:
    """The prediction for an input, or why there is none.

    Attributes:
        input: the input itself.
        name: how a message calls it: its path or name, its text, or its number.
        prediction: of the task's prediction type; None if `error` is set.
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
        codec: between raw inputs and arrays.
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
        """Predict a raw input, or each of several.

        Args:
            x: whatever the codec reads (a path, bytes, a `Source`, a string, an array), or a list, a
                tuple or an iterator of such inputs. An array with exactly one axis more than the codec's
                `input_ndim` is a stack of inputs; if `input_ndim` is None, every array is one input.

        Returns:
            The prediction, of the task's prediction type, or a list of them in the order of `x`.

        Raises:
            UserError: if an input cannot be read; the message names it.
        """
        if not self._is_several(x):
            for prediction in self._stream(x, give_partial=False):
                complete = prediction
            return complete
        return [_prediction_of(result) for result in self.predict_each(x, self.batch_size)]

    def predict_each(
        self,
        raws: Iterable[Any],
        batch_size: int = 32,
        on_chunk: Callable[[str, int, int], None] = lambda name, done, total: None,
        ahead: int = 2,
        on_partial: Callable[[Result], None] | None = None,
    ) -> Generator[Result, None, None]:
        """Predict a stream of raw inputs in constant memory, in their order.

        An input that cannot be read gives a result with `error`, and the others go on. Reading and encoding
        happen in threads, a few batches ahead. An error that is the codec's own fault is raised, with a note
        of whose code it was. An input that is too long to be encoded as a whole is predicted in the chunks
        that the codec makes of it, and gives one result. If a codec streams, predictions take several forward
        passes, and a batch stays together until all of it is complete.

        Args:
            raws: whatever the codec reads.
            batch_size: how many are run at a time.
            on_chunk: called with the name of an input in chunks, how many chunks are done, and how many there
                are.
            ahead: batches that are read before they are run; 0 for inputs that come as they happen.
            on_partial: called with every prediction that is not complete, as far as it has come.
        """
        jobs = encoding_jobs(self.codec, raws, self.builder)
        waiting: deque[tuple[EncodingJob, Future[Encoded]]] = deque()
        with ThreadPoolExecutor(max_workers=cores(), thread_name_prefix="encode") as threads:
            try:
                while True:
                    for job in islice(jobs, (1 + ahead) * batch_size - len(waiting)):
                        waiting.append((job, threads.submit(self._encode, job)))
                    if not waiting:
                        return
                    batch = [waiting.popleft() for _ in range(min(batch_size, len(waiting)))]
                    for job, prediction, error in self._results(batch, on_partial):
                        if job.chunked is None:
                            yield Result(job.raw, job.name, prediction, error)
                            continue
                        on_chunk(job.name, job.chunked.add(prediction, error), job.chunked.chunks.total)
                        if job.last:
                            yield self._merged(job.chunked, job.name)
            finally:
                threads.shutdown(wait=False, cancel_futures=True)

    def stream(self, raw: Any) -> Iterator[Any]:
        """Predict a raw input: the prediction as far as it has come, after each forward pass.

        Returns:
            Predictions that grow, of the task's prediction type; the last one is what `predict` gives.
            There is only one if the codec does not stream, or if the input is predicted in chunks.

        Raises:
            UserError: if the input cannot be read; the message names it.
        """
        return self._stream(raw, give_partial=True)

    @property
    def scoring_facts(self) -> dict[str, Any]:
        """The facts that evaluators get: those of the data, and what the codec adds to them."""
        return {**self.facts, **self.codec.scoring_facts()}

    def for_scoring(self) -> LoadedPipeline:
        """The pipeline that predicts as evaluators need it, which may be more than people want."""
        codec = self.codec.for_scoring()
        return self if codec is self.codec else replace(self, codec=codec)

    def complete_each(self, raws: Sequence[Any], predictions: Sequence[Any]) -> list[Any]:
        """The complete predictions, continued from those of the first forward pass.

        Raises:
            UserError: if a following input cannot be encoded.
        """
        firsts = dict(enumerate(predictions))
        complete: dict[int, Any] = {}
        for partial in self._continue(dict(enumerate(raws)), firsts, give_partial=False):
            if partial.error is not None:
                raise UserError(_named(name_of(raws[partial.index], partial.index), partial.error))
            complete[partial.index] = partial.prediction
        return [complete[index] for index in range(len(raws))]

    def decode_each(self, outputs: Arrays, contexts: Sequence[Any]) -> list[Any]:
        """The prediction for each example of a batch of the network's outputs, with its codec's context."""
        return decode_each(self.codec, outputs, contexts, self.builder)

    def _merged(self, chunked: ChunkedInput, name: str) -> Result:
        if chunked.error is not None:
            return Result(chunked.raw, name, None, chunked.error)
        with codec_of(self.builder):
            return Result(chunked.raw, name, chunked.chunks.merge(chunked.predictions))

    def _stream(self, raw: Any, *, give_partial: bool) -> Iterator[Any]:
        """A single input, without threads: a batch of one is for programs that wait for it."""
        name = name_of(raw, None)
        try:
            if chunks_of(self.codec, raw, self.builder) is not None:
                (result,) = self.predict_each([raw], self.batch_size)
                yield _prediction_of(result)
                return
            encoded = self._encode(EncodingJob(raw, name))
        except (UserError, OSError) as error:
            raise UserError(_named(name, reason_of(error))) from error
        for partial in self._continue({0: raw}, self._run({0: encoded}), give_partial=give_partial):
            yield _prediction_of(Result(raw, name, partial.prediction, partial.error))

    def _encode(self, job: EncodingJob) -> Encoded:
        if job.error is not None:
            raise UserError(job.error)
        with codec_of(self.builder):
            return encode(self.codec, job.raw)

    def _results(
        self,
        batch: Sequence[tuple[EncodingJob, Future[Encoded]]],
        on_partial: Callable[[Result], None] | None,
    ) -> Iterator[tuple[EncodingJob, Any, str | None]]:
        """Each job of a batch with its prediction, or with the reason why there is none."""
        encoded, errors = _readable({index: future.result for index, (_, future) in enumerate(batch)})
        raws = {index: batch[index][0].raw for index in encoded}
        predictions: dict[int, Any] = {}
        for partial in self._continue(raws, self._run(encoded), give_partial=on_partial is not None):
            job = batch[partial.index][0]
            if partial.error is not None:
                errors[partial.index] = partial.error
            elif partial.complete:
                predictions[partial.index] = partial.prediction
            elif on_partial is not None and job.chunked is None:
                on_partial(Result(job.raw, job.name, partial.prediction))
        for index, (job, _) in enumerate(batch):
            yield job, predictions.get(index), errors.get(index)

    def _run(self, encoded: Mapping[int, Encoded]) -> dict[int, Any]:
        """What one forward pass, or one per shape, predicts."""
        predictions: dict[int, Any] = {}
        for indices in same_shapes({index: item.arrays for index, item in encoded.items()}):
            outputs = self.network(stack([encoded[index].arrays for index in indices]))
            contexts = [encoded[index].context for index in indices]
            predictions.update(zip(indices, self.decode_each(outputs, contexts), strict=True))
        return predictions

    def _continue(
        self, raws: Mapping[int, Any], firsts: Mapping[int, Any], *, give_partial: bool
    ) -> Iterator[PartialPrediction]:
        def run(following: Mapping[int, Any]) -> tuple[dict[int, Any], dict[int, str]]:
            encoded, errors = _readable(
                {
                    index: functools.partial(self._encode, EncodingJob(raw, ""))
                    for index, raw in following.items()
                }
            )
            return self._run(encoded), errors

        return continue_predictions(self.codec, raws, firsts, run, self.builder, give_partial=give_partial)

    def _is_several(self, x: Any) -> bool:
        if isinstance(x, np.ndarray):
            axes = self.codec.input_ndim
            return x.dtype == object or (axes is not None and x.ndim == axes + 1)
        is_open_file = hasattr(x, "read")  # its lines would be several
        return isinstance(x, (list, tuple, Iterator)) and not (is_open_file or self.codec.is_single(x))


def _readable(
    encodings: Mapping[int, Callable[[], Encoded]],
) -> tuple[dict[int, Encoded], dict[int, str]]:
    """What can be encoded, and the reason why the rest cannot."""
    encoded, errors = {}, {}
    for index, encoding in encodings.items():
        try:
            encoded[index] = encoding()
        except (UserError, OSError) as error:
            errors[index] = reason_of(error)
    return encoded, errors


def _named(name: str, message: str) -> str:
    return message if name in message else f"{name}: {message}"


def _prediction_of(result: Result) -> Any:
    """The prediction of a result, or its error raised."""
    if result.error is not None:
        raise UserError(_named(result.name, result.error))
    return result.prediction
