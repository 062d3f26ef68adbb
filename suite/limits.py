"""What one input may take, looked at before it is decoded: a few bytes of a file can claim any size.

The limits are options of `[runtime]`. Like the memory that they protect they are the process's: every command
and use case sets those of its configuration. `limited` sets others for the caller alone.
"""

from __future__ import annotations

import math
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any

from suite.devices import available_memory
from suite.errors import UserError
from suite.options import parse
from suite.training_options import LimitOptions

LARGE = 256 << 20
"""Bytes from which on it is looked whether there is memory, and how much others are taking."""

FREE = 64 << 20
"""Bytes that any network may take, however small its file is."""

_MODEL_FACTOR = 20

_DISK_RESERVE = 1 << 30
"""Bytes that are left free where archives are unpacked to."""

_USUAL_RATIO = 20
"""Texts become a tenth in an archive. A zip of images may be larger than the limit, and is hardly packed."""

_GB = 10**9

_of_process = LimitOptions()
_of_caller: ContextVar[LimitOptions | None] = ContextVar("_of_caller", default=None)
_named: ContextVar[frozenset[str]] = ContextVar("_named", default=frozenset())
"""The limits that the caller has named: those of a pipeline do not override them."""

_turn = threading.Condition()
_taken = 0  # bytes by all decoders of large inputs that are at work, guarded by _turn
_own = threading.local()


def limits() -> LimitOptions:
    """The limits that hold here."""
    return _of_caller.get() or _of_process


def set_limits(options: LimitOptions) -> None:
    """Set the limits of the process."""
    global _of_process
    _of_process = options


@contextmanager
def limited(**values: float) -> Iterator[None]:
    """Within it, other limits hold for the caller than in the rest of the process.

        with suite.limited(max_input_gb=1, max_input_hours=2):
            pipeline.predict(uploads, on_error="return")

    Args:
        values: by the names of the limits in `[runtime]`: max_input_gb, max_input_hours, max_unpacked_gb,
            max_model_gb, max_cache_gb.

    Raises:
        UserError: for a limit that there is not, or a value that is not allowed.
    """
    now = {name: getattr(limits(), name) for name in LimitOptions.__struct_fields__}
    token = _of_caller.set(parse(LimitOptions, {**now, **values}, "suite.limited"))
    names = _named.set(_named.get() | set(values))
    try:
        yield
    finally:
        _named.reset(names)
        _of_caller.reset(token)


def limited_by_default(values: Mapping[str, float]) -> AbstractContextManager[None]:
    """As `limited`, but a limit that the caller has named stays."""
    if not values:  # as nearly always: this is done for every input
        return _UNLIMITED
    return limited(**{name: value for name, value in values.items() if name not in _named.get()})


_UNLIMITED = nullcontext()


def parsed_limits(values: Mapping[str, Any] | None, where: str) -> dict[str, float]:
    """Limits by their names, checked.

    Raises:
        UserError: for a limit that there is not, or a value that is not allowed.
    """
    options = parse(LimitOptions, values or {}, where)
    return {name: float(getattr(options, name)) for name in values or {}}


def check_memory(what: str, needed: float) -> None:
    """Refuse an input that would take too much memory.

    Args:
        what: the beginning of a sentence: "a.png has 40,000 x 40,000 pixels".
        needed: bytes.

    Raises:
        UserError: if these are more than the limit, or than there are.
    """
    if needed > limits().max_input_gb * _GB:
        raise UserError(
            f"{what} and would take {_gigabytes(needed)} of memory, more than the limit for one input of"
            f" {limits().max_input_gb:g} GB: make it smaller, or raise the limit with"
            f" --set runtime.max_input_gb={_raised(needed)}"
        )
    if needed > LARGE and needed > (free := available_memory()):
        raise UserError(
            f"{what} and would take {_gigabytes(needed)} of memory, and only {_gigabytes(free)} are free"
        )


@contextmanager
def memory_for(what: str, needed: float) -> Iterator[None]:
    """Take memory for an input that is decoded within the block; see `check_memory`.

    Threads that decode large inputs wait for each other if together they would take more than one input may.
    """
    if needed <= LARGE or getattr(_own, "has_turn", False):
        check_memory(what, needed)
        yield
        return
    global _taken
    with _turn:
        most = limits().max_input_gb * _GB
        _turn.wait_for(lambda: not _taken or _taken + needed <= most)
        check_memory(what, needed)
        _taken += int(needed)
    _own.has_turn = True
    try:
        yield
    finally:
        _own.has_turn = False
        with _turn:
            _taken -= int(needed)
            _turn.notify_all()


