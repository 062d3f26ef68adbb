"""`suite predict RUN INPUT...`: a line of prediction for each input."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from suite.cli.main import host_from
from suite.errors import UserError

if TYPE_CHECKING:
    from suite.inputs import Inputs
    from suite.prediction import Result

_ESCAPES = str.maketrans({"\n": "\\n", "\r": "\\r", "\t": "\\t"})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="a run, or a folder that 'suite export' wrote")
    parser.add_argument(
        "inputs",
        metavar="INPUT",
        nargs="+",
        help="files, folders (with all below), archives, and globs in quotes",
    )
    parser.add_argument(
        "--json", action="store_true", help='print JSON lines: {"input", "prediction"} or {"input", "error"}'
    )
    parser.add_argument("--out", metavar="FILE", help="write the lines to this file instead")
    parser.add_argument(
        "--batch-size", type=int, default=32, metavar="N", help="inputs at a time (%(default)s)"
    )
    parser.add_argument("--backend", default="auto", help="tensorflow, jax or torch, for a network of Keras")
    parser.add_argument("--device", default="auto", help="cpu, gpu or gpu:N, for a network of Keras")


def run(arguments: argparse.Namespace) -> int:
    from suite.inputs import Inputs
    from suite.prediction import load, load_codec

    if arguments.batch_size < 1:
        raise UserError(f"--batch-size {arguments.batch_size} is not allowed: at least 1")
    host = host_from(arguments)
    # Everything that can be wrong with the inputs is said before seconds go into loading a network.
    inputs = Inputs(arguments.inputs, load_codec(arguments.run, host=host).suffixes)
    pipeline = load(
        arguments.run,
        host=host,
        backend=arguments.backend,
        device=arguments.device,
        batch_size=arguments.batch_size,
    )
    failed = 0
    with (
        _output(arguments.out) as file,
        closing(pipeline.predict_each(inputs, arguments.batch_size)) as results,
    ):
        width = 0 if arguments.json or not file.isatty() else _width(inputs)
        for result in results:
            failed += result.error is not None
            if arguments.json:
                print(_json_line(result), file=file, flush=True)
            elif result.error is None:
                print(_text_line(result, width), file=file, flush=True)
            else:
                print(f"suite: {_error(result)}", file=sys.stderr)
    if not arguments.json:
        _say_what_is_missing(inputs, failed)
    return 1 if failed else 0


@contextmanager
def _output(path: str | None) -> Iterator[IO[str]]:
    if path is None:
        yield sys.stdout
        return
    from suite.files import atomic_path

    target = Path(path)
    if not target.parent.is_dir():
        raise UserError(f"--out {path}: there is no folder '{target.parent}'")
    with (
        atomic_path(target) as temporary,
        temporary.open("w", encoding="utf-8", errors="backslashreplace") as file,
    ):
        yield file


def _json_line(result: Result) -> str:
    import msgspec

    line: dict[str, Any] = {"input": result.name.encode("utf-8", "backslashreplace").decode()}
    if result.error is None:
        line["prediction"] = result.prediction
    else:
        line["error"] = result.error
    return msgspec.json.encode(line).decode()


def _text_line(result: Result, width: int) -> str:
    name = result.name.translate(_ESCAPES)
    text = _text(result.prediction).translate(_ESCAPES)
    return f"{name:<{width}}  {text}" if width else f"{name}\t{text}"


def _text(prediction: Any) -> str:
    """What its type says for people, else JSON."""
    says_itself: Any = type(prediction).__str__
    if says_itself is not object.__str__:
        return str(prediction)
    import msgspec

    return msgspec.json.encode(prediction).decode()


def _error(result: Result) -> str:
    assert result.error is not None
    return result.error if result.name in result.error else f"{result.name}: {result.error}"


def _width(inputs: Inputs) -> int:
    from suite.prediction import name_of

    longest = max((len(name_of(one, None)) for one in inputs), default=0)
    return min(longest, max(20, shutil.get_terminal_size().columns // 2))


def _say_what_is_missing(inputs: Inputs, failed: int) -> None:
    if failed:
        print(f"suite: no prediction for {failed:,} of {len(inputs):,} inputs", file=sys.stderr)
    if inputs.left_out:
        endings = ", ".join(ending or "no ending" for ending, _ in inputs.left_out.most_common(5))
        total = inputs.left_out.total()
        files = "1 file of another kind was" if total == 1 else f"{total:,} files of another kind were"
        print(f"suite: {files} left out ({endings})", file=sys.stderr)
