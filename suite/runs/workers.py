"""Further processes of this machine that train with this one, `--workers N`, and what becomes of them.

This process is the first of the group. The others get its plugins and, once there is one, its run, and go
along with it as `suite.runs.follow` says. If one of them ends before its time, the training ends.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from suite.data_parallel import activate_together, devices_here
from suite.devices import Device
from suite.errors import LostError, SuiteError, UserError
from suite.host import Host
from suite.process_group import ProcessGroup, Pulse, failed_together, join, process_group
from suite.processes import named_plugins, program
from suite.training_options import RuntimeOptions

SKIPPED = "skipped"
"""The topic on which a process names the examples that it left out, of which the first one knows nothing."""

MAX_SKIPPED = 1000
"""How many of them a process names."""

GRACE_SECONDS = 30.0
"""How long this process may go on computing after it lost another one, before it is ended."""

_PROGRAM = program("suite.runs.follow", "main()")


@dataclass(frozen=True)
class Seat:
    """The place of a process in its group.

    Attributes:
        address: host and port of the first process.
        rank: of this process.
        size: how many processes there are.
        devices: how many devices each of them has.
        device: as the option `runtime.device`.
    """

    address: str
    rank: int
    size: int
    devices: int
    device: str

    def take(self) -> ProcessGroup:
        """Join the group."""
        first = self.rank * self.devices
        return join(self.address, self.size, self.rank, range(first, first + self.devices))


class Workers:
    """The further processes of a training; none unless the options ask for some.

    Args:
        host: its plugins go along.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._processes: list[subprocess.Popen[bytes]] = []
        self._said: list[list[str]] = []
        self._readers: list[threading.Thread] = []
        self._group: ProcessGroup | None = None
        self._are_needed = False
        self._goes_on = "nothing was trained yet"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._are_needed = False
        for process in self._processes:
            process.kill()
            process.wait()

    def start(self, runtime: RuntimeOptions) -> Device:
        """Start Keras on the devices that train together, and the processes that do.

        Raises:
            UserError: if they are not there, or do not come together.
        """
        return activate_together(runtime, lambda: self._join(runtime))

    def _join(self, runtime: RuntimeOptions) -> ProcessGroup | None:
        here = process_group()
        if here is not None or runtime.workers == 1:
            self._group = here
            return here
        plugins = named_plugins(self._host)
        seat = Seat(_free_address(), 0, runtime.workers, devices_here(runtime), runtime.device)
        for rank in range(1, runtime.workers):
            self._start(Seat(**{**asdict(seat), "rank": rank}), plugins)
        self._are_needed = True
        threading.Thread(target=self._watch, name="workers", daemon=True).start()
        self._group = seat.take()
        return self._group

    def _start(self, seat: Seat, plugins: Mapping[str, Any]) -> None:
        words = [sys.path, asdict(seat), plugins]
        process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, *map(json.dumps, words)],
            stdin=subprocess.PIPE,  # whose end tells the process that this one is gone
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the first process, which then tells the others
        )
        said: list[str] = []
        reader = threading.Thread(target=_read, args=(process, said), daemon=True)
        reader.start()
        self._processes.append(process)
        self._said.append(said)
        self._readers.append(reader)

    def tell_run(self, path: Path) -> None:
        """Let the others know the run, whose configuration they train with."""
        self._goes_on = f"to go on: suite resume {path}"
        if self._group is not None:
            self._group.tell("run", {"path": str(path.resolve())})

    def skipped(self) -> list[str]:
        """Sentences of the other processes on examples that they could not read and left out."""
        return [] if self._group is None else [each["message"] for each in self._group.told(SKIPPED)]

    @contextmanager
    def training(self) -> Iterator[None]:
        """Train together within it; at its end the others go.

        Raises:
            LostError: if one of them was lost.
        """
        with training_together(self._group, self._goes_on):
            try:
                yield
            except SuiteError:
                raise
            except Exception as error:
                lost = self._lost(wait=5.0)
                if lost:
                    raise LostError(f"{lost}; {self._goes_on}") from error
                raise
        self._are_needed = False
        if self._group is not None:
            self._group.leave()

    def _lost(self, wait: float = 0.0) -> str:
        """A sentence on a process that ended before its time; "" if none has within `wait` seconds."""
        deadline = time.monotonic() + (wait if self._processes else 0.0)
        while True:
            for index, process in enumerate(self._processes):
                if process.poll():  # one that ended well was told to
                    return self._how_it_ended(index)
            if time.monotonic() >= deadline:
                return ""
            time.sleep(0.1)

    def _how_it_ended(self, index: int) -> str:
        process = self._processes[index]
        self._readers[index].join(2.0)
        sentences = [line for line in self._said[index] if line.startswith("suite: ")]
        if sentences:
            how = sentences[-1].removeprefix("suite: ")
        elif process.returncode < 0:
            how = f"it was killed by {signal.Signals(-process.returncode).name}"
        else:
            how = f"its exit status was {process.returncode}"
        return f"process {index + 2} of {len(self._processes) + 1} that train together was lost: {how}"

    def _watch(self) -> None:
        """End this process if it goes on waiting for one that was lost."""
        while self._are_needed:
            lost = self._lost()
            if lost:
                time.sleep(GRACE_SECONDS)
                if self._are_needed:
                    _end(f"{lost}; {self._goes_on}")
            time.sleep(0.5)


def telling(group: ProcessGroup) -> Callable[[str], None]:
    """What tells the first process a sentence on an example that this one could not read and left out."""
    numbers = itertools.count()

    def tell(message: str) -> None:
        number = next(numbers)
        if number < MAX_SKIPPED:
            group.tell(f"{SKIPPED}/{group.rank}/{number:04}", {"message": message})
        elif number == MAX_SKIPPED:
            more = f"process {group.rank + 1} could not read more than {MAX_SKIPPED:,} examples"
            group.tell(f"{SKIPPED}/{group.rank}/more", {"message": more})

    return tell


@contextmanager
def training_together(group: ProcessGroup | None, advice: str) -> Iterator[None]:
    """End with a sentence if another process of the group is lost within it, and never wait for it.

    Args:
        group: the processes; None for one alone.
        advice: how to go on.

    Raises:
        LostError: if a computation of all failed since one is gone.
    """
    if group is None:
        yield
        return

    def lost(sentence: str) -> None:
        if not over.wait(GRACE_SECONDS):
            _end(f"{sentence}; {advice}")

    over = threading.Event()
    pulse = Pulse(group, lost)
    try:
        yield
    except SuiteError:
        raise
    except Exception as error:
        sentence = failed_together(error, group)
        if sentence:
            raise LostError(f"{sentence}; {advice}") from error
        raise
    finally:
        over.set()
        pulse.end()


def _end(sentence: str) -> None:
    """End this process, whose main thread may wait forever."""
    sys.stderr.write(f"suite: {sentence}\n")
    sys.stderr.flush()
    os._exit(1)


def _read(process: subprocess.Popen[bytes], said: list[str]) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        said.append(line.decode(errors="replace").rstrip())
        del said[:-50]


def refuse_processes(runtime: RuntimeOptions, reason: str) -> None:
    """Refuse several processes for what one has to do alone.

    Raises:
        UserError: with the reason, if the options ask for some or a cluster has started some.
    """
    if runtime.workers > 1 or process_group() is not None:
        raise UserError(f"{reason}: leave out --workers and --cluster")


def _free_address() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{found.getsockname()[1]}"
