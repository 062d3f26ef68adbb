"""A model that is served: its pipeline, what waits for it, and how requests get their predictions."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from suite.devices import cores
from suite.errors import UserError
from suite.pipeline.codec import Codec
from suite.pipeline.manifest import BENCH_FILE
from suite.prediction.description import Description
from suite.prediction.encoding import chunks_of
from suite.prediction.predictor import LoadedPipeline
from suite.serving.batching import Batcher
from suite.serving.inputs import Given
from suite.serving.long_predictions import Line, predict_long
from suite.serving.problems import RequestError, busy
from suite.serving.running import Group, Item, encode_item
from suite.serving.settings import ServerSettings

DEFAULT_BATCH_SIZE = 32
_MAX_VARIANTS = 32
"""Pipelines with options of requests that are kept."""

_UNSENT = 64
"""Lines of a stream that may wait for a slow client."""


@dataclass(frozen=True, slots=True)
class Threads:
    """The threads of a server, shared by its models.

    Attributes:
        encoding: decode files.
        running: run batches.
        long: each predicts one long input at a time.
    """

    encoding: ThreadPoolExecutor
    running: ThreadPoolExecutor
    long: ThreadPoolExecutor

    @classmethod
    def started(cls, models: int, limits: Mapping[str, float]) -> Threads:
        """Threads for so many models, in which these limits hold."""

        def limit() -> None:
            from suite.limits import limited

            contextlib.ExitStack().enter_context(limited(**limits))

        def pool(name: str, count: int) -> ThreadPoolExecutor:
            return ThreadPoolExecutor(count, thread_name_prefix=f"serve-{name}", initializer=limit)

        return cls(pool("encode", cores()), pool("run", 2 * models), pool("long", max(4, 2 * cores())))

    def close(self) -> None:
        """Let them end."""
        for pool in (self.encoding, self.running, self.long):
            pool.shutdown(wait=False, cancel_futures=True)


class ServedModel:
    """A model of a server; its methods belong to the event loop.

    Args:
        name: by which it is called.
        pipeline: loaded.
        settings: of the server.
        batch_size: inputs in one forward pass.
        folder: of the model.
        codec_with: makes the codec with options of prediction, or raises `UserError`.

    Attributes:
        accepted: inputs that are under way.
        description: what the pipeline is, reads and writes.
    """

    def __init__(
        self,
        name: str,
        pipeline: LoadedPipeline,
        settings: ServerSettings,
        batch_size: int,
        folder: Path,
        codec_with: Callable[[Mapping[str, Any]], Codec],
    ) -> None:
        self.name = name
        self.pipeline = pipeline
        self.folder = folder
        self._codec_with = codec_with
        self.description: Description = pipeline.describe()
        self.settings = settings
        self.batch_size = batch_size
        self.accepted = 0
        self._variants: OrderedDict[bytes, LoadedPipeline] = OrderedDict()
        self._threads: Threads | None = None
        self._batcher: Batcher | None = None
        self.on_batch: Callable[[int], None] = lambda size: None

    def start(self, threads: Threads) -> None:
        """Begin to serve."""
        self._threads = threads
        self._batcher = Batcher(
            self.pipeline.network,
            self.pipeline.builder,
            f"{self.folder}/",
            self.batch_size,
            self.settings.max_wait_ms / 1000,
            threads.running,
            lambda: self.accepted,
            self._ran,
        )

    def _ran(self, size: int) -> None:
        self.on_batch(size)

    @property
    def ready(self) -> bool:
        """Whether it answers."""
        return self._batcher is not None

    @property
    def waiting(self) -> int:
        """Inputs that wait for a forward pass."""
        return 0 if self._batcher is None else self._batcher.waiting

    def shown(self) -> dict[str, Any]:
        """What `GET /v1/models` says of it."""
        description = self.description.to_json()
        return {
            "name": self.name,
            "task": description["task"],
            "summary": description["summary"],
            "builder": description["builder"],
            "ready": self.ready,
            "inputs": description["inputs"],
            "widgets": description.get("widgets", {}),
            "classes": description["classes"] or None,
            "can_stream": self.pipeline.codec.can_stream,
            "gives_partial": self.pipeline.codec.can_stream or _merges_so_far(self.pipeline.codec),
            "limits": self.settings.shown(),
        }

    async def with_options(self, options: Mapping[str, Any]) -> LoadedPipeline:
        """The pipeline with options of a request.

        Raises:
            RequestError: if one is not known, not allowed, or not for requests.
        """
        if not options:
            return self.pipeline
        key = json.dumps(options, sort_keys=True).encode()
        variant = self._variants.get(key)
        if variant is not None:
            self._variants.move_to_end(key)
            return variant
        self._check_options(options)
        assert self._threads is not None
        try:
            codec = await asyncio.get_running_loop().run_in_executor(
                self._threads.encoding, self._codec_with, options
            )
        except UserError as error:
            raise RequestError(422, "option", str(error)) from None
        variant = self._variants[key] = self.pipeline.with_codec(codec)
        if len(self._variants) > _MAX_VARIANTS:
            self._variants.popitem(last=False)
        return variant

    def _check_options(self, options: Mapping[str, Any]) -> None:
        if not self.settings.request_options:
            raise RequestError(422, "option", "this server takes no options (--no-options)")
        refused = {option.name for option in self.description.options if not option.from_requests}
        for name in options:
            # Some options that are texts name files, and a request must have none read.
            if name in refused:
                raise RequestError(
                    422, "option", f"the option '{name}' can only be set by whoever runs the server (--set)"
                )

    @contextmanager
    def under_way(self, count: int) -> Any:
        """Count inputs as accepted within the block.

        Raises:
            RequestError: if too many are.
        """
        if self.accepted + count > self.settings.queue:
            raise busy(
                "queue_full",
                f"the queue of the model '{self.name}' is full with {self.accepted} inputs: try again",
            )
        self.accepted += count
        try:
            yield
        finally:
            self.accepted -= count

    async def predict(self, pipeline: LoadedPipeline, inputs: Sequence[Given]) -> list[list[Line]]:
        """The predictions for the inputs of a request: lines for each, one unless it is a file of many.

        If it is cancelled, what has not begun is dropped.
        """
        assert self._threads is not None
        loop = asyncio.get_running_loop()
        lines: list[list[Line]] = [[] for _ in inputs]
        items: dict[int, Item] = {}
        encoding: dict[int, asyncio.Future[bool]] = {}
        longs: dict[int, Given] = {}
        may_have_chunks = type(pipeline.codec).chunks is not Codec.chunks
        for index, given in enumerate(inputs):
            if given.error is not None:
                lines[index] = [Line(given.name, error=given.error)]
            elif given.stream is not None or pipeline.codec.can_stream:
                longs[index] = given
            else:
                item = items[index] = Item(pipeline.codec, given.raw)
                if may_have_chunks or not given.quick:
                    encoding[index] = loop.run_in_executor(
                        self._threads.encoding, encode_item, item, pipeline.builder
                    )
        try:
            for index, encoded in encoding.items():
                if not await encoded:
                    del items[index]
                    longs[index] = inputs[index]
        except asyncio.CancelledError:
            for encoded in encoding.values():
                encoded.cancel()
            raise
        waits: list[Any] = [
            self._long(pipeline, given, lines[index].append) for index, given in longs.items()
        ]
        if items:
            waits.append(self.run(list(items.values())))
        if len(waits) == 1:
            await waits[0]
        elif waits:
            async with asyncio.TaskGroup() as group:
                for wait in waits:
                    group.create_task(wait)
        for index, item in items.items():
            name = inputs[index].name
            lines[index] = [Line(name, item.prediction, item.error, defect=item.defect)]
        return lines

    async def run(self, items: Sequence[Item]) -> None:
        """Have items go through the network, in batches with those of other requests."""
        assert self._batcher is not None
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        group = Group(future, len(items))
        for item in items:
            item.group = group
        self._batcher.submit(items)
        try:
            await future
        except asyncio.CancelledError:
            group.abandoned = True
            raise

    async def stream(
        self, pipeline: LoadedPipeline, inputs: Sequence[Given]
    ) -> AsyncIterator[tuple[int, Line]]:
        """Lines as they come, with the index of the input; one input after the other."""
        for index, given in enumerate(inputs):
            if given.error is not None:
                yield index, Line(given.name, error=given.error)
                continue
            if given.stream is None and not await self._takes_long(pipeline, given):
                for line in (await self.predict(pipeline, [given]))[0]:
                    yield index, line
                continue
            queue: asyncio.Queue[Line | None] = asyncio.Queue()
            room = threading.Semaphore(_UNSENT)
            task = asyncio.create_task(self._long(pipeline, given, queue.put_nowait, room, partial=True))
            task.add_done_callback(lambda _, queue=queue: queue.put_nowait(None))  # type: ignore[misc]
            try:
                while (next_line := await queue.get()) is not None:
                    yield index, next_line
                    room.release()
                await task
            finally:
                task.cancel()
                room.release(_UNSENT)

    async def _takes_long(self, pipeline: LoadedPipeline, given: Given) -> bool:
        """Whether something of an input's prediction can be had before its end."""
        codec = pipeline.codec
        if codec.can_stream or not _merges_so_far(codec) or given.quick:
            return codec.can_stream
        assert self._threads is not None

        def is_chunked() -> bool:
            try:
                return chunks_of(codec, given.raw, pipeline.builder) is not None
            except Exception:  # noqa: BLE001 - it is raised again, and said, when it is predicted
                return False

        return await asyncio.get_running_loop().run_in_executor(self._threads.encoding, is_chunked)

    async def _long(
        self,
        pipeline: LoadedPipeline,
        given: Given,
        take: Callable[[Line], None],
        room: threading.Semaphore | None = None,
        *,
        partial: bool = False,
    ) -> None:
        """Predict a long input in a thread; `take` gets its lines in the event loop."""
        assert self._threads is not None
        loop = asyncio.get_running_loop()
        stop = threading.Event()

        def emit(line: Line) -> None:
            while room is not None and not room.acquire(timeout=1):
                if stop.is_set():
                    return
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(take, line)

        def work() -> None:
            predict_long(
                pipeline, given, self.batch_size, self.settings.max_results, stop, emit, partial=partial
            )

        try:
            await loop.run_in_executor(self._threads.long, work)
        finally:
            stop.set()


def _merges_so_far(codec: Codec) -> bool:
    """Whether the words of a long recording can be had while the others are predicted, say."""
    return type(codec).so_far is not Codec.so_far


def batch_size_of(folder: Any, wanted: int | None) -> int:
    """How many inputs go through a network at once: what was asked for, what `suite bench` found, or 32.

    Args:
        folder: the model's.
        wanted: by the user.
    """
    if wanted is not None:
        return wanted
    try:
        found = msgspec.json.decode((folder / BENCH_FILE).read_bytes())["batch_size"]
    except (OSError, KeyError, TypeError, msgspec.DecodeError):
        return DEFAULT_BATCH_SIZE
    return found if type(found) is int and 1 <= found <= 65_536 else DEFAULT_BATCH_SIZE
