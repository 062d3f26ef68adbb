"""`suite bench RUN|EXPORT...`: how fast models predict, and what memory they need."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from suite.cli.main import host_from
from suite.cli.tables import aligned, json_text
from suite.wording import counted, short

if TYPE_CHECKING:
    from suite.runs.bench import Benchmark
    from suite.runs.benchmark import Times


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words and options of the command."""
    parser.add_argument("models", metavar="RUN|EXPORT", nargs="+", help="a run, a model folder or an export")
    parser.add_argument(
        "--data",
        metavar="INPUT",
        nargs="+",
        default=[],
        help="what to predict, as 'suite predict' takes it (default: examples of the run's data if it is"
        " there, else made-up ones)",
    )
    parser.add_argument("--runtime", default="auto", help="the runtime (default: the one of the file)")
    parser.add_argument(
        "--threads", type=int, metavar="N", help="threads of one forward pass (default: the runtime's choice)"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=20.0,
        metavar="S",
        help="how long to measure each, about (default: 20)",
    )
    parser.add_argument(
        "--save",
        action="store_true",
        help="write bench.json beside each model, where 'suite serve' finds the best batch size",
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def run(arguments: argparse.Namespace) -> int:
    """Measure, and show it."""
    from suite.runs.bench import bench

    found = bench(
        arguments.models,
        host_from(arguments),
        data=arguments.data,
        runtime=arguments.runtime,
        threads=arguments.threads,
        seconds=arguments.seconds,
        save=arguments.save,
    )
    if arguments.json:
        print(json_text(found))
        return 0
    print(_table(found))
    for source in dict.fromkeys(each.inputs for each in found):
        print(f"\npredicted: {source}")
    for each in found:
        if each.note:
            print(f"note: {each.path}: {each.note}")
    return 0


def _table(found: Sequence[Benchmark]) -> str:
    """A column for each model."""
    rows: list[tuple[str, Callable[[Benchmark], str]]] = [
        ("", lambda each: each.path),
        ("runtime", lambda each: each.runtime),
        ("precision", lambda each: each.precision),
        ("network", lambda each: _size(each.size)),
        ("cold start", lambda each: f"{each.cold_start:.2f} s"),
        ("memory, one at a time", lambda each: _size(each.measured.memory)),
        ("memory, in batches", lambda each: _size(each.measured.peak_memory)),
        ("predict, ms: p50, p95, p99", lambda each: _times(each.measured.predict)),
        ("network alone, ms: p50, p95, p99", lambda each: _times(each.measured.network)),
    ]
    for size in sorted({size for each in found for size in each.measured.throughput}):
        name = f"predictions per second, {'one by one' if size == 1 else f'batches of {size}'}"
        rows.append((name, lambda each, size=size: _rate(each, size)))  # type: ignore[misc]
    rows.append(("best batch size", lambda each: counted(each.batch_size, "input", "inputs")))
    return aligned([[name, *(cell(each) for each in found)] for name, cell in rows])


def _times(times: Times) -> str:
    return ", ".join(short(value, 3) for value in (times.p50, times.p95, times.p99))


def _rate(benchmark: Benchmark, size: int) -> str:
    per_second = benchmark.measured.throughput.get(size)
    return "" if per_second is None else f"{per_second:,.0f}" if per_second >= 10 else short(per_second, 2)


def _size(size: int | None) -> str:
    if size is None:
        return "not known"
    return f"{size / 1e6:,.1f} MB" if size >= 1e6 else f"{size / 1e3:.1f} kB"
