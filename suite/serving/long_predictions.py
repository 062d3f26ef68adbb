"""Predictions of more than one forward pass: recordings in chunks, texts that grow, files of many inputs.

Each has a thread to itself, so that none keeps the short ones waiting, and ends early if its client has gone
or its time is over.
"""

from __future__ import annotations

import logging
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from suite.errors import PluginError, StoppedError, SuiteError, UserError
from suite.prediction.encoding import UNREADABLE, reason_of
from suite.prediction.predictor import LoadedPipeline
from suite.prediction.results import Result
from suite.serving.inputs import Given
from suite.sources import FileSource
from suite.stopping import check_stop, stoppable

logger = logging.getLogger("suite.serving")


@dataclass(frozen=True, slots=True)
class Line:
    """A prediction as far as it has come, or why there is none.

    Attributes:
        name: of the input.
        prediction: of the task's prediction type.
        error: why there is none.
        final: whether it will not change any more.
        defect: whether the error is nobody's mistake but a defect.
    """

    name: str
    prediction: Any = None
    error: str | None = None
    final: bool = True
    defect: bool = False


_CHUNKS_AT_ONCE = 4
"""Chunks of a recording in one forward pass if somebody waits for each of them."""


def predict_long(
    pipeline: LoadedPipeline,
    given: Given,
    batch_size: int,
    max_results: int,
    stop: threading.Event,
    emit: Callable[[Line], None],
    *,
    partial: bool,
) -> None:
    """Predict one input of a request; every error becomes a line.

    Args:
        pipeline: with the options of the request.
        given: the input.
        batch_size: inputs, or chunks of one, in one forward pass.
        max_results: how many predictions a file of many inputs may have.
        stop: is set if nobody waits any more.
        emit: takes each line.
        partial: whether to give predictions that are not complete.
    """
    try:
        with stoppable(stop, "the prediction"):
            if given.stream is None:
                _predict(pipeline, iter([given.raw]), given.name, batch_size, 1, emit, partial, "")
                return
            # What opens a file of many inputs opens it by its path (videos, tables).
            with tempfile.TemporaryDirectory(prefix="suite-serve-") as folder:
                path = Path(folder) / given.name
                path.write_bytes(given.stream)
                given.stream = None
                stream = pipeline.codec.open_stream(FileSource(path))
                if stream is None:
                    raise PluginError("the codec lists the file's ending in stream_suffixes and opens none")
                _predict(
                    pipeline, iter(stream), given.name, batch_size, max_results, emit, partial, f"{folder}/"
                )
    except StoppedError:
        emit(Line(given.name, error="it was stopped before its end"))
    except UNREADABLE as error:
        emit(Line(given.name, error=reason_of(error)))
    except SuiteError as error:
        emit(Line(given.name, error=str(error), defect=True))
    except Exception as error:
        logger.exception("predicting %s failed", given.name)
        sentence = f"predicting it failed ({type(error).__name__}): a defect, which the server has logged"
        emit(Line(given.name, error=sentence, defect=True))


def _predict(
    pipeline: LoadedPipeline,
    raws: Iterator[Any],
    name: str,
    batch_size: int,
    max_results: int,
    emit: Callable[[Line], None],
    partial: bool,
    folder: str,
) -> None:
    def on_partial(result: Result) -> None:
        check_stop()
        if partial:
            emit(_line(result, name, folder, final=False))

    many = bool(folder)
    codec = pipeline.codec
    if codec.can_stream and not many:
        batch_size = 1
    elif partial and not many:
        batch_size = min(batch_size, _CHUNKS_AT_ONCE)
    reading = _Reading(raws)
    results = pipeline.predict_each(
        islice(reading, max_results),
        batch_size,
        on_partial=on_partial if partial or codec.can_stream else None,
        ahead=1,
    )
    count = 0
    try:
        for result in results:
            count += 1
            emit(_line(result, name, folder, final=True))
    finally:
        results.close()
    if reading.error is not None:
        emit(Line(name, error=_without(reading.error, folder)))
    elif many and count == 0:
        emit(Line(name, error="there is nothing in it that could be predicted for"))
    elif many and count == max_results and next(reading, None) is not None:
        emit(Line(name, error=f"only its first {max_results:,} inputs were predicted, which is the limit"))


class _Reading:
    """The inputs of a file; if it breaks off, those before it are predicted."""

    def __init__(self, raws: Iterator[Any]) -> None:
        self._raws = raws
        self.error: str | None = None

    def __iter__(self) -> _Reading:
        return self

    def __next__(self) -> Any:
        try:
            return next(self._raws)
        except UserError as error:
            self.error = str(error)
            raise StopIteration from None


def _line(result: Result, name: str, folder: str, *, final: bool) -> Line:
    named = _without(result.name, folder) if folder else name
    if result.error is not None:
        return Line(named, error=_without(result.error, folder))
    return Line(named, prediction=result.prediction, final=final)


def _without(text: str, folder: str) -> str:
    """A message without the folder in which a file lay for a moment."""
    return text.replace(folder, "") if folder else text
