"""`suite export RUN`: write a run's model for use without Keras."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from suite.cli.main import host_from
from suite.cli.tables import aligned
from suite.wording import counted, number, short

if TYPE_CHECKING:
    from suite.conversion.export import Export
    from suite.conversion.results import Rescored


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="a run, or a model folder")
    parser.add_argument("--format", default="onnx", help="onnx (default), litert, openvino or saved-model")
    parser.add_argument(
        "--precision",
        default="float32",
        help="float32 (default), float16 or int8, which is calibrated on training examples; ONNX only",
    )
    parser.add_argument(
        "--out",
        metavar="FOLDER",
        help="the folder to write (default: RUN/export, RUN/export-FORMAT or RUN/export-PRECISION)",
    )
    parser.add_argument(
        "--verify",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="score what was written and the Keras model on the run's validation split (default)",
    )
    parser.add_argument(
        "--tolerance",
        metavar="X",
        type=float,
        help="points of the task's metric by which what was written may score less than the Keras model"
        " (default: practically none; int8: 0.01 of a share, 2 %% of another metric)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def run(arguments: argparse.Namespace) -> int:
    from suite.pipeline.manifest import model_folder, read_manifest, unfinished_note
    from suite.runs.export import export

    try:
        done = export(
            arguments.run,
            out=arguments.out,
            format=arguments.format,
            precision=arguments.precision,
            verify=arguments.verify,
            tolerance=arguments.tolerance,
            host=host_from(arguments),
        )
    except KeyboardInterrupt:
        print("suite: interrupted; nothing was exported", file=sys.stderr)
        raise
    path = Path(arguments.run)
    note = unfinished_note(read_manifest(model_folder(path)), path)
    if note:
        print(f"suite: note: {note}", file=sys.stderr)
    if arguments.json:
        import msgspec

        print(msgspec.json.encode(done, enc_hook=str).decode())
        return 0
    print(f"{done.folder}: {done.network} ({size_text(done.size)}) and pipeline.json")
    compared = counted(done.examples, "example", "examples")
    largest, relative = short(done.largest_difference, 2), short(done.relative_difference, 2)
    of = "" if done.precision == "float32" else " in float32"
    print(
        f"compared with Keras{of} on {compared}, {done.source}: outputs differ by at most {largest}"
        f" ({relative} of the largest), predictions agree"
    )
    if done.table:
        print(f"\n{_table_text(done)}\n")
    print(_scored_text(done.scored) if done.scored is not None else done.not_scored)
    return 0


def _scored_text(scored: Rescored) -> str:
    """How the written file scores beside Keras."""
    spread = scored.interval
    interval = f" (95 % interval {number(spread[0])} to {number(spread[1])})" if spread else ""
    of = f" of {scored.available:,}" if scored.available > scored.examples else ""
    spaced = ", evenly spaced" if of else ""
    same = number(scored.score) == number(scored.keras_score)
    beside = "as with Keras" if same else f"{number(scored.keras_score)} with Keras"
    return (
        f"scored on {scored.examples:,}{of} {'example' if scored.available == 1 else 'examples'} of the"
        f" {scored.split} split{spaced}: {scored.label} {number(scored.score)}{interval}, {beside}"
    )


def _table_text(done: Export) -> str:
    """Size, speed and score before and after."""
    sizes = list(done.table[0].milliseconds)
    heads = [f"ms, {counted(size, 'example', 'examples')}" for size in sizes]
    label = done.scored.label if done.scored is not None else ""
    rows = [["", "size", *heads, *([f"{label} (95 % interval)"] if label else []), ""]]
    for row in done.table:
        name = f"{row.precision}, {row.method}" if row.method else row.precision
        times = [short(row.milliseconds[size], 3) if row.milliseconds else "" for size in sizes]
        score = "" if row.score is None else number(row.score)
        if row.interval is not None:
            score += f" ({number(row.interval[0])} to {number(row.interval[1])})"
        rows.append(
            [name, size_text(row.size) if row.size else "", *times, *([score] if label else []), row.remark]
        )
    return aligned(rows)


def size_text(size: int) -> str:
    """Bytes for people."""
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.1f} kB"
