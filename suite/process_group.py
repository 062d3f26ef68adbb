"""The processes that train one network together: who is the first of them, and what it tells the others.

JAX brings processes together (`jax.distributed`), whoever started them. What is decided by one process, such
as when to stop, travels through its coordination service: unlike a computation on all devices, waiting there
may take as long as it likes.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from suite.errors import LostError, RunError, UserError, first_line

START_SECONDS = 300
"""How long the processes wait for each other at the start."""

HEARTBEAT_SECONDS = 60
"""After how long without a sign of life a process counts as lost."""

_WAIT_MILLISECONDS = 10_000


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

    def tell(self, topic: str, message: Mapping[str, Any]) -> None:
        """Say something to all processes, once for each topic."""
        with _lost("the other processes"):
            _client().key_value_set(f"suite/{topic}", json.dumps(message))

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
            Open MPI, Kubernetes and Cloud TPU are known to JAX.
        size: how many processes there are.
        rank: of this one.
        devices: the numbers of the GPUs of this process; None for all.

    Raises:
        UserError: if there is no such cluster, or not all processes came.
    """
    import jax

    if jax.distributed.is_initialized():
        return ProcessGroup(jax.process_index(), jax.process_count())
    if address is not None:
        # Whoever started the processes looks after them; else JAX ends all when one of them is lost.
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


def process_group() -> ProcessGroup | None:
    """The processes that this one trains together with; None if it trains alone."""
    if "jax" not in sys.modules:
        return None
    import jax

    if not jax.distributed.is_initialized() or jax.process_count() < 2:
        return None
    return ProcessGroup(jax.process_index(), jax.process_count())


def leave() -> None:
    """Leave the others, which waits until all do; this process can go on computing alone."""
    import jax

    if jax.distributed.is_initialized():
        with contextlib.suppress(RuntimeError):  # one of them is gone already
            jax.distributed.shutdown()


def _client() -> Any:
    from jax._src.distributed import global_state

    if global_state.client is None:
        raise RunError("the processes that train together have left each other")
    return global_state.client
