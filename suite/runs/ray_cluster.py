"""A training in the processes of a Ray cluster: `--cluster ray`.

Ray Train starts one process (a Ray worker) on each machine, and starts all of them again when one was lost;
what they do is in `suite.runs.ray_worker`. The program that started it hears of the training through an actor
and passes it on to its own listener.
"""

from __future__ import annotations

import secrets
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import msgspec

from suite.configuration import Configuration
from suite.errors import RunError, StoppedError, UserError, first_line
from suite.files import make_folder, refuse_existing, writing
from suite.host import Host
from suite.processes import error_told, named_plugins
from suite.ray_machines import RayPlaces, RayWorkers, connected
from suite.runs.directory import RunDirectory, run_name, run_paths, taken_advice
from suite.runs.ray_worker import work
from suite.runs.resuming import Resumption, resumed_configuration
from suite.sources.addresses import is_address
from suite.training.listeners import ProgramListener
from suite.training.progress import Listener
from suite.wording import counted

MAX_FAILURES = 10
"""How often a lost worker is replaced; who has lost more may resume the run."""

_LOOK_SECONDS = 0.2
_END_SECONDS = 15.0
"""How long Ray may take to put its processes away once the training has ended."""


def train_on_ray(
    host: Host,
    configuration: Configuration,
    *,
    workers: RayWorkers,
    out: Path | None = None,
    folder: Path = Path("runs"),
    command: str = "",
    listener: Listener | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> RunDirectory:
    """As `suite.runs.train.train`, in the workers of a Ray cluster.

    Args:
        host: its plugins go along; those of a file have to lie where all machines see them.
        configuration: what the user chose.
        workers: how many there are.
        out: the run directory, where all machines see it; None makes one in `folder`.
        folder: where runs are.
        command: the command that repeats the run, for the report.
        listener: hears of what happens.
        stop: looked at a few times a second; true ends the training with everything kept.

    Raises:
        UserError: if Ray is not installed, or no cluster is reachable, and as `train`.
        RunError: as `train`, and if workers were lost again and again.
        StoppedError: as `train`.
    """
    if configuration.split.folds and not configuration.split.fold:
        raise UserError("the folds of a cross-validation are several runs: train each with --cluster ray")
    _check_machine(configuration)
    if out is not None and not is_address(out):
        refuse_existing(out, taken_advice(out))
    path = out or next(path for path in run_paths(folder, run_name(configuration)) if not path.exists())
    size = configuration.training.batch_size
    job = {
        "configuration": _shared_paths(configuration).to_mapping(),
        "batch_size": None if size == "auto" else size,
        "device": configuration.runtime.device,
        "command": command,
        "plugins": named_plugins(host),
    }
    try:
        return _on_ray(path, job, workers, listener, stop)
    except UserError:
        run = RunDirectory(path)
        if path.is_dir() and not run.checkpoints.exist:
            shutil.rmtree(path, ignore_errors=True)
        raise


def resume_on_ray(
    host: Host,
    path: Path,
    *,
    workers: RayWorkers,
    how: Resumption | None = None,
    listener: Listener | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> RunDirectory:
    """As `suite.runs.train.resume`, in the workers of a Ray cluster; see `train_on_ray`."""
    run = RunDirectory.open(path)
    how = how or Resumption()
    _check_devices(how.machine.get("devices", "all"))
    resumed_configuration(run, how)  # what is wrong with it is said before Ray is started
    job = {
        "how": {**asdict(how), "machine": {}},
        "continuations": len(run.continuations),
        "batch_size": run.configuration.training.batch_size,
        "device": run.configuration.runtime.device,
        "plugins": named_plugins(host),
    }
    return _on_ray(path, job, workers, listener, stop)


def _check_machine(configuration: Configuration) -> None:
    runtime = configuration.runtime
    if runtime.backend not in ("auto", "jax"):
        raise UserError(f"{runtime.backend} trains on one device here: --backend jax trains on several")
    _check_devices(runtime.devices)


def _check_devices(devices: int | str) -> None:
    if devices not in (1, "all"):
        raise UserError("--devices is not for --cluster ray: each Ray worker has all GPUs of its machine")


def _shared_paths(configuration: Configuration) -> Configuration:
    """The configuration with what it names by a path from here, as other machines would name it."""
    runtime = msgspec.structs.replace(configuration.runtime, devices="all", workers=1)
    data, init = (
        str(Path(named).resolve()) if named and Path(named).exists() else named
        for named in (configuration.data, configuration.init)
    )
    return replace(configuration, data=data or "", init=init, runtime=runtime)


def _on_ray(
    path: Path,
    job: Mapping[str, Any],
    workers: RayWorkers,
    listener: Listener | None,
    stop: Callable[[], bool],
) -> RunDirectory:
    heard = ProgramListener.of(listener)
    if is_address(path):
        raise UserError(
            f"{path} is an address: on a Ray cluster a run lies on a disk that all machines share"
        )
    path = path.resolve()
    make_folder(path.parent)
    heard.phase("looking for the Ray cluster")
    with connected("ray.train.v2.jax") as ray, _shared_folder(path.parent) as shared:
        places = RayPlaces.of(ray.nodes(), workers, job["device"])
        places.workers.check_batch(job["batch_size"], places.gpus or 1)
        whole = {**job, "run": str(path), "shared": str(shared), "folder": str(Path.cwd())}
        _fit(ray, whole, places, heard, stop)
    return RunDirectory.open(path)


@contextmanager
def _shared_folder(parent: Path) -> Iterator[Path]:
    """A folder beside the run for what Ray writes, by which workers see whether they share the disk."""
    folder = parent / f".ray-{secrets.token_hex(8)}"
    with writing(folder):
        folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Conversation:
    """What the workers and the program say to each other, in an actor of its own."""

    def __init__(self) -> None:
        self._events: deque[tuple[str, tuple[Any, ...]]] = deque()
        self._attempts = 0
        self._stops = False
        self._is_over = False

    def begin(self) -> int:
        """The first worker begins, for which time, from 1."""
        self._attempts += 1
        return self._attempts

    def say(self, event: str, *arguments: Any) -> None:
        """A worker says something for the listener, or of its end."""
        self._events.append((event, arguments))
        self._is_over = self._is_over or event in ("done", "error")

    def heard(self) -> list[tuple[str, tuple[Any, ...]]]:
        """What was said since the last time."""
        events = list(self._events)
        self._events.clear()
        return events

    def ask_stop(self) -> None:
        """The program wants the training to stop."""
        self._stops = True

    def wishes(self) -> tuple[bool, bool]:
        """Whether the training is to stop, and whether it is over."""
        return self._stops, self._is_over


def _fit(
    ray: Any, job: Mapping[str, Any], places: RayPlaces, listener: Listener, stop: Callable[[], bool]
) -> None:
    """Train, and pass on what is heard; returns when the run is complete."""
    here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
        ray.get_runtime_context().get_node_id(), soft=True
    )
    actor = ray.remote(num_cpus=0, scheduling_strategy=here)(Conversation)
    conversation = actor.remote()
    trainer = _trainer(ray, {**job, "conversation": conversation}, places)
    failures: list[Exception] = []

    def fit() -> None:
        try:
            trainer.fit()
        except Exception as error:  # noqa: BLE001 - raised below, in a sentence
            failures.append(error)

    listener.phase(f"waiting for {counted(places.workers.most or 1, 'Ray worker', 'Ray workers')}")
    thread = threading.Thread(target=fit, name="ray", daemon=True)
    thread.start()
    has_asked = False
    ended: tuple[str, tuple[Any, ...]] | None = None
    while ended is None:
        is_alive = thread.is_alive()  # looked at first: what was said before the end is heard
        for event, arguments in ray.get(conversation.heard.remote()):
            if event in ("done", "error"):
                ended = ended or (event, arguments)
            elif event == "again":
                size = counted(arguments[0], "worker", "workers")
                listener.note(
                    f"a Ray worker was lost, or their number changed: {size} go on from the newest checkpoint"
                )
            else:
                getattr(listener, event)(*arguments)
        if ended is None and not is_alive:
            break
        if not has_asked and stop():
            has_asked = True
            conversation.ask_stop.remote()
        time.sleep(_LOOK_SECONDS)
    thread.join(_END_SECONDS)
    if ended is None:
        raise _given_up(failures, job["run"])
    if ended[0] == "error":
        error = error_told(*ended[1])
        raise StoppedError(str(error), Path(job["run"])) if isinstance(error, StoppedError) else error


def _trainer(ray: Any, job: dict[str, Any], places: RayPlaces) -> Any:
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.v2.jax import JaxTrainer
    from ray.train.v2.jax.config import JaxConfig

    least, most = places.workers.least, places.workers.most
    resources: dict[str, float] = {"CPU": places.cores}
    if places.gpus:
        resources["GPU"] = places.gpus
    variables = {
        "RAY_TRAIN_ENABLE_V2": "1",
        "JAX_PLATFORMS": "" if places.gpus else "cpu",
        "JAX_ENABLE_RECOVERABILITY": "1",  # Ray looks after the workers, and JAX need not abort them
        "KERAS_BACKEND": "jax",
    }
    return JaxTrainer(
        work,
        train_loop_config=job,
        # Without `use_gpu` Ray's workers would not come together, on processors too.
        jax_config=JaxConfig(use_gpu=True),
        scaling_config=ScalingConfig(
            num_workers=most if least == most else (least, most),
            use_gpu=places.gpus > 0,
            resources_per_worker=resources,
            placement_strategy="SPREAD",
        ),
        run_config=RunConfig(
            name="train",
            storage_path=job["shared"],
            failure_config=FailureConfig(max_failures=MAX_FAILURES),
            worker_runtime_env={"env_vars": {name: value for name, value in variables.items() if value}},
        ),
    )


def _given_up(failures: list[Exception], run: str) -> RunError:
    """What to say if Ray has ended the training before its end."""
    why = first_line(failures[0])[:300] if failures else "it ended without a word"
    with suppress(UserError):
        RunDirectory.open(Path(run))
        return RunError(f"Ray gave the training up ({why}); to go on: suite resume {run} --cluster ray")
    return RunError(f"Ray gave the training up before it began ({why})")
