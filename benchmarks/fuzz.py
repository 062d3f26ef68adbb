"""Fuzz all that reads files from anybody: loaders, codecs, predictions, configurations, models, checkpoints.

    python benchmarks/fuzz.py [--minutes 5] [--inputs N] [--seed 0] [--target PATTERN ...] [--data FOLDER ...]
    python benchmarks/fuzz.py --repeat FOLDER

Real inputs, made on the spot, are mutated (bytes, text, JSON, XML, tables, archives, headers), and what the
commands do with them is done, in a process that is started again if it dies. Only success and a `UserError`
are allowed, within five seconds of processor time and 512 MiB. Each finding is printed with its target, its
number and what happened, and the files are kept in `benchmarks/runs/fuzz/`: `--repeat FOLDER` tries them
again in this process. Inputs are numbered: `--seed N` begins at number N, and the same target and number are
always the same input. The status is 1 if there are findings.

`--target` chooses by patterns ("loader/*"; "!keras" leaves one out), `--data` adds folders with data of
others, each small part of which is mutated too. It needs Linux, which says how much memory an input took.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from fuzzing.targets import Target, targets
from fuzzing.worker import Block, Finding, Outcome, attempted, work

KEPT = Path(__file__).parent / "runs" / "fuzz"
"""Where the files of findings are kept."""
WAIT_SECONDS, IDLE_SECONDS, MAX_PROCESSOR_SECONDS = 60, 0.05, 60
"""A process that computes for less than the second in the first waits for something."""
MEMORY = Path("/dev/shm")
"""A folder in memory, where there is one: on a disk, writing takes longer than reading."""
EACH = 3
"""Findings of a kind whose files are kept."""


@dataclass
class Worker:
    """The process that tries inputs; a new one takes the place of one that died.

    Attributes:
        folder: where the input lies that is being tried.
        data: folders with data of others.
    """

    folder: Path
    data: Sequence[Path]
    process: Any = None
    connection: Any = None

    def run(self, block: Block) -> Iterator[Finding | Outcome]:
        """The findings of a block and what became of the rest; after a crash the block is gone on with."""
        while block.count > 0:
            if self.process is None:
                self._start()
            self.connection.send(block)
            number = None
            try:
                while True:
                    self._wait()
                    match self.connection.recv():
                        case int(number):
                            pass
                        case str(defect):
                            raise SystemExit(f"{block.target}: {defect}")
                        case Outcome() as outcome:
                            yield outcome
                            return
                        case finding:
                            yield finding
                            self.connection.send("kept")
            except (EOFError, ConnectionResetError):
                self.process.join()
            code, self.process = self.process.exitcode, None
            if number is None:
                raise SystemExit(f"{block.target}: its process ended with {code} before the first input")
            text = f"the process ended with {code} (-9: it waited for something, or did not come to an end)"
            told = (self.folder / "crash.txt").read_text()[-2000:]
            yield Finding(block.target, number, f"{block.target}: died", f"{text}\n{told}")
            tried = number + 1 - block.first
            yield Outcome(Counter({"finding": 1, "accepted or refused": tried - 1}))
            block = Block(block.target, number + 1, block.count - tried)

    def _wait(self) -> None:
        """Wait for a message; end the process if it waits for something, or computes where nothing stops it.

        On a busy machine an input may take minutes, so what counts is the processor time.
        """
        first = used = _processor_seconds(self.process.pid)
        while not self.connection.poll(WAIT_SECONDS):
            before, used = used, _processor_seconds(self.process.pid)
            if used - before < IDLE_SECONDS or used - first > MAX_PROCESSOR_SECONDS:
                self.process.kill()

    def stop(self) -> None:
        """End the process."""
        if self.process is not None:
            self.process.kill()
            self.process.join()

    def _start(self) -> None:
        context = get_context("spawn")
        self.connection, other = context.Pipe()
        self.process = context.Process(target=work, args=(other, self.folder, self.data), daemon=True)
        self.process.start()
        other.close()


def _processor_seconds(process: int) -> float:
    """The processor time that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass
