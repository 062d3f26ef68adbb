"""The processes that train one network together: who is the first of them, and what it tells the others.

JAX brings processes together (`jax.distributed`), whoever started them. What is decided by one process, such
as when to stop, travels through its coordination service: unlike a computation on all devices, waiting there
may take as long as it likes.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from suite.errors import LostError, RunError, UserError, first_line

START_SECONDS = 300
"""How long the processes wait for each other at the start."""

HEARTBEAT_SECONDS = 60
"""After how long without a sign of life a process counts as lost."""

_WAIT_MILLISECONDS = 10_000
_BEAT_SECONDS = 5.0


@dataclass(frozen=True)
class ProcessGroup:
    """The processes that train together, as one of them sees it.

    Attributes:
        rank: of this process, from 0. The process of rank 0 decides, and writes the run.
        size: how many there are.
    """

    rank: int
    size: int

    @property
    def is_first(self) -> bool:
        """Whether this process decides and writes."""
        return self.rank == 0

    def rows(self, count: int) -> slice:
        """Which of the `count` rows of a batch are those of this process's devices."""
        share = count // self.size
        return slice(self.rank * share, (self.rank + 1) * share)

    def tell(self, topic: str, message: Mapping[str, Any]) -> None:
        """Say something to all processes, once for each topic."""
        with _lost("the other processes"):
            _client().key_value_set(f"suite/{topic}", json.dumps(message))

    def told(self, topic: str) -> list[dict[str, Any]]:
        """All that processes have said so far on topics below one, in the order of their names."""
        with _lost("the other processes"):
            said = dict(_client().key_value_dir_get(f"suite/{topic}/"))
        return [json.loads(said[name]) for name in sorted(said)]

    def hear(self, topic: str) -> dict[str, Any]:
        """What a process said to all, waiting for it.

        Raises:
            LostError: if the process of rank 0 has ended.
        """
        while True:
            try:
                with _lost("the first process"):
                    heard = _client().blocking_key_value_get(f"suite/{topic}", _WAIT_MILLISECONDS)
            except _NotYetError:
                continue
            message: dict[str, Any] = json.loads(heard)
            return message

    def meet(self, topic: str) -> None:
        """Wait until all processes are here, once for each topic."""
        self.tell(f"{topic}/{self.rank}", {})
        for rank in range(self.size):
            self.hear(f"{topic}/{rank}")

    def leave(self) -> None:
        """Leave the others; the first process waits until all have left, and can go on computing alone.

        JAX's own end of a group is not called: it aborts a process whose call the others did not wait for.
        """
        global _has_left
        if _has_left:
            return
        _has_left = True
        with contextlib.suppress(RunError):  # one of them is gone already
            if not self.is_first:
                self.tell(f"left/{self.rank}", {})
                return
            for rank in range(1, self.size):
                self.hear(f"left/{rank}")


_has_left = False


