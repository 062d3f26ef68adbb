"""A process that trains along with the first one of its group, and writes nothing."""

from __future__ import annotations

import json
import os
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from suite.data_parallel import activate_together
from suite.devices import Device
from suite.errors import RunError, SuiteError, UserError, attributed, first_line
from suite.host import Host
from suite.process_group import ProcessGroup, join
from suite.processes import host_of
from suite.runs.build import build
from suite.runs.directory import RunDirectory
from suite.runs.workers import Seat, telling, training_together
from suite.training.progress import Listener
from suite.training_options import RuntimeOptions


def follow(host: Host, group: ProcessGroup, device: Device) -> None:
    """Train along with the first process, from the beginning of its training to the end.

    Args:
        host: has the plugins of the run.
        group: of which this process is not the first.
        device: what Keras runs on.

    Raises:
        SuiteError: if this process cannot do what the first one does.
    """
    from suite.evaluation.failing import added_may_fail
    from suite.runs.trainers import trainer_of, validation_of
    from suite.training.session import StopRequested

    run = RunDirectory.open(Path(group.hear("run")["path"]))
    configuration = replace(run.configuration, init=None)  # all weights come from the first checkpoint
    experiment = build(host, configuration, Listener(), start=lambda runtime: device)
    if experiment.fingerprint != run.environment["data_fingerprint"]:
        raise RunError(f"the data in {configuration.data} is not the same for all processes")
    leave_out = added_may_fail(experiment.task, experiment.evaluators, defects=True)
    trainer = trainer_of(
        experiment,
        run.checkpoints,
        validation_of(experiment, leave_out=leave_out),
        listener=Listener(),
        continuation=run.continuations[-1] if run.continuations else None,
        on_skip=telling(group),
    )
    begin = group.hear("begin")
    trainer.restore()
    if trainer.state.step != begin["step"]:
        raise RunError(
            f"the newest checkpoint in {run.path} is of step {trainer.state.step:,} here, and of step"
            f" {begin['step']:,} for the first process: the run has to be on a disk that all processes share"
        )
    with (
        attributed(str(experiment.builder)),
        training_together(group, f"to go on: suite resume {run.path}"),
        suppress(StopRequested),
    ):
        trainer.train()
    group.leave()


def follow_in_cluster(host: Host, device: str) -> None:
    """Join the processes that a cluster started; train along, and end, if this is not the first of them.

    Args:
        host: has the plugins.
        device: as the option `runtime.device`.

    Raises:
        UserError: if there is no cluster here, or JAX is not installed.
    """
    runtime = RuntimeOptions(device=device, devices="all")
    joined = activate_together(runtime, join)
    if joined.group is None:
        raise UserError("the cluster has started a single process: leave out --cluster")
    if not joined.group.is_first:
        follow(host, joined.group, joined)
        sys.stdout.flush()
        _end_now()


def main() -> None:
    """Follow in a process that `suite.runs.workers` started; what is wrong is its last sentence."""
    seat = Seat(**json.loads(sys.argv[2]))
    host = host_of(json.loads(sys.argv[3]))
    threading.Thread(target=_end_with_the_first, daemon=True).start()
    runtime = RuntimeOptions(
        backend="jax", device=seat.device, devices=seat.devices * seat.size, workers=seat.size
    )
    try:
        device = activate_together(runtime, seat.take)
        assert device.group is not None
        follow(host, device.group, device)
    except SuiteError as error:
        sys.exit(f"suite: {error}")
    except Exception as error:  # noqa: BLE001 - the first process says it in a sentence
        sys.exit(f"suite: {type(error).__name__}: {first_line(error)}")
    _end_now()


def _end_now() -> None:
    """End without what JAX does at an end: it aborts a process if the first one is gone already."""
    sys.stderr.flush()
    os._exit(0)


def _end_with_the_first() -> None:
    sys.stdin.buffer.read()
    os._exit(1)
