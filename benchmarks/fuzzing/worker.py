"""A process that tries inputs one after the other, with limits on time and memory.

It may die (of a defect in a library written in C, say): the input lies in a folder before it is tried, and
whoever started the process knows which one it was.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import resource
import shutil
import signal
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any

from fuzzing.corpora import write_files
from fuzzing.mutations import mutated
from fuzzing.targets import Target, targets
from suite import UserError

CPU_SECONDS = 5
"""Of processor time for one input, all threads together."""
MAX_GROWTH = 512 << 20
"""Bytes of memory that one input may take."""
ADDRESS_SPACE = 4 << 30
"""Bytes of addresses that may be added to those at the start: what is above is a `MemoryError`."""
MAX_MESSAGE = 10_000
"""Characters of a message for people."""


@dataclass(frozen=True)
class Block:
    """Inputs to try: the numbers from `first` on, `count` of them, of a target."""

    target: str
    first: int
    count: int


@dataclass(frozen=True)
class Finding:
    """An input that did what it must not.

    Attributes:
        target: the target's name.
        number: of the input.
        kind: the same for findings that are probably one defect.
        text: what happened.
    """

    target: str
    number: int
    kind: str
    text: str


@dataclass
class Outcome:
    """What became of a block: how many inputs ended in which way, and the seconds of all."""

    counts: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


class TooLong(BaseException):
    """Not an `Exception`, so that nothing catches it."""


def work(connection: Connection, folder: Path, data: Sequence[Path]) -> None:
    """As `_work`; an error of fuzzing itself is sent, and ends the process."""
    try:
        _work(connection, folder, data)
    except EOFError:
        pass
    except Exception:
        connection.send(traceback.format_exc())


def _work(connection: Connection, folder: Path, data: Sequence[Path]) -> None:
    """Try the blocks that come; send the number of each input before it, findings, and the outcome."""
    _prepare(folder)
    known = {target.name: target for target in targets(data)}
    cases: dict[str, Any] = {}
    while isinstance(block := connection.recv(), Block):
        target = known[block.target]
        if target.name not in cases:
            cases[target.name] = target.cases()
            for finding in _wrong_cases(target, cases[target.name], folder / "input"):
                _report(connection, finding)
            _limit_memory()
        outcome, began = Outcome(), time.perf_counter()
        for number in range(block.first, block.first + block.count):
            connection.send(number)
            ended, finding = tried(target, cases[target.name], number, folder / "input")
            outcome.counts[ended] += 1
            if finding is not None:
                _report(connection, finding)
        outcome.seconds = time.perf_counter() - began
        connection.send(outcome)


def _report(connection: Connection, finding: Finding) -> None:
    """Send a finding and wait until its files are kept."""
    connection.send(finding)
    connection.recv()


def tried(
    target: Target, cases: Sequence[dict[str, bytes]], number: int, folder: Path
) -> tuple[str, Finding | None]:
    """Make an input and try it. The target and the number say which one it is, whatever was before.

    Returns:
        "accepted", "refused" or "finding", and the finding.
    """
    random = Random(f"{target.name} {number}")
    files = mutated(cases[random.randrange(len(cases))], random)
    shutil.rmtree(folder, ignore_errors=True)
    # Another name each time: what has been read of a file with this name does not count.
    inside = folder / f"{number}"
    inside.mkdir(parents=True)
    write_files(files, inside)
    return attempted(target, inside, number)


def _wrong_cases(target: Target, cases: Sequence[dict[str, bytes]], folder: Path) -> Iterator[Finding]:
    """The cases that are refused as they are, so that mutations of them would find little."""
    for index, files in enumerate(cases):
        inside = folder / f"{-1 - index}"
        inside.mkdir(parents=True)
        write_files(files, inside)
        ended, finding = attempted(target, inside, 0)
        if finding is not None:
            yield replace(finding, number=-1 - index)
        elif ended != "accepted" and target.made:
            try:
                target.attempt(inside, Random(0))
            except UserError as error:
                yield Finding(target.name, -1 - index, f"{target.name}: a case is refused", str(error))


def attempted(target: Target, folder: Path, number: int) -> tuple[str, Finding | None]:
    """Try what lies in a folder."""
    before = _reset_peak()
    try:
        with _limited():
            target.attempt(folder, Random(number))
        message = ""
    except UserError as error:
        message = str(error)
        if len(message) > MAX_MESSAGE:
            return "finding", Finding(
                target.name, number, f"{target.name}: long message", f"{message[:300]} ..."
            )
    except BaseException as error:
        return "finding", _finding(target, number, error)
    growth = _peak() - before
    if growth > MAX_GROWTH:
        text = f"it took {growth >> 20} MiB of memory; {message[:200]}"
        return "finding", Finding(target.name, number, f"{target.name}: memory", text)
    return ("refused" if message else "accepted"), None


def _finding(target: Target, number: int, error: BaseException) -> Finding:
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "/suite" in frame.filename and "site-packages" not in frame.filename]
    where = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in (own or frames)[-1:]]
    text = "".join(traceback.format_exception(error, limit=-8))
    return Finding(target.name, number, " ".join([type(error).__name__, *where]), text[-3000:])


@contextmanager
def _limited() -> Any:
    def stop(number: int, frame: Any) -> None:
        raise TooLong(f"more than {CPU_SECONDS} s of processor time")

    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _prepare(folder: Path) -> None:
    faulthandler.enable((folder / "crash.txt").open("w"), all_threads=False)
    warnings.simplefilter("ignore")
    logging.disable()
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    silent = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):  # libraries written in C have much to say of damaged files
        os.dup2(silent, stream.fileno())


def _limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + ADDRESS_SPACE
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _reset_peak() -> int:
    """Forget the peak of memory so far; what is in use."""
    Path("/proc/self/clear_refs").write_text("5")
    return _peak()


def _peak() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM"))