class Pulse:
    """Looks from a thread whether all processes of a group are alive, and lets them see that this one is.

    Args:
        group: the processes.
        on_lost: called once, in the thread, with a sentence on a process that gives no sign of life.
    """

    def __init__(self, group: ProcessGroup, on_lost: Callable[[str], None]) -> None:
        self._group = group
        self._on_lost = on_lost
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="pulse", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Look no more."""
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        others = [rank for rank in range(self._group.size) if rank != self._group.rank]
        seen: dict[int, tuple[str, float]] = {}
        beats = 0
        while not self._ended.wait(_BEAT_SECONDS):
            beats += 1
            try:
                client = _client()
                client.key_value_set(f"suite/pulse/{self._group.rank}", str(beats), allow_overwrite=True)
                counts = dict(client.key_value_dir_get("suite/pulse/"))
            except RuntimeError:
                self._lose("the first process cannot be reached any more")
                return
            now = time.monotonic()
            for rank in others:
                count = counts.get(f"suite/pulse/{rank}", "")
                if seen.get(rank, ("", 0.0))[0] != count or rank not in seen:
                    seen[rank] = (count, now)
                elif now - seen[rank][1] > HEARTBEAT_SECONDS:
                    self._lose(f"process {rank + 1} of {self._group.size} gives no sign of life")
                    return

    def _lose(self, sentence: str) -> None:
        if not self._ended.is_set():
            self._on_lost(sentence)


def failed_together(error: Exception, group: ProcessGroup | None) -> str:
    """A sentence on a computation of several processes that failed since one is gone; "" for other errors."""
    if group is None or type(error).__name__ != "JaxRuntimeError" or "RESOURCE_EXHAUSTED" in str(error):
        return ""
    return (
        f"the computation that {group.size} processes share has failed, perhaps since one of them is gone:"
        f" {first_line(error)[:300]}"
    )


class _NotYetError(Exception):
    """Nothing has been said yet."""


@contextlib.contextmanager
def _lost(who: str) -> Any:
    """Turn what the coordination service raises into a sentence."""
    try:
        yield
    except RuntimeError as error:  # JAX's own error, which is one of these
        if "DEADLINE_EXCEEDED" in str(error):
            raise _NotYetError from None
        raise LostError(f"{who} cannot be reached any more: {first_line(error)[:200]}") from error


def join(
    address: str | None = None,
    size: int | None = None,
    rank: int | None = None,
    devices: Sequence[int] | None = None,
) -> ProcessGroup:
    """Join the processes that train together; before JAX has computed anything.

    Args:
        address: host and port of the process of rank 0; None asks the cluster, as the others do: Slurm,
            Open MPI, Kubernetes and Cloud TPU are known to JAX, and Kubeflow to us.
        size: how many processes there are.
        rank: of this one.
        devices: the numbers of the GPUs of this process; None for all.

    Raises:
        UserError: if there is no such cluster, or not all processes came.
    """
    import jax

    if jax.distributed.is_initialized():
        return ProcessGroup(jax.process_index(), jax.process_count())
    if address is None:
        size, rank = _told_by_environment() or (size, rank)
    # Else JAX aborts all processes, with a stack trace, when one of them is lost: `Pulse` looks for that.
    jax.config.update("jax_enable_recoverability", True)
    try:
        jax.distributed.initialize(
            address,
            size,
            rank,
            local_device_ids=None if devices is None else list(devices),
            initialization_timeout=START_SECONDS,
            heartbeat_timeout_seconds=HEARTBEAT_SECONDS,
            shutdown_timeout_seconds=HEARTBEAT_SECONDS,
        )
    except ValueError as error:
        raise UserError(
            f"no cluster is found here ({first_line(error)}): start this command with srun, mpirun or in a"
            " Kubernetes job, or say --workers N for processes on this machine"
        ) from None
    except RuntimeError as error:
        reason = first_line(error)
        if "must be called before" in reason:
            raise UserError(
                "JAX has computed in this process already, so that it cannot join others: train in a process"
                " of its own"
            ) from None
        raise UserError(f"the {size or ''} processes do not come together: {reason[:200]}") from None
    return ProcessGroup(jax.process_index(), jax.process_count())


def _told_by_environment() -> tuple[int, int] | None:
    """How many processes there are, and the rank of this one, as Kubeflow Trainer says it.

    JAX itself reads the third of these variables, `JAX_COORDINATOR_ADDRESS`.
    """
    said = os.environ.get("JAX_NUM_PROCESSES", ""), os.environ.get("JAX_PROCESS_ID", "")
    if not all(word.isascii() and word.isdigit() for word in said):
        return None
    return int(said[0]), int(said[1])


def process_group() -> ProcessGroup | None:
    """The processes that this one trains together with; None if it trains alone."""
    if "jax" not in sys.modules or _has_left:
        return None
    import jax

    if not jax.distributed.is_initialized() or jax.process_count() < 2:
        return None
    return ProcessGroup(jax.process_index(), jax.process_count())


def _client() -> Any:
    from jax._src.distributed import global_state

    if global_state.client is None:
        raise RunError("the processes that train together have left each other")
    return global_state.client
