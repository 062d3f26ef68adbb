"""`suite predict RUN INPUT...`: a line of prediction for each input, or files that show them.

What takes several forward passes is printed as it comes, where inputs are predicted one at a time: where
there is only one, where they come as they happen, and on a terminal.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from suite.cli.growing_text import GrowingText
from suite.cli.main import host_from
from suite.errors import UserError, nearest

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from suite.contributions import Task
    from suite.evaluation.prediction_files import PredictionWriter
    from suite.prediction.inputs import Inputs
    from suite.prediction.loading import Described
    from suite.prediction.predictor import LoadedPipeline, Result

_ESCAPES = str.maketrans({"\n": "\\n", "\r": "\\r", "\t": "\\t"})
_BATCH_SIZE = 32
_STREAM_BATCH_SIZE = 8
"""Three batches are held at a time, and the things of a stream are held decoded."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="a run, or a folder that 'suite export' wrote")
    parser.add_argument(
        "inputs",
        metavar="INPUT",
        nargs="+",
        help="files, folders (with all below), archives, globs in quotes, and, where the task has them,"
        " texts in quotes, videos and cameras (0 is the first)",
    )
    parser.add_argument(
        "--json", action="store_true", help='print JSON lines: {"input", "prediction"} or {"input", "error"}'
    )
    parser.add_argument(
        "--out",
        metavar="PATH",
        help="a folder, for predictions.jsonl and what the task shows (images with boxes, say); or a file"
        " with an ending, for the lines",
    )
    parser.add_argument(
        "--format", metavar="NAME", help="write --out in a format of the task's: see suite show TASK"
    )
    parser.add_argument(
        "--set",
        metavar="OPTION=VALUE",
        action="append",
        default=[],
        help="an option of the prediction, as suite show lists them",
    )
    parser.add_argument("--batch-size", type=int, metavar="N", help="inputs at a time")
    parser.add_argument("--backend", default="auto", help="tensorflow, jax or torch, for a network of Keras")
    parser.add_argument("--device", default="auto", help="cpu, gpu or gpu:N, for a network of Keras")


def run(arguments: argparse.Namespace) -> int:
    from suite.configuration import option_settings
    from suite.prediction.inputs import Inputs
    from suite.prediction.loading import describe, load

    if arguments.batch_size is not None and arguments.batch_size < 1:
        raise UserError(f"--batch-size {arguments.batch_size} is not allowed: at least 1")
    host = host_from(arguments)
    options = option_settings(arguments.set)
    # Everything that can be wrong with the words is said before seconds go into loading a network.
    described = describe(arguments.run, host=host, options=options)
    task = host.task(described.manifest.task, prefer=[described.manifest.builder.rpartition(":")[0]])
    inputs = Inputs(arguments.inputs, described.codec)
    output = _Output(arguments, task, described)
    batch_size = arguments.batch_size or (_STREAM_BATCH_SIZE if inputs.streams else _BATCH_SIZE)
    one_at_a_time = output.goes_on and (inputs.total == 1 or output.shows_lines)
    if inputs.live or (one_at_a_time and arguments.batch_size is None):
        batch_size = 1
    pipeline = load(
        arguments.run,
        host=host,
        backend=arguments.backend,
        device=arguments.device,
        batch_size=batch_size,
        options=options,
    )
    try:
        done, failed = _predict(pipeline, inputs, batch_size, output)
    except KeyboardInterrupt:
        if output.written:
            print("suite: interrupted; what was predicted by then is kept", file=sys.stderr)
        _say_what_is_written(output.written)
        raise
    if not output.json_to_terminal:
        _say_what_is_missing(inputs, done, failed)
    _say_what_is_written(output.written)
    return 1 if failed else 0


def _predict(pipeline: LoadedPipeline, inputs: Inputs, batch_size: int, output: _Output) -> tuple[int, int]:
    """Predict all inputs; how many there were, and how many of them failed."""
    done = failed = 0
    bars = _Bars(of_inputs=not output.shows_lines)
    ahead = 0 if inputs.live else 2
    # In a batch of several, texts that grow would be printed into each other.
    written = output.grow if output.goes_on and batch_size == 1 else None
    with (
        output.open(inputs),
        closing(pipeline.predict_each(inputs, batch_size, bars.chunk_done, ahead, written)) as results,
    ):
        for result in bars.track(results, inputs.total):
            done += 1
            failed += result.error is not None
            output.add(result)
    return done, failed


