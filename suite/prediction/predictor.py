"""A trained pipeline at work: predictions for an input, for several, and for a stream of them."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any, Protocol, Self

import numpy as np

from suite.errors import InputError, UserError
from suite.limits import limited_by_default
from suite.pipeline.batch_makers import stack
from suite.pipeline.codec import Arrays, Codec, Encoded
from suite.pipeline.networks import Network
from suite.prediction.continuations import PartialPrediction, continue_predictions
from suite.prediction.description import Description
from suite.prediction.encoding import (
    UNREADABLE,
    ChunkedInput,
    EncodingJob,
    chunks_of,
    codec_of,
    decode_each,
    decode_possible,
    encode,
    encoding_jobs,
    name_of,
    reason_of,
    same_shapes,
)
from suite.prediction.reading_ahead import EncodedJob, encoded_ahead
from suite.prediction.results import OnError, Result, check_on_error, prediction_of
from suite.prediction.session import Contents, Session


class Origin(Protocol):
    """How a pipeline was loaded: it is pickled in the pipeline's place."""

    def open(self) -> Contents:
        """Open it again, in whichever process, or raise `UserError` if it is not there any more."""


class LoadedPipeline:
    """A codec and a network that is ready to run: what `suite.load` gives.

    Several threads may predict with one pipeline at once. It is a context manager, which closes it:

        with suite.load("shipped") as pipeline:
            prediction = pipeline.predict("photo.jpg")

    It can be pickled and copied (`copy.deepcopy`) if it is from a folder: what travels is the path of the
    folder, the checksum of its `pipeline.json` and what was given to `suite.load`, not the network. The copy
    opens the folder when it is first used, and refuses another model than the one that was pickled. A forked
    process opens it again by itself.

    Args:
        task: the task's name.
        builder: the model builder as `plugin:name`.
        codec: between raw inputs and arrays.
        network: arrays in, arrays out, on whichever runtime.
        facts: the facts of the data that it was trained on.
        batch_size: how many examples `predict` runs at a time.
    """

    def __init__(
        self,
        task: str,
        builder: str,
        codec: Codec,
        network: Network,
        facts: Mapping[str, Any] | None = None,
        batch_size: int = 32,
    ) -> None:
        self._open(Contents(task, builder, codec, network, facts or {}), None, batch_size)

    @classmethod
    def of(
        cls,
        contents: Contents | None,
        origin: Origin,
        batch_size: int = 32,
        limits: Mapping[str, float] | None = None,
    ) -> LoadedPipeline:
        """The pipeline of what is open; None opens it when it is first used."""
        pipeline = object.__new__(cls)
        pipeline._open(contents, origin, batch_size, limits)
        return pipeline

    def _open(
        self,
        contents: Contents | None,
        origin: Origin | None,
        batch_size: int,
        limits: Mapping[str, float] | None = None,
    ) -> None:
        self._session = Session(contents, None if origin is None else origin.open)
        self._codec: Codec | None = None
        self._origin = origin
        self._limits = dict(limits or {})
        self.batch_size = batch_size

    @property
    def task(self) -> str:
        """The task's name."""
        return self._session.contents.task

    @property
    def builder(self) -> str:
        """The model builder as `plugin:name`."""
        return self._session.contents.builder

    @property
    def codec(self) -> Codec:
        """Between raw inputs and arrays."""
        return self._session.contents.codec if self._codec is None else self._codec

    @property
    def network(self) -> Network:
        """Arrays in, arrays out."""
        return self._session.contents.network

    @property
    def facts(self) -> Mapping[str, Any]:
        """The facts of the data that it was trained on."""
        return self._session.contents.facts

    def describe(self) -> Description:
        """What it is, reads and writes: task, classes, kinds of input, options, JSON Schema of predictions.

        Raises:
            UserError: if it was not loaded from a folder.
        """
        make = self._session.contents.describe
        if make is None:
            raise UserError("only a pipeline that suite.load() gave describes itself")
        return make()

    def with_codec(self, codec: Codec) -> LoadedPipeline:
        """The same network with another codec; it cannot be pickled, and closing either closes both."""
        other = copy.copy(self)
        other._codec = codec
        other._origin = None
        return other

    def close(self) -> None:
        """Let go of the network and its runtime's session, and end all threads that read.

        A prediction that is running in another thread may still end. Every later use is a `suite.UserError`.
        Closing twice does nothing.
        """
        self._session.close()

    def __enter__(self) -> Self:
        self._session.check()
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def __copy__(self) -> LoadedPipeline:
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        return other

    def __reduce__(self) -> tuple[Any, ...]:
        self._session.check()
        if self._origin is None:
            raise UserError(
                "this pipeline cannot be pickled or copied, for it was not loaded from a folder: use the one"
                " that suite.load() gives"
            )
        return LoadedPipeline.of, (None, self._origin, self.batch_size, self._limits)

    def predict(self, x: Any, *, on_error: OnError = "raise") -> Any:
        """Predict a raw input, or each of several.

        Args:
            x: whatever the codec reads (a path, bytes, a `Source`, a string, an array), or a list, a
                tuple or an iterator of such inputs. An array with exactly one axis more than the codec's
                `input_ndim` is a stack of inputs; if `input_ndim` is None, every array is one input.
            on_error: what to do with an input that cannot be read: "raise" its error, or "return" it in the
                place of its prediction and predict the others.

        Returns:
            The prediction, of the task's prediction type, or a list of them in the order of `x`. With
            `on_error="return"` an input that cannot be read has a `suite.InputError` there, whose `name`
            and `reason` say which input it is and what is wrong with it.

        Raises:
            suite.InputError: if an input cannot be read, unless such errors are returned.
            UserError: if the pipeline was closed.
        """
        check_on_error(on_error)
        if not self._is_several(x):
            for prediction in self._stream(x, give_partial=False, on_error=on_error):
                complete = prediction
            return complete
        with closing(self.predict_each(x, self.batch_size)) as results:
            return [prediction_of(result, on_error) for result in results]

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
        happen in threads, a few batches ahead, unless they are so quick that threads would only cost time. An
        error that is the codec's own fault is raised, with a note of whose code it was. An input that is too
        long to be encoded as a whole is predicted in the chunks that the codec makes of it, and gives one
        result. If a codec streams, predictions take several forward passes, and a batch stays together until
        all of it is complete.

        Args:
            raws: whatever the codec reads.
            batch_size: how many are run at a time.
            on_chunk: called with the name of an input in chunks, how many chunks are done, and how many there
                are.
            ahead: batches that are read before they are run; 0 for inputs that come as they happen.
            on_partial: called with every prediction that is not complete, as far as it has come.
        """
        with self._session.threads() as threads:
            for batch in encoded_ahead(self._jobs(raws), self._encode, threads, batch_size, ahead):
                for job, prediction, error in self._results(batch, on_partial):
                    if job.chunked is None:
                        yield Result(job.raw, job.name, prediction, error)
                        continue
                    on_chunk(job.name, job.chunked.add(prediction, error), job.chunked.chunks.total)
                    if job.last:
                        yield self._merged(job.chunked, job.name)
                    elif on_partial is not None:
                        so_far = job.chunked.so_far(self.codec, self.builder)
                        if so_far is not None:
                            on_partial(Result(job.chunked.raw, job.name, so_far))

    def stream(self, raw: Any, *, on_error: OnError = "raise") -> Iterator[Any]:
        """Predict a raw input: the prediction as far as it has come, after each forward pass.

        Args:
            raw: whatever the codec reads.
            on_error: what to do if it cannot be read, as for `predict`: "return" gives the error as the last
                item.

        Returns:
            Predictions that grow, of the task's prediction type; the last one is what `predict` gives.
            There is only one if the codec does not stream, or if the input is predicted in chunks.

        Raises:
            suite.InputError: if the input cannot be read, unless such errors are returned.
        """
        check_on_error(on_error)
        return self._stream(raw, give_partial=True, on_error=on_error)

    @property
    def scoring_facts(self) -> dict[str, Any]:
        """The facts that evaluators get: those of the data, and what the codec adds to them."""
        return {**self.facts, **self.codec.scoring_facts()}

    def for_scoring(self) -> LoadedPipeline:
        """The pipeline that predicts as evaluators need it, which may be more than people want."""
        codec = self.codec.for_scoring()
        return self if codec is self.codec else self.with_codec(codec)

    def complete_each(self, raws: Sequence[Any], predictions: Sequence[Any]) -> list[Any]:
        """The complete predictions, continued from those of the first forward pass.

        Raises:
            UserError: if a following input cannot be encoded.
        """
        firsts = dict(enumerate(predictions))
        complete: dict[int, Any] = {}
        for partial in self._continue(dict(enumerate(raws)), firsts, give_partial=False):
            if partial.error is not None:
                raise InputError(name_of(raws[partial.index], partial.index), partial.error)
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

    def _stream(self, raw: Any, *, give_partial: bool, on_error: OnError) -> Iterator[Any]:
        """A single input, without threads: a batch of one is for programs that wait for it."""
        name = name_of(raw, None)
        codec, builder = self.codec, self.builder  # which may have to be opened: no error of the input
        try:
            with limited_by_default(self._limits):
                chunks = chunks_of(codec, raw, builder)
            if chunks is not None:
                (result,) = self.predict_each([raw], self.batch_size)
                yield prediction_of(Result(raw, name, result.prediction, result.error), on_error)
                return
            encoded = self._encode(EncodingJob(raw, name))
        except UNREADABLE as error:
            self._session.check()
            yield prediction_of(Result(raw, name, error=reason_of(error)), on_error)
            return
        firsts, errors = self._run({0: encoded})
        for reason in errors.values():
            yield prediction_of(Result(raw, name, error=reason), on_error)
        for partial in self._continue({0: raw}, firsts, give_partial=give_partial):
            yield prediction_of(Result(raw, name, partial.prediction, partial.error), on_error)

    def _jobs(self, raws: Iterable[Any]) -> Iterator[EncodingJob]:
        """What is encoded, read within the limits; they do not hold for who takes a job."""
        jobs = encoding_jobs(self.codec, raws, self.builder)
        while True:
            with limited_by_default(self._limits):
                job = next(jobs, None)
            if job is None:
                return
            yield job

    def _encode(self, job: EncodingJob) -> Encoded:
        if job.error is not None:
            raise UserError(job.error)
        with codec_of(self.builder), limited_by_default(self._limits):
            return encode(self.codec, job.raw)

    def _results(
        self,
        batch: Sequence[EncodedJob],
        on_partial: Callable[[Result], None] | None,
    ) -> Iterator[tuple[EncodingJob, Any, str | None]]:
        """Each job of a batch with its prediction, or with the reason why there is none."""
        encoded, errors = _readable({index: result for index, (_, result) in enumerate(batch)})
        self._session.check()
        firsts, failed = self._run(encoded)
        errors |= failed
        raws = {index: batch[index][0].raw for index in firsts}
        predictions: dict[int, Any] = {}
        for partial in self._continue(raws, firsts, give_partial=on_partial is not None):
            job = batch[partial.index][0]
            if partial.error is not None:
                errors[partial.index] = partial.error
            elif partial.complete:
                predictions[partial.index] = partial.prediction
            elif on_partial is not None and job.chunked is None:
                on_partial(Result(job.raw, job.name, partial.prediction))
        for index, (job, _) in enumerate(batch):
            yield job, predictions.get(index), errors.get(index)

    def _run(self, encoded: Mapping[int, Encoded]) -> tuple[dict[int, Any], dict[int, str]]:
        """What one forward pass, or one per shape, predicts, and why there is no prediction for the rest."""
        predictions: dict[int, Any] = {}
        errors: dict[int, str] = {}
        for indices in same_shapes({index: item.arrays for index, item in encoded.items()}):
            outputs = self.network(stack([encoded[index].arrays for index in indices]))
            contexts = [encoded[index].context for index in indices]
            possible = decode_possible(self.codec, outputs, contexts, self.builder)
            for index, (prediction, error) in zip(indices, possible, strict=True):
                if error is None:
                    predictions[index] = prediction
                else:
                    errors[index] = error
        return predictions, errors

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
            predictions, failed = self._run(encoded)
            return predictions, errors | failed

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
        except UNREADABLE as error:
            errors[index] = reason_of(error)
    return encoded, errors
