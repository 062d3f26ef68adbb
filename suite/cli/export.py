"""`suite export RUN`: write a run's model for use without Keras."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from suite.cli.main import host_from
from suite.wording import counted, short


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="a run, or a model folder")
    parser.add_argument("--format", default="onnx", help="onnx (default), litert, openvino or saved-model")
    parser.add_argument(
        "--out", metavar="FOLDER", help="the folder to write (default: RUN/export, or RUN/export-FORMAT)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def run(arguments: argparse.Namespace) -> int:
    from suite.pipeline.manifest import model_folder, read_manifest, unfinished_note
    from suite.runs.export import export

    done = export(arguments.run, out=arguments.out, format=arguments.format, host=host_from(arguments))
    path = Path(arguments.run)
    note = unfinished_note(read_manifest(model_folder(path)), path)
    if note:
        print(f"suite: note: {note}", file=sys.stderr)
    if arguments.json:
        import msgspec

        print(msgspec.json.encode(done, enc_hook=str).decode())
        return 0
    size = f"{done.size / 1e6:.1f} MB" if done.size >= 1e6 else f"{done.size / 1e3:.1f} kB"
    print(f"{done.folder}: {done.network} ({size}) and pipeline.json")
    compared = counted(done.examples, "example", "examples")
    largest, relative = short(done.largest_difference, 2), short(done.relative_difference, 2)
    print(
        f"compared with Keras on {compared}, {done.source}: outputs differ by at most {largest} ({relative}"
        " of the largest), predictions agree"
    )
    return 0