class _Bars:
    """Progress on the error stream, where that is a terminal: of all inputs, and within one in chunks.

    Args:
        of_inputs: whether to show how many inputs are done; where their lines appear, nobody needs it.
    """

    def __init__(self, of_inputs: bool) -> None:
        self._of_inputs = of_inputs
        self._bar: Progress | None = None
        self._chunk: TaskID | None = None

    def track(self, results: Iterator[Result], total: int | None) -> Iterator[Result]:
        """The results, each counted when it is there."""
        if not sys.stderr.isatty():
            yield from results
            return
        self._bar = _bar()
        try:
            if self._of_inputs and total != 1:
                self._bar.start()
                yield from self._bar.track(results, total=total, description="predicting")
            else:
                yield from results
        finally:
            self._bar.stop()

    def chunk_done(self, name: str, done: int, total: int) -> None:
        """Show how much of one input is done."""
        if self._bar is None:
            return
        if self._chunk is None:
            self._chunk = self._bar.add_task(Path(name).name, total=total)
            self._bar.start()
        self._bar.update(self._chunk, completed=done)
        if done == total:
            self._bar.remove_task(self._chunk)
            self._chunk = None
            if not self._bar.tasks:  # lines follow, which a bar that is still alive would disturb
                self._bar.stop()


def _bar() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    name = TextColumn("{task.description}", markup=False)
    columns = (name, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # Lines go to the standard output, terminal or not; rich would send them to the error stream.
    return Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False)


class _Output:
    """Where predictions go: lines on the standard output or in a file, and files of the task's own.

    Args:
        arguments: of the command.
        task: names the formats.
        described: the pipeline, whose codec knows the endings of inputs.

    Attributes:
        written: the files that are there at the end.
        goes_on: whether what is printed is text that takes several forward passes.

    Raises:
        UserError: where the words do not say where to write, or something is there that is no predictions.
    """

    def __init__(self, arguments: argparse.Namespace, task: Task, described: Described) -> None:
        from suite.evaluation.prediction_files import FILE_NAME

        self.json = arguments.json
        self.written: list[Path] = []
        self._folder: Path | None = None
        self._lines: Path | None = None
        self._format: tuple[Any, Path] | None = None
        self._facts = described.manifest.facts
        path = None if arguments.out is None else Path(arguments.out)
        if arguments.format is not None:
            if arguments.format not in task.formats:
                known = nearest(arguments.format, task.formats) if task.formats else "it has none"
                raise UserError(f"the task '{task.name}' has no format '{arguments.format}': {known}")
            if path is None:
                raise UserError(f"--format {arguments.format} needs --out, which says where to write")
            self._format = task.formats[arguments.format], path
        elif path is not None and (path.is_dir() or not path.suffix):
            self._folder = path
            self._lines = path / FILE_NAME
            if task.formats:
                self._format = next(iter(task.formats.values())), path
        else:
            self._lines = path
        if path is not None and not path.parent.is_dir():
            raise UserError(f"--out {path}: there is no folder '{path.parent}'")
        if self._lines is not None and self._lines == path:
            _check_lines(path, described.codec)
        if self._lines is not None and self._lines.suffix == ".jsonl":
            self.json = True
        self._prints = path is None
        self.json_to_terminal = self._prints and self.json
        self.goes_on = self._prints and not self.json and described.codec.can_stream
        self._alone = False
        self._growing: GrowingText | None = None
        self._writer: PredictionWriter | None = None
        self._file: IO[str] | None = None
        self._width = 0

    @contextmanager
    def open(self, inputs: Inputs) -> Iterator[None]:
        """Write for as long as the context lasts; what was written by an interruption is kept."""
        from suite.files import atomic_path

        if self._folder is not None:
            self._folder.mkdir(exist_ok=True)
        if self._format is not None:
            factory, path = self._format
            self._writer = factory(path, self._facts)
        try:
            if self._lines is not None:
                interrupted = None
                with (
                    atomic_path(self._lines) as temporary,
                    temporary.open("w", encoding="utf-8", errors="backslashreplace") as self._file,
                ):
                    try:
                        yield
                    except KeyboardInterrupt as stop:
                        interrupted = stop  # a long video: what was predicted of it is worth keeping
                self.written.append(self._lines)
                if interrupted is not None:
                    raise interrupted
            else:
                self._file = sys.stdout if self._prints else None
                self._alone = self.goes_on and inputs.total == 1
                if self._prints and not self.json and sys.stdout.isatty() and not inputs.streams:
                    self._width = _width(inputs)
                if self._prints and not self.json:
                    self._growing = GrowingText(sys.stdout)
                yield
        finally:
            if self._growing is not None:
                self._growing.break_off()
            if self._writer is not None:
                self.written.extend(self._writer.close())

    @property
    def shows_lines(self) -> bool:
        """Whether lines of predictions appear on the terminal."""
        return self._prints and sys.stdout.isatty()

    def grow(self, result: Result) -> None:
        """Print what is new of a prediction that is not complete, where it says itself for people."""
        if self._growing is not None and _says_itself(result.prediction):
            self._growing.grow(self._text_line(result))

    def add(self, result: Result) -> None:
        """Write one result; without a prediction, say why."""
        if self._file is not None and self.json:
            print(_json_line(result), file=self._file, flush=self._prints)
        elif self._growing is not None and result.error is None:
            self._growing.complete(self._text_line(result))
        elif self._growing is not None:
            self._growing.break_off()
        elif self._file is not None and result.error is None:
            print(self._text_line(result), file=self._file)
        if result.error is not None:
            if not self.json_to_terminal:
                print(f"suite: {_error(result)}", file=sys.stderr)
        elif self._writer is not None:
            self._writer.add(result.input, result.name, result.prediction)

    def _text_line(self, result: Result) -> str:
        """A line for people; the one text that goes on is given as it is, with all of its lines."""
        text = _text(result.prediction)
        if self._alone:
            return text
        name, text = result.name.translate(_ESCAPES), text.translate(_ESCAPES)
        return f"{name:<{self._width}}  {text}" if self._width else f"{name}\t{text}"