class Tally:
    """What was found so far."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)

    def add(self, target: str, outcome: Outcome) -> None:
        """Count the inputs of a block."""
        known = self.outcomes.setdefault(target, Outcome())
        known.counts += outcome.counts
        known.seconds += outcome.seconds

    def tell(self, finding: Finding, files: Path) -> None:
        """Print a finding and keep its files; of many of a kind, the first ones."""
        self.kinds[finding.kind] += 1
        if self.kinds[finding.kind] > EACH:
            return
        kept = KEPT / f"{finding.target.replace('/', '--')}--{finding.number}"
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(files, kept)
        print(f"\n== {finding.target}, number {finding.number}: {finding.kind}\n{finding.text}")
        print(f"again: python benchmarks/fuzz.py --repeat {kept}", flush=True)

    def counts(self, seconds: float) -> str:
        """How much was tried and found."""
        total = sum(outcome.counts.total() for outcome in self.outcomes.values())
        speed = f"{total:,} inputs in {seconds:.0f} s, {total / seconds:.0f} a second"
        return f"{speed}, {self.kinds.total()} findings of {len(self.kinds)} kinds"

    def summary(self) -> None:
        """Print a line for each target and each kind of finding."""
        for target, outcome in sorted(self.outcomes.items()):
            count = outcome.counts.total()
            ends = ", ".join(f"{number:,} {name}" for name, number in sorted(outcome.counts.items()))
            milliseconds = 1000 * outcome.seconds / max(1, count)
            print(f"{target:45} {count:8,} inputs, {milliseconds:6.1f} ms each: {ends}")
        for kind, count in self.kinds.most_common():
            print(f"{count:8,} x {kind}")


def main() -> None:
    """Read the command line and fuzz."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--inputs", type=int, default=10**9, help="of a quick target; of a slow one fewer")
    parser.add_argument("--seed", type=int, default=0, help="the number of the first input of each target")
    parser.add_argument("--target", nargs="+", default=["*"], metavar="PATTERN")
    parser.add_argument("--data", nargs="+", type=Path, default=[], metavar="FOLDER")
    parser.add_argument("--list", action="store_true", help="print the targets")
    parser.add_argument("--repeat", type=Path, metavar="FOLDER", help="with the files of a finding")
    arguments = parser.parse_args()
    chosen = [target for target in targets(arguments.data) if _is_chosen(target.name, arguments.target)]
    if arguments.list:
        print(*(target.name for target in chosen), sep="\n")
    elif arguments.repeat:
        sys.exit(repeat(arguments.repeat, chosen))
    else:
        sys.exit(fuzz(chosen, arguments))


def _is_chosen(name: str, patterns: Sequence[str]) -> bool:
    left_out = [pattern[1:] for pattern in patterns if pattern.startswith("!")]
    wanted = [pattern for pattern in patterns if not pattern.startswith("!")] or ["*"]
    return any(fnmatch(name, each) for each in wanted) and not any(fnmatch(name, each) for each in left_out)


def repeat(folder: Path, known: Sequence[Target]) -> int:
    """Try the files of a finding again."""
    name, _, number = folder.resolve().name.rpartition("--")
    target = next(target for target in known if target.name == name.replace("--", "/"))
    target.cases()  # imports what it needs, so that this is not counted
    ended, finding = attempted(target, folder, int(number))
    print(ended if finding is None else finding.text)
    return int(finding is not None)


def fuzz(chosen: Sequence[Target], arguments: argparse.Namespace) -> int:
    """Try inputs of all targets in turn until the minutes or the inputs are over, or it is stopped."""
    tally, began, done = Tally(), time.perf_counter(), 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="fuzz-", dir=MEMORY if MEMORY.is_dir() else None) as folder:
        worker = Worker(Path(folder), arguments.data)
        try:
            while done < arguments.inputs and time.perf_counter() - began < 60 * arguments.minutes:
                count = min(50, arguments.inputs - done)
                for target in chosen:
                    scale = target.pace / 50
                    first = arguments.seed + round(done * scale)
                    for found in worker.run(Block(target.name, first, max(1, round(count * scale)))):
                        if isinstance(found, Finding):
                            tally.tell(found, Path(folder) / "input" / f"{found.number}")
                        else:
                            tally.add(target.name, found)
                done += count
                print(tally.counts(time.perf_counter() - began), file=sys.stderr, flush=True)
        except KeyboardInterrupt:
            print("stopped", file=sys.stderr)
        finally:
            worker.stop()
    tally.summary()
    print(f"{tally.counts(time.perf_counter() - began)}; to go on: --seed {arguments.seed + done}")
    return int(bool(tally.kinds))


if __name__ == "__main__":
    main()
