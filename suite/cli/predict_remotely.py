"""`suite predict --server URL INPUT...`: the model of a server predicts what is read here."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from suite.cli.main import host_from
from suite.cli.predicting import batch_size_of, predict_to, report_written
from suite.errors import UserError
from suite.pipeline.codec import Codec, Stream

if TYPE_CHECKING:
    from suite.prediction.results import Result
    from suite.serving.client import Client
    from suite.serving.remote_model import RemoteModel

_OF_THE_SERVER = {"backend": "auto", "device": "auto", "runtime": None, "batch_size": None, "explain": None}
"""What cannot be chosen from here, with what stands for no choice."""


def run(arguments: argparse.Namespace) -> int:
    """Predict on a server, and write the predictions to the sink that the options name."""
    from suite.cli.prediction_sinks import choose_sink
    from suite.cli.tokens import token_of
    from suite.configuration import option_settings, take_limits
    from suite.limits import set_limits
    from suite.prediction.inputs import Inputs
    from suite.serving.client import connect
    from suite.serving.remote_model import installed_task

    for name, default in _OF_THE_SERVER.items():
        if getattr(arguments, name) != default:
            option = name.replace("_", "-")
            raise UserError(f"--{option} is not for --server: how it predicts is chosen where it runs")
    host = host_from(arguments)
    options = option_settings(arguments.set)
    set_limits(take_limits(options))
    with connect(arguments.server, token_of(arguments.token_file), host=host) as client:
        model = client.model(arguments.model)
        codec = RemoteCodec(model)
        inputs = Inputs([arguments.run, *arguments.inputs], codec)
        sink = choose_sink(
            arguments.out,
            arguments.format,
            json=arguments.json,
            task=installed_task(model, host),
            codec=codec,
            facts=client.describe(model.name).get("facts", {"classes": model.classes or []}),
        )
        batch_size = batch_size_of(None, inputs, sink)
        try:
            _, failed = predict_to(sink, _predict_each(client, model, options), inputs, batch_size)
        except UserError as error:
            if not inputs.streams or arguments.out is None:
                raise
            raise UserError(
                f"{error} (the server reads a file of many inputs as a whole, so there may be nothing here to"
                " draw on: write lines, to a file that ends in .jsonl)"
            ) from error
    report_written(sink.written)
    return 1 if failed else 0


def _predict_each(
    client: Client, model: RemoteModel, options: dict[str, Any]
) -> Callable[..., Generator[Result, None, None]]:
    """`LoadedPipeline.predict_each` by a server, which makes its own batches and chunks."""

    def predict_each(
        raws: Iterable[Any],
        batch_size: int,
        on_chunk: Any,
        ahead: int,
        on_partial: Callable[[Result], None] | None,
    ) -> Generator[Result, None, None]:
        return client.predict_each(raws, model.name, options=options, on_partial=on_partial)

    return predict_each


class RemoteCodec(Codec):
    """What the words of a command line mean to the model of a server: it only tells inputs apart.

    Args:
        model: as the server describes it.
    """

    def __init__(self, model: RemoteModel) -> None:
        known: Any = self  # they are those of a class where a codec is written
        known.suffixes = tuple(model.inputs.files)
        known.stream_suffixes = tuple(model.inputs.streams)
        known.accepts_text = model.inputs.text
        known.can_stream = model.can_stream

    def open_stream(self, source: Any) -> Stream | None:
        """A file of many inputs, which is sent as it is; `-`, the lines of the standard input, for texts."""
        if source == "-" and self.accepts_text:
            return _Lines()
        return None if isinstance(source, str) else _WholeFile(source)


class _WholeFile:
    """One input of which nobody knows here how many predictions it has."""

    total = None
    live = False

    def __init__(self, source: Any) -> None:
        self._source = source
        self.name: str = source.name

    def __iter__(self) -> Iterator[Any]:
        yield self._source


class _Lines:
    """The lines of the standard input, each a text; empty ones are passed over."""

    name = "standard input"
    total = None
    live = False

    def __iter__(self) -> Iterator[str]:
        for line in sys.stdin:
            if line.strip():
                yield line.rstrip("\r\n")
