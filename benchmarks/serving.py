"""A server under load: clients in a closed loop, with and without batches, and malformed connections.

    python benchmarks/serving.py [EXPORT INPUT] [--seconds 60] [--clients 64] [--malformed 1000]

INPUT is a file, or a text that is no file. Without an export it measures the smallest model that is kept for
the tests, a bag of n-grams. Client and server share the machine, and only the loopback is used. Each client
sends its next request when it has the answer to the one before. A line for each server: with batches, and
with one input in a forward pass; beside them what the export does in one process, one input after the other
and in batches.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import suite

KEPT = Path(__file__).parent.parent / "tests" / "data" / "kept" / "0.1.0" / "text-classification" / "export"
TEXT = "when does Ann see the lamp ?"
BATCH = 32


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("export", nargs="?", default=str(KEPT))
    parser.add_argument("input", nargs="?", default=TEXT)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--malformed", type=int, default=1000)
    arguments = parser.parse_args()
    alone, together = in_process(arguments.export, arguments.input, min(5.0, arguments.seconds))
    print(
        f"{'in process, one by one':<24} {alone:>7.0f}/s\n{'in process, in batches':<24} {together:>7.0f}/s"
    )
    for name, options in {"with batches": [], "one at a time": ["--batch-size", "1"]}.items():
        with served(f"model={arguments.export}", *options) as (process, port):
            content = request(arguments.input)
            asyncio.run(load(port, content, arguments.clients, 1))
            before = memory(process.pid)
            measured = asyncio.run(load(port, content, arguments.clients, arguments.seconds))
            after = memory(process.pid)
            print(f"{name:<24} {measured}, memory {before:.0f} to {after:.0f} MB", flush=True)
    hurried = ["--header-seconds", "1", "--body-seconds", "1"]
    with served(f"model={arguments.export}", *hurried) as (process, port):
        print(asyncio.run(malformed(port, arguments.malformed, request(arguments.input))))
        print(f"alive: {process.poll() is None}, memory {memory(process.pid):.0f} MB")


def in_process(export: str, given: str, seconds: float) -> tuple[float, float]:
    """Predictions a second without a server: one by one, and in batches."""
    pipeline = suite.load(export)
    raw = Path(given).read_bytes() if Path(given).is_file() else given
    rates = []
    for inputs in (raw, [raw] * BATCH):
        pipeline.predict(inputs)
        count, start = 0, time.perf_counter()
        while time.perf_counter() - start < seconds:
            pipeline.predict(inputs)
            count += 1
        rates.append(count * (1 if inputs is raw else BATCH) / (time.perf_counter() - start))
    return rates[0], rates[1]


@contextmanager
def served(*words: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A server in a process of its own, and its port.

    Args:
        words: of `suite serve`.
    """
    command = [sys.executable, "-m", "suite", "serve", "--port", "0", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        found = re.search(r":(\d+) ", said)
        assert found, said
        try:
            yield process, int(found[1])
        finally:
            process.terminate()


def request(given: str) -> bytes:
    """The bytes of a request."""
    if Path(given).is_file():
        body, kind = Path(given).read_bytes(), "application/octet-stream"
    else:
        body, kind = json.dumps({"inputs": [given]}).encode(), "application/json"
    head = "POST /v1/models/model/predict HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    return f"{head}Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


@dataclass
class Measured:
    """What clients saw."""

    seconds: float
    latencies: list[float] = field(default_factory=list)
    errors: int = 0

    def __str__(self) -> str:
        ordered = sorted(self.latencies)
        at = {
            share: 1e3 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]
            for share in (0.5, 0.95, 0.99)
        }
        percentiles = ", ".join(f"p{100 * share:.0f} {value:.1f} ms" for share, value in at.items())
        return f"{len(ordered) / self.seconds:>7.0f}/s, {percentiles}, {self.errors} errors"


class Client(asyncio.Protocol):
    """Sends a request, and the next one when it has the answer."""

    def __init__(self, content: bytes, end: float, measured: Measured) -> None:
        self.done = asyncio.get_running_loop().create_future()
        self._content, self._end, self._measured = content, end, measured
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def _send(self) -> None:
        self._start = time.perf_counter()
        self._transport.write(self._content)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n", 1)[0])
        if len(body) < length:
            return
        self._received = b""
        now = time.perf_counter()
        self._measured.latencies.append(now - self._start)
        self._measured.errors += not head.startswith(b"HTTP/1.1 200")
        if now < self._end:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        self._measured.errors += time.perf_counter() < self._end
        if not self.done.done():
            self.done.set_result(None)


async def load(port: int, content: bytes, clients: int, seconds: float) -> Measured:
    """What so many clients see in so many seconds."""
    loop = asyncio.get_running_loop()
    measured = Measured(seconds)
    end = time.perf_counter() + seconds
    made = [
        await loop.create_connection(lambda: Client(content, end, measured), "127.0.0.1", port)
        for _ in range(clients)
    ]
    await asyncio.gather(*(client.done for _, client in made))
    return measured


async def malformed(port: int, count: int, good: bytes) -> str:
    """Send requests that were cut, changed or made up, 50 at a time: what came of them."""
    rng = random.Random(0)
    statuses: dict[str, int] = {}
    slots = asyncio.Semaphore(50)

    async def one(content: bytes) -> None:
        async with slots:
            status = "no answer"
            try:
                async with asyncio.timeout(30):
                    reader, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.write(content)
                    if writer.can_write_eof() and rng.random() < 0.5:
                        writer.write_eof()
                    answer = await reader.read(4096)
                    writer.close()
                    status = answer[9:12].decode("latin-1") if answer.startswith(b"HTTP/") else "closed"
            except TimeoutError:
                status = "hung"
            except OSError:
                status = "closed"
            statuses[status] = statuses.get(status, 0) + 1

    await asyncio.gather(*(one(mutated(good, rng)) for _ in range(count)))
    listed = ", ".join(f"{status}: {number}" for status, number in sorted(statuses.items()))
    return f"{count} malformed connections: {listed}"


def mutated(good: bytes, rng: random.Random) -> bytes:
    """A request that is none any more."""
    kind = rng.randrange(6)
    changed = bytearray(good)
    if kind == 0:
        return good[: rng.randrange(len(good))]
    if kind == 1:
        for _ in range(rng.randrange(1, 20)):
            changed[rng.randrange(len(changed))] = rng.randrange(256)
    elif kind == 2:
        at = rng.randrange(len(changed))
        changed[at:at] = rng.randbytes(rng.randrange(1, 200))
    elif kind == 3:
        return rng.randbytes(rng.randrange(1, 2000))
    elif kind == 4:
        changed = bytearray(
            re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % rng.choice([0, 1, 10**9, 10**30]), good)
        )
    else:
        start = rng.randrange(len(changed))
        del changed[start : start + rng.randrange(1, 50)]
    return bytes(changed)


def memory(process: int) -> float:
    """Megabytes that a process holds; NaN where the system does not say."""
    try:
        found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{process}/status").read_text())
    except OSError:
        return float("nan")
    return int(found[1]) / 1024 if found else float("nan")


if __name__ == "__main__":
    main()
