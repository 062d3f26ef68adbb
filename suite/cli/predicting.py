"""From inputs to a sink: what `suite predict` does with a model of its own and with that of a server."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from suite.cli.prediction_progress import PredictionProgress

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from suite.cli.prediction_sink import PredictionSink
    from suite.prediction.inputs import Inputs
    from suite.prediction.results import Result

    PredictEach = Callable[..., Generator[Result, None, None]]
    """`LoadedPipeline.predict_each`, or that of a server."""

MAX_EXPLAINED = 12
"""How many results are explained."""

_BATCH_SIZE = 32
_STREAM_BATCH_SIZE = 8
"""Three batches are held at a time, and the inputs of a stream are held decoded."""
_MAX_PATHS = 10
"""How many of the files that were written are named."""


def predict_to(
    sink: PredictionSink,
    predict_each: PredictEach,
    inputs: Inputs,
    batch_size: int,
    on_result: Callable[[Result], None] = lambda result: None,
) -> tuple[int, int]:
    """Predict all inputs into a sink; how many there were, and how many of them failed.

    Args:
        sink: takes the results.
        predict_each: as that of `LoadedPipeline`.
        inputs: of the command line.
        batch_size: inputs at a time; predictions that grow are shown if it is 1.
        on_result: called with the first results that have a prediction.
    """
    try:
        done, failed = _predict(predict_each, inputs, batch_size, sink, on_result)
    except KeyboardInterrupt:
        if sink.written:
            print("suite: interrupted; what was predicted by then is kept", file=sys.stderr)
        report_written(sink.written)
        raise
    if not sink.holds_errors:
        _report_missing(inputs, done, failed)
    return done, failed


def batch_size_of(wanted: int | None, inputs: Inputs, sink: PredictionSink) -> int:
    """How many inputs are predicted at a time."""
    in_turn = sink.grows and (inputs.total == 1 or sink.shows_lines)
    if inputs.live or (in_turn and wanted is None):
        return 1
    return wanted or (_STREAM_BATCH_SIZE if inputs.streams else _BATCH_SIZE)


def _predict(
    predict_each: PredictEach,
    inputs: Inputs,
    batch_size: int,
    sink: PredictionSink,
    on_result: Callable[[Result], None],
) -> tuple[int, int]:
    """Predict all inputs; how many there were, and how many of them failed.

    The first results with a prediction are given to `on_result` as well.
    """
    done = failed = 0
    progress = PredictionProgress(of_inputs=not sink.shows_lines)
    ahead = 0 if inputs.live else 2
    # In a batch of several, texts that grow would be printed into each other.
    on_partial = sink.add_partial if sink.grows and batch_size == 1 else None
    with (
        sink.open(inputs),
        closing(predict_each(inputs, batch_size, progress.on_chunk, ahead, on_partial)) as results,
    ):
        for result in progress.track(results, inputs.total):
            done += 1
            sink.add(result)
            if result.error is None and done - failed <= MAX_EXPLAINED:
                on_result(result)
            if result.error is not None:
                failed += 1
                if not sink.holds_errors:
                    print(f"suite: {result.failure}", file=sys.stderr)
    return done, failed


def report_written(written: list[Path]) -> None:
    """Name the files that were written."""
    for path in written[:_MAX_PATHS]:
        print(f"suite: wrote {path}", file=sys.stderr)
    if len(written) > _MAX_PATHS:
        print(f"suite: wrote {len(written) - _MAX_PATHS:,} more files", file=sys.stderr)


def _report_missing(inputs: Inputs, done: int, failed: int) -> None:
    if failed:
        print(f"suite: no prediction for {failed:,} of {done:,} inputs", file=sys.stderr)
    if inputs.left_out:
        endings = ", ".join(ending or "no ending" for ending, _ in inputs.left_out.most_common(5))
        total = inputs.left_out.total()
        files = "1 file of another kind was" if total == 1 else f"{total:,} files of another kind were"
        print(f"suite: {files} left out ({endings})", file=sys.stderr)
