"""Where the predictions of `suite predict` go: a class for each output mode, behind one protocol."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from suite.cli.growing_text import GrowingText
from suite.cli.prediction_lines import has_text, json_line, text_line, text_of
from suite.cli.prediction_sink import PredictionSink
from suite.errors import UserError, nearest

if TYPE_CHECKING:
    from suite.contributions import Contributed, Task
    from suite.evaluation.types import PredictionWriter
    from suite.pipeline.codec import Codec
    from suite.prediction.inputs import Inputs
    from suite.prediction.results import Result

    Format = Callable[[Path, Mapping[str, Any]], PredictionWriter]


class TerminalText(PredictionSink):
    """Lines for people on the standard output; a text that grows is printed as it comes.

    Args:
        grows: whether predictions take several forward passes.
    """

    def __init__(self, *, grows: bool) -> None:
        self.written = []
        self.grows = grows
        self.shows_lines = sys.stdout.isatty()
        self._growing = GrowingText(sys.stdout)
        self._alone = False
        self._width = 0

    @contextmanager
    def open(self, inputs: Inputs) -> Iterator[None]:
        self._alone = self.grows and inputs.total == 1
        if self.shows_lines and not inputs.streams:
            self._width = _width(inputs)
        try:
            yield
        finally:
            self._growing.break_off()

    def add(self, result: Result) -> None:
        if result.error is None:
            self._growing.complete(self._line(result))
        else:
            self._growing.break_off()

    def add_partial(self, result: Result) -> None:
        if has_text(result.prediction):
            self._growing.grow(self._line(result))

    def _line(self, result: Result) -> str:
        """A line; the text of a single input that grows is printed as it is, with all of its lines."""
        return text_of(result.prediction) if self._alone else text_line(result, self._width)


class TerminalJson(PredictionSink):
    """JSON lines on the standard output, for programs: predictions and errors."""

    def __init__(self) -> None:
        self.written = []
        self.holds_errors = True
        self.shows_lines = sys.stdout.isatty()

    @contextmanager
    def open(self, inputs: Inputs) -> Iterator[None]:
        yield

    def add(self, result: Result) -> None:
        print(json_line(result), flush=True)


class LinesFile(PredictionSink):
    """A file of lines, which appears when it is complete, or when it is interrupted.

    Args:
        path: the file.
        json: whether the lines are JSON, and have the errors too.
        as_list: whether these lines together are one JSON list.
    """

    def __init__(self, path: Path, *, json: bool, as_list: bool = False) -> None:
        self.written = []
        self._path = path
        self._json = json
        self._between = ",\n" if as_list else "\n"
        self._before, self._after = ("[", "]\n") if as_list else ("", "")
        self._file: IO[str]

    @contextmanager
    def open(self, inputs: Inputs) -> Iterator[None]:
        from suite.files import atomic_path

        interrupted = None
        with (
            atomic_path(self._path) as temporary,
            temporary.open("w", encoding="utf-8", errors="backslashreplace") as self._file,
        ):
            self._first = True
            self._file.write(self._before)
            try:
                yield
            except KeyboardInterrupt as stop:
                interrupted = stop  # a long video: what was predicted of it is worth keeping
            self._file.write(("" if self._first or self._after else "\n") + self._after)
        self.written.append(self._path)
        if interrupted is not None:
            raise interrupted

    def add(self, result: Result) -> None:
        if self._json:
            self._write(json_line(result))
        elif result.error is None:
            self._write(text_line(result))

    def _write(self, line: str) -> None:
        self._file.write(line if self._first else self._between + line)
        self._first = False


class FormatFiles(PredictionSink):
    """Files in a format of the task's.

    Args:
        path: a file or a folder, as the format has it.
        format: makes the writer.
        whose: how a message calls the format.
        facts: the facts of the data that the model was trained on.
    """

    def __init__(
        self,
        path: Path,
        format: Format,  # noqa: A002
        whose: str,
        facts: Mapping[str, Any],
    ) -> None:
        self.written = []
        self._path = path
        self._format = format
        self._whose = whose
        self._facts = facts
        self._writer: PredictionWriter

    @contextmanager
    def open(self, inputs: Inputs) -> Iterator[None]:
        from suite.evaluation.prediction_files import AttributedWriter

        self._writer = AttributedWriter(self._format, self._whose, self._path, self._facts)
        try:
            yield
        finally:
            self.written.extend(self._writer.close())

    def add(self, result: Result) -> None:
        if result.error is None:
            self._writer.add(result.input, result.name, result.prediction)


class Folder(PredictionSink):
    """A folder with the predictions as JSON lines, and with the files of the task's first format, if any.

    Args:
        path: the folder.
        format: makes the writer of the task's first format; None if the task has no format.
        whose: how a message calls the format.
        facts: the facts of the data that the model was trained on.
    """

    def __init__(
        self,
        path: Path,
        format: Format | None,  # noqa: A002
        whose: str,
        facts: Mapping[str, Any],
    ) -> None:
        from suite.evaluation.prediction_files import PREDICTIONS_FILE

        self.written = []
        self._path = path
        self._sinks: list[PredictionSink] = [LinesFile(path / PREDICTIONS_FILE, json=True)]
        if format is not None:
            self._sinks.append(FormatFiles(path, format, whose, facts))

    @contextmanager
    def open(self, inputs: Inputs) -> Iterator[None]:
        from contextlib import ExitStack

        from suite.files import make_folder

        make_folder(self._path)
        try:
            with ExitStack() as stack:
                for sink in reversed(self._sinks):
                    stack.enter_context(sink.open(inputs))
                yield
        finally:
            for sink in self._sinks:
                self.written += sink.written

    def add(self, result: Result) -> None:
        for sink in self._sinks:
            sink.add(result)


def choose_sink(
    out: str | None,
    format_name: str | None,
    *,
    json: bool,
    task: Contributed[Task] | None,
    codec: Codec,
    facts: Mapping[str, Any],
) -> PredictionSink:
    """The sink that the options of the command name.

    Args:
        out: `--out`.
        format_name: `--format`.
        json: `--json`.
        task: has the formats; None if its plugin is not installed here.
        codec: knows the endings of inputs, and whether predictions grow.
        facts: of the data that the model was trained on.

    Raises:
        UserError: if the options do not say where to write, or would overwrite something that is no
            predictions.
    """
    formats = {} if task is None else task.item.formats
    if format_name is not None:
        if format_name not in formats:
            known = nearest(format_name, formats) if formats else "it has none"
            whose = (
                "the task of a plugin that is not installed" if task is None else f"the task '{task.name}'"
            )
            raise UserError(f"{whose} has no format '{format_name}': {known}")
        if out is None:
            raise UserError(f"--format {format_name} needs --out, which says where to write")
    if out is None:
        return TerminalJson() if json else TerminalText(grows=codec.can_stream)
    path = Path(out)
    if not path.parent.is_dir():
        raise UserError(f"--out {path}: there is no folder '{path.parent}'")
    if format_name is not None:
        return FormatFiles(path, formats[format_name], f"the format '{format_name}' of {task}", facts)
    if path.is_dir() or not path.suffix:
        name = next(iter(formats), "")
        return Folder(path, formats.get(name), f"the format '{name}' of {task}", facts)
    suffix = path.suffix.lower()
    name = "csv" if suffix in (".csv", ".tsv") else suffix.removeprefix(".")
    if not json and name in formats:
        return FormatFiles(path, formats[name], f"the format '{name}' of {task}", facts)
    return _file_sink(path, json=json, codec=codec)


def _file_sink(path: Path, *, json: bool, codec: Codec) -> PredictionSink:
    """The sink for a file, which the task has no format for: its ending chooses."""
    from suite.cli.prediction_tables import DELIMITERS, TableFile

    suffix = path.suffix.lower()
    if suffix in DELIMITERS and not json:
        _check_file(path, codec, _TABLE_HEADS)
        return TableFile(path)
    _check_file(path, codec, _JSON_HEADS)
    if not json and suffix not in (".jsonl", ".json", ".txt"):
        raise UserError(
            f"--out {path}: the ending chooses the format, and '{path.suffix}' is none: .jsonl, .json, .csv,"
            " .tsv or .txt; or name a folder"
        )
    return LinesFile(path, json=json or suffix != ".txt", as_list=suffix == ".json")


_ENDINGS = (".jsonl", ".json", ".csv", ".tsv", ".txt")
_JSON_HEADS = (b'{"input"', b'[{"input"')
_TABLE_HEADS = (b"input", b'"input"')


def _check_file(path: Path, codec: Codec, heads: tuple[bytes, ...]) -> None:
    """Refuse to write predictions where nobody would look for them, or over something else.

    Args:
        path: the file.
        codec: knows the endings of inputs.
        heads: how a file of predictions begins.
    """
    suffix = path.suffix.lower()
    if suffix not in _ENDINGS and suffix in (*codec.suffixes, *codec.stream_suffixes):
        raise UserError(
            f"--out {path}: predictions are lines of text, and '{suffix}' is not: name a folder, or a file as"
            f" in {path.with_suffix('.jsonl').name}"
        )
    if path.is_file():
        with path.open("rb") as file:
            head = file.read(16)
        if head and not head.startswith(heads):
            raise UserError(
                f"--out {path} is there already and holds no predictions, so it is not overwritten: give"
                " another name"
            )


def _width(inputs: Inputs) -> int:
    """The width of the column of names: as wide as the longest, up to half of the terminal."""
    from suite.prediction.encoding import name_of

    longest = max((len(name_of(raw, None)) for raw in inputs), default=0)
    return min(longest, max(20, shutil.get_terminal_size().columns // 2))
