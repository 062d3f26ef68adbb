"""What a batch maker prepares of the examples, read once and kept in memory if all of it fits."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, overload

import numpy as np

from suite.data.dataset import Example, Examples
from suite.devices import available_memory
from suite.errors import UserError, about
from suite.stopping import check_stop
from suite.threads import in_threads

READING_SECONDS = 5.0
"""How long examples are read ahead of the first step, to keep them and to find all unreadable ones."""


class PreparedExamples:
    """What a batch maker prepares, kept in memory if all of it fits.

    Args:
        examples: the training split.
        prepare: `BatchMaker.prepare`.
        budget: bytes that may be kept; whether all examples fit is judged by those read so far.
        skip_unreadable: put the next readable example in the place of an unreadable one, instead of raising
            its error.
        on_skip: called once with a sentence on each example that is skipped.
        ahead: for how many seconds examples are read before the first step, at most.
    """

    _JUDGED_BY = 64

    def __init__(
        self,
        examples: Examples,
        prepare: Callable[[Example], Any],
        budget: int,
        *,
        skip_unreadable: bool = False,
        on_skip: Callable[[str], None] = lambda message: None,
        ahead: float = READING_SECONDS,
    ) -> None:
        self._examples = examples
        self._prepare = prepare
        self._budget = budget
        self._skip = skip_unreadable
        self._on_skip = on_skip
        self._ahead = ahead
        self._kept: list[Any] | None = [None] * len(examples) if budget > 0 else None
        self._read = 0
        self._bytes = 0
        self._unreadable: dict[int, str] = {}
        self._lock = threading.Lock()

    @property
    def cached(self) -> bool:
        """Whether examples are being kept."""
        return self._kept is not None

    @property
    def all_kept(self) -> list[Any] | None:
        """All examples, if all of them are in memory; for an unreadable one, what is in its place."""
        kept = self._kept
        if kept is None or self._read + len(self._unreadable) < len(self._examples):
            return None
        return [self[index] for index in range(len(kept))] if self._unreadable else kept

    def let_go(self) -> None:
        """Keep the examples no longer, since they are kept elsewhere."""
        self._kept = None

    def read_ahead(self, threads: int) -> list[str]:
        """Read examples into memory as long as they fit and there is time.

        Returns:
            A sentence on each example that cannot be read, unless such are skipped.
        """
        deadline = time.monotonic() + self._ahead
        failures: list[str] = []

        def read(indices: range) -> bool:
            for index in indices:
                check_stop()
                if not self.cached or time.monotonic() > deadline:
                    return False
                try:
                    self[index]
                except UserError as error:
                    failures.append(str(error))
            return True

        for has_time in in_threads(read, len(self._examples), threads, chunk=8):
            if not has_time:
                break
        return sorted(failures)

    def __getitem__(self, index: int) -> Any:
        while True:
            kept = self._kept
            if kept is not None and kept[index] is not None:
                return kept[index]
            if index not in self._unreadable:
                example = self._examples[index]
                try:
                    prepared = self._prepare(example)
                except UserError as error:
                    message = about(str(error), example.id, example.input)
                    if not self._skip:
                        raise UserError(message) from error
                    self._note_unreadable(index, message)
                else:
                    if kept is not None:
                        self._keep(kept, index, prepared)
                    return prepared
            if len(self._unreadable) == len(self._examples):
                raise UserError(
                    f"none of the {len(self._examples)} training examples can be read:"
                    f" {self._unreadable[index]}"
                )
            # The next one whoever asks, so that all processes that train together put in the same.
            index = (index + 1) % len(self._examples)

    def _keep(self, kept: list[Any], index: int, prepared: Any) -> None:
        with self._lock:
            if kept[index] is not None:
                return
            kept[index] = prepared
            self._read += 1
            self._bytes += _size(prepared)
            if self._read >= min(self._JUDGED_BY, len(kept)):
                if self._bytes / self._read * len(kept) > self._budget:
                    self._kept = None

    def _note_unreadable(self, index: int, message: str) -> None:
        with self._lock:
            if index not in self._unreadable:
                self._unreadable[index] = message
                self._on_skip(message)


def memory_budget(cache: str, share: float) -> int:
    """The bytes that may be kept: a share of what is free, all of it, or nothing.

    Args:
        cache: as `RuntimeOptions.cache`.
        share: of the free memory, for "auto".
    """
    if cache == "none":
        return 0
    return int(available_memory() * share) if cache == "auto" else sys.maxsize


def _size(prepared: Any) -> int:
    if isinstance(prepared, np.ndarray):
        return prepared.nbytes + 112
    if isinstance(prepared, (tuple, list)):
        return sum(_size(item) for item in prepared) + 56
    if isinstance(prepared, dict):
        return sum(_size(item) for item in prepared.values()) + 232
    return 64


class ExamplesOfBatch(Sequence[Any]):
    """The examples of a batch, each of which is prepared when somebody asks for it."""

    def __init__(self, prepared: PreparedExamples, indices: np.ndarray) -> None:
        self._prepared = prepared
        self._indices = indices

    def __len__(self) -> int:
        return len(self._indices)

    @overload
    def __getitem__(self, place: int) -> Any: ...
    @overload
    def __getitem__(self, place: slice) -> list[Any]: ...
    def __getitem__(self, place: int | slice) -> Any:
        if isinstance(place, slice):
            return [self._prepared[int(index)] for index in self._indices[place]]
        return self._prepared[int(self._indices[place])]
