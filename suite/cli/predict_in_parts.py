"""`suite predict RUN INPUT... --workers N --out PATH`: by processes that go on after a kill."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suite.cli.predicting import predict_to
from suite.errors import UserError

if TYPE_CHECKING:
    from suite.cli.prediction_sink import PredictionSink
    from suite.host import Host
    from suite.prediction.inputs import Inputs
    from suite.prediction.loading import Described
    from suite.prediction.parallel import AwaitedParts
    from suite.prediction.parts import Parts
    from suite.prediction.results import Result
    from suite.training_options import LimitOptions

MAX_WORKERS = 256


def check_words(arguments: argparse.Namespace) -> None:
    """Refuse what several processes do not do.

    Raises:
        UserError: saying what to do.
    """
    if arguments.cluster not in (None, "ray"):
        raise UserError(f"--cluster is 'ray' when predicting, not '{arguments.cluster}'")
    option = "--workers" if arguments.cluster is None else "--cluster ray"
    if arguments.workers is not None and not 1 <= arguments.workers <= MAX_WORKERS:
        raise UserError(f"--workers {arguments.workers} is not allowed: 1 to {MAX_WORKERS}")
    if arguments.out is None:
        raise UserError(f"{option} needs --out, beside which is kept what was predicted: say where to write")


def predict_in_parts(
    arguments: argparse.Namespace,
    described: Described,
    host: Host,
    options: Mapping[str, Any],
    limits: LimitOptions,
    inputs: Inputs,
    sink: PredictionSink,
    batch_size: int,
    on_result: Callable[[Result], None],
) -> tuple[int, int]:
    """Predict all inputs into a sink; how many there were, and how many of them failed.

    Args:
        arguments: of the command.
        described: the model.
        host: has its plugins.
        options: of the prediction.
        limits: of inputs.
        inputs: of the command line.
        sink: takes the results.
        batch_size: inputs at a time, in each process.
        on_result: as for `predict_to`.

    Raises:
        UserError: for streams, and if another process does the same.
    """
    from suite.options import as_dict
    from suite.prediction.parts import Parts, fingerprint, part_size
    from suite.processes import named_plugins
    from suite.sources.addresses import is_address

    if is_address(arguments.out):
        raise UserError("--workers writes to a disk of this machine, and not to an address: give a path")
    total = inputs.total
    if inputs.streams or total is None:
        raise UserError("--workers divides files among processes, and a stream (a video) is not divided")
    size = part_size(total, batch_size)
    settings = {
        "model": described.manifest.sha256,
        "options": dict(options),
        "limits": as_dict(limits),
        "runs_on": {
            "backend": arguments.backend,
            "device": arguments.device,
            "runtime": arguments.runtime or "auto",
            "batch_size": batch_size,
        },
        "part_size": size,
    }
    versions = {plugin.name: plugin.version for plugin in host.plugins}
    name = fingerprint(arguments.inputs, inputs, {**settings, "plugins": versions})
    kind = described.task.item.prediction_class
    out = Path(arguments.out).resolve()
    parts = Parts(out, name, -(-total // size), kind)
    job = {
        **settings,
        "model": str(described.folder.absolute()),
        "host": named_plugins(host),
        "words": arguments.inputs,
        "out": str(out),
        "name": name,
        "folder": str(Path.cwd()),
        "batch_size": batch_size,
    }
    with parts.open(), _workers(arguments, parts, job, described) as workers:
        if parts.are_others:
            _say(f"the parts in {parts.folder} are of other inputs, options or another model: begins anew")
        if parts.found:
            there = min(parts.found * size, total)
            _say(f"goes on after {there:,} of {total:,} inputs, which were predicted before")
        try:
            return predict_to(sink, workers.predict_each, inputs, batch_size, on_result)
        except KeyboardInterrupt:
            _say("the same command goes on where it was interrupted")
            raise


@contextmanager
def _workers(
    arguments: argparse.Namespace, parts: Parts, job: Mapping[str, Any], described: Described
) -> Iterator[AwaitedParts]:
    """Whoever predicts the parts: processes of this machine, or of a Ray cluster."""
    if arguments.cluster is None:
        from suite.prediction.parallel import PartWorkers

        with PartWorkers(parts, job, arguments.workers) as workers:
            yield workers
        return
    from suite.prediction.ray_parts import RayPartWorkers
    from suite.ray_machines import RayPlaces, RayWorkers, connected

    # Other networks than those of Keras run on processors.
    device = arguments.device if described.manifest.network.endswith(".keras") else "cpu"
    with connected("ray.util") as ray:
        places = RayPlaces.of(ray.nodes(), RayWorkers(arguments.workers, arguments.workers), device)
        with RayPartWorkers(ray, parts, job, places) as workers:
            yield workers


def _say(text: str) -> None:
    print(f"suite: {text}", file=sys.stderr)