def _check_lines(path: Path, codec: Any) -> None:
    """Refuse to write lines where they would not be looked for, or over something else."""
    suffix = path.suffix.lower()
    if suffix in (*codec.suffixes, *codec.stream_suffixes):
        raise UserError(
            f"--out {path}: predictions are lines of text, and '{suffix}' is not: name a folder, or a file as"
            f" in {path.with_suffix('.jsonl').name}"
        )
    if path.is_file():
        with path.open("rb") as file:
            if file.read(8) not in (b"", b'{"input"'):
                raise UserError(
                    f"--out {path} is there already, and only predictions as JSON lines are overwritten: give"
                    " another name"
                )


def _json_line(result: Result) -> str:
    import msgspec

    line: dict[str, Any] = {"input": result.name.encode("utf-8", "backslashreplace").decode()}
    if result.error is None:
        line["prediction"] = result.prediction
    else:
        line["error"] = result.error
    return msgspec.json.encode(line).decode()


def _text(prediction: Any) -> str:
    """What its type says for people, else JSON."""
    if _says_itself(prediction):
        return str(prediction)
    import msgspec

    return msgspec.json.encode(prediction).decode()


def _says_itself(prediction: Any) -> bool:
    of_its_type: Any = type(prediction).__str__
    return of_its_type is not object.__str__


def _error(result: Result) -> str:
    assert result.error is not None
    return result.error if result.name in result.error else f"{result.name}: {result.error}"


def _width(inputs: Inputs) -> int:
    from suite.prediction.encoding import name_of

    longest = max((len(name_of(one, None)) for one in inputs), default=0)
    return min(longest, max(20, shutil.get_terminal_size().columns // 2))


def _say_what_is_written(written: list[Path]) -> None:
    for path in written[:10]:
        print(f"suite: wrote {path}", file=sys.stderr)
    if len(written) > 10:
        print(f"suite: wrote {len(written) - 10:,} more files", file=sys.stderr)


def _say_what_is_missing(inputs: Inputs, done: int, failed: int) -> None:
    if failed:
        print(f"suite: no prediction for {failed:,} of {done:,} inputs", file=sys.stderr)
    if inputs.left_out:
        endings = ", ".join(ending or "no ending" for ending, _ in inputs.left_out.most_common(5))
        total = inputs.left_out.total()
        files = "1 file of another kind was" if total == 1 else f"{total:,} files of another kind were"
        print(f"suite: {files} left out ({endings})", file=sys.stderr)
