"""What each worker of a Ray cluster does: the first trains, the others train along.

Ray starts all workers again, in new processes, when one was lost; then the first one resumes the run. What is
no loss of a worker is told to the program that started the training, and is not tried again.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from suite.configuration import from_mapping
from suite.data_parallel import start_alone
from suite.errors import LostError, UserError
from suite.host import Host
from suite.processes import host_of, told
from suite.runs.directory import RunDirectory
from suite.runs.follow import follow
from suite.runs.resuming import Resumption, is_complete
from suite.training.listeners import Forwarding
from suite.training.progress import Progress
from suite.training_options import RuntimeOptions

_LOOK_SECONDS = 0.5
_END_SECONDS = 3.0
"""How long a worker has for its own end, once the training is over."""


def work(job: dict[str, Any]) -> None:
    """Train, or train along, in a worker that Ray Train started.

    Args:
        job: what `suite.runs.ray_cluster` sends.

    Raises:
        LostError: if another worker was lost, so that Ray starts all again.
    """
    import ray
    from ray.train import get_context

    rank, size = get_context().get_world_rank(), get_context().get_world_size()
    conversation = job["conversation"]
    failed: list[BaseException] = []
    stops = threading.Event()

    def run() -> None:
        try:
            _work(job, rank, size, _Saying(conversation), stops.is_set)
        except BaseException as error:  # noqa: BLE001 - told to the program
            failed.append(error)

    # A worker may wait for another one that has ended, where nothing interrupts it.
    thread = threading.Thread(target=run, name="work", daemon=True)
    thread.start()
    over_at = None
    while thread.is_alive():
        thread.join(_LOOK_SECONDS)
        wants_stop, is_over = ray.get(conversation.wishes.remote())
        if wants_stop:
            stops.set()
        if is_over:
            over_at = over_at or time.monotonic()
            if time.monotonic() - over_at > _END_SECONDS:
                return
    for error in failed:
        if isinstance(error, LostError):
            raise error
        ray.get(conversation.say.remote("error", *told(error)))
        return
    if rank == 0:
        ray.get(conversation.say.remote("done"))


def _work(job: Mapping[str, Any], rank: int, size: int, listener: _Saying, stop: Callable[[], bool]) -> None:
    import jax

    if jax.process_count() != size:
        raise UserError(
            f"Ray has started {size} workers, and JAX brought {jax.process_count()} of them together: this"
            " version of Ray does not fit this version of JAX"
        )
    run = Path(job["run"])
    if not Path(job["shared"]).is_dir():
        raise UserError(
            f"{run.parent} is not the same folder on the machine {os.uname().nodename}: the run (--out) and"
            " the data have to lie on a path that all machines of the Ray cluster share"
        )
    with suppress(OSError):
        os.chdir(job["folder"])
    host = host_of(job["plugins"])
    if rank == 0:
        _train(job, host, run, size, listener, stop)
        return
    device = start_alone(RuntimeOptions(device=job["device"], devices="all"))
    assert device.group is not None
    follow(host, device.group, device)


def _train(
    job: Mapping[str, Any], host: Host, path: Path, size: int, listener: _Saying, stop: Callable[[], bool]
) -> None:
    """Train or resume, in the first worker."""
    from suite.runs.train import resume, train

    attempt = listener.begin()
    if attempt > 1:
        listener.say("again", size)
    if "configuration" in job:
        configuration = from_mapping(job["configuration"], "the command line")
        if not (path / "config.toml").is_file():
            train(host, configuration, out=path, command=job["command"], listener=listener, stop=stop)
            return
        how = Resumption()
    else:
        how = Resumption(**job["how"])
        if len(RunDirectory.open(path).continuations) > job["continuations"]:
            how = replace(how, epochs=None, learning_rate=None)  # they were added before a worker was lost
    if attempt > 1 and is_complete(RunDirectory.open(path)):
        return
    how = replace(how, machine={"devices": "all", "workers": 1})
    resume(host, path, how=how, listener=listener, stop=stop)


class _Saying(Forwarding):
    """Says to the program what happens.

    Args:
        conversation: the actor `suite.runs.ray_cluster.Conversation`.
    """

    def __init__(self, conversation: Any) -> None:
        self._conversation = conversation
        self._said_at = 0.0

    def begin(self) -> int:
        """For which time the training begins, from 1."""
        import ray

        attempt: int = ray.get(self._conversation.begin.remote())
        return attempt

    def say(self, event: str, *arguments: Any) -> None:
        """Say something, without waiting for it to arrive."""
        self._conversation.say.remote(event, *arguments)

    def progress(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._said_at >= _LOOK_SECONDS:
            self._said_at = now
            self.say("progress", progress)

    def failed(self, error: BaseException) -> None:
        return  # it is raised, and said then

    def _forward(self, event: str, *arguments: Any) -> None:
        self.say(event, *arguments)