def check_duration(what: str, seconds: float) -> None:
    """Refuse an input that lasts too long.

    Args:
        what: the name of a recording, say.
        seconds: how long it lasts.

    Raises:
        UserError: if that is longer than the limit.
    """
    hours = seconds / 3600
    if hours > limits().max_input_hours:
        raise UserError(
            f"{what} is {hours:,.6g} hours long, more than the limit for one input of"
            f" {limits().max_input_hours:g} hours: cut it, or raise the limit with"
            f" --set runtime.max_input_hours={math.ceil(hours)}"
        )


def check_file_size(what: object, size: int) -> None:
    """Refuse to read an input into memory that is larger than one input may be. Raises `UserError`."""
    if size > LARGE or size > limits().max_input_gb * _GB:
        check_memory(f"{what} has {size:,} bytes", size)


def check_model_bytes(path: object, needed: int, held: int, does: str) -> None:
    """Refuse what needs far more memory than a file has bytes, or more than the limit.

    Args:
        path: the file.
        needed: bytes of memory.
        held: bytes that the file has.
        does: how the file comes to need them, "unpacks to" say.

    Raises:
        UserError: saying how much it would be.
    """
    if needed > FREE + _MODEL_FACTOR * held:
        raise UserError(
            f"{path} is refused: it {does} {needed / _GB:,.3g} GB and has {held / 1e6:,.3g} MB, which no"
            " network does"
        )
    if needed > limits().max_model_gb * _GB:
        raise UserError(
            f"{path} is refused: it {does} {needed / _GB:,.3g} GB, more than the limit for a network of"
            f" {limits().max_model_gb:g} GB: raise it with"
            f" --set runtime.max_model_gb={math.ceil(needed / _GB)}"
        )


def check_unpacked(what: str, size: int, held: int) -> None:
    """Refuse an archive whose members are together far larger than it is.

    Args:
        what: its name.
        size: of all members, as it says.
        held: its own.

    Raises:
        UserError: if they are more than the limit for archives, and more than data of people ever is.
    """
    most = limits().max_unpacked_gb
    if size > most * _GB and size > _USUAL_RATIO * held:
        raise UserError(
            f"{what} unpacks to {_gigabytes(size)}, more than the limit of {most:g} GB: raise the limit with"
            f" --set runtime.max_unpacked_gb={_raised(size)}"
        )


class ByteCount:
    """Counts the bytes that come out of a compressed file while it is unpacked, or out of a stream.

    Args:
        what: the beginning of a sentence: "a.csv.gz unpacks to".
        to: the folder on whose disk they are written.
        line_by_line: they are read line by line. Without it and without `to` they stay in memory.
    """

    def __init__(self, what: str, *, to: str | None = None, line_by_line: bool = False) -> None:
        self._what = what
        self._to = to
        in_memory = to is None and not line_by_line
        self._option = "max_input_gb" if in_memory else "max_unpacked_gb"
        self._count = 0
        self._looked = 0

    def add(self, count: int) -> None:
        """Count so many bytes more. Raises `UserError` if they are too many, or the disk would be full."""
        self._count += count
        most: float = getattr(limits(), self._option)
        if self._count > most * _GB:
            raise UserError(
                f"{self._what} more than the limit of {most:g} GB: give less at once, or raise"
                f" the limit with --set runtime.{self._option}={max(1, math.ceil(2 * most))}"
            )
        if self._to is not None and self._count - self._looked > LARGE:
            self._looked = self._count
            if shutil.disk_usage(self._to).free < _DISK_RESERVE:
                raise UserError(
                    f"{self._what} more than {_gigabytes(self._count)}, for which {self._to} has"
                    " no room: make room, or set TMPDIR to another disk"
                )


def _gigabytes(count: float) -> str:
    return f"{count / _GB:,.3g} GB" if count < 1000 * _GB else f"{count / _GB:,.0f} GB"


def _raised(needed: float) -> int:
    return max(1, math.ceil(needed / _GB))
