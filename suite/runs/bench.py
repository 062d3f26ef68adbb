"""How fast models predict, and what memory they need: `suite bench`. Each is measured in a fresh process."""

from __future__ import annotations

import json
import pickle
import tempfile
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from suite.contributions import Contributed, Task
from suite.errors import RunError, UserError, reason
from suite.files import atomic_write
from suite.host import Host
from suite.pipeline.manifest import BENCH_FILE, REPORT, Manifest, model_folder, size_of_network
from suite.pipeline.runtimes.choosing import runtime_for
from suite.prediction.inputs import Inputs
from suite.prediction.loading import Described, describe
from suite.processes import in_a_fresh_process, program
from suite.runs.benchmark import NOISY, Measurements
from suite.runs.data import sample_of
from suite.runs.export import data_of
from suite.runs.rescoring import evenly
from suite.stopping import check_stop
from suite.wording import counted

MAX_INPUTS = 64
SECONDS = 20.0
_CHILD = program("suite.runs.bench_process", "work(sys.argv[2])")


class Benchmark(msgspec.Struct, frozen=True, kw_only=True):
    """A model that was measured.

    Attributes:
        path: as it was given.
        task: the task's name.
        runtime: for people: "ONNX Runtime", "Keras (tensorflow)".
        precision: of its network.
        size: bytes of its network.
        inputs: what was predicted, for people.
        cold_start: seconds from the start of a process to its first prediction.
        batch_size: see `Measurements`.
        measured: all the rest.
        note: on measurements that something disturbed; else empty.
    """

    path: str
    task: str
    runtime: str
    precision: str
    size: int
    inputs: str
    cold_start: float
    batch_size: int
    measured: Measurements
    note: str = ""


def bench(
    paths: Sequence[str | Path],
    host: Host,
    *,
    data: Sequence[str] = (),
    runtime: str = "auto",
    threads: int | None = None,
    seconds: float = SECONDS,
    save: bool = False,
) -> list[Benchmark]:
    """Measure models one after another, each in a fresh process.

    Args:
        paths: runs, model folders or exports.
        host: has the plugins.
        data: inputs, as `suite predict` takes them; none takes examples of the first run whose data is
            there, else the made-up ones of the task.
        runtime: as for `suite.load`.
        threads: of one forward pass; None leaves it to the runtime.
        seconds: how long to measure each model, about.
        save: whether to write the result beside each model, where `suite serve` finds the batch size.

    Raises:
        UserError: if a model or an input is not there or cannot be used.
        RunError: if a process that measures dies.
    """
    if not 0.1 <= seconds <= 3600:
        raise UserError(f"--seconds {seconds:g} is not allowed: 0.1 to 3,600")
    described = [describe(Path(path), host=host) for path in paths]
    for path, each in zip(paths, described, strict=True):
        runtime_for(model_folder(Path(path)) / each.manifest.network, runtime)
    chosen: dict[str, tuple[list[Any], str]] = {}
    found = []
    for path, each in zip(paths, described, strict=True):
        task = each.task
        if task.full_name not in chosen:
            same = [
                Path(other)
                for other, model in zip(paths, described, strict=True)
                if model.task.full_name == task.full_name
            ]
            chosen[task.full_name] = _inputs(data, same, task, each, host)
        check_stop()
        inputs, source = chosen[task.full_name]
        options = {"runtime": runtime, "threads": threads}
        benchmark = _measured(Path(path), each.manifest, host, inputs, source, options, seconds)
        if save:
            content = msgspec.json.format(msgspec.json.encode(benchmark), indent=2)
            atomic_write(model_folder(Path(path)) / BENCH_FILE, content + b"\n")
        found.append(benchmark)
    return found


def _inputs(
    data: Sequence[str], paths: Sequence[Path], task: Contributed[Task], described: Described, host: Host
) -> tuple[list[Any], str]:
    """What is predicted, and where it is from, for people."""
    if data:
        inputs = list(islice(Inputs(data, described.codec), MAX_INPUTS))
        return inputs, f"{counted(len(inputs), 'input', 'inputs')} of those given"
    for path in paths:
        found = data_of(model_folder(path).absolute().parent, host, None)
        if isinstance(found, str):
            continue
        _, run = found
        for split in ("test", "validation", "train"):
            examples = evenly(run.dataset.splits.get(split, []), MAX_INPUTS)
            if len(examples):
                inputs = [examples[index].input for index in range(len(examples))]
                return inputs, f"{len(inputs)} examples of the {split} split of {run.name}"
    examples = evenly(sample_of(task).train, MAX_INPUTS)
    inputs = [examples[index].input for index in range(len(examples))]
    return inputs, f"{len(inputs)} made-up examples of the task"


def _measured(
    path: Path,
    manifest: Manifest,
    host: Host,
    inputs: list[Any],
    source: str,
    options: dict[str, Any],
    seconds: float,
) -> Benchmark:
    folder = model_folder(path)
    answer = _in_a_process(host, {"folder": folder, "inputs": inputs, "options": options, "seconds": seconds})
    measured = msgspec.convert(answer["measured"], Measurements, strict=False)
    note = ""
    if measured.spread > NOISY:
        note = (
            "the machine was busy with something else: the same prediction took up to"
            f" {measured.spread:.1f} times as long at other times; measure again when it is quiet"
        )
    return Benchmark(
        path=str(path),
        task=manifest.task,
        runtime=answer["runtime"],
        precision=_precision(folder),
        size=size_of_network(folder, manifest.network),
        inputs=source,
        cold_start=answer["cold_start"],
        batch_size=measured.batch_size,
        measured=measured,
        note=note,
    )


def _precision(folder: Path) -> str:
    """The precision of an export as its report says it; that of any other network is float32."""
    try:
        report = json.loads((folder / REPORT).read_bytes())
        return str(report.get("precision", "float32"))
    except (OSError, ValueError, AttributeError):
        return "float32"


def _in_a_process(host: Host, job: dict[str, Any]) -> dict[str, Any]:
    """Measure in a fresh process."""
    try:
        sent = pickle.dumps((host, job))
    except Exception as error:  # noqa: BLE001 - whatever an object of a plugin says
        raise UserError(
            f"the plugins or the inputs cannot travel to a fresh process, which measures ({reason(error)}):"
            " give files with --data"
        ) from None
    with tempfile.TemporaryDirectory() as temporary:
        answer, given = Path(temporary) / "answer.json", Path(temporary) / "job"
        given.write_bytes(sent)
        begun = time.time()
        with given.open("rb") as job_file:
            status, printed = in_a_fresh_process(_CHILD, str(answer), stdin=job_file)
        try:
            found: dict[str, Any] = json.loads(answer.read_bytes())
        except (OSError, ValueError):
            last = (printed.strip().splitlines() or [f"status {status}"])[-1]
            raise RunError(f"the process that measured {job['folder']} died: {last}") from None
    if "user_error" in found:
        raise UserError(found["user_error"])
    return {**found, "cold_start": found["first"] - begun}
